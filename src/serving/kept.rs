//! What is kept in memory of one study that somebody watches: its account, caught up with the file when it has changed.
//!
//! Each look opens the store and closes it again, so that a run which ends finds nobody in the way when it puts its study into one file.

use std::time::Duration;

use tokio::time::Instant;

use super::folder::{Folder, Found, StudyName};
use super::problem::Problem;
use super::{RungsOf, brief::Brief};
use crate::output::Account;
use crate::scheduler::SchedulerSpec;
use crate::space::{Config, Value};
use crate::store::{Reader, StoreError};
use crate::study::Event;

/// How often a file is looked at, at most.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(300);
/// The memory that the account of one study may take, in bytes. Nothing larger is shown.
const STUDY_BYTES_MAX: u64 = 2 << 30;
/// Finding the rungs runs the whole log through the machine, and so may take this share of the time at most.
const RUNGS_SHARE: u32 = 20;

/// What is kept of one study.
#[derive(Debug, Default)]
pub(super) struct Kept {
    account: Option<Account>,
    /// How the file stood before it was read for the account.
    found: Option<Found>,
    /// Whether the file stood like that twice in a row: a write within the same tick of the file system's clock leaves no trace.
    is_settled: bool,
    looked: Option<Instant>,
    /// About how much memory the account takes.
    bytes: u64,
    rungs: RungsAt,
}

/// When the rungs were last found, and when they may be found again.
#[derive(Clone, Copy, Debug, Default)]
struct RungsAt {
    events: u64,
    not_before: Option<Instant>,
}

impl Kept {
    /// The account, caught up with the file unless that was looked at a moment ago.
    pub(super) fn caught_up(&mut self, folder: &Folder, name: &StudyName) -> Result<&mut Account, Problem> {
        let now = Instant::now();
        let is_fresh = self.looked.is_some_and(|looked| now.duration_since(looked) < LOOK_EVERY);
        if self.account.is_none() || !is_fresh {
            self.look(folder, name).inspect_err(|problem| {
                if !problem.is_passing() {
                    self.forget();
                }
            })?;
            self.looked = Some(Instant::now());
        }
        self.account.as_mut().ok_or(Problem::Missing)
    }

    fn look(&mut self, folder: &Folder, name: &StudyName) -> Result<(), Problem> {
        let found = folder.find(name)?;
        if self.found.as_ref().is_some_and(|before| before.identity != found.identity) {
            self.forget();
        }
        let is_unchanged = self.account.is_some() && self.found.as_ref() == Some(&found);
        if is_unchanged && self.is_settled {
            return Ok(());
        }
        self.is_settled = is_unchanged;
        self.found = Some(found.clone());
        let reader = open(folder, name, &found)?;
        match self.read_on(&reader, name) {
            // A log that was put in the place of another, in the same file, doesn't go on from what is kept.
            Err(Problem::Store(StoreError::Corrupt { .. })) if self.account.is_some() => {
                self.account = None;
                self.read_on(&reader, name)
            }
            done => done,
        }
    }

    /// Takes in what the store has more than the account.
    fn read_on(&mut self, reader: &Reader, name: &StudyName) -> Result<(), Problem> {
        let account = match &mut self.account {
            Some(account) => account,
            None => {
                self.bytes = 0;
                self.rungs = RungsAt::default();
                self.account.insert(Account::new(reader.spec()?, None))
            }
        };
        for entry in reader.entries_after(account.chain().clone()) {
            let entry = entry?;
            self.bytes = self.bytes.saturating_add(memory_bytes(&entry.event));
            if self.bytes > STUDY_BYTES_MAX {
                let gibibytes = STUDY_BYTES_MAX >> 30;
                return Err(Problem::TooLarge { name: name.shown(), gibibytes });
            }
            account.follow(&entry);
        }
        // There is nothing more of the log, unless of this moment; what came from a cache is told besides.
        account.catch_up(reader)?;
        Ok(())
    }

