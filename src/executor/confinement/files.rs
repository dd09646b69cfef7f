//! No files and no network, by Landlock: every access that the kernel knows is denied, and nothing is allowed.
//!
//! What is open already stays usable: the pipes to the driver.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
};

/// The version of the kernel's interface whose accesses are denied; an older kernel denies those that it knows.
const KNOWN: ABI = ABI::V6;

/// Denies them to this thread and those that it starts; false if the kernel denies nothing.
pub(super) fn deny() -> bool {
    denied().is_ok_and(|status| status != RulesetStatus::NotEnforced)
}

fn denied() -> Result<RulesetStatus, RulesetError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?;
    Ok(ruleset.create()?.restrict_self()?.ruleset)
}
