//! Decides how the engine itself says something: events of AWS's own sources, which no client may put, and what somebody
//! is to be told who is no target of a rule.
//!
//! Invariant: what was said is durable, or on its way in a message that is, when whoever says it hears that it is done.

use super::change::change;
use super::entries::{is_default, missing};
use super::error::BusError;
use super::header::Tried;
use super::plan::{Aim, Attempt, Plan};
use crate::engine::{Engine, Inner};
use delivery::bus::failure::Failure;
use delivery::bus::{Event, Target, TargetSpec, rule_arn};
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use types::{BusName, RuleName};

/// Why somebody is not told.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// Nobody of this kind can be told, or it is not there.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// It failed for good.
    #[error("{}", .0.message)]
    Failed(Failure),
}

impl From<crate::commit::WriteRefused> for TellError {
    fn from(refused: crate::commit::WriteRefused) -> Self {
        Self::Bus(refused.into())
    }
}

fn event_of(inner: &Inner, event: &Json) -> Event {
    Event::restore(&event.to_string(), inner.clock.now(), None).expect("what the engine says is an event")
}

impl Engine {
    /// Puts an event that is whole already, whoever it says has put it. On a thread that may wait.
    pub fn put_own_event_blocking(&self, bus: &BusName, event: &Json) -> Result<(), BusError> {
        let inner = &self.inner;
        if !is_default(bus) && inner.catalog().bus(bus).is_none() {
            return Err(missing("event bus", bus).into());
        }
        let mut plan = Plan::new(inner);
        if let Some(live) = plan.live().get(bus) {
            plan.event(live, &event_of(inner, event), 0, &|_| true);
        }
        Ok(plan.commit_blocking()?)
    }

    /// Brings an event to somebody, as a rule of this name on the default bus would; a URL is somebody too. What cannot
    /// be done at once is tried again as it is for rules. On a thread that may wait.
    pub fn tell_blocking(&self, by: &RuleName, target: TargetSpec, event: &Json) -> Result<(), TellError> {
        let inner = &self.inner;
        let parsed = Target::parse_own(target.clone(), &inner.account).map_err(BusError::from)?;
        with_deliveries(inner)?;
        let bus: BusName = delivery::bus::entry::DEFAULT_BUS.parse().expect("a fair name");
        let arn = rule_arn(&inner.account, &bus, by);
        let aim = Aim { bus: &bus, rule: by, arn: &arn, target: &parsed, spec: &target };
        let event = event_of(inner, event);
        let mut plan = Plan::new(inner);
        match plan.attempt(&aim, &event, 0) {
            Attempt::Done => {}
            Attempt::Failed(failure) if !failure.code.is_retried() => return Err(TellError::Failed(failure)),
            Attempt::Line(_) | Attempt::Call(_) | Attempt::Underway | Attempt::Failed(_) => {
                plan.later(&aim, &event, 0, Tried::Never, Duration::ZERO);
            }
        }
        Ok(plan.commit_blocking()?)
    }
}

/// Gives the buses a queue, if nobody needed one before.
fn with_deliveries(inner: &Arc<Inner>) -> Result<(), BusError> {
    if inner.buses.live().deliveries.is_some() {
        return Ok(());
    }
    change(inner, |catalog, _| {
        catalog.with_deliveries();
        Ok(())
    })
}
