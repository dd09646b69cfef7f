//! A folder with nothing in it but what a test puts there, and the program run in it with an empty environment.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use trialbox::store::{Reader, Store};
use trialbox::study::{Chain, Event};

/// The program.
pub const TRIALBOX: &str = env!("CARGO_BIN_EXE_trialbox");

/// Where the components that are committed lie.
pub fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guest-examples").join(path)
}

/// A folder of its own for everything that the program reads and writes.
pub struct World {
    folder: TempDir,
}

/// What the program printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    folder: String,
}

impl World {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["here", "home", "temporary"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// A world with the study `toy` of 20 trials.
    pub fn with_toy() -> Self {
        Self::new().toy("toy", "num_trials = 20\n")
    }

    /// A world in which the study `toy` has run, with its store `toy.study`.
    pub fn with_toy_run() -> Self {
        let world = Self::with_toy();
        world.trialbox("run toy --quiet").exits(0);
        world
    }

    /// Adds a study of the toy component in a folder of that name. `settings` go under `[scheduler]`.
    pub fn toy(self, name: &str, settings: &str) -> Self {
        self.study(name, "toy/toy.wasm", &format!("[scheduler]\n{settings}"))
    }

    /// Adds a study of a committed component in a folder of that name, with the rest of the study file.
    pub fn study(self, name: &str, component: &str, rest: &str) -> Self {
        fs::create_dir_all(self.path(name)).unwrap();
        fs::copy(example(component), self.path(name).join("component.wasm")).unwrap();
        self.write(&format!("{name}/study.toml"), format!("component = \"component.wasm\"\n{rest}"))
    }

    /// Adds a study of the digits component, with its data.
    pub fn digits(self, name: &str, num_trials: u64) -> Self {
        let rest = format!("[data]\ndigits = \"digits.csv\"\n[scheduler]\nnum_trials = {num_trials}\n");
        let world = self.study(name, "digits/digits.wasm", &rest);
        fs::copy(example("digits/digits.csv"), world.path(name).join("digits.csv")).unwrap();
        world
    }

    /// Writes a file; its folder is made.
    pub fn write(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The path of a file in the folder where the program runs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("here").join(name)
    }

    /// The names in the folder where the program runs.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A program that runs in this world.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path(""))
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("TRIALBOX_CACHE_DIR", self.folder.path().join("cache"))
            .env("TMPDIR", self.folder.path().join("temporary"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program with these arguments, separated by spaces.
    pub fn trialbox(&self, arguments: &str) -> Ran {
        self.trialbox_with(arguments.split_whitespace())
    }

    /// Runs the program with arguments that may hold spaces.
    pub fn trialbox_with<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ran {
        self.ran(self.command(TRIALBOX).args(arguments).output().unwrap())
    }

    /// Runs a script of the shell, in which `$TRIALBOX` is the program.
    pub fn shell(&self, script: &str) -> Ran {
        self.ran(self.command("/bin/sh").env("TRIALBOX", TRIALBOX).args(["-c", script]).output().unwrap())
    }

    pub fn ran(&self, output: Output) -> Ran {
        let leftovers = fs::read_dir(self.folder.path().join("temporary")).unwrap().count();
        assert_eq!(leftovers, 0, "temporary files were left behind");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            folder: fs::canonicalize(self.path("")).unwrap().to_str().unwrap().to_owned(),
        }
    }

    /// The digest of the log in a store.
    pub fn digest(&self, store: &str) -> String {
        Reader::open(&self.path(store)).unwrap().digest().unwrap().to_string()
    }

    /// The events in a store.
    pub fn events(&self, store: &str) -> Vec<Event> {
        let reader = Reader::open(&self.path(store)).unwrap();
        reader.entries().map(|entry| entry.unwrap().event).collect()
    }

    /// Makes a store with the inputs of another and other events, a whole and undamaged one.
    pub fn rewrite(&self, from: &str, to: &str, events: impl IntoIterator<Item = Event>) {
        let reader = Reader::open(&self.path(from)).unwrap();
        let spec = reader.spec().unwrap();
        let mut store = Store::create(&self.path(to)).unwrap();
        let data = spec.data.values().map(|data| data.digest);
        for digest in spec.component.iter().map(|component| component.digest).chain(data) {
            store.put_input(digest, &reader.artifact(digest).unwrap().unwrap()).unwrap();
        }
        let mut chain = Chain::default();
        for event in events {
            store.append(&chain.push(event), Duration::ZERO).unwrap();
        }
        store.commit().unwrap();
        store.close().unwrap();
    }
}

impl Ran {
    /// Demands an exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n--- standard error\n{}", self.stdout, self.stderr);
        self
    }

    /// Demands words on standard error.
    #[track_caller]
    pub fn tells(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "`{words}` is missing in\n{}", self.stderr);
        self
    }

    /// Demands words on standard output.
    #[track_caller]
    pub fn prints(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "`{words}` is missing in\n{}", self.stdout);
        self
    }

    /// Demands that standard error is empty.
    #[track_caller]
    pub fn tells_nothing(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }

    /// Demands that standard output is empty.
    #[track_caller]
    pub fn prints_nothing(self) -> Self {
        assert_eq!(self.stdout, "");
        self
    }

    /// The line of standard output that begins with that word, without it.
    #[track_caller]
    pub fn line(&self, word: &str) -> &str {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix(word));
        line.unwrap_or_else(|| panic!("no line begins with `{word}` in\n{}", self.stdout)).trim()
    }

    /// Standard output, without what differs between machines and releases.
    pub fn output(&self) -> String {
        self.redacted(&self.stdout)
    }

    /// Standard error, without what differs between machines and releases.
    pub fn messages(&self) -> String {
        self.redacted(&self.stderr)
    }

    fn redacted(&self, text: &str) -> String {
        let text = text.replace(&self.folder, "[here]");
        let lines = text.lines().map(|line| match line.split_once(' ') {
            Some((word @ ("time" | "fuel"), _)) => format!("{word:<8} […]"),
            _ => line.split_inclusive(' ').map(without_digest).collect(),
        });
        lines.collect::<Vec<String>>().join("\n")
    }
}

fn without_digest(word: &str) -> String {
    let is_digest = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    if is_digest(bare) { word.replace(bare, "[digest]") } else { word.to_owned() }
}
