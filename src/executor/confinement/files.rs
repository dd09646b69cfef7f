//! No files and no network, by Landlock: every access that the kernel knows is denied, and nothing is allowed.
//!
//! What is open already stays usable: the pipes to the driver.

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::Purpose;

/// The version of the kernel's interface whose accesses are denied; an older kernel denies those that it knows.
const KNOWN: ABI = ABI::V6;

/// What the driver of a GPU opens after it has loaded: its devices, to read and write, and what the system says of them, to read.
const DEVICES: &[&str] = &["/dev"];
const READ_BY_DRIVERS: &[&str] = &["/proc", "/sys", "/usr", "/lib", "/lib64", "/etc", "/opt"];

/// Denies them to this thread and those that it starts; false if the kernel denies nothing.
pub(super) fn deny(purpose: Purpose) -> bool {
    denied(purpose).is_ok_and(|status| status != RulesetStatus::NotEnforced)
}

/// What may not be reached outside. Signals are among it, and so is the one by which the system ends a GPU worker with its worker; the
/// filter of calls denies all others in any case.
fn scopes(purpose: Purpose) -> BitFlags<Scope> {
    match purpose {
        Purpose::GuestsOnGpu => Scope::AbstractUnixSocket.into(),
        Purpose::Compiler | Purpose::Guests | Purpose::SoftwareGpu | Purpose::Gpu => Scope::from_all(KNOWN),
    }
}

fn denied(purpose: Purpose) -> Result<RulesetStatus, RulesetError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(scopes(purpose))?;
    let mut created = ruleset.create()?;
    if purpose == Purpose::Gpu {
        created = created
            .add_rules(path_beneath_rules(
                DEVICES,
                AccessFs::from_read(KNOWN) | AccessFs::WriteFile | AccessFs::IoctlDev,
            ))?
            .add_rules(path_beneath_rules(READ_BY_DRIVERS, AccessFs::from_read(KNOWN)))?;
    }
    Ok(created.restrict_self()?.ruleset)
}
