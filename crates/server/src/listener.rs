//! Decides who is let in over HTTP, and what one client may cost: connections, header time, body size, a stalled read.
//!
//! Start at [`serve`]. What a request means is for others to say ([`Service`]): first its head, before a byte of the
//! body is taken, then the whole of it. Here it is read under bounds, and the answer is written or given up.
//!
//! Invariants: a client that stops reading or writing holds one connection and one body, for a minute at most. When all
//! connections are taken, those that wait for their clients make room.

use crate::body::Body;
use crate::slots::{Slot, Slots};
use crate::stall::Stalling;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio_rustls::TlsAcceptor;

/// How long a client may take for the head of a request or a TLS handshake; also how long a connection may be idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How often it is said that clients are refused.
const REFUSED_SAID_EVERY: Duration = Duration::from_secs(60);

/// What the clients of one listener may take together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The most connections.
    pub(crate) connections: usize,
    /// What all bodies that are held may have together, in KiB.
    pub(crate) bodies_kib: usize,
    /// How long a client may take for a body.
    pub(crate) body_within: Duration,
}

/// A request that was read whole.
pub(crate) struct Whole {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

/// Why the body of a request was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It has more bytes than it may.
    TooLarge {
        /// How many it may have.
        max: usize,
    },
    /// It did not arrive in time.
    Late,
    /// The client hung up before its end.
    Torn,
}

/// What is done with a request whose head was looked at.
pub(crate) enum Admission<T> {
    /// Its body is read.
    Read {
        /// The most bytes that it may have.
        max: usize,
        /// What was learnt of the request.
        ticket: T,
    },
    /// It is answered at once.
    Answer(Response<Body>),
}

/// What a listener answers with.
pub(crate) trait Service: Send + Sync + 'static {
    /// What is known of a request once its head was looked at.
    type Ticket: Send + 'static;

    /// Looks at a request's head.
    fn admit(&self, parts: &Parts, peer: SocketAddr) -> Admission<Self::Ticket>;

    /// Answers a request.
    fn answer(self: &Arc<Self>, request: Whole, ticket: Self::Ticket) -> impl Future<Output = Response<Body>> + Send;

    /// Answers a request whose body was not read.
    fn refuse(&self, parts: &Parts, ticket: Self::Ticket, unread: Unread) -> Response<Body>;
}

