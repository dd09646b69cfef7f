//! A table of learning curves: a row for each configuration, with what it reaches after each epoch.
//!
//! Talks to `cell` for what cells say and to `index` for finding rows.

use std::collections::{BTreeMap, BTreeSet};

use super::cell;
use super::index::Index;
use crate::numeric::amount::{Fuel, VirtualTime};
use crate::space::{Config, Space};

/// How many rows a table may have.
pub const ROWS_MAX: usize = 5_000_000;

/// Whether the values of a table are to be large or small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// They are rewards.
    #[default]
    Maximise,
    /// They are losses: a reward is the negative of one.
    Minimise,
}

/// Which row a configuration belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lookup {
    /// The one with the same values.
    #[default]
    Exact,
    /// The one at the least distance in the unit cube; of equals the first.
    Nearest,
}

/// How a table is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableOptions {
    /// Whether its values are to be large or small.
    pub direction: Direction,
    /// Which row a configuration belongs to.
    pub lookup: Lookup,
    /// The column that says how many virtual seconds all epochs of a row take together; without one an epoch takes a second.
    pub cost: Option<String>,
    /// What a cell without a value counts as, and one with a worse value too. Without it, a trial fails where it has none.
    pub worst: Option<f64>,
}

/// A table makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// The line, from 1; none if it is about all of them.
    pub line: Option<u64>,
    /// The column, by name.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do, if there is something to say.
    pub hint: Option<String>,
}

/// Learning curves by configuration.
pub struct Table {
    space: Space,
    index: Index,
    epochs: usize,
    /// The rewards of one row after the other; NaN where there is none.
    rewards: Vec<f64>,
    /// How many virtual seconds a row takes in all; none if an epoch takes a second.
    costs: Option<Vec<f64>>,
}

/// What the rewards of a table are measured by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The best value of all rows after any epoch.
    pub best: f64,
    /// The value of the median row at its end.
    pub median: f64,
}

/// Makes a table of lines, one after the other.
pub struct TableReader {
    table: Table,
    options: TableOptions,
    header: Vec<String>,
    /// The column of each parameter that is searched.
    parameters: BTreeMap<String, usize>,
    /// The column of each epoch.
    curve: Vec<usize>,
    cost: Option<usize>,
    rows: u32,
    /// How many rows lie outside of the space.
    outside: u64,
}

impl TableReader {
    /// A table with that first line, for studies of `space`.
    ///
    /// # Errors
    /// If a parameter has no column, or there are no columns `e1`, `e2` and so on.
    pub fn new(space: &Space, options: &TableOptions, header: &[&str]) -> Result<Self, TableError> {
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut seen = BTreeSet::new();
        if let Some(name) = header.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(TableError::of_header(name, "the header names it twice"));
        }
        let column = |name: &str| header.iter().position(|column| column == name);
        let place = |name: &str| column(name).ok_or_else(|| missing(name, &header));
        // A table names a parameter in full or, where no other has it, by the last part of the name.
        let short = |name: &str| name.rsplit('.').next().map(str::to_owned);
        let is_shared = |name: &str| space.searched().filter(|other| short(&other.name) == short(name)).count() > 1;
        let of_parameter = |name: &str| match (column(name), short(name).filter(|_| !is_shared(name))) {
            (None, Some(short)) => column(&short).ok_or_else(|| missing(name, &header)),
            (found, _) => found.ok_or_else(|| missing(name, &header)),
        };
        let parameters = space.searched().map(|parameter| Ok((parameter.name.clone(), of_parameter(&parameter.name)?)));
        let parameters = parameters.collect::<Result<_, _>>()?;
        let curve: Vec<usize> = (1..).map_while(|epoch: u64| column(&format!("e{epoch}"))).collect();
        if curve.is_empty() {
            let error = TableError::of_header("e1", "the table has no such column");
            return Err(error.hint("what a row reaches after each epoch stands in the columns e1, e2, and so on"));
        }
        let is_epoch = |name: &str| name.strip_prefix('e').and_then(|number| number.parse::<u64>().ok());
        if let Some(last) = header.iter().filter_map(|name| is_epoch(name)).find(|epoch| *epoch > curve.len() as u64) {
            let next = format!("e{}", curve.len() + 1);
            return Err(TableError::of_header(&next, &format!("the table has no such column, but it has `e{last}`")));
        }
        let cost = options.cost.as_deref().map(place).transpose()?;
        let table = Table {
            index: Index::new(options.lookup, space),
            space: space.clone(),
            epochs: curve.len(),
            rewards: Vec::new(),
            costs: cost.map(|_| Vec::new()),
        };
        Ok(Self { table, options: options.clone(), header, parameters, curve, cost, rows: 0, outside: 0 })
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// If it has too few or too many cells, or a cell makes no sense.
    pub fn push(&mut self, line: u64, cells: &[&str]) -> Result<(), TableError> {
        let fail = |problem: String| TableError { line: Some(line), column: None, problem, hint: None };
        if cells.len() != self.header.len() {
            return Err(fail(format!("it has {} cells, the header has {}", cells.len(), self.header.len())));
        }
        if self.rows as usize >= ROWS_MAX {
            return Err(fail(format!("a table has at most {ROWS_MAX} rows")));
        }
        let in_column =
            |column: usize, problem| TableError { column: Some(self.header[column].clone()), ..fail(problem) };
        let config = self.config(cells).map_err(|(column, problem)| in_column(column, problem))?;
        let curve = self.curve.iter().map(|&column| match cell::number(cells[column]) {
            Ok(number) => Ok(self.options.reward(number)),
            Err(problem) => Err(in_column(column, problem)),
        });
        let curve: Vec<f64> = curve.collect::<Result<_, _>>()?;
        let cost = self.cost.map(|column| match cell::number(cells[column]) {
            Ok(seconds) if seconds > 0.0 => Ok(seconds),
            Ok(_) => Err(in_column(column, "it must be a number of seconds above 0".into())),
            Err(problem) => Err(in_column(column, problem)),
        });
        let cost = cost.transpose()?;
        let Some(config) = config else {
            self.outside += 1;
            return Ok(());
        };
        self.table.index.push(self.rows, &config, &self.table.space);
        self.table.rewards.extend(curve);
        if let Some((costs, cost)) = self.table.costs.as_mut().zip(cost) {
            costs.push(cost);
        }
        self.rows += 1;
        Ok(())
    }

