//! Reads tables key by key, so that every mistake is found with its place: unknown keys, wrong kinds, values out of range.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::amount::{self, Units};
use super::error::{Problem, Span, shown};
use super::reference::Section;
use super::suggestion;

/// A key of the file with its value.
#[derive(Clone, Debug)]
pub(super) struct Item<'file> {
    /// The key with the section that it stands in.
    pub(super) path: String,
    pub(super) key: Cow<'file, str>,
    pub(super) key_span: Span,
    pub(super) value: &'file DeValue<'file>,
    /// Where the value stands.
    pub(super) span: Span,
}

/// The entries of a table in the order of the file.
pub(super) fn items<'file>(table: &'file DeTable<'file>, prefix: &str) -> Vec<Item<'file>> {
    let mut items: Vec<Item<'file>> = table.iter().map(|(key, value)| Item::new(prefix, key, value)).collect();
    items.sort_by_key(|item| item.key_span.start);
    items
}

/// The elements of a list, each with its number as its key.
pub(super) fn elements<'file>(list: &'file DeArray<'file>, path: &str) -> impl Iterator<Item = Item<'file>> {
    let element = move |(index, value): (usize, &'file Spanned<DeValue<'file>>)| Item {
        path: format!("{path}.{index}"),
        key: index.to_string().into(),
        key_span: value.span(),
        value: value.get_ref(),
        span: value.span(),
    };
    list.iter().enumerate().map(element)
}

/// A table of which each key is taken by name; at the end nothing may be left.
pub(super) struct TableReader<'file> {
    section: Section,
    place: Span,
    rest: Vec<Item<'file>>,
}

impl<'file> TableReader<'file> {
    /// A reader of the table that stands under the key at `place`.
    pub(super) fn new(section: Section, table: &'file DeTable<'file>, place: Span) -> Self {
        let rest = items(table, section.name);
        Self { section, place, rest }
    }

    /// Where the section's key stands.
    pub(super) fn place(&self) -> Span {
        self.place.clone()
    }

    /// The entry under `key`, which must be one of the section's.
    pub(super) fn take(&mut self, key: &str) -> Option<Item<'file>> {
        debug_assert!(self.section.has(key), "{key} is missing in the reference");
        let position = self.rest.iter().position(|item| item.key == key)?;
        Some(self.rest.remove(position))
    }

    /// Takes whatever is left under these keys.
    pub(super) fn discard(&mut self, keys: &[&str]) {
        self.rest.retain(|item| !keys.contains(&item.key.as_ref()));
    }

    /// What is left under these keys.
    pub(super) fn left<'reader>(&'reader self, keys: &'reader [&str]) -> impl Iterator<Item = &'reader Item<'file>> {
        self.rest.iter().filter(|item| keys.contains(&item.key.as_ref()))
    }

    /// Reports each key that was not taken.
    pub(super) fn finish(self, problems: &mut Vec<Problem>) {
        for item in &self.rest {
            let message = format!("unknown key `{}` {}", shown(&item.key), self.section.place());
            problems.push(Problem::new(item.key_span.clone(), message).hint(self.hint_for(&item.key)));
        }
    }

    fn hint_for(&self, key: &str) -> String {
        /// What is said on the command line, since it does not change what the study is.
        const ON_THE_COMMAND_LINE: &[&str] = &["jobs", "isolation"];
        if let Some(elsewhere) = section_of(key).filter(|section| section.name != self.section.name) {
            return format!("`{key}` belongs {}.", elsewhere.place());
        }
        if ON_THE_COMMAND_LINE.contains(&key) {
            return format!("how a study is run is no part of it; say `--{key}` on the command line.");
        }
        let names: Vec<&str> = self.section.keys.iter().map(|key| key.name).collect();
        if suggestion::nearest(key, names.iter().copied()).is_none() {
            let all = Section::all();
            let elsewhere = all.iter().flat_map(|section| section.keys.iter().map(|key| key.name));
            let meant = suggestion::nearest(key, elsewhere.filter(|&name| name != "type"));
            if let Some((meant, section)) = meant.and_then(|meant| Some((meant, section_of(meant)?))) {
                return format!("did you mean `{meant}`? It belongs {}.", section.place());
            }
        }
        suggestion::hint(key, &names, "keys here")
    }
}