    /// Brings the rungs up to date, where there are any and finding them doesn't take too much of the time.
    pub(super) fn find_rungs(&mut self, folder: &Folder, name: &StudyName, rungs_of: &RungsOf) -> Result<(), Problem> {
        let (Some(account), Some(found)) = (&self.account, &self.found) else { return Ok(()) };
        let events = account.chain().len();
        let begun = Instant::now();
        // The last ones are found in any case, and once.
        let may_be_found = account.state().ended().is_some() || self.rungs.not_before.is_none_or(|time| time <= begun);
        let is_due = self.rungs.events != events && may_be_found;
        let has_rungs = matches!(account.spec().scheduler, SchedulerSpec::Hyperband(_));
        if !has_rungs || !is_due {
            return Ok(());
        }
        let reader = open(folder, name, found)?;
        // Without them the page shows everything else.
        let rungs = rungs_of(&reader).unwrap_or_default();
        self.account = self.account.take().map(|account| account.with_rungs(rungs));
        let ended = Instant::now();
        let not_before = ended.checked_add((ended - begun).saturating_mul(RUNGS_SHARE));
        self.rungs = RungsAt { events, not_before };
        Ok(())
    }

    /// The account as it was last read.
    pub(super) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// The brief of the study as far as it was read.
    pub(super) fn brief(&self) -> Option<Brief> {
        let (account, found) = (self.account.as_ref()?, self.found.as_ref()?);
        Some(Brief::of(account, found, self.is_settled))
    }

    /// How many bytes are kept, about.
    pub(super) fn bytes(&self) -> u64 {
        if self.account.is_some() { self.bytes } else { 0 }
    }

    /// Drops what is kept, and gives the account to the caller: to drop a large one takes a while.
    pub(super) fn forget(&mut self) -> Option<Account> {
        let account = self.account.take();
        *self = Self::default();
        account
    }
}

/// Opens the store, if it lies in the folder still.
fn open(folder: &Folder, name: &StudyName, found: &Found) -> Result<Reader, Problem> {
    let reader = Reader::open(&found.place)?;
    // What stands at a path may have been replaced by a link since it was looked at.
    if folder.holds(reader.path()) { Ok(reader) } else { Err(Problem::Outside { name: name.shown() }) }
}

