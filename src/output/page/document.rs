//! The HTML document: head with the content security policy, body, style and script.

use super::encode::{base64, policy_hash};
use super::html::{NAME_MAX, escape, guest};
use super::standing::{quoted, standing};
use super::{PageOptions, data, details};
use crate::output::Account;

const STYLE: &str = include_str!("page.css");
/// Where the script draws. Nothing in it is of a study.
const INTERACTIVE: &str = include_str!("interactive.html");
/// What the pages of a study and of a comparison have in common.
const COMMON: [&str; 3] =
    [include_str!("script/scale.js"), include_str!("script/plot.js"), include_str!("script/shell.js")];
/// The script of a study's page, in order.
const STUDY: [&str; 10] = [
    include_str!("script/study.js"),
    include_str!("script/view.js"),
    include_str!("script/curves.js"),
    include_str!("script/history.js"),
    include_str!("script/parallel.js"),
    include_str!("script/timeline.js"),
    include_str!("script/table.js"),
    include_str!("script/detail.js"),
    include_str!("script/live.js"),
    include_str!("script/page.js"),
];
/// The script of a comparison.
const COMPARISON: [&str; 1] = [include_str!("script/compare.js")];

/// The icon of the page: three curves. It is in the page, since a browser would ask a server for one otherwise.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cg fill='none' stroke-width='2' \
                    stroke-linecap='round'%3E%3Cpath stroke='%230072B2' d='M2 13C4 6 8 4 14 3'/%3E%3Cpath stroke='%23D55E00' d='M2 13c3-3 \
                    7-5 12-5'/%3E%3C/g%3E%3C/svg%3E";

/// What a document is made of.
pub(super) struct Document<'a> {
    /// The title, as HTML.
    pub(super) title: String,
    /// What else stands in the head, as HTML.
    pub(super) head: String,
    /// The body without data and script, as HTML.
    pub(super) body: String,
    /// What the script reads.
    pub(super) data: Option<&'a [u8]>,
    /// The parts of the script.
    pub(super) script: &'a [&'a str],
    /// Whether the script may ask the page's own server.
    pub(super) may_connect: bool,
}

/// The page of one study.
pub(super) fn study(account: &Account, options: &PageOptions) -> String {
    let spec = account.spec();
    let is_live = options.live.is_some();
    let mut head = format!("<meta name=\"trialbox-file\" content=\"{}\">\n", escape(&quoted(options.study_file_name)));
    if spec.component.is_some() {
        head.push_str("<meta name=\"trialbox-replay\" content=\"1\">\n");
    }
    if is_live {
        head.push_str("<meta name=\"trialbox-live\" content=\"1\">\n");
    }
    let back = if is_live { "<a class=\"back\" href=\"../../\">All studies</a>" } else { "" };
    let bytes = (!is_live).then(|| data(account, None));
    let body = format!(
        "{}<main id=\"main\">\n{}{INTERACTIVE}{}</main>\n",
        bar(back),
        standing(account, options),
        details::details(account)
    );
    let script: Vec<&str> = COMMON.iter().chain(&STUDY).copied().collect();
    let document = Document {
        title: format!("{} · trialbox", guest(&spec.name, NAME_MAX)),
        head,
        body,
        data: bytes.as_deref(),
        script: &script,
        may_connect: is_live,
    };
    document.html()
}

/// The script of a comparison.
pub(super) fn comparison_script() -> Vec<&'static str> {
    COMMON.iter().chain(&COMPARISON).copied().collect()
}

/// The bar at the top of every page. `before` is HTML.
pub(super) fn bar(before: &str) -> String {
    format!(
        "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<div class=\"topbar\">\n<span class=\"brand\">trialbox</span>{before}\n\
         <nav id=\"sections\" aria-label=\"Sections\"></nav>\n\
         <fieldset class=\"theme\" hidden><legend class=\"hidden\">Colours</legend>\
         <button type=\"button\" data-theme-choice=\"auto\" aria-pressed=\"true\">Auto</button>\
         <button type=\"button\" data-theme-choice=\"light\" aria-pressed=\"false\">Light</button>\
         <button type=\"button\" data-theme-choice=\"dark\" aria-pressed=\"false\">Dark</button></fieldset>\n</div>\n\
         <noscript><p class=\"banner\">Scripts are off, so plots and the table of trials are not shown. Everything else is here.</p></noscript>\n\
         <p class=\"banner\" id=\"banner\" role=\"status\" hidden></p>\n"
    )
}

impl Document<'_> {
    /// The document.
    pub(super) fn html(&self) -> String {
        // Each part begins on a line of its own, so that a comment at the end of one does not swallow the next.
        let script = format!("\"use strict\";\n{}", self.script.join("\n"));
        let data = self.data.map_or(String::new(), |bytes| {
            format!("<script type=\"application/octet-stream\" id=\"trialbox-data\">{}</script>\n", base64(bytes))
        });
        format!(
            "<!doctype html>\n<html lang=\"en\" data-theme=\"auto\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n<link rel=\"icon\" href=\"{ICON}\">\n{}\
             <style>{STYLE}</style>\n</head>\n<body>\n{}{data}<script>{script}</script>\n</body>\n</html>\n",
            escape(&self.policy(&script)),
            self.title,
            self.head,
            self.body,
        )
    }

    fn policy(&self, script: &str) -> String {
        let connect = if self.may_connect { "; connect-src 'self'" } else { "" };
        format!(
            "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'{connect}",
            policy_hash(script),
            policy_hash(STYLE)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_the_page_can_end_the_element_that_it_is_in() {
        assert!(!STYLE.contains("</style"));
        for part in COMMON.iter().chain(&STUDY).chain(&COMPARISON) {
            assert!(!part.contains("</script") && !part.contains("<!--"));
        }
    }

    #[test]
    fn the_scripts_make_no_markup_of_texts() {
        for part in COMMON.iter().chain(&STUDY).chain(&COMPARISON) {
            for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
                assert!(!part.contains(way), "{way}");
            }
        }
    }
}
