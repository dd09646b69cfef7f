//! What there is to say of a study below what is interactive: failures, rungs, importances, space, options, limits, and in how far it can be
//! reproduced. Static HTML.

use serde_json::Value as Json;

use super::html::{NAME_MAX, TEXT_MAX, bar, escape, guest, prose, section, table};
use super::standing::grouped;
use crate::output::Account;
use crate::output::importance::importances;
use crate::output::number;
use crate::output::rungs::{best, deciding, promoted, rule};
use crate::output::summary::{Failures, REASONS_MAX, failures};
use crate::scheduler::{Comparison, RungState};
use crate::space::{Domain, Parameter, Value};
use crate::study::{Clock, FloatMode, Limit, Limits, Outcome, StudySpec, TrialRecord};

/// How many rungs, options and parameters are listed.
const ROWS_MAX: usize = 200;
/// How many values of a choice are listed.
const CHOICES_MAX: usize = 12;

/// The parts of the page below what is interactive.
pub(super) fn details(account: &Account) -> String {
    let mut html = String::from("<div data-part=\"details\">\n");
    html.push_str(&failures_section(account));
    html.push_str(&rungs_section(account));
    html.push_str("<div class=\"columns\">\n");
    html.push_str(&importances_section(account));
    html.push_str(&options_section(account.spec()));
    html.push_str("</div>\n");
    html.push_str(&space_section(account.spec()));
    html.push_str(&limits_section(&account.spec().limits));
    html.push_str(&reproducibility_section(account));
    html.push_str("</div>\n");
    html
}

fn failures_section(account: &Account) -> String {
    let reasons = failures(account.spec(), account.state());
    if reasons.is_empty() {
        return String::new();
    }
    let failed: u64 = reasons.iter().map(|failures| failures.count).sum();
    let mut body = match failed {
        1 => "<p>One trial failed. A failure ends its own trial only; the study goes on.</p>\n".to_owned(),
        _ => {
            format!("<p>{} trials failed. A failure ends its own trial only; the study goes on.</p>\n", grouped(failed))
        }
    };
    let rows: Vec<Vec<String>> = reasons.iter().take(REASONS_MAX).map(failure_row).collect();
    body.push_str(&table(&["#trials".into(), "reason".into(), "for example".into()], &rows));
    if reasons.len() > REASONS_MAX {
        body.push_str(&format!("<p class=\"muted\">And {} other reasons.</p>\n", reasons.len() - REASONS_MAX));
    }
    section("failures", "Failures", &body)
}

fn failure_row(failures: &Failures) -> Vec<String> {
    let hint = failures
        .hint
        .as_ref()
        .map_or(String::new(), |hint| format!("<p class=\"hint\">{}</p>", prose(&sentence(hint))));
    let examples: Vec<String> = failures.examples.iter().map(|trial| trial_link(trial.0)).collect();
    vec![grouped(failures.count), format!("<p>{}</p>{hint}", prose(&failures.reason)), examples.join(", ")]
}

/// The number of a trial, which the script makes a way to it.
fn trial_link(trial: u64) -> String {
    format!("<span class=\"trial-reference\" data-trial=\"{trial}\">{trial}</span>")
}

/// The text with a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn rungs_section(account: &Account) -> String {
    let rungs = deciding(account.spec(), account.rungs());
    if rungs.is_empty() {
        return String::new();
    }
    let time = guest(&account.spec().metrics.time_attr, NAME_MAX);
    let has_brackets = rungs.iter().any(|(bracket, _)| bracket.is_some_and(|bracket| bracket > 0));
    let has_promotions = rungs.iter().any(|(_, rung)| matches!(rung.comparison, Comparison::Top { .. }));
    let mut body = format!(
        "<p>Trials are compared at rungs, levels of <code>{time}</code>. At each, only the better part goes on; a rung that few trials have \
         reached says little yet.</p>\n"
    );
    type Cell = dyn Fn(Option<u32>, &RungState) -> String;
    let columns: [(bool, String, &Cell); 7] = [
        (has_brackets, "#bracket".into(), &|bracket, _| bracket.map_or("all".into(), |bracket| bracket.to_string())),
        (true, format!("#{time}"), &|_, rung| rung.level.to_string()),
        (true, "#share that goes on".into(), &|_, rung| format!("{:.1} %", rung.promotion_quantile * 100.0)),
        (true, "#trials".into(), &|_, rung| grouped(rung.entries.len() as u64)),
        (has_promotions, "#promoted".into(), &|_, rung| promoted(rung)),
        (true, "best".into(), &|_, rung| escape(&best(rung))),
        (true, "what it means".into(), &|_, rung| escape(&meaning(rung))),
    ];
    let columns: Vec<_> = columns.into_iter().filter(|(is_shown, ..)| *is_shown).collect();
    let headings: Vec<String> = columns.iter().map(|(_, heading, _)| heading.clone()).collect();
    let row = |(bracket, rung): &(Option<u32>, &RungState)| {
        columns.iter().map(|(_, _, cell)| cell(*bracket, rung)).collect::<Vec<String>>()
    };
    let rows: Vec<Vec<String>> = rungs.iter().take(ROWS_MAX).map(row).collect();
    body.push_str(&table(&headings, &rows));
    if rungs.len() > ROWS_MAX {
        body.push_str(&format!("<p class=\"muted\">And {} other rungs.</p>\n", rungs.len() - ROWS_MAX));
    }
    section("rungs", "Rungs", &body)
}

