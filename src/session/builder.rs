//! Studies for programs: from a component and settings to the best configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::history::HistoryObserver;
use super::{Plan, SessionError, TrainingHistory, begin, data_id, resume};
use crate::executor::{self, Interrupt, Isolation, Program, RunEnd, RunOptions};
use crate::numeric::amount::{Seed, VirtualTime};
use crate::sandbox::fuel_schedule;
use crate::scheduler::SchedulerSpec;
use crate::searcher::SearcherSpec;
use crate::space::{Parameter, Space};
use crate::store::Reader;
use crate::study::{Best, Capacity, FloatMode, Limits, Observer, Resource, Study, StudySpec, StudyState};

/// Settings of a study, one call each; what is not set is the component's suggestion or the default of study files.
///
/// ```no_run
/// use trialbox::Study;
///
/// trialbox::executor::run_as_worker_if_asked();
/// let result = Study::builder("guest-examples/digits/digits.wasm")
///     .data("digits", "guest-examples/digits/digits.csv")
///     .num_trials(50)
///     .run("digits.study")?;
/// println!("{:?} with {:?}", result.best(), result.best_config());
/// # Ok::<(), trialbox::session::SessionError>(())
/// ```
#[must_use]
pub struct StudyBuilder<'a> {
    component: PathBuf,
    data: BTreeMap<String, PathBuf>,
    name: Option<String>,
    settings: Vec<Setting<'a>>,
    parameters: Vec<Parameter>,
    limits: Limits,
    float_mode: FloatMode,
    options: RunOptions,
    observers: Vec<&'a mut dyn Observer>,
    histories: Vec<Box<dyn Observer + 'a>>,
    interrupt: Interrupt,
}

/// A change of a specification that is not made yet.
type Setting<'a> = Box<dyn FnOnce(&mut StudySpec) + 'a>;

/// What a run of a study has come to.
#[derive(Clone, Debug)]
pub struct StudyResult {
    /// Whether the study has ended or was cut off.
    pub end: RunEnd,
    /// The specification.
    pub spec: StudySpec,
    /// The state.
    pub state: StudyState,
    /// The digest of the log.
    pub digest: crate::numeric::digest::Digest,
}

impl Study {
    /// The settings of a study that trains the component in that file.
    pub fn builder<'a>(component: impl Into<PathBuf>) -> StudyBuilder<'a> {
        StudyBuilder {
            component: component.into(),
            data: BTreeMap::new(),
            name: None,
            settings: Vec::new(),
            parameters: Vec::new(),
            limits: Limits::default(),
            float_mode: FloatMode::default(),
            options: RunOptions::default(),
            observers: Vec::new(),
            histories: Vec::new(),
            interrupt: Interrupt::default(),
        }
    }
}

impl<'a> StudyBuilder<'a> {
    fn set(mut self, change: impl FnOnce(&mut StudySpec) + 'a) -> Self {
        self.settings.push(Box::new(change));
        self
    }

    /// Gives the trials a data set under that name.
    pub fn data(mut self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.data.insert(name.into(), path.into());
        self
    }

    /// The study's name; else that of the component's file.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many jobs are started at most: trials, and promotions of paused ones.
    pub fn num_trials(self, num_trials: u64) -> Self {
        self.set(move |spec| spec.num_trials = Some(num_trials))
    }

    /// When no more trials are started, in virtual seconds.
    pub fn time_out(self, seconds: f64) -> Self {
        self.set(move |spec| spec.time_out = Some(VirtualTime::from_seconds(seconds)))
    }

    /// Whether trials that report after the time-out are stopped.
    pub fn stop_jobs_after_time_out(self, stop: bool) -> Self {
        self.set(move |spec| spec.stop_jobs_after_time_out = stop)
    }

    /// The seed from which every random draw follows.
    pub fn seed(self, seed: u64) -> Self {
        self.set(move |spec| spec.seed = Seed(seed))
    }

    /// The scheduler with its options.
    pub fn scheduler(self, scheduler: SchedulerSpec) -> Self {
        self.set(move |spec| spec.scheduler = scheduler)
    }

    /// The searcher with its options.
    pub fn searcher(self, searcher: SearcherSpec) -> Self {
        self.set(move |spec| spec.searcher = searcher)
    }

    /// The attribute that is maximised.
    pub fn reward_attr(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(move |spec| spec.metrics.reward_attr = name)
    }

    /// The attribute that counts the resource spent.
    pub fn time_attr(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(move |spec| spec.metrics.time_attr = name)
    }

    /// An attribute that is feasible where it is not positive.
    pub fn constraint_attr(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(move |spec| spec.metrics.constraint_attr = Some(name))
    }

    /// The reward at which no more trials are started.
    pub fn max_reward(self, reward: f64) -> Self {
        self.set(move |spec| spec.max_reward = Some(reward))
    }

    /// Whether a configuration is chosen only when a slot is free for it.
    pub fn delay_get_config(self, delay: bool) -> Self {
        self.set(move |spec| spec.delay_get_config = delay)
    }

    /// Whether reports in the history carry what the searcher says of its model.
    pub fn training_history_searcher_info(self, record: bool) -> Self {
        self.set(move |spec| spec.training_history_searcher_info = record)
    }

    /// What one trial occupies.
    pub fn resource(self, resource: Resource) -> Self {
        self.set(move |spec| spec.resource = resource)
    }

    /// What there is to occupy.
    pub fn capacity(self, capacity: Capacity) -> Self {
        self.set(move |spec| spec.capacity = capacity)
    }

