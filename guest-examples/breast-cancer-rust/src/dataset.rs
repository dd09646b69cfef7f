//! The tumours as text, read into examples, divided for training and validation, and standardised.

use std::fmt;

/// The numbers measured on a tumour.
pub const FEATURES: usize = 30;

/// A tumour.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub features: [f64; FEATURES],
    /// 1 if it is benign, 0 if it is malignant.
    pub class: f64,
}

/// The examples, divided.
#[derive(Debug, PartialEq)]
pub struct Dataset {
    /// What the regression learns from.
    pub training: Vec<Example>,
    /// What it is judged by: every row whose number, from 0, is a multiple of 4.
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
        write!(formatter, "line {} of the data set `breast-cancer`: {}", self.line, self.reason)
    }
}

/// Reads lines of 30 numbers and the class, 0 or 1, separated by commas.
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
    let mut fields = line.split(',');
    let mut example = Example { features: [0.0; FEATURES], class: 0.0 };
    for (index, feature) in example.features.iter_mut().enumerate() {
        let field = fields.next().ok_or_else(|| format!("expected 31 numbers, found {index}"))?;
        *feature = number(field)?;
    }
    example.class = match fields.next() {
        Some("0") => 0.0,
        Some("1") => 1.0,
        Some(other) => return Err(format!("expected the class 0 or 1, found `{other}`")),
        None => return Err("expected 31 numbers, found 30".to_owned()),
    };
    match fields.next() {
        Some(_) => Err("expected 31 numbers, found more".to_owned()),
        None => Ok(example),
    }
}

fn number(field: &str) -> Result<f64, String> {
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("expected a number, found `{field}`")),
    }
}

impl Dataset {
    /// Moves and scales every feature so that the training rows have the mean 0 and the deviation 1.
    pub fn standardise(&mut self) {
        for index in 0..FEATURES {
            let (mean, deviation) = self.moments(index);
            for example in self.training.iter_mut().chain(&mut self.validation) {
                example.features[index] = (example.features[index] - mean) / deviation;
            }
        }
    }

    /// Mean and deviation of a feature over the training rows, summed in their order.
    fn moments(&self, index: usize) -> (f64, f64) {
        let count = self.training.len() as f64;
        let mut sum = 0.0;
        for example in &self.training {
            sum += example.features[index];
        }
        let mean = sum / count;
        let mut squares = 0.0;
        for example in &self.training {
            let difference = example.features[index] - mean;
            squares += difference * difference;
        }
        (mean, (squares / count).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../data/breast-cancer.csv");

    #[test]
    fn all_rows_are_read_and_divided() {
        let dataset = parse(TEXT).unwrap();
        assert_eq!((dataset.training.len(), dataset.validation.len()), (426, 143));
        let benign = |examples: &[Example]| examples.iter().filter(|example| example.class == 1.0).count();
        assert_eq!(benign(&dataset.training) + benign(&dataset.validation), 357);
        assert_eq!(dataset.validation[0].features[..3], [17.99, 10.38, 122.8]);
        assert_eq!(dataset.training[0].features[..3], [20.57, 17.77, 132.9]);
    }

    #[test]
    fn standardised_training_rows_have_mean_0_and_deviation_1() {
        let mut dataset = parse(TEXT).unwrap();
        dataset.standardise();
        for index in 0..FEATURES {
            let (mean, deviation) = dataset.moments(index);
            assert!(mean.abs() < 1e-13 && (deviation - 1.0).abs() < 1e-13, "{index}: {mean} and {deviation}");
        }
    }

    #[test]
    fn mistakes_are_named_by_line() {
        let good = format!("{}1\n", "0.5,".repeat(30));
        let message = |line: &str| parse(&format!("{good}{line}\n")).unwrap_err().to_string();
        assert_eq!(message("1,2"), "line 2 of the data set `breast-cancer`: expected 31 numbers, found 2");
        assert_eq!(
            message(&"1,".repeat(31)),
            "line 2 of the data set `breast-cancer`: expected 31 numbers, found more"
        );
        assert_eq!(
            message(&good.trim_end().replacen("0.5", "inf", 1)),
            "line 2 of the data set `breast-cancer`: expected a number, found `inf`"
        );
        assert_eq!(
            message(&format!("{}2", "0.5,".repeat(30))),
            "line 2 of the data set `breast-cancer`: expected the class 0 or 1, found `2`"
        );
        assert_eq!(
            parse(&good).unwrap_err().to_string(),
            "line 1 of the data set `breast-cancer`: there are too few rows to divide"
        );
    }
}
