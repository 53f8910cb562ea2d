//! Decides when HTTP endpoints are called, and makes of a target what is asked of one.
//!
//! A slow endpoint must not hold up what others get: each has a few calls under way at once, all of them together have
//! some more, and whoever finds no room comes again later ([`delivery::bus::pace`]).

use super::plan::{Aim, name_in};
use crate::engine::{Inner, POISON};
use delivery::bus::endpoint::{Answer, Call, Connection, Destination};
use delivery::bus::failure::{ErrorCode, Failure};
use delivery::bus::pace::{Pace, Turn};
use delivery::bus::{Event, HttpParameters};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use types::SortedMap;

/// The environment variable that holds the secret with which endpoints are told that are known by their URL alone.
pub const WEBHOOK_SECRET: &str = "ORDERFLOW_WEBHOOK_SECRET";
/// How many calls are under way at once.
const AT_ONCE: usize = 64;
/// For how many endpoints it is known when they were called, before those are forgotten that wait for nothing.
const PACES_MAX: usize = 256;

/// What is asked of an endpoint.
pub(super) struct Asked {
    pub(super) call: Call,
    /// Which endpoint it is.
    key: String,
    per_second: u32,
}

/// When endpoints may be called.
pub(super) struct Calls {
    begun: Instant,
    places: Arc<Semaphore>,
    paces: Mutex<SortedMap<String, Pace>>,
}

impl Default for Calls {
    fn default() -> Self {
        Self { begun: Instant::now(), places: Arc::new(Semaphore::new(AT_ONCE)), paces: Mutex::default() }
    }
}

/// That it is not one's turn.
pub(super) struct Wait {
    pub(super) span: Duration,
    /// Whether there is one then.
    pub(super) has_turn: bool,
}

/// A turn, which ends when it is dropped.
pub(super) struct Taken<'c> {
    calls: &'c Calls,
    key: String,
    since: Instant,
    _place: OwnedSemaphorePermit,
}

impl Calls {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX / 2)
    }

    /// A turn to make this call, or when to come again; `has_turn` says whether one was given for about now.
    pub(super) fn turn(&self, asked: &Asked, has_turn: bool) -> Result<Taken<'_>, Wait> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        let now = self.now();
        let mut paces = self.paces.lock().expect(POISON);
        if paces.len() >= PACES_MAX {
            paces.retain(|_, pace| !pace.is_idle(now));
        }
        let pace = paces.get_or_default(asked.key.clone());
        match (pace.ask(now, asked.per_second, has_turn, place.is_some()), place) {
            (Turn::Now, Some(place)) => {
                Ok(Taken { calls: self, key: asked.key.clone(), since: Instant::now(), _place: place })
            }
            (Turn::Later(span), _) => Err(Wait { span, has_turn: true }),
            (Turn::Again(span), _) => Err(Wait { span, has_turn: false }),
            (Turn::Now, None) => unreachable!("nobody gets a turn where there is no room"),
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(pace) = self.calls.paces.lock().expect(POISON).get_mut(&self.key) {
            pace.done(self.since.elapsed());
        }
    }
}

impl Taken<'_> {
    /// Makes the call; whether the event was taken.
    pub(super) async fn call(self, inner: &Inner, call: &Call) -> Result<(), Failure> {
        make(inner, call).await
    }
}

/// Makes a call out of turn.
pub(super) async fn make(inner: &Inner, call: &Call) -> Result<(), Failure> {
    let answer = match inner.functions.get() {
        // Whoever makes the call keeps to this as well; here it is certain.
        Some(functions) => match tokio::time::timeout(call.within * 2, functions.call(call)).await {
            Ok(answer) => answer,
            Err(_) => Answer::Late,
        },
        None => Answer::NotMade,
    };
    answer.came()
}

/// By what the receiver knows a call, however often it is tried.
fn id(aim: &Aim<'_>, event: &Event) -> String {
    format!("{}:{}:{}", event.id(), aim.rule, aim.target.id)
}

/// What is asked of an API destination.
pub(super) fn of_destination(
    inner: &Inner,
    aim: &Aim<'_>,
    parameters: &HttpParameters,
    event: &Event,
    input: &str,
) -> Result<Asked, Failure> {
    let arn = &aim.target.arn;
    let gone = |what: String| Failure::new(ErrorCode::NoResource, what);
    let catalog = inner.catalog();
    let named = |resource: &str| resource.split_once('/').map(|(name, id)| (name.to_owned(), id.to_owned()));
    let entry = name_in(arn, "api-destination/").and_then(named).and_then(|(name, id)| {
        let entry = catalog.destinations.get(&name.parse().ok()?)?;
        (entry.id == id).then_some(entry)
    });
    let entry = entry.ok_or_else(|| gone(format!("the API destination {arn} is not there")))?;
    let connection = super::endpoints::connection_of(&catalog, &entry.spec, &inner.account);
    let connection =
        connection.ok_or_else(|| gone(format!("the connection {} is not there", entry.spec.connection)))?;
    let wrong = |refused: delivery::bus::endpoint::EndpointRefused| {
        Failure::new(ErrorCode::InvalidParameter, refused.to_string())
    };
    let connection = Connection::parse(connection.spec.clone()).map_err(wrong)?;
    let destination = Destination::parse(entry.spec.clone()).map_err(wrong)?;
    let call = destination.call(
        &connection,
        parameters,
        &|parameter| parameter.of_event(event),
        input,
        id(aim, event),
        &variable,
    )?;
    Ok(Asked { call, key: arn.to_string(), per_second: destination.per_second() })
}

/// What is asked of an endpoint that is known by its URL.
pub(super) fn of_webhook(url: &str, aim: &Aim<'_>, event: &Event) -> Result<Asked, Failure> {
    let secret = variable(WEBHOOK_SECRET).ok_or_else(|| {
        let message = format!("the environment variable {WEBHOOK_SECRET}, which webhooks are signed with, is not set");
        Failure::new(ErrorCode::NoPermissions, message)
    })?;
    let call = Call::of_webhook(url, event, id(aim, event), secret)?;
    Ok(Asked { key: url.to_owned(), call, per_second: delivery::bus::endpoint::PER_SECOND })
}

/// What stands in an environment variable, without the line's end that files have.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}
