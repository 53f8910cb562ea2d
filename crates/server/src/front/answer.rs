//! Decides what becomes of a request that was read whole: its body held against the schema, an earlier answer given
//! again or the function asked, and what every answer carries.

use super::follow::Follower;
use super::patience::{self, ANSWER_WITHIN};
use super::ready::Ready;
use super::{Called, Front, Heads, Served, Ticket};
use crate::body::Body;
use crate::listener::Whole;
use bytes::Bytes;
use engine::trace;
use gateway::access::Entry;
use gateway::admission::{Admitted, Headers};
use gateway::answer::Answer;
use gateway::cache::{CacheKey, wants_fresh};
use gateway::fault::Fault;
use gateway::keys::KeyRecord;
use gateway::problem::{Refusal, Told};
use gateway::proxy;
use gateway::route::RouteId;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response, StatusCode};
use orders::shop::api;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use types::{FunctionName, Text};

/// How many pieces of a stream wait for a client that reads slowly.
const PIECES_MAX: usize = 16;
/// How often a stream without events says that it is still there.
const STILL_THERE: Duration = Duration::from_secs(15);
/// Whose orders are served where no key says so.
const TENANT_USUAL: &str = "default";

/// What the head of a request says, kept until its body is there.
pub(super) struct Known {
    pub(super) peer: SocketAddr,
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) key: Option<Arc<KeyRecord>>,
    pub(super) route: Option<RouteId>,
    pub(super) cached_as: Option<CacheKey>,
}

impl Known {
    pub(super) fn of(peer: SocketAddr, admitted: Admitted<'_>, cached_as: Option<CacheKey>) -> Self {
        let Admitted { route, params, query, key } = admitted;
        Self {
            peer,
            params: params.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned())).collect(),
            query: query.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            key: key.cloned(),
            route: Some(route),
            cached_as,
        }
    }
}

/// What logs and counts want to know of an answer.
pub(super) struct Seen<'a> {
    pub(super) route: Option<RouteId>,
    pub(super) key: Option<&'a str>,
    pub(super) refusal: Option<&'a Refusal>,
    pub(super) integration: Option<Duration>,
}

/// A line of the log of a function that answers requests.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Said<'a> {
    correlation_id: &'a str,
    level: &'a str,
    message: &'a str,
    order_id: Option<&'a str>,
}

impl Front {
    /// What is answered without anybody being asked: a body that does not hold, and what was answered before.
    pub(super) fn answered_at_once(&self, served: &Served, request: &Whole, ticket: &Ticket) -> Option<Response<Body>> {
        let known = ticket.known.as_ref().expect("a request is known before its body is read");
        let route = known.route.expect("a request whose body is read has a route");
        let (parts, heads) = (&request.parts, Heads(&request.parts.headers));
        let stage = &served.stage;
        let checked = stage.check_encoding(heads.value("content-encoding"), &request.body);
        let checked = checked.and_then(|()| stage.check_body(route, heads.value("content-type"), &request.body));
        if let Err(refusal) = checked {
            let refusal = with_all_faults(served, route, refusal, &request.body);
            return Some(self.problem(served, parts, &refusal, Some(route), known.key.as_ref(), ticket));
        }
        let ready = self.answered_before(known, &heads)?;
        let key = known.key.as_ref().map(|key| key.id.as_str());
        let seen = Seen { route: Some(route), key, refusal: None, integration: None };
        Some(self.finish(served, parts, ready, seen, ticket))
    }

