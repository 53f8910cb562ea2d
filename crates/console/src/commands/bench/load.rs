//! Decides when requests are sent, and what is counted of their answers.
//!
//! One thread, one loop over all connections, each with at most one request under way. With a rate, every request has
//! an instant at which it is to be sent, whatever became of those before it, and its latency counts from then: time in
//! which a slow server keeps requests from being sent is time that customers wait (no coordinated omission). Without a
//! rate, each connection sends its next request when it has its answer.
//!
//! Start at [`run`].

use super::histogram::Histogram;
use super::http::{Answer, Target};
use crate::exit::{Failure, UNREACHABLE};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use types::SortedMap;

/// How long answers may still come when nothing is sent any more.
const GRACE: Duration = Duration::from_secs(10);
/// How often the loop looks at the clock if nothing happens, and tells how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Requests that are due within this time are sent together.
const TICK_MIN: Duration = Duration::from_micros(250);
/// So many requests under way are a crowd, of which one or the other is answered at any moment. Going to sleep in between
/// would have the server wake this thread for each of them, which takes longer than what else there is to an answer, and is
/// nothing that clients elsewhere put on it.
const CROWD: usize = 256;
/// How long an answer to one of a crowd is waited for before the loop sleeps after all.
const AWAKE_FOR: Duration = Duration::from_micros(200);
/// How soon a connection that was lost is made again.
const RECONNECT_AFTER: Duration = Duration::from_millis(100);
/// Orders that are looked at, the newest.
const RECENT: usize = 1000;
/// Of requests that are mixed, one in so many submits an order.
const MIXED: u64 = 5;

/// What requests are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Each submits an order.
    Submit,
    /// Each looks at one of the orders that there are.
    Get,
    /// One in five submits, the others look.
    Mixed,
}

/// What is to be sent.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) target: Target,
    pub(super) address: SocketAddr,
    pub(super) what: What,
    /// Where orders are submitted.
    pub(super) submit_to: String,
    pub(super) bodies: Vec<Vec<u8>>,
    /// Whether each order has an `Idempotency-Key`.
    pub(super) idempotent: bool,
    pub(super) connections: usize,
    /// Requests a second; `None` for as many as the connections carry.
    pub(super) rate: Option<f64>,
    pub(super) lasts: Duration,
    /// At most so many requests.
    pub(super) requests_max: u64,
    /// Paths of orders that can be looked at from the beginning.
    pub(super) known: VecDeque<String>,
    /// How often an order that was accepted is handed on to be followed.
    pub(super) follow_every: Option<Duration>,
}

/// An order that was accepted, for whoever follows it.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub(super) path: String,
    pub(super) sent: Instant,
    pub(super) answered: Instant,
}

/// A second of the run.
#[derive(Debug, Clone)]
pub(super) struct Second {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// Of what was accepted.
    pub(super) latency: Histogram,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) began: Instant,
    pub(super) took: Duration,
    pub(super) sent: u64,
    /// Due, and never sent, as no connection was free.
    pub(super) unsent: u64,
    /// Sent, and not answered.
    pub(super) lost: u64,
    pub(super) by_status: SortedMap<u16, u64>,
    /// Of orders that were accepted.
    pub(super) submits: Histogram,
    /// Of orders that were found.
    pub(super) gets: Histogram,
    /// Of everything else that was answered.
    pub(super) refusals: Histogram,
    /// How long the answers are that were good, in bytes, heads included.
    pub(super) good_bytes: u64,
    pub(super) seconds: Vec<Second>,
    pub(super) known: VecDeque<String>,
    /// What was wrong when a connection was lost, the last time.
    pub(super) fault: Option<String>,
}

impl Done {
    /// How many requests were answered with what they were for.
    pub(super) fn good(&self) -> u64 {
        self.submits.count() + self.gets.count()
    }
}

enum State {
    Idle,
    Waits {
        due: Instant,
        sent: Instant,
        submits: bool,
    },
    /// Being connected again.
    Connects,
    Lost {
        again_at: Instant,
    },
}

struct Line {
    stream: TcpStream,
    state: State,
    bytes: Vec<u8>,
    filled: usize,
}

