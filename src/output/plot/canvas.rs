//! A drawing surface in pixels, which becomes SVG. Talks to `plotters`, whose SVG backend draws in whole units: here a unit is a quarter
//! of a pixel.

use std::sync::LazyLock;

use plotters::prelude::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBAColor, RGBColor, ShapeStyle, TextStyle, register_font};

use super::colour::{Colour, Ink};
use super::{PlotError, PlotOptions};
use crate::output::sanitize;

/// Units of the drawing in a pixel.
const UNITS: f64 = 4.0;
/// A place on the surface in pixels from the upper left.
pub(super) type Place = (f64, f64);

/// The font of all texts: DejaVu Sans as far as plots need it.
pub(super) static FONT: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");
/// Ascent and descent of the font together, in units of its size: 1901 and 483 of 2048.
const FONT_LINE: f64 = 2384.0 / 2048.0;
/// The width that is reckoned for a column of a character that the font lacks.
const UNKNOWN_WIDTH: f64 = 0.6;
/// By what `plotters` divides a font's size when it writes SVG.
const PLOTTERS_SIZE: f64 = 1.24;

static FONT_IS_KNOWN: LazyLock<bool> =
    LazyLock::new(|| register_font(FontFamily::SansSerif.as_str(), FontStyle::Normal, FONT).is_ok());

/// To which side of its place a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A surface that is drawn on.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
    failure: Option<String>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The SVG of what `draw` draws on an empty surface; `title` is for those who do not see it.
pub(super) fn drawn(
    options: &PlotOptions,
    ground: Colour,
    title: &str,
    draw: impl FnOnce(&mut Canvas),
) -> Result<String, PlotError> {
    let (width, height) = (options.width_pixels, options.height_pixels);
    let units = |pixels: u32| pixels * UNITS as u32;
    let mut svg = String::new();
    let mut canvas = Canvas {
        backend: SVGBackend::with_string(&mut svg, (units(width), units(height))),
        failure: None,
        width: f64::from(width),
        height: f64::from(height),
    };
    canvas.rect((0.0, 0.0), (f64::from(width), f64::from(height)), ground);
    draw(&mut canvas);
    let presented = canvas.backend.present();
    canvas.keep(presented);
    if let Some(failure) = canvas.failure.take() {
        return Err(PlotError::Draw(failure));
    }
    drop(canvas);
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let body: String = body.split_inclusive('\n').map(tidied).collect();
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" role=\"img\" \
         stroke-linejoin=\"round\">\n<title>{}</title>\n<style>rect{{shape-rendering:crispEdges}}</style>{body}",
        units(width),
        units(height),
        escaped(title),
    ))
}

/// A line of the SVG without what goes without saying. Texts have no quotes as such, so that nothing of theirs is replaced.
fn tidied(line: &str) -> String {
    // The opacity of an element makes a layer of its own, of which there would be thousands; that of its ink does not.
    let is_stroke = line.starts_with("<polyline") || line.starts_with("<line");
    let opacity = if is_stroke { " stroke-opacity=\"" } else { " fill-opacity=\"" };
    line.replace(" opacity=\"1\"", "")
        .replace(" opacity=\"", opacity)
        .replace(" stroke=\"none\"", "")
        .replace(" stroke-width=\"0\"", "")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Canvas<'_> {
    /// The first failure is told at the end: an SVG in memory can't fail half-way.
    fn keep<E: std::fmt::Display>(&mut self, drawn: Result<(), E>) {
        if let Err(error) = drawn {
            self.failure.get_or_insert_with(|| error.to_string());
        }
    }

    pub(super) fn line(&mut self, from: Place, to: Place, ink: impl Into<Ink>, width: f64) {
        let drawn = self.backend.draw_line(units(from), units(to), &stroke(ink, width)).map_err(shown);
        self.keep(drawn);
    }

    /// A line through all places.
    pub(super) fn path(&mut self, places: impl IntoIterator<Item = Place>, ink: impl Into<Ink>, width: f64) {
        let mut places: Vec<(i32, i32)> = places.into_iter().map(units).collect();
        places.dedup();
        let drawn = self.backend.draw_path(places, &stroke(ink, width)).map_err(shown);
        self.keep(drawn);
    }

    /// The inside of a line through all places.
    pub(super) fn area(&mut self, places: impl IntoIterator<Item = Place>, ink: impl Into<Ink>) {
        let mut places: Vec<(i32, i32)> = places.into_iter().map(units).collect();
        places.dedup();
        let drawn = self.backend.fill_polygon(places, &stroke(ink, 0.0)).map_err(shown);
        self.keep(drawn);
    }

    pub(super) fn rect(&mut self, upper_left: Place, lower_right: Place, ink: impl Into<Ink>) {
        let drawn =
            self.backend.draw_rect(units(upper_left), units(lower_right), &stroke(ink, 0.0), true).map_err(shown);
        self.keep(drawn);
    }

    pub(super) fn dot(&mut self, centre: Place, radius: f64, ink: impl Into<Ink>) {
        let drawn = self.backend.draw_circle(units(centre), whole(radius), &stroke(ink, 0.0), true).map_err(shown);
        self.keep(drawn);
    }

    pub(super) fn ring(&mut self, centre: Place, radius: f64, ink: impl Into<Ink>, width: f64) {
        let drawn = self.backend.draw_circle(units(centre), whole(radius), &stroke(ink, width), false).map_err(shown);
        self.keep(drawn);
    }

    /// A text at a place, which is half-way up the text.
    pub(super) fn text(&mut self, text: &str, place: Place, size: f64, colour: Colour, anchor: Anchor) {
        let Colour(red, green, blue) = colour;
        let colour = RGBColor(red, green, blue);
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let font = FontDesc::new(FontFamily::SansSerif, size * UNITS * PLOTTERS_SIZE, FontStyle::Normal);
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Center));
        let drawn = self.backend.draw_text(text, &style, units(place)).map_err(shown);
        self.keep(drawn);
    }

    /// A text on a ground of its own, where there may be data below.
    pub(super) fn label(&mut self, text: &str, place: Place, size: f64, colours: (Colour, Colour), anchor: Anchor) {
        let (colour, ground) = colours;
        let width = text_width(text, size);
        let left = match anchor {
            Anchor::Start => place.0,
            Anchor::Middle => place.0 - width / 2.0,
            Anchor::End => place.0 - width,
        };
        let half = size * 0.65;
        self.rect((left - 2.0, place.1 - half), (left + width + 2.0, place.1 + half), ground.ink(0.8));
        self.text(text, place, size, colour, anchor);
    }
}

