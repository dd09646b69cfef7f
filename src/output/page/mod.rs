//! The report page: a study as one HTML file that needs nothing else, to be looked at from disk or, live, from a server.
//!
//! What is static is made here, readable without scripts; what is interactive is drawn by the script from [`data`](data()). Reads an
//! [`Account`] only. Everything that a guest wrote goes through `html`, and the content security policy of the page allows no
//! script, no style and no address but its own.

mod compare;
mod data;
mod details;
mod document;
mod encode;
mod html;
mod standing;
mod thinning;

pub use compare::compare;
pub use data::data;
pub(crate) use html::escape;
pub(crate) use standing::grouped;

use super::Account;

/// How the page of a study is made.
#[derive(Clone, Copy, Debug)]
pub struct PageOptions<'a> {
    /// The name of the study's file, for the commands that are shown.
    pub study_file_name: &'a str,
    /// Whether a server shows the page and keeps it up to date; a file that stands alone, if none.
    pub live: Option<Live>,
}

/// The page asks its server, at addresses relative to its own: `data?since=N` for what [`data`](data()) gives, `summary` for what
/// [`summary`] gives, and `events` for a stream of server-sent events `{"sequence": N, "ended": false}` that tells it when to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live;

/// The page of a study, whole. A live one holds no data, but asks for it.
#[must_use]
pub fn page(account: &Account, options: &PageOptions) -> String {
    document::study(account, options)
}

/// The static parts of the page, which a live page puts in the place of those that it has.
#[must_use]
pub fn summary(account: &Account, options: &PageOptions) -> String {
    format!("{}{}", standing::standing(account, options), details::details(account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::digest::Digest;
    use crate::output::fixture;
    use crate::study::{Clock, ComponentId, Event, Outcome};

    const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{1b}[2J\u{202e}\"'&<b>`";

    fn followed(events: &[Event]) -> Account {
        let Some(Event::StudyStarted { spec }) = events.first() else { panic!("a log begins with its study") };
        let mut account = Account::new(spec.as_ref().clone(), None);
        let mut chain = crate::study::Chain::default();
        events.iter().for_each(|event| account.follow(&chain.push(event.clone())));
        account
    }

    fn options() -> PageOptions<'static> {
        PageOptions { study_file_name: "digits.study", live: None }
    }

    #[test]
    fn the_page_tells_how_a_study_stands_without_any_script() {
        let html = page(&followed(&fixture::events()), &options());
        for words in [
            "<h1>digits</h1>",
            "not finished",
            "0.9644",
            "trialbox best digits.study --format toml",
            "Raise <code>fuel_max</code>",
            "learning_rate",
            "bitwise",
        ] {
            assert!(html.contains(words), "{words}");
        }
    }

    #[test]
    fn commands_are_offered_as_far_as_the_study_can_be_run_again() {
        let mut spec = fixture::spec();
        let mut page_of = |component, clock| {
            (spec.component, spec.clock) = (component, clock);
            let mut events = fixture::events();
            events[0] = Event::StudyStarted { spec: Box::new(spec.clone()) };
            page(&followed(&events), &options())
        };
        let component = || Some(ComponentId { digest: Digest([7; 32]), bytes: 100 });
        let here = page_of(component(), Clock::Virtual);
        assert!(here.contains("trialbox verify digits.study") && here.contains("trialbox train digits.study"));
        let wall = page_of(component(), Clock::Wall);
        assert!(!wall.contains("trialbox verify digits.study") && wall.contains("replayable"));
        let elsewhere = page_of(None, Clock::Virtual);
        assert!(!elsewhere.contains("trialbox train digits.study") && elsewhere.contains("ran elsewhere"));
    }

    #[test]
    fn a_study_on_a_gpu_names_it_and_its_class() {
        let mut spec = fixture::spec();
        let adapter = crate::study::GpuAdapter {
            name: "<b>a GPU</b>".into(),
            backend: "vulkan".into(),
            driver: "a driver 1.2".into(),
            vendor: 1,
            device: 2,
            is_software: false,
            translator: "wgpu 30".into(),
        };
        spec.gpu = Some(crate::study::GpuGrant::default().of(adapter));
        spec.component = Some(ComponentId { digest: Digest([7; 32]), bytes: 100 });
        let mut events = fixture::events();
        events[0] = Event::StudyStarted { spec: Box::new(spec) };
        let html = page(&followed(&events), &options());
        assert!(html.contains(">device</strong>") && html.contains("a driver 1.2"), "{html}");
        assert!(!html.contains("<b>a GPU"));
    }

    #[test]
    fn a_study_without_trials_or_with_failures_only_has_a_page() {
        let empty = page(&followed(&fixture::events()[..1]), &options());
        assert!(empty.contains("No trial was started.") && empty.contains("no trial has ended"));
        let mut events = fixture::events()[..1].to_vec();
        let failed = Outcome::Failed { message: HOSTILE.into() };
        events.extend(fixture::trial(0, fixture::config(0.1, HOSTILE), None, 1, failed));
        assert!(page(&followed(&events), &options()).contains("every trial failed"));
    }

    #[test]
    fn nothing_that_a_guest_wrote_becomes_markup() {
        let mut spec = fixture::spec();
        spec.name = HOSTILE.into();
        spec.metrics.reward_attr = HOSTILE.into();
        let mut events = vec![Event::StudyStarted { spec: Box::new(spec) }];
        let failed = Outcome::Failed { message: HOSTILE.into() };
        events.extend(fixture::trial(0, fixture::config(0.1, HOSTILE), None, 1, failed));
        let account = followed(&events);
        let options = PageOptions { study_file_name: HOSTILE, live: None };
        for html in [page(&account, &options), compare(&[(HOSTILE.to_owned(), account.clone())])] {
            assert!(!html.contains("<img") && !html.contains('\u{1b}') && !html.contains('\u{202e}'));
            let scripts = html.matches("</script>").count();
            assert_eq!(scripts, 2, "the data and the script");
        }
    }

    #[test]
    fn the_policy_allows_only_the_style_and_the_script_of_the_page() {
        let html = page(&followed(&fixture::events()), &options());
        let between = |from: &str, to: &str| html.split_once(from).unwrap().1.split_once(to).unwrap().0;
        let policy = between("Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
        assert!(policy.starts_with("default-src 'none'; "));
        assert!(policy.contains(&encode::policy_hash(between("<style>", "</style>"))));
        assert!(policy.contains(&encode::policy_hash(between("<script>", "</script>"))));
        assert!(!policy.contains("connect-src") && !policy.contains("unsafe"));
        assert!(!html.contains(" style=\"") && !html.contains(" onclick"));
    }

    #[test]
    fn a_live_page_asks_its_server_and_holds_no_data() {
        let options = PageOptions { live: Some(Live), ..options() };
        let html = page(&followed(&fixture::events()), &options);
        assert!(html.contains("<meta name=\"trialbox-live\" content=\"1\">"));
        assert!(html.contains("connect-src &#39;self&#39;"));
        assert!(!html.contains("id=\"trialbox-data\""));
    }

    #[test]
    fn the_same_study_gives_the_same_page() {
        let account = followed(&fixture::events());
        assert_eq!(page(&account, &options()), page(&account, &options()));
    }
}
