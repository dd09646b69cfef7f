//! The rungs of each bracket: how many trials came there and what became of them, and the rewards with the cut-off.

use super::axis::{Axis, Reach, grouped, reward};
use super::canvas::{Anchor, fitted, text_width};
use super::colour::{Colour, Palette};
use super::panel::draw_across;
use super::sample::quantile;
use super::sheet::{LABEL_SIZE, Room, Sheet};
use crate::output::{Account, number};
use crate::scheduler::{Comparison, RungEntry, RungState, SchedulerSpec};
use crate::study::{Outcome, StopReason, TrialStatus};

/// The least height of a rung, in pixels.
const ROW_MIN: f64 = 26.0;
const ROW_MAX: f64 = 130.0;
/// The greatest height of a bar.
const BAR_MAX: f64 = 34.0;
/// Up to so many rewards are drawn as dots.
const DOTS_MAX: usize = 80;
/// Into how many bins more are counted.
const BINS: usize = 60;

/// What became of a trial that came to a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    WentOn,
    Waits,
    Stopped,
    /// It ended there for another reason, or runs and was not decided on.
    Other,
}

impl Fate {
    const ALL: [Self; 4] = [Self::WentOn, Self::Waits, Self::Stopped, Self::Other];

    fn name(self) -> &'static str {
        match self {
            Self::WentOn => "went on",
            Self::Waits => "wait",
            Self::Stopped => "stopped there",
            Self::Other => "ended otherwise, or run",
        }
    }

    fn colour(self, palette: &Palette) -> Colour {
        match self {
            Self::WentOn => palette.data,
            Self::Waits => palette.paused,
            Self::Stopped => palette.axis,
            Self::Other => palette.failed,
        }
    }
}

/// A row of the picture.
struct Row<'a> {
    bracket: Option<u32>,
    /// Whether it is the first of its bracket.
    is_first: bool,
    rung: &'a RungState,
    /// How many trials of each fate, in the order of [`Fate::ALL`].
    fates: [usize; 4],
    cutoff: Option<f64>,
}

pub(super) fn draw(sheet: &mut Sheet, account: &Account) {
    let mut rows = rows(account);
    let all = rows.len();
    rows.truncate((((sheet.canvas.height - 190.0) / ROW_MIN) as usize).max(1));
    let rewards = rows.iter().flat_map(|row| row.rung.entries.iter().map(|entry| entry.reward)).collect();
    let Some(reach) = Reach::of(rewards) else { return };
    let mut notes = vec![
        "Left: the trials that came to each rung, and what became of them. Right: their rewards there; beyond the mark, the cut-off as it \
         stands, trials go on"
            .to_owned(),
    ];
    if rows.len() < all {
        notes.push(format!("{} of {all} rungs drawn", rows.len()));
    }
    notes.extend(reach.note("reward"));
    let room = sheet.room_above(&notes);
    let occurring = |fate: &(usize, Fate)| rows.iter().any(|row| row.fates.get(fate.0).is_some_and(|count| *count > 0));
    let key: Vec<(Colour, &str)> = (Fate::ALL.into_iter().enumerate().filter(occurring))
        .map(|(_, fate)| (fate.colour(sheet.palette), fate.name()))
        .collect();
    let room = sheet.key(&key, room);
    let room = Room { bottom: room.bottom - 36.0, ..room };
    let names: Vec<(String, String)> = rows.iter().map(|row| names(account, row)).collect();
    let width = |text: &str| text_width(text, LABEL_SIZE);
    let brackets = names.iter().map(|(bracket, _)| width(bracket)).fold(0.0, f64::max);
    let levels = names.iter().map(|(_, level)| width(level)).fold(0.0, f64::max);
    let counts = rows.iter().map(|row| width(&went_on_of(row))).fold(0.0, f64::max);
    let left = room.left + brackets + levels + if brackets > 0.0 { 22.0 } else { 10.0 };
    let middle = left + (room.right - left) * 0.44;
    let height = (room.height() / rows.len().max(1) as f64).min(ROW_MAX);
    let room = Room { bottom: room.top + height * rows.len() as f64, ..room };
    let bars = Room { left, right: middle - counts - 12.0, ..room };
    let spread = Room { left: middle + 16.0, ..room };
    let across = Axis::linear(reach.lower, reach.upper, 0.04);
    draw_across(sheet.canvas, sheet.palette, spread, &across);
    let title = format!("{} at the rung →", fitted(&account.spec().metrics.reward_attr, 12.0, spread.width() - 110.0));
    sheet.canvas.text(&title, (spread.right, spread.bottom + 31.0), 12.0, sheet.palette.quiet, Anchor::End);
    let title = "trials that went on, of those that came to the rung";
    sheet.canvas.text(title, (bars.left, bars.bottom + 14.0), LABEL_SIZE, sheet.palette.quiet, Anchor::Start);
    let most = rows.iter().map(|row| row.rung.entries.len()).max().unwrap_or(1).max(1);
    for (index, (row, (bracket, level))) in rows.iter().zip(&names).enumerate() {
        let (top, bottom) = (room.top + index as f64 * height, room.top + (index + 1) as f64 * height);
        let y = (top + bottom) / 2.0;
        if row.is_first && index > 0 {
            sheet.canvas.line((room.left, top), (room.right, top), sheet.palette.grid, 1.0);
        }
        sheet.canvas.text(bracket, (room.left, y), LABEL_SIZE, sheet.palette.text, Anchor::Start);
        sheet.canvas.text(level, (left - 8.0, y), LABEL_SIZE, sheet.palette.text, Anchor::End);
        draw_bar(sheet, Room { top, bottom, ..bars }, row, most);
        draw_spread(sheet, Room { top, bottom, ..spread }, row, across);
    }
}

