//! The pages that say why something is not shown.

use hyper::StatusCode;
use hyper::header::{self, HeaderValue};

use super::answer::{Answer, Kind, answer};
use super::html::{document, escape};
use super::problem::Problem;

/// The answer that tells of a problem.
pub(super) fn problem(problem: &Problem) -> Answer {
    let mut answer = page(problem.status(), &problem.message(), problem.hint().as_deref());
    if problem.is_passing() {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    answer
}

/// The answer to who is not let in.
pub(super) fn refusal(status: StatusCode, what: &str, hint: &str) -> Answer {
    page(status, what, Some(hint))
}

fn page(status: StatusCode, message: &str, hint: Option<&str>) -> Answer {
    let hint = hint.map_or(String::new(), |hint| format!("<p>Hint: {}.</p>\n", escape(hint.trim_end_matches('.'))));
    let body = format!(
        "<p class=\"brand\">trialbox</p>\n<h1>{}</h1>\n<p class=\"problem message\">{}.</p>\n{hint}<p><a href=\"/\">All studies</a></p>\n",
        heading(status),
        escape(&capitalised(message)),
    );
    answer(status, Kind::Html, document("trialbox", "", &body))
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::SERVICE_UNAVAILABLE => "Not now",
        StatusCode::INTERNAL_SERVER_ERROR => "This study cannot be shown",
        _ => "Refused",
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_message_says_it_is_no_markup() {
        let html = document("<title>", "", &escape("<script>&\"'"));
        assert!(html.contains("&lt;title&gt;") && html.contains("&lt;script&gt;&amp;&quot;&#39;"));
    }

    #[test]
    fn what_will_pass_says_when_to_come_again() {
        assert_eq!(problem(&Problem::Busy).headers()[header::RETRY_AFTER], "2");
        assert!(!problem(&Problem::Missing).headers().contains_key(header::RETRY_AFTER));
    }
}
