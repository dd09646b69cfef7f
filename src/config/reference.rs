//! The keys of a study file in one table: the reader takes no others, and the reference is made of it. The options of schedulers
//! and searchers come from `kinds`.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::kinds::{self, Family, Kind};
use super::reader::quoted;
use crate::study::{GpuFeature, GpuLimit, GpuLimits, Limit, Limits};

/// A table of a study file whose keys are fixed.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Its heading without brackets; empty for the top of the file.
    pub(super) name: &'static str,
    /// Its keys, in the order of the reference.
    pub(super) keys: Vec<Key>,
}

/// A key of a study file.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What it may be.
    value: Cow<'static, str>,
    /// What holds without it.
    default: Cow<'static, str>,
    /// What it is for.
    meaning: Cow<'static, str>,
}

/// Keys as (name, value, default, meaning).
pub(super) type Row = (&'static str, &'static str, &'static str, &'static str);

const TOP: &[Row] = &[
    ("name", "text", "the folder's name", "What the study is called."),
    ("component", "path", "none", "The component that is trained, relative to the study file."),
    ("seed", "integer from 0", "31415927", "The number from which every random draw of the study follows."),
    (
        "trial_seeds",
        "`\"per_trial\"` or `\"per_study\"`",
        "`\"per_trial\"`",
        "Whether each trial has a seed of its own, or all have the same. With `per_study`, trials of equal configurations are equal, and one of them \
         stands for all.",
    ),
    (
        "replicates",
        "integer from 1 to 100",
        "1",
        "With how many seeds each configuration is tried. A trial runs so many instances of the component side by side, the first with the trial's \
         seed; its reports are made of theirs, and its fuel is that of all.",
    ),
    (
        "replicate_reward",
        "`\"mean\"`, `\"median\"` or `\"worst\"`",
        "`\"mean\"`",
        "What of the replicates' rewards counts, and of their `constraint_attr`. `worst` is the smallest reward and the largest constraint. Other \
         numbers in reports have their mean.",
    ),
    (
        "clock",
        "`\"virtual\"` or `\"wall\"`",
        "`\"virtual\"`",
        "In which order the study decides. `virtual`: in that of virtual time, the same on every machine. `wall`: as reports come in; \
         no decision waits for a slower trial, and no second run repeats it.",
    ),
    (
        "wall_time_max",
        "time",
        "none",
        "When a run is cut off, in real time. Not part of what the study is: a study that was cut off can be resumed.",
    ),
    ("data", "table", "empty", "The study's data sets: name and path, relative to the study file."),
    ("scheduler", "table", "", "Which trials are run, and when the study ends."),
    ("searcher", "table", "", "How configurations are proposed."),
    ("resource", "table", "", "What one trial occupies."),
    ("capacity", "table", "", "What there is to occupy; with `resource` it gives the number of slots."),
    ("limits", "table", "", "The bounds on what one trial may use."),
    (
        "gpu",
        "table",
        "none",
        "That trials may use a GPU, what of it, and the bounds on that. It may be empty: the line `[gpu]` alone is a grant. Which GPU it is becomes \
         part of what the study is.",
    ),
    ("sandbox", "table", "", "How the component is run."),
    ("guest", "table", "", "What the component is given besides configuration, seed and data."),
    (
        "hooks",
        "table",
        "",
        "Commands that a run with `--hooks` executes as things happen. Not part of what the study is.",
    ),
    (
        "space",
        "table",
        "the component's",
        "What is searched. A command has no space of its own, so that it is needed there.",
    ),
];

const SCHEDULER: &[Row] = &[
    (
        "num_trials",
        "integer from 1",
        "none",
        "How many jobs are started at most: trials, and promotions of paused ones. A study needs this or `time_out`.",
    ),
    ("time_out", "virtual seconds or time", "none", "When no more trials are started, in virtual time."),
    ("stop_jobs_after_time_out", "boolean", "true", "Whether trials that report after the time-out are stopped."),
    ("reward_attr", "text", "the component's, or `accuracy`", "The attribute of a report that is maximised."),
    (
        "time_attr",
        "text",
        "the component's, or `epoch`",
        "The attribute of a report that counts the resource spent; `fuel` for the fuel itself.",
    ),
    (
        "constraint_attr",
        "text",
        "none",
        "An attribute that is feasible where it is not positive; only feasible trials can be the best.",
    ),
    ("max_reward", "real", "none", "The reward at which no more trials are started."),
    (
        "delay_get_config",
        "boolean",
        "true",
        "Whether a configuration is chosen only when a slot is free for it, or one ahead.",
    ),
    (
        "training_history_searcher_info",
        "boolean",
        "false",
        "Whether reports in the history carry what the searcher says of its model.",
    ),
];

