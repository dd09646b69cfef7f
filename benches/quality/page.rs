//! The tables of docs/quality.md.

use std::path::{Path, PathBuf};
use std::process::Command;

use trialbox::simulation::Table;

use crate::curve::Curve;

/// The budgets that the page has columns for.
const COLUMNS: [f64; 6] = [5.0, 10.0, 20.0, 30.0, 50.0, 100.0];

/// The table of one set of curves in Markdown: ours, then the others by what they reach at 30 full trainings.
pub fn table(name: &str, curves: &Table, ours: &[(String, Curve)], peers: &[(String, Curve)]) -> String {
    let scale = curves.scale().unwrap();
    let mut text = format!(
        "{} rows of {} epochs; best value {:.4}, median row at its end {:.4}. Code: {}.\n\n![regret on {name}](picture/quality-{name}.svg)\n\n",
        curves.rows(),
        curves.epochs(),
        -scale.best,
        -scale.median,
        commit(),
    );
    text.push_str("| | slots | seeds | trials | suggested twice | CPU s | ");
    text.push_str(&COLUMNS.map(|point| format!("@{point}")).join(" | "));
    text.push_str(" |\n|---|---|---|---|---|---|");
    text.push_str(&"---|".repeat(COLUMNS.len()));
    text.push('\n');
    for (method, curve) in ours {
        text.push_str(&row(&format!("**{method}**"), curve));
    }
    text.push_str(&best(peers));
    let mut others: Vec<&(String, Curve)> = peers.iter().collect();
    let reached = |curve: &Curve| curve.at(30.0).map_or(f64::INFINITY, |at| at.0);
    others.sort_by(|one, two| reached(&one.1).total_cmp(&reached(&two.1)));
    for (tool, curve) in others {
        text.push_str(&row(tool, curve));
    }
    text
}

/// The least median of all other tools at each budget.
fn best(peers: &[(String, Curve)]) -> String {
    let least = |point| peers.iter().filter_map(|(_, curve)| curve.at(point)).map(|at| at.0).reduce(f64::min);
    let cells = COLUMNS.map(|point| least(point).map_or_else(String::new, |least| format!("{least:.3}")));
    format!("| *the best of the others at each budget* | | | | | | {} |\n", cells.join(" | "))
}

fn row(name: &str, curve: &Curve) -> String {
    let cell = |point| match curve.at(point) {
        Some((median, lower, upper)) => format!("{median:.3} [{lower:.3}, {upper:.3}]"),
        None => String::new(),
    };
    let cost = match &curve.cost {
        Some(cost) => format!("{:.0} | {} | {:.1}", cost.trials, cost.repeated, cost.seconds),
        None => " | | ".to_owned(),
    };
    format!("| {name} | {} | {} | {cost} | {} |\n", curve.workers, curve.seeds, COLUMNS.map(cell).join(" | "))
}

/// Puts the table into the page, between its marks.
pub fn replace(name: &str, table: &str) {
    let path = docs().join("quality.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    std::fs::write(path, format!("{before}{begin}{table}{end}{after}")).unwrap();
}

/// Where the page lies.
pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// The commit that is checked out, and whether the sources differ from it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = if git(&["status", "--porcelain", "src", "benches"]).is_empty() { "" } else { ", with changes" };
    format!("`{}`{changed}", git(&["rev-parse", "--short=10", "HEAD"]))
}
