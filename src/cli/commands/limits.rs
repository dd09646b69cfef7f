//! `trialbox limits`: the reference of limits.

use std::ops::RangeInclusive;

use crate::cli::error::CommandError;
use crate::cli::{exit_code, print};
use crate::study::{GpuLimit, GpuLimits, Limit, Limits};

/// List the limits on a trial, with their defaults and ranges
#[derive(clap::Args)]
pub(in crate::cli) struct LimitsArguments {}

/// Runs the command.
pub(in crate::cli) fn limits(_: &LimitsArguments) -> Result<u8, CommandError> {
    print("[limits]\n")?;
    let defaults = Limits::default();
    for &limit in Limit::ALL {
        print(&entry(limit.name(), defaults.get(limit), limit.unit(), limit.range(), &limit.meaning()))?;
    }
    print("\n[gpu]  # only where trials may use a GPU: the line itself is the grant\n")?;
    let defaults = GpuLimits::default();
    for &limit in GpuLimit::ALL {
        print(&entry(limit.name(), defaults.get(limit), limit.unit(), limit.range(), &limit.meaning()))?;
    }
    Ok(exit_code::DONE)
}

fn entry(name: &str, default: u64, unit: &str, range: RangeInclusive<u64>, meaning: &str) -> String {
    let (least, most) = range.into_inner();
    format!("{name} = {default}  # {unit}, {least} to {most}\n    {meaning}\n")
}
