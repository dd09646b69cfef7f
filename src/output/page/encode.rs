//! What is inside the page as text: base64, and the hashes by which the content security policy names script and style.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};

/// The bytes in base64, with padding (RFC 4648, section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
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
