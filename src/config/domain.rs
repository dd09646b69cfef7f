//! Reads a domain: `{ real = [low, high], log = true, default = … }` and its kin.

use toml::de::{DeArray, DeTable, DeValue};

use super::error::{Problem, Span, listed, shown};
use super::reader::{Item, items, kind, report};
use super::space::scalar;
use super::suggestion;
use crate::space::{CHOICES_MAX, Domain, IntegerRange, RealRange, Value};

pub(super) const SYNTAX_HINT: &str = "write a value such as `0.5`, or a domain such as `{ real = [0, 1] }`, \
     `{ integer = [8, 128], log = true }`, `{ boolean = [false, true] }` or `{ choice = [\"relu\", \"tanh\"] }`.";

/// The keys that make a table a domain.
const KINDS: &[&str] = &["real", "integer", "boolean", "choice"];
/// The keys that a domain may have besides.
const OPTIONS: &[&str] = &["log", "default"];
/// What people write for the kinds elsewhere.
const ALIASES: &[(&str, &str)] = &[
    ("reals", "real"),
    ("float", "real"),
    ("uniform", "real"),
    ("range", "real"),
    ("loguniform", "real"),
    ("integers", "integer"),
    ("int", "integer"),
    ("randint", "integer"),
    ("bool", "boolean"),
    ("booleans", "boolean"),
    ("choices", "choice"),
    ("categorical", "choice"),
    ("values", "choice"),
    ("options", "choice"),
];
/// Integers beyond this are not counted exactly by `f64`.
const INTEGER_MAX: i64 = 1 << 53;

/// A domain as the file gives it.
pub(super) struct ReadDomain<'file> {
    pub(super) domain: Domain,
    pub(super) default: Option<Value>,
    /// Where each value of a choice stands.
    pub(super) choices: Vec<Span>,
    /// The names of a choice with the parameters that exist only under each.
    pub(super) alternatives: Vec<(String, &'file DeTable<'file>)>,
}

/// Whether the table is a domain, and not a group of parameters.
pub(super) fn is_domain(table: &DeTable<'_>) -> bool {
    KINDS.iter().any(|kind| table.contains_key(*kind))
}

/// The problem with a table that looks like a domain but is none.
pub(super) fn misspelt(item: &Item<'_>, table: &DeTable<'_>) -> Option<Problem> {
    let entries = items(table, &item.path);
    let meant = |entry: &Item<'_>| ALIASES.iter().find(|(alias, _)| *alias == entry.key).map(|(_, kind)| *kind);
    for entry in &entries {
        if let (Some(kind), DeValue::Array(_)) = (meant(entry), entry.value) {
            let message = format!("`{}` is no kind of domain", shown(&entry.key));
            return Some(Problem::new(entry.key_span.clone(), message).hint(format!("write `{kind}` instead.")));
        }
    }
    let option = entries.iter().find(|entry| OPTIONS.contains(&entry.key.as_ref()) && scalar(entry.value).is_some())?;
    let message = format!("`{}` has `{}`, but no domain", shown(&item.path), option.key);
    let hint = format!(
        "add {}; a parameter that is called so is written with its full name in quotes, `\"{}\" = …`.",
        listed(KINDS.iter().copied()),
        shown(&option.path),
    );
    Some(Problem::new(option.key_span.clone(), message).hint(hint))
}

/// Reads a table that is a domain.
pub(super) fn read<'file>(
    item: &Item<'file>,
    table: &'file DeTable<'file>,
    problems: &mut Vec<Problem>,
) -> Option<ReadDomain<'file>> {
    let before = problems.len();
    let entries = items(table, &item.path);
    let mut kinds = entries.iter().filter(|entry| KINDS.contains(&entry.key.as_ref()));
    let first = kinds.next()?;
    if let Some(second) = kinds.next() {
        let message = format!("`{}` has two domains, `{}` and `{}`", shown(&item.path), first.key, second.key);
        let problem = Problem::new(second.key_span.clone(), message).related(first.key_span.clone(), "the first");
        return report(problems, problem);
    }
    for entry in &entries {
        refuse_unknown(entry, problems);
    }
    let option = |name: &str| entries.iter().find(|entry| entry.key == name);
    let mut read = kind_of(item, first, option("log"), problems)?;
    if let Some(default) = option("default") {
        read.default = default_of(&read.domain, default, problems);
    }
    (problems.len() == before).then_some(read)
}

