//! Which slot ran what over virtual time, coloured by how it ended.

use super::axis::{Axis, grouped};
use super::canvas::{Anchor, text_width};
use super::colour::{Colour, Palette};
use super::panel::draw_across;
use super::sample::evenly;
use super::sheet::{LABEL_SIZE, Room, Sheet};
use crate::numeric::amount::{Slot, TrialId, VirtualTime};
use crate::output::{Account, Job};
use crate::study::{OutcomeClass, TrialStatus};

/// How many rectangles are drawn at most.
const BARS_MAX: f64 = 3_500.0;
/// The least height of a slot, in pixels.
const ROW_MIN: f64 = 5.5;
const ROW_MAX: f64 = 52.0;
/// A colour within a merged bar has at least this share of it, or it is not drawn.
const SHARE_MIN: f64 = 0.04;

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum JobEnd {
    Completed,
    Stopped,
    Paused,
    Failed,
    Running,
}

impl JobEnd {
    const ALL: [Self; 5] = [Self::Completed, Self::Stopped, Self::Paused, Self::Failed, Self::Running];

    fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Failed => "failed",
            Self::Running => "running",
        }
    }

    fn colour(self, palette: &Palette) -> Colour {
        match self {
            Self::Completed => palette.completed,
            Self::Stopped => palette.stopped,
            Self::Paused => palette.paused,
            Self::Failed => palette.failed,
            Self::Running => palette.running,
        }
    }
}

/// A bar: one job, or several that would be too narrow one by one.
struct Bar {
    left: f64,
    right: f64,
    /// How much of it is of each kind of end, in pixels, in the order of [`JobEnd::ALL`].
    parts: [f64; 5],
    /// The trial, if it is one job.
    trial: Option<TrialId>,
}

impl Bar {
    /// How most of it ended.
    fn end(&self) -> JobEnd {
        let longest = crate::numeric::float::first_largest(&self.parts);
        JobEnd::ALL.get(longest).copied().unwrap_or(JobEnd::Running)
    }
}

pub(super) fn draw(sheet: &mut Sheet, account: &Account) {
    let ends = ends(account);
    let present: Vec<JobEnd> = JobEnd::ALL.into_iter().filter(|end| ends.contains(end)).collect();
    let mut slots: Vec<Slot> = account.jobs().iter().map(|job| job.slot).collect();
    slots.sort_unstable();
    slots.dedup();
    let rows_max = ((sheet.canvas.height - 150.0) / ROW_MIN) as usize;
    let shown: Vec<Slot> = evenly(&slots, rows_max).copied().collect();
    let mut rows: Vec<Vec<(Job, JobEnd)>> = vec![Vec::new(); shown.len()];
    for (job, end) in account.jobs().iter().zip(&ends) {
        if let Some(row) = shown.binary_search(&job.slot).ok().and_then(|row| rows.get_mut(row)) {
            row.push((*job, *end));
        }
    }
    let span = Axis::linear(0.0, account.state().time().seconds(), 0.0);
    let width_min = ((sheet.canvas.width - 100.0) * shown.len() as f64 / BARS_MAX).max(1.0);
    let place = |room: Room| move |seconds: f64| room.left + span.position(seconds) * room.width();
    let latest = account.state().time().seconds();
    // How wide the room is does not depend on the notes, which tell whether bars were merged.
    let left = 24.0 + text_width("slot 00000", LABEL_SIZE);
    let room = Room { left, top: 0.0, right: sheet.canvas.width - 24.0, bottom: 0.0 };
    let bars: Vec<Vec<Bar>> = rows.iter().map(|row| merged(row, place(room), latest, width_min)).collect();
    let is_merged = bars.iter().flatten().any(|bar| bar.trial.is_none());
    let above = sheet.room_above(&notes(account, &slots, &shown, is_merged));
    let colours: Vec<(Colour, &str)> = present.iter().map(|end| (end.colour(sheet.palette), end.name())).collect();
    let below = sheet.key(&colours, above);
    let rows_height = (ROW_MAX * shown.len() as f64).min(below.height() - 36.0);
    let room = Room { top: below.top, bottom: below.top + rows_height, ..room };
    draw_rows(sheet, room, &shown, &bars);
    draw_across(sheet.canvas, sheet.palette, room, &span);
    let title = "virtual seconds →";
    sheet.canvas.text(title, (room.right, room.bottom + 31.0), 12.0, sheet.palette.quiet, Anchor::End);
}

