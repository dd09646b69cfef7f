//! The study file: what is written is what is read, by whom, and what happens to files that were damaged.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]
#![cfg(feature = "engine")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;
use trialbox::numeric::amount::{Fuel, Seed, Sequence, Slot, TrialId, VirtualTime};
use trialbox::numeric::digest::Digest;
use trialbox::numeric::random::{Purpose, Stream};
use trialbox::space::{Config, Domain, IntegerRange, Parameter, RealRange, Space, Value};
use trialbox::store::{Corruption, FormatProblem, Reader, Store, StoreError};
use trialbox::study::{
    ArtifactRecord, Attribute, Chain, EndReason, Entry, Event, Limit, LogPiece, Metrics, Outcome, Report,
    ReportProblem, StopReason, StudySpec, StudyState, TrapKind,
};

const WALL_TIME: Duration = Duration::from_millis(1_700_000_000_123);

fn spec() -> StudySpec {
    let range = RealRange { lower: 1e-4, upper: 0.1, log: true };
    let units = IntegerRange { lower: 1, upper: 64, log: false };
    let space = Space::new(vec![
        Parameter::new("lr", Domain::Real(range)),
        Parameter::new("units", Domain::Integer(units)),
        Parameter::new("activation", Domain::Choice(vec!["relu".into(), "tanh".into()])),
    ])
    .unwrap();
    let mut spec = StudySpec::new("a study", space, Digest::of(b"prices"));
    spec.num_trials = Some(10);
    spec.seed = Seed(u64::MAX);
    spec.max_reward = Some(0.1 + 0.2);
    spec
}

fn config(trial: u64) -> Config {
    [
        ("lr".to_owned(), Value::Real(1e-3 / (trial + 1) as f64)),
        ("units".to_owned(), Value::Integer(trial as i64)),
        ("activation".to_owned(), Value::from("relu")),
    ]
    .into_iter()
    .collect()
}

fn attribute(name: &str, value: impl Into<Value>) -> Attribute {
    Attribute { name: name.into(), value: value.into() }
}

fn started(trial: u64) -> Event {
    let (slot, time, seed) = (Slot(trial as u32 % 8), VirtualTime(trial * 100), Seed(u64::MAX - trial));
    Event::TrialStarted {
        trial: TrialId(trial),
        slot,
        time,
        seed,
        config: config(trial),
        bracket: None,
        milestone: None,
    }
}

fn reported(trial: u64, number: u64, attributes: Vec<Attribute>) -> Event {
    let (time, fuel) = (VirtualTime(trial * 100 + number * 10), Fuel(number * 10));
    Event::Reported {
        trial: TrialId(trial),
        time,
        fuel,
        report: Report { attributes },
        searcher_info: Vec::new(),
        decision: trialbox::scheduler::Decision::Continue,
    }
}

fn ended(trial: u64, outcome: Outcome, artifacts: Vec<ArtifactRecord>) -> Event {
    Event::TrialEnded { trial: TrialId(trial), time: VirtualTime(trial * 100 + 90), fuel: Fuel(90), outcome, artifacts }
}

fn outcomes() -> Vec<Outcome> {
    vec![
        Outcome::Completed,
        Outcome::Stopped { reason: StopReason::Scheduler },
        Outcome::Failed { message: "it's \"broken\"\n\u{0}🦀".into() },
        Outcome::Trapped { trap: TrapKind::Unreachable },
        Outcome::StackOverflowed,
        Outcome::Exceeded { limit: Limit::FuelMax },
        Outcome::Misused { message: "report".into() },
        Outcome::BadReport {
            report: 2,
            problem: ReportProblem::NotFinite { attribute: "a".into(), value: "NaN".into() },
        },
        Outcome::NeverRewarded { attribute: "accuracy".into() },
        Outcome::Crashed,
        Outcome::GpuTimeout,
    ]
}

