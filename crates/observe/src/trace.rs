//! Decides which spans of a trace are kept, for how long they may wait to be told, and how they are spelt in OTLP.
//!
//! Start at [`Tracer`]: whoever did something hands in a [`Span`], whoever tells takes them out in batches. A clock and a
//! line to whom they are told are for others to have.
//!
//! Invariant: no more spans wait than [`Settings::waiting_max`]; what comes after is counted and let go, so that a
//! collector that is slow or away costs nobody anything.

mod otlp;
mod sampler;
mod settings;

pub use otlp::{Resource, request};
pub use sampler::Sampler;
pub use settings::{Settings, WrongVariable};

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use types::{SpanId, TraceContext, TraceId};

/// How something is of a trace: by OTLP's kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Done within this process.
    Internal,
    /// The answer to somebody's request.
    Server,
    /// A request to somebody else.
    Client,
    /// Something is left for whoever works on it later.
    Producer,
    /// What was left is worked on.
    Consumer,
}

/// What is told of a span beside its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A text.
    Text(Cow<'static, str>),
    /// A number.
    Whole(i64),
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned().into())
    }
}

impl From<i64> for Fact {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

/// What was done in a span of time, for one trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its own id.
    pub context: TraceContext,
    /// What it was done for.
    pub parent: Option<SpanId>,
    /// Something of another trace that it has to do with.
    pub link: Option<TraceContext>,
    /// What was done.
    pub name: Cow<'static, str>,
    /// Of which kind it is.
    pub kind: Kind,
    /// From when, in nanoseconds since 1970.
    pub begun_at: u64,
    /// Until when.
    pub ended_at: u64,
    /// What else is told of it.
    pub facts: Vec<(&'static str, Fact)>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
}

/// What became of spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Spans that a collector has taken.
    pub taken: u64,
    /// Spans that there was no room for.
    pub dropped: u64,
    /// Spans that a collector did not take.
    pub refused: u64,
}

/// Wakes whoever tells.
pub type Bell = dyn Fn() + Send + Sync;

/// Keeps spans until they are told.
pub struct Tracer {
    settings: Settings,
    waiting: Mutex<VecDeque<Span>>,
    taken: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
    bell: OnceLock<Box<Bell>>,
}

impl std::fmt::Debug for Tracer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Tracer {
    /// One that keeps spans as it is set.
    pub fn new(settings: Settings) -> Self {
        let waiting = Mutex::new(VecDeque::new());
        let [taken, dropped, refused] = [0; 3].map(AtomicU64::new);
        Self { settings, waiting, taken, dropped, refused, bell: OnceLock::new() }
    }

    /// How it is set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Rings this bell whenever a batch is full. There can be one; a second is not taken.
    pub fn on_full(&self, bell: Box<Bell>) -> bool {
        self.bell.set(bell).is_ok()
    }

    /// Whether spans of a trace are kept, of which others may have decided that.
    pub fn keeps(&self, trace: TraceId, decided: Option<bool>) -> bool {
        self.settings.sampler.keeps(trace, decided)
    }

    /// Takes a span, if its trace is kept.
    pub fn take(&self, span: Span) {
        if !span.context.sampled {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.len() >= self.settings.waiting_max {
            drop(waiting);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.push_back(span);
        let is_full = waiting.len().is_multiple_of(self.settings.batch_max);
        drop(waiting);
        if let Some(bell) = self.bell.get().filter(|_| is_full) {
            bell();
        }
    }

    /// The next batch, the oldest first; empty if none waits.
    pub fn batch(&self) -> Vec<Span> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(self.settings.batch_max);
        waiting.drain(..count).collect()
    }

    /// How many spans wait.
    pub fn waiting_count(&self) -> usize {
        self.waiting().len()
    }

    /// A collector has heard of a batch, and has not taken so many of it.
    pub fn told(&self, spans: usize, refused: u64) {
        let refused = refused.min(spans as u64);
        self.taken.fetch_add(spans as u64 - refused, Ordering::Relaxed);
        self.refused.fetch_add(refused, Ordering::Relaxed);
    }

    /// What became of all spans so far.
    pub fn counts(&self) -> Told {
        let [taken, dropped, refused] =
            [&self.taken, &self.dropped, &self.refused].map(|count| count.load(Ordering::Relaxed));
        Told { taken, dropped, refused }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Span>> {
        // Each change of the list is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
