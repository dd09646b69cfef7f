//! Many kills: 200 of workers and 50 of the program, at random moments of studies whose trials are compared with each other, and
//! workers that stand still. The digest is the same, and nothing is left behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};
use trialbox::store::Reader;

use crate::world::{World, digest_in};

/// How long anything may take before it is said to hang.
const PATIENCE: Duration = Duration::from_secs(600);

/// A process that cannot be mistaken for one that gets its number later: with the moment at which it began.
type Process = (u32, u64);

/// A study that is run, killed, and resumed in a folder of its own.
struct Killed {
    world: World,
    file: String,
    /// The digest of the whole study, and how many events it has.
    whole: String,
    events: u64,
    /// All children that were ever seen of the program.
    seen: BTreeSet<Process>,
}

impl Killed {
    fn new(file: &str) -> Self {
        let world = World::new();
        let mut study = Self { world, file: file.into(), whole: String::new(), events: 0, seen: BTreeSet::new() };
        let output = study.start("whole", "2", &[]).wait_with_output().unwrap();
        study.whole = digest_in(&String::from_utf8_lossy(&output.stdout));
        study.events = study.events_of("whole");
        study
    }

    /// Starts the program, with a cache of compiled components that is this study's own.
    fn start(&self, name: &str, jobs: &str, flags: &[&str]) -> Child {
        let file = format!("{}/guest-examples/{}", env!("CARGO_MANIFEST_DIR"), self.file);
        let store = format!("{name}.study");
        let fixed = ["run", &file, "--quiet", "--store", &store, "--resume", "--jobs", jobs];
        let mut command: Command = self.world.command(&[&fixed, flags].concat());
        command.env("TRIALBOX_CACHE_DIR", self.world.path("cache"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// How many events can be read; none if there is no study yet.
    fn events_of(&self, name: &str) -> u64 {
        let store = self.world.path(&format!("{name}.study"));
        Reader::open(&store).and_then(|reader| reader.head()).map_or(0, |chain| chain.len())
    }

    /// Waits until this is so, or the program has ended; says whether it runs still.
    fn wait_until(&mut self, child: &mut Child, mut is_so: impl FnMut(&Self, &BTreeSet<Process>) -> bool) -> bool {
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            let children = children_of(child.id());
            self.seen.extend(&children);
            if is_so(self, &children) {
                return true;
            }
            assert!(begun.elapsed() < PATIENCE, "the study hangs");
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// Runs the study to its end, and checks that it is the same as the whole one and that nothing is left behind.
    fn finish(&mut self, name: &str, child: Child) {
        self.seen.extend(children_of(child.id()));
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        let digest = digest_in(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(digest, self.whole, "{told}{}", self.first_difference(name));
        assert_eq!(self.events_of(name), self.events);
        self.check_that_none_is_left();
        assert_eq!(self.files_of(name), self.files_of("whole"), "temporary files beside the store");
    }

    /// The first event in which a study differs from the whole one.
    fn first_difference(&self, name: &str) -> String {
        let events = |name: &str| -> Vec<String> {
            let reader = Reader::open(&self.world.path(&format!("{name}.study"))).unwrap();
            reader.entries().map(|entry| format!("{:?}", entry.unwrap().event)).collect()
        };
        let (expected, found) = (events("whole"), events(name));
        let differing = expected.iter().zip(&found).find(|(expected, found)| expected != found);
        differing.map_or_else(String::new, |(expected, found)| format!("{found}\nis not {expected}"))
    }

    /// What stands in the folder of a study, its own name and its store's apart: the artifacts of its best trial, if it has any.
    fn files_of(&self, name: &str) -> Vec<String> {
        let files = names_in(&self.world.path(""));
        let beside = files.iter().filter_map(|file| file.strip_prefix(&format!("{name}."))).map(str::to_owned);
        let artifacts = self.world.path(&format!("{name}.best"));
        let within = if artifacts.exists() { names_in(&artifacts) } else { Vec::new() };
        beside.chain(within).collect()
    }

    /// Waits for the end of all processes that the program has started.
    fn check_that_none_is_left(&mut self) {
        let begun = Instant::now();
        loop {
            self.seen.retain(|&process| is_alive(process));
            if self.seen.is_empty() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "processes are left: {:?}", self.seen);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Checks that the cache of compiled components holds nothing that is half done, or loses it when it is old.
    fn check_cache(&self) {
        let cache = self.world.path("cache");
        let drafts =
            || -> Vec<String> { names_in(&cache).into_iter().filter(|name| name.ends_with(".draft")).collect() };
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(2 * 3600);
        for draft in drafts() {
            fs::File::options().append(true).open(cache.join(draft)).unwrap().set_modified(long_ago).unwrap();
        }
        assert!(self.start("last", "1", &[]).wait_with_output().unwrap().status.success());
        assert_eq!(drafts(), Vec::<String>::new());
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What stands in `/proc/…/stat` after the name, which may hold anything; none if there is no such process, or it has ended and
/// its parent has not been told yet.
fn stat(number: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let fields: Vec<String> = text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect();
    (fields[0] != "Z" && fields[0] != "X").then_some(fields)
}

fn process(number: u32) -> Option<Process> {
    Some((number, stat(number)?[19].parse().unwrap()))
}

fn is_alive(of: Process) -> bool {
    process(of.0) == Some(of)
}

/// The processes that a process has started and that run.
fn children_of(parent: u32) -> BTreeSet<Process> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else { return BTreeSet::new() };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|children| children.split_whitespace().map(|number| number.parse().unwrap()).collect::<Vec<u32>>())
        .filter_map(process)
        .collect()
}

/// Sends a signal to a process; says whether it was still there to get it.
fn signal(of: Process, signal: Signal) -> bool {
    let number = Pid::from_raw(of.0.cast_signed()).unwrap();
    is_alive(of) && kill_process(number, signal).is_ok()
}

/// Kills so many workers, one at a time, in runs from begin to end. After each kill it waits until those that the trials of the
/// lost worker are run again on, alone, has ended: a trial that loses two workers has crashed.
fn kill_workers(file: &str, wanted: u32, seed: u64) {
    const JOBS: usize = 3;
    /// By then a worker has long loaded its program.
    const SETTLED: Duration = Duration::from_millis(120);
    let mut study = Killed::new(file);
    let mut random = StdRng::seed_from_u64(seed);
    let (mut killed, mut runs) = (0, 0);
    while killed < wanted {
        runs += 1;
        let name = format!("killed{runs}");
        let mut child = study.start(&name, &JOBS.to_string(), &[]);
        let (mut events, mut in_run) = (0, 0);
        loop {
            let pause = SETTLED + Duration::from_millis(random.random_range(0..60));
            let choice = random.random_range(0..JOBS);
            let (mut before, mut since) = (BTreeSet::new(), Instant::now());
            let mut chosen = None;
            let settled = study.wait_until(&mut child, |study, children| {
                // One look may miss a process while another one ends.
                if before != *children {
                    (before, since) = (children.clone(), Instant::now());
                }
                if children.len() == JOBS && since.elapsed() > pause && study.events_of(&name) > events {
                    chosen = children.iter().nth(choice).copied();
                }
                chosen.is_some()
            });
            if !settled || killed == wanted {
                break;
            }
            events = study.events_of(&name);
            let hit = u32::from(signal(chosen.unwrap(), Signal::KILL));
            killed += hit;
            in_run += hit;
        }
        study.finish(&name, child);
        assert!(in_run > 0, "no worker was killed in run {runs}");
    }
    study.check_cache();
    println!("{killed} workers killed in {runs} runs of {file}");
}

#[test]
fn a_study_that_nobody_disturbs_loses_no_worker() {
    for file in ["digits/promotion.toml", "toy/stopping.toml", "digits/study.toml"] {
        let mut study = Killed::new(file);
        let mut child = study.start("again", "2", &[]);
        assert!(!study.wait_until(&mut child, |_, _| false));
        // It is compiled by now: one worker has described it, and two have run it.
        assert!(study.seen.len() <= 3, "{file}: {} workers instead of 3", study.seen.len());
        study.finish("again", child);
    }
}

#[test]
fn a_promotion_study_whose_workers_are_killed_again_and_again_has_the_same_digest() {
    kill_workers("digits/promotion.toml", 200, 41);
}

/// Kills the program so often, from before it has made its store on to near the end of the study.
fn kill_program(file: &str, wanted: u32, seed: u64) {
    let mut study = Killed::new(file);
    // Compiled anew by the runs that are killed first.
    fs::remove_dir_all(study.world.path("cache")).unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let (mut killed, mut runs) = (0, 0);
    while killed < wanted {
        runs += 1;
        assert!(runs < 3 * wanted, "only {killed} of {runs} runs were killed before their end");
        // At first by the clock: while it compiles, and while it makes its store. Then after ever more events.
        let delay = Duration::from_millis(random.random_range(0..600));
        let share = f64::from(killed) / f64::from(wanted) * random.random_range(0.5..1.0);
        let least = if killed < wanted / 3 { 0 } else { (study.events as f64 * share) as u64 };
        let mut child = study.start("killed", ["1", "2", "3"][runs as usize % 3], &[]);
        let begun = Instant::now();
        let runs_still = study.wait_until(&mut child, |study, _| {
            if least == 0 { begun.elapsed() >= delay } else { study.events_of("killed") >= least }
        });
        study.seen.extend(children_of(child.id()));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        killed += u32::from(runs_still && status.code().is_none());
        study.check_that_none_is_left();
        if study.events_of("killed") == study.events && killed < wanted {
            // It is whole: begin anew, beside the log that the killed program has left.
            fs::remove_file(study.world.path("killed.study")).unwrap();
        }
    }
    let child = study.start("killed", "2", &[]);
    study.finish("killed", child);
    study.check_cache();
    println!("the program killed {killed} times in {runs} runs of {file}");
}

#[test]
fn a_promotion_study_whose_program_is_killed_again_and_again_has_the_same_digest() {
    kill_program("digits/promotion.toml", 25, 42);
}

#[test]
fn a_stopping_study_whose_program_is_killed_again_and_again_has_the_same_digest() {
    kill_program("toy/stopping.toml", 25, 43);
}

#[test]
fn a_worker_that_stands_still_is_replaced_and_the_study_has_the_same_digest() {
    let mut study = Killed::new("digits/promotion.toml");
    let mut child = study.start("killed", "2", &["--stall-time-max", "2s"]);
    let least = study.events / 3;
    let mut worker = None;
    let runs_still = study.wait_until(&mut child, |study, children| {
        worker = children.first().copied();
        worker.is_some() && study.events_of("killed") >= least
    });
    let worker = worker.unwrap();
    assert!(runs_still && signal(worker, Signal::STOP), "no worker was stopped");
    let stopped = Instant::now();
    study.finish("killed", child);
    assert!(stopped.elapsed() >= Duration::from_secs(2), "nobody waited for the worker that stood still");
    assert!(!is_alive(worker), "the worker that stood still is left");
}