const SEARCHER: &[Row] = &[(
    "points_to_evaluate",
    "list of tables",
    "empty",
    "Configurations that are tried first, in this order, in place of the searcher's first suggestions and of the default configuration, such as \
     `[{ learning_rate = 0.1 }, { \"optimiser.sgd.momentum\" = 0.9 }]`. What one leaves out has its default; what is inactive is left out. Equal \
     ones are tried once, unless `allow_duplicates` is set.",
)];

const RESOURCE: &[Row] = &[
    ("num_cpus", "integer from 1", "1", "Virtual processors that a trial occupies."),
    (
        "num_gpus",
        "real from 0",
        "0; 1 with `[gpu]`",
        "Virtual GPUs that a trial occupies; fractions share one. With `[gpu]` it must be more than 0.",
    ),
];

const CAPACITY: &[Row] = &[
    (
        "cpus",
        "integer from 1",
        "8",
        "Virtual processors of the study. Part of the study, and never read from the machine.",
    ),
    ("gpus", "real from 0", "0; 1 with `[gpu]`", "Virtual GPUs of the study."),
];

const SANDBOX: &[Row] = &[(
    "nan",
    "`\"native\"` or `\"canonical\"`",
    "`\"native\"`",
    "Whether every NaN is the same. `canonical` gives equal bits on every architecture, in loops over floats up to three times slower.",
)];

const GUEST: &[Row] = &[
    (
        "arguments",
        "list of texts",
        "empty",
        "Arguments, as WASI gives them to the component; before them stands its name, which is always `trial`.",
    ),
    (
        "environment",
        "table of texts",
        "empty",
        "Variables of the environment, such as `{ OMP_NUM_THREADS = \"1\" }`. There are no others.",
    ),
    (
        "configuration",
        "`\"both\"`, `\"file\"` or `\"arguments\"`",
        "`\"both\"`",
        "How a command ([commands.md](commands.md)) gets its configuration: in the file `/trialbox/config.json`, as arguments `--NAME VALUE` after \
         those of the study, or both.",
    ),
];

impl Key {
    fn of(&(name, value, default, meaning): &Row) -> Self {
        Self { name, value: value.into(), default: default.into(), meaning: meaning.into() }
    }

    /// The key of a limit.
    fn of_limit(name: &'static str, range: RangeInclusive<u64>, unit: &str, default: u64, meaning: String) -> Self {
        let text = if unit == "bytes" { ", or text with a unit" } else { ", or text such as `\"10k\"`" };
        Self {
            name,
            value: format!("{} to {} {unit}{text}", range.start(), range.end()).into(),
            default: default.to_string().into(),
            meaning: meaning.into(),
        }
    }

    /// The key by which one of a family is chosen.
    fn type_of(family: &Family) -> Self {
        let names: Vec<&str> = family.kinds().map(Kind::name).collect();
        let summaries: Vec<String> =
            family.kinds().map(|kind| format!("`{}` {}", kind.name(), kind.summary())).collect();
        Self {
            name: "type",
            value: quoted(&names).into(),
            default: quoted(&names[..1]).into(),
            meaning: format!("The {}. {}.", family.name, summaries.join(", ")).into(),
        }
    }
}

impl Section {
    fn of(name: &'static str, rows: &[Row]) -> Self {
        Self { name, keys: rows.iter().map(Key::of).collect() }
    }

    /// The section that chooses one of a family by `type`, with the keys of all kinds and then the options of each.
    fn choosing(family: &Family, rows: &'static [Row]) -> Self {
        let mut section = Self { name: family.name, keys: vec![Key::type_of(family)] };
        for row in rows.iter().chain(family.kinds().flat_map(Kind::options)) {
            let key = Key::of(row);
            if !section.has(key.name) {
                section.keys.push(key);
            }
        }
        section
    }

    fn limits() -> Self {
        let key = |&limit: &Limit| {
            let default = Limits::default().get(limit);
            Key::of_limit(limit.name(), limit.range(), limit.unit(), default, limit.meaning())
        };
        Self { name: "limits", keys: Limit::ALL.iter().map(key).collect() }
    }

    fn gpu() -> Self {
        let names: Vec<&str> = GpuFeature::ALL.iter().map(|feature| feature.name()).collect();
        let features = Key {
            name: "features",
            value: format!("list of {}", quoted(&names)).into(),
            default: "empty".into(),
            meaning: "What trials may use beyond what every GPU has, by the names of WebGPU. A study whose GPU lacks one is refused.".into(),
        };
        let key = |&limit: &GpuLimit| {
            let default = GpuLimits::default().get(limit);
            Key::of_limit(limit.name(), limit.range(), limit.unit(), default, limit.meaning())
        };
        Self { name: "gpu", keys: std::iter::once(features).chain(GpuLimit::ALL.iter().map(key)).collect() }
    }

    /// The section of that name.
    ///
    /// # Panics
    /// If there is none: names are written in this module's callers only.
    pub(super) fn named(name: &str) -> Self {
        let section = Self::all().into_iter().find(|section| section.name == name);
        section.expect("sections are asked for by names of the table, as tests show for each")
    }

