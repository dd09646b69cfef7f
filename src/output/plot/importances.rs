//! How much each parameter mattered, as bars.

use super::axis::grouped;
use super::canvas::{Anchor, fitted, text_width};
use super::sheet::Sheet;
use crate::output::{Account, Importance, importances};

/// How many parameters are shown.
const BARS_MAX: usize = 20;
const SIZE: f64 = 12.0;

pub(super) fn draw(sheet: &mut Sheet, account: &Account) {
    let Some(all) = importances(account.spec(), account.state()) else { return };
    let counted = super::sample::settled(account).count() as u64;
    let mut notes = vec![format!(
        "PED-ANOVA (Watanabe et al., 2023): how far the values of the best tenth of {} trials differ from those of all, as the parameter's \
         share of the sum. It tells what the best trials have in common, not what the reward would be",
        grouped(counted)
    )];
    let rows = all.len().min(BARS_MAX);
    if all.len() > rows {
        let rest: f64 = all.iter().skip(rows).map(|importance| importance.share).sum();
        notes.push(format!("The other {} parameters together: {}", all.len() - rows, percent(rest)));
    }
    let room = sheet.room_above(&notes);
    let shown: Vec<(String, &Importance)> =
        all.iter().take(rows).map(|one| (fitted(&one.name, SIZE, room.width() * 0.35), one)).collect();
    let names = shown.iter().map(|(name, _)| text_width(name, SIZE)).fold(0.0, f64::max);
    let (left, right) = (room.left + names + 10.0, room.right - 50.0);
    let height = (room.height() / rows.max(1) as f64).min(64.0);
    let largest = all.first().map_or(1.0, |importance| importance.share);
    let (palette, canvas) = (sheet.palette, &mut *sheet.canvas);
    for (row, (name, importance)) in shown.iter().enumerate() {
        let middle = room.top + (row as f64 + 0.5) * height;
        let end = left + (right - left) * importance.share / largest;
        let half = (height * 0.34).min(17.0);
        canvas.text(name, (left - 10.0, middle), SIZE, palette.text, Anchor::End);
        canvas.rect((left, middle - half), (end.max(left + 1.0), middle + half), palette.data);
        canvas.text(&percent(importance.share), (end + 8.0, middle), SIZE, palette.quiet, Anchor::Start);
    }
    canvas.line((left, room.top), (left, room.top + height * rows as f64), palette.axis, 1.0);
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
