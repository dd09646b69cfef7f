//! `trialbox limits`: the reference of limits.

use crate::cli::error::CommandError;
use crate::cli::{exit_code, print};
use crate::study::{Limit, Limits};

/// List the limits on a trial, with their defaults and ranges
#[derive(clap::Args)]
pub(in crate::cli) struct LimitsArguments {}

/// Runs the command.
pub(in crate::cli) fn limits(_: &LimitsArguments) -> Result<u8, CommandError> {
    let defaults = Limits::default();
    for &limit in Limit::ALL {
        let (least, most) = limit.range().into_inner();
        let default = defaults.get(limit);
        print(&format!(
            "{} = {default}  # {}, {least} to {most}\n    {}\n",
            limit.name(),
            limit.unit(),
            limit.meaning()
        ))?;
    }
    Ok(exit_code::DONE)
}
