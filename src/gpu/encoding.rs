//! Messages as bytes: the length in 4 bytes, little endian, and the Postcard encoding.

use std::io::{self, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest message: the largest source of a shader, many times over, or the longest recording.
pub(super) const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// Puts a message behind others.
pub(super) fn push<T: Serialize>(messages: &mut Vec<u8>, message: &T) -> io::Result<()> {
    let start = messages.len();
    messages.extend([0; 4]);
    let mut extended = postcard::to_extend(message, std::mem::take(messages)).map_err(io::Error::other)?;
    let length = extended.len() - start - 4;
    if length > MESSAGE_BYTES_MAX {
        return Err(io::Error::other(format!("a message of {length} bytes is too long")));
    }
    extended[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
    *messages = extended;
    Ok(())
}

/// Reads a message; nothing at the end of the stream.
pub(super) fn read<T: DeserializeOwned>(reader: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > MESSAGE_BYTES_MAX {
        return Err(io::Error::other(format!("a message of {length} bytes is too long")));
    }
    buffer.clear();
    // Grows with what arrives, so that a false length takes no memory.
    reader.take(length as u64).read_to_end(buffer)?;
    if buffer.len() != length {
        return Ok(None);
    }
    postcard::from_bytes(buffer).map(Some).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_one_after_the_other_and_one_that_is_cut_off_not_at_all() {
        let mut bytes = Vec::new();
        push(&mut bytes, &(7_u32, "seven")).unwrap();
        push(&mut bytes, &(8_u32, "eight")).unwrap();
        let (mut reader, mut buffer) = (bytes.as_slice(), Vec::new());
        let mut next = || read::<(u32, String)>(&mut reader, &mut buffer).unwrap();
        assert_eq!([next(), next(), next()], [Some((7, "seven".into())), Some((8, "eight".into())), None]);
        let cut = &bytes[..bytes.len() - 1];
        let (mut reader, mut buffer) = (cut, Vec::new());
        assert!(read::<(u32, String)>(&mut reader, &mut buffer).unwrap().is_some());
        assert!(read::<(u32, String)>(&mut reader, &mut buffer).unwrap().is_none());
    }

    #[test]
    fn a_false_length_is_refused_before_anything_is_read() {
        let bytes = u32::MAX.to_le_bytes();
        assert!(read::<u32>(&mut bytes.as_slice(), &mut Vec::new()).is_err());
    }
}
