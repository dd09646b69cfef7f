//! `trialbox plot`: pictures of a study.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::page_file;
use crate::cli::error::CommandError;
use crate::cli::{exit_code, print, terminal};
use crate::output::Account;
use crate::output::plot::{self, HEIGHT_PIXELS, PlotKind, PlotOptions, Theme, WIDTH_PIXELS};
use crate::output::sanitize::printable;
use crate::session;
use crate::store::Reader;

/// How many times as many pixels a PNG has, for screens with many.
const PNG_SCALE: f32 = 2.0;

/// Endings of files that somebody may ask for, and that would be taken for a folder.
const OTHER_FORMATS: [&str; 6] = ["pdf", "jpg", "jpeg", "gif", "webp", "html"];

/// Draw a study: training curves, history, rungs, parameters, slots. Also while it runs
#[derive(clap::Args)]
pub(in crate::cli) struct PlotArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// What to draw; everything that there is to see, if left out
    #[arg(value_enum, value_name = "KIND")]
    kinds: Vec<KindFlag>,
    /// The folder for the pictures, NAME.plots by default; of one KIND the file, whose ending says the format, or `-` for SVG on standard
    /// output
    #[arg(short, long, value_name = "FOLDER|FILE")]
    output: Option<PathBuf>,
    /// As what pictures in a folder are written
    #[arg(long, value_enum, default_value_t)]
    format: FormatFlag,
    /// On which ground
    #[arg(long, value_enum, default_value_t)]
    theme: ThemeFlag,
    /// Name the trials of the curves with their configurations
    #[arg(long)]
    legend: bool,
    /// Draw the curves of another reported attribute
    #[arg(long, value_name = "NAME")]
    attribute: Option<String>,
    /// The width in pixels; a PNG has twice as many
    #[arg(long, value_name = "PIXELS", default_value_t = PlotOptions::default().width_pixels, value_parser = within(&WIDTH_PIXELS))]
    width: u32,
    /// The height in pixels; a PNG has twice as many
    #[arg(long, value_name = "PIXELS", default_value_t = PlotOptions::default().height_pixels, value_parser = within(&HEIGHT_PIXELS))]
    height: u32,
}

