//! Makes the study's space of what the component says of its own and what the file says of it.

use std::collections::BTreeMap;

use super::domain::{described, fitted, kind_name, same_kind};
use super::error::{Problem, Span, shown, shown_space_error};
use super::reader::section_of;
use super::space::{Content, SpaceEntry};
use super::suggestion;
use crate::space::{Condition, Domain, Parameter, Space, Value};

/// The space that the file declares by itself.
pub(super) fn declared(entries: &[SpaceEntry], problems: &mut Vec<Problem>) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for entry in entries {
        let (domain, default) = match &entry.content {
            Content::Value(value) => (Domain::Constant(value.clone()), None),
            Content::Domain { domain, default, .. } => (domain.clone(), default.clone()),
        };
        let default = default.unwrap_or_else(|| domain.default_value());
        let parameter = Parameter { name: entry.name.clone(), domain, default, condition: entry.condition.clone() };
        // On its own: whether it is well formed does not depend on others, and so each is reported.
        let alone = Space::new(vec![Parameter { condition: None, ..parameter.clone() }]);
        match alone {
            Ok(_) => parameters.push(parameter),
            Err(error) => problems.push(Problem::new(entry.key_span.clone(), shown_space_error(&error))),
        }
    }
    parameters
}

/// The component's space with the file's changes.
pub(super) fn overridden(space: &Space, entries: &[SpaceEntry], problems: &mut Vec<Problem>) -> Vec<Parameter> {
    refuse_unknown(space, entries, problems);
    let mut merge = Merge { entries, fates: BTreeMap::new(), problems };
    space.parameters().iter().filter_map(|parameter| merge.parameter(parameter)).collect()
}

/// What became of a parameter of the component.
enum Fate<'entry> {
    /// Its values are those of the component, as far as conditions can tell.
    Kept,
    /// A choice of which only some values are left: the new index of each, none for those left out.
    Subset { indices: Vec<Option<u32>>, by: &'entry SpaceEntry },
    /// A choice that always has the value of this index; what depends on it now depends on what it depended on.
    Fixed { index: Option<u32>, condition: Option<Condition>, by: &'entry SpaceEntry },
    /// It can never be active.
    Removed { parameter: String, by: &'entry SpaceEntry },
}

struct Merge<'component, 'entry, 'problems> {
    entries: &'entry [SpaceEntry],
    /// The parameters so far.
    fates: BTreeMap<&'component str, Fate<'entry>>,
    problems: &'problems mut Vec<Problem>,
}

impl<'component, 'entry> Merge<'component, 'entry, '_> {
    /// The parameter as the study has it, if it does.
    fn parameter(&mut self, parameter: &'component Parameter) -> Option<Parameter> {
        let entry = self.entries.iter().find(|entry| entry.name == parameter.name);
        let condition = match self.condition(parameter) {
            Ok(condition) => condition,
            Err((cause, by)) => {
                if let Some(entry) = entry {
                    self.problems.push(never_active(entry, &cause, by));
                }
                self.fates.insert(&parameter.name, Fate::Removed { parameter: cause, by });
                return None;
            }
        };
        let kept = Parameter { condition, ..parameter.clone() };
        let (changed, fate) = match entry {
            None => (kept, Fate::Kept),
            Some(entry) => match changed(kept.clone(), entry) {
                Ok(changed) => changed,
                Err(problem) => {
                    self.problems.push(problem);
                    (kept, Fate::Kept)
                }
            },
        };
        self.fates.insert(&parameter.name, fate);
        Some(changed)
    }

    /// When the parameter is active; the error names the choice, and what is said of it, that make it never so.
    fn condition(&self, parameter: &Parameter) -> Result<Option<Condition>, (String, &'entry SpaceEntry)> {
        let Some(condition) = &parameter.condition else { return Ok(None) };
        match self.fates.get(condition.parameter.as_str()) {
            None | Some(Fate::Kept) => Ok(Some(condition.clone())),
            Some(Fate::Subset { indices, by }) => match indices.get(condition.choice as usize) {
                Some(&Some(choice)) => Ok(Some(Condition { choice, ..condition.clone() })),
                _ => Err((condition.parameter.clone(), by)),
            },
            Some(Fate::Fixed { index, condition: outer, .. }) if *index == Some(condition.choice) => Ok(outer.clone()),
            Some(Fate::Fixed { by, .. }) => Err((condition.parameter.clone(), by)),
            Some(Fate::Removed { parameter, by }) => Err((parameter.clone(), by)),
        }
    }
}