    /// Asks the function; nothing can be answered at once.
    pub(super) async fn ask(&self, served: &Served, request: Whole, mut ticket: Ticket) -> Response<Body> {
        let known = ticket.known.take().expect("a request is known before its body is read");
        let parts = &request.parts;
        let route = known.route.expect("a request whose body is read has a route");
        let key = known.key.as_ref();
        let refuse = |refusal: &Refusal| self.problem(served, parts, refusal, Some(route), key, &ticket);
        let asked = Instant::now();
        let Some(called) = served.functions.get(&route) else { return refuse(&Refusal::NoHandler) };
        let function = &called.function;
        let cache = &self.app.front.cache;
        let begun = cache.lock().unwrap_or_else(PoisonError::into_inner).begin();
        let (answer, stream, concerns) = if self.app.runtime.takes_requests(function) {
            match self.ask_shop(served, called, &known, &request, &ticket).await {
                Ok(answered) => answered,
                Err(refusal) => return refuse(&refusal),
            }
        } else {
            match self.ask_by_event(served, called, &known, &request, &ticket).await {
                Ok(answer) => (answer, None, None),
                Err(refusal) => return refuse(&refusal),
            }
        };
        let ready = Ready::from(answer);
        if let (Some(cached_as), Some(span), StatusCode::OK, None) =
            (&known.cached_as, served.cached_for.get(&route), ready.status, &stream)
        {
            let customer = known.params.iter().find(|(name, _)| name == "customerId");
            let customer = customer.map(|(_, id)| orders::shop::customer_key(tenant(&known), id));
            let tags: Vec<&str> = concerns.as_deref().into_iter().chain(customer.as_deref()).collect();
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = (Arc::new(ready.clone()), ready.bytes());
            cache.put(cached_as.clone(), kept, &tags, begun, *span, engine::now());
        }
        let stream = match stream {
            None => None,
            Some(follow) => {
                let of_key = key.map_or("", |key| key.id.as_str());
                match self.app.front.followers.follow(&follow.order_id, of_key) {
                    Some(follower) => Some((follow, follower)),
                    None => return refuse(&Refusal::Overloaded { retry_after: Duration::from_secs(5) }),
                }
            }
        };
        let integration = Some(asked.elapsed());
        let seen = Seen { route: Some(route), key: key.map(|key| key.id.as_str()), refusal: None, integration };
        let response = self.finish(served, parts, ready, seen, &ticket);
        match stream {
            None => response,
            Some((follow, follower)) => self.stream(response, follow, follower, function.clone(), &known),
        }
    }

    /// An answer that was given before and still holds; 304 if the client has it already.
    fn answered_before(&self, known: &Known, heads: &Heads<'_>) -> Option<Ready> {
        let cached_as = known.cached_as.as_ref()?;
        if wants_fresh(heads) {
            return None;
        }
        let mut cache = self.app.front.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = cache.get(cached_as, engine::now())?;
        drop(cache);
        Some(hit.answer.again(hit.age, heads.value("if-none-match")))
    }

