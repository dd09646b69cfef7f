//! The reward over each parameter, one panel a parameter.

use super::axis::{Axis, Reach, Tick, grouped};
use super::canvas::{Anchor, Place, fitted, text_width};
use super::density;
use super::panel::{Panel, draw_across, draw_up};
use super::parameters::{ValueAxis, shown};
use super::sample::{best, scattered, settled};
use super::sheet::{LABEL_SIZE, Room, Sheet};
use crate::output::Account;
use crate::space::Parameter;

/// How many parameters are shown.
const PANELS_MAX: usize = 12;
/// In all panels together: beyond so many dots cells are drawn.
const DOTS_MAX: usize = 4_000;
const CELLS_MAX: f64 = 4_500.0;
/// The least size of a panel's room, in pixels.
const PANEL_WIDTH_MIN: f64 = 170.0;
/// Between the reward's ticks.
const TICK_DISTANCE: f64 = 30.0;
/// Between panels.
const GAP: f64 = 32.0;

pub(super) fn draw(sheet: &mut Sheet, account: &Account) {
    let rewards: Vec<f64> = settled(account).map(|trial| trial.reward).collect();
    let Some(reach) = Reach::of(rewards.clone()) else { return };
    let (parameters, limit) = shown(account, PANELS_MAX);
    let are_cells = rewards.len() * parameters.len() > DOTS_MAX;
    let mut notes = vec![match are_cells {
        true => format!(
            "The last rewards of {} trials: the stronger the colour, the more in a cell; the ringed one is the best",
            grouped(rewards.len() as u64)
        ),
        false => "Each trial's last reward; the ringed one is the best".to_owned(),
    }];
    notes.extend(limit);
    notes.extend(reach.note("reward"));
    let room = sheet.room_above(&notes);
    let up = Axis::linear(reach.lower, reach.upper, 0.06);
    let mut grid = Grid::of(room, parameters.len());
    let ticks = up.ticks((grid.room(0).height() / TICK_DISTANCE).max(2.0) as usize);
    grid.room.left += widest(&ticks);
    for (index, parameter) in parameters.iter().enumerate() {
        let is_first = index % grid.columns == 0;
        let title = is_first.then_some(account.spec().metrics.reward_attr.as_str());
        let room = grid.room(index);
        draw_axes(sheet, room, &ticks, parameter, title);
        draw_dots(sheet, account, room, up, parameter, are_cells.then_some(CELLS_MAX / parameters.len() as f64));
    }
}

/// Panels in rows.
struct Grid {
    room: Room,
    columns: usize,
    rows: usize,
}

impl Grid {
    fn of(room: Room, panels: usize) -> Self {
        let fitting = ((room.width() / PANEL_WIDTH_MIN) as usize).clamp(1, 4);
        let rows = panels.div_ceil(fitting).max(1);
        // Rows of about equal length.
        Self { room, columns: panels.div_ceil(rows).max(1), rows }
    }

    /// The room of a panel's inside: below it are ticks and the name, above it the first of a row has the reward's title.
    fn room(&self, index: usize) -> Room {
        let (column, row) = ((index % self.columns) as f64, (index / self.columns) as f64);
        let width = (self.room.width() + GAP) / self.columns as f64;
        let height = self.room.height() / self.rows as f64;
        let (left, top) = (self.room.left + column * width, self.room.top + row * height);
        Room { left, top: top + 18.0, right: left + width - GAP, bottom: top + height - 48.0 }
    }
}

/// Draws a panel's axes; the first of a row names the reward.
fn draw_axes(sheet: &mut Sheet, inside: Room, up: &[Tick], parameter: &Parameter, reward: Option<&str>) {
    let (canvas, palette) = (&mut *sheet.canvas, sheet.palette);
    match reward {
        Some(reward) => {
            draw_up(canvas, palette, inside, up);
            let title = format!("↑ {}", fitted(reward, LABEL_SIZE, inside.width() - 14.0));
            let left = inside.left - widest(up);
            canvas.text(&title, (left, inside.top - 14.0), LABEL_SIZE, palette.quiet, Anchor::Start);
        }
        None => up.iter().for_each(|tick| {
            let (left, y) = inside.at(0.0, tick.position);
            canvas.line((left, y), (inside.right, y), palette.grid, 1.0);
        }),
    }
    match ValueAxis::of(&parameter.domain) {
        ValueAxis::Numbers(axis) => draw_across(canvas, palette, inside, &axis),
        strips @ ValueAxis::Strips { .. } => {
            canvas.line((inside.left, inside.bottom), (inside.right, inside.bottom), palette.axis, 1.0);
            let ticks = strips.ticks((inside.width() / 30.0) as usize);
            let width = inside.width() / ticks.len().max(1) as f64 - 4.0;
            for tick in &ticks {
                let (x, y) = inside.at(tick.position, 0.0);
                let label = fitted(&tick.label, LABEL_SIZE, width);
                canvas.text(&label, (x, y + 14.0), LABEL_SIZE, palette.quiet, Anchor::Middle);
            }
        }
    }
    let name = fitted(&parameter.name, 12.0, inside.width());
    let middle = (inside.left + inside.right) / 2.0;
    canvas.text(&name, (middle, inside.bottom + 31.0), 12.0, palette.text, Anchor::Middle);
}

/// The room that the labels of an axis on the left take.
fn widest(ticks: &[Tick]) -> f64 {
    ticks.iter().map(|tick| text_width(&tick.label, LABEL_SIZE)).fold(0.0, f64::max) + 8.0
}

fn draw_dots(
    sheet: &mut Sheet,
    account: &Account,
    room: Room,
    up: Axis,
    parameter: &Parameter,
    cells_max: Option<f64>,
) {
    let values = ValueAxis::of(&parameter.domain);
    let panel = Panel { room, across: Axis::linear(0.0, 1.0, 0.0), up };
    let best = best(account);
    let mut best_dot = None;
    let mut dots = Vec::new();
    for trial in settled(account) {
        let is_best = Some(trial.record.trial) == best;
        let shift = if is_best { 0.0 } else { 2.0 * scattered(trial.record.trial) - 1.0 };
        let Some(position) = values.position(parameter, &trial.record.config, shift) else { continue };
        dots.push((position, trial.reward));
        if is_best {
            best_dot = Some((position, trial.reward));
        }
    }
    let (canvas, palette) = (&mut *sheet.canvas, sheet.palette);
    match cells_max {
        Some(cells_max) => {
            let places: Vec<Place> = dots.iter().map(|(across, up)| panel.place(*across, *up)).collect();
            density::draw(canvas, room, &places, palette.data, cells_max);
        }
        None => {
            let radius = if dots.len() > 300 { 1.75 } else { 2.75 };
            dots.iter().for_each(|dot| panel.mark(canvas, *dot, radius, palette.data, 0.5));
        }
    }
    if let Some((across, reward)) = best_dot {
        let place = panel.place(across, reward);
        canvas.dot(place, 4.0, palette.best.ink(0.35));
        canvas.ring(place, 4.0, palette.best, 2.0);
    }
}
