//! Shows the studies of a folder in a browser, live and read only: the list of them, and the report page of each.
//!
//! At the edge, beside `output`, whose page it serves. It reads stores while others write them and changes nothing. One thread takes
//! requests, and a few more read stores; what is kept of a study is caught up with its log as long as somebody looks at it.
//! A server is for the machine it runs on: elsewhere it wants a token. See [`Server`].

mod answer;
mod brief;
mod connections;
mod error_page;
mod events;
mod folder;
mod guard;
mod html;
mod index;
mod kept;
mod problem;
mod routes;
mod studies;
mod token;
mod writer;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use token::Token;

use crate::scheduler::RungSystemState;
use crate::store::Reader;
use connections::Bounds;
use folder::Folder;
use guard::Guard;
use routes::Routes;
use studies::Studies;

/// The port that is taken if none is named and it is free.
pub const PORT: u16 = 8787;
/// How many ports are tried from [`PORT`] on.
const PORTS_TRIED: u16 = 20;
/// How many tasks may block at a time. Reading stores takes a part of them, listing the folder another.
const BLOCKING_MAX: usize = 12;
/// How often accounts are dropped that nobody asks for.
const DROP_EVERY: Duration = Duration::from_secs(15);

/// Finds the rungs of a study, which takes its whole log; none if this build decides otherwise than the log says.
pub type RungsOf = Arc<dyn Fn(&Reader) -> Option<Vec<RungSystemState>> + Send + Sync>;

/// Where a server listens, and whom it lets in.
#[derive(Clone, Debug)]
pub struct Access {
    /// The address of this machine at which it listens.
    pub address: IpAddr,
    /// The port; if none, [`PORT`] or one of the next that is free.
    pub port: Option<u16>,
    /// What lets a person in. Without it everybody is let in who reaches the address.
    pub token: Option<Token>,
}

/// A server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is nothing at the path.
    #[error("there is no folder `{}`", path.display())]
    MissingFolder {
        /// The path.
        path: PathBuf,
    },
    /// The path is neither a folder nor a study.
    #[error("`{}` is neither a folder nor a study", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The folder cannot be read.
    #[error("the folder `{}` cannot be read: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The port is taken.
    #[error("port {port} of {address} is taken by another program")]
    PortTaken {
        /// The address.
        address: IpAddr,
        /// The port, or the first of those that were tried.
        port: u16,
    },
    /// The system doesn't let the server listen.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// Others can reach the address, and there is no token.
    #[error("{address} can be reached from other machines, and there is no token to keep strangers out")]
    NoTokenThere {
        /// The address.
        address: IpAddr,
    },
    /// The token's file can be neither read nor made.
    #[error("the token in `{}` cannot be read or made: {source}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The token's file holds something else.
    #[error("`{}` holds no token: that is 32 to 256 letters, digits, `-` and `_`", path.display())]
    NoToken {
        /// The file.
        path: PathBuf,
    },
    /// Others can read the token's file.
    #[error("the token in `{}` can be read by other users", path.display())]
    OpenTokenFile {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("there are no random bytes for a token: {reason}")]
    Random {
        /// What it says.
        reason: String,
    },
    /// The system fails in another way.
    #[error("the server cannot run: {source}")]
    Runtime {
        /// The system's error.
        source: io::Error,
    },
}

impl ServeError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::MissingFolder { .. } => "check the path; without one the current folder is served",
            Self::NotAFolder { .. } => "name a folder with studies, or a file NAME.study",
            Self::PortTaken { .. } => "name another one with --port, or none to have a free one chosen",
            Self::Listen { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => "ports below 1024 are for the system: name another one with --port",
                io::ErrorKind::AddrNotAvailable => "this machine has no such address: 0.0.0.0 means all that it has",
                _ => return None,
            },
            Self::NoTokenThere { .. } => "give it a token",
            Self::NoToken { .. } => "remove the file, and a token is made there",
            Self::OpenTokenFile { .. } => "let only its owner read it: `chmod 600` and its name",
            Self::Folder { .. } | Self::TokenFile { .. } => "check the permissions",
            Self::Random { .. } | Self::Runtime { .. } => return None,
        })
    }
}

/// A server that listens, and has not begun to answer.
pub struct Server {
    listener: TcpListener,
    folder: Folder,
    guard: Guard,
    rungs_of: RungsOf,
    bounds: Bounds,
}

impl Access {
    /// This machine only, and everybody on it.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: None, token: None }
    }
}

impl Server {
    /// Listens, to show the studies of the folder at `path`, or the one study at `path`.
    ///
    /// # Errors
    /// If there is no such folder, or the address or its port can't be had, or others can reach it and there is no token.
    pub fn listen(path: &Path, access: Access, rungs_of: RungsOf) -> Result<Self, ServeError> {
        if !access.address.is_loopback() && access.token.is_none() {
            return Err(ServeError::NoTokenThere { address: access.address });
        }
        let folder = Folder::open(path)?;
        let listener = match access.port {
            Some(port) => listen(access.address, port)?,
            None => listen_at_next_port(access.address)?,
        };
        let address = listener.local_addr().map_err(|source| ServeError::Runtime { source })?;
        let guard = Guard::new(address, access.token);
        Ok(Self { listener, folder, guard, rungs_of, bounds: Bounds::default() })
    }

    /// The address to open in a browser, with the token if there is one.
    #[must_use]
    pub fn url(&self) -> String {
        self.guard.address_with_token()
    }

    /// The port at which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.guard.port()
    }

    /// The full path of the folder that is shown.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.root()
    }

    /// Answers requests until `stop` is done, and then ends at once, whatever is under way.
    ///
    /// # Errors
    /// If the system refuses what a server needs.
    pub fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let failed = |source| ServeError::Runtime { source };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_MAX)
            .build()
            .map_err(failed)?;
        let outcome = runtime.block_on(async {
            tokio::select! {
                () = stop => Ok(()),
                outcome = self.answer() => outcome.map_err(failed),
            }
        });
        // A store that is being read is left alone: nothing of it is changed.
        runtime.shutdown_background();
        outcome
    }

    async fn answer(self) -> io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let studies = Arc::new(Studies::new(self.folder, self.rungs_of));
        let routes = Arc::new(Routes::new(self.guard, studies.clone()));
        let dropping = async {
            loop {
                tokio::time::sleep(DROP_EVERY).await;
                studies.drop_idle();
            }
        };
        tokio::select! {
            () = connections::take(listener, routes, self.bounds) => {}
            () = dropping => {}
        }
        Ok(())
    }
}

fn listen(address: IpAddr, port: u16) -> Result<TcpListener, ServeError> {
    TcpListener::bind((address, port)).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortTaken { address, port },
        _ => ServeError::Listen { address: SocketAddr::new(address, port), source },
    })
}

fn listen_at_next_port(address: IpAddr) -> Result<TcpListener, ServeError> {
    let mut first = listen(address, PORT);
    for port in (PORT + 1..).take(usize::from(PORTS_TRIED) - 1) {
        match first {
            Err(ServeError::PortTaken { .. }) => {}
            other => return other,
        }
        first = match listen(address, port) {
            Err(ServeError::PortTaken { .. }) => Err(ServeError::PortTaken { address, port: PORT }),
            other => other,
        };
    }
    first
}
