//! The digits as text, read into examples and divided for training and validation.

use std::fmt;

use crate::network::{CLASSES, Example, INPUTS};

/// The examples, divided.
#[derive(Debug)]
pub struct Dataset {
    /// What the network learns from.
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
        write!(formatter, "line {} of the data set `digits`: {}", self.line, self.reason)
    }
}

/// Reads lines of 64 numbers from 0 to 16, the ink of an image's pixels row by row, and the digit, separated by commas.
pub fn parse(bytes: &[u8]) -> Result<Dataset, ParseError> {
    let mut dataset = Dataset { training: Vec::new(), validation: Vec::new() };
    for (row, line) in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let example = example(line).map_err(|reason| ParseError { line: row + 1, reason })?;
        if row % 4 == 0 { dataset.validation.push(example) } else { dataset.training.push(example) }
    }
    if dataset.training.is_empty() {
        return Err(ParseError { line: 1, reason: "there are too few rows to divide".to_owned() });
    }
    Ok(dataset)
}

fn example(line: &[u8]) -> Result<Example, String> {
    let mut example = Example { pixels: [0.0; INPUTS], label: 0 };
    let mut fields = line.trim_ascii_end().split(|byte| *byte == b',');
    for (index, pixel) in example.pixels.iter_mut().enumerate() {
        let field = fields.next().ok_or_else(|| format!("expected 65 numbers, found {index}"))?;
        *pixel = number(field, 16)? as f32 / 16.0;
    }
    example.label = number(fields.next().ok_or("expected 65 numbers, found 64")?, CLASSES as u32 - 1)? as usize;
    match fields.next() {
        Some(_) => Err("expected 65 numbers, found more".to_owned()),
        None => Ok(example),
    }
}

fn number(field: &[u8], largest: u32) -> Result<u32, String> {
    let number = field.iter().try_fold(0, |number, byte| {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        let number = number * 10 + digit;
        (digit <= 9 && number <= largest).then_some(number)
    });
    match number {
        Some(number) if !field.is_empty() => Ok(number),
        _ => Err(format!("expected a number from 0 to {largest}, found `{}`", String::from_utf8_lossy(field))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_are_read_and_divided_fairly() {
        let dataset = parse(include_bytes!("../digits.csv")).unwrap();
        assert_eq!((dataset.training.len(), dataset.validation.len()), (1347, 450));
        for label in 0..CLASSES {
            let count = dataset.validation.iter().filter(|example| example.label == label).count();
            assert!((36..=55).contains(&count), "{count} images of {label}");
        }
        let first = &dataset.validation[0];
        assert_eq!((first.label, first.pixels[2]), (0, 5.0 / 16.0));
    }

    #[test]
    fn mistakes_are_named_by_line() {
        let good = format!("{}7\n", "0,".repeat(64));
        let message = |line: &str| parse(format!("{good}{line}").as_bytes()).unwrap_err().to_string();
        assert_eq!(message("1,2"), "line 2 of the data set `digits`: expected 65 numbers, found 2");
        assert_eq!(
            message(&good.replacen('0', "17", 1)),
            "line 2 of the data set `digits`: expected a number from 0 to 16, found `17`"
        );
        assert_eq!(
            message(&good.replace('7', "ten")),
            "line 2 of the data set `digits`: expected a number from 0 to 9, found `ten`"
        );
        assert_eq!(message(&format!("0,{good}")), "line 2 of the data set `digits`: expected 65 numbers, found more");
        assert_eq!(
            parse(good.as_bytes()).unwrap_err().to_string(),
            "line 1 of the data set `digits`: there are too few rows to divide"
        );
    }
}
