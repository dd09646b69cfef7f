//! The colours of plots: two themes, and scales that people with colour blindness can tell apart.

use super::Theme;

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

/// A colour that covers what is below it by so much, from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) colour: Colour,
    pub(super) opacity: f64,
}

/// The colours of a theme. Those for data are of the palette of Okabe and Ito ("Color Universal Design", 2008), of which each theme
/// takes the ones that stand out from its ground.
#[derive(Debug)]
pub(super) struct Palette {
    pub(super) ground: Colour,
    /// Titles and labels of data.
    pub(super) text: Colour,
    /// Labels of axes and captions.
    pub(super) quiet: Colour,
    pub(super) grid: Colour,
    pub(super) axis: Colour,
    /// Most of the data.
    pub(super) data: Colour,
    /// The best trial.
    pub(super) best: Colour,
    pub(super) completed: Colour,
    pub(super) stopped: Colour,
    pub(super) paused: Colour,
    pub(super) running: Colour,
    pub(super) failed: Colour,
    /// Lines that a legend tells apart.
    pub(super) distinct: [Colour; 6],
    /// Positions 0 and 1 of the continuous scale: where it fades into the ground it is not used.
    scale: (f64, f64),
}

const ORANGE: Colour = Colour(0xe6, 0x9f, 0x00);
const SKY: Colour = Colour(0x56, 0xb4, 0xe9);
const GREEN: Colour = Colour(0x00, 0x9e, 0x73);
const YELLOW: Colour = Colour(0xf0, 0xe4, 0x42);
const BLUE: Colour = Colour(0x00, 0x72, 0xb2);
const VERMILLION: Colour = Colour(0xd5, 0x5e, 0x00);
const PURPLE: Colour = Colour(0xcc, 0x79, 0xa7);

static LIGHT: Palette = Palette {
    ground: Colour(0xff, 0xff, 0xff),
    text: Colour(0x1f, 0x23, 0x28),
    quiet: Colour(0x57, 0x60, 0x6a),
    grid: Colour(0xe8, 0xea, 0xed),
    axis: Colour(0x8c, 0x95, 0x9f),
    data: BLUE,
    best: VERMILLION,
    completed: BLUE,
    stopped: SKY,
    paused: ORANGE,
    running: GREEN,
    failed: VERMILLION,
    distinct: [BLUE, ORANGE, GREEN, PURPLE, SKY, Colour(0x55, 0x55, 0x55)],
    scale: (0.0, 0.92),
};

static DARK: Palette = Palette {
    ground: Colour(0x14, 0x17, 0x1a),
    text: Colour(0xe8, 0xea, 0xed),
    quiet: Colour(0xa6, 0xae, 0xb6),
    grid: Colour(0x2a, 0x2f, 0x35),
    axis: Colour(0x6b, 0x74, 0x7d),
    data: SKY,
    best: ORANGE,
    completed: SKY,
    stopped: BLUE,
    paused: ORANGE,
    running: GREEN,
    failed: VERMILLION,
    distinct: [SKY, GREEN, PURPLE, YELLOW, BLUE, Colour(0xbb, 0xbb, 0xbb)],
    scale: (0.22, 1.0),
};

impl Palette {
    pub(super) fn of(theme: Theme) -> &'static Self {
        match theme {
            Theme::Light => &LIGHT,
            Theme::Dark => &DARK,
        }
    }

    /// The colour of a share from 0 to 1: viridis (van der Walt and Smith, 2015), between whose ten colours here is blended.
    pub(super) fn scaled(&self, share: f64) -> Colour {
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        let position = self.scale.0 + share * (self.scale.1 - self.scale.0);
        let place = position * (VIRIDIS.len() - 1) as f64;
        let index = (place as usize).min(VIRIDIS.len() - 2);
        let (Some(from), Some(to)) = (VIRIDIS.get(index), VIRIDIS.get(index + 1)) else { return self.data };
        let part = place - index as f64;
        let blend = |from: u8, to: u8| (f64::from(from) + part * (f64::from(to) - f64::from(from))).round() as u8;
        Colour(blend(from.0, to.0), blend(from.1, to.1), blend(from.2, to.2))
    }
}

const VIRIDIS: [Colour; 10] = [
    Colour(0x44, 0x01, 0x54),
    Colour(0x48, 0x28, 0x78),
    Colour(0x3e, 0x4a, 0x89),
    Colour(0x31, 0x68, 0x8e),
    Colour(0x26, 0x82, 0x8e),
    Colour(0x1f, 0x9e, 0x89),
    Colour(0x35, 0xb7, 0x79),
    Colour(0x6d, 0xcd, 0x59),
    Colour(0xb4, 0xde, 0x2c),
    Colour(0xfd, 0xe7, 0x25),
];

impl Colour {
    /// The colour of a text on this one: nearly black, or white.
    pub(super) fn text(self) -> Self {
        // The lightness of Rec. 601, which is close enough to choose between two.
        let lightness = 0.299 * f64::from(self.0) + 0.587 * f64::from(self.1) + 0.114 * f64::from(self.2);
        if lightness > 120.0 { LIGHT.text } else { LIGHT.ground }
    }

    pub(super) fn ink(self, opacity: f64) -> Ink {
        Ink { colour: self, opacity }
    }
}

impl From<Colour> for Ink {
    fn from(colour: Colour) -> Self {
        Self { colour, opacity: 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of WCAG 2.2: (lighter + 0.05) / (darker + 0.05).
    fn contrast(one: Colour, two: Colour) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
        };
        let luminance =
            |colour: Colour| 0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2);
        let (one, two) = (luminance(one), luminance(two));
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    #[test]
    fn texts_stand_out_from_their_ground() {
        for theme in [Theme::Light, Theme::Dark] {
            let palette = Palette::of(theme);
            assert!(contrast(palette.text, palette.ground) >= 7.0);
            assert!(contrast(palette.quiet, palette.ground) >= 4.5);
            assert!(contrast(palette.data, palette.ground) >= 3.0);
            assert!(contrast(palette.best, palette.ground) >= 3.0);
        }
    }

    #[test]
    fn the_scale_gets_lighter_all_the_way() {
        let palette = Palette::of(Theme::Dark);
        let black = Colour(0, 0, 0);
        let lightness: Vec<f64> =
            (0..=20).map(|step| contrast(palette.scaled(f64::from(step) / 20.0), black)).collect();
        assert!(lightness.windows(2).all(|pair| pair[0] < pair[1]), "{lightness:?}");
        assert_eq!(palette.scaled(f64::NAN), palette.scaled(0.0));
    }
}
