//! How a study stands: the head of the page, its figures, the best trial, and how to run it again. Static HTML.

use super::PageOptions;
use super::html::{NAME_MAX, TEXT_MAX, copyable, escape, guest, prose, section, table};
use crate::numeric::amount::VirtualTime;
use crate::output::best::{ConfigFormat, best, best_trial};
use crate::output::number;
use crate::output::summary::{Counts, ending, fuel, why_no_best};
use crate::output::{Account, sanitize};
use crate::space::{Domain, Value};
use crate::study::{Clock, TrialRecord};

/// The parts of the page above what is interactive.
pub(super) fn standing(account: &Account, options: &PageOptions) -> String {
    let mut html = String::from("<div data-part=\"standing\">\n");
    html.push_str(&head(account));
    html.push_str(&figures(account));
    html.push_str("<div class=\"columns\">\n");
    html.push_str(&best_section(account));
    html.push_str(&again_section(account, options));
    html.push_str("</div>\n</div>\n");
    html
}

fn head(account: &Account) -> String {
    let (spec, state) = (account.spec(), account.state());
    let class = if state.ended().is_some() { "ended" } else { "open" };
    let failure = state.searcher_failure().map_or(String::new(), |message| {
        format!("<p class=\"alert\"><strong>The searcher failed.</strong> {}</p>\n", guest(message, 4 * TEXT_MAX))
    });
    format!(
        "<header class=\"masthead\">\n<p class=\"eyebrow\">study</p>\n<h1>{}</h1>\n\
         <p class=\"state state-{class}\">{}</p>\n{failure}\
         <p class=\"facts\">release {} · seed {} · scheduler {} · searcher {}</p>\n\
         <p class=\"digest\"><span class=\"label\">digest</span> <code id=\"digest\">{}</code>\
         <button type=\"button\" class=\"copy\" data-copy=\"digest\" aria-label=\"Copy the digest\">Copy</button></p>\n</header>\n",
        guest(&spec.name, 2 * NAME_MAX),
        prose(ending(state)),
        guest(&spec.release, NAME_MAX),
        spec.seed,
        escape(spec.scheduler.name()),
        escape(spec.searcher.name()),
        account.chain().head(),
    )
}

fn figures(account: &Account) -> String {
    let (spec, state) = (account.spec(), account.state());
    let reward = guest(&spec.metrics.reward_attr, NAME_MAX);
    let (best, note) = match (state.best(), best_trial(state)) {
        (Some(best), Some(trial)) => (number::real(best.reward), where_best(account, trial)),
        _ => ("none".to_owned(), format!("{}.", why_no_best(state))),
    };
    let counts = Counts::of(state);
    let cached = account.cached().len();
    let fuel_note = match cached {
        0 => "in all trials".to_owned(),
        1 => "in all trials; 1 came from a cache".to_owned(),
        _ => format!("in all trials; {cached} came from a cache"),
    };
    let time = number::virtual_time(state.time().since(VirtualTime(0)));
    let (time, unit) = time.split_once(' ').unwrap_or((time.as_str(), ""));
    let slots = spec.slots().map_or(String::new(), |slots| format!("{unit}, {slots} trials at a time"));
    let figure = |class: &str, name: &str, value: &str, note: &str| {
        format!(
            "<div class=\"figure {class}\"><dt>{name}</dt><dd class=\"value\">{value}</dd><dd class=\"note\">{note}</dd></div>\n"
        )
    };
    format!(
        "<dl class=\"figures\">\n{}{}{}{}</dl>\n",
        figure("figure-best", &format!("best {reward}"), &escape(&best), &note),
        figure("figure-trials", "trials", &grouped(state.trials().len() as u64), &outcomes(&counts)),
        figure("", "virtual time", &escape(time), &escape(&slots)),
        figure("", "fuel", &number::count(fuel(state).0), &fuel_note),
    )
}

fn where_best(account: &Account, trial: &TrialRecord) -> String {
    let time = guest(&account.spec().metrics.time_attr, NAME_MAX);
    let at = trial.time.map_or(String::new(), |count| format!(", {time} {count}"));
    format!("trial {}{at}", trial.trial)
}

