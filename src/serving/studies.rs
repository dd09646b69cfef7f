//! The studies that are watched: what is kept of each, who reads it and when, and what is dropped again.
//!
//! A store is read by a task that may block, one at a time for a study and a few in all. A study that nobody watches is not read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::RungsOf;
use super::brief::{Known, Listed};
use super::folder::{Folder, Found, StudyName};
use super::kept::{Kept, LOOK_EVERY};
use super::problem::Problem;
use crate::output::Account;

/// How many stores are read at a time.
const READERS_MAX: usize = 4;
/// How long an account is kept that nobody has asked for.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How many accounts are kept.
const ACCOUNTS_MAX: usize = 32;
/// How much memory those may take together that are not being looked at, in bytes.
const ACCOUNTS_BYTES_MAX: u64 = 1 << 30;
/// How long the list of studies waits for those that have changed.
const LIST_WAITS: Duration = Duration::from_millis(300);

/// The studies of a folder.
pub(super) struct Studies {
    folder: Folder,
    rungs_of: RungsOf,
    known: Mutex<BTreeMap<StudyName, Arc<Watched>>>,
    readers: Semaphore,
    /// Held by who brings the list up to date.
    listing: Arc<tokio::sync::Mutex<()>>,
}

/// A study that somebody watches, or that is in the list.
pub(super) struct Watched {
    pub(super) name: StudyName,
    kept: Arc<tokio::sync::Mutex<Kept>>,
    /// What the list tells of it.
    listed: Mutex<Option<(Known, Option<Found>)>>,
    /// About how much memory is kept of it.
    bytes: AtomicU64,
    asked: Mutex<Instant>,
    progress: watch::Sender<Progress>,
    /// Whether a task looks at the file.
    is_followed: Mutex<bool>,
}

/// How far the log of a study was seen to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has not been read yet.
    #[default]
    Unread,
    /// It has been read up to an event.
    At {
        /// The last event.
        sequence: u64,
        /// Whether the study has ended.
        ended: bool,
    },
    /// It cannot be read any more.
    Gone,
}

/// What an account is asked for.
pub(super) enum Rungs {
    /// The rungs are not shown.
    NotShown,
    /// The rungs are shown.
    Shown,
}

impl Studies {
    pub(super) fn new(folder: Folder, rungs_of: RungsOf) -> Self {
        Self {
            folder,
            rungs_of,
            known: Mutex::default(),
            readers: Semaphore::new(READERS_MAX),
            listing: Arc::default(),
        }
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The study with that part of an address.
    pub(super) async fn named(&self, id: &str) -> Result<Arc<Watched>, Problem> {
        let (folder, id) = (self.folder.clone(), id.to_owned());
        let name = block(move || folder.named(&id)).await?.ok_or(Problem::Missing)?;
        Ok(self.watched(&name))
    }

    fn watched(&self, name: &StudyName) -> Arc<Watched> {
        lock(&self.known).entry(name.clone()).or_insert_with(|| Arc::new(Watched::new(name.clone()))).clone()
    }

    /// What `question` makes of the study's account, which is brought up to date before.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        study: &Arc<Watched>,
        rungs: Rungs,
        question: impl FnOnce(&Account) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        *lock(&study.asked) = Instant::now();
        let study_kept = study.kept.clone();
        let mut kept = study_kept.clone().lock_owned().await;
        let _reader = self.readers.acquire().await.map_err(|_| Problem::Flaw)?;
        let (folder, rungs_of, watched) = (self.folder.clone(), self.rungs_of.clone(), study.clone());
        let answer = block(move || {
            let outcome = kept.caught_up(&folder, &watched.name).map(|_| ());
            let outcome = outcome.and_then(|()| match rungs {
                Rungs::Shown => kept.find_rungs(&folder, &watched.name, &rungs_of),
                Rungs::NotShown => Ok(()),
            });
            watched.bytes.store(kept.bytes(), Ordering::Relaxed);
            match (outcome, kept.account()) {
                (Ok(()), Some(account)) => {
                    let sequence = account.chain().len().saturating_sub(1);
                    let ended = account.state().ended().is_some();
                    watched.tell(Progress::At { sequence, ended });
                    if let Some(brief) = kept.brief() {
                        watched.list(Known::Brief(brief), None);
                    }
                    Ok(question(account))
                }
                (Ok(()), None) => Err(Problem::Missing),
                (Err(problem), _) => {
                    if !problem.is_passing() {
                        watched.tell(Progress::Gone);
                        watched.list(Known::from(&problem), folder.find(&watched.name).ok());
                    }
                    Err(problem)
                }
            }
        })
        .await;
        if answer.is_err() {
            // It may have been left half read.
            study_kept.lock().await.forget();
        }
        *lock(&study.asked) = Instant::now();
        self.drop_idle();
        answer?
    }

