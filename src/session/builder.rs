//! Studies for programs: from a component and settings to the best configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::history::HistoryObserver;
use super::{Examined, Plan, SessionError, Sources, TrainingHistory, begin, resume};
use crate::executor::{Interrupt, Isolation, ResultCache, Reuse, RunEnd, RunOptions};
use crate::numeric::amount::{Seed, VirtualTime};
use crate::numeric::digest::Digest;
use crate::scheduler::SchedulerSpec;
use crate::searcher::{ComponentSearcherSpec, SearcherSpec};
use crate::space::{Config, Parameter, Space, Value};
use crate::store::Reader;
use crate::study::{
    Best, Capacity, ConfigurationForm, FloatMode, GpuGrant, Limits, Observer, ReplicateReward, Replicates, Resource,
    Study, StudySpec, StudyState, TrialSeeds,
};

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
    sources: Sources,
    gpu: Option<GpuGrant>,
    name: Option<String>,
    settings: Vec<Setting<'a>>,
    parameters: Vec<Parameter>,
    points: Vec<Config>,
    options: RunOptions,
    observers: Vec<&'a mut dyn Observer>,
    histories: Vec<Box<dyn Observer + 'a>>,
    interrupt: Interrupt,
}

/// A change of a specification. Every plan makes it anew, so a builder that has planned has lost nothing.
type Setting<'a> = Box<dyn Fn(&mut StudySpec) + 'a>;

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
        let sources = Sources {
            component: component.into(),
            data: BTreeMap::new(),
            limits: Limits::default(),
            float_mode: FloatMode::default(),
            searcher: None,
        };
        StudyBuilder {
            sources,
            gpu: None,
            name: None,
            settings: Vec::new(),
            parameters: Vec::new(),
            points: Vec::new(),
            options: RunOptions::default(),
            observers: Vec::new(),
            histories: Vec::new(),
            interrupt: Interrupt::default(),
        }
    }
}

impl<'a> StudyBuilder<'a> {
    fn set(mut self, change: impl Fn(&mut StudySpec) + 'a) -> Self {
        self.settings.push(Box::new(change));
        self
    }

