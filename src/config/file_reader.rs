//! Reads a study file section by section.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::error::{Problem, Span, shown};
use super::hooks::{Hook, Hooks};
use super::kinds::{self, Family};
use super::reader::{Item, TableReader, elements, items, report};
use super::reference::Section;
use super::study_file::{Ending, StudyFile};
use super::{amount, points, space};
use crate::numeric::amount::{Seed, VirtualTime};
use crate::numeric::digest::Digest;
use crate::searcher::SearcherSpec;
use crate::space::Space;
use crate::study::{
    Clock, ConfigurationForm, FloatMode, GpuFeature, GpuGrant, GpuLimit, Limit, REPLICATES_MAX, ReplicateReward,
    Replicates, SpecError, StudySpec, TrialSeeds,
};

/// How long a study file may be.
const FILE_BYTES_MAX: usize = 1 << 20;
/// How many data sets a study may have.
const DATA_SETS_MAX: usize = 1_000;
/// How long a name or a path may be.
const TEXT_BYTES_MAX: usize = 4_096;
/// The largest `num_trials`: what SQLite's integers hold.
const NUM_TRIALS_MAX: u64 = i64::MAX as u64;
/// Reads the text. If there are problems, what is given has defaults in their places.
pub(super) fn read(text: &str, ending: Ending, problems: &mut Vec<Problem>) -> StudyFile {
    let mut file = empty();
    if text.len() > FILE_BYTES_MAX {
        problems.push(Problem::new(0..0, format!("a study file has at most {FILE_BYTES_MAX} bytes")));
        return file;
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    problems.extend(errors.iter().map(|error| syntax_problem(error, text)));
    // What is not TOML was patched up to go on, and would only give problems that nobody made.
    if problems.is_empty() {
        let mut reader = FileReader {
            file: &mut file,
            problems,
            ending,
            num_cpus: None,
            num_gpus: None,
            gpus: None,
            scheduler: 0..0,
        };
        reader.top(TableReader::new(Section::named(""), table.get_ref(), 0..0));
    }
    file
}

fn empty() -> StudyFile {
    let space = Space::new(Vec::new()).expect("a space without parameters is well formed");
    StudyFile {
        name: None,
        component: None,
        searcher: None,
        data: BTreeMap::new(),
        wall_time_max: None,
        hooks: Hooks::default(),
        kinds: Vec::new(),
        reward_attr: None,
        time_attr: None,
        metrics_span: 0..0,
        space: Vec::new(),
        space_span: 0..0,
        points: Vec::new(),
        gpu: None,
        settings: StudySpec::new("", space, Digest::of(b"")),
    }
}

fn syntax_problem(error: &toml::de::Error, text: &str) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let there = text.get(span.clone()).unwrap_or("");
    match error.message() {
        "duplicate key" => {
            let problem = Problem::new(span, format!("`{}` is given twice", shown(there)));
            problem.hint("a key or a [section] may stand only once in its place.")
        }
        message if message.starts_with("string values must be quoted") && there.is_empty() => {
            Problem::new(span, "the value is missing")
        }
        message if message.starts_with("string values must be quoted") => {
            let problem = Problem::new(span, format!("`{}` is no value", shown(there)));
            problem.hint(format!("write texts in quotes: `\"{}\"`.", shown(there)))
        }
        message => Problem::new(span, format!("this is not TOML: {}", shown(message))),
    }
}

/// What is read goes into `file`, what is wrong into `problems`.
struct FileReader<'reader> {
    file: &'reader mut StudyFile,
    /// What ends the study.
    ending: Ending,
    problems: &'reader mut Vec<Problem>,
    /// Where keys stand that problems of the whole study point to.
    num_cpus: Option<Span>,
    num_gpus: Option<Span>,
    gpus: Option<Span>,
    scheduler: Span,
}

