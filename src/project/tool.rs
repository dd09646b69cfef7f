//! Running the tools of languages: found under one of their names, heard, and their words kept for the error.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{ProjectError, absolute};

/// How much of what a tool says is repeated of its beginning and of its end: compilers come to the point first, interpreters last.
const SAID_BYTES_MAX: usize = 2 << 10;

/// A program that builds, with the ways to call it.
pub(super) struct Tool {
    /// Its name.
    pub(super) name: &'static str,
    /// The variable in the environment that names it, if somebody has it elsewhere.
    pub(super) variable: &'static str,
    /// How it is called: a program and its first arguments. The first that is there is taken.
    pub(super) calls: &'static [&'static [&'static str]],
    /// An argument with which it does nothing and succeeds, if it is there.
    pub(super) probe: &'static str,
    /// The command that installs it.
    pub(super) install: &'static str,
}

impl Tool {
    /// A call of it, to be completed, for building something in that language.
    ///
    /// # Errors
    /// If it is not there.
    pub(super) fn call(&self, language: &'static str) -> Result<Command, ProjectError> {
        #[expect(clippy::disallowed_methods, reason = "whoever builds says by the environment where tools are")]
        let named = std::env::var_os(self.variable).filter(|name| !name.is_empty());
        if let Some(program) = named.map(PathBuf::from) {
            // It runs in another folder than the one that its path may start from.
            let is_path = program.components().count() > 1;
            return Ok(Command::new(if is_path { absolute(&program)? } else { program }));
        }
        let found = self.calls.iter().find(|call| works(call, self.probe));
        let missing = ProjectError::NoTool { tool: self.name, language, install: self.install };
        let (program, first) = found.and_then(|call| call.split_first()).ok_or(missing)?;
        let mut command = Command::new(program);
        command.args(first);
        Ok(command)
    }

    /// Runs a call of it in a folder.
    ///
    /// # Errors
    /// If it cannot be started, or fails.
    pub(super) fn run(&self, command: &mut Command, folder: &Path) -> Result<(), ProjectError> {
        let output = command.current_dir(folder).env("RUST_BACKTRACE", "0").stdin(Stdio::null()).output();
        let output = output.map_err(|source| ProjectError::io("start", Path::new(command.get_program()), source))?;
        if output.status.success() {
            return Ok(());
        }
        let said = if output.stderr.is_empty() { output.stdout } else { output.stderr };
        Err(ProjectError::Tool { tool: self.name, said: shortened(&said) })
    }
}

/// The beginning and the end of what was said, if all of it is too long.
fn shortened(said: &[u8]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if said.len() <= 2 * SAID_BYTES_MAX {
        return text(said);
    }
    let (beginning, end) = (&said[..SAID_BYTES_MAX], &said[said.len() - SAID_BYTES_MAX..]);
    format!("{}\n[…]\n{}", text(beginning), text(end))
}

fn works(call: &[&str], probe: &str) -> bool {
    let Some((program, first)) = call.split_first() else { return false };
    let mut command = Command::new(OsStr::new(program));
    command.args(first).arg(probe).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