fn refuse_unknown(entry: &Item<'_>, problems: &mut Vec<Problem>) {
    let known = KINDS.iter().chain(OPTIONS).copied();
    if known.clone().any(|key| key == entry.key) {
        return;
    }
    let keys: Vec<&str> = known.collect();
    let hint = suggestion::hint(&entry.key, &keys, "keys here");
    let message = format!("unknown key `{}` in a domain", shown(&entry.key));
    problems.push(Problem::new(entry.key_span.clone(), message).hint(hint));
}

fn kind_of<'file>(
    item: &Item<'file>,
    entry: &Item<'file>,
    log: Option<&Item<'_>>,
    problems: &mut Vec<Problem>,
) -> Option<ReadDomain<'file>> {
    let plain = |domain| ReadDomain { domain, default: None, choices: Vec::new(), alternatives: Vec::new() };
    if let ("boolean" | "choice", Some(log)) = (entry.key.as_ref(), log) {
        let message = format!("`{}` cannot be on the logarithm: it is no interval", shown(&item.path));
        return report(problems, Problem::new(log.key_span.clone(), message));
    }
    let is_log = match log {
        Some(log) => log.boolean(problems)?,
        None => false,
    };
    match entry.key.as_ref() {
        "real" => real(entry, is_log, problems).map(|range| plain(Domain::Real(range))),
        "integer" => integer(entry, is_log, problems).map(|range| plain(Domain::Integer(range))),
        "boolean" => boolean(entry, problems).map(|()| plain(Domain::Boolean)),
        _ => choice(entry, problems),
    }
}

/// The two ends of an interval.
fn ends(entry: &Item<'_>, problems: &mut Vec<Problem>) -> Option<[Value; 2]> {
    let list = elements(entry.value);
    let ends: Vec<Value> = list.iter().filter_map(|end| scalar(end.get_ref())?.ok()).collect();
    match <[Value; 2]>::try_from(ends) {
        Ok(ends) if list.len() == 2 => Some(ends),
        _ => {
            let message = format!("`{}` must be a list of two numbers, the ends of the interval", shown(&entry.path));
            report(problems, Problem::new(entry.span.clone(), message).label(found(entry.value)))
        }
    }
}

fn real(entry: &Item<'_>, log: bool, problems: &mut Vec<Problem>) -> Option<RealRange> {
    let [lower, upper] = ends(entry, problems)?.map(|end| as_real(&end));
    let (Some(lower), Some(upper)) = (lower, upper) else {
        return report(problems, entry.problem("must be two numbers"));
    };
    if !(upper - lower).is_finite() {
        return report(problems, entry.problem("must have finite ends, not too far apart"));
    }
    check_ends(entry, lower < upper, lower == upper, problems)?;
    check_log(entry, log && lower <= 0.0, problems)?;
    Some(RealRange { lower, upper, log })
}

fn integer(entry: &Item<'_>, log: bool, problems: &mut Vec<Problem>) -> Option<IntegerRange> {
    let [Value::Integer(lower), Value::Integer(upper)] = ends(entry, problems)? else {
        return report(problems, entry.problem("must be two integers"));
    };
    if lower < -INTEGER_MAX || upper > INTEGER_MAX {
        return report(problems, entry.problem("must have its ends within ±2⁵³"));
    }
    check_ends(entry, lower < upper, lower == upper, problems)?;
    check_log(entry, log && lower <= 0, problems)?;
    Some(IntegerRange { lower, upper, log })
}

fn check_ends(entry: &Item<'_>, ascending: bool, equal: bool, problems: &mut Vec<Problem>) -> Option<()> {
    if ascending {
        return Some(());
    }
    let problem = entry.problem("is an empty interval: its first end must be less than its second");
    let hint = if equal { "write the value alone to fix the parameter." } else { "exchange the ends." };
    report(problems, problem.hint(hint))
}

