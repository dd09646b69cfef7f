//! Large transfers in pieces, as a single call of the host takes and gives only so much.

use std::ops::Range;

/// The size of a piece: what one call carries at the most. The limit `host_call_bytes_max` is four times that, unless a study says
/// otherwise.
pub const CHUNK_BYTES: usize = 1 << 20;

/// The pieces of a transfer of that many bytes, in order.
pub(crate) fn pieces(bytes: usize) -> impl Iterator<Item = Range<usize>> {
    (0..bytes).step_by(CHUNK_BYTES).map(move |start| start..bytes.min(start + CHUNK_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_everything_once() {
        for bytes in [0, 4, CHUNK_BYTES - 4, CHUNK_BYTES, CHUNK_BYTES + 4, 3 * CHUNK_BYTES] {
            let mut end = 0;
            for piece in pieces(bytes) {
                assert_eq!(piece.start, end);
                assert!(piece.len() <= CHUNK_BYTES && !piece.is_empty());
                end = piece.end;
            }
            assert_eq!(end, bytes);
        }
    }

    #[test]
    fn pieces_begin_at_whole_numbers() {
        assert!(pieces(10 * CHUNK_BYTES + 4).all(|piece| piece.start % 8 == 0 && piece.len() % 4 == 0));
    }
}