impl FileReader<'_> {
    fn top(&mut self, mut top: TableReader<'_>) {
        self.file.name = self.text(top.take("name"));
        self.file.component = self.text(top.take("component")).map(PathBuf::from);
        if let Some(seed) = top.take("seed").and_then(|item| item.integer(0..=u64::MAX, self.problems)) {
            self.file.settings.seed = Seed(seed);
        }
        let trial_seeds = top.take("trial_seeds");
        if trial_seeds.and_then(|item| item.one_of(&["per_trial", "per_study"], self.problems)) == Some("per_study") {
            self.file.settings.trial_seeds = TrialSeeds::PerStudy;
        }
        self.replicates(&mut top);
        let clock = top.take("clock").and_then(|item| item.one_of(&["virtual", "wall"], self.problems));
        self.file.settings.clock = if clock == Some("wall") { Clock::Wall } else { Clock::Virtual };
        let wall_time_max = top.take("wall_time_max").and_then(|item| item.nanoseconds(self.problems));
        self.file.wall_time_max = wall_time_max.map(Duration::from_nanos);
        if let Some(data) = self.table(top.take("data")) {
            self.data(data);
        }
        self.section(&mut top, "scheduler", Self::scheduler);
        self.section(&mut top, "searcher", Self::searcher);
        self.section(&mut top, "resource", Self::resource);
        self.section(&mut top, "capacity", Self::capacity);
        self.section(&mut top, "limits", Self::limits);
        self.section(&mut top, "gpu", Self::gpu);
        self.section(&mut top, "sandbox", Self::sandbox);
        self.section(&mut top, "guest", Self::guest);
        self.section(&mut top, "hooks", Self::hooks);
        let item = top.take("space");
        self.file.space_span = item.as_ref().map_or(0..0, |item| item.key_span.clone());
        if let Some(table) = self.table(item) {
            self.file.space = space::read(table, self.problems);
        }
        top.finish(self.problems);
        self.check();
    }

    fn replicates(&mut self, top: &mut TableReader<'_>) {
        let (range, problems) = (1..=u64::from(REPLICATES_MAX), &mut *self.problems);
        let Replicates { count, reward } = &mut self.file.settings.replicates;
        let given = top.take("replicates").and_then(|item| item.integer(range, problems));
        *count = given.and_then(|count| u32::try_from(count).ok()).unwrap_or(*count);
        let how = top.take("replicate_reward");
        *reward = match how.and_then(|item| item.one_of(&["mean", "median", "worst"], problems)) {
            Some("median") => ReplicateReward::Median,
            Some("worst") => ReplicateReward::Worst,
            _ => ReplicateReward::Mean,
        };
    }

    fn section(&mut self, top: &mut TableReader<'_>, name: &str, read: fn(&mut Self, &mut TableReader<'_>)) {
        let Some(item) = top.take(name) else { return };
        let Some(table) = item.table(self.problems) else { return };
        let mut reader = TableReader::new(Section::named(name), table, item.key_span);
        read(self, &mut reader);
        reader.finish(self.problems);
    }

    fn scheduler(&mut self, table: &mut TableReader<'_>) {
        self.scheduler = table.place();
        self.kind(&kinds::SCHEDULERS, table);
        let settings = &mut self.file.settings;
        let problems = &mut *self.problems;
        settings.num_trials = table.take("num_trials").and_then(|item| item.integer(1..=NUM_TRIALS_MAX, problems));
        settings.time_out = table.take("time_out").and_then(|item| item.nanoseconds(problems)).map(VirtualTime);
        settings.max_reward = table.take("max_reward").and_then(|item| item.real(problems));
        for (key, place) in [
            ("stop_jobs_after_time_out", &mut settings.stop_jobs_after_time_out),
            ("delay_get_config", &mut settings.delay_get_config),
            ("training_history_searcher_info", &mut settings.training_history_searcher_info),
        ] {
            if let Some(boolean) = table.take(key).and_then(|item| item.boolean(problems)) {
                *place = boolean;
            }
        }
        let (reward_attr, time_attr) = (table.take("reward_attr"), table.take("time_attr"));
        self.file.metrics_span = reward_attr.as_ref().or(time_attr.as_ref()).map_or(0..0, |item| item.span.clone());
        self.file.reward_attr = self.text(reward_attr);
        self.file.time_attr = self.text(time_attr);
        self.file.settings.metrics.constraint_attr = self.text(table.take("constraint_attr"));
    }

    fn searcher(&mut self, table: &mut TableReader<'_>) {
        let (component, place) = (table.left(&["component"]).next().cloned(), table.place());
        self.kind(&kinds::SEARCHERS, table);
        if let Some(item) = table.take("points_to_evaluate") {
            self.file.points = points::read(&item, self.problems);
        }
        if let SearcherSpec::Component(_) = self.file.settings.searcher {
            if component.is_none() {
                let problem = Problem::new(place, "the searcher `component` names no `component`");
                self.problems.push(problem.hint("add `component = \"FILE.wasm\"` under [searcher]."));
            }
            self.file.searcher = self.text(component).map(PathBuf::from);
        }
    }

    fn kind(&mut self, family: &Family, table: &mut TableReader<'_>) {
        let chosen = family.read(table, &mut self.file.settings, self.problems);
        self.file.kinds.extend(chosen);
    }

    fn resource(&mut self, table: &mut TableReader<'_>) {
        if let Some(item) = table.take("num_cpus") {
            self.num_cpus = Some(item.span.clone());
            self.file.settings.resource.num_cpus = self.processors(&item).unwrap_or_default();
        }
        if let Some(item) = table.take("num_gpus") {
            self.num_gpus = Some(item.span.clone());
            self.file.settings.resource.num_gpus = item.share(self.problems).unwrap_or_default();
        }
    }

    fn capacity(&mut self, table: &mut TableReader<'_>) {
        if let Some(item) = table.take("cpus") {
            self.num_cpus.get_or_insert(item.span.clone());
            self.file.settings.capacity.cpus = self.processors(&item).unwrap_or_default();
        }
        if let Some(item) = table.take("gpus") {
            self.gpus = Some(item.span.clone());
            self.file.settings.capacity.gpus = item.share(self.problems).unwrap_or_default();
        }
    }

    fn limits(&mut self, table: &mut TableReader<'_>) {
        for &limit in Limit::ALL {
            let units = if limit.unit() == "bytes" { amount::BYTES } else { amount::COUNT };
            let value = table.take(limit.name()).and_then(|item| item.amount(units, limit.range(), self.problems));
            if let Some(value) = value {
                self.file.settings.limits.set(limit, value);
            }
        }
    }

    /// Follows `resource` and `capacity`: what these leave open depends on the grant.
    fn gpu(&mut self, table: &mut TableReader<'_>) {
        let mut grant = GpuGrant::default();
        if let Some(item) = table.take("features") {
            grant.features = self.gpu_features(&item);
        }
        for &limit in GpuLimit::ALL {
            let units = if limit.unit() == "bytes" { amount::BYTES } else { amount::COUNT };
            let value = table.take(limit.name()).and_then(|item| item.amount(units, limit.range(), self.problems));
            if let Some(value) = value {
                grant.limits.set(limit, value);
            }
        }
        self.file.gpu = Some(grant);
        if self.num_gpus.is_none() {
            self.file.settings.resource.num_gpus = 1.0;
        }
        if self.gpus.is_none() {
            self.file.settings.capacity.gpus = 1.0;
        }
    }

    /// The features in the order of their declaration.
    fn gpu_features(&mut self, item: &Item<'_>) -> Vec<GpuFeature> {
        let DeValue::Array(list) = item.value else {
            self.problems.push(item.unfit("a list of texts"));
            return Vec::new();
        };
        let names: Vec<&'static str> = GpuFeature::ALL.iter().map(|feature| feature.name()).collect();
        let mut features = Vec::new();
        for element in elements(list, &item.path) {
            let name = element.one_of(&names, self.problems);
            let Some(feature) = name.and_then(GpuFeature::from_name) else { continue };
            if features.contains(&feature) {
                self.problems.push(element.problem(&format!("names `{}` a second time", feature.name())));
                continue;
            }
            features.push(feature);
        }
        features.sort_unstable();
        features
    }

    fn sandbox(&mut self, table: &mut TableReader<'_>) {
        let name = table.take("nan").and_then(|item| item.one_of(&["native", "canonical"], self.problems));
        self.file.settings.float_mode = match name {
            Some("canonical") => FloatMode::Canonical,
            _ => FloatMode::Native,
        };
    }

    fn guest(&mut self, table: &mut TableReader<'_>) {
        if let Some(item) = table.take("arguments") {
            self.file.settings.guest.arguments = self.arguments(&item);
        }
        if let Some(variables) = self.table(table.take("environment")) {
            for item in items(variables, "guest.environment") {
                let name = item.key.to_string();
                if let Some(value) = self.given_text(&item) {
                    self.file.settings.guest.environment.insert(name, value);
                }
            }
        }
        let form = table.take("configuration");
        let form = form.and_then(|item| item.one_of(&["both", "file", "arguments"], self.problems));
        self.file.settings.guest.configuration = match form {
            Some("file") => ConfigurationForm::File,
            Some("arguments") => ConfigurationForm::Arguments,
            _ => ConfigurationForm::Both,
        };
        if let Err(error) = self.file.settings.guest.check() {
            self.problems.push(Problem::new(table.place(), error.to_string()));
        }
    }

    fn hooks(&mut self, table: &mut TableReader<'_>) {
        for hook in Hook::ALL {
            let Some(item) = table.take(hook.name()) else { continue };
            let words = self.arguments(&item);
            if words.first().is_none_or(String::is_empty) && matches!(item.value, DeValue::Array(_)) {
                let problem = Problem::new(item.span.clone(), format!("`{}` names no program", hook.name()));
                self.problems.push(problem.hint("write a list of texts, the program first: `[\"notify\", \"best\"]`."));
            }
            self.file.hooks.set(hook, words);
        }
    }

    fn arguments(&mut self, item: &Item<'_>) -> Vec<String> {
        let DeValue::Array(list) = item.value else {
            self.problems.push(item.unfit("a list of texts"));
            return Vec::new();
        };
        elements(list, &item.path).filter_map(|element| self.given_text(&element)).collect()
    }

    /// A text for the guest; it may be empty.
    fn given_text(&mut self, item: &Item<'_>) -> Option<String> {
        match item.value {
            DeValue::String(text) => Some(text.to_string()),
            _ => report(self.problems, item.unfit("a text").hint("write it in quotes.")),
        }
    }

    fn data(&mut self, table: &DeTable<'_>) {
        if table.len() > DATA_SETS_MAX {
            self.problems.push(Problem::new(0..0, format!("a study has at most {DATA_SETS_MAX} data sets")));
            return;
        }
        for item in items(table, "data") {
            if item.key.is_empty() || item.key.chars().any(char::is_control) {
                let message = "the name of a data set must not be empty, nor have control characters";
                self.problems.push(Problem::new(item.key_span.clone(), message));
            }
            let name = item.key.to_string();
            if let Some(path) = self.text(Some(item)) {
                self.file.data.insert(name, PathBuf::from(path));
            }
        }
    }

    /// Checks what concerns several keys. After other problems it would only repeat them.
    fn check(&mut self) {
        if !self.problems.is_empty() {
            return;
        }
        let num_trials = &mut self.file.settings.num_trials;
        *num_trials = match self.ending {
            Ending::OfFile => *num_trials,
            Ending::Jobs(jobs) => Some(jobs),
            Ending::Open => num_trials.or(Some(NUM_TRIALS_MAX)),
        };
        let settings = &self.file.settings;
        let granted = if self.file.gpu.is_some() { settings.resource.check_grant() } else { Ok(()) };
        let Err(error) = settings.check().and(granted) else { return };
        if let Some(problem) = self.file.kind_problem(&error) {
            self.problems.push(problem);
            return;
        }
        let (span, hint) = match error {
            SpecError::Endless => (
                self.scheduler.clone(),
                "give it an end under [scheduler], such as `num_trials = 60` or `time_out = \"10m\"`.",
            ),
            SpecError::TooLarge { what: "num_gpus", .. } => {
                let place = self.num_gpus.clone().or(self.gpus.clone());
                (place.unwrap_or(0..0), "raise `gpus` under [capacity].")
            }
            SpecError::GpuUnoccupied => (
                self.num_gpus.clone().unwrap_or(0..0),
                "leave out `num_gpus`, which is 1 then, or [gpu] if trials are to have no GPU.",
            ),
            SpecError::TooLarge { .. } => (
                self.num_cpus.clone().unwrap_or(0..0),
                "raise `cpus` under [capacity]; 8 are there if nothing is said.",
            ),
            SpecError::TooManySlots(_) => (self.num_cpus.clone().unwrap_or(0..0), "lower `cpus` under [capacity]."),
            _ => (0..0, "see the reference of the study file."),
        };
        self.problems.push(Problem::new(span, error.to_string()).hint(hint));
    }

    fn text(&mut self, item: Option<Item<'_>>) -> Option<String> {
        let item = item?;
        let text = item.text(self.problems)?;
        if text.len() > TEXT_BYTES_MAX || text.contains('\0') {
            let what = format!("must have at most {TEXT_BYTES_MAX} bytes, none of them 0");
            return report(self.problems, item.problem(&what));
        }
        Some(text.to_owned())
    }

    fn table<'file>(&mut self, item: Option<Item<'file>>) -> Option<&'file DeTable<'file>> {
        item?.table(self.problems)
    }

    fn processors(&mut self, item: &Item<'_>) -> Option<u32> {
        item.integer(1..=u64::from(u32::MAX), self.problems).and_then(|count| u32::try_from(count).ok())
    }
}