fn read_back(trial: u64, fuel: u64, content: &[u8]) -> Event {
    Event::ReadBack {
        trial: TrialId(trial),
        time: VirtualTime(trial * 100 + fuel),
        fuel: Fuel(fuel),
        digest: Digest::of(content),
        bytes: content.len() as u64,
    }
}

/// One trial for each outcome, with values of all kinds.
fn events() -> Vec<Event> {
    let mut events = vec![Event::StudyStarted { spec: Box::new(spec()) }];
    for (trial, outcome) in (0..).zip(outcomes()) {
        events.push(started(trial));
        events.push(reported(trial, 1, vec![attribute("accuracy", 0.1 * trial as f64), attribute("epoch", 1)]));
        let odd = vec![
            attribute("loss", f64::NAN),
            attribute("most", f64::INFINITY),
            attribute("least", f64::NEG_INFINITY),
            attribute("zero", -0.0),
            attribute("whole", 1e300),
            attribute("integer", i64::MIN),
            attribute("flag", true),
            attribute("note \"$.x\"", "text\u{7}"),
        ];
        events.push(reported(trial, 2, odd));
        events.push(read_back(trial, 30, b"weights"));
        let artifact = ArtifactRecord { name: "model".into(), digest: Digest::of(&trial.to_le_bytes()), bytes: 8 };
        events.push(ended(trial, outcome, vec![artifact]));
    }
    events.push(Event::StudyEnded { time: VirtualTime(5000), reason: EndReason::NumTrials });
    events
}

fn chained(events: Vec<Event>) -> Vec<Entry> {
    let mut chain = Chain::default();
    events.into_iter().map(|event| chain.push(event)).collect()
}

fn append(store: &mut Store, entries: &[Entry]) {
    for entry in entries {
        store.append(entry, WALL_TIME).unwrap();
    }
}

/// A folder with the file of a whole study.
fn finished() -> (TempDir, PathBuf, Vec<Entry>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let entries = chained(events());
    let mut store = Store::create(&path).unwrap();
    append(&mut store, &entries);
    store.append_log(TrialId(0), &piece(0, "hello\n")).unwrap();
    store.append_log(TrialId(0), &piece(1, "wörld\n")).unwrap();
    store.append_log(TrialId(1), &piece(1, "other")).unwrap();
    for trial in 0..10_u64 {
        store.put_artifact(Digest::of(&trial.to_le_bytes()), TrialId(trial), &trial.to_le_bytes()).unwrap();
    }
    store.close().unwrap();
    (folder, path, entries)
}

/// Entries with NaN are not equal to themselves; their digests are.
fn digests(entries: &[Entry]) -> Vec<(Sequence, Digest)> {
    entries.iter().map(|entry| (entry.sequence, entry.digest)).collect()
}

fn read(reader: &Reader) -> Result<Vec<Entry>, StoreError> {
    reader.entries().collect()
}

