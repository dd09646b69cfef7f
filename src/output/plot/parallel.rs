//! All parameters side by side, and the reward on the right: one line a trial, coloured by its reward.

use super::axis::{Axis, Reach, grouped};
use super::canvas::{Anchor, Place, fitted};
use super::parameters::{ValueAxis, shown};
use super::sample::{Settled, best, best_of, evenly, scattered, settled};
use super::sheet::{LABEL_SIZE, Room, Sheet};
use crate::output::Account;
use crate::space::Parameter;

/// How many parameters are shown at most; narrow pictures show fewer.
const AXES_MAX: usize = 12;
const AXIS_WIDTH_MIN: f64 = 74.0;
/// So many lines are drawn one by one.
const LINES_MAX: usize = 150;
/// Of more, the best so many,
const BEST_COUNT: usize = 30;
/// and so many others, chosen evenly.
const SAMPLE_COUNT: usize = 120;
/// In how many pieces the colour scale of the reward is drawn.
const SCALE_STEPS: u32 = 60;
/// Below the axes stands what a trial does not have.
const ABSENT: f64 = -0.06;

pub(super) fn draw(sheet: &mut Sheet, account: &Account) {
    let trials: Vec<Settled> = settled(account).collect();
    let drawn = chosen(&trials);
    let Some(reach) = Reach::of(trials.iter().map(|trial| trial.reward).collect()) else { return };
    let fitting = ((sheet.canvas.width - 120.0) / AXIS_WIDTH_MIN) as usize;
    let (parameters, limit) = shown(account, AXES_MAX.min(fitting.max(1)));
    let has_absent = parameters.iter().any(|parameter| parameter.condition.is_some());
    let mut notes = vec!["One line a trial, the colour is its last reward; the thick one is the best".to_owned()];
    if drawn.len() < trials.len() {
        notes = vec![format!(
            "{} of {} trials drawn: the {BEST_COUNT} best and an even sample. The colour is the last reward; the thick line is the best",
            drawn.len(),
            grouped(trials.len() as u64)
        )];
    }
    notes.extend(limit);
    notes.extend(reach.note("reward"));
    if has_absent {
        notes.push("Below an axis, trials that do not have the parameter".into());
    }
    let room = sheet.room_above(&notes);
    let room = Room {
        left: room.left + 26.0,
        top: room.top + 26.0,
        right: room.right - 66.0,
        bottom: room.bottom - if has_absent { 26.0 } else { 8.0 },
    };
    let reward = Axis::linear(reach.lower, reach.upper, 0.0);
    let axes: Vec<(&Parameter, ValueAxis)> =
        parameters.into_iter().map(|parameter| (parameter, ValueAxis::of(&parameter.domain))).collect();
    let best = best(account);
    for trial in drawn.iter().filter(|trial| Some(trial.record.trial) != best) {
        let share = reward.position(trial.reward);
        let opacity = if drawn.len() > 60 { 0.35 + 0.4 * share } else { 0.75 };
        let colour = sheet.palette.scaled(share).ink(opacity);
        sheet.canvas.path(line(room, &axes, trial, reward), colour, 1.25);
    }
    if let Some(trial) = trials.iter().find(|trial| Some(trial.record.trial) == best) {
        let places = line(room, &axes, trial, reward);
        sheet.canvas.path(places.clone(), sheet.palette.ground, 5.0);
        sheet.canvas.path(places, sheet.palette.best, 3.0);
    }
    for (index, (parameter, axis)) in axes.iter().enumerate() {
        draw_axis(sheet, room, (index, axes.len()), parameter, axis);
    }
    draw_reward(sheet, room, reward, axes.len(), &account.spec().metrics.reward_attr);
}

/// The lines that are drawn, the worst first, so that the best lie on top.
fn chosen<'a>(trials: &[Settled<'a>]) -> Vec<Settled<'a>> {
    let sorted = best_of(trials, trials.len());
    let mut drawn: Vec<Settled> = if trials.len() <= LINES_MAX {
        sorted
    } else {
        let (best, others) = sorted.split_at(BEST_COUNT.min(sorted.len()));
        best.iter().chain(evenly(others, SAMPLE_COUNT)).copied().collect()
    };
    drawn.reverse();
    drawn
}

fn across(room: Room, index: usize, axes: usize) -> f64 {
    room.left + room.width() * index as f64 / axes.max(1) as f64
}

fn line(room: Room, axes: &[(&Parameter, ValueAxis)], trial: &Settled, reward: Axis) -> Vec<Place> {
    let shift = (2.0 * scattered(trial.record.trial) - 1.0) * 0.6;
    let mut places: Vec<Place> = (axes.iter().enumerate())
        .map(|(index, (parameter, axis))| {
            let position = axis.position(parameter, &trial.record.config, shift).unwrap_or(ABSENT);
            (across(room, index, axes.len()), room.bottom - position * room.height())
        })
        .collect();
    places.push((room.right, room.bottom - reward.position(trial.reward) * room.height()));
    places
}

fn draw_axis(sheet: &mut Sheet, room: Room, (index, axes): (usize, usize), parameter: &Parameter, axis: &ValueAxis) {
    let x = across(room, index, axes);
    let width = room.width() / axes.max(1) as f64;
    let (canvas, palette) = (&mut *sheet.canvas, sheet.palette);
    canvas.line((x, room.top), (x, room.bottom), palette.axis, 1.5);
    if parameter.condition.is_some() {
        let y = room.bottom - ABSENT * room.height();
        canvas.line((x - 4.0, y), (x + 4.0, y), palette.axis, 1.5);
    }
    let (name_place, anchor, width) = match index {
        0 => (x - 22.0, Anchor::Start, width / 2.0 + 14.0),
        _ => (x, Anchor::Middle, width - 8.0),
    };
    let name = fitted(&parameter.name, 12.0, width);
    canvas.text(&name, (name_place, room.top - 16.0), 12.0, palette.text, anchor);
    let colours = (palette.quiet, palette.ground);
    for tick in axis.ticks((room.height() / 50.0) as usize) {
        let y = room.bottom - tick.position * room.height();
        canvas.line((x - 3.0, y), (x + 3.0, y), palette.axis, 1.5);
        let label = fitted(&tick.label, LABEL_SIZE, width * 0.6);
        canvas.label(&label, (x + 7.0, y), LABEL_SIZE, colours, Anchor::Start);
    }
}

/// The axis of the reward, which is the scale of the colours too.
fn draw_reward(sheet: &mut Sheet, room: Room, axis: Axis, axes: usize, name: &str) {
    let (canvas, palette) = (&mut *sheet.canvas, sheet.palette);
    let x = across(room, axes, axes);
    // From above, each down to the end, so that no ground is seen between two.
    for step in (0..SCALE_STEPS).rev() {
        let share = (f64::from(step) + 0.5) / f64::from(SCALE_STEPS);
        let top = room.bottom - f64::from(step + 1) / f64::from(SCALE_STEPS) * room.height();
        canvas.rect((x, top), (x + 10.0, room.bottom), palette.scaled(share));
    }
    let name = fitted(name, 12.0, 66.0 + room.width() / axes.max(1) as f64 / 2.0 - 8.0);
    canvas.text(&name, (x + 66.0, room.top - 16.0), 12.0, palette.text, Anchor::End);
    for tick in axis.ticks((room.height() / 50.0) as usize) {
        let y = room.bottom - tick.position * room.height();
        canvas.text(&tick.label, (x + 15.0, y), LABEL_SIZE, palette.quiet, Anchor::Start);
    }
}
