//! From the library's errors to what a person reads: what happened, what to do, and the exit code. The one place for it.

use std::error::Error;
use std::path::Path;

use super::exit_code;
use crate::config::ConfigError;
use crate::executor::{Difference, ExecutorError, LoadError};
use crate::gpu::{AdapterError, StartError};
use crate::project::ProjectError;
use crate::sandbox::ComponentError;
use crate::sandbox::component;
use crate::serving::ServeError;
use crate::session::SessionError;
use crate::store::StoreError;
use crate::study::StudyError;

/// What the names of the interfaces of trials begin with, and the version of them that this release has.
const INTERFACE: &str = "trialbox:trial/";
const INTERFACE_VERSION: &str = "0.1.0";

/// Why a command failed.
#[derive(Debug)]
pub(super) struct CommandError {
    /// What happened: whole lines, without `error: ` where they are rendered already.
    message: String,
    is_rendered: bool,
    hints: Vec<String>,
    pub(super) exit_code: u8,
}

impl CommandError {
    pub(super) fn new(exit_code: u8, message: impl Into<String>) -> Self {
        Self { message: message.into(), is_rendered: false, hints: Vec::new(), exit_code }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// An error in a study file, with the lines that it is about.
    pub(super) fn study_file(error: &ConfigError, path: &Path, text: &str, colour: bool) -> Self {
        let message = error.render(&path.display().to_string(), text, colour);
        Self { message, is_rendered: true, hints: Vec::new(), exit_code: exit_code::STUDY_FILE }
    }

    /// The whole text for standard error.
    pub(super) fn text(&self) -> String {
        let mut text = if self.is_rendered { self.message.clone() } else { format!("error: {}", self.message) };
        for hint in &self.hints {
            text.push_str("\nhint: ");
            text.push_str(hint);
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }

    /// An error of the component in the file at `path`; `hint` is for when the file cannot be read.
    pub(super) fn component(error: ExecutorError, path: &Path, hint: &str) -> Self {
        match error {
            ExecutorError::Component(error) | ExecutorError::Load(LoadError::Component(error)) => {
                let is_unread = matches!(error, ComponentError::Read { .. });
                let mut command_error = Self::from(error);
                if is_unread {
                    return command_error.hint(hint);
                }
                command_error.message = format!("`{}`: {}", shown(&path.display().to_string()), command_error.message);
                command_error
            }
            error => error.into(),
        }
    }

    fn with_sources(exit_code: u8, error: &dyn Error) -> Self {
        let mut message = shown(&error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            let words = shown(&cause.to_string());
            // Some errors say their cause themselves.
            if !message.ends_with(&words) {
                message.push_str("\n  cause: ");
                message.push_str(&words);
            }
            source = cause.source();
        }
        Self::new(exit_code, message)
    }
}

impl From<ProjectError> for CommandError {
    fn from(error: ProjectError) -> Self {
        // What tools say of a project is its author's to read, in lines as they are.
        let message = match &error {
            ProjectError::Tool { said, .. } => {
                let lines: Vec<String> = said.lines().map(|line| format!("  {}", shown(line))).collect();
                error.to_string().replace(said.as_str(), &lines.join("\n"))
            }
            error => shown(&error.to_string()),
        };
        let command_error = Self::new(exit_code::COMPONENT, message);
        match error.hint() {
            Some(hint) => command_error.hint(hint),
            None => command_error,
        }
    }
}

impl From<ServeError> for CommandError {
    fn from(error: ServeError) -> Self {
        let exit_code = match error {
            ServeError::MissingFolder { .. } | ServeError::NotAFolder { .. } | ServeError::NoTokenThere { .. } => {
                exit_code::USAGE
            }
            _ => exit_code::FAILURE,
        };
        let command_error = Self::new(exit_code, shown(&error.to_string()));
        match error.hint() {
            Some(hint) => command_error.hint(hint),
            None => command_error,
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let mut command_error = Self::with_sources(exit_code::STORE, &error);
        command_error.hints.extend(error.hint());
        command_error
    }
}

impl From<ComponentError> for CommandError {
    fn from(error: ComponentError) -> Self {
        let command_error = Self::with_sources(exit_code::COMPONENT, &error);
        match error {
            ComponentError::NotACommand { .. } => command_error.hint(
                "a module as it is can be a trial only if it is a program, built for wasm32-wasip1; make a component of any other, with the guest \
                 SDK or by `wasm-tools component new`",
            ),
            ComponentError::NotATrial { exports } if component::is_searcher(&exports) => command_error.hint(
                "it is a searcher: name it as `component` under [searcher], with `type = \"component\"`",
            ),
            ComponentError::NotASearcher { exports } if component::is_trial(&exports) => command_error.hint(
                "it is a trial, to be trained: name it as `component` at the top of the study file",
            ),
            ComponentError::NotASearcher { exports } => {
                let exports = if exports.is_empty() { "nothing".into() } else { exports.join(", ") };
                command_error.hint(format!(
                    "it exports {}; build it for the world `trialbox:trial/searcher` of wit/searcher.wit",
                    shown(&exports)
                ))
            }
            ComponentError::NotATrial { exports } => {
                let exports = if exports.is_empty() { "nothing".into() } else { exports.join(", ") };
                command_error.hint(format!(
                    "it exports {}; build it for the world `trialbox:trial/trial` of wit/trial.wit, or as a program for wasm32-wasip2",
                    shown(&exports)
                ))
            }
            ComponentError::Compiler(_) => command_error
                .hint("--compile-time-max and --compile-memory-max allow more; do that for a component that you trust"),
            ComponentError::Import(name) if name.starts_with(INTERFACE) => command_error.hint(format!(
                "this release has version {INTERFACE_VERSION} of the interface: build the component with the SDK of this release, or run it with the \
                 release that it was built for"
            )),
            ComponentError::World(_) => command_error.hint(format!(
                "it was built with another form of the interface; build it with the SDK of this release, which has version {INTERFACE_VERSION}"
            )),
            ComponentError::Import(_) => {
                command_error.hint("offered are trialbox:trial/{report, data, artifact, log} and WASI 0.2 without sockets")
            }
            ComponentError::Changed { .. } => {
                command_error.hint("a study belongs to one component; begin a new study for another one")
            }
            _ => command_error,
        }
    }
}

impl From<ExecutorError> for CommandError {
    fn from(error: ExecutorError) -> Self {
        match error {
            ExecutorError::Component(error) | ExecutorError::Load(LoadError::Component(error)) => error.into(),
            ExecutorError::Load(error) => Self::with_sources(exit_code::COMPONENT, &error),
            ExecutorError::Journal(error) => match error.downcast::<StoreError>() {
                Ok(error) => (*error).into(),
                Err(error) if error.is::<Difference>() => Self::with_sources(exit_code::DIFFERS, &*error),
                Err(error) => Self::with_sources(exit_code::FAILURE, &*error),
            },
            ExecutorError::FuelSchedule { .. } => Self::with_sources(exit_code::DIFFERS, &error)
                .hint("go on with the release of trialbox that began it, or begin a new study"),
            ExecutorError::Gpu(error) => error.into(),
            ExecutorError::Unconfined { .. } => Self::with_sources(exit_code::FAILURE, &error)
                .hint("Linux since 5.13 has all layers, and `--isolation thread` uses none; docs/sealing.md says what each is for"),
            ExecutorError::Study(error) => error.into(),
            ExecutorError::Interrupted => Self::new(exit_code::INTERRUPTED, "interrupted"),
            _ => Self::with_sources(exit_code::FAILURE, &error),
        }
    }
}

impl From<StudyError> for CommandError {
    fn from(error: StudyError) -> Self {
        match error {
            StudyError::Diverged { .. } => Self::with_sources(exit_code::DIFFERS, &error),
            StudyError::GpuDiverged { .. } => Self::with_sources(exit_code::DIFFERS, &error).hint(
                "let the component use no operations whose order the GPU is free to choose, such as atomics on floats",
            ),
            StudyError::Replay { .. } => Self::with_sources(exit_code::DIFFERS, &error)
                .hint("the log was written by another build; decisions are promised equal within one release"),
            StudyError::SearcherLost { .. } => Self::with_sources(exit_code::FAILURE, &error)
                .hint("nothing of it is in the log: `trialbox run --resume` goes on with the study"),
        }
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        let hint = match &error {
            StartError::Adapter(AdapterError::None(_)) => {
                "install the Vulkan driver of your GPU, or one that computes on the processor (on Debian: `mesa-vulkan-drivers` of version 25 or \
                 later, and `libvulkan1`); docs/gpu.md says how"
            }
            StartError::Adapter(AdapterError::Unfit { .. }) => {
                "install Mesa 25 or later; Debian 12 has it among its backports (docs/gpu.md)"
            }
            StartError::Adapter(AdapterError::Lacks { .. }) => "lower what the study file asks for under [gpu]",
            StartError::System(_) | StartError::Lost(_) => {
                "docs/gpu.md says how to find out what is wrong with a driver"
            }
        };
        Self::with_sources(exit_code::FAILURE, &error).hint(hint)
    }
}

impl From<SessionError> for CommandError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::Executor(error) => error.into(),
            SessionError::Study(error) => error.into(),
            SessionError::Input(_) => Self::with_sources(exit_code::COMPONENT, &error),
            SessionError::Spec(_) | SessionError::Builder(_) => Self::with_sources(exit_code::STUDY_FILE, &error),
            SessionError::WallClock => Self::with_sources(exit_code::DIFFERS, &error)
                .hint("`trialbox replay` runs one of its trials anew and compares the reports"),
            SessionError::Differs { path, difference } => differs(&path, &difference),
            SessionError::OtherGpu { ref difference, .. } => match **difference {
                ExecutorError::Gpu(_) => Self::with_sources(exit_code::FAILURE, &error),
                _ => Self::with_sources(exit_code::DIFFERS, &error).hint(
                    "`trialbox replay` runs its trials from what they read back from the GPU, which is in the log",
                ),
            },
        }
    }
}

