//! The list of studies, and the files that it needs. What it tells of each is a [`Brief`].

use super::brief::{Brief, Known, Listed, State};
use super::folder::Folder;
use super::html::{document, escape};
use crate::output::page::grouped;
use crate::output::sanitize::printable;

pub(super) const STYLE: &str = include_str!("index.css");
pub(super) const SCRIPT: &str = include_str!("index.js");

/// How much of the folder's path is shown.
const PATH_MAX: usize = 500;

/// The page with the list.
pub(super) fn page(folder: &Folder, studies: &[Listed]) -> String {
    let root = printable(&folder.root().to_string_lossy(), PATH_MAX);
    let name = folder.root().file_name().map_or(root.clone(), |name| printable(&name.to_string_lossy(), PATH_MAX));
    let body = format!(
        "<p class=\"brand\">trialbox</p>\n<h1>Studies</h1>\n<p class=\"muted\">in {}</p>\n<p class=\"banner\" id=\"banner\" role=\"status\" hidden></p>\n\
         <noscript><p class=\"banner\">Scripts are off, so this list does not update itself.</p></noscript>\n\
         <div id=\"studies\">\n{}</div>\n",
        escape(&root),
        list(studies)
    );
    document(&format!("{name} · trialbox"), "<script src=\"/index.js\" defer></script>\n", &body)
}

/// The list alone, as HTML.
pub(super) fn list(studies: &[Listed]) -> String {
    if studies.is_empty() {
        return "<p>There is no study in this folder. <code>trialbox run</code> makes one; it will appear here.</p>\n"
            .into();
    }
    let rows: String = studies.iter().map(row).collect();
    format!(
        "<table>\n<thead><tr><th scope=\"col\">Study</th><th scope=\"col\">State</th>\
         <th scope=\"col\">Best</th><th scope=\"col\" class=\"number\">Trials</th><th scope=\"col\">Last change</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table>\n"
    )
}

fn row(study: &Listed) -> String {
    let file = escape(&study.name.shown());
    let link = |text: &str| format!("<a href=\"/studies/{}/\">{text}</a>", study.name.id());
    match &study.known {
        Known::NotYet => {
            format!("<tr><th scope=\"row\">{}</th><td colspan=\"4\">is being read …</td></tr>\n", link(&file))
        }
        Known::Problem { message, hint } => {
            let hint =
                hint.as_ref().map_or(String::new(), |hint| format!("<div class=\"hint\">{}</div>", escape(hint)));
            let message = escape(message);
            format!(
                "<tr><th scope=\"row\">{}</th><td colspan=\"4\"><div class=\"problem\">{message}</div>{hint}</td></tr>\n",
                link(&file)
            )
        }
        Known::Brief(brief) => {
            let name = link(&escape(&brief.name));
            format!(
                "<tr><th scope=\"row\">{name}<span class=\"file\">{file}</span></th><td>{}</td><td>{}</td><td class=\"number\">{}</td>\
                 <td>{}</td></tr>\n",
                state(brief.state),
                best(brief),
                trials(brief),
                changed(brief),
            )
        }
    }
}

fn state(state: State) -> String {
    let class = match state {
        State::Running => "state state-running",
        State::NotFinished => "state state-open",
        State::Ended(_) => "state",
    };
    format!("<span class=\"{class}\">{}</span>", state.words())
}

fn best(brief: &Brief) -> String {
    match &brief.best {
        Some((attribute, value)) => format!("{} = {}", escape(attribute), escape(value)),
        None => "none".into(),
    }
}

/// How much of the study is done.
fn trials(brief: &Brief) -> String {
    let done = brief.done_jobs;
    let Some(num_trials) = brief.num_trials.filter(|&most| most > 0) else { return grouped(done) };
    let bar = match brief.state {
        State::Running => format!("<progress max=\"{num_trials}\" value=\"{done}\"></progress>"),
        State::NotFinished | State::Ended(_) => String::new(),
    };
    format!("{bar}{} of {}", grouped(done), grouped(num_trials))
}

fn changed(brief: &Brief) -> String {
    match brief.changed_milliseconds() {
        Some(milliseconds) => format!("<time data-milliseconds=\"{milliseconds}\"></time>"),
        None => "not known".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_grouped() {
        for (count, shown) in
            [(0, "0"), (999, "999"), (1_000, "1\u{202f}000"), (12_345_678, "12\u{202f}345\u{202f}678")]
        {
            assert_eq!(grouped(count), shown);
        }
    }
}