fn sqlite(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A piece at the place and the fuel of that number.
fn piece(number: u64, text: &str) -> LogPiece {
    LogPiece { position: number, reports: number, fuel: Fuel(number), text: text.into() }
}

#[test]
fn what_was_written_is_read_back() {
    let (folder, path, entries) = finished();
    assert_eq!(names_in(folder.path()), ["a.study"], "a closed study is one file");
    let reader = Reader::open(&path).unwrap();
    assert_eq!(digests(&read(&reader).unwrap()), digests(&entries));
    assert_eq!(reader.spec().unwrap(), spec());
    assert_eq!(reader.digest().unwrap(), entries.last().unwrap().digest);
    let mut state = StudyState::new(Metrics::default());
    entries.iter().for_each(|entry| state.apply(&entry.event));
    assert_eq!(reader.state().unwrap(), state);
    assert_eq!(reader.reports(TrialId(3)).unwrap().len(), 2);
    assert!(matches!(reader.reports(TrialId(3)).unwrap()[1].get("loss"), Some(Value::Real(loss)) if loss.is_nan()));
    assert_eq!(reader.wall_time(Sequence(5)).unwrap(), Some(WALL_TIME));
    assert_eq!(reader.wall_time(Sequence(500)).unwrap(), None);
    let pieces: Vec<_> = reader.log(TrialId(0)).unwrap().into_iter().map(|piece| (piece.reports, piece.text)).collect();
    assert_eq!(pieces, [(0, "hello\n".to_owned()), (1, "wörld\n".to_owned())]);
    assert_eq!(reader.log(TrialId(u64::MAX)).unwrap(), []);
    assert_eq!(reader.artifact(Digest::of(&7_u64.to_le_bytes())).unwrap(), Some(7_u64.to_le_bytes().to_vec()));
    assert_eq!(reader.artifact(Digest::of(b"other")).unwrap(), None);
}

#[test]
fn a_reader_sees_what_is_committed_while_the_study_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let entries = chained(events());
    let mut store = Store::create(&path).unwrap();
    let reader = store.reader().unwrap();
    assert!(matches!(reader.spec(), Err(StoreError::Corrupt { problem: Corruption::Empty, .. })));
    let mut following = reader.entries();
    append(&mut store, &entries[..5]);
    assert!(following.next().is_none(), "nothing is committed");
    store.commit().unwrap();
    assert_eq!(following.by_ref().count(), 5);
    append(&mut store, &entries[5..7]);
    store.commit().unwrap();
    let more: Vec<_> = following.by_ref().map(Result::unwrap).collect();
    assert_eq!(digests(&more), digests(&entries[5..7]));
    let count: i64 = sqlite(&path).query_row("SELECT count(*) FROM event", (), |row| row.get(0)).unwrap();
    assert_eq!(count, 7, "another program can look as well");
}

#[test]
fn a_study_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let store = Store::create(&path).unwrap();
    match Store::open(&path) {
        Err(error @ StoreError::Locked { process: Some(process), .. }) => {
            assert_eq!(process, std::process::id());
            assert!(error.hint().is_some());
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(Store::create(&path), Err(StoreError::Exists { .. })));
    #[cfg(unix)]
    {
        let link = folder.path().join("link.study");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(Store::open(&link), Err(StoreError::Locked { .. })), "a link is no way around the lock");
        fs::remove_file(link).unwrap();
    }
    drop(store);
    drop(Store::open(&path).unwrap());
    assert_eq!(names_in(folder.path()), ["a.study"]);
    fs::write(folder.path().join("a.study.lock"), "99999\n").unwrap();
    drop(Store::open(&path).expect("a lock's file without its process locks nothing"));
}

#[test]
fn what_is_not_committed_is_gone_and_the_study_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let entries = chained(events());
    let mut store = Store::create(&path).unwrap();
    append(&mut store, &entries[..6]);
    store.commit().unwrap();
    append(&mut store, &entries[6..9]);
    drop(store);
    let mut store = Store::open(&path).unwrap();
    assert_eq!(store.events(), 6);
    assert_eq!(digests(&read(&store.reader().unwrap()).unwrap()), digests(&entries[..6]));
    match store.append(&entries[8], WALL_TIME) {
        Err(StoreError::OutOfOrder { expected: Sequence(6), found: Sequence(8), .. }) => {}
        other => panic!("{other:?}"),
    }
    append(&mut store, &entries[6..]);
    store.close().unwrap();
    assert_eq!(Reader::open(&path).unwrap().digest().unwrap(), entries.last().unwrap().digest);
}

#[test]
fn artifacts_of_other_trials_can_be_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(&folder.path().join("a.study")).unwrap();
    let contents: [&[u8]; 4] = [b"shared", b"best", b"", b"worse"];
    let [shared, best, empty, worse] = contents.map(Digest::of);
    for (trial, content) in [(0, b"shared".as_slice()), (0, b"worse"), (1, b"shared"), (1, b"best"), (1, b"")] {
        store.put_artifact(Digest::of(content), TrialId(trial), content).unwrap();
    }
    store.keep_artifacts_of(TrialId(1)).unwrap();
    store.commit().unwrap();
    let reader = store.reader().unwrap();
    for (digest, content) in [(shared, b"shared".as_slice()), (best, b"best"), (empty, b"")] {
        assert_eq!(reader.artifact(digest).unwrap().as_deref(), Some(content));
    }
    assert_eq!(reader.artifact(worse).unwrap(), None);
}