/// A bar of the outcomes with the counts below it.
fn outcomes(counts: &Counts) -> String {
    let parts = [
        ("completed", counts.completed),
        ("stopped", counts.stopped),
        ("paused", counts.paused),
        ("unfinished", counts.unfinished),
        ("failed", counts.failed),
    ];
    let all: u64 = parts.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return "No trial was started.".into();
    }
    let (mut rects, mut words, mut before) = (String::new(), Vec::new(), 0);
    for (name, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
        let place = |trials: u64| trials as f64 / all as f64 * 100.0;
        rects.push_str(&format!(
            "<rect class=\"fill-{name}\" x=\"{:.3}\" width=\"{:.3}\" height=\"6\"/>",
            place(before),
            place(count)
        ));
        words.push(format!("<span class=\"key key-{name}\">{} {name}</span>", grouped(count)));
        before += count;
    }
    format!(
        "<svg class=\"stack\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{rects}</svg>{}",
        words.join(" ")
    )
}

/// A count with thin spaces between groups of three digits.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn best_section(account: &Account) -> String {
    let (spec, state) = (account.spec(), account.state());
    let Some(trial) = best_trial(state) else {
        let body = format!("<p>There is none: {}.</p>\n", why_no_best(state));
        return section("best", "Best configuration", &body);
    };
    let row = |(name, value): (&str, &Value)| {
        let domain = spec.space.parameter(name).map(|parameter| &parameter.domain);
        let is_constant = matches!(domain, Some(Domain::Constant(_)));
        let note = if is_constant { " <span class=\"muted\">constant</span>" } else { "" };
        let shown = match value {
            Value::Real(real) => Value::Real(*real).to_string(),
            other => sanitize::printable(&other.to_string(), TEXT_MAX),
        };
        vec![guest(name, NAME_MAX), format!("{}{note}", escape(&shown))]
    };
    let rows: Vec<Vec<String>> = trial.config.iter().map(row).collect();
    let toml = best(state, ConfigFormat::Toml).unwrap_or_default();
    let mut body = table(&["parameter".into(), "value".into()], &rows);
    body.push_str(
        "<details id=\"best-toml-details\"><summary>As TOML, for <code>[space]</code> of a study file</summary>\n",
    );
    body.push_str(&copyable("best-toml", &toml, "the best configuration as TOML"));
    body.push_str("</details>\n");
    section("best", "Best configuration", &body)
}

fn again_section(account: &Account, options: &PageOptions) -> String {
    let spec = account.spec();
    let file = quoted(options.study_file_name);
    let has_best = account.state().best().is_some();
    let mut body = String::new();
    let mut command = |id: &str, words: &str, says: &str| {
        let id = format!("command-{id}");
        let text = format!("trialbox {words}");
        body.push_str(&format!("<p class=\"says\">{}</p>\n{}", prose(says), copyable(&id, &text, "the command")));
    };
    let runs_here = spec.component.is_some();
    if runs_here && has_best {
        command("train", &format!("train {file}"), "Train the best configuration again, outside the study.");
    }
    if runs_here && spec.clock == Clock::Virtual {
        command("verify", &format!("verify {file}"), "Run all of it again and compare every event.");
    }
    if has_best {
        let says = "Print the best configuration, for a study file's `[space]`.";
        command("best", &format!("best {file} --format toml"), says);
    }
    command("show", &format!("show {file}"), "Show the study in a terminal.");
    if !runs_here {
        body.push_str(
            "<p class=\"muted\">The study names no component: its trials ran elsewhere, or were simulated. \
             So it cannot be run again from its file alone.</p>\n",
        );
    }
    section("again", "Run it again", &body)
}

/// The name of a file as it can be pasted into a shell, and is no option there.
pub(super) fn quoted(name: &str) -> String {
    let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%".contains(letter);
    if !name.is_empty() && name.chars().all(is_plain) {
        return name;
    }
    format!("'{}'", sanitize::printable(&name, 4096).replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_harmless_in_a_shell() {
        assert_eq!(quoted("digits.study"), "digits.study");
        assert_eq!(quoted("-rf.study"), "./-rf.study");
        assert_eq!(quoted("my $(rm) 'x'.study"), "'my $(rm) '\\''x'\\''.study'");
    }

    #[test]
    fn counts_are_grouped_by_three_digits() {
        assert_eq!([grouped(7), grouped(100_000)], ["7", "100\u{202f}000"]);
    }
}
