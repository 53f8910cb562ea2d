//! What an endpoint is sent, and what becomes of whatever it answers; the endpoint is a real socket.

use super::*;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn call(authority: &str) -> Call {
    Call {
        method: "PUT",
        tls: false,
        authority: authority.to_owned(),
        path: "/orders/A-1?tier=gold".to_owned(),
        headers: vec![("X-Key".to_owned(), SECRET.to_owned()), ("Content-Type".to_owned(), "text/json".to_owned())],
        body: r#"{"a":1}"#.to_owned(),
        id: "e1:rule:t".to_owned(),
        secret: Some(SECRET.to_owned()),
        within: Duration::from_secs(5),
    }
}

/// Somebody who answers each request with this; where, and what they were asked.
async fn endpoint(answer: &'static [u8]) -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let (asked, seen) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = asked.clone();
            tokio::spawn(async move {
                let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    text.extend_from_slice(&buffer[..count]);
                    if text.ends_with(b"}") {
                        let _ = asked.send(String::from_utf8_lossy(&std::mem::take(&mut text)).into_owned());
                        let _ = stream.write_all(answer).await;
                    }
                }
            });
        }
    });
    (authority, seen)
}

fn endpoints(allowed: &str) -> Endpoints {
    Endpoints::new(allowed).unwrap()
}

#[tokio::test]
async fn a_call_is_made_as_it_says_and_signed() {
    let (authority, mut seen) = endpoint(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let answer = endpoints("127.0.0.1").call(&call(&authority)).await;
    assert_eq!(answer, Answer::Status { status: 204, retry_after: None });
    let said = seen.recv().await.unwrap();
    assert!(said.starts_with("PUT /orders/A-1?tier=gold HTTP/1.1\r\n"), "{said}");
    let header = |name: &str| {
        let start = format!("{name}: ");
        said.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{name} in {said}"))
    };
    assert_eq!((header("host"), header("x-key"), header("content-type")), (&*authority, SECRET, "text/json"));
    assert_eq!((header("webhook-id"), header("idempotency-key")), ("e1:rule:t", "e1:rule:t"));
    let signed = Secret::parse(SECRET).unwrap().sign("e1:rule:t", header("webhook-timestamp"), r#"{"a":1}"#);
    assert_eq!(header("webhook-signature"), signed);
}

#[tokio::test]
async fn an_endpoint_says_how_long_it_wants_to_be_left_alone() {
    let cases: [(&'static [u8], Option<i64>); 3] = [
        (b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", Some(7)),
        (b"HTTP/1.1 503 Busy\r\nretry-after: -1\r\ncontent-length: 0\r\n\r\n", Some(-1)),
        (b"HTTP/1.1 503 Busy\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n", None),
    ];
    for (answer, retry_after) in cases {
        let (authority, _seen) = endpoint(answer).await;
        let answer = endpoints("127.0.0.1").call(&call(&authority)).await;
        assert_eq!(answer, Answer::Status { status: 503, retry_after });
    }
}

#[tokio::test]
async fn who_hangs_costs_as_long_as_a_call_may_take() {
    let (authority, _seen) = endpoint(b"").await;
    let begun = Instant::now();
    let hanging = Call { within: Duration::from_millis(200), ..call(&authority) };
    assert_eq!(endpoints("127.0.0.1").call(&hanging).await, Answer::Late);
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn nobody_is_called_who_may_not_be_and_nobody_there_is_another_matter() {
    let (authority, mut seen) = endpoint(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let Answer::Forbidden(why) = endpoints("").call(&call(&authority)).await else { panic!("it may not be called") };
    assert!(why.contains("is not public") && why.contains("`endpoint-addresses`"), "{why}");
    assert!(!why.contains("tier"), "what an event says is not told: {why}");
    assert!(seen.try_recv().is_err());
    for authority in ["169.254.169.254", "[::ffff:10.0.0.1]", "127.1"] {
        let inside = Call { tls: true, ..call(authority) };
        assert!(matches!(endpoints("").call(&inside).await, Answer::Forbidden(_)), "{authority}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    assert!(matches!(endpoints("127.0.0.1").call(&call(&nobody)).await, Answer::Unreached(_)));
}

#[tokio::test]
async fn connections_are_kept_for_the_next_call() {
    let (authority, mut seen) = endpoint(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let endpoints = endpoints("127.0.0.1");
    for _ in 0..3 {
        assert!(matches!(endpoints.call(&call(&authority)).await, Answer::Status { status: 200, .. }));
        seen.recv().await.unwrap();
    }
    assert_eq!(endpoints.pools.lock().unwrap().len(), 1);
}