/// The rule of a rung in a sentence.
fn meaning(rung: &RungState) -> String {
    match rung.comparison {
        Comparison::Cutoff { .. } => format!("The next trial that comes here {}.", rule(rung)),
        Comparison::Top { .. } => format!("{}.", sentence(&rule(rung))),
    }
}

fn importances_section(account: &Account) -> String {
    let Some(importances) = importances(account.spec(), account.state()) else {
        let body = "<p class=\"muted\">Nothing can be said yet: it takes at least ten trials with a reward, and rewards that \
                    differ.</p>\n";
        return section("importances", "What mattered", body);
    };
    let row = |importance: &crate::output::importance::Importance| {
        vec![guest(&importance.name, NAME_MAX), bar(importance.share), format!("{:.1} %", importance.share * 100.0)]
    };
    let rows: Vec<Vec<String>> = importances.iter().take(ROWS_MAX).map(row).collect();
    let mut body = String::from("<div class=\"importances\">");
    body.push_str(&table(&["parameter".into(), "importance".into(), "#share".into()], &rows));
    body.push_str(
        "</div><p class=\"muted\">How much each parameter tells the best tenth of the trials from all of them (PED-ANOVA, Watanabe \
         et al. 2023). Shares add up to 100 %.</p>\n",
    );
    section("importances", "What mattered", &body)
}

fn reproducibility_section(account: &Account) -> String {
    let spec = account.spec();
    let mut body = String::new();
    let (class, says) = match (spec.clock, spec.component.is_some()) {
        (Clock::Virtual, true) if spec.gpu.is_some() => (
            "device",
            "Trials compute on a GPU: the same release, study file, component, data, GPU and driver give the same log down to the last bit, as \
             long as the kernels leave no order to the GPU. `trialbox replay` repeats each trial anywhere, from what it read back; `docs/gpu.md` says how.",
        ),
        (Clock::Wall, _) => (
            "replayable",
            "With `clock = \"wall\"` decisions were made as reports came in, so another run decides otherwise. The log can still be \
             replayed: each trial gives the same reports again.",
        ),
        (Clock::Virtual, true) => (
            "bitwise",
            "The same release, study file, component and data give the same log on every machine of one processor architecture, down \
             to the last bit, with any number of workers. `trialbox verify` shows it; `docs/exactness.md` says on what it rests.",
        ),
        (Clock::Virtual, false) => (
            "bitwise, given its trials",
            "Every decision follows from what the trials reported. What they reported came from elsewhere, and nothing here can \
             reproduce that.",
        ),
    };
    body.push_str(&format!("<p><strong class=\"class\">{}</strong> {}</p>\n", escape(class), prose(says)));
    if spec.float_mode == FloatMode::Canonical {
        body.push_str(&format!("<p>{}</p>\n", prose("Every NaN is the same (`nan = \"canonical\"`).")));
    }
    let doubtful =
        account.state().trials().iter().filter_map(TrialRecord::outcome).filter(|it| !Outcome::is_reproducible(it));
    match doubtful.count() {
        0 => {}
        count => {
            let trials = if count == 1 { "One trial".to_owned() } else { format!("{} trials", grouped(count as u64)) };
            let says =
                "ended with `stack overflow`, `gpu timeout` or `crashed`, which may not repeat on another machine.";
            body.push_str(&format!("<p class=\"alert\">{trials} {}</p>\n", prose(says)));
        }
    }
    let mut rows = vec![vec!["release".to_owned(), guest(&spec.release, NAME_MAX)]];
    rows.push(vec!["seed".into(), spec.seed.to_string()]);
    rows.push(vec!["fuel schedule".into(), format!("<code>{}</code>", spec.fuel_schedule)]);
    rows.push(vec!["specification".into(), format!("<code>{}</code>", spec.digest())]);
    if let Some(gpu) = &spec.gpu {
        rows.push(vec!["GPU".into(), guest(&gpu.adapter.to_string(), NAME_MAX)]);
    }
    if let Some(component) = &spec.component {
        rows.push(vec!["component".into(), identity(&component.digest.to_string(), component.bytes)]);
    }
    for (name, data) in spec.data.iter().take(ROWS_MAX) {
        rows.push(vec![format!("data {}", guest(name, NAME_MAX)), identity(&data.digest.to_string(), data.bytes)]);
    }
    body.push_str(&format!("<div class=\"identity\">{}</div>", table(&["what".into(), "which".into()], &rows)));
    section("reproducibility", "Can it be reproduced?", &body)
}

