//! What is inside the page as text: base64, and the hashes by which the content security policy names script and style.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};

/// The letters of base64 (RFC 4648, section 4).
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes in base64, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut word = 0;
        for index in 0..3 {
            word = word << 8 | u32::from(group.get(index).copied().unwrap_or(0));
        }
        for index in 0..4 {
            let letter = (word >> (18 - 6 * index)) as usize & 63;
            // A group of n bytes has n + 1 letters.
            text.push(if index <= group.len() { char::from(LETTERS[letter]) } else { '=' });
        }
    }
    text
}

/// The source expression of a content security policy that allows exactly this script or style (CSP level 3, section 2.3.1).
pub(super) fn policy_hash(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

/// The bytes gzipped, without time and name: the same for the same bytes.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
    // A vector takes all that is written, so neither call can fail; what would be cut off would not be read.
    let _ = writer.write_all(bytes);
    writer.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn a_policy_names_a_script_by_its_hash() {
        // The example of CSP level 3, section 8.2.
        let hash = policy_hash("alert('Hello, world.');");
        assert_eq!(hash, "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
    }

    #[test]
    fn gzip_is_a_function_of_the_bytes() {
        let zipped = gzip(b"the same bytes");
        assert_eq!(zipped, gzip(b"the same bytes"));
        assert_eq!(zipped[4..8], [0; 4], "the time");
        let mut read = String::new();
        flate2::read::GzDecoder::new(zipped.as_slice()).read_to_string(&mut read).unwrap();
        assert_eq!(read, "the same bytes");
    }
}
