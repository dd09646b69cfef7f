//! The study file: read once, then joined with what its component says of itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{ConfigError, ConfigWarnings, Problem, Span, shown, shown_space_error};
use super::hooks::Hooks;
use super::kinds::Chosen;
use super::points::Point;
use super::space::SpaceEntry;
use super::{file_reader, merge};
use crate::numeric::amount::Seed;
use crate::numeric::digest::Digest;
use crate::space::{Config, Parameter, Space};
use crate::study::{ComponentId, DataId, Description, FloatMode, GpuGrant, Limits, Metrics, SpecError, StudySpec};

/// A study file that was read: well formed in itself, not yet compared with its component.
#[derive(Clone, Debug)]
pub struct StudyFile {
    pub(super) name: Option<String>,
    pub(super) component: Option<PathBuf>,
    /// The component that searches.
    pub(super) searcher: Option<PathBuf>,
    pub(super) data: BTreeMap<String, PathBuf>,
    pub(super) wall_time_max: Option<Duration>,
    pub(super) hooks: Hooks,
    /// The scheduler and the searcher, as far as the file has sections for them.
    pub(super) kinds: Vec<Chosen>,
    pub(super) reward_attr: Option<String>,
    pub(super) time_attr: Option<String>,
    /// Where one of both stands, if it does.
    pub(super) metrics_span: Span,
    /// What the file says of one parameter each, in order.
    pub(super) space: Vec<SpaceEntry>,
    /// Where `[space]` stands.
    pub(super) space_span: Span,
    /// What is to be tried first, in order.
    pub(super) points: Vec<Point>,
    /// What the file grants of a GPU; nothing without its section.
    pub(super) gpu: Option<GpuGrant>,
    /// All other settings; its space is empty.
    pub(super) settings: StudySpec,
}

/// What ends a study.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    /// What the file says; it must say something.
    OfFile,
    /// As the file says, but with this number of trials.
    Jobs(u64),
    /// What the file says, if it says something.
    Open,
}

