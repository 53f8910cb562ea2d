//! Decides who puts an answer into words, and how long that may take.
//!
//! [`Templates`] leave it at ours. A model is asked through [`Guarded`]: within a time, and not at all for a while when
//! it fails too often. Whatever it does, the customer has an answer.

pub use super::prompt::Prompt;
use crate::shop::breaker::{Breaker, BreakerRules, Permit, Position};
use crate::shop::worker::Timer;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Which kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// One of Amazon Bedrock.
    Bedrock,
    /// One behind an endpoint as OpenAI's.
    OpenAi,
}

impl Model {
    /// As answers and logs name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::OpenAi => "openai",
        }
    }
}

/// What a model said. Nobody has looked at it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrased {
    /// The text.
    pub text: String,
    /// Whose.
    pub by: Model,
}

/// Why no model said anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unphrased {
    /// None is asked.
    #[error("none is set up")]
    NoModel,
    /// It failed too often, and is left alone for a while.
    #[error("it failed too often and is left alone for a while")]
    Paused,
    /// It took too long.
    #[error("it took longer than {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// It failed.
    #[error("{0}")]
    Failed(String),
}

/// Puts answers into words.
pub trait Phrasing: Send + Sync {
    /// Says it in other words.
    fn phrase(&self, prompt: &Prompt) -> impl Future<Output = Result<Phrased, Unphrased>> + Send;
}

/// Our own words are good enough.
#[derive(Debug, Clone, Copy)]
pub struct Templates;

impl Phrasing for Templates {
    async fn phrase(&self, _: &Prompt) -> Result<Phrased, Unphrased> {
        Err(Unphrased::NoModel)
    }
}

/// A model that is asked within bounds.
#[derive(Debug)]
pub struct Guarded<P, T> {
    model: P,
    timer: T,
    limit: Duration,
    breaker: Mutex<Breaker>,
}

impl<P: Phrasing, T: Timer> Guarded<P, T> {
    /// Asks this model, for so long at most.
    pub fn new(model: P, timer: T, limit: Duration) -> Self {
        // A customer waits for it, so it is left alone sooner than a dependency of the worker.
        let rules = BreakerRules { calls_min: 5, cool_down_max: Duration::from_secs(60), ..BreakerRules::default() };
        Self { model, timer, limit, breaker: Mutex::new(Breaker::new(rules)) }
    }

    /// Whether it is asked at present.
    pub fn position(&self) -> Position {
        self.breaker().position()
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // Every change of a breaker is whole, so a panic elsewhere leaves nothing half-done in it.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Phrasing, T: Timer> Phrasing for Guarded<P, T> {
    async fn phrase(&self, prompt: &Prompt) -> Result<Phrased, Unphrased> {
        let permit = self.breaker().permit(self.timer.elapsed());
        let Permit::Go(pass) = permit else { return Err(Unphrased::Paused) };
        let phrased = self.timer.within(self.limit, self.model.phrase(prompt)).await;
        let phrased = phrased.unwrap_or(Err(Unphrased::TimedOut(self.limit)));
        self.breaker().record(pass, phrased.is_ok(), self.timer.elapsed());
        phrased
    }
}