/// The section that has this key, where it is no section itself.
pub(super) fn section_of(key: &str) -> Option<Section> {
    let all = Section::all();
    if all.iter().any(|section| section.name == key) {
        return None;
    }
    // `type` stands in several sections and tells nothing. What a searcher can have, too, is mostly meant for the trials.
    let mut sections = all.into_iter().filter(|section| key != "type" && section.has(key)).collect::<Vec<_>>();
    sections.sort_by_key(|section| section.name == "searcher");
    sections.into_iter().next()
}

impl<'file> Item<'file> {
    fn new(prefix: &str, key: &'file Spanned<Cow<'file, str>>, value: &'file Spanned<DeValue<'file>>) -> Self {
        let name = key.get_ref();
        Self {
            path: if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") },
            key: Cow::Borrowed(name),
            key_span: key.span(),
            value: value.get_ref(),
            span: value.span(),
        }
    }

    /// The problem that the value is not what it must be.
    pub(super) fn unfit(&self, expected: &str) -> Problem {
        let found = kind(self.value);
        Problem::new(self.span.clone(), format!("`{}` must be {expected}, not {found}", shown(&self.path))).label(found)
    }

    pub(super) fn problem(&self, what: &str) -> Problem {
        Problem::new(self.span.clone(), format!("`{}` {what}", shown(&self.path)))
    }

