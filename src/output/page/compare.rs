//! The page that compares studies: what each came to, in what they differ, and how fast each got there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use super::details::{domain_in_words, flattened, inner, option_name};
use super::document::{Document, bar, comparison_script};
use super::encode::gzip;
use super::html::{NAME_MAX, TEXT_MAX, guest, prose, section, table};
use super::standing::grouped;
use crate::numeric::amount::VirtualTime;
use crate::output::best::best_trial;
use crate::output::sanitize::printable;
use crate::output::summary::{Counts, ending, fuel};
use crate::output::{Account, number};
use crate::study::StudySpec;

/// How many differences of specifications and parameters of best configurations are listed.
const ROWS_MAX: usize = 200;
/// How much is shown of a part of a specification.
const PART_MAX: usize = 120;

/// Where the script draws, and what chooses the axis.
const PLOT: &str = "<section id=\"progress\" class=\"card\" aria-labelledby=\"progress-heading\">\n\
    <div class=\"card-head\"><h2 id=\"progress-heading\">Best so far</h2>\n<div class=\"tools\">\
    <label>x <select id=\"progress-x\"><option value=\"time\">virtual time</option><option value=\"trials\">trials</option>\
    <option value=\"fuel\">fuel</option></select></label>\n\
    <label><input type=\"checkbox\" id=\"progress-log-x\"> log x</label>\n</div></div>\n\
    <div id=\"progress-legend\" class=\"chips\" role=\"group\" aria-label=\"Studies\"></div>\n\
    <div id=\"progress-plot\" class=\"plot tall\"></div>\n<p id=\"progress-note\" class=\"note-line\"></p>\n</section>\n";

/// The best so far of a study, in steps.
#[derive(Serialize)]
struct Progress {
    name: String,
    reward_name: String,
    reward: Vec<f64>,
    trial: Vec<u64>,
    time: Vec<u64>,
    trials: Vec<u64>,
    fuel: Vec<u64>,
    end: Amounts,
}

/// How much of everything a study has used at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Amounts {
    time: u64,
    trials: u64,
    fuel: u64,
}

/// A page on several studies side by side, each with the name that it is to have there.
#[must_use]
pub fn compare(accounts: &[(String, Account)]) -> String {
    let progress: Vec<Progress> = accounts.iter().map(|(name, account)| Progress::of(name, account)).collect();
    // Texts and numbers; nothing in them can fail to be written.
    let data = gzip(&serde_json::to_vec(&progress).unwrap_or_default());
    let heading = match accounts {
        [(one, _)] => guest(one, NAME_MAX),
        _ => format!("{} studies", accounts.len()),
    };
    let body = format!(
        "{}<main id=\"main\">\n<header class=\"masthead\"><p class=\"eyebrow\">comparison</p>\n<h1>{heading}</h1></header>\n{}\
         <div id=\"interactive\" hidden>\n{PLOT}</div>\n{}{}</main>\n",
        bar(""),
        summaries(accounts),
        best_configs(accounts),
        differences(accounts),
    );
    let script = comparison_script();
    let document = Document {
        title: format!("{heading} · trialbox"),
        head: String::new(),
        body,
        data: Some(&data),
        script: &script,
        may_connect: false,
    };
    document.html()
}

impl Progress {
    fn of(name: &str, account: &Account) -> Self {
        let mut progress = Self {
            name: printable(name, NAME_MAX),
            reward_name: printable(&account.spec().metrics.reward_attr, NAME_MAX),
            reward: Vec::new(),
            trial: Vec::new(),
            time: Vec::new(),
            trials: Vec::new(),
            fuel: Vec::new(),
            end: Amounts::default(),
        };
        let mut spent = Spent::of(account);
        for since in account.bests() {
            let amounts = spent.at(since.time);
            progress.reward.push(since.best.reward);
            progress.trial.push(since.best.trial.0);
            progress.time.push(amounts.time);
            progress.trials.push(amounts.trials);
            progress.fuel.push(amounts.fuel);
        }
        progress.end = spent.at(account.state().time());
        progress
    }
}

/// Tells how much a study had used at moments, which must be asked for in order.
struct Spent {
    /// When trials began, and when jobs began and ended, each in order.
    trials: Vec<u64>,
    starts: Vec<u64>,
    ends: Vec<u64>,
    /// How many of each lie behind, and the sums of their times.
    trials_before: usize,
    starts_before: usize,
    ends_before: usize,
    start_sum: u128,
    end_sum: u128,
}