    /// All sections, in the order of the reference.
    pub(super) fn all() -> Vec<Self> {
        vec![
            Self::of("", TOP),
            Self::choosing(&kinds::SCHEDULERS, SCHEDULER),
            Self::choosing(&kinds::SEARCHERS, SEARCHER),
            Self::of("resource", RESOURCE),
            Self::of("capacity", CAPACITY),
            Self::limits(),
            Self::gpu(),
            Self::of("sandbox", SANDBOX),
            Self::of("guest", GUEST),
            Self::of("hooks", HOOKS),
        ]
    }

    /// How messages call the section.
    pub(super) fn place(&self) -> String {
        if self.name.is_empty() { "at the top of the file".into() } else { format!("in [{}]", self.name) }
    }

    /// Whether the section has that key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known.name == key)
    }
}

const HOOKS: &[Row] = &[
    ("on_report", "list of texts", "none", "A program and its arguments, run for each report that the study accepts."),
    ("on_trial", "list of texts", "none", "The same for each trial that ends."),
    (
        "on_best",
        "list of texts",
        "none",
        "The same whenever another trial is the best. [hooks.md](how-to/hooks.md) says what a program is given, and where it runs.",
    ),
];

const DATA: &str = "\
Each key is the name of a data set, each value the path of its file, relative to the study file. Trials read a data set by its
name; the study is bound to its content.

```toml
[data]
digits = \"digits.csv\"
```
";

const SPACE: &str = "\
What is searched. With a component that exports `train`, its own description is the space, and each key here replaces one parameter
of it. With a command ([commands.md](commands.md)), and without a component, the keys are the whole space.

| value | meaning |
|---|---|
| `20`, `0.5`, `true`, `\"relu\"` | always this value; the component's domain must contain it, unless it has a constant there |
| `{ real = [1e-4, 1e-1], log = true, default = 0.01 }` | a real number from an interval, ends included |
| `{ integer = [8, 128], log = true }` | an integer from an interval, ends included |
| `{ boolean = [false, true], default = true }` | false or true |
| `{ choice = [\"relu\", \"tanh\"], default = \"relu\" }` | one of the values |
| `{ choice = { sgd = { momentum = { real = [0, 1] } }, adam = {} } }` | one of the names, each with parameters that exist only under it, here `optimiser.sgd.momentum` |

`log` (default: false) draws values, and measures distances, on the logarithm. `default` is the value of the default
configuration; without it the component's, where the domain contains it, or else the middle of the interval (of the logarithms
for `log`), false, or the first choice.

Names are flat, their parts joined by `.`: a table such as `[space.optimiser]` or `optimiser = { … }` puts its name before those
in it, a list the numbers from 0. A quoted key such as `\"optimiser.real\"` says a full name at once; it is needed where a part
is called like a domain. What replaces a parameter of a component must be of its kind: an interval may be wider or narrower than the
component's, a choice only leave values out. Where a choice is fixed or loses values, the parameters that exist only under the
others leave the space.
";

const AMOUNTS: &str = "\
- *time*: seconds as a number, or a text of numbers with units `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, such as `\"1h 30m\"`.
- *virtual seconds*: 10⁹ units of fuel each.
- bytes: a number, or a text such as `\"512 MiB\"`, with `kB`, `MB`, `GB`, `TB` (powers of 1000) or `KiB`, `MiB`, `GiB`, `TiB` (of 1024).
- other counts: a number such as `1_000_000` or `1e6`, or a text such as `\"1M\"`, with `k`, `M`, `G`, `T`, `P` (powers of 1000).
";

/// All keys of a study file, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("<!-- Made from src/config/reference.rs; a test compares it. -->\n\n");
    for section in Section::all() {
        let heading =
            if section.name.is_empty() { "Top of the file".to_owned() } else { format!("`[{}]`", section.name) };
        text.push_str(&format!("### {heading}\n\n| key | value | default | meaning |\n|---|---|---|---|\n"));
        for key in &section.keys {
            text.push_str(&format!("| `{}` | {} | {} | {} |\n", key.name, key.value, key.default, key.meaning));
        }
        text.push('\n');
    }
    text.push_str(&format!("### `[data]`\n\n{DATA}\n### `[space]`\n\n{SPACE}\n### Amounts\n\n{AMOUNTS}"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_can_be_asked_for_and_every_key_stands_once_in_the_reference() {
        let text = reference();
        for section in Section::all() {
            let named = Section::named(section.name);
            for key in &named.keys {
                let rows = named.keys.iter().filter(|other| other.name == key.name).count();
                assert_eq!(rows, 1, "{}", key.name);
                assert!(text.contains(&format!("| `{}` | {} |", key.name, key.value)), "{}", key.name);
                assert!(key.meaning.ends_with('.'), "{}", key.name);
            }
        }
    }
}