    /// Gives the trials a data set under that name.
    pub fn data(mut self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.sources.data.insert(name.into(), path.into());
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

    /// Whether each trial has a seed of its own.
    pub fn trial_seeds(self, trial_seeds: TrialSeeds) -> Self {
        self.set(move |spec| spec.trial_seeds = trial_seeds)
    }

    /// With how many seeds each configuration is tried, and how their rewards are put together.
    pub fn replicates(self, count: u32, reward: ReplicateReward) -> Self {
        self.set(move |spec| spec.replicates = Replicates { count, reward })
    }

    /// The scheduler with its options.
    pub fn scheduler(self, scheduler: SchedulerSpec) -> Self {
        self.set(move |spec| spec.scheduler = scheduler.clone())
    }

    /// The searcher with its options.
    pub fn searcher(self, searcher: SearcherSpec) -> Self {
        self.set(move |spec| spec.searcher = searcher.clone())
    }

    /// Configurations that are tried first, in this order, in place of the searcher's first suggestions. What one leaves out has its
    /// default.
    pub fn points_to_evaluate(mut self, points: impl IntoIterator<Item = Config>) -> Self {
        self.points = points.into_iter().collect();
        self
    }

    /// Whether a configuration may be tried more than once.
    pub fn allow_duplicates(self, allow: bool) -> Self {
        self.set(move |spec| spec.allow_duplicates = allow)
    }

    /// Has the component in that file search, with these options, in place of a searcher of this crate. Its bounds are the usual
    /// ones; for others, make the [`SearcherSpec`] by hand and give it to [`StudyBuilder::searcher`] after this call.
    pub fn searcher_component<N: Into<String>>(
        mut self,
        component: impl Into<PathBuf>,
        options: impl IntoIterator<Item = (N, Value)>,
    ) -> Self {
        self.sources.searcher = Some(component.into());
        let options: BTreeMap<String, Value> = options.into_iter().map(|(name, value)| (name.into(), value)).collect();
        // Which component it is, is known when it has been looked at.
        let searcher = ComponentSearcherSpec { options, ..ComponentSearcherSpec::new(Digest::of(b""), 0) };
        self.searcher(SearcherSpec::Component(searcher))
    }

    /// The attribute that is maximised.
    pub fn reward_attr(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(move |spec| spec.metrics.reward_attr.clone_from(&name))
    }

    /// The attribute that counts the resource spent.
    pub fn time_attr(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(move |spec| spec.metrics.time_attr.clone_from(&name))
    }

    /// An attribute that is feasible where it is not positive.
    pub fn constraint_attr(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.set(move |spec| spec.metrics.constraint_attr = Some(name.clone()))
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

    /// Replaces the component's parameter of that name. A command has none: there it is a parameter of the space, in this order.
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// The arguments that the guest is given, after its name.
    pub fn arguments<A: Into<String>>(self, arguments: impl IntoIterator<Item = A>) -> Self {
        let arguments: Vec<String> = arguments.into_iter().map(Into::into).collect();
        self.set(move |spec| spec.guest.arguments.clone_from(&arguments))
    }

    /// Gives the guest a variable of its environment.
    pub fn environment(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.set(move |spec| _ = spec.guest.environment.insert(name.clone(), value.clone()))
    }

    /// How a command gets its configuration.
    pub fn configuration(self, form: ConfigurationForm) -> Self {
        self.set(move |spec| spec.guest.configuration = form)
    }

    /// The bounds on a trial.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.sources.limits = limits;
        self
    }

    /// Grants trials a GPU. A trial occupies one, and there is one, if nothing else is said ([`StudyBuilder::resource`],
    /// [`StudyBuilder::capacity`]).
    pub fn gpu(mut self, grant: GpuGrant) -> Self {
        self.gpu = Some(grant);
        self
    }

    /// How NaN is treated by the guest's arithmetic.
    pub fn float_mode(mut self, float_mode: FloatMode) -> Self {
        self.sources.float_mode = float_mode;
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

    /// Where what trials did is kept, and looked up before one is run. It changes nothing but the time that the run takes.
    pub fn result_cache(mut self, cache: ResultCache) -> Self {
        self.options.reuse = Reuse::OfFolder(Arc::new(cache));
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
    pub fn plan(&self) -> Result<Plan, SessionError> {
        let examined = self.sources.examine(&self.options, &self.interrupt)?;
        let examined = examined.with_gpu(self.gpu.as_ref(), &self.options)?;
        let spec = self.spec(&examined)?;
        Ok(examined.plan(spec))
    }

    fn spec(&self, examined: &Examined) -> Result<StudySpec, SessionError> {
        let Sources { component, limits, float_mode, .. } = &self.sources;
        let stem = || component.file_stem().map_or("study".into(), |stem| stem.to_string_lossy().into_owned());
        let name = self.name.clone().unwrap_or_else(stem);
        let space = self.space(examined.description.as_ref().map(|description| &description.space))?;
        let mut spec = StudySpec::new(name, space, examined.fuel_schedule());
        spec.component = Some(examined.component());
        spec.data = examined.data();
        spec.limits = limits.clone();
        spec.float_mode = *float_mode;
        if let Some(gpu) = examined.gpu() {
            spec.gpu = Some(gpu.clone());
            spec.resource.num_gpus = 1.0;
            spec.capacity.gpus = 1.0;
        }
        if let Some(description) = &examined.description {
            description.suggest(&mut spec.metrics);
        }
        for point in &self.points {
            let point = spec.space.completed(point);
            spec.points_to_evaluate
                .push(point.map_err(|error| SessionError::Builder(format!("a point to evaluate: {error}")))?);
        }
        for change in &self.settings {
            change(&mut spec);
        }
        spec.searcher.identify(examined.searcher().map(|id| (id.digest, id.bytes)));
        spec.check()?;
        Ok(spec)
    }

    /// The component's space with the parameters that replace some of its own. That of a command is these parameters.
    fn space(&self, space: Option<&Space>) -> Result<Space, SessionError> {
        let Some(space) = space else {
            return Space::new(self.parameters.clone()).map_err(|error| SessionError::Builder(error.to_string()));
        };
        let mut parameters = space.parameters().to_vec();
        for replacement in &self.parameters {
            match parameters.iter_mut().find(|parameter| parameter.name == replacement.name) {
                Some(parameter) => *parameter = replacement.clone(),
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
    pub fn best_config(&self) -> Option<&Config> {
        self.state.trial(self.best()?.trial).map(|record| &record.config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Domain;

    #[test]
    fn a_builder_that_has_planned_runs_what_it_planned() {
        let folder = tempfile::tempdir().unwrap();
        let epochs = Parameter::new("epochs", Domain::Constant(Value::Integer(1)));
        let builder = Study::builder(concat!(env!("CARGO_MANIFEST_DIR"), "/guest-examples/toy/toy.wasm"))
            .isolation(Isolation::Thread)
            .num_trials(1)
            .seed(7)
            .parameter(epochs);
        let plan = builder.plan().unwrap();
        assert_eq!((plan.spec.num_trials, plan.spec.seed), (Some(1), Seed(7)));
        let result = builder.run(folder.path().join("toy.study")).unwrap();
        assert_eq!(result.spec, plan.spec);
    }
}
