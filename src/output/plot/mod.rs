//! Pictures of a study: SVG, and PNG made of that SVG. One file a kind of plot.
//!
//! Reads an [`Account`] and draws on a canvas of `plotters`. A picture is a function of the account and the options: no clock, no chance,
//! no font of the machine. However many trials a study has, a picture shows a bounded number of lines and dots, and says below of how many.

mod axis;
mod canvas;
mod colour;
mod curves;
mod density;
mod history;
mod importances;
mod panel;
mod parallel;
mod parameters;
mod raster;
mod rungs;
mod sample;
mod sheet;
mod slices;
mod timeline;

use crate::output::Account;
use crate::scheduler::SchedulerSpec;

use colour::Palette;
use sheet::Sheet;

pub use raster::png;

/// The sizes that a picture may have, in pixels.
pub const WIDTH_PIXELS: std::ops::RangeInclusive<u32> = 400..=4000;
/// See [`WIDTH_PIXELS`].
pub const HEIGHT_PIXELS: std::ops::RangeInclusive<u32> = 300..=4000;

/// What a plot shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlotKind {
    /// What trials reported over the resource that they had used, one line a trial.
    Curves,
    /// The last reward of each trial over virtual time, and the best so far.
    History,
    /// How many trials came to each rung and went on, and their rewards with the cut-off.
    Rungs,
    /// The reward over each parameter.
    Slices,
    /// All parameters side by side, one line a trial.
    Parallel,
    /// How much each parameter mattered.
    Importances,
    /// Which slot ran what, over virtual time.
    Timeline,
}

/// On which ground a plot is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on a dark grey.
    Dark,
}

/// How a plot is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlotOptions {
    /// On which ground.
    pub theme: Theme,
    /// Whether trials of [`PlotKind::Curves`] are named with their configurations.
    pub legend: bool,
    /// The width, within [`WIDTH_PIXELS`].
    pub width_pixels: u32,
    /// The height, within [`HEIGHT_PIXELS`].
    pub height_pixels: u32,
}

impl Default for PlotOptions {
    fn default() -> Self {
        Self { theme: Theme::Light, legend: false, width_pixels: 960, height_pixels: 540 }
    }
}

/// A plot could not be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlotError {
    /// The picture would be too small to be read, or too large.
    #[error(
        "a picture of {width_pixels} × {height_pixels} pixels cannot be drawn; choose a width from {} to {} and a height from {} to {}",
        WIDTH_PIXELS.start(), WIDTH_PIXELS.end(), HEIGHT_PIXELS.start(), HEIGHT_PIXELS.end()
    )]
    Size {
        /// Its width.
        width_pixels: u32,
        /// Its height.
        height_pixels: u32,
    },
    /// The drawing failed, which points at a flaw of trialbox or of a crate that it draws with.
    #[error("the plot cannot be drawn: {0}")]
    Draw(String),
}

/// Why a plot of a study shows nothing. The picture says it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NothingToPlot {
    /// No trial was started.
    #[error("no trial has been started yet")]
    NoTrials,
    /// No trial that has ended or waits has a reward.
    #[error("no trial that has ended has a reward")]
    NoRewards,
    /// No trial has reported the attribute as a number.
    #[error("no trial has reported this attribute as a number")]
    NoReports,
    /// Trials are not compared at rungs.
    #[error("the scheduler of the study has no rungs")]
    NoRungs,
    /// No trial has come to a rung.
    #[error("no trial has come to a rung yet")]
    EmptyRungs,
    /// The space has no parameter that is searched.
    #[error("the study searches no parameter")]
    NoParameters,
    /// It takes more trials.
    #[error("it takes ten trials with rewards that differ to tell what mattered")]
    TooFewTrials,
}

impl PlotKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Curves, Self::History, Self::Rungs, Self::Slices, Self::Parallel, Self::Importances, Self::Timeline];

    /// The name, on the command line and of files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Curves => "curves",
            Self::History => "history",
            Self::Rungs => "rungs",
            Self::Slices => "slices",
            Self::Parallel => "parallel",
            Self::Importances => "importances",
            Self::Timeline => "timeline",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Curves => "Training curves",
            Self::History => "Optimisation history",
            Self::Rungs => "Rungs",
            Self::Slices => "Reward over each parameter",
            Self::Parallel => "Parallel coordinates",
            Self::Importances => "Importance of parameters",
            Self::Timeline => "Slots over virtual time",
        }
    }

    /// Whether there is something to show of that kind. Of [`PlotKind::Rungs`] it takes an account that was given its rungs.
    ///
    /// # Errors
    /// Says why there is not.
    pub fn check(self, account: &Account) -> Result<(), NothingToPlot> {
        let when = |holds: bool, otherwise: NothingToPlot| if holds { Ok(()) } else { Err(otherwise) };
        let spec = account.spec();
        if self == Self::Rungs {
            when(matches!(spec.scheduler, SchedulerSpec::Hyperband(_)), NothingToPlot::NoRungs)?;
        }
        when(!account.state().trials().is_empty(), NothingToPlot::NoTrials)?;
        match self {
            Self::Timeline => Ok(()),
            Self::Curves => {
                when(account.curves().iter().any(|curve| !curve.points.is_empty()), NothingToPlot::NoReports)
            }
            Self::Rungs => when(
                account.rungs().iter().flat_map(|system| &system.rungs).any(|rung| !rung.entries.is_empty()),
                NothingToPlot::EmptyRungs,
            ),
            Self::History => when(sample::settled(account).next().is_some(), NothingToPlot::NoRewards),
            Self::Slices | Self::Parallel | Self::Importances => {
                when(spec.space.searched().len() > 0, NothingToPlot::NoParameters)?;
                when(sample::settled(account).next().is_some(), NothingToPlot::NoRewards)?;
                let is_told = self != Self::Importances || super::importances(spec, account.state()).is_some();
                when(is_told, NothingToPlot::TooFewTrials)
            }
        }
    }
}

/// The plot of that kind as SVG. Where there is nothing to show, the picture says why; [`PlotKind::check`] tells it to programs.
///
/// # Errors
/// If the picture's size is out of range.
pub fn svg(account: &Account, kind: PlotKind, options: &PlotOptions) -> Result<String, PlotError> {
    let (width_pixels, height_pixels) = (options.width_pixels, options.height_pixels);
    if !(WIDTH_PIXELS.contains(&width_pixels) && HEIGHT_PIXELS.contains(&height_pixels)) {
        return Err(PlotError::Size { width_pixels, height_pixels });
    }
    let palette = Palette::of(options.theme);
    let title = sheet::title(account, kind);
    canvas::drawn(options, palette.ground, &title, |canvas| {
        let mut sheet = Sheet::new(canvas, palette, account, kind);
        if let Err(nothing) = kind.check(account) {
            return sheet.say(&nothing.to_string());
        }
        match kind {
            PlotKind::Curves => curves::draw(&mut sheet, account, options.legend),
            PlotKind::History => history::draw(&mut sheet, account),
            PlotKind::Rungs => rungs::draw(&mut sheet, account),
            PlotKind::Slices => slices::draw(&mut sheet, account),
            PlotKind::Parallel => parallel::draw(&mut sheet, account),
            PlotKind::Importances => importances::draw(&mut sheet, account),
            PlotKind::Timeline => timeline::draw(&mut sheet, account),
        }
    })
}

#[cfg(test)]
mod tests;