fn check_log(entry: &Item<'_>, outside: bool, problems: &mut Vec<Problem>) -> Option<()> {
    if !outside {
        return Some(());
    }
    let problem = entry.problem("must begin above 0, since it is on the logarithm");
    report(problems, problem.hint("raise the first end, or leave `log` out."))
}

fn boolean(entry: &Item<'_>, problems: &mut Vec<Problem>) -> Option<()> {
    let list = elements(entry.value);
    let mut values: Vec<Option<bool>> = list.iter().map(|value| value.get_ref().as_bool()).collect();
    values.sort_unstable();
    if values == [Some(false), Some(true)] {
        return Some(());
    }
    let problem = entry.problem("must be both values, `[false, true]`").label(found(entry.value));
    report(problems, problem.hint("write the value alone to fix the parameter."))
}

fn choice<'file>(entry: &Item<'file>, problems: &mut Vec<Problem>) -> Option<ReadDomain<'file>> {
    let (values, choices, alternatives) = match entry.value {
        DeValue::Array(list) => listed_choices(entry, list, problems)?,
        DeValue::Table(table) => alternatives_of(entry, table, problems)?,
        _ => {
            let problem = entry.unfit("a list of values, or a table of names with their parameters");
            return report(problems, problem);
        }
    };
    if values.is_empty() || values.len() > CHOICES_MAX {
        return report(problems, entry.problem(&format!("must have 1 to {CHOICES_MAX} values")));
    }
    refuse_twins(&values, &choices, problems)?;
    Some(ReadDomain { domain: Domain::Choice(values), default: None, choices, alternatives })
}

type Choices<'file> = (Vec<Value>, Vec<Span>, Vec<(String, &'file DeTable<'file>)>);

fn listed_choices<'file>(entry: &Item<'_>, list: &DeArray<'_>, problems: &mut Vec<Problem>) -> Option<Choices<'file>> {
    let before = problems.len();
    let mut values = Vec::new();
    for value in list {
        match scalar(value.get_ref()) {
            Some(Ok(Value::Real(real))) if !real.is_finite() => {
                problems.push(Problem::new(value.span(), "the values of a choice must be finite"));
            }
            Some(Ok(value)) => values.push(value),
            _ => {
                let message = format!("`{}` must be a list of single values", shown(&entry.path));
                let hint = "for names with parameters of their own write a table, \
                     `choice = { sgd = { momentum = { real = [0, 1] } }, adam = {} }`.";
                problems.push(Problem::new(value.span(), message).label(kind(value.get_ref())).hint(hint));
            }
        }
    }
    if problems.len() != before {
        return None;
    }
    Some((all_real(values), list.iter().map(toml::Spanned::span).collect(), Vec::new()))
}

/// Numbers of which some are reals are all meant as reals.
fn all_real(values: Vec<Value>) -> Vec<Value> {
    let reals: Option<Vec<Value>> = values.iter().map(|value| as_real(value).map(Value::Real)).collect();
    match reals {
        Some(reals) if values.iter().any(|value| matches!(value, Value::Real(_))) => reals,
        _ => values,
    }
}

fn alternatives_of<'file>(
    entry: &Item<'file>,
    table: &'file DeTable<'file>,
    problems: &mut Vec<Problem>,
) -> Option<Choices<'file>> {
    let mut choices: Choices<'file> = Default::default();
    for alternative in items(table, &entry.path) {
        let DeValue::Table(parameters) = alternative.value else {
            let hint = format!("write `{} = {{}}` for a name without parameters.", shown(&alternative.key));
            return report(problems, alternative.unfit("a table of parameters").hint(hint));
        };
        if is_domain(parameters) {
            let hint = "give the parameter a name: `{ sgd = { momentum = { real = [0, 1] } } }`.";
            return report(problems, alternative.problem("is a domain, not a table of parameters").hint(hint));
        }
        choices.0.push(Value::Text(alternative.key.to_string()));
        choices.1.push(alternative.key_span);
        choices.2.push((alternative.key.to_string(), parameters));
    }
    Some(choices)
}

