//! A request to stop, from a signal handler or another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to stop a run. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    own: Arc<AtomicBool>,
    other: Option<Arc<AtomicBool>>,
}

impl Interrupt {
    /// Asks the run to stop at the next occasion; its log is committed and it can be resumed.
    pub fn request(&self) {
        self.own.store(true, Ordering::Release);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.own.load(Ordering::Acquire) || self.other.as_ref().is_some_and(|other| other.load(Ordering::Acquire))
    }

    /// A request that counts as made when either of two is.
    #[must_use]
    pub fn either(one: &Self, two: &Self) -> Self {
        Self { own: one.own.clone(), other: Some(two.own.clone()) }
    }
}
