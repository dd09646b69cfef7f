//! A few lines on a terminal, drawn anew as the study gets on: how far it is, the best reward with its curve, how the rungs fill, and
//! the trials that run.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::filling::Filling;
use super::lines;
use super::sparkline::Sparkline;
use crate::numeric::amount::{Fuel, VirtualTime};
use crate::output::number;
use crate::output::sanitize::printable;
use crate::output::summary::Counts;
use crate::study::{Entry, Event, Observer, RunProgress, RunningTrial, StudySpec, StudyState};

/// How many characters the bar has, and the curve.
const BAR_COLUMNS: usize = 20;
/// How many running trials are shown at most.
const RUNNING_MAX: usize = 8;
/// How many lines there are besides these.
const OTHER_LINES: usize = 6;
/// Over how long the rate of fuel is taken.
const RATE_WINDOW: Duration = Duration::from_secs(2);
const GREEN: &str = "\u{1b}[32m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terminal {
    /// Whether text may be coloured.
    pub(super) colour: bool,
    /// Whether it has more than ASCII, for the curve.
    pub(super) unicode: bool,
    /// How many lines it has, if that is known.
    pub(super) rows: Option<usize>,
}

pub(super) struct Live {
    lines: Vec<ProgressBar>,
    // Holds the lines together on the terminal.
    screen: MultiProgress,
    style: ProgressStyle,
    text: LiveText,
}

/// What the lines say.
struct LiveText {
    num_trials: Option<u64>,
    time_out: Option<f64>,
    time_attr: String,
    terminal: Terminal,
    curve: Sparkline,
    filling: Option<Filling>,
    /// How far the study was when the run began, which is not 0 for one that is resumed.
    begun_at: Option<f64>,
    /// When the rate of fuel was taken last, and the fuel then.
    sample: (Duration, Fuel),
    fuel_per_second: Option<f64>,
}

impl Live {
    pub(super) fn new(spec: &StudySpec, target: ProgressDrawTarget, terminal: Terminal) -> Self {
        let screen = MultiProgress::with_draw_target(target);
        // Cut to the terminal's width, so that a narrow one shows the beginnings, which matter most.
        let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        // The lines keep their places, so they need not be wiped before they are drawn anew.
        screen.set_move_cursor(true);
        Self { lines: Vec::new(), screen, style, text: LiveText::new(spec, terminal) }
    }

    fn draw(&mut self, texts: &[String]) {
        while self.lines.len() < texts.len() {
            self.lines.push(self.screen.add(ProgressBar::new(0).with_style(self.style.clone())));
        }
        // A line that is of no use now stays, empty: to take it away and add it again would make the others jump.
        let texts = texts.iter().map(String::as_str).chain(std::iter::repeat(""));
        for (line, text) in self.lines.iter().zip(texts) {
            line.set_message(text.to_owned());
        }
    }

    /// Takes the lines away for good, so that what comes after, such as the summary, begins on a clean line.
    fn clear(&self) {
        // If that fails the terminal has gone, and nobody is there to be told.
        let _ = self.screen.clear();
        self.screen.set_draw_target(ProgressDrawTarget::hidden());
    }
}

impl Observer for Live {
    fn on_event(&mut self, entry: &Entry, state: &StudyState) {
        // Events come faster than anybody reads; what they change is drawn at the next tick.
        self.text.follow(&entry.event, state);
        if matches!(entry.event, Event::StudyEnded { .. }) {
            self.clear();
        }
    }

    fn on_recorded(&mut self, entry: &Entry, state: &StudyState) {
        self.text.follow(&entry.event, state);
    }

    fn on_tick(&mut self, progress: &RunProgress, state: &StudyState) {
        if state.ended().is_none() {
            let texts = self.text.lines(progress, state);
            self.draw(&texts);
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.clear();
    }
}

impl LiveText {
    fn new(spec: &StudySpec, terminal: Terminal) -> Self {
        Self {
            num_trials: spec.num_trials,
            time_out: spec.time_out.map(VirtualTime::seconds),
            time_attr: printable(&spec.metrics.time_attr, 20),
            terminal,
            curve: Sparkline::default(),
            filling: Filling::of(spec),
            begun_at: None,
            sample: (Duration::ZERO, Fuel(0)),
            fuel_per_second: None,
        }
    }

    fn follow(&mut self, event: &Event, state: &StudyState) {
        if let Some(best) = state.best() {
            self.curve.note(state.time(), best.reward);
        }
        if let Some(filling) = &mut self.filling {
            filling.follow(event, state);
        }
    }