    /// Replaces the component's parameter of that name.
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// The bounds on a trial.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How NaN is treated by the guest's arithmetic.
    pub fn float_mode(mut self, float_mode: FloatMode) -> Self {
        self.float_mode = float_mode;
        self
    }

    /// How many workers run at a time. It changes nothing but the time that the run takes.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.options.jobs = jobs;
        self
    }

    /// Where guest code runs.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.options.isolation = isolation;
        self
    }

    /// All settings of the run itself.
    pub fn options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    /// Tells `observer` of every event.
    pub fn observer(mut self, observer: &'a mut dyn Observer) -> Self {
        self.observers.push(observer);
        self
    }

    /// Calls `callback` with the training history when a report is added and the study's clock has entered another span of
    /// `delta` virtual seconds since the last call; the first report always makes a call. The original's
    /// `training_history_callback` with its `training_history_callback_delta_secs`, whose default is 60.
    pub fn training_history_callback(
        mut self,
        delta: f64,
        callback: impl FnMut(&TrainingHistory, &StudyState) + 'a,
    ) -> Self {
        self.histories.push(Box::new(HistoryObserver::new(delta, callback)));
        self
    }

    /// Lets `interrupt` cut the run off.
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Looks at the component and makes the plan, without running anything.
    ///
    /// # Errors
    /// If the component is not fit, a data set cannot be read, or the settings do not fit together.
    pub fn plan(&mut self) -> Result<Plan, SessionError> {
        let inspection = executor::inspect(
            &self.component,
            &self.limits,
            self.float_mode,
            self.options.isolation,
            self.options.cache.clone(),
            &self.interrupt,
        )?;
        let description = inspection.description;
        let space = self.space(description.space)?;
        let stem = self.component.file_stem().map_or("study".into(), |stem| stem.to_string_lossy().into_owned());
        let name = self.name.clone().unwrap_or(stem);
        let mut spec = StudySpec::new(name, space, fuel_schedule(self.float_mode));
        spec.component = Some(inspection.id.clone());
        spec.limits = self.limits.clone();
        spec.float_mode = self.float_mode;
        if let Some(reward_attr) = description.reward_attr {
            spec.metrics.reward_attr = reward_attr;
        }
        if let Some(time_attr) = description.time_attr {
            spec.metrics.time_attr = time_attr;
        }
        for change in std::mem::take(&mut self.settings) {
            change(&mut spec);
        }
        let mut data = BTreeMap::new();
        for (name, path) in &self.data {
            let id = data_id(path)?;
            spec.data.insert(name.clone(), id.clone());
            data.insert(name.clone(), (path.clone(), id));
        }
        spec.check()?;
        let program = Program {
            component: self.component.clone(),
            id: inspection.id,
            data,
            limits: self.limits.clone(),
            float_mode: self.float_mode,
        };
        Ok(Plan { spec, program })
    }

    fn space(&mut self, space: Space) -> Result<Space, SessionError> {
        let mut parameters = Vec::from(space);
        for replacement in std::mem::take(&mut self.parameters) {
            match parameters.iter_mut().find(|parameter| parameter.name == replacement.name) {
                Some(parameter) => *parameter = replacement,
                None => {
                    let message = format!("the component has no parameter `{}`", replacement.name);
                    return Err(SessionError::Builder(message));
                }
            }
        }
        Space::new(parameters).map_err(|error| SessionError::Builder(error.to_string()))
    }

    /// Runs the study in a new store at `path`.
    ///
    /// # Errors
    /// If the plan cannot be made, the store exists, or the run fails.
    pub fn run(mut self, path: impl AsRef<Path>) -> Result<StudyResult, SessionError> {
        let plan = self.plan()?;
        let end = begin(
            &plan,
            path.as_ref(),
            &self.options,
            &mut observers(&mut self.observers, &mut self.histories),
            &self.interrupt,
        )?;
        StudyResult::read(end, path.as_ref())
    }

    /// Goes on with the study in the store at `path`, which was begun with the same settings.
    ///
    /// # Errors
    /// If the plan cannot be made, the store holds another study, or the run fails.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Result<StudyResult, SessionError> {
        let plan = self.plan()?;
        let end = resume(
            &plan,
            path.as_ref(),
            &self.options,
            &mut observers(&mut self.observers, &mut self.histories),
            &self.interrupt,
        )?;
        StudyResult::read(end, path.as_ref())
    }
}

/// All who watch, for one run.
fn observers<'b>(
    given: &'b mut [&mut dyn Observer],
    histories: &'b mut [Box<dyn Observer + '_>],
) -> Vec<&'b mut dyn Observer> {
    let given = given.iter_mut().map(|observer| &mut **observer as &mut dyn Observer);
    given.chain(histories.iter_mut().map(|history| &mut **history as &mut dyn Observer)).collect()
}

impl StudyResult {
    fn read(end: RunEnd, path: &Path) -> Result<Self, SessionError> {
        let reader = Reader::open(path)?;
        let (state, chain) = reader.state_and_head()?;
        Ok(Self { end, spec: reader.spec()?, state, digest: chain.head() })
    }

    /// The best trial, if one has a reward.
    #[must_use]
    pub fn best(&self) -> Option<Best> {
        self.state.best()
    }

    /// The configuration of the best trial.
    #[must_use]
    pub fn best_config(&self) -> Option<&crate::space::Config> {
        self.state.trial(self.best()?.trial).map(|record| &record.config)
    }
}
