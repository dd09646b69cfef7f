//! Why something that was asked for cannot be shown, and what to do about it.

use hyper::StatusCode;

use crate::output::sanitize::printable;
use crate::store::StoreError;

/// How much is shown of a message, which may quote a file.
const MESSAGE_MAX: usize = 2_000;

/// Why something that was asked for cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// There is nothing at that address.
    #[error("there is nothing at this address")]
    NoPage,
    /// There is no such study, or it has been removed.
    #[error("there is no such study in this folder")]
    Missing,
    /// The study is a link to elsewhere.
    #[error("`{name}` is a link that leads out of this folder")]
    Outside {
        /// The name of the link.
        name: String,
    },
    /// The study cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The study would take too much memory.
    #[error("`{name}` is too large to be shown live: what is known of it takes more than {gibibytes} GiB of memory")]
    TooLarge {
        /// The name of the study's file.
        name: String,
        /// The most that is taken.
        gibibytes: u64,
    },
    /// Too much is asked for at once.
    #[error("too much is being asked for at once")]
    Busy,
    /// trialbox has a flaw.
    #[error("this could not be shown, because of a flaw of trialbox")]
    Flaw,
}

impl Problem {
    /// What a person can do about it.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::NoPage => Some("the studies of this folder stand at its beginning".into()),
            Self::Missing => {
                Some("it may have been removed or renamed; those that are there stand at the beginning".into())
            }
            Self::Outside { .. } => Some("serve the folder that it leads to, or copy the study here".into()),
            Self::Store(error) => error.hint(),
            Self::TooLarge { .. } => Some("`trialbox show` tells of it on a terminal".into()),
            Self::Busy => Some("close pages that are not needed, and try again".into()),
            Self::Flaw => Some("please report it, with what `trialbox serve` wrote to its terminal".into()),
        }
    }

    /// What happened, on one printable line.
    pub(super) fn message(&self) -> String {
        printable(&self.to_string(), MESSAGE_MAX)
    }

    /// The status of an answer that tells of it.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NoPage | Self::Missing | Self::Store(StoreError::Missing { .. }) => StatusCode::NOT_FOUND,
            Self::Outside { .. } => StatusCode::FORBIDDEN,
            Self::Store(StoreError::Busy { .. }) | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::TooLarge { .. } | Self::Flaw => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the same may be shown in a moment, without anybody's doing.
    pub(super) fn is_passing(&self) -> bool {
        self.status() == StatusCode::SERVICE_UNAVAILABLE
    }
}