fn identity(digest: &str, bytes: u64) -> String {
    format!("<code>{}</code> <span class=\"muted\">{} bytes</span>", escape(digest), grouped(bytes))
}

fn space_section(spec: &StudySpec) -> String {
    let parameters = spec.space.parameters();
    if parameters.is_empty() {
        return section("space", "Search space", "<p class=\"muted\">It has no parameters.</p>\n");
    }
    let rows: Vec<Vec<String>> =
        parameters.iter().take(ROWS_MAX).map(|parameter| parameter_row(spec, parameter)).collect();
    let headings = ["parameter".into(), "kind".into(), "values".into(), "default".into(), "when".into()];
    let mut body = table(&headings, &rows);
    if parameters.len() > ROWS_MAX {
        body.push_str(&format!("<p class=\"muted\">And {} other parameters.</p>\n", parameters.len() - ROWS_MAX));
    }
    section("space", "Search space", &body)
}

/// The kind of a parameter and its values in words; printable.
pub(super) fn domain_in_words(domain: &Domain) -> (&'static str, String) {
    let scale = |log: bool| if log { ", on the logarithm" } else { "" };
    match domain {
        Domain::Real(range) => {
            ("real", format!("{} to {}{}", number::real(range.lower), number::real(range.upper), scale(range.log)))
        }
        Domain::Integer(range) => ("integer", format!("{} to {}{}", range.lower, range.upper, scale(range.log))),
        Domain::Boolean => ("boolean", "false, true".into()),
        Domain::Choice(values) => ("choice", listed(values)),
        Domain::Constant(value) => ("constant", number::value(value)),
    }
}

fn parameter_row(spec: &StudySpec, parameter: &Parameter) -> Vec<String> {
    let (kind, values) = domain_in_words(&parameter.domain);
    let when = parameter.condition.as_ref().map_or("always".into(), |condition| {
        let parent = spec.space.parameter(&condition.parameter).map(|parent| &parent.domain);
        let value = match parent {
            Some(Domain::Choice(values)) => values.get(condition.choice as usize).map_or(String::new(), number::value),
            _ => String::new(),
        };
        format!("{} = {}", guest(&condition.parameter, NAME_MAX), escape(&value))
    });
    vec![
        guest(&parameter.name, NAME_MAX),
        kind.into(),
        escape(&values),
        escape(&number::value(&parameter.default)),
        when,
    ]
}