    /// Asks the shop front, which is built in.
    async fn ask_shop(
        &self,
        served: &Served,
        called: &Called,
        known: &Known,
        request: &Whole,
        ticket: &Ticket,
    ) -> Result<(Answer, Option<api::Follow>, Option<Text>), Refusal> {
        let route = served.stage.api.route(known.route.expect("asked only with a route"));
        let method = route.method.map_or(request.parts.method.as_str(), |method| method.as_str());
        let operation = api::Operation::parse(method, &route.resource).ok_or(Refusal::NoHandler)?;
        let path: Vec<(&str, Cow<'_, str>)> =
            known.params.iter().map(|(name, value)| (name.as_str(), Cow::Borrowed(value.as_str()))).collect();
        let query: Vec<(Cow<'_, str>, Cow<'_, str>)> = known
            .query
            .iter()
            .map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value.as_str())))
            .collect();
        let joined = repeated(&request.parts.headers);
        let header = |name: &str| -> Option<&[u8]> {
            match joined.iter().find(|(known, _)| known.as_str().eq_ignore_ascii_case(name)) {
                Some((_, value)) => Some(value),
                None => request.parts.headers.get(name).map(HeaderValue::as_bytes),
            }
        };
        let asked = api::Request {
            operation,
            path: &path,
            query: &query,
            header: &header,
            body: &request.body,
            tenant: tenant(known),
            request_id: ticket.correlation(),
        };
        let asking = self.app.runtime.answer(&called.function, called.qualifier.as_ref(), &asked);
        // A disk that stalls keeps nobody waiting for longer. What was handed to the log may still become durable.
        let answered = patience::counted(ANSWER_WITHIN, &called.function, self.app.runtime.meters(), asking).await?;
        let answered = answered.map_err(|error| match error {
            runtime::InvokeError::NotFound(_) | runtime::InvokeError::Unfit { .. } => Refusal::NoHandler,
            runtime::InvokeError::Throttled(_) => Refusal::Overloaded { retry_after: Duration::from_secs(1) },
        })?;
        self.log(&called.function, operation, &answered, ticket);
        if let Some(problem) = answered.problem {
            let retry_after = answered.headers.iter().find(|(name, _)| *name == "retry-after");
            return Err(Refusal::Told(Told {
                status: answered.status,
                slug: problem.kind.slug(),
                title: problem.kind.title(),
                detail: problem.detail,
                faults: problem
                    .errors
                    .into_iter()
                    .map(|fault| Fault { pointer: fault.pointer, detail: fault.detail })
                    .collect(),
                retry_after: retry_after.and_then(|(_, seconds)| seconds.parse().ok()).map(Duration::from_secs),
            }));
        }
        let headers = answered.headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let answer = Answer { status: answered.status, headers, body: answered.body.into() };
        Ok((answer, answered.stream, answered.concerns))
    }

    /// Says what was done, without anything that a customer wrote.
    fn log(&self, function: &FunctionName, operation: api::Operation, answered: &api::Answer, ticket: &Ticket) {
        let (level, message) = match (&answered.log, operation, answered.status) {
            (Some(trouble), _, 500..) => ("ERROR", trouble.as_str()),
            (Some(trouble), ..) => ("WARN", trouble.as_str()),
            (None, api::Operation::CreateOrder, 201) => ("INFO", "order taken in"),
            (None, api::Operation::CancelOrder, 200 | 202) => ("INFO", "order called off"),
            (None, ..) => return,
        };
        if let Some(pen) = self.app.pens.get(function) {
            let (correlation_id, order_id) = (ticket.correlation(), answered.concerns.as_deref());
            let line = serde_json::to_string(&Said { correlation_id, level, message, order_id });
            pen.line(engine::now(), line.expect("texts are JSON"));
        }
    }

    /// Asks a function with the event that Lambda gets from a proxy integration.
    async fn ask_by_event(
        &self,
        served: &Served,
        called: &Called,
        known: &Known,
        request: &Whole,
        ticket: &Ticket,
    ) -> Result<Answer, Refusal> {
        let event = self.event(served, known, request, ticket);
        let event = serde_json::from_slice(&event).map_err(|_| Refusal::Internal)?;
        let (runtime, function) = (Arc::clone(&self.app.runtime), called.function.clone());
        let version = self.app.engine.version_for(&function, called.qualifier.as_ref());
        let version = version.map_err(|_| Refusal::NoHandler)?;
        // A handler may take its time, and is not one that waits well.
        let request_id = uuid::Uuid::new_v4().to_string();
        let current = trace::current();
        let invoke = move || runtime.invoke_payload(&function, version, &event, request_id);
        let invoked = engine::aside(move || trace::within_now(current, invoke));
        // A handler that nobody waits for any longer goes on, as on AWS, and is counted when it ends.
        let invocation = match patience::within(ANSWER_WITHIN, &called.function, invoked).await? {
            Ok(Ok(invocation)) if !invocation.failed => invocation,
            Ok(Err(runtime::InvokeError::NotFound(_))) => return Err(Refusal::NoHandler),
            Ok(Err(runtime::InvokeError::Throttled(_))) => {
                return Err(Refusal::Overloaded { retry_after: Duration::from_secs(1) });
            }
            Ok(Ok(_) | Err(runtime::InvokeError::Unfit { .. })) | Err(_) => return Err(Refusal::HandlerFailed),
        };
        let answer = serde_json::to_vec(&invocation.payload).map_err(|_| Refusal::Internal)?;
        let accept = request.parts.headers.get("accept").and_then(|value| value.to_str().ok());
        proxy::read_answer(&served.stage.api, &answer, accept).map_err(|_| Refusal::HandlerFailed)
    }

    /// A request as the event that Lambda gets.
    fn event(&self, served: &Served, known: &Known, request: &Whole, ticket: &Ticket) -> Vec<u8> {
        let heads = Heads(&request.parts.headers);
        let admitted = Admitted {
            route: known.route.expect("asked only with a route"),
            params: known.params.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect(),
            query: known.query.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect(),
            key: known.key.as_ref(),
        };
        let told = proxy::Told {
            method: request.parts.method.as_str(),
            path: request.parts.uri.path(),
            headers: &heads,
            body: &request.body,
            request_id: &ticket.request_id,
            at: ticket.at,
            source_ip: &known.peer.ip().to_string(),
            protocol: "HTTP/1.1",
            stage: &served.stage.name,
            api_id: &served.api_id,
            account_id: &self.app.config.account,
        };
        proxy::event(&served.stage.api, &admitted, &told)
    }

    /// Gives an answer what every answer carries, and tells of it.
    pub(super) fn finish(
        &self,
        served: &Served,
        parts: &Parts,
        mut ready: Ready,
        seen: Seen<'_>,
        ticket: &Ticket,
    ) -> Response<Body> {
        let heads = Heads(&parts.headers);
        ready.add_missing(served.stage.api.cors_headers(seen.route, heads.value("origin")));
        let resource = seen.route.map_or("", |route| &served.stage.api.route(route).resource);
        // Methods that no route has are one, so that nobody makes up new ones.
        let method = gateway::route::Method::parse(parts.method.as_str()).map_or("OTHER", |method| method.as_str());
        let took = ticket.begun.elapsed();
        self.app.http.requests.with(&[resource, method, status_text(ready.status.as_u16())]).one();
        self.app.http.seconds.with(&[resource, method]).took(took);
        if let Some(integration) = seen.integration {
            self.app.http.integration.with(&[resource, method]).took(integration);
        }
        if let Some(mut span) = ticket.take_span() {
            span.rename(format!("{method} {resource}").trim_end().to_owned());
            span.say("http.request.method", method);
            span.say("http.route", resource);
            span.say("http.response.status_code", i64::from(ready.status.as_u16()));
            span.say("orderflow.request.id", ticket.request_id.as_str());
            let failed =
                || seen.refusal.map_or_else(|| format!("status {}", ready.status.as_u16()), |why| why.message());
            span.end(ready.status.is_server_error().then(failed));
        }
        if let Some((format, pen)) = &served.access {
            let peer = ticket.peer().map(|peer| peer.ip().to_string()).unwrap_or_default();
            let message = seen.refusal.map(Refusal::message);
            let line = format.line(&Entry {
                request_id: &ticket.request_id,
                at: ticket.at,
                source_ip: &peer,
                user_agent: heads.value("user-agent").unwrap_or("-"),
                method,
                path: parts.uri.path(),
                resource,
                protocol: "HTTP/1.1",
                stage: &served.stage.name,
                api_id: &served.api_id,
                account_id: &self.app.config.account,
                domain: heads.value("host").unwrap_or("-"),
                status: ready.status.as_u16(),
                response_length: ready.body.len() as u64,
                response_latency: took,
                integration_latency: seen.integration,
                api_key_id: seen.key,
                error_message: message.as_deref(),
                error_type: seen.refusal.map(Refusal::response_type),
            });
            pen.line(ticket.at, line);
        }
        ready.respond(&ticket.request_id)
    }

    /// Keeps an answer open, and sends what happens to the order.
    fn stream(
        &self,
        response: Response<Body>,
        follow: api::Follow,
        follower: Follower,
        function: FunctionName,
        known: &Known,
    ) -> Response<Body> {
        let (parts, begun) = response.into_parts();
        let Body::Whole(begun) = begun else { return Response::from_parts(parts, begun) };
        let (sender, receiver) = mpsc::channel(PIECES_MAX);
        let (app, tenant, mut stop) = (Arc::clone(&self.app), tenant(known).to_owned(), self.stop.clone());
        let key = known.key.as_ref().map(|key| key.id.clone());
        tokio::spawn(async move {
            use http_body_util::BodyExt as _;
            let first = begun.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let mut follow = follow;
            if sender.send(first).await.is_err() {
                return;
            }
            // A change between the look and the following has rung the bell already, or is seen by this look.
            loop {
                // A key that was revoked hears no more.
                if key.as_ref().is_some_and(|key| !app.front.keyring.is_good(key.as_str())) {
                    return;
                }
                let Ok((piece, next)) = app.runtime.more_events(&function, &tenant, follow).await else { return };
                if !piece.is_empty() && sender.send(Bytes::from(piece)).await.is_err() {
                    return;
                }
                let Some(next) = next else { return };
                follow = next;
                loop {
                    tokio::select! {
                        () = follower.changed() => break,
                        () = sender.closed() => return,
                        _ = stop.changed() => return,
                        () = tokio::time::sleep(STILL_THERE) => {
                            if sender.send(Bytes::from_static(api::KEEP_ALIVE)).await.is_err() {
                                return;
                            }
                        }
                    }
                }
            }
        });
        Response::from_parts(parts, Body::Events(receiver))
    }
}