/// Colour and width of a line, for the backend.
fn stroke(ink: impl Into<Ink>, width: f64) -> ShapeStyle {
    let Ink { colour: Colour(red, green, blue), opacity } = ink.into();
    let color = RGBAColor(red, green, blue, (opacity * 100.0).round() / 100.0);
    ShapeStyle { color, filled: true, stroke_width: whole(width) }
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn units(place: Place) -> (i32, i32) {
    // A cast from a float saturates and takes NaN to 0; nothing is drawn far outside.
    let unit = |pixels: f64| (pixels * UNITS).round().clamp(-1e6, 1e6) as i32;
    (unit(place.0), unit(place.1))
}

fn whole(pixels: f64) -> u32 {
    (pixels * UNITS).round() as u32
}

/// How wide a text is in pixels.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    // Large, since the measure comes in whole units.
    const MEASURED_SIZE: f64 = 1000.0;
    let known: String = text.chars().filter(|character| is_in_font(*character)).collect();
    let unknown: String = text.chars().filter(|character| !is_in_font(*character)).collect();
    let font = FontDesc::new(FontFamily::SansSerif, MEASURED_SIZE * FONT_LINE, FontStyle::Normal);
    let measured = FONT_IS_KNOWN.then(|| font.layout_box(&known).ok()).flatten();
    let known_width = match measured {
        Some(((left, _), (right, _))) => f64::from(right - left) / MEASURED_SIZE,
        None => UNKNOWN_WIDTH * sanitize::columns(&known) as f64,
    };
    (known_width + UNKNOWN_WIDTH * sanitize::columns(&unknown) as f64) * size
}

/// Whether the subset of the font has the character, by its blocks.
fn is_in_font(character: char) -> bool {
    matches!(character, '\u{20}'..='\u{17f}' | '\u{370}'..='\u{45f}' | '\u{1e00}'..='\u{1eff}' | '\u{2010}'..='\u{205e}'
        | '\u{2190}'..='\u{21ff}' | '\u{2200}'..='\u{22ff}' | '\u{25a0}'..='\u{25ff}')
}

/// The text, made printable and cut to so many pixels, with `…` for what was cut off.
pub(super) fn fitted(text: &str, size: f64, width_max: f64) -> String {
    const CHARACTERS_MAX: usize = 300;
    let text = sanitize::printable(text, CHARACTERS_MAX);
    if text_width(&text, size) <= width_max {
        return text;
    }
    let ends: Vec<usize> = text.char_indices().map(|(end, _)| end).collect();
    let cut = |characters: usize| format!("{}…", text.get(..ends.get(characters).copied().unwrap_or(0)).unwrap_or(""));
    // The widest of those that fit, which grow with their number of characters.
    let fitting =
        (1..ends.len()).collect::<Vec<_>>().partition_point(|&count| text_width(&cut(count), size) <= width_max);
    cut(fitting)
}

/// The text in lines of at most so many pixels, broken at spaces.
pub(super) fn wrapped(text: &str, size: f64, width_max: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let joined = lines.last().map(|line| format!("{line} {word}"));
        match (joined, lines.last_mut()) {
            (Some(joined), Some(line)) if text_width(&joined, size) <= width_max => *line = joined,
            _ => lines.push(fitted(word, size, width_max)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_wide_as_the_font_says() {
        // The advances of `M` and `i` are 1767 and 569 of 2048.
        assert!((text_width("MMi", 2048.0) - (2.0 * 1767.0 + 569.0)).abs() < 4.0, "{}", text_width("MMi", 2048.0));
        assert!(text_width("学習", 10.0) > text_width("ab", 10.0));
    }

    #[test]
    fn long_texts_are_cut_and_wrapped_to_their_room() {
        let cut = fitted("a rather long name of a parameter", 10.0, 80.0);
        assert!(cut.ends_with('…') && text_width(&cut, 10.0) <= 80.0 && text_width(&cut, 10.0) > 60.0, "{cut}");
        assert_eq!(fitted("short", 10.0, 80.0), "short");
        let lines = wrapped("many words that do not fit into one line of this width", 10.0, 100.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| text_width(line, 10.0) <= 100.0), "{lines:?}");
    }

    #[test]
    fn what_guests_wrote_does_not_become_svg() {
        let options = PlotOptions::default();
        let svg = drawn(&options, Colour(0, 0, 0), "<b>&", |canvas| {
            canvas.text("</text><script>\" opacity=\"1\"", (f64::NAN, 1e300), 10.0, Colour(1, 2, 3), Anchor::Start);
        });
        let svg = svg.unwrap();
        assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("&quot; opacity=&quot;1&quot;"), "{svg}");
    }
}
