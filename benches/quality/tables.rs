//! The public tables, and how a configuration is looked up in them.
//!
//! Grids are searched by the index of each value among the sorted ones, so that numbers are ordered and evenly spaced for every tool
//! alike; the real runs of TaskSet by the nearest row in the unit cube of logarithms.

use std::io::Read;
use std::path::Path;

use trialbox::simulation::{Direction, Lookup, Table, TableOptions, TableReader};
use trialbox::space::{Condition, Domain, IntegerRange, Parameter, RealRange, Space, Value};

/// A table with the space that is searched.
pub struct Curves {
    pub name: &'static str,
    pub space: Space,
    pub table: Table,
}

/// Where the worst of TaskSet's losses are cut off.
const TASKSET_WORST: f64 = 2.0;

/// How TaskSet's columns become positions in the unit cube: the column, whether one minus the value counts, and the range of the
/// decimal logarithm.
const TASKSET: [(&str, bool, f64, f64); 8] = [
    ("learning_rate", false, -8.0, 1.0),
    ("beta1", true, -4.0, 0.0),
    ("beta2", true, -6.0, 0.0),
    ("epsilon", false, -10.0, 3.0),
    ("l1", false, -8.0, 1.0),
    ("l2", false, -8.0, 1.0),
    ("linear_decay", false, -7.0, -4.0),
    ("exponential_decay", false, -6.0, -3.0),
];

/// The names of all tables.
pub const NAMES: [&str; 3] = ["lcbench_7593", "taskset_gru64", "digits_s0"];

/// The table of that name.
pub fn load(name: &str) -> Curves {
    match name {
        "lcbench_7593" => lcbench(),
        "taskset_gru64" => taskset(),
        _ => digits(),
    }
}

fn lcbench() -> Curves {
    let columns = ["batch_size", "learning_rate", "momentum", "weight_decay", "num_layers", "max_units", "max_dropout"];
    let file = File::read("lcbench_surrogate_7593.csv.gz");
    let parameters = columns.map(|column| file.ordinal(column)).to_vec();
    file.curves("lcbench_7593", parameters, &columns, None)
}

fn digits() -> Curves {
    let ordinals = ["n_layers", "width", "batch_size", "learning_rate", "l2", "momentum"];
    let file = File::read("digits_s0.csv.gz");
    let choice = |name: &str, values: [&str; 2]| Parameter::new(name, Domain::Choice(values.map(Value::from).to_vec()));
    let mut parameters = vec![choice("solver", ["adam", "sgd"]), choice("activation", ["relu", "tanh"])];
    parameters.extend(ordinals.map(|column| file.ordinal(column)));
    let last = parameters.len() - 1;
    parameters[last].condition = Some(Condition { parameter: "solver".into(), choice: 1 });
    file.curves("digits_s0", parameters, &ordinals, None)
}

fn taskset() -> Curves {
    let mut file = File::read("taskset_imdb_patch32_GRU64_avg_bs128.csv.gz");
    for (name, is_from_one, lower, upper) in TASKSET {
        let column = file.column(name);
        for row in &mut file.rows {
            let number: f64 = row[column].parse().unwrap();
            let number = if is_from_one { 1.0 - number } else { number };
            let position = (number.log10() - lower) / (upper - lower);
            row[column] = format!("{}", position.clamp(0.0, 1.0));
        }
    }
    let range = RealRange { lower: 0.0, upper: 1.0, log: false };
    let parameters = TASKSET.map(|(name, ..)| Parameter::new(name, Domain::Real(range))).to_vec();
    file.curves("taskset_gru64", parameters, &[], Some(TASKSET_WORST))
}

/// The lines of a table, cut into cells.
struct File {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl File {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/quality/tables").join(name);
        let mut text = String::new();
        let file = std::fs::File::open(path).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        Self { header: lines.next().unwrap(), rows: lines.collect() }
    }

    fn column(&self, name: &str) -> usize {
        self.header.iter().position(|column| column == name).unwrap()
    }

    /// The sorted values of a column of numbers.
    fn values(&self, name: &str) -> Vec<f64> {
        let column = self.column(name);
        let mut values: Vec<f64> = self.rows.iter().filter_map(|row| row[column].parse().ok()).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    }

    /// A parameter that is the index into the sorted values of a column.
    fn ordinal(&self, name: &str) -> Parameter {
        let upper = self.values(name).len() as i64 - 1;
        Parameter::new(name, Domain::Integer(IntegerRange { lower: 0, upper, log: false }))
    }

    /// The table, with the values of `ordinals` replaced by their indices.
    fn curves(
        mut self,
        name: &'static str,
        parameters: Vec<Parameter>,
        ordinals: &[&str],
        worst: Option<f64>,
    ) -> Curves {
        for ordinal in ordinals {
            let (column, values) = (self.column(ordinal), self.values(ordinal));
            for row in &mut self.rows {
                let number: Result<f64, _> = row[column].parse();
                let index = number.ok().and_then(|number| values.iter().position(|value| *value == number));
                // An empty cell is a parameter that is not active.
                row[column] = index.map_or_else(|| "0".to_owned(), |index| index.to_string());
            }
        }
        let space = Space::new(parameters).unwrap();
        let lookup = if worst.is_some() { Lookup::Nearest } else { Lookup::Exact };
        let options = TableOptions { direction: Direction::Minimise, lookup, cost: None, worst };
        let header: Vec<&str> = self.header.iter().map(String::as_str).collect();
        let mut reader = TableReader::new(&space, &options, &header).unwrap();
        for (line, row) in (2..).zip(&self.rows) {
            reader.push(line, &row.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        }
        Curves { name, space, table: reader.finish().unwrap() }
    }
}