/// About how much memory an account takes for an event.
fn memory_bytes(event: &Event) -> u64 {
    /// A trial with its curve, its job and what else is known of it, without its configuration.
    const TRIAL: usize = 500;
    /// A point of a curve, and what a growing list has in reserve.
    const POINT: usize = 48;
    const JOB: usize = 128;
    const VALUE: usize = 48;
    let texts = |config: &Config| -> usize {
        let text = |value: &Value| if let Value::Text(text) = value { text.len() } else { 0 };
        config.iter().map(|(_, value)| VALUE + text(value)).sum()
    };
    let bytes = match event {
        Event::TrialStarted { config, .. } => TRIAL + texts(config),
        Event::Reported { .. } | Event::Judged { .. } => POINT,
        Event::TrialEnded { artifacts, outcome, .. } => {
            let names: usize = artifacts.iter().map(|artifact| artifact.name.len() + VALUE).sum();
            names + outcome.to_string().len()
        }
        Event::TrialPaused { .. } | Event::TrialResumed { .. } => JOB,
        Event::SearcherFailed { message, .. } => message.len(),
        // It is only counted.
        Event::ReadBack { .. } | Event::StudyStarted { .. } | Event::StudyEnded { .. } => 0,
    };
    bytes as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::{HyperbandKind, HyperbandSpec};
    use crate::serving::fixture::{Place, Writing};

    fn trials(account: &Account) -> usize {
        account.state().trials().len()
    }

    /// Waits until a file is looked at again.
    fn look_again(kept: &mut Kept) {
        kept.looked = None;
    }

    #[test]
    fn an_account_follows_a_study_that_is_written() {
        let place = Place::new();
        let mut writing = Writing::begin(&place, "a.study");
        writing.write(3);
        let (folder, name) = place.named("a.study");
        let mut kept = Kept::default();
        let first = kept.caught_up(&folder, &name).unwrap().chain().len();
        writing.write(4);
        assert_eq!(kept.caught_up(&folder, &name).unwrap().chain().len(), first, "looked at a moment ago");
        look_again(&mut kept);
        assert_eq!(kept.caught_up(&folder, &name).unwrap().chain().len(), first + 4);
        writing.end();
        look_again(&mut kept);
        let account = kept.caught_up(&folder, &name).unwrap();
        assert!(account.state().ended().is_some() && trials(account) > 0);
        let whole = Account::read(&Reader::open(&place.path("a.study")).unwrap(), None).unwrap();
        assert_eq!(account.chain(), whole.chain());
        assert!(kept.bytes() > 0);
    }

    #[test]
    fn a_run_that_ends_leaves_its_study_in_one_file_though_it_is_watched() {
        let place = Place::new();
        let mut writing = Writing::begin(&place, "a.study");
        writing.write(3);
        let (folder, name) = place.named("a.study");
        let mut kept = Kept::default();
        kept.caught_up(&folder, &name).unwrap();
        writing.end();
        assert_eq!(place.listing(), ["a.study"]);
    }

    #[test]
    fn a_study_that_took_the_name_of_another_is_read_from_its_beginning() {
        let place = Place::new();
        let (folder, name) = {
            let mut writing = Writing::begin(&place, "a.study");
            writing.write(5);
            writing.end();
            place.named("a.study")
        };
        let mut kept = Kept::default();
        let before = kept.caught_up(&folder, &name).unwrap().chain().len();
        std::fs::remove_file(place.path("a.study")).unwrap();
        Writing::begin(&place, "a.study").write(1);
        look_again(&mut kept);
        let after = kept.caught_up(&folder, &name).unwrap().chain().len();
        assert!(after < before, "{after}");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_not_kept() {
        let place = Place::new();
        let mut writing = Writing::begin(&place, "a.study");
        writing.write(5);
        writing.end();
        let (folder, name) = place.named("a.study");
        let mut kept = Kept::default();
        kept.caught_up(&folder, &name).unwrap();
        std::fs::write(place.path("a.study"), "no database at all, but a text of some length").unwrap();
        look_again(&mut kept);
        assert!(matches!(kept.caught_up(&folder, &name), Err(Problem::Store(StoreError::Format { .. }))));
        assert_eq!(kept.bytes(), 0);
        std::fs::remove_file(place.path("a.study")).unwrap();
        assert!(matches!(kept.caught_up(&folder, &name), Err(Problem::Missing)));
    }

    #[test]
    fn the_rungs_are_found_when_the_log_has_grown_and_not_too_often() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};
        let place = Place::new();
        let mut writing = Writing::begin_with(&place, "a.study", |spec| {
            spec.scheduler = SchedulerSpec::Hyperband(HyperbandSpec::new(HyperbandKind::Stopping, 9));
        });
        writing.write(2);
        let (folder, name) = place.named("a.study");
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let rungs_of: RungsOf = Arc::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Some(Vec::new())
        });
        let mut kept = Kept::default();
        kept.caught_up(&folder, &name).unwrap();
        for _ in 0..3 {
            kept.find_rungs(&folder, &name, &rungs_of).unwrap();
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        writing.write(1);
        look_again(&mut kept);
        kept.caught_up(&folder, &name).unwrap();
        kept.rungs.not_before = Instant::now().checked_add(Duration::from_secs(3_600));
        kept.find_rungs(&folder, &name, &rungs_of).unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1, "too soon");
        writing.end();
        look_again(&mut kept);
        kept.caught_up(&folder, &name).unwrap();
        for _ in 0..3 {
            kept.find_rungs(&folder, &name, &rungs_of).unwrap();
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2, "the last ones");
    }

    #[test]
    fn long_texts_count_for_what_they_take() {
        let config: Config = [("text".to_owned(), Value::Text("x".repeat(100_000)))].into_iter().collect();
        let event = Event::TrialStarted {
            trial: crate::numeric::amount::TrialId(0),
            slot: crate::numeric::amount::Slot(0),
            time: crate::numeric::amount::VirtualTime(0),
            seed: crate::numeric::amount::Seed(0),
            config,
            bracket: None,
            milestone: None,
        };
        assert!(memory_bytes(&event) > 100_000);
    }
}
