//! `trialbox replay`: runs one recorded trial anew and compares its reports.

use std::path::PathBuf;

use super::{Scratch, known_trial};
use crate::cli::error::CommandError;
use crate::cli::plan::{LayerWarning, PlaceFlags};
use crate::cli::{exit_code, print, terminal};
use crate::executor::{self, ReadBacks, TrialProgress};
use crate::numeric::amount::{Fuel, TrialId};
use crate::numeric::digest::Digest;
use crate::output::sanitize::printable;
use crate::sandbox::Arguments;
use crate::session::materialize;
use crate::store::Reader;
use crate::study::{Event, Outcome, Report};

/// Run one trial of a recorded study anew, show it, and compare it with the log
#[derive(clap::Args)]
pub(in crate::cli) struct ReplayArguments {
    /// The store: the file NAME.study that `trialbox run` made
    study: PathBuf,
    /// The trial's number
    #[arg(long)]
    trial: u64,
    #[command(flatten)]
    flags: PlaceFlags,
}

/// What the log says of a trial.
struct Recorded {
    reports: Vec<(Fuel, Report)>,
    /// The digests of what it read back from the GPU.
    read_backs: Vec<Digest>,
    end: Option<(Fuel, Outcome)>,
}

/// Runs the command.
pub(in crate::cli) fn replay(arguments: &ReplayArguments) -> Result<u8, CommandError> {
    let interrupt = terminal::interrupt_on_signal();
    let reader = Reader::open(&arguments.study)?;
    let (spec, state) = (reader.spec()?, reader.state()?);
    let trial = TrialId(arguments.trial);
    let record = known_trial(&state, trial)?;
    let recorded = recorded(&reader, trial)?;
    let folder = Scratch::new()?;
    let program = materialize(&reader, &spec, folder.path())?;
    let options = arguments.flags.options();
    let given = Arguments::of(&spec.space, &record.config, record.seed);
    let mut number = 0;
    let (mut log, mut warning) = (terminal::LogLines::default(), LayerWarning::default());
    let mut difference = None;
    let read_backs = match spec.replicates.count {
        0 | 1 => read_backs(&reader, trial)?,
        // The log has them in the order of replicates, not in that of the calls.
        _ => ReadBacks::Computed,
    };
    let is_computed = program.gpu.is_some() && read_backs == ReadBacks::Computed;
    if is_computed {
        terminal::tell(
            "not all that the trial read back from the GPU was kept (`recorded_bytes_max`): it is computed anew\n",
        );
    }
    let mut digests_left = recorded.read_backs.iter();
    let mut differing_read_back = None;
    let result = executor::run_trial(&program, given, read_backs, &options, &interrupt, |progress| {
        match progress {
            TrialProgress::Confined(missing) => warning.tell(&missing),
            TrialProgress::Logged(text) => log.tell(&text),
            TrialProgress::ReadBack(_, digest) => {
                let is_other = digests_left.next().is_some_and(|logged| *logged != digest);
                if is_other {
                    differing_read_back.get_or_insert(number + 1);
                }
            }
            TrialProgress::Reported(fuel, report) => {
                let mark = match recorded.reports.get(number) {
                    Some(logged) if same(logged, &(fuel, report.clone())) => "as recorded",
                    // A trial that the study stopped or paused ran ahead of its end; the log does not say how far.
                    None if ran_ahead(&recorded) => "not recorded: the study had stopped or paused the trial",
                    _ => {
                        difference.get_or_insert(number + 1);
                        "differs from the log"
                    }
                };
                number += 1;
                // What cannot be printed does not change the comparison.
                let _ = print(&format!("report {number}  fuel {fuel}  {}  ({mark})\n", attributes(&report)));
            }
        }
    })?;
    drop(log);
    print(&format!("end  fuel {}  {}\n", result.fuel, printable(&result.outcome.to_string(), 1_000)))?;
    let ended_otherwise = match &recorded.end {
        Some((fuel, outcome)) if outcome.is_reproducible() && !ran_ahead(&recorded) => {
            (*fuel, outcome) != (result.fuel, &result.outcome)
                && !matches!(
                    outcome,
                    Outcome::NeverRewarded { .. } | Outcome::NeverConstrained { .. } | Outcome::BadReport { .. }
                )
        }
        _ => false,
    };
    if let Some(report) = differing_read_back {
        let message =
            format!("what the trial read back from this machine's GPU differs from the log before report {report}");
        return Err(CommandError::new(exit_code::DIFFERS, message).hint(
            "GPUs and drivers round and order otherwise; the log was made on the adapter that `trialbox show` names",
        ));
    }
    match difference {
        Some(report) => {
            Err(CommandError::new(exit_code::DIFFERS, format!("the trial differs from the log at report {report}")))
        }
        None if number < recorded.reports.len() => {
            let message =
                format!("the log has {} reports of the trial, this run made {number}", recorded.reports.len());
            Err(CommandError::new(exit_code::DIFFERS, message))
        }
        None if ended_otherwise => {
            Err(CommandError::new(exit_code::DIFFERS, "the trial ended otherwise than in the log"))
        }
        None => {
            let end = if recorded.end.is_some() && !ran_ahead(&recorded) { " and the end" } else { "" };
            print(&format!("as recorded: {} reports{end}\n", recorded.reports.len()))?;
            Ok(exit_code::DONE)
        }
    }
}

/// What the trial is given for what it read back from the GPU: what was recorded, if all of it was.
fn read_backs(reader: &Reader, trial: TrialId) -> Result<ReadBacks, CommandError> {
    let contents = reader.read_backs(trial)?.into_iter().map(|read| read.content.map(|content| content.to_vec()));
    Ok(contents.collect::<Option<Vec<_>>>().map_or(ReadBacks::Computed, ReadBacks::Recorded))
}

fn ran_ahead(recorded: &Recorded) -> bool {
    matches!(recorded.end, None | Some((_, Outcome::Stopped { .. } | Outcome::BadReport { .. } | Outcome::Crashed)))
}

fn recorded(reader: &Reader, wanted: TrialId) -> Result<Recorded, CommandError> {
    let mut recorded = Recorded { reports: Vec::new(), read_backs: Vec::new(), end: None };
    for entry in reader.entries() {
        match entry?.event {
            Event::Reported { trial, fuel, report, .. } if trial == wanted => recorded.reports.push((fuel, report)),
            Event::ReadBack { trial, digest, .. } if trial == wanted => recorded.read_backs.push(digest),
            Event::TrialEnded { trial, fuel, outcome, .. } if trial == wanted => recorded.end = Some((fuel, outcome)),
            _ => {}
        }
    }
    Ok(recorded)
}

fn same(one: &(Fuel, Report), two: &(Fuel, Report)) -> bool {
    use crate::numeric::digest::canonical_bytes;
    canonical_bytes(one) == canonical_bytes(two)
}

/// A report on one line.
pub(super) fn attributes(report: &Report) -> String {
    let attributes: Vec<String> = report
        .attributes
        .iter()
        .map(|attribute| {
            format!("{} = {}", printable(&attribute.name, 100), printable(&attribute.value.to_string(), 100))
        })
        .collect();
    attributes.join(", ")
}
