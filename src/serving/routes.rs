//! What stands at which address.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Duration, timeout};

use super::answer::{Answer, Kind, answer, holding, redirect, with_study_policy};
use super::events::events;
use super::guard::Guard;
use super::problem::Problem;
use super::studies::{Rungs, Studies, Watched};
use super::{error_page, index};
use crate::numeric::amount::Sequence;
use crate::output::Account;
use crate::output::page::{self, Live, PageOptions};

/// How many answers may be made or be on their way at once: each is whole in memory until it has been taken.
const ANSWERS_MAX: usize = 16;
/// How long a request waits for its turn.
const TURN_WAITS: Duration = Duration::from_secs(10);
/// How many streams of events there may be at once.
const STREAMS_MAX: usize = 32;

/// Answers requests.
pub(super) struct Routes {
    guard: Guard,
    studies: Arc<Studies>,
    answers: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// What an address asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route<'a> {
    /// The page with the list of studies.
    Index,
    /// The list alone.
    List,
    /// The style of the pages that are made here.
    Style,
    /// The script of the list.
    Script,
    /// Something of the study with that part of an address.
    Study(&'a str, StudyRoute),
    /// The page of that study, without the slash at its end.
    StudyWithoutSlash(&'a str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StudyRoute {
    Page,
    /// The data of the page, all or since an event.
    Data(Option<Sequence>),
    Summary,
    Events,
}

impl Routes {
    pub(super) fn new(guard: Guard, studies: Arc<Studies>) -> Self {
        Self {
            guard,
            studies,
            answers: Arc::new(Semaphore::new(ANSWERS_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    /// The answer to a request.
    pub(super) async fn answer(&self, request: &Parts) -> Answer {
        if let Err(refused) = self.guard.check(request) {
            return *refused;
        }
        match self.found(request).await {
            Ok(answer) => answer,
            Err(problem) => error_page::problem(&problem),
        }
    }

    async fn found(&self, request: &Parts) -> Result<Answer, Problem> {
        let route = Route::of(request.uri.path(), request.uri.query()).ok_or(Problem::NoPage)?;
        match route {
            Route::Style => Ok(answer(StatusCode::OK, Kind::Style, index::STYLE)),
            Route::Script => Ok(answer(StatusCode::OK, Kind::Script, index::SCRIPT)),
            Route::StudyWithoutSlash(id) => Ok(redirect(&format!("/studies/{id}/"))),
            Route::Study(id, StudyRoute::Events) => {
                let study = self.studies.named(id).await?;
                // Asked first, so that a study that cannot be read gives an answer that says so, and the page stops asking.
                self.studies.ask(&study, Rungs::NotShown, |_| ()).await?;
                let right = self.streams.clone().try_acquire_owned().map_err(|_| Problem::Busy)?;
                Ok(holding(events(&self.studies, &study), right))
            }
            Route::Index | Route::List | Route::Study(..) => {
                let right = self.turn().await?;
                Ok(holding(self.made(route).await?, right))
            }
        }
    }

    /// An answer that has to be made.
    async fn made(&self, route: Route<'_>) -> Result<Answer, Problem> {
        let (id, route) = match route {
            Route::Study(id, route) => (id, route),
            Route::Index => {
                if let Some(only) = self.studies.folder().only() {
                    return Ok(redirect(&format!("/studies/{}/", only.id())));
                }
                let studies = self.studies.list().await?;
                return Ok(answer(StatusCode::OK, Kind::Html, index::page(self.studies.folder(), &studies)));
            }
            _ => {
                let studies = self.studies.list().await?;
                return Ok(answer(StatusCode::OK, Kind::Html, index::list(&studies)));
            }
        };
        let study = self.studies.named(id).await?;
        match route {
            StudyRoute::Data(since) => {
                let data = self.studies.ask(&study, Rungs::NotShown, move |account| data(account, since)).await?;
                Ok(answer(StatusCode::OK, Kind::Gzip, data))
            }
            StudyRoute::Page | StudyRoute::Events => {
                let html = self.html(&study, page::page).await?;
                Ok(with_study_policy(answer(StatusCode::OK, Kind::Html, html)))
            }
            StudyRoute::Summary => Ok(answer(StatusCode::OK, Kind::Html, self.html(&study, page::summary).await?)),
        }
    }

    /// A page of a study, or a part of it.
    async fn html(&self, study: &Arc<Watched>, make: fn(&Account, &PageOptions) -> String) -> Result<String, Problem> {
        let file = study.name.text();
        let make = move |account: &Account| make(account, &PageOptions { study_file_name: &file, live: Some(Live) });
        self.studies.ask(study, Rungs::Shown, make).await
    }

    /// The right to have an answer made.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = timeout(TURN_WAITS, self.answers.clone().acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(Problem::Busy)
    }
}

impl<'a> Route<'a> {
    fn of(path: &'a str, query: Option<&str>) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        Some(match parts.as_slice() {
            ["", ""] => Self::Index,
            ["", "studies"] => Self::List,
            ["", "style.css"] => Self::Style,
            ["", "index.js"] => Self::Script,
            ["", "studies", id] if !id.is_empty() => Self::StudyWithoutSlash(id),
            ["", "studies", id, ""] => Self::Study(id, StudyRoute::Page),
            ["", "studies", id, "data"] => Self::Study(id, StudyRoute::Data(since(query)?)),
            ["", "studies", id, "summary"] => Self::Study(id, StudyRoute::Summary),
            ["", "studies", id, "events"] => Self::Study(id, StudyRoute::Events),
            _ => return None,
        })
    }
}

/// The data of a page; all of it if the page knows more than there is, since another study has taken the name.
fn data(account: &Account, since: Option<Sequence>) -> Vec<u8> {
    page::data(account, since.filter(|since| since.0 < account.chain().len()))
}

/// The event after which the data is asked for, if one is named; none if what is named is no event.
fn since(query: Option<&str>) -> Option<Option<Sequence>> {
    match query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("since="))) {
        None | Some("") => Some(None),
        Some(number) => Some(Some(Sequence(number.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_to_the_letter() {
        let study = |route| Some(Route::Study("a%20b.study", route));
        for (path, query, expected) in [
            ("/", None, Some(Route::Index)),
            ("/studies", None, Some(Route::List)),
            ("/studies/a%20b.study", None, Some(Route::StudyWithoutSlash("a%20b.study"))),
            ("/studies/a%20b.study/", None, study(StudyRoute::Page)),
            ("/studies/a%20b.study/data", None, study(StudyRoute::Data(None))),
            ("/studies/a%20b.study/data", Some("x=1&since=7"), study(StudyRoute::Data(Some(Sequence(7))))),
            ("/studies/a%20b.study/data", Some("since=-1"), None),
            ("/studies/a%20b.study/data", Some("since=99999999999999999999"), None),
            ("/studies/a%20b.study/events", None, study(StudyRoute::Events)),
            ("/studies/a%20b.study/summary", None, study(StudyRoute::Summary)),
            ("/studies/", None, None),
            ("/studies/a%20b.study/../data", None, None),
            ("/studies/a%20b.study/data/", None, None),
            ("//", None, None),
            ("", None, None),
            ("*", None, None),
        ] {
            assert_eq!(Route::of(path, query), expected, "{path}");
        }
    }
}
