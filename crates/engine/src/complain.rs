//! Decides how whoever runs the server is told that something is wrong: a line on the standard error, as far as that takes it.
//!
//! Lines are written by a thread of their own. Who complains waits until the line is out, so that it is there when the
//! process ends, but not for long, and not at all once the standard error is known to be stuck.
//!
//! Invariant: telling never fails, and stops nobody. Where the standard error goes may be what is wrong: a file on the full
//! disk, a pipe that nobody reads any more, or one whose reader has stopped reading. `eprintln!` would take the thread that
//! tells with it, or keep it.

use std::fmt::Arguments;
use std::io::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// How many lines wait to be written; more are lost.
const WAITING_MAX: usize = 256;
/// How long a complaint waits until it is written.
const PATIENCE: Duration = Duration::from_secs(1);

/// A line, and who waits for it.
type Line = (String, SyncSender<()>);

/// Where lines go; nowhere if there is no thread to write them.
static LINES: LazyLock<Option<SyncSender<Line>>> = LazyLock::new(|| {
    let (lines, waiting) = sync_channel(WAITING_MAX);
    let writer = std::thread::Builder::new().name("complaints".to_owned()).spawn(move || write_all(&waiting));
    writer.ok().map(|_| lines)
});
/// Whether the last line could not be written for a while.
static STUCK: AtomicBool = AtomicBool::new(false);

/// Prints a line on the standard error as `eprintln!` does, and goes on if it cannot be written.
#[macro_export]
macro_rules! complain {
    ($($words:tt)*) => {
        $crate::complaint(::std::format_args!($($words)*))
    };
}

/// Prints a line on the standard error, in one piece. What cannot be printed is lost.
pub fn complaint(words: Arguments<'_>) {
    let Some(lines) = &*LINES else { return write(&format!("{words}\n")) };
    let (written, is_written) = sync_channel(1);
    if lines.try_send((format!("{words}\n"), written)).is_err() || STUCK.load(Ordering::Relaxed) {
        return;
    }
    if is_written.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        STUCK.store(true, Ordering::Relaxed);
        // It may have been written just now, and said so before this.
        if is_written.try_recv().is_ok() {
            STUCK.store(false, Ordering::Relaxed);
        }
    }
}

fn write_all(waiting: &Receiver<Line>) {
    while let Ok((line, written)) = waiting.recv() {
        write(&line);
        STUCK.store(false, Ordering::Relaxed);
        // Whoever complained may have gone on.
        let _ = written.try_send(());
    }
}

fn write(line: &str) {
    // Nobody is left to be told that this failed.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