impl Spent {
    fn of(account: &Account) -> Self {
        let sorted = |times: &mut dyn Iterator<Item = VirtualTime>| {
            let mut times: Vec<u64> = times.map(|time| time.0).collect();
            times.sort_unstable();
            times
        };
        Self {
            trials: sorted(&mut account.state().trials().iter().map(|trial| trial.start)),
            starts: sorted(&mut account.jobs().iter().map(|job| job.start)),
            ends: sorted(&mut account.jobs().iter().filter_map(|job| job.end)),
            trials_before: 0,
            starts_before: 0,
            ends_before: 0,
            start_sum: 0,
            end_sum: 0,
        }
    }

    fn at(&mut self, time: VirtualTime) -> Amounts {
        let pass = |times: &[u64], before: &mut usize| {
            let mut sum = 0;
            while let Some(next) = times.get(*before).filter(|next| **next <= time.0) {
                sum += u128::from(*next);
                *before += 1;
            }
            sum
        };
        pass(&self.trials, &mut self.trials_before);
        self.start_sum += pass(&self.starts, &mut self.starts_before);
        self.end_sum += pass(&self.ends, &mut self.ends_before);
        // A job uses a unit of fuel for each unit of virtual time. Those that have ended used end − start, the others time − start.
        let running = self.starts_before.saturating_sub(self.ends_before) as u128;
        let fuel = (self.end_sum + running * u128::from(time.0)).saturating_sub(self.start_sum);
        Amounts { time: time.0, trials: self.trials_before as u64, fuel: u64::try_from(fuel).unwrap_or(u64::MAX) }
    }
}

/// Headings: the first as given, then the name of each study.
fn headings(first: &str, accounts: &[(String, Account)]) -> Vec<String> {
    let names = accounts.iter().enumerate().map(|(index, (name, _))| {
        format!("<span class=\"series series-{}\">{}</span>", index % 8, guest(name, NAME_MAX))
    });
    std::iter::once(first.to_owned()).chain(names).collect()
}

fn summaries(accounts: &[(String, Account)]) -> String {
    type Cell = dyn Fn(&Account) -> String;
    let rows: [(&str, &Cell); 13] = [
        ("state", &|account| prose(ending(account.state()))),
        ("best", &|account| best_cell(account)),
        ("trials", &|account| trials_cell(&Counts::of(account.state()), account.state().trials().len() as u64)),
        ("virtual time", &|account| number::virtual_time(account.state().time().since(VirtualTime(0)))),
        ("fuel", &|account| number::count(fuel(account.state()).0)),
        ("scheduler", &|account| account.spec().scheduler.name().to_owned()),
        ("searcher", &|account| account.spec().searcher.name().to_owned()),
        ("slots", &|account| account.spec().slots().map_or("–".into(), |slots| slots.to_string())),
        ("seed", &|account| account.spec().seed.to_string()),
        ("release", &|account| guest(&account.spec().release, NAME_MAX)),
        ("study", &|account| guest(&account.spec().name, NAME_MAX)),
        ("digest", &|account| format!("<code class=\"wrap\">{}</code>", account.chain().head())),
        ("specification", &|account| format!("<code class=\"wrap\">{}</code>", account.spec().digest())),
    ];
    let rows: Vec<Vec<String>> = (rows.iter())
        .map(|(name, cell)| {
            std::iter::once((*name).to_owned()).chain(accounts.iter().map(|(_, account)| cell(account))).collect()
        })
        .collect();
    section("summaries", "Side by side", &table(&headings("", accounts), &rows))
}

fn best_cell(account: &Account) -> String {
    let Some(best) = account.state().best() else { return "<span class=\"muted\">none</span>".into() };
    let attribute = guest(&account.spec().metrics.reward_attr, NAME_MAX);
    let reward = number::real(best.reward);
    format!("<strong class=\"big\">{reward}</strong> <span class=\"muted\">{attribute}, trial {}</span>", best.trial)
}

fn trials_cell(counts: &Counts, all: u64) -> String {
    let parts = [
        (counts.completed, "completed"),
        (counts.stopped, "stopped"),
        (counts.paused, "paused"),
        (counts.unfinished, "unfinished"),
        (counts.failed, "failed"),
    ];
    let parts: Vec<String> = (parts.iter().filter(|(count, _)| *count > 0))
        .map(|(count, name)| format!("<span class=\"key key-{name}\">{} {name}</span>", grouped(*count)))
        .collect();
    format!("{} <span class=\"keys\">{}</span>", grouped(all), parts.join(" "))
}

fn best_configs(accounts: &[(String, Account)]) -> String {
    let bests: Vec<_> = accounts.iter().map(|(_, account)| best_trial(account.state())).collect();
    let names: BTreeSet<&str> =
        bests.iter().flatten().flat_map(|trial| trial.config.iter().map(|(name, _)| name)).collect();
    if names.is_empty() {
        return section("best", "Best configurations", "<p class=\"muted\">No study has a best trial.</p>\n");
    }
    let rows: Vec<Vec<String>> = (names.iter().take(ROWS_MAX))
        .map(|name| {
            let value = |trial: &Option<&crate::study::TrialRecord>| {
                let value = trial.and_then(|trial| trial.config.get(name));
                value.map_or("–".into(), |value| guest(&value.to_string(), PART_MAX))
            };
            std::iter::once(guest(name, NAME_MAX)).chain(bests.iter().map(value)).collect()
        })
        .collect();
    section("best", "Best configurations", &table(&headings("parameter", accounts), &rows))
}

