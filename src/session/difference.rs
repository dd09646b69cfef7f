//! Where two specifications differ, for people: the first value, not the whole part that it is in.

use serde_json::Value;

use crate::study::{SpecDifference, StudySpec};

/// The first difference between two specifications, with what each says at the first place where they differ.
pub(super) fn difference(ours: &StudySpec, theirs: &StudySpec) -> Option<SpecDifference> {
    let whole = ours.difference(theirs)?;
    let part = |spec: &StudySpec| serde_json::to_value(spec).ok()?.get(whole.part).cloned();
    let (Some(our_part), Some(their_part)) = (part(ours), part(theirs)) else { return Some(whole) };
    let (mut our_values, mut their_values) = (Vec::new(), Vec::new());
    collect(String::new(), &our_part, &mut our_values);
    collect(String::new(), &their_part, &mut their_values);
    let differs = |values: &[(String, String)], (place, value): &(String, String)| {
        !values.iter().any(|(other_place, other)| other_place == place && other == value)
    };
    let ours_only = our_values.iter().find(|it| differs(&their_values, it)).map(|(place, _)| place);
    let theirs_only = their_values.iter().find(|it| differs(&our_values, it)).map(|(place, _)| place);
    // What JSON does not tell apart, such as a negative zero, stays as it is.
    let Some(place) = ours_only.or(theirs_only) else { return Some(whole) };
    let shown = |values: &[(String, String)]| match values.iter().find(|(other, _)| other == place) {
        Some((_, value)) if place.is_empty() => value.clone(),
        Some((_, value)) => format!("{place} = {value}"),
        None => format!("no {place}"),
    };
    Some(SpecDifference { part: whole.part, ours: shown(&our_values), theirs: shown(&their_values) })
}

/// All values in a tree, each with its place.
fn collect(place: String, value: &Value, values: &mut Vec<(String, String)>) {
    let inner = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match value {
        Value::Object(map) if !map.is_empty() => map.iter().for_each(|(key, value)| collect(inner(key), value, values)),
        Value::Array(list) if !list.is_empty() => {
            for (at, value) in list.iter().enumerate() {
                // Parameters are told by their names, all else by its place.
                let name = value.get("name").and_then(Value::as_str).map_or_else(|| at.to_string(), str::to_owned);
                collect(inner(&name), value, values);
            }
        }
        Value::Null => values.push((place, "none".into())),
        // Nothing is in it that could differ.
        Value::Object(_) | Value::Array(_) => {}
        value => values.push((place, value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Seed;
    use crate::numeric::digest::Digest;
    use crate::space::Space;
    use crate::study::{DataId, Limit};

    fn spec() -> StudySpec {
        let space = Space::new(Vec::new()).unwrap();
        StudySpec { num_trials: Some(20), ..StudySpec::new("a study", space, Digest::of(b"schedule")) }
    }

    fn said(change: impl FnOnce(&mut StudySpec)) -> (&'static str, String, String) {
        let mut other = spec();
        change(&mut other);
        let difference = difference(&spec(), &other).unwrap();
        (difference.part, difference.ours, difference.theirs)
    }

    #[test]
    fn equal_specifications_have_no_difference() {
        assert_eq!(difference(&spec(), &spec()), None);
    }

    #[test]
    fn a_difference_is_told_by_the_value_that_differs() {
        assert_eq!(said(|spec| spec.num_trials = Some(7)), ("num_trials", "20".into(), "7".into()));
        assert_eq!(said(|spec| spec.num_trials = None), ("num_trials", "20".into(), "none".into()));
        assert_eq!(said(|spec| spec.seed = Seed(7)).2, "7");
        let (part, _, theirs) = said(|spec| spec.limits.set(Limit::FuelMax, 5));
        assert_eq!((part, theirs.as_str()), ("limits", "fuel_max = 5"));
        let data = |spec: &mut StudySpec| {
            spec.data.insert("digits".into(), DataId { digest: Digest::of(b"1"), bytes: 9 });
        };
        let (part, ours, theirs) = said(data);
        assert_eq!((part, theirs.as_str()), ("data", "digits.bytes = 9"));
        assert!(ours.starts_with("no "), "{ours}");
    }
}