/// The rungs that decide something and hold something, of each bracket the highest first.
fn rows(account: &Account) -> Vec<Row<'_>> {
    let SchedulerSpec::Hyperband(spec) = &account.spec().scheduler else { return Vec::new() };
    let mut rows: Vec<Row> = Vec::new();
    for system in account.rungs() {
        // One at the very end of trials holds nothing.
        let deciding = system.rungs.iter().filter(|rung| rung.level < spec.max_t && !rung.entries.is_empty());
        for (index, rung) in deciding.enumerate() {
            let mut fates = [0; 4];
            for entry in &rung.entries {
                let fate = fate(account, rung, entry);
                if let Some(count) = fates.get_mut(Fate::ALL.iter().position(|other| *other == fate).unwrap_or(0)) {
                    *count += 1;
                }
            }
            rows.push(Row { bracket: system.bracket, is_first: index == 0, rung, fates, cutoff: cutoff(rung) });
        }
    }
    rows
}

fn fate(account: &Account, rung: &RungState, entry: &RungEntry) -> Fate {
    let Some(record) = account.state().trial(entry.trial) else { return Fate::Other };
    if entry.promoted || record.time.is_some_and(|time| time > rung.level) {
        return Fate::WentOn;
    }
    match &record.status {
        TrialStatus::Paused { .. } => Fate::Waits,
        TrialStatus::Ended(Outcome::Stopped { reason: StopReason::Scheduler }) => Fate::Stopped,
        // It was let go on and has not reported since.
        TrialStatus::Running if matches!(rung.comparison, Comparison::Cutoff { .. }) => Fate::WentOn,
        TrialStatus::Running | TrialStatus::Ended(_) => Fate::Other,
    }
}

/// The reward from which on trials go on, as it stands.
fn cutoff(rung: &RungState) -> Option<f64> {
    match rung.comparison {
        Comparison::Cutoff { cutoff, .. } => cutoff,
        Comparison::Top { places, .. } => {
            let mut rewards: Vec<f64> = rung.entries.iter().map(|entry| entry.reward).collect();
            rewards.sort_unstable_by(|one, other| other.total_cmp(one));
            rewards.get(usize::try_from(places.checked_sub(1)?).ok()?).copied()
        }
    }
}

