//! A panel: a room with an axis below and one on the left, and the reward's labels.

use super::axis::{Axis, Tick};
use super::canvas::{Anchor, Canvas, Place, fitted, text_width};
use super::colour::{Colour, Palette};
use super::sheet::{LABEL_SIZE, Room, Sheet};

/// At least so far are ticks apart, in pixels.
const TICK_DISTANCE: f64 = 46.0;
const TICK_DISTANCE_ACROSS: f64 = 36.0;

/// A room with its axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    pub(super) room: Room,
    pub(super) across: Axis,
    pub(super) up: Axis,
}

/// The axes' titles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Titles<'a> {
    pub(super) across: &'a str,
    pub(super) up: &'a str,
}

impl Panel {
    /// Draws the axes in the room and gives what is left inside.
    pub(super) fn new(sheet: &mut Sheet, room: Room, (across, up): (Axis, Axis), titles: Titles) -> Self {
        let room = Room { top: room.top + 22.0, bottom: room.bottom - 38.0, ..room };
        let ticks = up.ticks((room.height() / TICK_DISTANCE) as usize);
        let widest = ticks.iter().map(|tick| text_width(&tick.label, LABEL_SIZE)).fold(0.0, f64::max);
        let room = Room { left: room.left + widest + 8.0, ..room };
        let (canvas, palette) = (&mut *sheet.canvas, sheet.palette);
        draw_up(canvas, palette, room, &ticks);
        draw_across(canvas, palette, room, &across);
        let left = room.left - widest - 8.0;
        let title = format!("↑ {}", fitted(titles.up, 12.0, room.right - left - 20.0));
        canvas.text(&title, (left, room.top - 18.0), 12.0, palette.quiet, Anchor::Start);
        let title = format!("{} →", fitted(titles.across, 12.0, room.width() - 20.0));
        canvas.text(&title, (room.right, room.bottom + 32.0), 12.0, palette.quiet, Anchor::End);
        Self { room, across, up }
    }

    pub(super) fn place(&self, across: f64, up: f64) -> Place {
        self.room.at(self.across.position(across), self.up.position(up))
    }

    /// A dot, or at the edge where the value lies beyond it a wedge that points there.
    pub(super) fn mark(
        &self,
        canvas: &mut Canvas,
        (across, up): (f64, f64),
        radius: f64,
        colour: Colour,
        opacity: f64,
    ) {
        let (x, y) = self.place(across, up);
        if !self.up.is_outside(up) {
            return canvas.dot((x, y), radius, colour.ink(opacity));
        }
        let (half, length) =
            (radius + 1.0, if y < self.room.top + 1.0 { -2.0 * radius - 1.0 } else { 2.0 * radius + 1.0 });
        let base = y - length;
        canvas.area([(x - half, base), (x + half, base), (x, y)], colour.ink(opacity.max(0.8)));
    }
}

/// Labels and lines of the axis on the left.
pub(super) fn draw_up(canvas: &mut Canvas, palette: &Palette, room: Room, ticks: &[Tick]) {
    for tick in ticks {
        let (left, y) = room.at(0.0, tick.position);
        canvas.line((left, y), (room.right, y), palette.grid, 1.0);
        canvas.text(&tick.label, (left - 7.0, y), LABEL_SIZE, palette.quiet, Anchor::End);
    }
}

/// The line, marks and labels of the axis below.
pub(super) fn draw_across(canvas: &mut Canvas, palette: &Palette, room: Room, axis: &Axis) {
    canvas.line((room.left, room.bottom), (room.right, room.bottom), palette.axis, 1.0);
    for tick in spaced(axis, room.width()) {
        let (x, y) = room.at(tick.position, 0.0);
        canvas.line((x, y), (x, y + 4.0), palette.axis, 1.0);
        canvas.text(&tick.label, (x, y + 14.0), LABEL_SIZE, palette.quiet, Anchor::Middle);
    }
}

/// As many ticks as have room for their labels.
fn spaced(axis: &Axis, width: f64) -> Vec<Tick> {
    let most = (width / TICK_DISTANCE_ACROSS).max(1.0) as usize;
    let fits = |ticks: &Vec<Tick>| {
        ticks.windows(2).all(|pair| match pair {
            [one, two] => {
                let labels = text_width(&one.label, LABEL_SIZE) + text_width(&two.label, LABEL_SIZE);
                (two.position - one.position) * width >= labels / 2.0 + 10.0
            }
            _ => true,
        })
    };
    let mut counts = (1..=most.min(14)).rev().map(|count| axis.ticks(count));
    counts.find(fits).unwrap_or_default()
}
