//! The tree of files that a guest sees, in memory alone: where paths lead, what is there, and what may be done with it.
//!
//! ```text
//! /data/NAME                  the study's data sets
//! /trialbox/config.json       a command's configuration, unless it gets it as arguments only
//! /trialbox/seed              its seed
//! /trialbox/report            takes lines, each of them a report
//! /trialbox/artifacts/NAME    its artifacts
//! ```
//!
//! Only artifacts come and go; nothing else can be made, changed or removed. There are no links. Knows WASI's error codes, and nothing of
//! handles, prices or stores; `mod` has those.

use std::sync::Arc;

use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::super::artifact::{self, Artifacts, part};
use super::super::data::DataSets;
use super::path::{NAME_BYTES_MAX, Path, Step};
use crate::study::Outcome;

/// What lies in `/trialbox`, in order.
const OF_COMMANDS: [&str; 4] = ["artifacts", "config.json", "report", "seed"];

/// The files of one trial.
pub(in crate::sandbox) struct Tree {
    data: Arc<DataSets>,
    command: Option<CommandFiles>,
}

/// What only commands find in their tree.
pub(in crate::sandbox) struct CommandFiles {
    /// The content of `config.json`, if there is one.
    pub(in crate::sandbox) config: Option<Arc<Vec<u8>>>,
    pub(in crate::sandbox) seed: Arc<Vec<u8>>,
    pub(in crate::sandbox) artifacts: Arc<Artifacts>,
}

/// A file or a folder. Cheap to clone, and of a fixed size.
#[derive(Clone)]
pub(super) enum Node {
    Root,
    Data,
    Trialbox,
    Artifacts,
    DataSet(Arc<str>, Arc<Vec<u8>>),
    /// A file in `/trialbox` that only can be read.
    Given(&'static str, Arc<Vec<u8>>),
    Report,
    Artifact(Arc<str>, Arc<Artifacts>),
}

/// Where a path leads.
pub(super) enum Place {
    To(Node),
    /// To nothing; but there is the folder that it would be in.
    Gap {
        folder: Node,
        name: String,
        wants_folder: bool,
    },
}

impl Node {
    pub(super) fn is_folder(&self) -> bool {
        matches!(self, Self::Root | Self::Data | Self::Trialbox | Self::Artifacts)
    }

    /// Whether a file can be written to, or files can be made in a folder.
    pub(super) fn is_writable(&self) -> bool {
        matches!(self, Self::Report | Self::Artifact(..) | Self::Artifacts)
    }

    /// The one path that leads to it from the root.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Root => "/".into(),
            Self::Data => "/data".into(),
            Self::Trialbox => "/trialbox".into(),
            Self::Artifacts => "/trialbox/artifacts".into(),
            Self::DataSet(name, _) => format!("/data/{name}"),
            Self::Given(name, _) => format!("/trialbox/{name}"),
            Self::Report => "/trialbox/report".into(),
            Self::Artifact(name, _) => format!("/trialbox/artifacts/{name}"),
        }
    }

    /// How many bytes can be read of it.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::DataSet(_, bytes) | Self::Given(_, bytes) => bytes.len() as u64,
            Self::Artifact(name, artifacts) => artifacts.size(name),
            Self::Root | Self::Data | Self::Trialbox | Self::Artifacts | Self::Report => 0,
        }
    }

    /// Up to so many of its bytes.
    pub(super) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        match self {
            Self::DataSet(_, bytes) | Self::Given(_, bytes) => part(bytes, offset, length).to_vec(),
            Self::Artifact(name, artifacts) => artifacts.read(name, offset, length),
            Self::Root | Self::Data | Self::Trialbox | Self::Artifacts | Self::Report => Vec::new(),
        }
    }
}

impl Tree {
    pub(in crate::sandbox) fn new(data: Arc<DataSets>, command: Option<CommandFiles>) -> Self {
        Self { data, command }
    }

