//! The stream of events that tells a page when its study's log has grown (server-sent events, HTML standard, section 9.2).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::answer::{self, Answer};
use super::studies::{Progress, Studies, Watched};

/// How often a page is told, at most.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// How often a comment is sent when there is nothing to tell, so that it shows whether anybody is there.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
const COMMENT: &str = ": nothing new\n\n";
/// How soon a page comes again that has lost its server.
const BEGINNING: &str = "retry: 1000\n\n";

/// The stream of a study. It ends when the study can no longer be read.
pub(super) fn events(studies: &Arc<Studies>, study: &Arc<Watched>) -> Answer {
    let (sender, pieces) = mpsc::channel(1);
    let progress = studies.follow(study);
    tokio::spawn(tell(progress, sender));
    answer::stream(pieces)
}

async fn tell(mut progress: watch::Receiver<Progress>, sender: mpsc::Sender<Bytes>) {
    let mut told = None;
    // Who comes later is told too what is known already.
    progress.mark_changed();
    let mut piece = Bytes::from_static(BEGINNING.as_bytes());
    loop {
        // A client that doesn't read is waited for, and what happens meanwhile is told at once in the end.
        if sender.send(piece).await.is_err() {
            return;
        }
        piece = tokio::select! {
            news = news(&mut progress, &mut told) => match news {
                Some(news) => news,
                None => return,
            },
            () = sleep(COMMENT_EVERY) => Bytes::from_static(COMMENT.as_bytes()),
            () = sender.closed() => return,
        };
    }
}

/// What there is to tell, as soon as there is something; nothing more if the study is gone.
async fn news(progress: &mut watch::Receiver<Progress>, told: &mut Option<Progress>) -> Option<Bytes> {
    if told.is_some() {
        sleep(TELL_EVERY).await;
    }
    loop {
        progress.changed().await.ok()?;
        let now = *progress.borrow_and_update();
        match now {
            Progress::Gone => return None,
            Progress::At { sequence, ended } if *told != Some(now) => {
                *told = Some(now);
                return Some(format!("data: {{\"sequence\": {sequence}, \"ended\": {ended}}}\n\n").into());
            }
            Progress::At { .. } | Progress::Unread => {}
        }
    }
}
