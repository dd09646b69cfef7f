//! Many dots as cells that are the stronger the more dots fall into them.

use super::canvas::{Canvas, Place};
use super::colour::Colour;
use super::sheet::Room;
use crate::numeric::float::ln;

/// How many strengths there are.
const LEVELS: f64 = 8.0;
/// The least side of a cell, in pixels.
const SIDE_MIN: f64 = 5.0;

/// Draws the places within the room, in at most about `cells_max` cells; gives the largest number in one.
pub(super) fn draw(canvas: &mut Canvas, room: Room, places: &[Place], colour: Colour, cells_max: f64) -> u64 {
    let side = (room.width() * room.height() / cells_max).sqrt().max(SIDE_MIN);
    let (columns, rows) = ((room.width() / side).ceil().max(1.0), (room.height() / side).ceil().max(1.0));
    let cell = |distance: f64, count: f64| (distance / side).clamp(0.0, count - 1.0) as usize;
    let mut counts = vec![vec![0_u64; columns as usize]; rows as usize];
    for (x, y) in places {
        let row = counts.get_mut(cell(y - room.top, rows));
        if let Some(count) = row.and_then(|row| row.get_mut(cell(x - room.left, columns))) {
            *count += 1;
        }
    }
    let most = counts.iter().flatten().copied().max().unwrap_or(0);
    // By the logarithm, since most cells hold few.
    let level = |count: u64| match count {
        0 => 0,
        _ => 1 + (ln(count as f64) / ln((most.max(2)) as f64) * (LEVELS - 1.0)).round() as u32,
    };
    for (row, counts) in counts.iter().enumerate() {
        let top = room.top + row as f64 * side;
        let mut begin = 0;
        while begin < counts.len() {
            let strength = counts.get(begin).map_or(0, |count| level(*count));
            let same = counts.iter().skip(begin).take_while(|count| level(**count) == strength).count().max(1);
            if strength > 0 {
                let (left, right) = (room.left + begin as f64 * side, room.left + (begin + same) as f64 * side);
                let ink = colour.ink(0.1 + 0.8 * f64::from(strength) / LEVELS);
                canvas.rect((left, top), (right.min(room.right), (top + side).min(room.bottom)), ink);
            }
            begin += same;
        }
    }
    most
}
