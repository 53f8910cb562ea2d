//! Decides how inventory, payments and fulfilment that run elsewhere are asked: JSON over HTTP, signed, within bounds.
//!
//! Every call is `POST {url}/{verb}` with what the order needs. It carries `idempotency-key`, the same for every attempt
//! of the same step, and the three headers of Standard Webhooks, with which the other side knows that it was us and
//! when. An answer of 2xx is done; 4xx is a refusal for good, with `code` and `message` in its body; everything else
//! may pass. Redirects are not followed. Whom functions tell of orders is in `notify` and `smtp`, whom event buses call in
//! `endpoints`; which addresses may be called is for `guard` to say, and these stand behind a dialer that checks.
//!
//! Invariant: however the other side behaves, a call costs one connection, an answer of bounded size, and the time
//! that its caller allows: a call that is dropped takes its connection along.

pub(crate) mod collector;
pub(crate) mod connect;
pub(crate) mod endpoints;
pub(crate) mod guard;
pub(crate) mod notify;
pub(crate) mod sign;
pub(crate) mod smtp;

use crate::trace;
use bytes::Bytes;
use connect::{Address, Pool};
use engine::trace::Begun;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Method, Request};
use orders::shop::fulfilment::Fulfilment;
use orders::shop::inventory::Inventory;
use orders::shop::payments::Payments;
use orders::shop::worker::{Attempt, Effect, Failed};
use orders::shop::{Order, Paid, Tracking};
use serde_json::{Value as Json, json};
use sign::Secret;
use types::Text;

/// How much of a text of the other side's is told further.
const TOLD_MAX: usize = 200;

/// A dependency that runs elsewhere.
#[derive(Debug)]
pub(crate) struct Remote {
    address: Address,
    pool: Pool,
    secret: Option<Secret>,
}

impl Remote {
    /// The dependency at this URL, told who we are by this secret.
    pub(crate) fn new(url: &str, secret: Option<&str>) -> Result<Self, String> {
        let address = Address::parse(url)?;
        let secret = secret.map(Secret::parse).transpose()?;
        Ok(Self { address, pool: Pool::default(), secret })
    }

    async fn ask(&self, verb: &str, attempt: &Attempt<'_>, body: Json) -> Result<Json, Failed> {
        let transient = |error: String| Failed::transient(&format!("{}: {error}", self.address.shown()));
        let body = body.to_string();
        // Whoever goes by the key alone must not take a taking back for what it takes back.
        let key = format!("{}:{verb}", attempt.key);
        let span = trace::calling(verb, &self.address.shown());
        let request = self.request(verb, &key, body, span.as_ref()).map_err(transient)?;
        let (status, body) = match self.pool.call(&self.address, request).await {
            Ok(answer) => {
                let status = answer.0;
                trace::called(span, Some(status), (status >= 400).then(|| format!("status {status}")), answer)
            }
            Err(error) => return Err(trace::called(span, None, Some(error.clone()), transient(error))),
        };
        let answer = || serde_json::from_slice::<Json>(&body).ok();
        match status {
            200..300 if body.is_empty() => Ok(Json::Null),
            200..300 => answer().ok_or_else(|| transient("its answer is no JSON".to_owned())),
            // Too early, too often, too slow: another time it may do it.
            400..500 if ![408, 425, 429].contains(&status) => {
                let answer = answer().unwrap_or_default();
                let part = |name: &str, usual: &str| told(answer[name].as_str().unwrap_or(usual));
                Err(Failed::Refused {
                    code: part("code", "refused"),
                    message: part("message", &format!("it was refused with status {status}")),
                })
            }
            _ => Err(transient(format!("it answers with status {status}"))),
        }
    }

    fn request(
        &self,
        verb: &str,
        key: &str,
        body: String,
        span: Option<&Begun>,
    ) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/{verb}", self.address.path()))
            .header("host", self.address.host_header())
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        if let Some(span) = span {
            request = request.header("traceparent", span.context().traceparent());
        }
        if let Some(secret) = &self.secret {
            let at = engine::now().seconds().to_string();
            let signature = secret.sign(key, &at, &body);
            request = request.header("webhook-id", key).header("webhook-timestamp", at);
            request = request.header("webhook-signature", sensitive(&signature)?);
        }
        request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())
    }
}

