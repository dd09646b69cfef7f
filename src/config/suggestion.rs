//! "Did you mean …?"

use super::error::{listed, shown};

/// Names longer than this are not compared: nobody meant them.
const COMPARED_BYTES_MAX: usize = 200;

/// The candidate that `given` was most probably meant to be, if one is near.
pub(super) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let folded = folded(given);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&folded, candidate)?, candidate)))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// How far the names are from each other, if that is near enough for a slip.
fn distance(folded_given: &str, candidate: &str) -> Option<usize> {
    let folded_candidate = folded(candidate);
    let length = folded_given.chars().count().max(folded_candidate.chars().count());
    let distance = strsim::damerau_levenshtein(folded_given, &folded_candidate);
    if distance <= (length / 3).max(1) && distance < length {
        return Some(distance);
    }
    // Half of a name is often remembered: `trials` for `num_trials`.
    let is_part = |part: &str, whole: &str| part.len() >= 3 && whole.split(['_', '.']).any(|word| word == part);
    (is_part(folded_given, &folded_candidate) || is_part(&folded_candidate, folded_given)).then_some(length)
}

/// The name without what is easily confused: case, and the hyphen for the underscore.
fn folded(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// A hint that asks for what was probably meant, if something is near, and then lists what there is after `introduction`.
pub(super) fn hint(given: &str, candidates: &[&str], introduction: &str) -> String {
    let list = format!("{introduction}: {}.", listed(candidates.iter().copied()));
    match nearest(given, candidates.iter().copied()) {
        None => list,
        Some(name) => {
            let mut letters = list.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            format!("did you mean `{}`? {}", shown(name), first.chain(letters).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_names_are_not() {
        let names = ["num_trials", "time_out", "max_reward", "reward_attr"];
        for (given, expected) in [
            ("num_trails", Some("num_trials")),
            ("trials", Some("num_trials")),
            ("timeout", Some("time_out")),
            ("Max-Reward", Some("max_reward")),
            ("metric", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, names), expected, "{given}");
        }
        assert_eq!(nearest(&"time_out".repeat(1000), names), None);
    }
}
