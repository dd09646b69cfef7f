//! Takes connections, a bounded number of them, and has their requests answered. No client can hold one up by being slow: neither the header
//! of a request nor what is sent may take long.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

use super::routes::Routes;

/// The bounds on connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many connections there may be at once.
    pub(super) connections_max: usize,
    /// How long the header of a request may take to come, from when it may begin. So long an idle connection is kept too.
    pub(super) header_time_max: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub(super) stalled_time_max: Duration,
}

/// The largest header of a request with its first line, in bytes. Nothing larger is read.
const HEADER_BYTES_MAX: usize = 16 << 10;
/// How many fields the header of a request may have.
const HEADER_FIELDS_MAX: usize = 64;
/// How long nothing is taken after the system had no room for one more connection.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// What a client is told for which there is no room.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 31\r\nRetry-After: 2\r\n\
Connection: close\r\n\r\nthere are too many connections\n";

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections_max: 128,
            header_time_max: Duration::from_secs(15),
            stalled_time_max: Duration::from_secs(30),
        }
    }
}

/// Takes connections until it is dropped.
pub(super) async fn take(listener: TcpListener, routes: Arc<Routes>, bounds: Bounds) {
    let room = Arc::new(Semaphore::new(bounds.connections_max));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Either the client is gone already, or no more files may be open for now.
            sleep(AFTER_FAILURE).await;
            continue;
        };
        match room.clone().try_acquire_owned() {
            Ok(place) => drop(tokio::spawn(converse(stream, routes.clone(), bounds, place))),
            // As much of it as can be written without waiting: all of it, for a new connection.
            Err(_) => drop(stream.try_write(FULL)),
        }
    }
}

/// Answers the requests that come over one connection.
async fn converse(stream: TcpStream, routes: Arc<Routes>, bounds: Bounds, _place: OwnedSemaphorePermit) {
    // Small messages are sent at once. Without it they come a little later.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(bounds.stalled_time_max));
    let service = service_fn(|request| {
        let routes = routes.clone();
        // What a request brings along is not read.
        async move { Ok::<_, Infallible>(routes.answer(&request.into_parts().0).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.header_time_max)
        .max_header_size(HEADER_BYTES_MAX)
        .max_headers(HEADER_FIELDS_MAX)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    // A connection that ends in an error ends; whoever is at its other end knows.
    let _ = connection.await;
}
