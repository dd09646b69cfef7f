//! What a study file has a run execute as things happen: data only, for whoever runs it.

use std::collections::BTreeMap;

/// When a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// At each report that the study accepts.
    OnReport,
    /// When a trial has ended.
    OnTrial,
    /// When another trial is the best.
    OnBest,
}

/// The commands of a study file: each a program and its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks(BTreeMap<Hook, Vec<String>>);

impl Hook {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OnReport, Self::OnTrial, Self::OnBest];

    /// Its key in a study file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OnReport => "on_report",
            Self::OnTrial => "on_trial",
            Self::OnBest => "on_best",
        }
    }
}

impl Hooks {
    /// The command for it, program first; none if the file has none.
    #[must_use]
    pub fn command(&self, hook: Hook) -> Option<&[String]> {
        self.0.get(&hook).map(Vec::as_slice)
    }

    /// The hooks that have a command.
    pub fn named(&self) -> impl Iterator<Item = Hook> {
        self.0.keys().copied()
    }

    pub(super) fn set(&mut self, hook: Hook, command: Vec<String>) {
        if !command.is_empty() {
            self.0.insert(hook, command);
        }
    }
}