/// A store of a log in which trials read these contents back, each at the fuel of its number in the list, that many times 10.
fn store_of_read_backs(folder: &Path, contents: &[&[u8]]) -> Store {
    let mut events = vec![Event::StudyStarted { spec: Box::new(spec()) }, started(0), started(1)];
    events.extend((1..).zip(contents).map(|(number, content)| read_back(0, number * 10, content)));
    events.push(read_back(1, 99, b"another trial's"));
    let mut store = Store::create(&folder.join("gpu.study")).unwrap();
    append(&mut store, &chained(events));
    store
}

#[test]
fn what_a_trial_has_read_back_comes_in_order_with_the_contents_that_were_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_of_read_backs(folder.path(), &[b"one", b"two", b"", b"one"]);
    store.put_read_back(Digest::of(b"one"), TrialId(0), b"one").unwrap();
    store.put_read_back(Digest::of(b"one"), TrialId(0), b"one").unwrap();
    store.commit().unwrap();
    let reader = store.reader().unwrap();
    let read: Vec<_> = reader.read_backs(TrialId(0)).unwrap();
    let found: Vec<_> =
        read.iter().map(|read| (read.fuel.0, read.digest, read.bytes, read.content.as_deref())).collect();
    let expected = |fuel, content: &'static [u8], is_kept: bool| {
        (fuel, Digest::of(content), content.len() as u64, is_kept.then_some(content))
    };
    let all =
        [expected(10, b"one", true), expected(20, b"two", false), expected(30, b"", true), expected(40, b"one", true)];
    assert_eq!(found, all);
    assert_eq!(reader.read_backs(TrialId(1)).unwrap().len(), 1);
    assert_eq!(reader.read_backs(TrialId(9)).unwrap(), []);
}

#[test]
fn contents_of_read_backs_stay_when_artifacts_of_other_trials_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_of_read_backs(folder.path(), &[b"one"]);
    store.put_read_back(Digest::of(b"one"), TrialId(0), b"one").unwrap();
    store.put_artifact(Digest::of(b"model"), TrialId(0), b"model").unwrap();
    store.keep_artifacts_of(TrialId(1)).unwrap();
    store.commit().unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.artifact(Digest::of(b"model")).unwrap(), None);
    assert!(reader.read_backs(TrialId(0)).unwrap()[0].content.is_some());
}

#[test]
fn what_was_read_back_ahead_of_an_end_can_be_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_of_read_backs(folder.path(), &[b"one"]);
    for (trial, content) in [(0, b"one".as_slice()), (0, b"ahead"), (1, b"one"), (1, b"another trial's")] {
        store.put_read_back(Digest::of(content), TrialId(trial), content).unwrap();
    }
    store.put_artifact(Digest::of(b"ahead of nothing"), TrialId(0), b"ahead of nothing").unwrap();
    store.put_input(Digest::of(b"a component"), b"a component").unwrap();
    store.cut_read_backs().unwrap();
    store.commit().unwrap();
    let reader = store.reader().unwrap();
    let is_there = |content: &[u8]| reader.artifact(Digest::of(content)).unwrap().is_some();
    assert!(!is_there(b"ahead"));
    for kept in [b"one".as_slice(), b"another trial's", b"ahead of nothing", b"a component"] {
        assert!(is_there(kept), "{}", String::from_utf8_lossy(kept));
    }
    store.close().unwrap();
    let owners: i64 = sqlite(&folder.path().join("gpu.study"))
        .query_row("SELECT count(*) FROM artifact_owner WHERE trial < -1", (), |row| row.get(0))
        .unwrap();
    assert_eq!(owners, 2, "trial 1 has told of no `one`");
}