    fn lines(&mut self, progress: &RunProgress, state: &StudyState) -> Vec<String> {
        let counts = Counts::of(state);
        let done = self.done(jobs_done(&counts, state), state);
        let begun_at = *self.begun_at.get_or_insert(done);
        self.take_rate(progress);
        let trials = match self.num_trials {
            Some(all) => format!("{} of {all} trials", jobs_done(&counts, state)),
            None => format!("{} trials", counts.ended()),
        };
        let failed = if counts.failed == 0 { String::new() } else { format!(", {} failed", counts.failed) };
        let running = format!(", {} running", progress.running.len());
        let cached = match progress.cached_trials {
            0 => String::new(),
            cached => format!(", {cached} from the cache"),
        };
        let mut lines = vec![
            format!("[{}] {trials}{failed}{running}{cached}", self.coloured(GREEN, &bar(done))),
            self.best_line(state),
        ];
        lines.extend(self.filling.as_ref().map(Filling::line));
        lines.push(self.rate_line(progress, time_left(done, begun_at, progress.wall_time)));
        lines.extend(self.running_lines(progress, state));
        lines
    }

    fn best_line(&self, state: &StudyState) -> String {
        let best = self.coloured(BOLD, &lines::best(state));
        let curve = if self.terminal.unicode { self.curve.draw(state.time(), BAR_COLUMNS) } else { String::new() };
        if curve.is_empty() { best } else { format!("{best}  {}", self.coloured(GREEN, &curve)) }
    }

    fn rate_line(&self, progress: &RunProgress, left: Option<f64>) -> String {
        let rate = self.fuel_per_second.map_or("-".into(), |rate| number::count(rate as u64));
        let left = left.map_or(String::new(), |left| format!(", about {} left", number::about(left)));
        let lost = match progress.workers_lost {
            0 => String::new(),
            lost => format!(", {lost} workers lost"),
        };
        format!("{rate} fuel per second{left}{lost}")
    }

    /// The trials that run, as many as there is room for.
    fn running_lines(&self, progress: &RunProgress, state: &StudyState) -> Vec<String> {
        let room = self.terminal.rows.map_or(RUNNING_MAX, |rows| rows.saturating_sub(OTHER_LINES).min(RUNNING_MAX));
        let mut lines: Vec<String> =
            progress.running.iter().take(room).map(|running| self.running_line(running, state)).collect();
        let more = progress.running.len().saturating_sub(lines.len());
        if more > 0 && !lines.is_empty() {
            lines.push(format!("  and {more} more"));
        }
        lines
    }

    fn running_line(&self, running: &RunningTrial, state: &StudyState) -> String {
        let record = state.trial(running.trial);
        let time = record.and_then(|record| record.time);
        let time = time.map_or(String::new(), |time| format!("  {} {time}", self.time_attr));
        let reward = record.and_then(|record| record.reward);
        let reward = reward.map_or(String::new(), |reward| format!("  {}", number::real(reward)));
        let memory = running.memory_bytes.map_or(String::new(), |bytes| format!("  {}", number::bytes(bytes)));
        format!("  trial {}{time}{reward}  {} fuel{memory}", running.trial, number::count(running.fuel.0))
    }

    /// How far the study is, from 0 to 1: by its trials or its time, whichever ends it first.
    fn done(&self, jobs_done: u64, state: &StudyState) -> f64 {
        let by_trials = self.num_trials.map_or(0.0, |all| jobs_done as f64 / all.max(1) as f64);
        let by_time = self.time_out.map_or(0.0, |all| state.time().seconds() / all);
        by_trials.max(by_time).clamp(0.0, 1.0)
    }

    fn take_rate(&mut self, progress: &RunProgress) {
        let (since, before) = self.sample;
        let passed = progress.wall_time.saturating_sub(since);
        let is_whole = passed >= RATE_WINDOW;
        // At the beginning a part of the window must do.
        if is_whole || since.is_zero() && !passed.is_zero() {
            self.fuel_per_second = Some(progress.fuel.0.saturating_sub(before.0) as f64 / passed.as_secs_f64());
        }
        if is_whole {
            self.sample = (progress.wall_time, progress.fuel);
        }
    }

