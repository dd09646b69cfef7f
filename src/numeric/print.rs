//! Prints: bits that tell two things in memory apart, made quicker than a digest.
//!
//! Talks to nobody. A print is never written down, and nobody gains by two things with one print: against chance its bits are
//! enough. What somebody else may compute, or forge, is a [`super::digest::Digest`].

/// An odd number without a pattern: the fraction of the golden ratio.
const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// A print under way.
///
/// Each step maps the states one to one, so that two sequences of words that differ in one place never end alike.
pub(crate) struct Print(u128);

impl Print {
    pub(crate) fn new() -> Self {
        Self(FACTOR)
    }

    #[inline]
    pub(crate) fn word(&mut self, word: u64) {
        // The product takes low bits to the high ones, the shift brings those back.
        let product = (self.0 ^ u128::from(word)).wrapping_mul(FACTOR);
        self.0 = product ^ (product >> 64);
    }

    /// A text or other bytes; their number goes first, so that the ends of neighbours cannot be taken for one another.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let mut rest = bytes;
        while let Some((eight, behind)) = rest.split_first_chunk() {
            self.word(u64::from_le_bytes(*eight));
            rest = behind;
        }
        if rest.is_empty() {
            return;
        }
        // The last eight, also if some of them were taken already: one step instead of one a byte.
        let last = match bytes.last_chunk() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => rest.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte)),
        };
        self.word(last);
    }

    /// All bits of it depend on every word.
    #[inline]
    pub(crate) fn finish(mut self) -> u128 {
        self.word(0);
        self.word(0);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn print_of(texts: &[&str]) -> u128 {
        let mut print = Print::new();
        texts.iter().for_each(|text| print.bytes(text.as_bytes()));
        print.finish()
    }

    #[test]
    fn texts_that_differ_in_one_byte_or_in_where_one_ends_have_prints_of_their_own() {
        let text = "learning_rate_of_the_first_layer";
        let mut prints = BTreeSet::new();
        for end in 0..=text.len() {
            assert!(prints.insert(print_of(&[&text[..end], &text[end..]])));
            assert!(prints.insert(print_of(&[&text[..end]])));
            let changed = format!("{}X{}", &text[..end], &text[end..]);
            assert!(prints.insert(print_of(&[&changed])));
        }
        assert_eq!(print_of(&[text]), print_of(&[text]));
    }

    #[test]
    fn the_bits_of_a_print_are_as_good_as_random() {
        for bit in 0..128 {
            let set = (0..4_096).filter(|&number| {
                let mut print = Print::new();
                print.word(number);
                print.finish() >> bit & 1 == 1
            });
            assert!((1_848..=2_248).contains(&set.count()), "bit {bit}");
        }
    }
}