    /// The table of all lines.
    ///
    /// # Errors
    /// If no line lies in the space of the study.
    pub fn finish(self) -> Result<Table, TableError> {
        if self.rows > 0 {
            return Ok(self.table);
        }
        let fail = |problem: String| TableError { line: None, column: None, problem, hint: None };
        Err(match self.outside {
            0 => fail("it has no rows".into()),
            outside => fail(format!("none of its {outside} rows lies in the space of the study"))
                .hint("the values of a choice must be written as in the table"),
        })
    }

    /// The configuration of a row; none if it lies outside of the space.
    fn config(&self, cells: &[&str]) -> Result<Option<Config>, (usize, String)> {
        let clip = self.options.lookup == Lookup::Nearest;
        let mut problem = None;
        let mut is_outside = false;
        let config = self.table.space.config_with(|parameter| {
            let value = match self.parameters.get(&parameter.name) {
                Some(&column) => cell::value(cells[column], &parameter.domain, clip).unwrap_or_else(|text| {
                    problem.get_or_insert((column, text));
                    None
                }),
                None => None,
            };
            is_outside |= value.is_none();
            value.unwrap_or_else(|| parameter.default.clone())
        });
        match problem {
            Some(problem) => Err(problem),
            None => Ok(Some(config).filter(|_| !is_outside)),
        }
    }
}

impl TableOptions {
    /// The reward that a value stands for; NaN if there is none.
    fn reward(&self, value: f64) -> f64 {
        let value = match self.worst {
            Some(worst) if value.is_nan() => worst,
            Some(worst) if self.direction == Direction::Minimise => value.min(worst),
            Some(worst) => value.max(worst),
            None => value,
        };
        match self.direction {
            Direction::Maximise => value,
            // Not the negative, which would take 0 to −0.
            Direction::Minimise => 0.0 - value,
        }
    }
}

impl Table {
    /// How many rows lie in the space of the study.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rewards.len() / self.epochs
    }

    /// How many epochs a row has.
    #[must_use]
    pub fn epochs(&self) -> u64 {
        self.epochs as u64
    }

    /// The row of a configuration.
    pub(super) fn row(&self, config: &Config) -> Option<u32> {
        self.index.row(config, &self.space)
    }

    /// What a row reaches after so many epochs, from 1; none where the table has no value.
    pub(super) fn reward(&self, row: u32, epoch: u64) -> Option<f64> {
        let place = row as usize * self.epochs + usize::try_from(epoch.checked_sub(1)?).ok()?;
        self.rewards.get(place).copied().filter(|reward| !reward.is_nan())
    }

    /// What so many epochs of a row take.
    pub(super) fn fuel(&self, row: u32, epochs: u64) -> Fuel {
        let seconds = match &self.costs {
            None => epochs as f64,
            Some(costs) => costs[row as usize] * epochs as f64 / self.epochs as f64,
        };
        Fuel(VirtualTime::from_seconds(seconds).0)
    }

    /// What rewards are measured by; none if the best is no better than the median row at its end.
    #[must_use]
    pub fn scale(&self) -> Option<Scale> {
        let best = self.rewards.iter().copied().filter(|reward| !reward.is_nan()).reduce(f64::max)?;
        let mut ends: Vec<f64> = self.rewards.iter().skip(self.epochs - 1).step_by(self.epochs).copied().collect();
        // What has diverged comes last.
        ends.sort_by(|one, two| two.is_nan().cmp(&one.is_nan()).then(one.total_cmp(two)));
        let (lower, upper) = (ends[(ends.len() - 1) / 2], ends[ends.len() / 2]);
        let scale = Scale { best, median: (lower + upper) / 2.0 };
        (scale.median < scale.best).then_some(scale)
    }
}

impl Scale {
    /// How far `reward` is from the best: 0 is the best, 1 the median.
    #[must_use]
    pub fn regret(&self, reward: f64) -> f64 {
        (self.best - reward) / (self.best - self.median)
    }
}

impl TableError {
    fn of_header(column: &str, problem: &str) -> Self {
        Self { line: None, column: Some(column.to_owned()), problem: problem.to_owned(), hint: None }
    }

    fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }
}

fn missing(name: &str, header: &[String]) -> TableError {
    const SHOWN_MAX: usize = 12;
    let shown: Vec<String> = header.iter().take(SHOWN_MAX).map(|name| cell::shown(name)).collect();
    let more = if header.len() > SHOWN_MAX { ", …" } else { "" };
    let error = TableError::of_header(name, "the table has no such column");
    error.hint(&format!("it has the columns {}{more}", shown.join(", ")))
}

impl std::fmt::Display for TableError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = self.line.map(|line| format!("line {line}"));
        let column = self.column.as_ref().map(|column| format!("column `{}`", cell::shown(column)));
        let place: Vec<String> = line.into_iter().chain(column).collect();
        match place.len() {
            0 => formatter.write_str(&self.problem),
            _ => write!(formatter, "{}: {}", place.join(", "), self.problem),
        }
    }
}

impl std::error::Error for TableError {}
