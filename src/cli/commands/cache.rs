//! `trialbox cache`: the folder of compiled components.

use crate::cli::error::CommandError;
use crate::cli::{exit_code, paths, print};
use crate::sandbox::CompiledCache;

/// Show where compiled components are kept and how much they take, or remove them
///
/// A component is compiled to native code once on a machine, by each release. The folder is $TRIALBOX_CACHE_DIR, or
/// `trialbox/compiled` in your cache folder. Whatever is removed is compiled again when it is needed.
#[derive(clap::Args)]
pub(in crate::cli) struct CacheArguments {
    /// Remove all of them
    #[arg(long)]
    clear: bool,
}

/// Runs the command.
pub(in crate::cli) fn cache(arguments: &CacheArguments) -> Result<u8, CommandError> {
    let folder = paths::cache().ok_or_else(|| {
        CommandError::new(exit_code::FAILURE, "there is no cache folder").hint("set TRIALBOX_CACHE_DIR")
    })?;
    let failed = |error: std::io::Error| {
        CommandError::new(exit_code::FAILURE, format!("the folder `{}` cannot be used: {error}", folder.display()))
    };
    let cache = CompiledCache::open(&folder).map_err(failed)?;
    let content = cache.content().map_err(failed)?;
    if arguments.clear {
        cache.clear().map_err(failed)?;
    }
    let (label, megabytes) = (if arguments.clear { "removed " } else { "compiled" }, content.bytes as f64 / 1e6);
    let components = if content.components == 1 { "component" } else { "components" };
    print(&format!(
        "folder    {}\n{label}  {} {components}, {megabytes:.1} MB\n",
        folder.display(),
        content.components
    ))?;
    Ok(exit_code::DONE)
}
