//! Answers: their bodies, which are sent piece by piece as the client takes them, and the headers that all of them have.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// What is asked for gets this.
pub(super) type Answer = Response<Body>;

/// How much of an answer is handed over at a time, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// What pages that are made here may do: nothing but take style and script from this server, and ask it.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; \
                                 form-action 'none'; frame-ancestors 'none'";
/// What is added for the page of a study, which has its own policy in its head. Both hold.
pub(super) const STUDY_POLICY: &str = "frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'none'";

/// The headers of every answer but its policy: nobody else's page may use it, and nothing keeps it.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// The kind of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Style,
    Script,
    Gzip,
    Events,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Body {
    content: Content,
    /// The right to an answer of this kind, given back when it has been taken or the client is gone.
    _right: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Stream(mpsc::Receiver<Bytes>),
}

impl Kind {
    fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Gzip => "application/gzip",
            Self::Events => "text/event-stream",
        })
    }
}

/// An answer with that content.
pub(super) fn answer(status: StatusCode, kind: Kind, content: impl Into<Bytes>) -> Answer {
    with_headers(status, kind, Content::Whole(content.into()))
}

/// An answer that goes on as long as its sender sends.
pub(super) fn stream(pieces: mpsc::Receiver<Bytes>) -> Answer {
    with_headers(StatusCode::OK, Kind::Events, Content::Stream(pieces))
}

/// Sends the client to another address of this server.
pub(super) fn redirect(to: &str) -> Answer {
    let mut answer = answer(StatusCode::SEE_OTHER, Kind::Html, Bytes::new());
    // What is no header, and no address here, leads to the beginning.
    let to = HeaderValue::from_str(to).ok().filter(|_| to.starts_with('/') && !to.starts_with("//"));
    answer.headers_mut().insert(header::LOCATION, to.unwrap_or(HeaderValue::from_static("/")));
    answer
}

/// The answer with the policy of a study's page in place of that of other pages.
pub(super) fn with_study_policy(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(STUDY_POLICY));
    answer
}

/// The answer that holds a right until it has been taken.
pub(super) fn holding(answer: Answer, right: OwnedSemaphorePermit) -> Answer {
    answer.map(|body| Body { _right: Some(right), ..body })
}

fn with_headers(status: StatusCode, kind: Kind, content: Content) -> Answer {
    let mut answer = Response::new(Body { content, _right: None });
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.extend(HEADERS);
    headers.insert(header::CONTENT_TYPE, kind.name());
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.content {
            Content::Whole(rest) if rest.is_empty() => Poll::Ready(None),
            Content::Whole(rest) => {
                let piece = rest.split_to(rest.len().min(PIECE_BYTES));
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Content::Stream(pieces) => pieces.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(rest) if rest.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(rest) => SizeHint::with_exact(rest.len() as u64),
            Content::Stream(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_redirection_leads_elsewhere() {
        for (to, location) in [
            ("/studies/a.study/", "/studies/a.study/"),
            ("//elsewhere/", "/"),
            ("http://elsewhere/", "/"),
            ("/a\r\nb: c", "/"),
        ] {
            assert_eq!(redirect(to).headers()[header::LOCATION], location);
        }
    }

    #[test]
    fn every_answer_keeps_other_pages_out() {
        let (_, pieces) = mpsc::channel(1);
        for answer in [answer(StatusCode::OK, Kind::Gzip, "x"), redirect("/"), stream(pieces)] {
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(answer.headers()[name], value);
            }
            assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
            assert!(!answer.headers().contains_key("access-control-allow-origin"));
        }
    }
}
