//! A folder of its own for a test, and the program run in it on the example studies.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The studies of the gate: the example that takes real work, the one that takes none, one that imports WASI, one whose searcher is a
/// component, and one that is a plain program.
pub const STUDIES: &[&str] = &["digits", "toy", "toy-wasi", "evolution", "command"];

/// A folder of its own, with a cache of compiled components that all tests share.
pub struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these arguments, in the folder, with nothing of the environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trialbox"));
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("TRIALBOX_CACHE_DIR", cache);
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program to its end and gives what it printed.
    pub fn trialbox(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {stdout}{}", String::from_utf8_lossy(&output.stderr));
        stdout
    }

    /// The arguments that run an example into the store `NAME.study`.
    pub fn arguments(study: &str, name: &str, flags: &[&str]) -> Vec<String> {
        let file = format!("{}/guest-examples/{study}/study.toml", env!("CARGO_MANIFEST_DIR"));
        let store = format!("{name}.study");
        let fixed = ["run".to_owned(), file, "--quiet".to_owned(), "--store".to_owned(), store];
        fixed.into_iter().chain(flags.iter().map(|flag| (*flag).to_owned())).collect()
    }

    /// Runs an example to its end and gives the digest that it printed.
    pub fn run(&self, study: &str, name: &str, flags: &[&str]) -> String {
        let arguments = Self::arguments(study, name, flags);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        digest_in(&self.trialbox(&arguments))
    }
}

/// The digest in what the program printed.
pub fn digest_in(output: &str) -> String {
    let line = output.lines().find_map(|line| line.strip_prefix("digest")).expect("a digest is printed");
    line.trim().to_owned()
}