fn notes(account: &Account, slots: &[Slot], shown: &[Slot], is_merged: bool) -> Vec<String> {
    let jobs = account.jobs().len() as u64;
    let plural = if jobs == 1 { "job" } else { "jobs" };
    let mut notes = vec![match is_merged {
        true => format!("One row a slot: {} {plural}", grouped(jobs)),
        false => format!(
            "One row a slot, one bar a job, numbered by its trial where there is room: {} {plural}",
            grouped(jobs)
        ),
    }];
    if shown.len() < slots.len() {
        notes.push(format!("{} of {} slots drawn, chosen evenly", shown.len(), grouped(slots.len() as u64)));
    }
    if is_merged {
        notes.push(
            "Jobs too short to be seen are merged, in bars that show by colour how much of their time ended how".into(),
        );
    }
    notes
}

/// How each job ended, in order.
fn ends(account: &Account) -> Vec<JobEnd> {
    let mut last_jobs = vec![None; account.state().trials().len()];
    for (number, job) in account.jobs().iter().enumerate() {
        if let Some(last) = usize::try_from(job.trial.0).ok().and_then(|index| last_jobs.get_mut(index)) {
            *last = Some(number);
        }
    }
    let is_last = |number: usize, job: &Job| {
        usize::try_from(job.trial.0).ok().and_then(|index| last_jobs.get(index)) == Some(&Some(number))
    };
    let end = |(number, job): (usize, &Job)| match account.state().trial(job.trial).map(|record| &record.status) {
        _ if job.end.is_none() => JobEnd::Running,
        // A job that was not the trial's last ended with a pause.
        Some(_) if !is_last(number, job) => JobEnd::Paused,
        Some(TrialStatus::Ended(outcome)) => match outcome.class() {
            OutcomeClass::Completed => JobEnd::Completed,
            OutcomeClass::Stopped => JobEnd::Stopped,
            OutcomeClass::Failed => JobEnd::Failed,
        },
        Some(TrialStatus::Paused { .. }) => JobEnd::Paused,
        Some(TrialStatus::Running) | None => JobEnd::Running,
    };
    account.jobs().iter().enumerate().map(end).collect()
}

/// The jobs of a slot, in order of start, as bars that are at least `width_min` wide.
fn merged(jobs: &[(Job, JobEnd)], place: impl Fn(f64) -> f64, latest: f64, width_min: f64) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (job, end) in jobs {
        let left = place(job.start.seconds());
        let right = place(job.end.map_or(latest, VirtualTime::seconds)).max(left);
        let kind = JobEnd::ALL.iter().position(|kind| kind == end).unwrap_or(0);
        let add = |bar: &mut Bar| {
            // What takes no time at all is still seen among others that take none.
            if let Some(part) = bar.parts.get_mut(kind) {
                *part += (right - left).max(1e-6);
            }
        };
        match bars.last_mut() {
            // Both the bar so far and this job are too narrow to stand alone.
            Some(bar) if bar.right - bar.left < width_min && right - left < width_min => {
                bar.right = bar.right.max(right);
                bar.trial = None;
                add(bar);
            }
            _ => {
                let mut bar = Bar { left, right, parts: [0.0; 5], trial: Some(job.trial) };
                add(&mut bar);
                bars.push(bar);
            }
        }
    }
    bars
}

fn draw_rows(sheet: &mut Sheet, room: Room, shown: &[Slot], bars: &[Vec<Bar>]) {
    let (canvas, palette) = (&mut *sheet.canvas, sheet.palette);
    let height = (room.height() / shown.len().max(1) as f64).min(ROW_MAX);
    let gap = (height * 0.18).min(4.0);
    let stride = (15.0 / height).ceil() as usize;
    for (row, (slot, bars)) in shown.iter().zip(bars).enumerate() {
        let top = room.top + row as f64 * height;
        if row % stride == 0 {
            let label = if row == 0 { format!("slot {slot}") } else { slot.to_string() };
            canvas.text(&label, (room.left - 8.0, top + (height - gap) / 2.0), LABEL_SIZE, palette.quiet, Anchor::End);
        }
        for bar in bars {
            // A job by itself is set off from the next one.
            let is_wide = bar.trial.is_some() && bar.right - bar.left > 3.0;
            let right = if is_wide { bar.right - 1.0 } else { bar.right.max(bar.left + 1.0) };
            let whole: f64 = bar.parts.iter().sum();
            let mut from = top;
            for (end, part) in JobEnd::ALL.iter().zip(bar.parts) {
                if part < whole * SHARE_MIN {
                    continue;
                }
                let to = (from + (height - gap) * part / whole).min(top + height - gap);
                canvas.rect((bar.left, from), (right, to), end.colour(palette));
                from = to;
            }
            if let Some(trial) = bar.trial {
                let label = trial.to_string();
                if height >= 16.0 && right - bar.left > text_width(&label, 10.0) + 6.0 {
                    let middle = ((bar.left + right) / 2.0, top + (height - gap) / 2.0);
                    canvas.text(&label, middle, 10.0, bar.end().colour(palette).text(), Anchor::Middle);
                }
            }
        }
    }
}