struct Load<'a> {
    plan: &'a Plan,
    poll: Poll,
    lines: Vec<Line>,
    idle: Vec<usize>,
    head: Vec<u8>,
    request: Vec<u8>,
    follow: &'a mut dyn FnMut(Accepted),
    follow_next: Instant,
    last_accepted: Option<Accepted>,
    ends: Instant,
    done: Done,
}

/// Sends what is planned; `tell` hears of it now and then, `follow` of some of the orders.
pub(super) fn run(
    plan: &Plan,
    tell: &mut dyn FnMut(&Done, Duration),
    follow: &mut dyn FnMut(Accepted),
) -> Result<Done, Failure> {
    let refused = |error: io::Error| Failure::new(UNREACHABLE, format!("the system refuses: {error}"));
    let poll = Poll::new().map_err(refused)?;
    let mut lines = Vec::with_capacity(plan.connections);
    for nth in 0..plan.connections {
        let stream = connect(plan.address, &poll, nth).map_err(|error| {
            Failure::new(UNREACHABLE, format!("connection {} to {} fails: {error}", nth + 1, plan.address))
                .hint("start a server with `orderflow up`, or say where it is with --url")
        })?;
        lines.push(Line { stream, state: State::Idle, bytes: vec![0; 8 << 10], filled: 0 });
    }
    let clock = match plan.rate {
        Some(rate) => {
            let waker = Waker::new(poll.registry(), Token(usize::MAX)).map_err(refused)?;
            Some(Clock::start(waker, Duration::from_secs_f64(1.0 / rate).max(TICK_MIN)))
        }
        None => None,
    };
    let began = Instant::now();
    let load = Load {
        plan,
        poll,
        idle: (0..lines.len()).rev().collect(),
        lines,
        head: plan.target.head(),
        request: Vec::new(),
        follow,
        follow_next: began,
        last_accepted: None,
        ends: began + plan.lasts,
        done: Done {
            began,
            took: Duration::ZERO,
            sent: 0,
            unsent: 0,
            lost: 0,
            by_status: SortedMap::new(),
            submits: Histogram::new(),
            gets: Histogram::new(),
            refusals: Histogram::new(),
            good_bytes: 0,
            seconds: Vec::new(),
            known: plan.known.clone(),
            fault: None,
        },
    };
    let done = load.run(tell).map_err(refused);
    drop(clock);
    done
}

/// Connects, and only then goes on without waiting.
fn connect(address: SocketAddr, poll: &Poll, nth: usize) -> io::Result<TcpStream> {
    let stream = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(stream);
    poll.registry().register(&mut stream, Token(nth), Interest::READABLE)?;
    Ok(stream)
}

/// Wakes the loop when requests are due: waiting for sockets is exact to the millisecond only.
struct Clock {
    stops: Arc<AtomicBool>,
}

impl Clock {
    fn start(waker: Waker, every: Duration) -> Self {
        let stops = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stops);
        let mut next = Instant::now();
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                next += every;
                // At most a while, so that it ends soon after the run at the slowest rates too.
                next = next.min(Instant::now() + LOOK_EVERY).max(Instant::now());
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
                if waker.wake().is_err() {
                    return;
                }
            }
        });
        Self { stops }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stops.store(true, Ordering::Relaxed);
    }
}