fn within(pixels: &std::ops::RangeInclusive<u32>) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(i64::from(*pixels.start())..=i64::from(*pixels.end()))
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum KindFlag {
    /// What trials reported, one line a trial
    Curves,
    /// The reward of each trial over virtual time, and the best so far
    History,
    /// How many trials came to each rung and went on
    Rungs,
    /// The reward over each parameter
    Slices,
    /// All parameters side by side
    Parallel,
    /// How much each parameter mattered
    Importances,
    /// Which slot ran what, over virtual time
    Timeline,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum FormatFlag {
    /// For browsers and documents
    #[default]
    Svg,
    /// For everything else
    Png,
    /// Two files each
    Both,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum ThemeFlag {
    /// Dark on white
    #[default]
    Light,
    /// Light on dark grey
    Dark,
}

/// Where pictures go.
enum Target {
    StandardOutput,
    File(PathBuf),
    Folder(PathBuf),
}

/// Runs the command.
pub(in crate::cli) fn plot(arguments: &PlotArguments) -> Result<u8, CommandError> {
    let kinds: Vec<PlotKind> = arguments.kinds.iter().map(|kind| kind_of(*kind)).collect();
    // Before anything is read, so that a mistake is told at once.
    let target = target(arguments, kinds.len())?;
    let reader = Reader::open(&arguments.study)?;
    let account = account(&reader, arguments, &kinds)?;
    let theme = match arguments.theme {
        ThemeFlag::Light => Theme::Light,
        ThemeFlag::Dark => Theme::Dark,
    };
    let options =
        PlotOptions { theme, legend: arguments.legend, width_pixels: arguments.width, height_pixels: arguments.height };
    let drawn = |kind| plot::svg(&account, kind, &options).map_err(|error| failed(&error));
    match (target, kinds.as_slice()) {
        (Target::StandardOutput, [kind]) => {
            tell_if_nothing(&account, *kind);
            print(&drawn(*kind)?)?;
        }
        (Target::File(path), [kind]) => {
            tell_if_nothing(&account, *kind);
            write(&path, &drawn(*kind)?)?;
        }
        (Target::Folder(folder), kinds) => {
            std::fs::create_dir_all(&folder).map_err(|error| page_file::failed(&folder, &error))?;
            for kind in chosen(&account, kinds) {
                tell_if_nothing(&account, kind);
                let svg = drawn(kind)?;
                for ending in endings(arguments.format) {
                    write(&folder.join(format!("{}.{ending}", kind.name())), &svg)?;
                }
            }
        }
        // `target` gives these two for one kind only.
        (Target::StandardOutput | Target::File(_), _) => return Err(not_one("a file")),
    }
    Ok(exit_code::DONE)
}

fn kind_of(kind: KindFlag) -> PlotKind {
    match kind {
        KindFlag::Curves => PlotKind::Curves,
        KindFlag::History => PlotKind::History,
        KindFlag::Rungs => PlotKind::Rungs,
        KindFlag::Slices => PlotKind::Slices,
        KindFlag::Parallel => PlotKind::Parallel,
        KindFlag::Importances => PlotKind::Importances,
        KindFlag::Timeline => PlotKind::Timeline,
    }
}

/// Where to write, by `--output` and the number of kinds.
fn target(arguments: &PlotArguments, kinds: usize) -> Result<Target, CommandError> {
    let Some(output) = &arguments.output else { return Ok(Target::Folder(default_folder(&arguments.study))) };
    if output == Path::new("-") {
        return if kinds == 1 { Ok(Target::StandardOutput) } else { Err(not_one("standard output")) };
    }
    let is_picture = ending(output).is_some();
    if output.extension().is_some_and(|other| OTHER_FORMATS.iter().any(|known| other.eq_ignore_ascii_case(known))) {
        let message = format!("`{}`: pictures are written as SVG or PNG", output.display());
        return Err(
            CommandError::new(exit_code::USAGE, message).hint("give a file that ends with .svg or .png, or a folder")
        );
    }
    match kinds {
        1 if is_picture => Ok(Target::File(output.clone())),
        _ if is_picture => Err(not_one("a file")),
        _ => Ok(Target::Folder(output.clone())),
    }
}

/// `NAME.plots` in the current folder.
fn default_folder(study: &Path) -> PathBuf {
    let name = study.file_stem().unwrap_or(OsStr::new("study"));
    let mut folder = name.to_owned();
    folder.push(".plots");
    PathBuf::from(folder)
}

/// The format by a file's ending, if it is the ending of a picture.
fn ending(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?;
    ["svg", "png"].into_iter().find(|known| ending.eq_ignore_ascii_case(known))
}

fn endings(format: FormatFlag) -> &'static [&'static str] {
    match format {
        FormatFlag::Svg => &["svg"],
        FormatFlag::Png => &["png"],
        FormatFlag::Both => &["svg", "png"],
    }
}

/// What is to be drawn of the study; the rungs take a reproduction of its decisions, so they are got only where they are drawn.
fn account(reader: &Reader, arguments: &PlotArguments, kinds: &[PlotKind]) -> Result<Account, CommandError> {
    let account = Account::read(reader, arguments.attribute.clone())?;
    super::check_attribute(&account)?;
    let may_have_rungs = account.spec().scheduler.first_milestone().is_some();
    if !may_have_rungs || !(kinds.is_empty() || kinds.contains(&PlotKind::Rungs)) {
        return Ok(account);
    }
    match session::reproduced(reader) {
        Ok(study) => Ok(account.with_rungs(study.rungs())),
        // A log that this release decides otherwise on has no rungs to be told of, but all else.
        Err(error) if kinds.is_empty() => {
            terminal::tell(&format!("rungs: they cannot be told: {}\n", printable(&error.to_string(), 1_000)));
            Ok(account)
        }
        Err(error) => Err(error.into()),
    }
}

/// The kinds that were named, or all that have something to show; the curves where none has, so that there is a picture that says so.
fn chosen(account: &Account, kinds: &[PlotKind]) -> Vec<PlotKind> {
    if !kinds.is_empty() {
        return kinds.to_vec();
    }
    let applying: Vec<PlotKind> = PlotKind::ALL.into_iter().filter(|kind| kind.check(account).is_ok()).collect();
    if applying.is_empty() { vec![PlotKind::Curves] } else { applying }
}

fn tell_if_nothing(account: &Account, kind: PlotKind) {
    if let Err(nothing) = kind.check(account) {
        terminal::tell(&format!("{}: {nothing}\n", kind.name()));
    }
}

/// Writes a picture in the format of the file's ending, and says so.
fn write(path: &Path, svg: &str) -> Result<(), CommandError> {
    let written = match ending(path) {
        Some("png") => page_file::replace(path, &plot::png(svg, PNG_SCALE).map_err(|error| failed(&error))?),
        _ => page_file::replace(path, svg.as_bytes()),
    };
    written.map_err(|error| page_file::failed(path, &error))?;
    terminal::tell(&format!("wrote {}\n", path.display()));
    Ok(())
}

fn failed(error: &plot::PlotError) -> CommandError {
    CommandError::new(exit_code::FAILURE, error.to_string())
}

fn not_one(what: &str) -> CommandError {
    CommandError::new(exit_code::USAGE, format!("{what} takes one picture"))
        .hint("name one KIND, such as `curves`, or give a folder to --output")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_pictures_is_named_after_the_study() {
        assert_eq!(default_folder(Path::new("/somewhere/digits.study")), Path::new("digits.plots"));
        assert_eq!(default_folder(Path::new("a.b.study")), Path::new("a.b.plots"));
    }

    #[test]
    fn the_ending_of_a_file_says_its_format() {
        assert_eq!(ending(Path::new("curves.PNG")), Some("png"));
        assert_eq!(ending(Path::new("a/curves.svg")), Some("svg"));
        assert_eq!((ending(Path::new("plots")), ending(Path::new("digits.plots"))), (None, None));
    }
}