pub(crate) fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|error| error.to_string())?;
    value.set_sensitive(true);
    Ok(value)
}

/// A text of the other side's, fit to be kept with an order.
fn told(text: &str) -> Text {
    text.chars().filter(|character| !character.is_control()).take(TOLD_MAX).collect()
}

fn lines(order: &Order) -> Json {
    let lines = order.lines.iter().map(|line| json!({"sku": line.sku.as_str(), "quantity": line.quantity}));
    lines.collect()
}

impl Inventory for Remote {
    fn is_atomic(&self) -> bool {
        false
    }

    fn answers_at_once(&self) -> bool {
        false
    }

    async fn reserve(&self, attempt: &Attempt<'_>) -> Result<Effect<Vec<Text>>, Failed> {
        let body = json!({"orderId": attempt.order.id.as_str(), "items": lines(attempt.order)});
        self.ask("reserve", attempt, body).await?;
        Ok(Effect::of(attempt.order.lines.iter().map(|line| line.sku.clone()).collect()))
    }

    async fn release(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        let body = json!({"orderId": attempt.order.id.as_str(), "items": lines(attempt.order)});
        self.ask("release", attempt, body).await.map(|_| Effect::of(()))
    }

    async fn sell(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        let body = json!({"orderId": attempt.order.id.as_str(), "items": lines(attempt.order)});
        self.ask("sell", attempt, body).await.map(|_| Effect::of(()))
    }
}

impl Payments for Remote {
    fn is_atomic(&self) -> bool {
        false
    }

    fn answers_at_once(&self) -> bool {
        false
    }

    async fn charge(&self, attempt: &Attempt<'_>) -> Result<Effect<Paid>, Failed> {
        let order = attempt.order;
        let body = json!({
            "orderId": order.id.as_str(),
            "customerId": order.customer_id.as_str(),
            "amount": order.amount.decimal(order.currency),
            "currency": order.currency.code(),
        });
        let answer = self.ask("charge", attempt, body).await?;
        match answer["paymentId"].as_str() {
            Some(id) if !id.is_empty() && id.len() <= TOLD_MAX => Ok(Effect::of(Paid { payment_id: told(id) })),
            _ => Err(Failed::transient("the answer to a charge names no paymentId")),
        }
    }

    async fn void(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        let payment = attempt.order.progress.paid.as_ref().map(|paid| paid.payment_id.as_str());
        let body = json!({"orderId": attempt.order.id.as_str(), "paymentId": payment});
        self.ask("void", attempt, body).await.map(|_| Effect::of(()))
    }
}

impl Fulfilment for Remote {
    fn is_atomic(&self) -> bool {
        false
    }

    fn answers_at_once(&self) -> bool {
        false
    }

    async fn ship(&self, attempt: &Attempt<'_>) -> Result<Effect<Tracking>, Failed> {
        let order = attempt.order;
        let address = order.shipping_address.as_ref().map(|address| {
            json!({
                "name": address.name.as_deref(),
                "line1": address.line1.as_str(),
                "line2": address.line2.as_deref(),
                "city": address.city.as_str(),
                "region": address.region.as_deref(),
                "postalCode": address.postal_code.as_deref(),
                "country": address.country.as_str(),
            })
        });
        let body = json!({"orderId": order.id.as_str(), "items": lines(order), "shippingAddress": address});
        let answer = self.ask("ship", attempt, body).await?;
        let part = |name: &str| answer[name].as_str().filter(|text| !text.is_empty()).map(told);
        match (part("carrier"), part("number")) {
            (Some(carrier), Some(number)) => Ok(Effect::of(Tracking { carrier, number, url: part("url") })),
            _ => Err(Failed::transient("the answer to a shipment names no carrier and number")),
        }
    }

    async fn recall(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        self.ask("recall", attempt, json!({"orderId": attempt.order.id.as_str()})).await.map(|_| Effect::of(()))
    }
}

#[cfg(test)]
mod tests;
