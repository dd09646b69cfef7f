//! Reads `[space]`: nested tables, lists and choices become flat entries, each a value or a domain.

use toml::de::{DeArray, DeTable, DeValue};

use super::domain;
use super::error::{Problem, Span, shown};
use super::reader::{Item, elements, integer, items, number};
use crate::space::{Condition, Domain, PARAMETERS_MAX, Value};

/// What the file says of one parameter.
#[derive(Clone, Debug)]
pub(super) struct SpaceEntry {
    /// The full name.
    pub(super) name: String,
    /// Where its last part stands.
    pub(super) key_span: Span,
    /// Where what is said of it stands.
    pub(super) span: Span,
    pub(super) content: Content,
    /// Under which value of a choice of the file it stands, if it does.
    pub(super) condition: Option<Condition>,
    /// What orders the entries: where it stands, but never before a choice that it stands under.
    position: usize,
}

/// What holds for the entries of a group.
#[derive(Clone, Debug, Default)]
struct Scope {
    condition: Option<Condition>,
    /// No entry is ordered before this place.
    position: usize,
}

/// What is said of a parameter.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// It always has this value.
    Value(Value),
    /// It is searched.
    Domain {
        domain: Domain,
        /// Its value in the default configuration.
        default: Option<Value>,
        /// Where each value of a choice stands.
        choices: Vec<Span>,
    },
}

/// The entries of `[space]` in the order of the file; a choice stands before what exists only under it.
pub(super) fn read(table: &DeTable<'_>, problems: &mut Vec<Problem>) -> Vec<SpaceEntry> {
    let mut reader = SpaceReader { entries: Vec::new(), problems };
    reader.group("", table, &Scope::default());
    let mut entries = reader.entries;
    if let Some(surplus) = entries.get(PARAMETERS_MAX) {
        let message = format!("the space has more than {PARAMETERS_MAX} parameters");
        problems.push(Problem::new(surplus.key_span.clone(), message));
    }
    // Keys of one group may stand far from each other, as `[space.a]`, `[space.b]`, `[space.a.c]` do.
    entries.sort_by_key(|entry| entry.position);
    entries
}

/// The value, if it is a single one.
pub(super) fn scalar(value: &DeValue<'_>) -> Option<Result<Value, &'static str>> {
    Some(match value {
        DeValue::String(text) => Ok(Value::Text(text.to_string())),
        DeValue::Boolean(boolean) => Ok(Value::Boolean(*boolean)),
        DeValue::Integer(_) => integer(value)
            .and_then(|integer| i64::try_from(integer).ok())
            .map(Value::Integer)
            .ok_or("is beyond what 64 bits hold"),
        DeValue::Float(_) => number(value).map(Value::Real).ok_or("is no number"),
        _ => return None,
    })
}

struct SpaceReader<'problems> {
    entries: Vec<SpaceEntry>,
    problems: &'problems mut Vec<Problem>,
}

impl SpaceReader<'_> {
    /// The entries of a table that is no domain.
    fn group(&mut self, prefix: &str, table: &DeTable<'_>, scope: &Scope) {
        for item in items(table, prefix) {
            self.entry(&item, scope);
        }
    }

    fn entry(&mut self, item: &Item<'_>, scope: &Scope) {
        match item.value {
            DeValue::Table(table) if domain::is_domain(table) => self.domain(item, table, scope),
            DeValue::Table(table) => {
                if table.is_empty() {
                    let hint = domain::SYNTAX_HINT;
                    self.problems.push(item.problem("is an empty table, which names no values").hint(hint));
                } else if let Some(problem) = domain::misspelt(item, table) {
                    self.problems.push(problem);
                } else {
                    self.group(&item.path, table, scope);
                }
            }
            DeValue::Array(list) => self.list(item, list, scope),
            _ => self.value(item, scope),
        }
    }

    fn list(&mut self, item: &Item<'_>, list: &DeArray<'_>, scope: &Scope) {
        if list.is_empty() {
            self.problems.push(item.problem("is an empty list, which names no values").hint(domain::SYNTAX_HINT));
        }
        for element in elements(list, &item.path) {
            self.entry(&element, scope);
        }
    }

    fn value(&mut self, item: &Item<'_>, scope: &Scope) {
        match scalar(item.value) {
            Some(Ok(value)) => self.push(item, Content::Value(value), scope),
            Some(Err(what)) => self.problems.push(item.problem(what)),
            None => self.problems.push(item.unfit("a number, a boolean, a text or a domain").hint(domain::SYNTAX_HINT)),
        }
    }

    fn domain(&mut self, item: &Item<'_>, table: &DeTable<'_>, scope: &Scope) {
        let Some(read) = domain::read(item, table, self.problems) else { return };
        let content = Content::Domain { domain: read.domain, default: read.default, choices: read.choices };
        self.push(item, content, scope);
        for (index, (name, alternative)) in read.alternatives.into_iter().enumerate() {
            // No more alternatives than a choice may have values, which `domain` checks.
            let condition = Some(Condition { parameter: item.path.clone(), choice: index as u32 });
            let scope = Scope { condition, position: scope.position.max(item.key_span.start) };
            self.group(&format!("{}.{name}", item.path), alternative, &scope);
        }
    }

    fn push(&mut self, item: &Item<'_>, content: Content, scope: &Scope) {
        // One too many, so that it can be reported; more would only cost time.
        if self.entries.len() > PARAMETERS_MAX {
            return;
        }
        if let Some(twin) = self.entries.iter().find(|entry| entry.name == item.path) {
            let message = format!("the parameter `{}` is given twice", shown(&item.path));
            let problem = Problem::new(item.key_span.clone(), message).related(twin.key_span.clone(), "first here");
            self.problems.push(problem);
            return;
        }
        self.entries.push(SpaceEntry {
            name: item.path.clone(),
            key_span: item.key_span.clone(),
            span: item.span.clone(),
            content,
            condition: scope.condition.clone(),
            position: scope.position.max(item.key_span.start),
        });
    }
}
