//! Decides how HTTP endpoints are called that events are brought to: each call made once, signed, to whom it may go.
//!
//! A call is signed as Standard Webhooks are, with what the endpoint and its caller both know. Redirects are not followed,
//! and of the answer the status counts alone, and how long the endpoint wants to be left alone.
//!
//! Invariant: however an endpoint behaves, a call costs one connection and the time that it may take.

use super::connect::{Address, Pool};
use super::guard::{DialError, Dialer};
use super::sign::Secret;
use bytes::Bytes;
use engine::endpoints::{Answer, Call};
use http_body_util::Full;
use hyper::Request;
use hyper::header::HeaderValue;
use std::sync::{Arc, Mutex, PoisonError};
use types::SortedMap;

/// For how many endpoints connections are kept.
const POOLS_MAX: usize = 64;
/// The setting that lists addresses, as errors name it.
const LISTED_IN: &str = "`endpoint-addresses` of orderflow.toml";

/// Whoever is called for events.
#[derive(Debug)]
pub(crate) struct Endpoints {
    dialer: Dialer,
    /// By scheme, host and port.
    pools: Mutex<SortedMap<String, Arc<Pool>>>,
}

impl Endpoints {
    /// Public ones, and those whose addresses are listed: see [`Dialer::checking`].
    pub(crate) fn new(allowed: &str) -> Result<Self, String> {
        Ok(Self::dialed_by(Dialer::checking(allowed)?.listing_in(LISTED_IN)))
    }

    fn dialed_by(dialer: Dialer) -> Self {
        Self { dialer, pools: Mutex::default() }
    }

    fn pool(&self, of: String) -> Arc<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() >= POOLS_MAX && !pools.contains_key(&of) {
            // Connections that are in use end with whoever uses them.
            *pools = SortedMap::new();
        }
        Arc::clone(pools.get_or_insert_with(of, || Arc::new(Pool::dialed_by(self.dialer.clone()))))
    }

    /// Makes a call.
    pub(crate) async fn call(&self, call: &Call) -> Answer {
        let scheme = if call.tls { "https" } else { "http" };
        let address = match Address::parse(&format!("{scheme}://{}", call.authority)) {
            Ok(address) => address,
            Err(error) => return Answer::Forbidden(format!("{} {error}", call.authority)),
        };
        let request = match request(call, &address) {
            Ok(request) => request,
            Err(error) => return Answer::Forbidden(format!("{}: {error}", address.shown())),
        };
        let pool = self.pool(address.shown());
        match tokio::time::timeout(call.within, pool.tell_of(&address, request)).await {
            Ok(Ok(told)) => Answer::Status { status: told.status, retry_after: told.retry_after },
            Ok(Err(DialError::Forbidden(why))) => Answer::Forbidden(format!("{}: {why}", address.shown())),
            Ok(Err(DialError::Failed(why))) => Answer::Unreached(format!("{}: {why}", address.shown())),
            Err(_) => Answer::Late,
        }
    }
}

fn request(call: &Call, address: &Address) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::builder().method(call.method).uri(&call.path).header("host", address.host_header());
    for (name, value) in &call.headers {
        // Any of them may be a secret.
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    request = request.header("idempotency-key", &call.id).header("webhook-id", &call.id);
    let at = engine::now().seconds().to_string();
    // What is too short to sign with, or is no such secret, is known to both all the same.
    if let Some(Ok(secret)) = call.secret.as_deref().map(Secret::parse) {
        let signature = super::sensitive(&secret.sign(&call.id, &at, &call.body))?;
        request = request.header("webhook-signature", signature);
    }
    let request = request.header("webhook-timestamp", at);
    request.body(Full::new(Bytes::from(call.body.clone()))).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
