//! The patients as text, read into numbers and divided for training and validation.

use std::fmt;

/// What is known of a patient at the beginning.
pub const FEATURES: usize = 10;

/// A patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub features: [f64; FEATURES],
    /// How far the disease has progressed a year later.
    pub target: f64,
}

/// The examples, divided.
#[derive(Debug, PartialEq)]
pub struct Dataset {
    /// What the trees learn from.
    pub training: Vec<Example>,
    /// What they are judged by: every row whose number, from 0, is a multiple of 4.
    pub validation: Vec<Example>,
}

/// What is wrong with the text.
#[derive(Debug, PartialEq, Eq)]
pub struct ParseError {
    line: usize,
    reason: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} of the data set `diabetes`: {}", self.line, self.reason)
    }
}

/// Reads lines of 10 numbers and the target, separated by commas.
pub fn parse(text: &str) -> Result<Dataset, ParseError> {
    let mut dataset = Dataset { training: Vec::new(), validation: Vec::new() };
    for (row, line) in text.lines().enumerate() {
        let example = example(line).map_err(|reason| ParseError { line: row + 1, reason })?;
        if row % 4 == 0 { dataset.validation.push(example) } else { dataset.training.push(example) }
    }
    if dataset.training.is_empty() {
        return Err(ParseError { line: 1, reason: "there are too few rows to divide".to_owned() });
    }
    Ok(dataset)
}

fn example(line: &str) -> Result<Example, String> {
    let numbers: Vec<f64> = line.split(',').map(number).collect::<Result<_, _>>()?;
    match numbers.split_last() {
        Some((&target, features)) if features.len() == FEATURES => {
            let mut example = Example { features: [0.0; FEATURES], target };
            example.features.copy_from_slice(features);
            Ok(example)
        }
        _ => Err(format!("expected 11 numbers, found {}", numbers.len())),
    }
}

fn number(field: &str) -> Result<f64, String> {
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("expected a number, found `{field}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_are_read_and_divided() {
        let dataset = parse(include_str!("../../data/diabetes.csv")).unwrap();
        assert_eq!((dataset.training.len(), dataset.validation.len()), (331, 111));
        assert_eq!(dataset.validation[0].features, [59.0, 2.0, 32.1, 101.0, 157.0, 93.2, 38.0, 4.0, 4.8598, 87.0]);
        assert_eq!((dataset.validation[0].target, dataset.training[0].target), (151.0, 75.0));
    }

    #[test]
    fn mistakes_are_named_by_line() {
        let good = "1,2,3,4,5,6,7,8,9,10,11\n";
        let message = |line: &str| parse(&format!("{good}{line}\n")).unwrap_err().to_string();
        assert_eq!(message("1,2"), "line 2 of the data set `diabetes`: expected 11 numbers, found 2");
        assert_eq!(message("1,x"), "line 2 of the data set `diabetes`: expected a number, found `x`");
        assert_eq!(
            parse(good).unwrap_err().to_string(),
            "line 1 of the data set `diabetes`: there are too few rows to divide"
        );
    }
}
