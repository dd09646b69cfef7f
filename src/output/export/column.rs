//! Names as columns: which names configurations and reports have, and of which kinds their values are.
//!
//! Names and values come from guests, who may give every report other names. Of these only so many become columns; the rest
//! stands together in one more column.

use std::collections::BTreeMap;

use crate::space::{Domain, Value};

/// How many names become columns. As many as a space may have parameters.
pub(super) const COLUMNS_MAX: usize = 1_000;
/// Integers beyond this are not counted exactly by `f64`.
const EXACT_MAX: u64 = 1 << 53;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Integers from 0.
    Natural,
    /// Integers.
    Integer,
    /// Real numbers.
    Real,
    /// Truth values.
    Boolean,
    /// Texts.
    Text,
    /// Values of several kinds, each as its JSON.
    Json,
}

/// A name with the kinds of its values so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    has_reals: bool,
    has_integers: bool,
    /// Whether some of the integers would change as reals.
    has_wide_integers: bool,
    has_booleans: bool,
    has_texts: bool,
}

/// The columns for the names of configurations or of reports.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    columns: Vec<Column>,
    places: BTreeMap<String, usize>,
    has_others: bool,
}

impl Column {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            has_reals: false,
            has_integers: false,
            has_wide_integers: false,
            has_booleans: false,
            has_texts: false,
        }
    }

    fn take(&mut self, value: &Value) {
        match value {
            Value::Real(_) => self.has_reals = true,
            Value::Integer(integer) => {
                self.has_integers = true;
                self.has_wide_integers |= integer.unsigned_abs() > EXACT_MAX;
            }
            Value::Boolean(_) => self.has_booleans = true,
            Value::Text(_) => self.has_texts = true,
        }
    }

    /// The kind that holds all of its values as they are. Integers among reals become reals where that changes none.
    pub(super) fn kind(&self) -> Kind {
        match (self.has_reals, self.has_integers, self.has_booleans, self.has_texts) {
            (true, false, false, false) => Kind::Real,
            (true, true, false, false) if !self.has_wide_integers => Kind::Real,
            (false, true, false, false) => Kind::Integer,
            (false, false, true, false) => Kind::Boolean,
            (false, false, false, _) => Kind::Text,
            _ => Kind::Json,
        }
    }
}

impl Columns {
    /// Makes room for a parameter, which may never be part of a configuration.
    pub(super) fn take_domain(&mut self, name: &str, domain: &Domain) {
        match domain {
            Domain::Real(_) => self.take(name, &Value::Real(0.0)),
            Domain::Integer(_) => self.take(name, &Value::Integer(0)),
            Domain::Boolean => self.take(name, &Value::Boolean(false)),
            Domain::Choice(values) => values.iter().for_each(|value| self.take(name, value)),
            Domain::Constant(value) => self.take(name, value),
        }
    }

    /// Makes room for a value under the name.
    pub(super) fn take(&mut self, name: &str, value: &Value) {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None if self.columns.len() == COLUMNS_MAX => {
                self.has_others = true;
                return;
            }
            None => {
                self.places.insert(name.to_owned(), self.columns.len());
                self.columns.push(Column::new(name));
                self.columns.len() - 1
            }
        };
        if let Some(column) = self.columns.get_mut(place) {
            column.take(value);
        }
    }

    /// In order of their first values.
    pub(super) fn all(&self) -> &[Column] {
        &self.columns
    }

    /// Which column the name has, if it has one.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Whether there were more names than become columns.
    pub(super) fn has_others(&self) -> bool {
        self.has_others
    }

    /// The values by column, and the JSON object of those that have none.
    pub(super) fn spread<'a>(
        &self,
        pairs: impl Iterator<Item = (&'a str, &'a Value)>,
    ) -> (Vec<Option<&'a Value>>, Option<String>) {
        let mut values = vec![None; self.columns.len()];
        let mut others: BTreeMap<&str, &Value> = BTreeMap::new();
        for (name, value) in pairs {
            match self.place(name).and_then(|place| values.get_mut(place)) {
                Some(cell) => *cell = Some(value),
                None => {
                    others.insert(name, value);
                }
            }
        }
        let others = if others.is_empty() { None } else { serde_json::to_string(&others).ok() };
        (values, others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(values: &[Value]) -> Kind {
        let mut columns = Columns::default();
        values.iter().for_each(|value| columns.take("x", value));
        columns.all()[0].kind()
    }

    #[test]
    fn a_column_has_the_kind_that_changes_none_of_its_values() {
        let (real, integer, text) = (Value::Real(0.5), Value::Integer(3), Value::from("a"));
        let wide = Value::Integer((1 << 53) + 1);
        for (values, expected) in [
            (vec![real.clone()], Kind::Real),
            (vec![integer.clone()], Kind::Integer),
            (vec![wide.clone()], Kind::Integer),
            (vec![real.clone(), integer.clone()], Kind::Real),
            (vec![real, wide], Kind::Json),
            (vec![Value::Boolean(true)], Kind::Boolean),
            (vec![Value::Boolean(true), integer.clone()], Kind::Json),
            (vec![text.clone()], Kind::Text),
            (vec![text, integer], Kind::Json),
        ] {
            assert_eq!(kind(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn more_names_than_there_may_be_columns_stand_together() {
        let mut columns = Columns::default();
        let names: Vec<String> = (0..COLUMNS_MAX + 2).map(|number| format!("name {number}")).collect();
        let value = Value::Integer(7);
        names.iter().for_each(|name| columns.take(name, &value));
        assert!(columns.has_others() && columns.all().len() == COLUMNS_MAX);
        let pairs = names.iter().rev().take(3).map(|name| (name.as_str(), &value));
        let (values, others) = columns.spread(pairs);
        assert_eq!(values.iter().flatten().count(), 1);
        assert_eq!(others.unwrap(), r#"{"name 1000":7,"name 1001":7}"#);
    }
}
