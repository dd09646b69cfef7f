//! Counts the bytes that are held, by an allocator that asks the system's.
#![allow(unsafe_code, reason = "an allocator is made of unsafe functions; these pass on what they are given")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

static HELD: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static COUNTING: Counting = Counting;

struct Counting;

/// How many bytes are held now.
pub fn held() -> u64 {
    HELD.load(Ordering::Relaxed)
}

/// The bench has one thread: two plain accesses cost less than one that others could see as a whole.
fn add(bytes: u64) {
    HELD.store(HELD.load(Ordering::Relaxed).wrapping_add(bytes), Ordering::Relaxed);
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as u64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as u64);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add((layout.size() as u64).wrapping_neg());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add((size as u64).wrapping_sub(layout.size() as u64));
        unsafe { System.realloc(pointer, layout, size) }
    }
}
