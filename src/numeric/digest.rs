//! Content digests: BLAKE3, shown as lower-case hexadecimal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A BLAKE3 digest of some content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// A text is not 64 hexadecimal digits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a digest is 64 hexadecimal digits")]
pub struct DigestError;

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of the canonical encoding of `value`: Postcard's wire format, version 1, which writes integers as
    /// variable-length little endian, floats as their bits, and fields in order of declaration.
    #[must_use]
    pub fn of_canonical<T: Serialize + ?Sized>(value: &T) -> Self {
        Self::of_behind(&[], value)
    }

    /// The digest of `before` with the canonical encoding of `value` behind it.
    #[must_use]
    pub(crate) fn of_behind<T: Serialize + ?Sized>(before: &[u8], value: &T) -> Self {
        let mut encoding = Encoding::new();
        encoding.extend(before);
        encoding.encode(value);
        Self::of(encoding.bytes())
    }

    /// The first 12 hexadecimal digits, for messages.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(12);
        text
    }
}

/// The canonical encoding of `value`; see [`Digest::of_canonical`].
///
/// # Panics
/// For types that the format cannot write, such as sequences of unknown length; none of this crate is.
#[must_use]
pub fn canonical_bytes<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut encoding = Encoding::new();
    encoding.encode(value);
    encoding.bytes().to_vec()
}

/// Room for most values, so that what is encoded millions of times asks for no memory.
const ROOM: usize = 256;

/// An encoding under way.
struct Encoding {
    short: [u8; ROOM],
    /// How much of `short` is used; all of it once the encoding is in `long`.
    len: usize,
    /// The whole encoding, once it is too long for `short`.
    long: Vec<u8>,
}

impl Encoding {
    fn new() -> Self {
        Self { short: [0; ROOM], len: 0, long: Vec::new() }
    }

    fn encode<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Only values of this crate come here: sized sequences and no untagged or flattened parts, which is all that the format
        // cannot write.
        postcard::serialize_with_flavor(value, Appending(self)).expect("types of this crate have a canonical encoding");
    }

    fn bytes(&self) -> &[u8] {
        if self.long.is_empty() { &self.short[..self.len] } else { &self.long }
    }

    #[inline]
    fn extend(&mut self, bytes: &[u8]) {
        match self.short.get_mut(self.len..self.len + bytes.len()) {
            Some(place) => {
                copy_short(place, bytes);
                self.len += bytes.len();
            }
            None => self.extend_long(bytes),
        }
    }

    #[cold]
    fn extend_long(&mut self, bytes: &[u8]) {
        if self.long.is_empty() {
            self.long.extend_from_slice(&self.short[..self.len]);
            self.len = ROOM;
        }
        self.long.extend_from_slice(bytes);
    }
}

/// Copies `from` to `to`, which is as long. An encoding is made of pieces of a few bytes, where a call to the system's function
/// costs more than the copy: such a piece is its first half and its last, which overlap.
#[inline]
fn copy_short(to: &mut [u8], from: &[u8]) {
    fn halves<const HALF: usize>(to: &mut [u8], from: &[u8]) {
        let end = from.len() - HALF;
        to[..HALF].copy_from_slice(&from[..HALF]);
        to[end..].copy_from_slice(&from[end..]);
    }
    match from.len() {
        0 => {}
        1 => to[0] = from[0],
        2..4 => halves::<2>(to, from),
        4..8 => halves::<4>(to, from),
        8..=16 => halves::<8>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Where the encoding goes.
struct Appending<'a>(&'a mut Encoding);

impl postcard::ser_flavors::Flavor for Appending<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.extend(&[byte]);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let hash = blake3::Hash::from_hex(text).map_err(|_| DigestError)?;
        Ok(Self(*hash.as_bytes()))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            Ok(Self(<[u8; 32]>::deserialize(deserializer)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_holds_pieces_of_every_length_in_their_order() {
        for rest in [0, 3, ROOM / 2, ROOM] {
            let mut encoding = Encoding::new();
            let mut expected = vec![7; rest];
            encoding.extend(&expected);
            for length in 0..40 {
                let piece: Vec<u8> = (length..2 * length).collect();
                encoding.extend(&piece);
                expected.extend_from_slice(&piece);
            }
            assert_eq!(encoding.bytes(), expected);
        }
    }

    #[test]
    fn a_digest_reads_back_from_its_text() {
        let digest = Digest::of(b"trial");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("xyz".parse::<Digest>(), Err(DigestError));
    }
}
