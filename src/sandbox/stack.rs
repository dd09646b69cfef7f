//! How much of a suspended guest's stack is in memory.
//!
//! A guest may go deep, and what it has touched of its stack stays in memory while it is suspended. The engine does not tell how
//! much that is, the system does.

use super::engine::FIBER_STACK_BYTES;

/// What lies between the stack's end and where the guest was entered: frames of the engine, left out of the range that is asked
/// about, so that it lies within the stack.
const MARGIN_BYTES: usize = 64 << 10;

/// An address on the stack of whoever calls.
#[inline(never)]
pub(super) fn address_here() -> usize {
    let here = 0_u8;
    std::hint::black_box(&raw const here).addr()
}

/// About how many bytes of a stack are in memory that a guest was entered on at `entered_at`; 0 if it was not entered. If the
/// system does not tell, all of the stack.
pub(super) fn resident_bytes(entered_at: usize) -> u64 {
    if entered_at == 0 {
        return 0;
    }
    resident(entered_at).unwrap_or(FIBER_STACK_BYTES as u64)
}

#[cfg(target_os = "linux")]
fn resident(entered_at: usize) -> Option<u64> {
    let page_bytes = rustix::param::page_size();
    let end = entered_at - entered_at % page_bytes;
    let pages = (FIBER_STACK_BYTES - MARGIN_BYTES) / page_bytes;
    let begin = end.checked_sub(pages * page_bytes)?;
    let mut is_resident = vec![0_u8; pages];
    // SAFETY: the call reads nothing at the address range: it asks the kernel about its own tables, and fails if a part of the range is
    // not mapped. It writes one byte a page of the range, for which the list has room.
    #[expect(unsafe_code, reason = "no safe crate offers the call")]
    let failed = unsafe { libc::mincore(begin as *mut libc::c_void, pages * page_bytes, is_resident.as_mut_ptr()) };
    let count = is_resident.iter().filter(|page| **page & 1 == 1).count();
    (failed == 0).then_some((count * page_bytes) as u64)
}

#[cfg(not(target_os = "linux"))]
fn resident(_entered_at: usize) -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_was_touched_of_a_stack_is_counted() {
        let thread = std::thread::Builder::new().stack_size(FIBER_STACK_BYTES + (1 << 20));
        let measured = thread.spawn(|| {
            let entered_at = address_here();
            let before = resident_bytes(entered_at);
            touch(2 << 20);
            (before, resident_bytes(entered_at))
        });
        let (before, after) = measured.unwrap().join().unwrap();
        assert!(before < 1 << 20, "{before}");
        assert!((2 << 20..4 << 20).contains(&after), "{after}");
        assert_eq!(resident_bytes(0), 0);
    }

    /// Goes so many bytes deep.
    #[inline(never)]
    fn touch(bytes: usize) {
        let frame = std::hint::black_box([1_u8; 64 << 10]);
        if bytes > frame.len() {
            touch(bytes - frame.len());
        }
        std::hint::black_box(&frame);
    }
}