#[test]
fn a_content_of_another_size_than_the_log_says_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let mut lying = read_back(0, 10, b"one");
    let Event::ReadBack { bytes, .. } = &mut lying else { panic!() };
    *bytes = 4;
    let mut store = Store::create(&path).unwrap();
    append(&mut store, &chained(vec![Event::StudyStarted { spec: Box::new(spec()) }, started(0), lying]));
    store.put_read_back(Digest::of(b"one"), TrialId(0), b"one").unwrap();
    store.close().unwrap();
    let error = Reader::open(&path).unwrap().read_backs(TrialId(0)).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { problem: Corruption::Artifact(_), .. }), "{error:?}");
}

#[test]
fn a_log_holds_each_piece_once_and_nothing_past_a_cut() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(&folder.path().join("log.study")).unwrap();
    let texts = ["begun", "one", "two"];
    // The trial is run twice, and got further the second time.
    for run in [&texts[..2], &texts] {
        for (number, text) in (0..).zip(run) {
            store.append_log(TrialId(7), &piece(number, text)).unwrap();
        }
    }
    store.append_log(TrialId(8), &piece(2, "another trial's")).unwrap();
    store.commit().unwrap();
    let read = |store: &Store, trial| store.reader().unwrap().log(TrialId(trial)).unwrap();
    assert_eq!(read(&store, 7), [piece(0, "begun"), piece(1, "one"), piece(2, "two")]);
    store.cut_log(TrialId(7), Fuel(1)).unwrap();
    store.cut_log(TrialId(6), Fuel(0)).unwrap();
    store.commit().unwrap();
    assert_eq!((read(&store, 7).len(), read(&store, 8).len()), (2, 1));
}