/// How the row's bracket and level are written.
fn names(account: &Account, row: &Row) -> (String, String) {
    let bracket = match row.bracket {
        Some(bracket) if row.is_first && account.rungs().len() > 1 => format!("bracket {bracket}"),
        _ => String::new(),
    };
    let metrics = &account.spec().metrics;
    let level = if metrics.time_is_fuel() { number::count(row.rung.level) } else { row.rung.level.to_string() };
    (bracket, format!("{} {level}", fitted(&metrics.time_attr, LABEL_SIZE, 90.0)))
}

/// How many of those that came to the rung went on.
fn went_on_of(row: &Row) -> String {
    let went_on = row.fates.first().copied().unwrap_or(0);
    format!("{} of {}", grouped(went_on as u64), grouped(row.rung.entries.len() as u64))
}

fn draw_bar(sheet: &mut Sheet, room: Room, row: &Row, most: usize) {
    let (canvas, palette) = (&mut *sheet.canvas, sheet.palette);
    let inset = (room.height() * 0.22).max((room.height() - BAR_MAX) / 2.0);
    let mut left = room.left;
    for (fate, count) in Fate::ALL.iter().zip(row.fates) {
        if count > 0 {
            let right = left + room.width() * count as f64 / most as f64;
            canvas.rect((left, room.top + inset), (right.max(left + 0.5), room.bottom - inset), fate.colour(palette));
            left = right;
        }
    }
    let text = went_on_of(row);
    let y = (room.top + room.bottom) / 2.0;
    canvas.text(&text, (left + 6.0, y), LABEL_SIZE, palette.quiet, Anchor::Start);
}

fn draw_spread(sheet: &mut Sheet, room: Room, row: &Row, across: Axis) {
    let (canvas, palette) = (&mut *sheet.canvas, sheet.palette);
    let base = room.bottom - 3.0;
    canvas.line((room.left, base), (room.right, base), palette.grid, 1.0);
    let colour = |reward: f64| match row.cutoff {
        Some(cutoff) if reward >= cutoff => palette.data,
        _ => palette.axis,
    };
    let x = |reward: f64| room.left + across.position(reward) * room.width();
    let mut rewards: Vec<f64> = row.rung.entries.iter().map(|entry| entry.reward).collect();
    rewards.sort_unstable_by(f64::total_cmp);
    if rewards.len() <= DOTS_MAX {
        for (reward, entry) in row.rung.entries.iter().map(|entry| (entry.reward, entry)) {
            let height = (room.height() - 28.0).max(4.0) * super::sample::scattered(entry.trial);
            canvas.dot((x(reward), base - 4.0 - height), 2.5, colour(reward).ink(0.75));
        }
    } else {
        let mut bins = [0_usize; BINS];
        for reward in &rewards {
            let bin = ((across.position(*reward) * BINS as f64) as usize).min(BINS - 1);
            if let Some(count) = bins.get_mut(bin) {
                *count += 1;
            }
        }
        let most = bins.iter().copied().max().unwrap_or(1).max(1) as f64;
        let width = room.width() / BINS as f64;
        for (bin, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
            let left = room.left + bin as f64 * width;
            let height = ((room.height() - 22.0) * *count as f64 / most).max(0.75);
            let reward = across.value((bin as f64 + 0.5) / BINS as f64);
            canvas.rect((left, base - height), (left + width - 0.5, base), colour(reward).ink(0.85));
        }
    }
    if let Some(cutoff) = row.cutoff {
        let at = x(cutoff);
        canvas.line((at, room.top + 3.0), (at, base), palette.best, 2.0);
        let text = reward(cutoff);
        let is_right = at + text_width(&text, LABEL_SIZE) + 8.0 < room.right;
        let (place, anchor) = if is_right { (at + 5.0, Anchor::Start) } else { (at - 5.0, Anchor::End) };
        canvas.label(&text, (place, room.top + 9.0), LABEL_SIZE, (palette.text, palette.ground), anchor);
    } else {
        let median = x(quantile(&rewards, 0.5));
        canvas.line((median, base - 6.0), (median, base), palette.quiet, 1.5);
    }
}
