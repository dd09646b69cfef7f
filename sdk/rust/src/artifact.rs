//! Files that a trial leaves behind, such as the trained model.
//!
//! A name is 1 to 64 characters out of `a`–`z`, `A`–`Z`, `0`–`9`, `.`, `_`, `-`, and doesn't begin with `.`. In a
//! component the bytes go to the engine, which bounds their number; natively they are kept for tests to look at.

use crate::data::CHUNK_BYTES;

/// Saves a file whole, in place of one of that name.
pub fn save(name: &str, bytes: &[u8]) {
    clear(name);
    append(name, bytes);
}

/// Appends to a file, which exists from then on. Large pieces are passed on in chunks.
pub fn append(name: &str, bytes: &[u8]) {
    if bytes.is_empty() {
        // An empty file exists, too.
        sink::append(name, bytes);
    }
    for chunk in bytes.chunks(CHUNK_BYTES as usize) {
        sink::append(name, chunk);
    }
}

/// Empties a file, so that the next `append` begins it anew.
pub fn clear(name: &str) {
    sink::clear(name);
}

#[cfg(target_family = "wasm")]
mod sink {
    pub(super) use crate::bindings::trialbox::trial::artifact::{append, clear};
}

#[cfg(not(target_family = "wasm"))]
pub use sink::saved;

#[cfg(not(target_family = "wasm"))]
mod sink {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    thread_local! {
        static SAVED: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
    }

    /// What this thread has saved under a name, for tests.
    pub fn saved(name: &str) -> Option<Vec<u8>> {
        SAVED.with_borrow(|files| files.get(name).cloned())
    }

    pub(super) fn append(name: &str, bytes: &[u8]) {
        SAVED.with_borrow_mut(|files| files.entry(name.to_owned()).or_default().extend_from_slice(bytes));
    }

    pub(super) fn clear(name: &str) {
        SAVED.with_borrow_mut(|files| {
            if let Some(bytes) = files.get_mut(name) {
                bytes.clear();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_replaces_and_appending_extends() {
        save("model.bin", b"old and long");
        save("model.bin", b"new");
        append("model.bin", b"er");
        assert_eq!(saved("model.bin").as_deref(), Some(&b"newer"[..]));
        save("empty", b"");
        assert_eq!(saved("empty").as_deref(), Some(&b""[..]));
    }
}