fn differs(path: &Path, difference: &crate::study::SpecDifference) -> CommandError {
    let path = path.display();
    if difference.part == "fuel_schedule" {
        return CommandError::new(
            exit_code::DIFFERS,
            format!(
                "the study in `{path}` was begun under another fuel schedule: operator costs, prices or engine settings have \
                 changed, so its trials would take other amounts of fuel in this build\n  the study has {}\n  this build has {}",
                difference.theirs.trim_matches('"'),
                difference.ours.trim_matches('"')
            ),
        )
        .hint("go on with the release of trialbox that began it, or begin a new study");
    }
    let changed = match difference.part {
        "data" => "the data has changed since it was begun",
        "component" => "the component has changed since it was begun",
        "gpu" => "what it grants of a GPU, or the GPU itself, is not that with which it was begun",
        _ => "",
    };
    let what = if changed.is_empty() { format!("its `{}` differs", difference.part) } else { changed.into() };
    let cut = |text: &str| -> String { crate::output::sanitize::printable(text, 300) };
    CommandError::new(
        exit_code::DIFFERS,
        format!(
            "the study in `{path}` is another one: {what}\n  that study has {}\n  this one has {}",
            cut(&difference.theirs),
            cut(&difference.ours)
        ),
    )
    .hint(match changed.is_empty() {
        true => "put the setting back, here or on the command line, to go on with that study; or begin a new one without --resume",
        false if difference.part == "gpu" => {
            "a study goes on only on the GPU and the driver that it was begun on, with the grant that it was begun with"
        }
        false => "put the file back to go on with that study; or begin a new one without --resume",
    })
}

/// A message that may quote what a guest or a file says.
fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 2_000;
    crate::output::sanitize::printable(text, CHARACTERS_MAX)
}
