//! What a program has written to a buffer that is mapped for writing. The engine does not give it back, so it is kept here: a second
//! view of a part must leave alone what it does not write.

use std::ops::Range;

/// How many pieces are kept apart.
const PIECES_MAX: usize = 16;

/// The bytes of a buffer, as far as they were written; the others are zero.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Pieces with where they begin; of what two of them hold the later one is right.
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Contents {
    /// Takes the bytes that were written from `start` on.
    pub(crate) fn put(&mut self, start: u64, bytes: Vec<u8>) {
        let end = start + bytes.len() as u64;
        self.pieces.retain(|(begin, piece)| *begin < start || begin + piece.len() as u64 > end);
        self.pieces.push((start, bytes));
        if self.pieces.len() > PIECES_MAX {
            let begin = self.pieces.iter().map(|(begin, _)| *begin).min().unwrap_or(start);
            let end = self.pieces.iter().map(|(begin, piece)| begin + piece.len() as u64).max().unwrap_or(end);
            self.pieces = vec![(begin, self.show(begin..end))];
        }
    }

    /// The bytes of a range.
    pub(crate) fn show(&self, range: Range<u64>) -> Vec<u8> {
        let mut shown = vec![0; (range.end - range.start) as usize];
        for (begin, piece) in &self.pieces {
            let (from, to) = (range.start.max(*begin), range.end.min(begin + piece.len() as u64));
            if from < to {
                let source = &piece[(from - begin) as usize..(to - begin) as usize];
                shown[(from - range.start) as usize..(to - range.start) as usize].copy_from_slice(source);
            }
        }
        shown
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_written_is_zero() {
        let mut contents = Contents::default();
        contents.put(4, vec![1, 2]);
        assert_eq!(contents.show(2..8), [0, 0, 1, 2, 0, 0]);
        assert_eq!(contents.show(8..10), [0, 0]);
    }

    #[test]
    fn the_later_of_two_writes_is_right() {
        let mut contents = Contents::default();
        contents.put(0, vec![1; 8]);
        contents.put(6, vec![2; 4]);
        contents.put(2, vec![3; 2]);
        assert_eq!(contents.show(0..10), [1, 1, 3, 3, 1, 1, 2, 2, 2, 2]);
    }

    #[test]
    fn many_writes_are_kept_as_one_piece() {
        let mut contents = Contents::default();
        for number in 0..100_u8 {
            contents.put(u64::from(number) * 2, vec![number; 4]);
        }
        assert!(contents.pieces.len() <= PIECES_MAX);
        assert_eq!(contents.show(0..6), [0, 0, 1, 1, 2, 2]);
        assert_eq!(contents.show(196..204), [98, 98, 99, 99, 99, 99, 0, 0]);
        contents.put(0, vec![7; 300]);
        assert_eq!(contents.pieces.len(), 1);
        contents.clear();
        assert_eq!(contents.show(0..2), [0, 0]);
    }
}