    /// Where a path leads from a folder. It stays below that folder all the way.
    pub(super) fn resolve(&self, base: &Node, path: &str) -> Result<Place, ErrorCode> {
        let path = Path::parse(path)?;
        // Never longer than the tree is deep, and one at least.
        let mut walk = vec![base.clone()];
        let mut steps = path.steps().peekable();
        while let Some(step) = steps.next() {
            let here = walk.last().filter(|here| here.is_folder()).ok_or(ErrorCode::NotDirectory)?;
            match step {
                Step::Here => {}
                Step::Up if walk.len() == 1 => return Err(ErrorCode::NotPermitted),
                Step::Up => _ = walk.pop(),
                Step::Down(name) => match self.child(here, name) {
                    Some(node) => walk.push(node),
                    None if steps.peek().is_some() => return Err(ErrorCode::NoEntry),
                    None => {
                        let (folder, name) = (here.clone(), name.to_owned());
                        return Ok(Place::Gap { folder, name, wants_folder: path.wants_folder() });
                    }
                },
            }
        }
        match walk.pop().filter(|node| node.is_folder() || !path.wants_folder()) {
            Some(node) => Ok(Place::To(node)),
            None => Err(ErrorCode::NotDirectory),
        }
    }

    /// What is at the end of a path.
    pub(super) fn find(&self, base: &Node, path: &str) -> Result<Node, ErrorCode> {
        match self.resolve(base, path)? {
            Place::To(node) => Ok(node),
            Place::Gap { .. } => Err(ErrorCode::NoEntry),
        }
    }

    /// What has that name in a folder.
    fn child(&self, folder: &Node, name: &str) -> Option<Node> {
        let given = |name, bytes: &Arc<Vec<u8>>| Node::Given(name, bytes.clone());
        match (folder, name, &self.command) {
            (Node::Root, "data", _) => Some(Node::Data),
            (Node::Root, "trialbox", Some(_)) => Some(Node::Trialbox),
            (Node::Data, name, _) => self.data.get(name).map(|(name, bytes)| Node::DataSet(name, bytes)),
            (Node::Trialbox, "artifacts", _) => Some(Node::Artifacts),
            (Node::Trialbox, "report", _) => Some(Node::Report),
            (Node::Trialbox, "seed", Some(command)) => Some(given("seed", &command.seed)),
            (Node::Trialbox, "config.json", Some(command)) => {
                command.config.as_ref().map(|config| given("config.json", config))
            }
            (Node::Artifacts, name, Some(command)) => {
                command.artifacts.name(name).map(|name| Node::Artifact(name, command.artifacts.clone()))
            }
            _ => None,
        }
    }

    /// The entry of a folder that comes after the one of that name, or the first.
    pub(super) fn entry_after(&self, folder: &Node, name: Option<&str>) -> Option<(Arc<str>, Node)> {
        let first_of = |names: &[&str]| {
            let mut names = names.iter().copied().filter(|candidate| name.is_none_or(|name| *candidate > name));
            names.find_map(|name| Some((name.into(), self.child(folder, name)?)))
        };
        match folder {
            Node::Root => first_of(&["data", "trialbox"]),
            Node::Trialbox => first_of(&OF_COMMANDS),
            Node::Data => {
                let name = self.data.names_after(name).find(|name| is_reachable(name))?;
                Some((name.clone(), self.child(folder, name)?))
            }
            Node::Artifacts => {
                let name = self.command.as_ref()?.artifacts.name_after(name)?;
                Some((name.clone(), self.child(folder, &name)?))
            }
            Node::DataSet(..) | Node::Given(..) | Node::Report | Node::Artifact(..) => None,
        }
    }

    /// Makes an artifact where a path leads to nothing. The inner result is that of the artifact's limits.
    pub(super) fn create(&self, folder: &Node, name: &str) -> Result<Result<Node, Outcome>, ErrorCode> {
        let (Node::Artifacts, Some(command)) = (folder, &self.command) else { return Err(ErrorCode::ReadOnly) };
        if !artifact::is_name(name) {
            return Err(ErrorCode::Invalid);
        }
        let artifacts = &command.artifacts;
        Ok(artifacts.create(name).map(|()| Node::Artifact(name.into(), artifacts.clone())))
    }
}

