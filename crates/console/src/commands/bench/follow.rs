//! Decides how it is found out when an order is done: some of them are looked at, soon and often at first, then ever
//! more rarely, until they are in a state that lasts.

use super::histogram::Histogram;
use super::http::{Answer, Target};
use super::load::Accepted;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many look, so that one slow answer does not make all others seem slow.
const LOOKERS: usize = 4;
/// How soon an order is looked at again, at least.
const LOOK_AGAIN: Duration = Duration::from_micros(500);
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What became of those that were followed.
#[derive(Debug)]
pub(super) struct Followed {
    /// From the answer that accepted the order to COMPLETED.
    pub(super) since_accepted: Histogram,
    /// From the sending of the order to COMPLETED.
    pub(super) since_sent: Histogram,
    /// FAILED or CANCELLED.
    pub(super) failed: u64,
    /// In no state that lasts, or not found.
    pub(super) unfinished: u64,
    /// When the last one was seen COMPLETED.
    pub(super) last: Option<Instant>,
}

/// Those who look at orders, each in a thread of its own.
pub(super) struct Followers {
    give: Vec<Sender<Accepted>>,
    next: usize,
    threads: Vec<JoinHandle<Followed>>,
}

impl Followers {
    /// Begins; nobody looks for longer than `patience` once no more orders come.
    pub(super) fn start(address: SocketAddr, target: &Target, patience: Duration) -> Self {
        let mut followers = Self { give: Vec::new(), next: 0, threads: Vec::new() };
        for _ in 0..LOOKERS {
            let (give, take) = channel();
            let head = target.head();
            followers.give.push(give);
            followers.threads.push(std::thread::spawn(move || follow(address, &head, &take, patience)));
        }
        followers
    }

    /// One more to follow.
    pub(super) fn take(&mut self, accepted: Accepted) {
        self.next = (self.next + 1) % self.give.len();
        // They listen until nobody gives any more.
        let _ = self.give[self.next].send(accepted);
    }

    /// Waits until all are done, or patience ends.
    pub(super) fn finish(self) -> Followed {
        drop(self.give);
        let mut all = Followed::none();
        for thread in self.threads {
            let part = thread.join().expect("who looks at orders does not panic");
            all.since_accepted.add(&part.since_accepted);
            all.since_sent.add(&part.since_sent);
            all.failed += part.failed;
            all.unfinished += part.unfinished;
            all.last = all.last.max(part.last);
        }
        all
    }
}

impl Followed {
    fn none() -> Self {
        Self { since_accepted: Histogram::new(), since_sent: Histogram::new(), failed: 0, unfinished: 0, last: None }
    }
}

fn follow(address: SocketAddr, head: &[u8], take: &Receiver<Accepted>, patience: Duration) -> Followed {
    let mut followed = Followed::none();
    let mut looks: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
    let mut orders: Vec<Accepted> = Vec::new();
    let mut line = None;
    let mut gives_up_at = None;
    loop {
        let now = Instant::now();
        let wait =
            looks.peek().map_or(Duration::from_millis(100), |Reverse((due, _))| due.saturating_duration_since(now));
        // Once nobody gives any more this returns at once, so the wait is made up for below.
        match take.recv_timeout(wait) {
            Ok(accepted) => {
                looks.push(Reverse((accepted.answered, orders.len())));
                orders.push(accepted);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let until = *gives_up_at.get_or_insert(now + patience);
                if looks.is_empty() || now >= until {
                    followed.unfinished += looks.len() as u64;
                    return followed;
                }
                std::thread::sleep(wait.min(until - now));
            }
        }
        while let Some(Reverse((due, nth))) = looks.peek().copied() {
            if due > Instant::now() {
                break;
            }
            looks.pop();
            let order = &orders[nth];
            let status = look(address, head, &order.path, &mut line);
            let now = Instant::now();
            let micros = |since: Instant| u64::try_from((now - since).as_micros()).unwrap_or(u64::MAX);
            match status {
                Ok(Status::Completed) => {
                    followed.since_accepted.record(micros(order.answered));
                    followed.since_sent.record(micros(order.sent));
                    followed.last = followed.last.max(Some(now));
                }
                Ok(Status::Ended) => followed.failed += 1,
                Ok(Status::Unknown) => followed.unfinished += 1,
                Ok(Status::UnderWay) | Err(_) => {
                    let again = LOOK_AGAIN.max((now - order.answered) / 10);
                    looks.push(Reverse((now + again, nth)));
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    UnderWay,
    Completed,
    Ended,
    Unknown,
}

/// Looks at an order, over the connection that there is, or a new one.
fn look(address: SocketAddr, head: &[u8], path: &str, line: &mut Option<TcpStream>) -> io::Result<Status> {
    let mut stream = match line.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ANSWER_WITHIN))?;
            stream
        }
    };
    stream.write_all(&[b"GET ", path.as_bytes(), head, b"\r\n"].concat())?;
    let mut bytes = Vec::new();
    let mut part = [0; 8192];
    loop {
        let read = stream.read(&mut part)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..read]);
        if let Some(answer) = Answer::read(&bytes).map_err(io::Error::other)? {
            if !answer.closes {
                *line = Some(stream);
            }
            return Ok(status_of(answer.status, &bytes[answer.body]));
        }
    }
}

fn status_of(status: u16, body: &[u8]) -> Status {
    #[derive(serde::Deserialize)]
    struct Order {
        status: String,
    }
    match (status, serde_json::from_slice::<Order>(body)) {
        (200, Ok(order)) => match order.status.as_str() {
            "COMPLETED" => Status::Completed,
            "FAILED" | "CANCELLED" => Status::Ended,
            _ => Status::UnderWay,
        },
        // Too busy, or too fast: later, perhaps.
        (429 | 500.., _) => Status::UnderWay,
        _ => Status::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orders_own_state_counts_and_not_its_history() {
        let cases = [
            (200, r#"{"history":[{"status":"PENDING"}],"status":"COMPLETED"}"#, Status::Completed),
            (200, r#"{"status":"PAYMENT_PROCESSING","history":[{"status":"COMPLETED"}]}"#, Status::UnderWay),
            (200, r#"{"status":"FAILED"}"#, Status::Ended),
            (200, r#"{"status":"CANCELLED"}"#, Status::Ended),
            (200, "not json", Status::Unknown),
            (404, r#"{"status":404}"#, Status::Unknown),
            (503, "", Status::UnderWay),
            (429, "", Status::UnderWay),
        ];
        for (status, body, expected) in cases {
            assert_eq!(status_of(status, body.as_bytes()), expected, "{status} {body}");
        }
    }
}