    fn coloured(&self, colour: &str, text: &str) -> String {
        if self.terminal.colour { format!("{colour}{text}{RESET}") } else { text.to_owned() }
    }
}

/// How many jobs are over, which is what `num_trials` counts: a promotion of a paused trial is another.
fn jobs_done(counts: &Counts, state: &StudyState) -> u64 {
    state.jobs().saturating_sub(counts.unfinished)
}

fn bar(done: f64) -> String {
    // `done` is from 0 to 1.
    let full = (done * BAR_COLUMNS as f64) as usize;
    "#".repeat(full) + &"-".repeat(BAR_COLUMNS - full)
}

/// The seconds that are left if the study gets on as it did in this run; none as long as that says nothing.
fn time_left(done: f64, begun_at: f64, wall_time: Duration) -> Option<f64> {
    const TELLING: f64 = 0.01;
    let advance = done - begun_at;
    let telling = advance >= TELLING && wall_time >= Duration::from_secs(1);
    telling.then(|| (1.0 - done) / advance * wall_time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::TrialId;
    use crate::output::fixture;

    const PLAIN: Terminal = Terminal { colour: false, unicode: false, rows: None };

    fn progress(seconds: u64, fuel: u64) -> RunProgress {
        let memory_bytes = Some(3 << 20);
        let running = vec![RunningTrial { trial: TrialId(3), fuel: Fuel(5), memory_bytes }];
        RunProgress { wall_time: Duration::from_secs(seconds), fuel: Fuel(fuel), running, ..RunProgress::default() }
    }

    #[test]
    fn the_lines_tell_how_the_study_gets_on() {
        let (spec, state) = fixture::study();
        let mut text = LiveText::new(&spec, PLAIN);
        let empty = fixture::empty().1;
        assert_eq!(
            text.lines(&RunProgress { running: Vec::new(), ..progress(0, 0) }, &empty),
            ["[--------------------] 0 of 8 trials, 0 running", "no best trial", "- fuel per second"]
        );
        assert_eq!(
            text.lines(&RunProgress { workers_lost: 2, cached_trials: 2, ..progress(60, 120_000_000_000) }, &state),
            [
                "[#######-------------] 3 of 8 trials, 1 failed, 1 running, 2 from the cache",
                "best 0.9644 (trial 1)",
                "2.0G fuel per second, about 1 min 40 s left, 2 workers lost",
                "  trial 3  epoch 10  0.5  5 fuel  3.0 MiB",
            ]
        );
    }

    #[test]
    fn the_best_is_drawn_where_the_terminal_has_the_characters() {
        let (spec, state) = fixture::study();
        let line = |unicode| {
            let mut text = LiveText::new(&spec, Terminal { unicode, ..PLAIN });
            let mut sofar = fixture::empty().1;
            for event in fixture::events() {
                sofar.apply(&event);
                text.follow(&event, &sofar);
            }
            text.lines(&progress(1, 1), &state)[1].clone()
        };
        assert_eq!(line(false), "best 0.9644 (trial 1)");
        assert_eq!(line(true), "best 0.9644 (trial 1)  ████████████████████");
    }

    #[test]
    fn a_low_terminal_keeps_the_lines_that_matter_most() {
        let (spec, state) = fixture::study();
        let running: Vec<RunningTrial> = (0..20).map(|_| progress(0, 0).running[0]).collect();
        let lines = |rows| {
            let progress = RunProgress { running: running.clone(), ..progress(1, 1) };
            LiveText::new(&spec, Terminal { rows, ..PLAIN }).lines(&progress, &state)
        };
        assert_eq!((lines(Some(5)).len(), lines(Some(8)).len(), lines(None).len()), (3, 6, 12));
        assert_eq!(lines(Some(8))[5], "  and 18 more");
    }

    #[test]
    fn colours_add_nothing_to_the_words() {
        let (spec, state) = fixture::study();
        let lines = |colour| LiveText::new(&spec, Terminal { colour, ..PLAIN }).lines(&progress(1, 1), &state);
        let plain: Vec<String> = lines(true)
            .iter()
            .map(|line| [GREEN, BOLD, RESET].iter().fold(line.clone(), |line, code| line.replace(code, "")))
            .collect();
        assert_eq!(plain, lines(false));
    }

    #[test]
    fn a_resumed_study_counts_from_where_it_was() {
        assert_eq!(time_left(0.75, 0.5, Duration::from_secs(10)), Some(10.0));
        assert_eq!(time_left(0.5, 0.5, Duration::from_secs(10)), None);
    }

    #[test]
    fn a_run_can_be_watched_to_its_end() {
        let (spec, state) = fixture::study();
        let mut live =
            Live::new(&spec, ProgressDrawTarget::hidden(), Terminal { colour: true, unicode: true, rows: Some(40) });
        live.on_tick(&progress(1, 5), &state);
        fixture::replay(&mut live);
    }
}