/// What the schema finds wrong with a body, and what the shop front finds beside that, so that all of it can be mended at
/// once. Where both speak of a place, the shop front says it better.
fn with_all_faults(served: &Served, route: RouteId, refusal: Refusal, body: &[u8]) -> Refusal {
    let Refusal::BadBody { faults: of_schema } = refusal else { return refusal };
    let route = served.stage.api.route(route);
    let operation = route.method.and_then(|method| api::Operation::parse(method.as_str(), &route.resource));
    let found = operation.map(|operation| api::faults(operation, body)).unwrap_or_default();
    let mut faults: Vec<Fault> =
        found.into_iter().map(|fault| Fault { pointer: fault.pointer, detail: fault.detail }).collect();
    for fault in of_schema {
        if !faults.iter().any(|known| known.pointer == fault.pointer) {
            faults.push(fault);
        }
    }
    faults.truncate(api::FAULTS_MAX);
    Refusal::BadBody { faults }
}

fn tenant(known: &Known) -> &str {
    known.key.as_ref().map_or(TENANT_USUAL, |key| key.tenant.as_str())
}

/// Headers that came several times, each with its values as one.
fn repeated(headers: &HeaderMap) -> Vec<(HeaderName, Vec<u8>)> {
    if headers.len() == headers.keys_len() {
        return Vec::new();
    }
    let several = headers.keys().filter(|name| headers.get_all(*name).iter().nth(1).is_some());
    let joined = several.map(|name| {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        (name.clone(), values.join(&b", "[..]))
    });
    joined.collect()
}

/// The text of a status, without making one for those that are usual.
fn status_text(status: u16) -> &'static str {
    match status {
        200 => "200",
        201 => "201",
        202 => "202",
        204 => "204",
        304 => "304",
        400 => "400",
        403 => "403",
        404 => "404",
        405 => "405",
        409 => "409",
        413 => "413",
        415 => "415",
        422 => "422",
        429 => "429",
        500 => "500",
        502 => "502",
        503 => "503",
        504 => "504",
        _ => "other",
    }
}
