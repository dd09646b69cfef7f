//! What can go wrong on the way to a GPU and on it.

use std::fmt;

/// Why something on the GPU could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GpuError {
    /// There is no GPU here.
    Absent {
        /// Why not.
        reason: String,
    },
    /// A kernel's source is wrong.
    Shader {
        /// The line, from 1; 0 if it is not known.
        line: u64,
        /// The place in the line, from 1; 0 if it is not known.
        column: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The device did not do something.
    Device {
        /// What it was asked for.
        action: &'static str,
        /// What kind of error it is.
        kind: ErrorKind,
        /// Why it did not, in its own words.
        message: String,
    },
    /// A part of a buffer was named that it does not have.
    Range {
        /// The first number.
        start: usize,
        /// How many numbers.
        count: usize,
        /// How many numbers the buffer has.
        length: usize,
    },
}

/// The kinds of errors of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was asked for breaks a rule or a limit.
    Validation,
    /// There is no memory for it, or the study grants no more.
    OutOfMemory,
    /// It keeps all rules, and yet the device cannot do it.
    Internal,
    /// The device is lost, or was asked for something at the wrong moment.
    Operation,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Validation => "validation error",
            Self::OutOfMemory => "out of memory",
            Self::Internal => "internal error",
            Self::Operation => "operation error",
        })
    }
}

impl fmt::Display for GpuError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { reason } => write!(formatter, "there is no GPU: {reason}"),
            Self::Shader { line: 0, message, .. } => write!(formatter, "failed to compile the kernel: {message}"),
            Self::Shader { line, column, message } => {
                write!(formatter, "failed to compile the kernel: line {line}, column {column}: {message}")
            }
            Self::Device { action, kind, message } => write!(formatter, "failed to {action}: {kind}: {message}"),
            Self::Range { start, count, length } => {
                write!(formatter, "the buffer has {length} numbers, and not {count} from number {start} on")
            }
        }
    }
}

impl std::error::Error for GpuError {}

impl From<GpuError> for String {
    fn from(error: GpuError) -> Self {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_and_where() {
        let shader = |line| GpuError::Shader { line, column: 9, message: "unknown type `f23`".into() };
        assert_eq!(shader(3).to_string(), "failed to compile the kernel: line 3, column 9: unknown type `f23`");
        assert_eq!(shader(0).to_string(), "failed to compile the kernel: unknown type `f23`");
        let range = GpuError::Range { start: 8, count: 3, length: 10 };
        assert_eq!(range.to_string(), "the buffer has 10 numbers, and not 3 from number 8 on");
        let device = GpuError::Device {
            action: "make a buffer",
            kind: ErrorKind::OutOfMemory,
            message: "1 GiB are granted".into(),
        };
        assert_eq!(String::from(device), "failed to make a buffer: out of memory: 1 GiB are granted");
    }
}