    /// Tells how far the log goes, as long as somebody listens.
    pub(super) fn follow(self: &Arc<Self>, study: &Arc<Watched>) -> watch::Receiver<Progress> {
        // Whoever listens is counted before the one who looks asks whether there is still anybody.
        let mut is_followed = lock(&study.is_followed);
        let receiver = study.progress.subscribe();
        if !*is_followed {
            *is_followed = true;
            // What was seen earlier may have changed since.
            study.tell(Progress::Unread);
            tokio::spawn(follow(self.clone(), study.clone()));
        }
        receiver
    }

    /// The studies that are there now, with what is known of them. Those that have changed are read, for which the caller doesn't wait long.
    pub(super) async fn list(self: &Arc<Self>) -> Result<Vec<Listed>, Problem> {
        let folder = self.folder.clone();
        let found: Vec<(StudyName, Result<Found, Problem>)> =
            block(move || folder.names().into_iter().map(|name| (name.clone(), folder.find(&name))).collect()).await?;
        lock(&self.known).retain(|name, _| found.iter().any(|(there, _)| there == name));
        let mut stale = Vec::new();
        for (name, found) in &found {
            let study = self.watched(name);
            match found {
                Ok(found) if study.is_listed_as(found) => {}
                Ok(found) => stale.push((study, found.stamp.file_bytes())),
                Err(problem) => study.list(Known::from(problem), None),
            }
        }
        // Those that were read before have the least to be read, and small ones need not wait for large ones.
        stale.sort_by_key(|(study, bytes)| (lock(&study.listed).is_none(), *bytes));
        self.bring_up_to_date(stale.into_iter().map(|(study, _)| study).collect()).await;
        let known = |name: StudyName| {
            let known = self.watched(&name).known();
            Listed { name, known }
        };
        Ok(found.into_iter().map(|(name, _)| known(name)).collect())
    }

    async fn bring_up_to_date(self: &Arc<Self>, stale: Vec<Arc<Watched>>) {
        if stale.is_empty() {
            return;
        }
        let Ok(turn) = self.listing.clone().try_lock_owned() else {
            // Somebody else does it; this one hears of it if it is done soon.
            let _ = timeout(LIST_WAITS, self.listing.lock()).await;
            return;
        };
        let studies = self.clone();
        let reading = tokio::spawn(async move {
            let _turn = turn;
            for study in stale {
                // What is wrong with it was noted.
                let _ = studies.ask(&study, Rungs::NotShown, |_| ()).await;
            }
        });
        let _ = timeout(LIST_WAITS, reading).await;
    }

    /// Drops the accounts that nobody has asked for in a while, and the oldest of those that are too many.
    pub(super) fn drop_idle(&self) {
        let now = Instant::now();
        let mut kept: Vec<(Instant, Arc<Watched>)> = (lock(&self.known).values())
            .filter(|study| study.bytes.load(Ordering::Relaxed) > 0)
            .map(|study| (*lock(&study.asked), study.clone()))
            .collect();
        kept.sort_by_key(|(asked, _)| std::cmp::Reverse(*asked));
        let mut bytes = 0_u64;
        for (index, (asked, study)) in kept.into_iter().enumerate() {
            bytes = bytes.saturating_add(study.bytes.load(Ordering::Relaxed));
            let is_old = now.duration_since(asked) > KEPT_FOR;
            // The one that was asked for last is kept, or it would be read again and again.
            let is_too_much = index > 0 && (index >= ACCOUNTS_MAX || bytes > ACCOUNTS_BYTES_MAX);
            if (is_old || is_too_much)
                && let Ok(mut kept) = study.kept.try_lock()
            {
                study.bytes.store(0, Ordering::Relaxed);
                let account = kept.forget();
                spawn_blocking(move || drop(account));
            }
        }
    }
}