fn listed(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().take(CHOICES_MAX).map(number::value).collect();
    let more =
        if values.len() > CHOICES_MAX { format!(" and {} others", values.len() - CHOICES_MAX) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn options_section(spec: &StudySpec) -> String {
    let mut body = String::new();
    let bounds = [
        ("num_trials", spec.num_trials.map(grouped)),
        ("time_out", spec.time_out.map(|time| format!("{} virtual s", number::real(time.seconds())))),
        ("max_reward", spec.max_reward.map(number::real)),
        ("constraint_attr", spec.metrics.constraint_attr.as_ref().map(|name| guest(name, NAME_MAX))),
        ("replicates", (spec.replicates.count > 1).then(|| spec.replicates.count.to_string())),
    ];
    let rows: Vec<Vec<String>> = (bounds.into_iter())
        .filter_map(|(name, value)| Some(vec![format!("<code>{name}</code>"), value?]))
        .chain([
            vec!["<code>reward_attr</code>".to_owned(), guest(&spec.metrics.reward_attr, NAME_MAX)],
            vec!["<code>time_attr</code>".to_owned(), guest(&spec.metrics.time_attr, NAME_MAX)],
            vec!["<code>capacity.cpus</code>".to_owned(), spec.capacity.cpus.to_string()],
        ])
        .collect();
    body.push_str("<h3>Study</h3>\n");
    body.push_str(&table(&["option".into(), "value".into()], &rows));
    let parts = [
        ("Scheduler", spec.scheduler.name(), serde_json::to_value(&spec.scheduler)),
        ("Searcher", spec.searcher.name(), serde_json::to_value(&spec.searcher)),
    ];
    for (heading, name, options) in parts {
        body.push_str(&format!("<h3>{heading} <code>{}</code></h3>\n", escape(name)));
        let options = flattened(&inner(options.unwrap_or(Json::Null)));
        let rows: Vec<Vec<String>> = (options.iter().take(ROWS_MAX))
            .map(|(name, value)| {
                vec![format!("<code>{}</code>", guest(option_name(name), NAME_MAX)), guest(value, TEXT_MAX)]
            })
            .collect();
        body.push_str(&match rows.is_empty() {
            true => "<p class=\"muted\">It has no options.</p>\n".to_owned(),
            false => table(&["option".into(), "value".into()], &rows),
        });
    }
    section("options", "How it searched", &body)
}

/// The options inside a variant: `{"random": {…}}` is `{…}`, and the variant without options is nothing.
pub(super) fn inner(options: Json) -> Json {
    match options {
        Json::Object(variant) => variant.into_iter().next().map_or(Json::Null, |(_, options)| options),
        _ => Json::Null,
    }
}

/// The name of an option in study files, where it differs.
pub(super) fn option_name(name: &str) -> &str {
    match name {
        "kind" => "variant",
        "scheduler.kind" => "scheduler.variant",
        other => other,
    }
}

/// Names with values, parts of names joined by dots, in order of names.
pub(super) fn flattened(options: &Json) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut waiting = vec![(String::new(), options)];
    while let Some((name, value)) = waiting.pop() {
        match value {
            Json::Object(parts) => {
                let dot = if name.is_empty() { "" } else { "." };
                waiting.extend(parts.iter().rev().map(|(part, value)| (format!("{name}{dot}{part}"), value)));
            }
            Json::Null if name.is_empty() => {}
            Json::Null => pairs.push((name, "not set".into())),
            Json::String(text) => pairs.push((name, text.clone())),
            other => pairs.push((name, other.to_string())),
        }
    }
    pairs
}

fn limits_section(limits: &Limits) -> String {
    let defaults = Limits::default();
    let row = |&limit: &Limit| {
        let (value, default) = (limits.get(limit), defaults.get(limit));
        let mark = if value == default { "" } else { " <span class=\"mark\">changed</span>" };
        let was = if value == default { String::new() } else { format!(" The default is {}.", grouped(default)) };
        vec![
            format!("<code>{}</code>{mark}", limit.name()),
            grouped(value),
            format!("{} <span class=\"muted\">In {}.{was}</span>", escape(&limit.meaning()), limit.unit()),
        ]
    };
    let rows: Vec<Vec<String>> = Limit::ALL.iter().map(row).collect();
    let changed = Limit::ALL.iter().filter(|&&limit| limits.get(limit) != defaults.get(limit)).count();
    let says = match changed {
        0 => "All limits on a trial are at their defaults.".to_owned(),
        1 => "One limit on a trial differs from its default.".to_owned(),
        _ => format!("{changed} limits on a trial differ from their defaults."),
    };
    let open = if changed > 0 { " open" } else { "" };
    let rows = table(&["limit".into(), "#value".into(), "what it bounds".into()], &rows);
    section(
        "limits",
        "Limits",
        &format!(
            "<p>{says}</p>\n<details id=\"limits-details\"{open}><summary>All limits</summary>\n{rows}</details>\n"
        ),
    )
}