#[test]
fn views_show_trials_and_reports() {
    let (_folder, path, _) = finished();
    let database = sqlite(&path);
    let row: (i64, i64, i64, i64, String, i64, f64, String, String) = database
        .query_row(
            "SELECT slot, start_time, end_time, fuel, config, reports, reward, outcome, outcome_detail FROM trials WHERE trial = 5",
            (),
            |row| {
                let (six, seven, eight) = (row.get(6)?, row.get(7)?, row.get(8)?);
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, six, seven, eight))
            },
        )
        .unwrap();
    let config = serde_json::to_string(&config(5)).unwrap();
    assert_eq!(row, (5, 500, 590, 90, config, 2, 0.5, "exceeded".into(), r#"{"limit":"fuel_max"}"#.into()));
    let mut statement = database.prepare("SELECT trial, outcome FROM trials ORDER BY trial").unwrap();
    let outcomes: Vec<(i64, String)> =
        statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let names = [
        "completed",
        "stopped",
        "failed",
        "trapped",
        "stack_overflowed",
        "exceeded",
        "misused",
        "bad_report",
        "never_rewarded",
        "crashed",
        "gpu_timeout",
    ];
    assert_eq!(outcomes, (0..).zip(names.map(str::to_owned)).collect::<Vec<_>>());
    let attributes = |report: i64| -> (i64, i64, String) {
        database
            .query_row(
                "SELECT virtual_time, fuel, attributes FROM reports WHERE trial = 3 AND report = ?1",
                [report],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap()
    };
    assert_eq!(attributes(1), (310, 10, r#"{"accuracy":0.30000000000000004,"epoch":1}"#.into()));
    let odd = attributes(2).2;
    assert!(
        odd.starts_with(r#"{"loss":{"real":"NaN"},"most":{"real":"inf"},"#) && odd.contains(r#""flag":true"#),
        "{odd}"
    );
    assert_eq!(database.query_row("SELECT count(*) FROM reports", (), |row| row.get::<_, i64>(0)).unwrap(), 22);
}

#[test]
fn a_trial_without_end_or_reward_has_none_in_the_views() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let mut store = Store::create(&path).unwrap();
    append(&mut store, &chained(vec![Event::StudyStarted { spec: Box::new(spec()) }, started(0)]));
    store.close().unwrap();
    let row: (Option<i64>, Option<f64>, Option<String>, i64) = sqlite(&path)
        .query_row("SELECT end_time, reward, outcome, reports FROM trials", (), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(row, (None, None, None, 0));
}

/// The error that reading the study gives after `change` was done to it with plain SQL.
fn after(change: &str) -> Option<StoreError> {
    let (_folder, path, _) = finished();
    let database = sqlite(&path);
    database.execute_batch(change).unwrap();
    drop(database);
    match Reader::open(&path) {
        Ok(reader) => read(&reader).err(),
        Err(error) => Some(error),
    }
}

#[test]
fn a_changed_log_is_refused() {
    let changed = after("UPDATE event SET payload = replace(payload, '0.1', '0.9') WHERE sequence = 7").unwrap();
    assert!(matches!(&changed, StoreError::Corrupt { problem: Corruption::Changed { sequence: Sequence(7) }, .. }));
    assert!(changed.to_string().contains("event 7 was changed after it was written"), "{changed}");
    let gap = after("DELETE FROM event WHERE sequence = 9").unwrap();
    assert!(matches!(gap, StoreError::Corrupt { problem: Corruption::Gap { missing: Sequence(9) }, .. }), "{gap:?}");
    for change in [
        "UPDATE event SET kind = 'reported' WHERE sequence = 1",
        "UPDATE event SET trial = NULL WHERE sequence = 1",
        "UPDATE event SET virtual_time = -1 WHERE sequence = 1",
        "UPDATE event SET payload = '{' WHERE sequence = 1",
        "UPDATE event SET payload = (SELECT payload FROM event WHERE sequence = 0) WHERE sequence = 1",
        "UPDATE event SET digest = zeroblob(31) WHERE sequence = 1",
        "DELETE FROM event WHERE sequence = 0",
    ] {
        let error = after(change).unwrap_or_else(|| panic!("accepted: {change}"));
        assert!(matches!(error, StoreError::Corrupt { .. }), "{change}: {error:?}");
        assert!(error.hint().is_some());
    }
    assert!(after("UPDATE event SET payload = json_pretty(payload)").is_none(), "white space says nothing");
}

#[test]
fn the_log_of_a_study_that_was_removed_is_not_taken_for_that_of_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("a.study"), folder.path().join("a.study-wal"));
    let entries = chained(events());
    let mut store = Store::create(&path).unwrap();
    append(&mut store, &entries);
    store.commit().unwrap();
    // As it lies there when the process is killed, and somebody then removes the study alone.
    let left = fs::read(&log).unwrap();
    drop(store);
    fs::remove_file(&path).unwrap();
    fs::write(&log, left).unwrap();
    let mut store = Store::create(&path).unwrap();
    assert_eq!(read(&store.reader().unwrap()).unwrap(), Vec::<Entry>::new());
    append(&mut store, &entries[..1]);
    store.close().unwrap();
    assert_eq!(digests(&read(&Reader::open(&path).unwrap()).unwrap()), digests(&entries[..1]));
    assert_eq!(names_in(folder.path()), ["a.study"]);
}

#[test]
fn definitions_that_would_run_by_themselves_are_refused() {
    for change in [
        "CREATE TRIGGER event_end AFTER INSERT ON event BEGIN DELETE FROM log; END",
        "ALTER TABLE event RENAME TO log_of_events; CREATE VIEW event AS SELECT * FROM log_of_events",
        "DROP TABLE log",
    ] {
        let error = after(change).unwrap_or_else(|| panic!("accepted: {change}"));
        assert!(matches!(error, StoreError::Corrupt { problem: Corruption::Schema(_), .. }), "{change}: {error:?}");
    }
    assert!(after("CREATE INDEX mine ON event (kind)").is_none(), "people may add an index");
}

#[test]
fn files_that_are_no_study_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let both = |path: &Path| [Reader::open(path).map(drop).unwrap_err(), Store::open(path).map(drop).unwrap_err()];
    assert!(both(&path).iter().all(|error| matches!(error, StoreError::Missing { .. })));
    assert!(both(folder.path()).iter().all(|error| matches!(error, StoreError::Directory { .. })));
    fs::write(&path, "[study]\nname = 'x'\n").unwrap();
    let not_a_database = |error: &StoreError| {
        matches!(error, StoreError::Format { problem: FormatProblem::NotADatabase | FormatProblem::NotAStudy, .. })
    };
    assert!(both(&path).iter().all(not_a_database));
    fs::write(&path, "x".repeat(5000)).unwrap();
    assert!(both(&path).iter().all(not_a_database));
    fs::write(&path, "").unwrap();
    assert!(both(&path).iter().all(not_a_database));
    fs::remove_file(&path).unwrap();
    sqlite(&path).execute_batch("CREATE TABLE event (x)").unwrap();
    assert!(both(&path).iter().all(not_a_database));
    assert_eq!(names_in(folder.path()), ["x"], "nothing is left next to it");
    let nowhere = Store::create(&folder.path().join("no/where.study"));
    assert!(matches!(nowhere, Err(StoreError::MissingFolder { .. })));
}

#[test]
fn another_format_is_refused() {
    let newer = after("PRAGMA user_version = 3").unwrap();
    assert!(matches!(newer, StoreError::Format { problem: FormatProblem::Newer(_), .. }));
    assert!(newer.to_string().contains("newer trialbox: its format is 3, this release reads 2"), "{newer}");
    let older = after("PRAGMA user_version = 1").unwrap();
    assert!(matches!(older, StoreError::Format { problem: FormatProblem::Older(_), .. }));
    assert!(matches!(
        after("PRAGMA user_version = 0"),
        Some(StoreError::Format { problem: FormatProblem::NotAStudy, .. })
    ));
}

/// Reads everything of a file that may be damaged. What it gives without an error must be what was written.
fn probe(path: &Path, entries: &[Entry]) -> Result<(), StoreError> {
    let reader = Reader::open(path)?;
    for trial in 0..10_u64 {
        let digest = Digest::of(&trial.to_le_bytes());
        if let Ok(Some(content)) = reader.artifact(digest) {
            assert_eq!(Digest::of(&content), digest);
        }
        let _ = reader.log(TrialId(trial));
    }
    let mut expected = entries.iter();
    for entry in reader.entries() {
        let (entry, expected) = (entry?, expected.next().expect("no more entries than were written"));
        assert_eq!((entry.sequence, entry.digest), (expected.sequence, expected.digest));
    }
    Ok(())
}

#[test]
fn truncated_files_give_errors_or_a_prefix() {
    let (_folder, path, entries) = finished();
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(997) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(probe(&path, &entries).is_err(), "{length} bytes");
        drop(Store::open(&path));
    }
}

#[test]
fn flipped_bits_are_never_taken_for_events() {
    let (_folder, path, entries) = finished();
    let whole = fs::read(&path).unwrap();
    let mut refused = 0;
    let mut draws = Stream::new(Seed(1), Purpose::TrialSeed, 0, 0);
    for _ in 0..200 {
        let mut bytes = whole.clone();
        let place = (draws.next_u64() % bytes.len() as u64) as usize;
        bytes[place] ^= 1 << (draws.next_u64() % 8);
        fs::write(&path, &bytes).unwrap();
        refused += usize::from(probe(&path, &entries).is_err());
        drop(Store::open(&path));
    }
    println!("{refused} of 200 files were refused");
    assert!(refused > 50, "{refused}");
}

#[test]
#[cfg(unix)]
fn a_study_that_was_killed_goes_on() {
    let (path, folder) = child("child_that_waits_to_be_killed", "");
    let mut store = Store::open(&path).expect("no lock outlives its process");
    let count = store.events();
    assert_eq!(count, 6);
    append(&mut store, &chained(events())[6..]);
    store.close().unwrap();
    assert_eq!(Reader::open(&path).unwrap().head().unwrap().len(), events().len() as u64);
    drop(folder);
}

#[test]
#[cfg(unix)]
fn the_largest_size_of_a_file_is_a_full_disk() {
    let (path, folder) = child("child_that_fills_its_disk", "trap '' XFSZ; ulimit -f 400;");
    let told: u64 = fs::read_to_string(path.with_extension("told")).unwrap().parse().unwrap();
    assert_eq!(Reader::open(&path).unwrap().head().unwrap().len(), told);
    assert!(told > 100, "{told}");
    drop(folder);
}

/// Runs one of the ignored tests below in a process of its own until that ends, by whatever cause.
#[cfg(unix)]
fn child(test: &str, before: &str) -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let script = format!("{before} exec \"$0\" --exact {test} --ignored --quiet");
    let program = std::env::current_exe().unwrap();
    let output = Command::new("sh").arg("-c").arg(script).arg(program).env("STUDY", &path).output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    (path, folder)
}

