//! A device's error scopes, as the standard has them: an error goes to the innermost scope that looks for its kind, which keeps the first.

use super::message::{DeviceError, ErrorKind};

/// How many scopes may be open.
const SCOPES_MAX: usize = 1_000;
/// How many errors that no scope has caught are kept until they are told.
const UNCAUGHT_MAX: usize = 8;
/// How much is kept of an error's text: it repeats labels and sources of the guest's.
const MESSAGE_BYTES_MAX: usize = 4 << 10;

/// The scopes of a device.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    open: Vec<Scope>,
    uncaught: Vec<DeviceError>,
}

#[derive(Debug)]
struct Scope {
    kind: ErrorKind,
    caught: Option<DeviceError>,
}

impl Scopes {
    /// Opens a scope. Past the bound it is an error instead.
    pub(super) fn push(&mut self, kind: ErrorKind) {
        if self.open.len() < SCOPES_MAX {
            self.open.push(Scope { kind, caught: None });
        } else {
            self.fail(ErrorKind::Validation, &format!("more than {SCOPES_MAX} error scopes are open"));
        }
    }

    /// Closes the innermost scope; gives what it has caught. None if none is open.
    pub(super) fn pop(&mut self) -> Option<Option<DeviceError>> {
        self.open.pop().map(|scope| scope.caught)
    }

    /// An error has happened.
    pub(super) fn fail(&mut self, kind: ErrorKind, message: &str) {
        let end = message.floor_char_boundary(message.len().min(MESSAGE_BYTES_MAX));
        let error = DeviceError { kind, message: message[..end].to_owned() };
        match self.open.iter_mut().rev().find(|scope| scope.kind == kind) {
            Some(scope) => {
                scope.caught.get_or_insert(error);
            }
            None if self.uncaught.len() < UNCAUGHT_MAX => self.uncaught.push(error),
            None => {}
        }
    }

    /// The errors that no scope has caught since they were last asked for.
    pub(super) fn take_uncaught(&mut self) -> Vec<DeviceError> {
        std::mem::take(&mut self.uncaught)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind, message: &str) -> DeviceError {
        DeviceError { kind, message: message.into() }
    }

    #[test]
    fn the_innermost_scope_of_the_kind_keeps_the_first_error() {
        let mut scopes = Scopes::default();
        scopes.push(ErrorKind::Validation);
        scopes.push(ErrorKind::OutOfMemory);
        scopes.fail(ErrorKind::Validation, "first");
        scopes.fail(ErrorKind::Validation, "second");
        assert_eq!(scopes.pop(), Some(None));
        assert_eq!(scopes.pop(), Some(Some(error(ErrorKind::Validation, "first"))));
        assert_eq!(scopes.pop(), None);
    }

    #[test]
    fn what_nobody_has_caught_is_told_once_and_not_without_end() {
        let mut scopes = Scopes::default();
        for _ in 0..100 {
            scopes.fail(ErrorKind::Internal, &"é".repeat(MESSAGE_BYTES_MAX));
        }
        let told = scopes.take_uncaught();
        assert_eq!(told.len(), UNCAUGHT_MAX);
        assert!(told.iter().all(|error| error.message.len() <= MESSAGE_BYTES_MAX));
        assert!(scopes.take_uncaught().is_empty());
    }
}
