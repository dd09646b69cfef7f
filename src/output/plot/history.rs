//! The last reward of each trial over virtual time, the best so far as a line, and failures as ticks.

use super::axis::{Axis, Reach, grouped};
use super::canvas::{Anchor, Place, text_width};
use super::density;
use super::panel::{Panel, Titles};
use super::sample::{best, settled};
use super::sheet::{LABEL_SIZE, Room, Sheet};
use crate::numeric::amount::VirtualTime;
use crate::output::Account;
use crate::study::OutcomeClass;

/// Beyond so many trials cells are drawn in place of dots.
const DOTS_MAX: usize = 1_500;
const CELLS_MAX: f64 = 4_500.0;
/// How many ticks of failures are drawn.
const TICKS_MAX: usize = 600;
/// How many steps of the best are drawn.
const STEPS_MAX: usize = 1_000;

pub(super) fn draw(sheet: &mut Sheet, account: &Account) {
    let ends = ends(account);
    let end = |trial: u64| ends.get(usize::try_from(trial).ok()?).copied().flatten().map(VirtualTime::seconds);
    let dots: Vec<(f64, f64)> =
        settled(account).filter_map(|trial| Some((end(trial.record.trial.0)?, trial.reward))).collect();
    let is_failed =
        |outcome: Option<&crate::study::Outcome>| outcome.is_some_and(|it| it.class() == OutcomeClass::Failed);
    let failures: Vec<f64> = (account.state().trials().iter())
        .filter(|record| is_failed(record.outcome()))
        .filter_map(|record| end(record.trial.0))
        .collect();
    let Some(reach) = Reach::of(dots.iter().map(|(_, reward)| *reward).collect()) else { return };
    let notes = notes(&dots, &failures, reach);
    let room = sheet.room_above(&notes);
    let latest = account.state().time().seconds();
    let axes = (Axis::linear(0.0, latest, 0.0), Axis::linear(reach.lower, reach.upper, 0.06));
    let titles = Titles { across: "virtual seconds", up: &account.spec().metrics.reward_attr };
    let panel = Panel::new(sheet, room, axes, titles);
    let (palette, canvas) = (sheet.palette, &mut *sheet.canvas);
    if dots.len() > DOTS_MAX {
        let places: Vec<Place> = dots.iter().map(|(time, reward)| panel.place(*time, *reward)).collect();
        density::draw(canvas, panel.room, &places, palette.data, CELLS_MAX);
    } else {
        for dot in &dots {
            panel.mark(canvas, *dot, if dots.len() > 300 { 2.0 } else { 3.0 }, palette.data, 0.55);
        }
    }
    let mut ticks: Vec<i64> = failures.iter().map(|time| (panel.place(*time, 0.0).0 * 2.0) as i64).collect();
    ticks.sort_unstable();
    ticks.dedup();
    for tick in super::sample::evenly(&ticks, TICKS_MAX) {
        let (x, y) = (*tick as f64 / 2.0, panel.room.bottom);
        canvas.line((x, y - 10.0), (x, y - 1.0), palette.failed, 1.25);
    }
    draw_bests(sheet, account, &panel, latest);
    draw_best(sheet, account, &panel, &end);
}

/// What the caption says.
fn notes(dots: &[(f64, f64)], failures: &[f64], reach: Reach) -> Vec<String> {
    let mut notes = vec!["Each trial's last reward at its end; the line is the best so far".to_owned()];
    if dots.len() > DOTS_MAX {
        let count = grouped(dots.len() as u64);
        notes = vec![format!(
            "The last rewards of {count} trials at their ends: the stronger the colour, the more in a cell; the line is the best so far"
        )];
    }
    notes.extend(reach.note("reward"));
    match failures.len() {
        0 => {}
        1 => notes.push("The tick below is a trial that failed".into()),
        count => notes.push(format!("The ticks below are the {} trials that failed", grouped(count as u64))),
    }
    notes
}

/// When each trial ended or was last paused; none while it runs.
fn ends(account: &Account) -> Vec<Option<VirtualTime>> {
    let mut ends = vec![None; account.state().trials().len()];
    for job in account.jobs() {
        if let Some(end) = usize::try_from(job.trial.0).ok().and_then(|index| ends.get_mut(index)) {
            *end = job.end;
        }
    }
    ends
}

fn draw_bests(sheet: &mut Sheet, account: &Account, panel: &Panel, latest: f64) {
    let mut steps: Vec<Place> = Vec::new();
    let bests: Vec<_> = account.bests().iter().collect();
    for since in super::sample::evenly(&bests, STEPS_MAX) {
        let (x, y) = panel.place(since.time.seconds(), since.best.reward);
        if let Some((_, before)) = steps.last().copied() {
            steps.push((x, before));
        }
        steps.push((x, y));
    }
    if let Some((_, y)) = steps.last().copied() {
        steps.push((panel.place(latest, 0.0).0, y));
        sheet.canvas.path(steps, sheet.palette.best, 2.0);
    }
}

fn draw_best(sheet: &mut Sheet, account: &Account, panel: &Panel, end: &dyn Fn(u64) -> Option<f64>) {
    let Some(trial) = best(account) else { return };
    let Some(reward) = account.state().best().map(|best| best.reward) else { return };
    let Some(time) = end(trial.0) else { return };
    let (x, y) = panel.place(time, reward);
    let (palette, canvas) = (sheet.palette, &mut *sheet.canvas);
    canvas.dot((x, y), 4.5, palette.ground);
    canvas.ring((x, y), 4.5, palette.best, 2.0);
    let text = format!("trial {trial}: {}", super::axis::reward(reward));
    label_beside(canvas, &text, (x, y), panel.room, (palette.text, palette.ground));
}

/// A label above a place, moved so that it stays within the room.
pub(super) fn label_beside(
    canvas: &mut super::canvas::Canvas,
    text: &str,
    (x, y): Place,
    room: Room,
    colours: (super::colour::Colour, super::colour::Colour),
) {
    let width = text_width(text, LABEL_SIZE);
    let left = (x - width / 2.0).min(room.right - width).max(room.left + 4.0);
    let middle = if y - 15.0 < room.top - 14.0 { y + 16.0 } else { y - 15.0 };
    canvas.label(text, (left, middle), LABEL_SIZE, colours, Anchor::Start);
}