#[test]
#[ignore = "runs as a child of another test"]
fn child_that_waits_to_be_killed() {
    let Some(path) = std::env::var_os("STUDY") else { return };
    let entries = chained(events());
    let mut store = Store::create(Path::new(&path)).unwrap();
    append(&mut store, &entries[..6]);
    store.commit().unwrap();
    append(&mut store, &entries[6..10]);
    let number = std::process::id().to_string();
    Command::new("sh").args(["-c", "kill -9 $0", &number]).status().unwrap();
}

#[test]
#[ignore = "runs as a child of another test"]
fn child_that_fills_its_disk() {
    let Some(path) = std::env::var_os("STUDY").map(PathBuf::from) else { return };
    let mut store = Store::create(&path).unwrap();
    let mut chain = Chain::default();
    store.append(&chain.push(Event::StudyStarted { spec: Box::new(spec()) }), WALL_TIME).unwrap();
    let failure = (0..100_000)
        .find_map(|trial| {
            store
                .append(&chain.push(started(trial)), WALL_TIME)
                .and_then(|()| if trial % 50 == 0 { store.commit() } else { Ok(()) })
                .err()
        })
        .unwrap();
    let StoreError::Full { recorded, .. } = failure else { panic!("{failure:?}") };
    fs::write(path.with_extension("told"), recorded.to_string()).unwrap();
}

