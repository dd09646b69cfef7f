//! Reads `points_to_evaluate`: configurations that are tried first. They are completed once the space is known.

use std::collections::BTreeMap;

use toml::de::{DeArray, DeTable, DeValue};

use super::domain::{described, fitted, kind_name, same_kind};
use super::error::{Problem, Span, shown, shown_space_error};
use super::reader::{Item, elements, items, report};
use super::space::scalar;
use super::suggestion;
use crate::space::{Config, Parameter, Space, Value};
use crate::study::POINTS_MAX;

/// What the file says of one configuration.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Where it stands.
    span: Span,
    /// The values that it gives, by full name, each with its place.
    given: BTreeMap<String, (Value, Span)>,
}

/// The points in the order of the file.
pub(super) fn read(item: &Item<'_>, problems: &mut Vec<Problem>) -> Vec<Point> {
    let DeValue::Array(list) = item.value else {
        let hint = "write `points_to_evaluate = [{ learning_rate = 0.1 }]`, one table for each configuration.";
        problems.push(item.unfit("a list of tables").hint(hint));
        return Vec::new();
    };
    if list.len() > POINTS_MAX {
        problems.push(item.problem(&format!("must have at most {POINTS_MAX} configurations")));
        return Vec::new();
    }
    elements(list, &item.path).filter_map(|element| point(&element, problems)).collect()
}

fn point(element: &Item<'_>, problems: &mut Vec<Problem>) -> Option<Point> {
    let DeValue::Table(table) = element.value else {
        return report(problems, element.unfit("a table of parameters with their values"));
    };
    let mut point = Point { span: element.span.clone(), given: BTreeMap::new() };
    point.table("", table, problems);
    Some(point)
}

impl Point {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>, problems: &mut Vec<Problem>) {
        for item in items(table, prefix) {
            self.entry(&item, problems);
        }
    }

    fn list(&mut self, item: &Item<'_>, list: &DeArray<'_>, problems: &mut Vec<Problem>) {
        for element in elements(list, &item.path) {
            self.entry(&element, problems);
        }
    }

    fn entry(&mut self, item: &Item<'_>, problems: &mut Vec<Problem>) {
        match item.value {
            DeValue::Table(table) => self.table(&item.path, table, problems),
            DeValue::Array(list) => self.list(item, list, problems),
            _ => match scalar(item.value) {
                Some(Ok(value)) => {
                    if self.given.insert(item.path.clone(), (value, item.span.clone())).is_some() {
                        let message = format!("the parameter `{}` is given twice", shown(&item.path));
                        problems.push(Problem::new(item.key_span.clone(), message));
                    }
                }
                Some(Err(what)) => problems.push(item.problem(what)),
                None => problems.push(item.unfit("a number, a boolean or a text")),
            },
        }
    }

    /// The configuration, with defaults for what it leaves out.
    pub(super) fn completed(&self, space: &Space) -> Result<Config, Problem> {
        let mut partial = Config::default();
        for (name, (value, span)) in &self.given {
            let parameter = space.parameter(name).ok_or_else(|| unknown(name, span, space))?;
            partial.insert(name.as_str(), fitted_to(parameter, value, span)?);
        }
        space.completed(&partial).map_err(|error| {
            let span = self.given.get(&error.parameter).map_or(&self.span, |(_, span)| span);
            let hint = "leave it out: what another choice makes inactive has no value.";
            Problem::new(span.clone(), shown_space_error(&error)).hint(hint)
        })
    }
}

fn unknown(name: &str, span: &Span, space: &Space) -> Problem {
    let names: Vec<&str> = space.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    let problem = Problem::new(span.clone(), format!("the space has no parameter `{}`", shown(name)));
    problem.hint(suggestion::hint(name, &names, "its parameters"))
}

/// The value as one of the parameter's.
fn fitted_to(parameter: &Parameter, value: &Value, span: &Span) -> Result<Value, Problem> {
    let Parameter { name, domain, .. } = parameter;
    let value = fitted(value, domain);
    if domain.contains(&value) {
        return Ok(value);
    }
    let name = shown(name);
    let message = match same_kind(domain, &value) {
        true => format!("`{name}` cannot be {}: it is outside of its domain", shown(&value)),
        false => format!("`{name}` must be {}, not {}", kind_name(domain), value.kind()),
    };
    Err(Problem::new(span.clone(), message).hint(format!("allowed: {}.", described(domain))))
}