/// The parts of the specifications that are not the same in all.
fn differences(accounts: &[(String, Account)]) -> String {
    let parts: Vec<BTreeMap<String, String>> = accounts.iter().map(|(_, account)| parts(account.spec())).collect();
    let names: BTreeSet<&String> = parts.iter().flat_map(BTreeMap::keys).collect();
    let differing: Vec<&&String> = (names.iter())
        .filter(|name| {
            let mut values = parts.iter().map(|part| part.get(**name));
            let first = values.next();
            values.any(|value| Some(value) != first)
        })
        .collect();
    let heading = "Differences of the specifications";
    if differing.is_empty() {
        return section("differences", heading, "<p class=\"muted\">The specifications are the same.</p>\n");
    }
    let rows: Vec<Vec<String>> = (differing.iter().take(ROWS_MAX))
        .map(|name| {
            let value = |part: &BTreeMap<String, String>| {
                let text = part.get(**name).map_or("–".to_owned(), |value| guest(value, TEXT_MAX));
                format!("<span class=\"wrap\">{text}</span>")
            };
            std::iter::once(format!("<code>{}</code>", guest(option_name(name), NAME_MAX)))
                .chain(parts.iter().map(value))
                .collect()
        })
        .collect();
    let mut body = table(&headings("part", accounts), &rows);
    if differing.len() > ROWS_MAX {
        body.push_str(&format!("<p class=\"muted\">And {} other parts.</p>\n", differing.len() - ROWS_MAX));
    }
    section("differences", heading, &body)
}

/// The parts of a specification by name, as they are read best side by side.
fn parts(spec: &StudySpec) -> BTreeMap<String, String> {
    let mut spec_json = serde_json::to_value(spec).unwrap_or_default();
    let variants = [("scheduler", spec.scheduler.name()), ("searcher", spec.searcher.name())];
    let mut parts = BTreeMap::new();
    if let Some(fields) = spec_json.as_object_mut() {
        fields.remove("space");
        for (field, name) in variants {
            // `{"random": {…}}` is the name, and the options for themselves.
            let options = fields.remove(field).map_or(Json::Null, inner);
            parts.insert(field.to_owned(), name.to_owned());
            parts.extend(flattened(&options).into_iter().map(|(name, value)| (format!("{field}.{name}"), value)));
        }
    }
    parts.extend(flattened(&spec_json));
    for parameter in spec.space.parameters() {
        let (kind, values) = domain_in_words(&parameter.domain);
        let default = number::value(&parameter.default);
        let mut words = format!("{kind}: {values}; {default} by default");
        if let Some(condition) = &parameter.condition {
            words.push_str(&format!("; where `{}` has its value {}", condition.parameter, condition.choice));
        }
        parts.insert(format!("space.{}", parameter.name), words);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    fn account() -> Account {
        let mut account = Account::new(fixture::spec(), None);
        fixture::entries().iter().for_each(|entry| account.follow(entry));
        account
    }

    #[test]
    fn what_a_study_has_used_is_known_at_every_moment() {
        let mut spent = Spent::of(&account());
        // All four trials start at 0; they end at 1, 2.5 and 1000 virtual seconds, the last one runs.
        assert_eq!(spent.at(VirtualTime(0)), Amounts { time: 0, trials: 4, fuel: 0 });
        let at = |seconds: f64, spent: &mut Spent| spent.at(VirtualTime::from_seconds(seconds)).fuel;
        assert_eq!(at(1.0, &mut spent), 4_000_000_000);
        assert_eq!(at(2.0, &mut spent), 7_000_000_000);
        assert_eq!(at(3.0, &mut spent), 9_500_000_000);
    }

    #[test]
    fn studies_stand_side_by_side_with_what_differs() {
        let mut other = fixture::spec();
        other.seed = crate::numeric::amount::Seed(7);
        let html = compare(&[("one".into(), account()), ("two".into(), Account::new(other, None))]);
        let differences = html.split_once("id=\"differences\"").unwrap().1;
        assert!(differences.contains("<code>seed</code>") && !differences.contains("<code>num_trials</code>"));
        assert!(html.contains("0.9644") && html.contains("<span class=\"muted\">none</span>"));
    }

    #[test]
    fn one_study_or_none_can_be_compared() {
        assert!(compare(&[("one".into(), account())]).contains("The specifications are the same."));
        assert!(compare(&[]).contains("0 studies"));
    }
}