/// The parameter with what the file says of it.
fn changed<'entry>(parameter: Parameter, entry: &'entry SpaceEntry) -> Result<(Parameter, Fate<'entry>), Problem> {
    match &entry.content {
        Content::Value(value) => fixed(parameter, value, entry),
        Content::Domain { domain: Domain::Choice(values), default, choices } => {
            narrowed(parameter, values, default.as_ref(), choices, entry)
        }
        Content::Domain { domain, default, .. } => replaced(parameter, domain, default.as_ref(), entry),
    }
}

/// The parameter with one value for all trials.
fn fixed<'entry>(
    parameter: Parameter,
    value: &Value,
    entry: &'entry SpaceEntry,
) -> Result<(Parameter, Fate<'entry>), Problem> {
    let value = fitted(value, &parameter.domain);
    if !same_kind(&parameter.domain, &value) {
        return Err(wrong_kind(&parameter, value.kind(), &entry.span));
    }
    let is_constant = matches!(parameter.domain, Domain::Constant(_));
    if !is_constant && !parameter.domain.contains(&value) {
        return Err(outside(&parameter, &value, &entry.span));
    }
    let fate = match &parameter.domain {
        Domain::Choice(values) => {
            Fate::Fixed { index: index_of(values, &value), condition: parameter.condition.clone(), by: entry }
        }
        _ => Fate::Kept,
    };
    let parameter = Parameter { domain: Domain::Constant(value.clone()), default: value, ..parameter };
    Ok((parameter, fate))
}

/// The parameter with some of its choice's values.
fn narrowed<'entry>(
    parameter: Parameter,
    values: &[Value],
    default: Option<&Value>,
    spans: &[Span],
    entry: &'entry SpaceEntry,
) -> Result<(Parameter, Fate<'entry>), Problem> {
    let values: Vec<Value> = values.iter().map(|value| fitted(value, &parameter.domain)).collect();
    let old = match &parameter.domain {
        Domain::Choice(old) => old.clone(),
        // A choice over what was a constant: there are no values that it could be a part of.
        Domain::Constant(_) if values.iter().all(|value| same_kind(&parameter.domain, value)) => values.clone(),
        _ => return Err(wrong_kind(&parameter, "a choice", &entry.span)),
    };
    for (value, span) in values.iter().zip(spans) {
        if index_of(&old, value).is_none() {
            return Err(outside(&parameter, value, span));
        }
    }
    let indices = old.iter().map(|value| index_of(&values, value)).collect();
    let default = default.map(|default| fitted(default, &parameter.domain));
    let parameter = with_domain(parameter, Domain::Choice(values), default);
    Ok((parameter, Fate::Subset { indices, by: entry }))
}

/// The parameter with another interval, or a domain where it had a constant.
fn replaced<'entry>(
    parameter: Parameter,
    domain: &Domain,
    default: Option<&Value>,
    entry: &'entry SpaceEntry,
) -> Result<(Parameter, Fate<'entry>), Problem> {
    let same = match (&parameter.domain, domain) {
        (Domain::Constant(value), domain) => same_kind(domain, value),
        (old, new) => std::mem::discriminant(old) == std::mem::discriminant(new),
    };
    if !same {
        let found = match domain {
            Domain::Real(_) => "an interval of real numbers",
            Domain::Integer(_) => "an interval of integers",
            _ => "a boolean",
        };
        return Err(wrong_kind(&parameter, found, &entry.span));
    }
    Ok((with_domain(parameter, domain.clone(), default.cloned()), Fate::Kept))
}

