//! Decides who is let in over HTTP, and what one client may cost: connections, header time, body size, a stalled read.
//!
//! Start at [`serve`]. What a request means is for others to say ([`Service`]); here it is read under bounds, a browser
//! that was made to send it is turned away, and the answer is written or given up.
//!
//! Invariant: a client that stops reading or writing holds one connection and one body, for a minute at most.

use crate::stall::Stalling;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// The most connections of one listener.
const CONNECTIONS_MAX: usize = 1_024;
/// What all bodies that a listener holds may have together, in KiB.
const BODIES_KIB_MAX: usize = 128 << 10;
/// How long a client may take for the head of a request; also how long a connection may be idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How often it is said that there are no more places.
const FULL_SAID_EVERY: Duration = Duration::from_secs(60);
/// How long a client may take for a body.
const BODY_WITHIN: Duration = Duration::from_secs(60);

/// A request that was read whole.
pub(crate) struct Whole {
    pub(crate) parts: hyper::http::request::Parts,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

/// What a listener answers with.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: Whole) -> impl Future<Output = Response<Full<Bytes>>> + Send;

    /// The only hosts that a browser may call us; empty for any.
    fn hosts(&self) -> &[String];

    /// The largest body.
    fn body_max(&self) -> usize;
}

/// Serves until `stop` says so; then requests that have begun are finished, within the drain's deadline.
pub(crate) async fn serve<S: Service>(listener: TcpListener, service: Arc<S>, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let bodies = Arc::new(Semaphore::new(BODIES_KIB_MAX));
    let mut connections = tokio::task::JoinSet::new();
    let mut said_full: Option<Instant> = None;
    loop {
        if places.available_permits() == 0 && said_full.is_none_or(|said| said.elapsed() > FULL_SAID_EVERY) {
            said_full = Some(Instant::now());
            eprintln!("orderflow: {CONNECTIONS_MAX} connections are open, the most there may be; others wait");
        }
        // Waiting for a place before accepting leaves further clients in the system's own queue, which is bounded.
        let accepted = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => {
                let place = place.expect("the semaphore is never closed");
                tokio::select! {
                    accepted = listener.accept() => accepted.map(|accepted| (accepted, place)),
                    _ = stop.changed() => break,
                }
            }
            _ = stop.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(((stream, peer), place)) => {
                // Small answers must not wait for company; a socket that refuses this works all the same.
                let _ = stream.set_nodelay(true);
                let (service, bodies, stop) = (Arc::clone(&service), Arc::clone(&bodies), stop.clone());
                connections.spawn(async move {
                    connection(stream, peer, service, bodies, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: those who are served free some.
                eprintln!("orderflow: a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection<S: Service>(
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    service: Arc<S>,
    bodies: Arc<Semaphore>,
    mut stop: watch::Receiver<bool>,
) {
    let answer = service_fn(move |request| {
        let (service, bodies) = (Arc::clone(&service), Arc::clone(&bodies));
        async move { Ok::<_, Infallible>(read_and_answer(&*service, &bodies, request, peer).await) }
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
    service: &S,
    bodies: &Semaphore,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    if let Err(said) = is_ours(&parts.headers, service.hosts()) {
        return plain(StatusCode::FORBIDDEN, said);
    }
    let body_max = service.body_max();
    // A body whose length is not said may become as large as any.
    let announced = hyper::body::Body::size_hint(&body).exact();
    let length = announced.map_or(body_max, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if length > body_max {
        return too_large();
    }
    let room = u32::try_from(length.div_ceil(1024)).expect("at most what a body may have");
    // Held until the answer is there; who finds no room waits, within the same time.
    let collected = async {
        let room = bodies.acquire_many(room).await.expect("the semaphore is never closed");
        (Limited::new(body, body_max).collect().await, room)
    };
    let read = tokio::time::timeout(BODY_WITHIN, collected).await;
    let (body, _room) = match read {
        Ok((body, room)) => (Ok(body), Some(room)),
        Err(late) => (Err(late), None),
    };
    match body {
        Ok(Ok(body)) => service.answer(Whole { parts, body: body.to_bytes(), peer }).await,
        Ok(Err(error)) if error.is::<LengthLimitError>() => too_large(),
        Ok(Err(_)) => plain(StatusCode::BAD_REQUEST, "the body of the request ended early\n"),
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "the body of the request did not arrive in time\n"),
    }
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

fn too_large() -> Response<Full<Bytes>> {
    plain(StatusCode::PAYLOAD_TOO_LARGE, "the body of the request is too large\n")
}

/// A short answer in words.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, &[("content-type", "text/plain; charset=utf-8".to_owned())], text.as_bytes().to_vec())
}

/// An answer of these parts.
pub(crate) fn respond(status: StatusCode, headers: &[(&str, String)], body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        // What is not a header value (a line break that a client smuggled in) is left out.
        if let Ok(value) = hyper::header::HeaderValue::from_str(value) {
            response = response.header(*name, value);
        }
    }
    response.body(Full::new(Bytes::from(body))).expect("the names of our own headers are valid")
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
