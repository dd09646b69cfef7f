//! The exit codes. They are part of the interface: none changes its meaning, new ones are added at the end.

/// Everything went well.
pub const DONE: u8 = 0;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// The study file is wrong.
pub const STUDY_FILE: u8 = 3;
/// The component or a data set is missing, wrong or refused.
pub const COMPONENT: u8 = 4;
/// The study ended and no trial has a reward.
pub const NO_REWARD: u8 = 5;
/// The store is missing, locked, damaged, of a newer format, or cannot be written.
pub const STORE: u8 = 6;
/// A run differs from the recorded one, or the store holds another study.
pub const DIFFERS: u8 = 7;
/// The trial that was asked for failed.
pub const TRIAL_FAILED: u8 = 8;
/// The study ended because its searcher failed.
pub const SEARCHER_FAILED: u8 = 9;
/// Something else failed, on this machine or in trialbox.
pub const FAILURE: u8 = 70;
/// The run was interrupted and can be resumed.
pub const INTERRUPTED: u8 = 130;

/// All exit codes with their meaning, for the help.
pub const ALL: &[(u8, &str)] = &[
    (DONE, "everything went well"),
    (USAGE, "the command line is wrong"),
    (STUDY_FILE, "the study file is wrong"),
    (COMPONENT, "the component or a data set is missing, wrong or refused"),
    (NO_REWARD, "the study ended and no trial has a reward"),
    (STORE, "the store is missing, locked, damaged, of a newer format, or cannot be written"),
    (DIFFERS, "a run differs from the recorded one, or the store holds another study"),
    (TRIAL_FAILED, "the trial that was asked for failed"),
    (SEARCHER_FAILED, "the study ended because its searcher failed"),
    (FAILURE, "something else failed, on this machine or in trialbox"),
    (INTERRUPTED, "the run was interrupted and can be resumed"),
];
