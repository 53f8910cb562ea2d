//! Decides how lines of requests reach their log: gathered for a moment, then written as one piece.
//!
//! A line for each request, written by itself, would cost more than many requests do. A thread of its own writes what
//! has gathered; who comes while too much has gathered waits, so no request goes unlogged.

use engine::watch::Watch;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use store::lines::Lines;
use types::Timestamp;

/// How many lines may wait to be written; room for as many is taken when the server starts.
const WAITING_MAX: usize = 16_384;
/// How long lines are gathered.
const GATHERED_FOR: Duration = Duration::from_millis(20);
/// How many lines are written as one piece.
const AT_ONCE: usize = 4_096;

/// Where lines go.
pub(crate) struct Journal {
    sender: Mutex<Option<SyncSender<Written>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What reaches the writer.
enum Written {
    Line(Line),
    /// There is nothing more to come that would have to be waited for.
    End,
}

struct Line {
    group: Arc<str>,
    stream: Arc<str>,
    at: Timestamp,
    text: String,
}

impl Journal {
    /// Begins to write.
    pub(crate) fn begin(lines: Arc<Lines>, watch: Watch) -> Self {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let writer =
            std::thread::Builder::new().name("journal".to_owned()).spawn(move || write(&lines, &watch, &receiver));
        let writer = writer.expect("the system has room for a thread");
        Self { sender: Mutex::new(Some(sender)), writer: Mutex::new(Some(writer)) }
    }

    /// A pen for a log.
    pub(crate) fn pen(&self, group: &str, stream: &str) -> Pen {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Pen { sender, group: group.into(), stream: stream.into() }
    }

    /// Writes what has gathered, and ends.
    pub(crate) fn end(&self) {
        if let Some(sender) = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A writer that is gone has nothing left to write.
            let _ = sender.send(Written::End);
        }
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A writer that panicked has said so.
            let _ = writer.join();
        }
    }
}

/// Writes to one log.
#[derive(Clone)]
pub(crate) struct Pen {
    sender: Option<SyncSender<Written>>,
    group: Arc<str>,
    stream: Arc<str>,
}

impl Pen {
    /// Writes a line.
    pub(crate) fn line(&self, at: Timestamp, mut text: String) {
        let Some(sender) = &self.sender else { return };
        text.push('\n');
        let line = Line { group: Arc::clone(&self.group), stream: Arc::clone(&self.stream), at, text };
        if let Err(TrySendError::Full(line)) = sender.try_send(Written::Line(line)) {
            // The disk is behind; whoever asks waits for it here rather than going unlogged.
            let wait = || drop(sender.send(line));
            tokio::task::block_in_place(wait);
        }
    }
}

fn write(lines: &Lines, watch: &Watch, receiver: &Receiver<Written>) {
    let mut fails = false;
    let mut ended = false;
    while !ended {
        let Ok(Written::Line(first)) = receiver.recv() else { return };
        std::thread::sleep(GATHERED_FOR);
        let mut gathered = vec![first];
        while let Some(written) = (gathered.len() < AT_ONCE).then(|| receiver.try_recv().ok()).flatten() {
            match written {
                Written::Line(line) => gathered.push(line),
                Written::End => {
                    ended = true;
                    break;
                }
            }
        }
        gathered.sort_by(|a, b| (&a.group, &a.stream).cmp(&(&b.group, &b.stream)));
        for piece in gathered.chunk_by(|a, b| a.group == b.group && a.stream == b.stream) {
            let texts: Vec<(i64, &str)> = piece.iter().map(|line| (line.at.millis(), line.text.as_str())).collect();
            watch.see_lines(&piece[0].group, piece.iter().map(|line| (line.at, line.text.as_str())));
            match lines.append(&piece[0].group, &piece[0].stream, &texts, engine::now().millis()) {
                Ok(()) => fails = false,
                Err(error) if !fails => {
                    fails = true;
                    engine::complain!("orderflow: lines of requests are lost until this is mended: {error}");
                }
                Err(_) => {}
            }
        }
    }
}
