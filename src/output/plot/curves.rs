//! What trials reported over the resource that they had used: one line a trial, the best marked; of many trials a sample, with bands of
//! quantiles of all.

use std::collections::BTreeMap;

use super::axis::{Axis, Reach, grouped, reward};
use super::canvas::{Anchor, fitted, text_width, wrapped};
use super::colour::Colour;
use super::panel::{Panel, Titles};
use super::sample::{best, best_of, evenly, quantile, settled};
use super::sheet::{LABEL_SIZE, Room, Sheet};
use crate::output::{Account, Curve, number};
use crate::space::Domain;
use crate::study::TrialRecord;

/// So many lines are drawn one by one.
const LINES_MAX: usize = 80;
/// Of more, the best so many,
const BEST_COUNT: usize = 8;
/// and so many others, chosen evenly.
const SAMPLE_COUNT: usize = 50;
/// How many points of a line are drawn.
const POINTS_MAX: usize = 300;
/// At how many amounts of the resource bands are measured.
const BAND_STEPS: u64 = 150;
/// Of how many trials a band is made at least.
const BAND_TRIALS_MIN: usize = 10;
/// How many lines the configuration of a trial takes in a legend.
const CONFIG_LINES_MAX: usize = 3;
/// How many trials a legend names.
const LEGEND_MAX: usize = 20;

/// A trial with something to draw.
#[derive(Clone, Copy)]
struct Line<'a> {
    record: &'a TrialRecord,
    curve: &'a Curve,
}

/// How the values of all trials are spread at one amount of the resource.
struct Spread {
    resource: f64,
    /// The quantiles 5 %, 25 %, 50 %, 75 % and 95 %.
    quantiles: [f64; 5],
}

pub(super) fn draw(sheet: &mut Sheet, account: &Account, legend: bool) {
    let all: Vec<Line> = (account.state().trials().iter().zip(account.curves()))
        .filter(|(_, curve)| !curve.points.is_empty())
        .map(|(record, curve)| Line { record, curve })
        .collect();
    let is_many = all.len() > LINES_MAX;
    let lines = if is_many { chosen(account, &all) } else { all.clone() };
    let values = all.iter().flat_map(|line| line.curve.points.iter().map(|point| point.value)).collect();
    let Some(reach) = Reach::of(values) else { return };
    let room = sheet.room_above(&notes(account, &all, &lines, reach));
    let named = if legend { legend_order(account, &lines) } else { Vec::new() };
    let right =
        if legend { room.right - (room.width() * 0.36).min(420.0) } else { room.right - best_width(account, &all) };
    let panel = Panel::new(
        sheet,
        Room { right, ..room },
        axes(account, &all, reach),
        Titles { across: resource_title(account), up: account.attribute() },
    );
    if is_many {
        draw_bands(sheet, &panel, &spreads(&all));
    }
    let best = best(account);
    let palette = sheet.palette;
    for line in lines.iter().filter(|line| Some(line.record.trial) != best) {
        let place = named.iter().position(|other| other.record.trial == line.record.trial);
        match place {
            Some(place) => draw_line(sheet, &panel, line, distinct(sheet, place), 0.95, 1.5),
            None => draw_line(sheet, &panel, line, palette.data, if is_many { 0.3 } else { opacity(lines.len()) }, 1.0),
        }
    }
    if let Some(line) = all.iter().find(|line| Some(line.record.trial) == best) {
        draw_line(sheet, &panel, line, palette.best, 1.0, 2.5);
        if !legend {
            name_best(sheet, &panel, line);
        }
    }
    if legend {
        draw_legend(sheet, account, &named, Room { left: right + 24.0, ..room });
    }
}

fn opacity(lines: usize) -> f64 {
    if lines > 20 { 0.45 } else { 0.75 }
}

fn distinct(sheet: &Sheet, place: usize) -> Colour {
    let colours = &sheet.palette.distinct;
    colours.get(place % colours.len()).copied().unwrap_or(sheet.palette.data)
}

fn resource_title(account: &Account) -> &str {
    let metrics = &account.spec().metrics;
    if metrics.time_is_fuel() { "fuel" } else { &metrics.time_attr }
}