/// Serves until `stop` says so; then requests that have begun are finished, within the drain's deadline.
pub(crate) async fn serve<S: Service>(
    listener: TcpListener,
    service: Arc<S>,
    limits: Limits,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) {
    let house = Arc::new(House { service, limits, slots: Slots::new(), bodies: Semaphore::new(limits.bodies_kib) });
    let mut connections = tokio::task::JoinSet::new();
    let (mut said_full, mut said_error) = (Said::NEVER, Said::NEVER);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                if house.slots.len() >= limits.connections && !house.slots.make_room() {
                    // Everybody is being answered: whoever comes now is turned away at once, which costs nothing.
                    if said_full.is_due() {
                        let most = limits.connections;
                        engine::complain!(
                            "orderflow: {most} connections are busy, the most there may be; others are refused"
                        );
                    }
                    continue;
                }
                // Small answers must not wait for company; a socket that refuses this works all the same.
                let _ = stream.set_nodelay(true);
                let (house, slot) = (Arc::clone(&house), house.slots.take());
                let (stop, tls) = (stop.clone(), tls.clone());
                connections.spawn(async move {
                    let left = async {
                        match tls {
                            None => connection(stream, peer, &house, &slot, stop).await,
                            Some(tls) => {
                                let greeted = tokio::time::timeout(HEAD_WITHIN, tls.accept(stream)).await;
                                if let Ok(Ok(stream)) = greeted {
                                    connection(stream, peer, &house, &slot, stop).await;
                                }
                            }
                        }
                    };
                    tokio::select! {
                        () = left => {}
                        () = slot.told_to_leave() => {}
                    }
                    house.slots.give_back(&slot);
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: those who wait make room.
                if said_error.is_due() {
                    engine::complain!(
                        "orderflow: a connection was not accepted: {error}; if there are too many open files, raise their \
                         limit (ulimit -n)"
                    );
                }
                house.slots.make_room();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// When something was said that need not be said all the time.
pub(crate) struct Said(Option<Instant>);

impl Said {
    /// Nothing was said yet.
    pub(crate) const NEVER: Self = Self(None);

    /// Whether it is to be said now; then it counts as said.
    pub(crate) fn is_due(&mut self) -> bool {
        let due = self.0.is_none_or(|said| said.elapsed() > REFUSED_SAID_EVERY);
        if due {
            self.0 = Some(Instant::now());
        }
        due
    }
}

/// What all connections of a listener share.
struct House<S> {
    service: Arc<S>,
    limits: Limits,
    slots: Slots,
    bodies: Semaphore,
}

async fn connection<S: Service>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    peer: SocketAddr,
    house: &Arc<House<S>>,
    slot: &Arc<Slot>,
    mut stop: watch::Receiver<bool>,
) {
    let answer = service_fn(move |request| async move {
        let response = read_and_answer(house, slot, request, peer).await;
        // Whoever listens to events is being answered for as long as there are any.
        if !matches!(response.body(), Body::Events(_)) {
            house.slots.waits(slot);
        }
        Ok::<_, Infallible>(response)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(Stalling::new(stream)), answer);
    let mut connection = std::pin::pin!(connection);
    // What goes wrong with a connection is its client's affair: it hangs up, or sends what is not HTTP.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn read_and_answer<S: Service>(
    house: &House<S>,
    slot: &Slot,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let service = &house.service;
    let (max, ticket) = match service.admit(&parts, peer) {
        Admission::Read { max, ticket } => (max, ticket),
        Admission::Answer(response) => return response,
    };
    // A body whose length is not said may become as large as any.
    let announced = hyper::body::Body::size_hint(&body).exact();
    let length = announced.map_or(max, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if length > max {
        return service.refuse(&parts, ticket, Unread::TooLarge { max });
    }
    if announced == Some(0) {
        Slots::busy(slot);
        return service.answer(Whole { parts, body: Bytes::new(), peer }, ticket).await;
    }
    match tokio::time::timeout(house.limits.body_within, collect(&house.bodies, body, max)).await {
        Ok(Ok((body, _room))) => {
            Slots::busy(slot);
            service.answer(Whole { parts, body, peer }, ticket).await
        }
        Ok(Err(unread)) => service.refuse(&parts, ticket, unread),
        Err(_) => service.refuse(&parts, ticket, Unread::Late),
    }
}

/// Reads a body, and takes room for what has come of it: one that is only announced takes none. The room is to be held
/// until the answer is there; who finds none waits.
async fn collect(
    bodies: &Semaphore,
    mut body: Incoming,
    max: usize,
) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Unread> {
    let (mut collected, mut room) = (Vec::new(), None::<SemaphorePermit<'_>>);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Torn)?.into_data() else { continue };
        if collected.len() + data.len() > max {
            return Err(Unread::TooLarge { max });
        }
        collected.extend_from_slice(&data);
        let held = room.as_ref().map_or(0, SemaphorePermit::num_permits);
        let more = collected.len().div_ceil(1024).saturating_sub(held);
        let more = u32::try_from(more).expect("at most what a body may have");
        let taken = bodies.acquire_many(more).await.expect("the semaphore is never closed");
        match &mut room {
            Some(room) => room.merge(taken),
            None => room = Some(taken),
        }
    }
    Ok((collected.into(), room))
}

/// A page of somebody else's can make a browser send us forms; it cannot hide for whom it thinks they are.
pub(crate) fn is_ours(headers: &hyper::HeaderMap, hosts: &[String]) -> Result<(), &'static str> {
    if hosts.is_empty() {
        return Ok(());
    }
    let known = |value: &str| hosts.iter().any(|host| host.eq_ignore_ascii_case(host_of(value)));
    let text = |name| headers.get(name).map(|value: &hyper::header::HeaderValue| value.to_str().unwrap_or("?"));
    if text("host").is_some_and(|host| !known(host)) {
        return Err("this listener answers to its own address only: the Host header names another\n");
    }
    let origin = text("origin").map(|origin| origin.split_once("://").map_or("?", |(_, host)| host));
    if origin.is_some_and(|origin| !known(origin)) {
        return Err("this listener does not serve pages of other sites: the Origin header names one\n");
    }
    Ok(())
}

/// The host without its port.
fn host_of(value: &str) -> &str {
    match value.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => value,
    }
}

/// The answer to a request whose body was not read, in words.
pub(crate) fn unread(unread: Unread) -> Response<Body> {
    match unread {
        Unread::TooLarge { .. } => plain(StatusCode::PAYLOAD_TOO_LARGE, "the body of the request is too large\n"),
        Unread::Late => plain(StatusCode::REQUEST_TIMEOUT, "the body of the request did not arrive in time\n"),
        Unread::Torn => plain(StatusCode::BAD_REQUEST, "the body of the request ended early\n"),
    }
}

/// A short answer in words.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    respond(status, &[("content-type", "text/plain; charset=utf-8".to_owned())], text.as_bytes().to_vec())
}

/// An answer of these parts.
pub(crate) fn respond(status: StatusCode, headers: &[(&str, String)], body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        // What is not a header value (a line break that a client smuggled in) is left out.
        if let Ok(value) = hyper::header::HeaderValue::from_str(value) {
            response = response.header(*name, value);
        }
    }
    response.body(body.into()).expect("the names of our own headers are valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_site_is_turned_away() {
        let hosts = ["127.0.0.1".to_owned(), "localhost".to_owned(), "[::1]".to_owned()];
        let cases = [
            (vec![("host", "127.0.0.1:4566")], true),
            (vec![("host", "LOCALHOST")], true),
            (vec![("host", "[::1]:4566")], true),
            (vec![("host", "127.0.0.1:4566"), ("origin", "http://localhost:4566")], true),
            (vec![], true),
            (vec![("host", "evil.example")], false),
            (vec![("host", "127.0.0.1.evil.example:4566")], false),
            (vec![("host", "127.0.0.1:4566"), ("origin", "https://evil.example")], false),
            (vec![("host", "127.0.0.1:4566"), ("origin", "null")], false),
        ];
        for (headers, ours) in cases {
            let mut map = hyper::HeaderMap::new();
            for (name, value) in &headers {
                map.insert(*name, value.parse().unwrap());
            }
            assert_eq!(is_ours(&map, &hosts).is_ok(), ours, "{headers:?}");
        }
    }
}