    pub(super) fn text(&self, problems: &mut Vec<Problem>) -> Option<&'file str> {
        match self.value {
            DeValue::String(text) if text.is_empty() => {
                problems.push(self.problem("must not be empty"));
                None
            }
            DeValue::String(text) => Some(text),
            _ => report(problems, self.unfit("a text")),
        }
    }

    pub(super) fn boolean(&self, problems: &mut Vec<Problem>) -> Option<bool> {
        match self.value {
            DeValue::Boolean(boolean) => Some(*boolean),
            _ => report(problems, self.unfit("`true` or `false`")),
        }
    }

    /// The name that the text is, out of a few.
    pub(super) fn one_of(&self, names: &[&'static str], problems: &mut Vec<Problem>) -> Option<&'static str> {
        let DeValue::String(given) = self.value else {
            return report(problems, self.unfit(&quoted(names)));
        };
        if let Some(name) = names.iter().find(|name| *name == given) {
            return Some(name);
        }
        let problem = self.problem(&format!("must be {}, not `{}`", quoted(names), shown(given)));
        report(problems, problem.hint(suggestion::hint(given, names, "available")))
    }

    /// A finite number; integers count as reals.
    pub(super) fn real(&self, problems: &mut Vec<Problem>) -> Option<f64> {
        match number(self.value) {
            Some(real) if real.is_finite() => Some(real),
            Some(_) => report(problems, self.problem("must be finite")),
            None => report(problems, self.unfit("a number")),
        }
    }

    /// A finite number, not negative.
    pub(super) fn share(&self, problems: &mut Vec<Problem>) -> Option<f64> {
        let real = self.real(problems)?;
        if real >= 0.0 { Some(real) } else { report(problems, self.problem("must not be negative")) }
    }

    pub(super) fn integer(&self, range: RangeInclusive<u64>, problems: &mut Vec<Problem>) -> Option<u64> {
        let DeValue::Integer(_) = self.value else {
            return report(problems, self.unfit("an integer"));
        };
        self.in_range(integer(self.value), range, problems)
    }

    /// A number without a fraction, or a text with a unit.
    pub(super) fn amount(&self, units: Units, range: RangeInclusive<u64>, problems: &mut Vec<Problem>) -> Option<u64> {
        match self.value {
            DeValue::Integer(_) => self.integer(range, problems),
            // The cast is exact for reals without a fraction up to 2¹²⁷; others are out of every range.
            DeValue::Float(_) => match number(self.value) {
                Some(real) if real.fract() == 0.0 => self.in_range(Some(real as i128), range, problems),
                _ => report(problems, self.problem("must be an integer")),
            },
            DeValue::String(text) => match amount::parse(text, units) {
                Ok(value) => self.in_range(Some(i128::from(value)), range, problems),
                Err(error) => {
                    let problem = self.problem(&format!("is not an amount: {error}"));
                    report(
                        problems,
                        problem.hint(format!("write a number and a unit, out of {}.", amount::listed(units))),
                    )
                }
            },
            _ => report(problems, self.unfit("a number, or a text with a unit")),
        }
    }

    /// A time in nanoseconds, longer than 0: a number of seconds, or a text with units.
    pub(super) fn nanoseconds(&self, problems: &mut Vec<Problem>) -> Option<u64> {
        const SECOND: u64 = 1_000_000_000;
        /// What the store's integers hold.
        const LAST: u64 = i64::MAX as u64;
        let nanoseconds = match self.value {
            DeValue::Integer(_) => integer(self.value)
                .and_then(|seconds| u64::try_from(seconds).ok())
                .and_then(|seconds| seconds.checked_mul(SECOND)),
            DeValue::Float(_) => number(self.value)
                .map(|seconds| seconds * SECOND as f64)
                // NaN is not in the range; what is, the cast takes exactly.
                .filter(|nanoseconds| (0.0..=LAST as f64).contains(nanoseconds))
                .map(|nanoseconds| libm::rint(nanoseconds) as u64),
            DeValue::String(_) => return self.amount(amount::TIME, 1..=LAST, problems),
            _ => return report(problems, self.unfit("a number of seconds, or a text such as \"2m\"")),
        };
        match nanoseconds {
            Some(nanoseconds @ 1..=LAST) => Some(nanoseconds),
            _ => report(problems, self.problem("must be longer than 0 and shorter than 292 years")),
        }
    }

    pub(super) fn table(&self, problems: &mut Vec<Problem>) -> Option<&'file DeTable<'file>> {
        match self.value {
            DeValue::Table(table) => Some(table),
            _ => {
                let hint = format!("write `[{}]` on a line of its own, and its keys below.", shown(&self.path));
                report(problems, self.unfit("a table").hint(hint))
            }
        }
    }

    /// The integer, if it is in the range; none is one that is too large to be told.
    fn in_range(&self, integer: Option<i128>, range: RangeInclusive<u64>, problems: &mut Vec<Problem>) -> Option<u64> {
        match integer.map(u64::try_from) {
            Some(Ok(integer)) if range.contains(&integer) => Some(integer),
            Some(Ok(integer)) if integer < *range.start() => self.below(range, problems),
            Some(Err(_)) if integer < Some(0) => self.below(range, problems),
            _ => report(problems, self.problem(&format!("must be at most {}", range.end()))),
        }
    }

    fn below(&self, range: RangeInclusive<u64>, problems: &mut Vec<Problem>) -> Option<u64> {
        report(problems, self.problem(&format!("must be at least {}", range.start())))
    }
}

/// The names as values of the file.
pub(super) fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`\"{name}\"`")).collect();
    match quoted.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => quoted.concat(),
    }
}

/// Notes the problem, and gives no value.
pub(super) fn report<T>(problems: &mut Vec<Problem>, problem: Problem) -> Option<T> {
    problems.push(problem);
    None
}

/// The integer, if the value is one that 128 bits hold.
pub(super) fn integer(value: &DeValue<'_>) -> Option<i128> {
    value.as_integer().and_then(|integer| i128::from_str_radix(integer.as_str(), integer.radix()).ok())
}

/// The value as a real number, if it is a number.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(_) => integer(value).map(|integer| integer as f64),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}

/// What the value is, for messages.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a real number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