fn axes(account: &Account, all: &[Line], reach: Reach) -> (Axis, Axis) {
    let resources = all.iter().flat_map(|line| line.curve.points.iter().map(|point| point.resource));
    let (least, most) = resources.fold((u64::MAX, 0), |(least, most), it| (least.min(it), most.max(it)));
    let least = if account.spec().metrics.time_is_fuel() { 0 } else { least };
    let across = if least == most {
        Axis::linear(least as f64 - 1.0, most as f64 + 1.0, 0.0)
    } else {
        Axis::linear(least as f64, most as f64, 0.0)
    };
    (across.whole(), Axis::linear(reach.lower, reach.upper, 0.05))
}

/// The best ones and an even sample of the others.
fn chosen<'a>(account: &Account, all: &[Line<'a>]) -> Vec<Line<'a>> {
    let trials: Vec<_> = settled(account).collect();
    let best: Vec<_> = best_of(&trials, BEST_COUNT).iter().map(|trial| trial.record.trial).collect();
    let (best, others): (Vec<Line>, Vec<Line>) = all.iter().partition(|line| best.contains(&line.record.trial));
    evenly(&others, SAMPLE_COUNT).copied().chain(best).collect()
}

fn notes(account: &Account, all: &[Line], lines: &[Line], reach: Reach) -> Vec<String> {
    let mut notes = Vec::new();
    if lines.len() < all.len() {
        notes.push(format!(
            "{} of {} trials drawn: the {BEST_COUNT} best and an even sample; the bands are the middle 50 % and 90 % of all trials that \
             came so far, the line within them the median, the labelled one the best trial",
            lines.len(),
            grouped(all.len() as u64)
        ));
    } else {
        notes.push("One line a trial; the thick one is the best".to_owned());
    }
    let silent = account.state().trials().len() - all.len();
    if silent > 0 {
        let plural = if silent == 1 { "trial has" } else { "trials have" };
        notes.push(format!("{} {plural} nothing to draw", grouped(silent as u64)));
    }
    notes.extend(reach.note("value"));
    notes
}

/// The quantiles of all trials over the resource.
fn spreads(all: &[Line]) -> Vec<Spread> {
    let points = || all.iter().flat_map(|line| line.curve.points.iter());
    let (least, most) =
        points().fold((u64::MAX, 0), |(least, most), it| (least.min(it.resource), most.max(it.resource)));
    let width = (most - least.min(most)) / BAND_STEPS + 1;
    let mut bins: BTreeMap<u64, (f64, Vec<f64>)> = BTreeMap::new();
    for point in points() {
        let (sum, values) = bins.entry((point.resource - least) / width).or_default();
        *sum += point.resource as f64;
        values.push(point.value);
    }
    let spread = |(sum, mut values): (f64, Vec<f64>)| {
        values.sort_unstable_by(f64::total_cmp);
        let quantiles = [0.05, 0.25, 0.5, 0.75, 0.95].map(|share| quantile(&values, share));
        Spread { resource: sum / values.len() as f64, quantiles }
    };
    bins.into_values().filter(|(_, values)| values.len() >= BAND_TRIALS_MIN).map(spread).collect()
}

fn draw_bands(sheet: &mut Sheet, panel: &Panel, spreads: &[Spread]) {
    let colour = sheet.palette.data;
    let edge = |quantile: usize| {
        let place =
            move |spread: &Spread| panel.place(spread.resource, spread.quantiles.get(quantile).copied().unwrap_or(0.0));
        spreads.iter().map(place).collect::<Vec<_>>()
    };
    for (low, high, strength) in [(0, 4, 0.12), (1, 3, 0.18)] {
        sheet.canvas.area(edge(low).into_iter().chain(edge(high).into_iter().rev()), colour.ink(strength));
    }
    sheet.canvas.path(edge(2), colour.ink(0.9), 2.0);
}

fn draw_line(sheet: &mut Sheet, panel: &Panel, line: &Line, colour: Colour, opacity: f64, width: f64) {
    let points: Vec<(f64, f64)> =
        evenly(&line.curve.points, POINTS_MAX).map(|point| (point.resource as f64, point.value)).collect();
    if let [only] = points.as_slice() {
        return panel.mark(sheet.canvas, *only, width + 0.75, colour, opacity);
    }
    let places = points.iter().map(|(across, up)| panel.place(*across, *up));
    sheet.canvas.path(places, colour.ink(opacity), width);
    for outside in points.iter().filter(|(_, up)| panel.up.is_outside(*up)).take(20) {
        panel.mark(sheet.canvas, *outside, 2.0, colour, opacity);
    }
}

