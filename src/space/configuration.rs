//! A point of a search space.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU128;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;
use crate::numeric::print::Print;

/// A point of a search space: a value for each active parameter and each constant, by full name.
///
/// Copies share what they hold: a study of a million trials passes each configuration on several times, and keeps all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config(Arc<Pairs>);

/// Names with their values.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pairs {
    /// In ascending order. Configurations of one space share them where no parameter has a condition.
    names: Arc<[Arc<str>]>,
    /// One a name.
    values: Box<[Value]>,
}

/// What tells two configurations apart: 128 bits, as good as random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConfigKey(pub(crate) NonZeroU128);

impl Config {
    /// The value under `name`, if the parameter is active.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).ok().map(|index| &self.0.values[index])
    }

    /// Sets the value under `name`.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let name = name.into();
        match self.place(&name) {
            Ok(index) => Arc::make_mut(&mut self.0).values[index] = value,
            Err(index) => {
                let (mut names, mut values) = (self.0.names.to_vec(), self.0.values.to_vec());
                names.insert(index, name);
                values.insert(index, value);
                *self = Self::of(names.into(), values);
            }
        }
    }

    /// The configuration of those names, in ascending order, each with its value.
    pub(super) fn of(names: Arc<[Arc<str>]>, values: Vec<Value>) -> Self {
        debug_assert_eq!(names.len(), values.len());
        Self(Arc::new(Pairs { names, values: values.into() }))
    }

    /// All names with their values, in ascending order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.names.iter().map(|name| &**name).zip(&self.0.values)
    }

    /// How many names have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.names.len()
    }

    /// Whether no name has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.names.is_empty()
    }

    pub(crate) fn key(&self) -> ConfigKey {
        let mut print = Print::new();
        for (name, value) in self.iter() {
            print.bytes(name.as_bytes());
            value.add_to(&mut print);
        }
        // That one print stands for two costs nothing.
        ConfigKey(NonZeroU128::new(print.finish()).unwrap_or(NonZeroU128::MAX))
    }

    /// Where the name is, or where it belongs.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.names.binary_search_by(|other| (**other).cmp(name))
    }
}

impl<N: Into<Arc<str>>> FromIterator<(N, Value)> for Config {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(pairs: I) -> Self {
        // Through a map, since of equal names the last one counts.
        let pairs: BTreeMap<Arc<str>, Value> = pairs.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let (names, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        Self::of(names.into(), values)
    }
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<String, Value>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl fmt::Display for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{name} = {value}")?;
        }
        Ok(())
    }
}