impl Watched {
    fn new(name: StudyName) -> Self {
        Self {
            name,
            kept: Arc::default(),
            listed: Mutex::default(),
            bytes: AtomicU64::new(0),
            asked: Mutex::new(Instant::now()),
            progress: watch::Sender::new(Progress::Unread),
            is_followed: Mutex::default(),
        }
    }

    fn tell(&self, progress: Progress) {
        self.progress.send_if_modified(|before| {
            let has_changed = *before != progress;
            *before = progress;
            has_changed
        });
    }

    /// Takes note of what the list tells; a problem with the file that has it.
    fn list(&self, known: Known, found: Option<Found>) {
        *lock(&self.listed) = Some((known, found));
    }

    fn is_listed_as(&self, found: &Found) -> bool {
        match &*lock(&self.listed) {
            Some((Known::Brief(brief), _)) => brief.holds_for(found),
            Some((Known::Problem { .. }, with)) => with.as_ref() == Some(found),
            Some((Known::NotYet, _)) | None => false,
        }
    }

    fn known(&self) -> Known {
        lock(&self.listed).as_ref().map_or(Known::NotYet, |(known, _)| known.clone())
    }
}

/// Looks at a study's file again and again, until nobody listens any more or the study is gone.
async fn follow(studies: Arc<Studies>, study: Arc<Watched>) {
    loop {
        // What becomes of it is told to those who listen.
        let outcome = studies.ask(&study, Rungs::NotShown, |_| ()).await;
        let is_gone = outcome.is_err_and(|problem| !problem.is_passing());
        if !is_gone {
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = study.progress.closed() => {}
            }
        }
        let mut is_followed = lock(&study.is_followed);
        if is_gone || study.progress.receiver_count() == 0 {
            *is_followed = false;
            return;
        }
    }
}

/// Does what may block, such as reading a file, where it holds up nobody.
async fn block<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    spawn_blocking(work).await.map_err(|_| Problem::Flaw)
}

/// What these locks guard is whole at any time, so that a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::fixture::{Place, Writing};

    fn studies(place: &Place) -> Arc<Studies> {
        Arc::new(Studies::new(Folder::open(&place.path("")).unwrap(), Arc::new(|_| None)))
    }

    async fn events(studies: &Studies, id: &str) -> u64 {
        let study = studies.named(id).await.unwrap();
        studies.ask(&study, Rungs::NotShown, |account| account.chain().len()).await.unwrap()
    }

    #[tokio::test]
    async fn only_so_many_accounts_are_kept_and_the_others_are_read_again() {
        let place = Place::new();
        let count = ACCOUNTS_MAX + 3;
        for number in 0..count {
            Writing::begin(&place, &format!("{number}.study")).write(3);
        }
        let studies = studies(&place);
        for number in 0..count {
            assert_eq!(events(&studies, &format!("{number}.study")).await, 4);
        }
        let kept = |study: &&Arc<Watched>| study.bytes.load(Ordering::Relaxed) > 0;
        assert_eq!(lock(&studies.known).values().filter(kept).count(), ACCOUNTS_MAX);
        assert_eq!(events(&studies, "0.study").await, 4);
    }

    #[tokio::test]
    async fn a_study_is_looked_at_only_as_long_as_somebody_listens() {
        let place = Place::new();
        let mut writing = Writing::begin(&place, "a.study");
        let studies = studies(&place);
        let study = studies.named("a.study").await.unwrap();
        let mut progress = studies.follow(&study);
        let seen = |sequence| move |progress: &Progress| *progress == Progress::At { sequence, ended: false };
        progress.wait_for(seen(0)).await.unwrap();
        writing.write(2);
        progress.wait_for(seen(2)).await.unwrap();
        drop(progress);
        while *lock(&study.is_followed) {
            sleep(Duration::from_millis(5)).await;
        }
        let mut again = studies.follow(&study);
        writing.write(1);
        again.wait_for(seen(3)).await.unwrap();
    }

    #[tokio::test]
    async fn a_flaw_in_what_is_asked_spoils_nothing() {
        let place = Place::new();
        Writing::begin(&place, "a.study").write(3);
        let studies = studies(&place);
        let study = studies.named("a.study").await.unwrap();
        let answer = studies.ask(&study, Rungs::NotShown, |_| panic!("a flaw")).await;
        assert!(matches!(answer, Err::<(), _>(Problem::Flaw)));
        assert_eq!(events(&studies, "a.study").await, 4);
    }
}
