//! `trialbox serve`: the studies of a folder in a browser, live.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::error::CommandError;
use crate::cli::{exit_code, terminal};
use crate::output::sanitize::printable;
use crate::serving::{Access, PORT, ServeError, Server, Token};
use crate::session;

/// How much of a folder's path is shown.
const PATH_MAX: usize = 500;

/// Show the studies of a folder in a browser, live, also while they run. Nothing is changed
///
/// The address to open is printed. It can be reached from this machine only, unless --address names another address; then the
/// printed address holds a token, without which nothing is shown. Ctrl-C ends it.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLE)]
pub(in crate::cli) struct ServeArguments {
    /// The folder with stores, the files NAME.study; or one store
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The port to listen at [default: 8787, or one of the next that is free]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The address of this machine to listen at; 0.0.0.0 means all that it has. Nothing is encrypted on the way
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Want the token in this file, also on this machine; if there is no file, a random token is written there
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// How to look from elsewhere.
const EXAMPLE: &str = "\
To look from another machine, a tunnel keeps what is shown secret on the way. There, run

  ssh -L 8787:127.0.0.1:8787 HOST

and open http://127.0.0.1:8787/. The port must be the same at both ends.";

impl ServeArguments {
    fn access(&self) -> Result<Access, ServeError> {
        let token = match &self.token_file {
            Some(path) => Some(Token::of_file(path)?),
            None if self.address.is_loopback() => None,
            None => Some(Token::random()?),
        };
        Ok(Access { address: self.address, port: self.port, token })
    }
}

/// Runs the command.
pub(in crate::cli) fn serve(arguments: &ServeArguments) -> Result<u8, CommandError> {
    // A log that this build decides otherwise is shown without its rungs.
    let rungs_of = Arc::new(|reader: &_| session::reproduced(reader).ok().map(|study| study.rungs()));
    let server = Server::listen(&arguments.folder, arguments.access()?, rungs_of)?;
    let folder = printable(&server.folder().to_string_lossy(), PATH_MAX);
    let mut text = format!("the studies in {folder} are shown at\n  {}\n", server.url());
    if server.port() != arguments.port.unwrap_or(PORT) && arguments.port != Some(0) {
        text.push_str(&format!("port {PORT} is taken by another program, so it is another one\n"));
    }
    if arguments.address.is_unspecified() {
        text.push_str("and, with the same token, at every other address of this machine\n");
    }
    text.push_str("Ctrl-C ends it\n");
    terminal::tell(&text);
    server.run(terminal::wait_for_signal())?;
    Ok(exit_code::DONE)
}
