//! The sheet that a plot is drawn on: its title above, a caption below, and the room between.

use super::PlotKind;
use super::axis::grouped;
use super::canvas::{Anchor, Canvas, fitted, text_width, wrapped};
use super::colour::{Colour, Palette};
use crate::output::Account;
use crate::output::sanitize::printable;

/// The margin around everything, in pixels.
const MARGIN: f64 = 24.0;
const TITLE_SIZE: f64 = 17.0;
const CAPTION_SIZE: f64 = 11.0;
const CAPTION_LINE: f64 = 16.0;
/// The size of labels of data and axes.
pub(super) const LABEL_SIZE: f64 = 11.0;
/// How much is shown of a name that a guest gave.
const NAME_CHARACTERS_MAX: usize = 60;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Room {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// A sheet with its title drawn.
pub(super) struct Sheet<'a, 'b> {
    pub(super) canvas: &'a mut Canvas<'b>,
    pub(super) palette: &'static Palette,
    top: f64,
}

impl Room {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The place at shares of width, from the left, and height, from below.
    pub(super) fn at(&self, across: f64, up: f64) -> (f64, f64) {
        (self.left + across * self.width(), self.bottom - up * self.height())
    }
}

/// What the picture is of, in a line.
pub(super) fn title(account: &Account, kind: PlotKind) -> String {
    format!("{}: {}", kind.title(), subtitle(account))
}

fn subtitle(account: &Account) -> String {
    let trials = account.state().trials().len() as u64;
    let plural = if trials == 1 { "trial" } else { "trials" };
    format!("study {}, {} {plural}", printable(&account.spec().name, NAME_CHARACTERS_MAX), grouped(trials))
}

impl<'a, 'b> Sheet<'a, 'b> {
    pub(super) fn new(
        canvas: &'a mut Canvas<'b>,
        palette: &'static Palette,
        account: &Account,
        kind: PlotKind,
    ) -> Self {
        let title = fitted(kind.title(), TITLE_SIZE, canvas.width - 2.0 * MARGIN);
        canvas.text(&title, (MARGIN, MARGIN + 4.0), TITLE_SIZE, palette.text, Anchor::Start);
        let left = MARGIN + text_width(&title, TITLE_SIZE) + 14.0;
        let subtitle = fitted(&subtitle(account), 12.0, canvas.width - MARGIN - left);
        canvas.text(&subtitle, (left, MARGIN + 5.5), 12.0, palette.quiet, Anchor::Start);
        Self { canvas, palette, top: MARGIN + 26.0 }
    }

    /// Says why there is nothing to see.
    pub(super) fn say(&mut self, text: &str) {
        let (width, height) = (self.canvas.width, self.canvas.height);
        let lines = wrapped(text, 14.0, width - 4.0 * MARGIN);
        for (index, line) in lines.iter().enumerate() {
            let y = height / 2.0 + (index as f64 - (lines.len() - 1) as f64 / 2.0) * 20.0;
            self.canvas.text(line, (width / 2.0, y), 14.0, self.palette.quiet, Anchor::Middle);
        }
    }

    /// Draws the notes below, and gives the room above them.
    pub(super) fn room_above(&mut self, notes: &[String]) -> Room {
        let text = notes.join(". ");
        let (width, height) = (self.canvas.width, self.canvas.height);
        let mut lines = if text.is_empty() { Vec::new() } else { wrapped(&text, CAPTION_SIZE, width - 2.0 * MARGIN) };
        lines.truncate(5);
        let top = height - MARGIN + 6.0 - lines.len() as f64 * CAPTION_LINE;
        for (index, line) in lines.iter().enumerate() {
            let y = top + (index as f64 + 0.5) * CAPTION_LINE;
            self.canvas.text(line, (MARGIN, y), CAPTION_SIZE, self.palette.quiet, Anchor::Start);
        }
        Room {
            left: MARGIN,
            top: self.top,
            right: width - MARGIN,
            bottom: top - if lines.is_empty() { 0.0 } else { 8.0 },
        }
    }

    /// Squares of colours with what they stand for, from the left; gives the room below.
    pub(super) fn key(&mut self, entries: &[(Colour, &str)], room: Room) -> Room {
        let mut left = room.left;
        for (colour, text) in entries {
            let y = room.top + 4.0;
            self.canvas.rect((left, y - 5.0), (left + 10.0, y + 5.0), *colour);
            self.canvas.text(text, (left + 15.0, y), LABEL_SIZE, self.palette.quiet, Anchor::Start);
            left += 15.0 + text_width(text, LABEL_SIZE) + 18.0;
        }
        Room { top: room.top + 22.0, ..room }
    }
}