/// The parameter with another domain; its default stays, unless there is a new one or the domain does not have it.
fn with_domain(parameter: Parameter, domain: Domain, default: Option<Value>) -> Parameter {
    let kept = Some(parameter.default).filter(|default| domain.contains(default));
    let default = default.or(kept).unwrap_or_else(|| domain.default_value());
    Parameter { domain, default, ..parameter }
}

/// The index of a value among those of a choice.
fn index_of(values: &[Value], wanted: &Value) -> Option<u32> {
    // A choice has far fewer values than 32 bits count.
    values.iter().position(|value| value.same(wanted)).map(|index| index as u32)
}

/// Reports the entries that are no parameters of the component.
fn refuse_unknown(space: &Space, entries: &[SpaceEntry], problems: &mut Vec<Problem>) {
    let names: Vec<&str> = space.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    let is_below = |name: &str, whole: &str| name.strip_prefix(whole).is_some_and(|rest| rest.starts_with('.'));
    let mut last_whole = None;
    for entry in entries.iter().filter(|entry| space.parameter(&entry.name).is_none()) {
        let message = format!("the component has no parameter `{}`", shown(&entry.name));
        let problem = Problem::new(entry.key_span.clone(), message);
        // A parameter without others below it was written like a group: one mistake, however many entries it made.
        let is_single = |whole: &str| is_below(&entry.name, whole) && !names.iter().any(|name| is_below(name, whole));
        let whole = names.iter().copied().find(|whole| is_single(whole));
        if whole.is_some() && whole == last_whole {
            continue;
        }
        last_whole = whole;
        let hint = match (whole, section_of(&entry.name)) {
            (Some(whole), _) => format!("`{}` is a single parameter: {}", shown(whole), super::domain::SYNTAX_HINT),
            (None, Some(section)) => {
                format!("as a key of the study file, `{}` belongs {}.", shown(&entry.name), section.place())
            }
            (None, None) if names.is_empty() => "it has none at all.".to_owned(),
            (None, None) => suggestion::hint(&entry.name, &names, "its parameters"),
        };
        problems.push(problem.hint(hint));
    }
}

fn never_active(entry: &SpaceEntry, cause: &str, by: &SpaceEntry) -> Problem {
    let message = format!("the parameter `{}` can never be part of a configuration", shown(&entry.name));
    Problem::new(entry.key_span.clone(), message)
        .related(by.span.clone(), format!("`{}` leaves out the value that it depends on", shown(cause)))
        .hint("take one of the two back.")
}

fn wrong_kind(parameter: &Parameter, found: &str, span: &Span) -> Problem {
    let message = format!("`{}` cannot be {found}", shown(&parameter.name));
    let domain = &parameter.domain;
    let hint = match domain {
        Domain::Choice(_) => format!("for the component it is one of {}.", described(domain)),
        Domain::Boolean => "for the component it is a boolean.".to_owned(),
        Domain::Real(_) | Domain::Integer(_) => {
            format!("for the component it is {} {}.", kind_name(domain), described(domain))
        }
        Domain::Constant(_) => format!("for the component it is {}: {}.", kind_name(domain), described(domain)),
    };
    Problem::new(span.clone(), message).hint(hint)
}

fn outside(parameter: &Parameter, value: &Value, span: &Span) -> Problem {
    let message = format!("`{}` is outside of what `{}` may be", shown(value), shown(&parameter.name));
    let hint = match &parameter.domain {
        Domain::Choice(values) => {
            let names: Vec<String> = values.iter().map(Value::to_string).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            suggestion::hint(&value.to_string(), &names, "for the component it is one of")
        }
        domain => format!("for the component it is {}.", described(domain)),
    };
    Problem::new(span.clone(), message).hint(hint)
}