#[test]
fn ten_thousand_trials_take_moments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.study");
    let mut all = vec![Event::StudyStarted { spec: Box::new(spec()) }];
    for trial in 0..10_000 {
        all.push(started(trial));
        all.push(reported(trial, 1, vec![attribute("accuracy", 0.5), attribute("epoch", 1)]));
        all.push(ended(trial, Outcome::Completed, Vec::new()));
    }
    let entries = chained(all);
    let start = Instant::now();
    let mut store = Store::create(&path).unwrap();
    for (index, entry) in entries.iter().enumerate() {
        store.append(entry, WALL_TIME).unwrap();
        if index % 5_000 == 0 {
            store.commit().unwrap();
        }
    }
    store.commit().unwrap();
    let written = start.elapsed();
    store.close().unwrap();
    let closed = start.elapsed() - written;
    let start = Instant::now();
    for entry in &entries {
        std::hint::black_box(serde_json::to_vec(&entry.event).unwrap());
    }
    let json = start.elapsed();
    let start = Instant::now();
    assert_eq!(Reader::open(&path).unwrap().head().unwrap().len(), 30_001);
    let count = entries.len() as u32;
    let (appended, read) = (written / count, start.elapsed() / count);
    println!(
        "{appended:?} an append, of which {:?} are JSON; {closed:?} to close; {read:?} an entry read",
        json / count
    );
    println!("{} bytes an event", fs::metadata(&path).unwrap().len() / u64::from(count));
}