/// Whether a path can lead to a data set of that name.
fn is_reachable(name: &str) -> bool {
    !name.contains('/') && name != "." && name != ".." && name.len() <= NAME_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sandbox::instance::Gate;
    use crate::study::Limits;

    fn data() -> Arc<DataSets> {
        let sets = ["train", "b", "x/y", "..", "a"].map(|name| (name.to_owned(), name.as_bytes().to_vec()));
        Arc::new(DataSets::from_memory(BTreeMap::from(sets)))
    }

    fn tree() -> Tree {
        let artifacts = Arc::new(Artifacts::new(Arc::new(Limits::default()), Arc::new(Gate::default())));
        let (config, seed) = (Some(Arc::new(b"{}".to_vec())), Arc::new(b"7".to_vec()));
        Tree::new(data(), Some(CommandFiles { config, seed, artifacts }))
    }

    fn listed(tree: &Tree, folder: &Node) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        while let Some((name, node)) = tree.entry_after(folder, names.last().map(String::as_str)) {
            assert_eq!(tree.find(folder, &name).map(|found| found.path()).ok(), Some(node.path()));
            names.push(name.to_string());
        }
        names
    }

    #[test]
    fn paths_lead_where_they_say_and_never_out() {
        let tree = tree();
        for (path, found) in [
            (".", Ok("/")),
            ("data", Ok("/data")),
            ("data/", Ok("/data")),
            ("data//train", Ok("/data/train")),
            ("./data/./train", Ok("/data/train")),
            ("data/../trialbox/config.json", Ok("/trialbox/config.json")),
            ("trialbox/artifacts/..", Ok("/trialbox")),
            ("data/..", Ok("/")),
            ("..", Err(ErrorCode::NotPermitted)),
            ("data/../..", Err(ErrorCode::NotPermitted)),
            ("data/../../data", Err(ErrorCode::NotPermitted)),
            ("a/../../b", Err(ErrorCode::NoEntry)),
            ("missing", Err(ErrorCode::NoEntry)),
            ("missing/..", Err(ErrorCode::NoEntry)),
            ("data/train/", Err(ErrorCode::NotDirectory)),
            ("data/train/.", Err(ErrorCode::NotDirectory)),
            ("data/train/..", Err(ErrorCode::NotDirectory)),
            ("data/train/x", Err(ErrorCode::NotDirectory)),
            ("trialbox/report/x", Err(ErrorCode::NotDirectory)),
            ("data/x/y", Err(ErrorCode::NoEntry)),
            ("Data", Err(ErrorCode::NoEntry)),
            ("trialbox/artifacts/model", Err(ErrorCode::NoEntry)),
        ] {
            let walked = tree.find(&Node::Root, path).map(|node| node.path());
            assert_eq!(walked, found.map(str::to_owned), "{path:?}");
        }
        // Below a folder, the folder is all there is.
        assert_eq!(tree.find(&Node::Data, "..").err(), Some(ErrorCode::NotPermitted));
        assert_eq!(tree.find(&Node::Data, "train/../../trialbox").err(), Some(ErrorCode::NotDirectory));
        assert_eq!(tree.find(&Node::Report, ".").err(), Some(ErrorCode::NotDirectory));
    }

    #[test]
    fn folders_list_what_can_be_reached_in_order() {
        let tree = tree();
        assert_eq!(listed(&tree, &Node::Root), ["data", "trialbox"]);
        assert_eq!(listed(&tree, &Node::Data), ["a", "b", "train"]);
        assert_eq!(listed(&tree, &Node::Trialbox), ["artifacts", "config.json", "report", "seed"]);
        assert_eq!(listed(&tree, &Node::Artifacts), [""; 0]);
        for name in ["z", "model.txt"] {
            assert!(tree.create(&Node::Artifacts, name).is_ok_and(|made| made.is_ok()));
        }
        assert_eq!(listed(&tree, &Node::Artifacts), ["model.txt", "z"]);
    }

    #[test]
    fn only_artifacts_can_be_made_and_only_under_their_names() {
        let tree = tree();
        let refused = |folder: &Node, name: &str| tree.create(folder, name).err();
        for folder in [Node::Root, Node::Data, Node::Trialbox, Node::Report] {
            assert_eq!(refused(&folder, "model"), Some(ErrorCode::ReadOnly));
        }
        for name in [".hidden", "a b", "ü", "a\\b", &"a".repeat(65)] {
            assert_eq!(refused(&Node::Artifacts, name), Some(ErrorCode::Invalid), "{name}");
        }
    }

    #[test]
    fn what_is_no_command_sees_data_alone() {
        let tree = Tree::new(data(), None);
        assert_eq!(listed(&tree, &Node::Root), ["data"]);
        assert_eq!(tree.find(&Node::Root, "trialbox").err(), Some(ErrorCode::NoEntry));
    }

    #[test]
    fn files_are_read_in_parts() {
        let file = tree().find(&Node::Root, "data/train").unwrap();
        assert_eq!((file.size(), file.read(1, 3), file.read(4, 100)), (5, b"rai".to_vec(), b"n".to_vec()));
        assert_eq!((file.read(5, 1), file.read(u64::MAX, usize::MAX)), (Vec::new(), Vec::new()));
    }
}