impl Load<'_> {
    fn run(mut self, tell: &mut dyn FnMut(&Done, Duration)) -> io::Result<Done> {
        let mut events = Events::with_capacity(1024);
        let began = self.done.began;
        let mut look_next = began + LOOK_EVERY;
        let mut awake_until = began;
        loop {
            let now = Instant::now();
            self.send_due(now)?;
            let waits = self.lines.len() - self.idle.len();
            if now >= self.ends || self.done.sent >= self.plan.requests_max {
                let busy = self.lines.iter().filter(|line| matches!(line.state, State::Waits { .. })).count();
                if waits == 0 || busy == 0 || now >= self.ends + GRACE {
                    self.done.lost += busy as u64;
                    break;
                }
            }
            let sleeps = waits < CROWD || now >= awake_until;
            match self.poll.poll(&mut events, Some(if sleeps { LOOK_EVERY } else { Duration::ZERO })) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            if events.is_empty() {
                // Whoever has something to do on this core comes first.
                std::thread::yield_now();
            } else {
                awake_until = now + AWAKE_FOR;
            }
            for event in &events {
                if let Some(nth) = Some(event.token().0).filter(|nth| *nth < self.lines.len()) {
                    self.ready(nth)?;
                }
            }
            let now = Instant::now();
            if now >= look_next {
                look_next = now + LOOK_EVERY;
                tell(&self.done, now - began);
                self.reconnect(now)?;
            }
        }
        self.done.took = began.elapsed().min(self.plan.lasts);
        if let Some(rate) = self.plan.rate {
            let due = (rate * self.plan.lasts.as_secs_f64()) as u64;
            self.done.unsent = due.min(self.plan.requests_max).saturating_sub(self.done.sent);
        }
        // Whoever follows orders hears of the last one in any case, as it tells when all are done.
        if let Some(last) = self.last_accepted.take().filter(|_| self.plan.follow_every.is_some()) {
            (self.follow)(last);
        }
        Ok(self.done)
    }

    /// Sends what is due on connections that are free.
    fn send_due(&mut self, now: Instant) -> io::Result<()> {
        while now < self.ends && self.done.sent < self.plan.requests_max {
            let due = match self.plan.rate {
                Some(rate) => self.done.began + Duration::from_secs_f64(self.done.sent as f64 / rate),
                None => now,
            };
            if due > now {
                return Ok(());
            }
            let Some(nth) = self.idle.pop() else { return Ok(()) };
            self.send(nth, due)?;
        }
        Ok(())
    }

    fn send(&mut self, nth: usize, due: Instant) -> io::Result<()> {
        let submits = match self.plan.what {
            What::Submit => true,
            What::Get => false,
            What::Mixed => self.done.sent.is_multiple_of(MIXED) || self.done.known.is_empty(),
        };
        self.request.clear();
        if submits {
            let body = &self.plan.bodies[(self.done.sent % self.plan.bodies.len() as u64) as usize];
            self.request.extend_from_slice(b"POST ");
            self.request.extend_from_slice(self.plan.submit_to.as_bytes());
            self.request.extend_from_slice(&self.head);
            if self.plan.idempotent {
                write!(self.request, "idempotency-key: {}\r\n", uuid::Uuid::now_v7())?;
            }
            write!(self.request, "content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len())?;
            self.request.extend_from_slice(body);
        } else {
            // A stride, so that it is not always the next one that is looked at.
            let path = &self.done.known[(self.done.sent.wrapping_mul(7919) % self.done.known.len() as u64) as usize];
            self.request.extend_from_slice(b"GET ");
            self.request.extend_from_slice(path.as_bytes());
            self.request.extend_from_slice(&self.head);
            self.request.extend_from_slice(b"\r\n");
        }
        let line = &mut self.lines[nth];
        line.filled = 0;
        self.done.sent += 1;
        // There is room for a request where nothing else is under way; if not, the connection is of no use.
        match line.stream.write(&self.request) {
            Ok(written) if written == self.request.len() => {
                line.state = State::Waits { due, sent: Instant::now(), submits };
                Ok(())
            }
            Ok(_) => self.lose(nth, "a request could be sent in part only".to_owned()),
            Err(error) => self.lose(nth, error.to_string()),
        }
    }

    /// Something happened on a connection.
    fn ready(&mut self, nth: usize) -> io::Result<()> {
        let line = &mut self.lines[nth];
        if matches!(line.state, State::Connects) {
            let connected = line.stream.peer_addr().is_ok() && line.stream.set_nodelay(true).is_ok();
            line.state =
                if connected { State::Idle } else { State::Lost { again_at: Instant::now() + RECONNECT_AFTER } };
            if connected {
                self.idle.push(nth);
            }
            return Ok(());
        }
        loop {
            let line = &mut self.lines[nth];
            if line.filled == line.bytes.len() {
                line.bytes.resize(line.bytes.len() * 2, 0);
            }
            let room = line.bytes.len() - line.filled;
            let read = match line.stream.read(&mut line.bytes[line.filled..]) {
                Ok(0) => return self.gone(nth, "the server closed the connection"),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return self.gone(nth, &error.to_string()),
            };
            line.filled += read;
            match Answer::read(&line.bytes[..line.filled]) {
                Ok(None) if read < room => return Ok(()),
                Ok(None) => {}
                Ok(Some(answer)) => return self.answered(nth, &answer),
                Err(error) => return self.lose(nth, error),
            }
        }
    }

    fn answered(&mut self, nth: usize, answer: &Answer) -> io::Result<()> {
        let now = Instant::now();
        let line = &mut self.lines[nth];
        let State::Waits { due, sent, submits } = line.state else {
            return self.lose(nth, "an answer came that nobody had asked for".to_owned());
        };
        line.state = State::Idle;
        let micros = u64::try_from((now - due).as_micros()).unwrap_or(u64::MAX);
        let is_good = (200..300).contains(&answer.status);
        let done = &mut self.done;
        *done.by_status.get_or_default(answer.status) += 1;
        let second = (now - done.began).as_secs() as usize;
        while done.seconds.len() <= second {
            done.seconds.push(Second { accepted: 0, refused: 0, latency: Histogram::new() });
        }
        let second = &mut done.seconds[second];
        if !is_good {
            second.refused += 1;
            done.refusals.record(micros);
        } else {
            second.accepted += 1;
            second.latency.record(micros);
            done.good_bytes += answer.body.end as u64;
            if submits { &mut done.submits } else { &mut done.gets }.record(micros);
        }
        if is_good && submits {
            let follows = self.plan.follow_every.filter(|_| now >= self.follow_next);
            let remembers = self.plan.what == What::Mixed || self.plan.requests_max < u64::MAX;
            let is_last = now + LOOK_EVERY >= self.ends;
            if (follows.is_some() || remembers || is_last)
                && let Some(path) = answer.path(&line.bytes)
            {
                let accepted = Accepted { path: path.to_owned(), sent, answered: now };
                if remembers {
                    if done.known.len() >= RECENT {
                        done.known.pop_front();
                    }
                    done.known.push_back(accepted.path.clone());
                }
                match follows {
                    Some(every) => {
                        self.follow_next = (self.follow_next + every).max(now);
                        (self.follow)(accepted);
                    }
                    None => self.last_accepted = Some(accepted),
                }
            }
        }
        if answer.closes {
            return self.hang_up(nth);
        }
        self.idle.push(nth);
        // At once, and not when all who have answers have been read: the server's next work should not wait.
        self.send_due(now)
    }

    /// A connection ended; that is a loss only if something was under way.
    fn gone(&mut self, nth: usize, error: &str) -> io::Result<()> {
        if matches!(self.lines[nth].state, State::Waits { .. }) {
            return self.lose(nth, error.to_owned());
        }
        self.idle.retain(|idle| *idle != nth);
        self.hang_up(nth)
    }

    fn lose(&mut self, nth: usize, error: String) -> io::Result<()> {
        self.done.lost += 1;
        self.done.fault = Some(error);
        self.idle.retain(|idle| *idle != nth);
        self.hang_up(nth)
    }

    fn hang_up(&mut self, nth: usize) -> io::Result<()> {
        let line = &mut self.lines[nth];
        self.poll.registry().deregister(&mut line.stream)?;
        // A server that is only busy is not to be hammered; who gets `connection: close` comes back a moment later too.
        let _ = line.stream.shutdown(std::net::Shutdown::Both);
        line.state = State::Lost { again_at: Instant::now() + RECONNECT_AFTER };
        Ok(())
    }

    /// Makes connections again that were lost a while ago.
    fn reconnect(&mut self, now: Instant) -> io::Result<()> {
        for (nth, line) in self.lines.iter_mut().enumerate() {
            let due = matches!(line.state, State::Lost { again_at } if again_at <= now);
            if !due || now >= self.ends {
                continue;
            }
            match TcpStream::connect(self.plan.address) {
                Ok(mut stream) => {
                    self.poll.registry().register(&mut stream, Token(nth), Interest::READABLE | Interest::WRITABLE)?;
                    line.stream = stream;
                    line.state = State::Connects;
                }
                Err(_) => line.state = State::Lost { again_at: now + RECONNECT_AFTER },
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
