//! The text as numbers, one for each character, divided for training and validation.

use std::collections::BTreeSet;
use std::fmt;

/// A text in numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    /// The characters that occur, in ascending order: number 0, 1 and so on.
    alphabet: Vec<char>,
    /// What the model learns from: the first nine tenths.
    pub training: Vec<usize>,
    /// What it is judged by: the rest.
    pub validation: Vec<usize>,
}

/// Why a text can't be used.
#[derive(Debug, PartialEq, Eq)]
pub enum TextError {
    /// It isn't UTF-8.
    Encoding,
    /// One of its parts has fewer characters than this.
    TooShort { characters_min: usize },
}

impl fmt::Display for TextError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding => write!(formatter, "the data set `text` is not UTF-8"),
            Self::TooShort { characters_min } => {
                write!(formatter, "the data set `text` needs more than {characters_min} characters in its last tenth")
            }
        }
    }
}

impl Text {
    /// Reads a text, of which each part must have more characters than the longest context.
    pub fn read(bytes: &[u8], context: usize) -> Result<Self, TextError> {
        let text = std::str::from_utf8(bytes).map_err(|_| TextError::Encoding)?;
        let alphabet: Vec<char> = text.chars().collect::<BTreeSet<_>>().into_iter().collect();
        let mut training: Vec<usize> =
            text.chars().filter_map(|character| alphabet.binary_search(&character).ok()).collect();
        let validation = training.split_off(training.len() - training.len() / 10);
        if validation.len() <= context {
            return Err(TextError::TooShort { characters_min: context });
        }
        Ok(Self { alphabet, training, validation })
    }

    /// How many characters there are to choose from.
    pub fn alphabet_size(&self) -> usize {
        self.alphabet.len()
    }

    /// Numbers as text again.
    pub fn write(&self, numbers: &[usize]) -> String {
        numbers.iter().map(|&number| self.alphabet[number]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_numbered_and_divided() {
        let text = Text::read("abcabcabcaä".as_bytes(), 0).unwrap();
        assert_eq!(text.training, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(text.validation, [3]);
        assert_eq!((text.alphabet_size(), text.write(&[1, 3]).as_str()), (4, "bä"));
    }

    #[test]
    fn a_text_that_cannot_be_used_is_refused() {
        assert_eq!(Text::read(&[0xff], 1), Err(TextError::Encoding));
        assert_eq!(Text::read(b"abcabcabcabc", 1), Err(TextError::TooShort { characters_min: 1 }));
    }

    #[test]
    fn the_novel_has_few_characters() {
        let text = Text::read(include_bytes!("../../data/northanger-abbey.txt"), 16).unwrap();
        assert_eq!((text.training.len(), text.validation.len(), text.alphabet_size()), (112_042, 12_449, 73));
        assert!(text.write(&text.training).starts_with("NORTHANGER ABBEY\n"));
    }
}