impl StudyFile {
    /// Reads the text of a study file.
    ///
    /// # Errors
    /// Tells all problems that can be told without the component.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::parse_with(text, None)
    }

    /// Reads the text of a study file, with another number of trials than it says if there is one: a file that gives no end
    /// is then well formed.
    ///
    /// # Errors
    /// As [`StudyFile::parse`].
    pub fn parse_with(text: &str, num_trials: Option<u64>) -> Result<Self, ConfigError> {
        Self::parse_ending(text, num_trials.map_or(Ending::OfFile, Ending::Jobs))
    }

    /// Reads the text of a study file as [`StudyFile::parse_with`] does; but a file that gives no end is well formed, for
    /// those who ask for each job and end the study when they ask no more.
    ///
    /// # Errors
    /// As [`StudyFile::parse`].
    pub fn parse_open(text: &str, num_trials: Option<u64>) -> Result<Self, ConfigError> {
        Self::parse_ending(text, num_trials.map_or(Ending::Open, Ending::Jobs))
    }

    fn parse_ending(text: &str, ending: Ending) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let file = file_reader::read(text, ending, &mut problems);
        match ConfigError::of(problems) {
            None => Ok(file),
            Some(error) => Err(error),
        }
    }

    /// The study's name, if the file gives one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The path of the component, relative to the study file.
    #[must_use]
    pub fn component(&self) -> Option<&Path> {
        self.component.as_deref()
    }

    /// The path of the component that searches, relative to the study file, if one does. Which component it is, a specification
    /// of this file does not say yet: see [`SearcherSpec::identify`](crate::searcher::SearcherSpec::identify).
    #[must_use]
    pub fn searcher(&self) -> Option<&Path> {
        self.searcher.as_deref()
    }

    /// The paths of the data sets by name, relative to the study file.
    #[must_use]
    pub fn data(&self) -> &BTreeMap<String, PathBuf> {
        &self.data
    }

    /// When a run is cut off, on the wall clock.
    #[must_use]
    pub fn wall_time_max(&self) -> Option<Duration> {
        self.wall_time_max
    }

    /// What a run executes as things happen, if it is allowed to.
    #[must_use]
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// Takes another seed than the file's.
    pub fn set_seed(&mut self, seed: Seed) {
        self.settings.seed = seed;
    }

    /// The bounds on a trial, which also hold when the component is asked for its description.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// What the file grants its trials of a GPU, if it does. Which GPU that is, a specification of this file does not say yet: see
    /// [`GpuGrant::of`].
    #[must_use]
    pub fn gpu(&self) -> Option<&GpuGrant> {
        self.gpu.as_ref()
    }

    /// How NaN is treated by the component's arithmetic.
    #[must_use]
    pub fn float_mode(&self) -> FloatMode {
        self.settings.float_mode
    }

    /// The study that the file specifies, joined with what its component says of itself. `default_name` is its name if the
    /// file gives none.
    ///
    /// # Errors
    /// Tells where the file does not fit the component.
    pub fn spec(
        &self,
        default_name: &str,
        description: Option<&Description>,
        component: Option<ComponentId>,
        data: BTreeMap<String, DataId>,
        fuel_schedule: Digest,
    ) -> Result<StudySpec, ConfigError> {
        let mut problems = Vec::new();
        let parameters = match description {
            Some(description) => merge::overridden(&description.space, &self.space, &mut problems),
            None => merge::declared(&self.space, &mut problems),
        };
        if description.is_none() && self.space.is_empty() {
            let problem = Problem::new(self.space_span.clone(), "the study has nothing to search");
            let hint = match component {
                Some(_) => {
                    "the component is a command, which does not say what can be searched: declare its parameters under [space]."
                }
                None => "name a `component`, or declare parameters under [space].",
            };
            problems.push(problem.hint(hint));
        }
        if let Some(error) = ConfigError::of(problems) {
            return Err(error);
        }
        let mut spec = self.settings.clone();
        spec.space = self.checked(parameters)?;
        spec.name = self.name.as_deref().unwrap_or(default_name).to_owned();
        spec.component = component;
        spec.data = data;
        spec.fuel_schedule = fuel_schedule;
        spec.metrics = self.metrics(description);
        spec.points_to_evaluate = self.points_of(&spec.space)?;
        for kind in &self.kinds {
            kind.complete(&mut spec, description).map_err(ConfigError::one)?;
        }
        // All else was checked when the file was read; the metrics and what follows from them are known only now.
        match spec.check() {
            Ok(()) => Ok(spec),
            Err(error) => {
                let problem = self.kind_problem(&error);
                Err(ConfigError::one(problem.unwrap_or_else(|| self.metrics_problem(&spec, &error))))
            }
        }
    }

    /// The configurations that are tried first.
    fn points_of(&self, space: &Space) -> Result<Vec<Config>, ConfigError> {
        let (mut points, mut problems) = (Vec::new(), Vec::new());
        for point in &self.points {
            match point.completed(space) {
                Ok(point) => points.push(point),
                Err(problem) => problems.push(problem),
            }
        }
        match ConfigError::of(problems) {
            None => Ok(points),
            Some(error) => Err(error),
        }
    }

    /// The attributes that the file names, or else the component, or else those of every study.
    fn metrics(&self, description: Option<&Description>) -> Metrics {
        let mut metrics = self.settings.metrics.clone();
        if let Some(description) = description {
            description.suggest(&mut metrics);
        }
        if let Some(attribute) = &self.reward_attr {
            metrics.reward_attr.clone_from(attribute);
        }
        if let Some(attribute) = &self.time_attr {
            metrics.time_attr.clone_from(attribute);
        }
        metrics
    }

    /// What is probably not meant in the study that the file gave together with that description.
    #[must_use]
    pub fn warnings(&self, spec: &StudySpec, description: Option<&Description>) -> ConfigWarnings {
        ConfigWarnings::of(self.kinds.iter().flat_map(|kind| kind.warnings(spec, description)).collect())
    }

    /// The error with its place, if it is about options of the scheduler or the searcher.
    pub(super) fn kind_problem(&self, error: &SpecError) -> Option<Problem> {
        self.kinds.iter().find_map(|kind| kind.problem(error))
    }

    fn metrics_problem(&self, spec: &StudySpec, error: &SpecError) -> Problem {
        let problem = Problem::new(self.metrics_span.clone(), error.to_string());
        let Metrics { reward_attr, time_attr, .. } = &spec.metrics;
        problem.hint(format!("here `reward_attr` is `{}`, `time_attr` is `{}`.", shown(reward_attr), shown(time_attr)))
    }

    /// The space of these parameters. Each was found well formed by itself; what is left is how they go together.
    fn checked(&self, parameters: Vec<Parameter>) -> Result<Space, ConfigError> {
        Space::new(parameters).map_err(|error| {
            let entry = self.space.iter().find(|entry| entry.name == error.parameter);
            let span = entry.map_or(self.space_span.clone(), |entry| entry.key_span.clone());
            ConfigError::one(Problem::new(span, shown_space_error(&error)))
        })
    }
}
