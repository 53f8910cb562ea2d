//! Decides how somebody elsewhere is told something by HTTP: one signed `POST` of Standard Webhooks.
//!
//! Redirects are not followed, and of the answer only the status counts: a text of the other side's is told nobody.

use super::connect::{Address, Pool};
use super::guard::Dialer;
use super::sensitive;
use super::sign::Secret;
use crate::trace;
use bytes::Bytes;
use engine::trace::Begun;
use http_body_util::Full;
use hyper::{Method, Request};

/// Somebody who is told by HTTP.
#[derive(Debug)]
pub(crate) struct Webhook {
    address: Address,
    pool: Pool,
    secret: Secret,
}

impl Webhook {
    /// Whoever listens at this URL and knows this secret.
    pub(crate) fn new(url: &str, secret: Secret, dialer: Dialer) -> Result<Self, String> {
        Ok(Self { address: Address::parse(url)?, pool: Pool::dialed_by(dialer), secret })
    }

    /// Tells it once; what became of it, for people.
    pub(crate) async fn tell(&self, id: &str, body: &str) -> Result<String, String> {
        let shown = |error: String| format!("{}: {error}", self.address.shown());
        let span = trace::calling("webhook", &self.address.shown());
        let request = self.request(id, body, span.as_ref()).map_err(shown)?;
        let told = match self.pool.tell(&self.address, request).await {
            Ok(status) => {
                let failed = (!(200..300).contains(&status)).then(|| format!("status {status}"));
                trace::called(span, Some(status), failed, status)
            }
            Err(error) => return Err(trace::called(span, None, Some(error.clone()), shown(error))),
        };
        match told {
            status @ 200..300 => Ok(format!("told, it answers with status {status}")),
            status @ 300..400 => Err(shown(format!("it answers with status {status}, and redirects are not followed"))),
            status => Err(shown(format!("it answers with status {status}"))),
        }
    }

    fn request(&self, id: &str, body: &str, span: Option<&Begun>) -> Result<Request<Full<Bytes>>, String> {
        let at = engine::now().seconds().to_string();
        let path = if self.address.path().is_empty() { "/" } else { self.address.path() };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", self.address.host_header())
            .header("content-type", "application/json")
            .header("user-agent", "orderflow")
            .header("idempotency-key", id)
            .header("webhook-id", id)
            .header("webhook-timestamp", &at)
            .header("webhook-signature", sensitive(&self.secret.sign(id, &at, body))?);
        if let Some(span) = span {
            request = request.header("traceparent", span.context().traceparent());
        }
        request.body(Full::new(Bytes::from(body.to_owned()))).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;