fn refuse_twins(values: &[Value], spans: &[Span], problems: &mut Vec<Problem>) -> Option<()> {
    let mut seen = std::collections::BTreeMap::new();
    for (value, span) in values.iter().zip(spans) {
        if let Some(first) = seen.insert(crate::numeric::digest::canonical_bytes(value), span) {
            let message = format!("the value `{}` occurs twice", shown(value));
            return report(problems, Problem::new(span.clone(), message).related(first.clone(), "first here"));
        }
    }
    Some(())
}

fn default_of(domain: &Domain, entry: &Item<'_>, problems: &mut Vec<Problem>) -> Option<Value> {
    let value = match scalar(entry.value) {
        Some(Ok(value)) => fitted(&value, domain),
        _ => return report(problems, entry.unfit("a single value")),
    };
    if domain.contains(&value) {
        return Some(value);
    }
    let problem = if same_kind(domain, &value) {
        entry.problem(&format!("is outside of its domain: {}", described(domain)))
    } else {
        entry.problem(&format!("must be {}, not {}", kind_name(domain), value.kind()))
    };
    report(problems, problem.label(kind(entry.value)))
}

fn as_real(value: &Value) -> Option<f64> {
    match *value {
        Value::Real(real) => Some(real),
        Value::Integer(integer) => Some(integer as f64),
        Value::Boolean(_) | Value::Text(_) => None,
    }
}

/// The value as one of the domain: an integer where reals are meant becomes a real.
pub(super) fn fitted(value: &Value, domain: &Domain) -> Value {
    let as_one_of = |values: &[Value]| {
        let real = Value::Real(as_real(value)?);
        (!values.iter().any(|choice| choice.same(value)) && values.iter().any(|choice| choice.same(&real)))
            .then_some(real)
    };
    let real = match domain {
        Domain::Real(_) | Domain::Constant(Value::Real(_)) => as_real(value).map(Value::Real),
        Domain::Choice(values) => as_one_of(values),
        Domain::Integer(_) | Domain::Boolean | Domain::Constant(_) => None,
    };
    real.unwrap_or_else(|| value.clone())
}

/// Whether the value is of the kind that the domain's values have.
pub(super) fn same_kind(domain: &Domain, value: &Value) -> bool {
    match domain {
        Domain::Real(_) => matches!(value, Value::Real(_)),
        Domain::Integer(_) => matches!(value, Value::Integer(_)),
        Domain::Boolean => matches!(value, Value::Boolean(_)),
        Domain::Choice(values) => values.iter().any(|choice| choice.kind() == value.kind()),
        Domain::Constant(constant) => constant.kind() == value.kind(),
    }
}

/// What kind of value the domain has, for messages.
pub(super) fn kind_name(domain: &Domain) -> &'static str {
    match domain {
        Domain::Real(_) => "a real number",
        Domain::Integer(_) => "an integer",
        Domain::Boolean => "a boolean",
        Domain::Choice(_) => "one of the choice's values",
        Domain::Constant(value) => value.kind(),
    }
}

/// The domain for messages: an interval, or the values.
pub(super) fn described(domain: &Domain) -> String {
    match domain {
        Domain::Real(range) => format!("from {} to {}", Value::Real(range.lower), Value::Real(range.upper)),
        Domain::Integer(range) => format!("from {} to {}", range.lower, range.upper),
        Domain::Boolean => "false or true".into(),
        Domain::Choice(values) => {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            listed(values.iter().map(String::as_str))
        }
        Domain::Constant(value) => shown(value),
    }
}

/// The elements of a list; nothing else has any.
fn elements<'value, 'file>(value: &'value DeValue<'file>) -> &'value [toml::Spanned<DeValue<'file>>] {
    match value {
        DeValue::Array(list) => list,
        _ => &[],
    }
}

/// What was found where a list was expected.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Array(list) => format!("a list of {}", list.len()),
        other => kind(other).to_owned(),
    }
}