/// Names the best trial at the end of its line, right of the panel if it goes so far.
fn name_best(sheet: &mut Sheet, panel: &Panel, line: &Line) {
    let Some(last) = line.curve.points.last() else { return };
    let (x, y) = panel.place(last.resource as f64, last.value);
    let (palette, canvas) = (sheet.palette, &mut *sheet.canvas);
    canvas.dot((x, y), 4.0, palette.best);
    let y = y.max(panel.room.top + 8.0);
    let colours = (palette.best, palette.ground);
    canvas.label(&format!("trial {}", line.record.trial), (x + 9.0, y - 7.0), LABEL_SIZE, colours, Anchor::Start);
    canvas.label(&reward(last.value), (x + 9.0, y + 7.0), LABEL_SIZE, colours, Anchor::Start);
}

/// How wide the label of the best trial is, with what is around it.
fn best_width(account: &Account, all: &[Line]) -> f64 {
    let best = best(account);
    let Some(line) = all.iter().find(|line| Some(line.record.trial) == best) else { return 0.0 };
    let value = line.curve.points.last().map_or(String::new(), |point| reward(point.value));
    text_width(&value, LABEL_SIZE).max(text_width(&format!("trial {}", line.record.trial), LABEL_SIZE)) + 14.0
}

/// The first lines, with `…` where there are more.
fn cut(mut lines: Vec<String>, count: usize) -> Vec<String> {
    if lines.len() > count {
        lines.truncate(count);
        if let Some(last) = lines.last_mut() {
            last.push_str(" …");
        }
    }
    lines
}

/// The trials that the legend names, the best first.
fn legend_order<'a>(account: &Account, lines: &[Line<'a>]) -> Vec<Line<'a>> {
    let best = best(account);
    let mut named = lines.to_vec();
    named.sort_by(|one, other| {
        let key = |line: &Line| {
            (
                Some(line.record.trial) != best,
                std::cmp::Reverse(line.record.reward.map(crate::numeric::float::Rank::of)),
            )
        };
        key(one).cmp(&key(other))
    });
    named.truncate(LEGEND_MAX);
    named
}

/// Names trials with their configurations, without what is the same in all.
fn draw_legend(sheet: &mut Sheet, account: &Account, named: &[Line], room: Room) {
    const LINE: f64 = 14.0;
    let best = best(account);
    let parameters = account.spec().space.parameters().iter();
    let constants: Vec<&str> = parameters
        .filter(|parameter| matches!(parameter.domain, Domain::Constant(_)))
        .map(|parameter| parameter.name.as_str())
        .collect();
    let (mut y, left) = (room.top + 10.0, room.left + 18.0);
    let mut shown = 0;
    for (place, line) in named.iter().enumerate() {
        let is_best = Some(line.record.trial) == best;
        let colour = if is_best { sheet.palette.best } else { distinct(sheet, place) };
        let reward = line.record.reward.map_or("no reward".into(), reward);
        let title = format!("trial {}: {reward}{}", line.record.trial, if is_best { ", the best" } else { "" });
        let values = line.record.config.iter().filter(|(name, _)| !constants.contains(name));
        let values: Vec<String> = values.map(|(name, value)| format!("{name} = {}", number::value(value))).collect();
        let size = LABEL_SIZE - 1.0;
        let config = crate::output::sanitize::printable(&values.join(", "), 300);
        let config = cut(wrapped(&config, size, room.right - left), CONFIG_LINES_MAX);
        if y + (1 + config.len()) as f64 * LINE > room.bottom {
            break;
        }
        sheet.canvas.rect((room.left, y - 2.0), (room.left + 12.0, y + 1.0), colour);
        let title = fitted(&title, LABEL_SIZE, room.right - left);
        sheet.canvas.text(&title, (left, y), LABEL_SIZE, sheet.palette.text, Anchor::Start);
        for line in &config {
            y += LINE;
            sheet.canvas.text(line, (left, y), size, sheet.palette.quiet, Anchor::Start);
        }
        y += LINE + 5.0;
        shown = place + 1;
    }
    let more = account.state().trials().len().saturating_sub(shown);
    if more > 0 {
        let rest = format!("and {more} more");
        sheet.canvas.text(&rest, (left, y), LABEL_SIZE, sheet.palette.quiet, Anchor::Start);
    }
}
