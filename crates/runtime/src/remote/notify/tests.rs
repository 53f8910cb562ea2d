//! What somebody elsewhere is told, and what becomes of whatever they answer; the other side is a real socket.

use super::*;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn webhook(url: &str, allowed: &str) -> Webhook {
    Webhook::new(url, Secret::parse(SECRET).unwrap(), Dialer::checking(allowed).unwrap()).unwrap()
}

/// Somebody who answers the first request with this and then as long as `goes_on` says; what they were asked.
async fn receiver(answer: &'static [u8], then: &'static [u8]) -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
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
                        break;
                    }
                }
                // Nobody listens any more once the test is over.
                let _ = asked.send(String::from_utf8_lossy(&text).into_owned());
                let _ = stream.write_all(answer).await;
                while !then.is_empty() && stream.write_all(then).await.is_ok() {}
                let _ = stream.read(&mut buffer).await;
            });
        }
    });
    (url, seen)
}

#[tokio::test]
async fn a_message_is_told_with_its_id_and_its_signature() {
    let (url, mut seen) = receiver(b"HTTP/1.1 204 No Content\r\n\r\n", b"").await;
    let told = webhook(&url, "127.0.0.1").tell("msg_1", r#"{"a":1}"#).await;
    assert_eq!(told.unwrap(), "told, it answers with status 204");
    let said = seen.recv().await.unwrap();
    assert!(said.starts_with("POST /hook HTTP/1.1\r\n"), "{said}");
    let header = |name: &str| {
        let start = format!("{name}: ");
        said.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{name} in {said}"))
    };
    assert_eq!((header("webhook-id"), header("idempotency-key")), ("msg_1", "msg_1"));
    let signed = Secret::parse(SECRET).unwrap().sign("msg_1", header("webhook-timestamp"), r#"{"a":1}"#);
    assert_eq!(header("webhook-signature"), signed);
}

#[tokio::test]
async fn an_answer_counts_by_its_status_alone() {
    let cases: [(&'static [u8], Result<&str, &str>); 5] = [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Ok("told, it answers with status 200")),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            Err("it answers with status 302, and redirects are not followed"),
        ),
        (b"HTTP/1.1 410 Gone\r\ncontent-length: 6\r\n\r\nsecret", Err("it answers with status 410")),
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", Err("it answers with status 503")),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Err("")),
    ];
    for (answer, expected) in cases {
        let (url, _seen) = receiver(answer, b"").await;
        match (webhook(&url, "127.0.0.1").tell("msg_1", "{}").await, expected) {
            (Ok(told), Ok(expected)) => assert_eq!(told, expected),
            (Err(error), Err(expected)) => {
                assert!(error.starts_with("http://127.0.0.1:") && error.ends_with(expected), "{error}");
                assert!(!error.contains("secret"), "what the other side says is told nobody: {error}");
            }
            (told, expected) => panic!("{told:?}, not {expected:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_costs_a_bounded_amount() {
    static PIECE: &[u8] = &[b'x'; 1 << 16];
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
    let (url, _seen) = receiver(head, PIECE).await;
    let told = tokio::time::timeout(Duration::from_secs(20), webhook(&url, "127.0.0.1").tell("msg_1", "{}")).await;
    assert_eq!(told.unwrap().unwrap(), "told, it answers with status 200");
    // A head without end is refused by the client that reads it.
    let (url, _seen) = receiver(b"HTTP/1.1 200 OK\r\nx: ", PIECE).await;
    let told = tokio::time::timeout(Duration::from_secs(20), webhook(&url, "127.0.0.1").tell("msg_1", "{}")).await;
    assert!(told.unwrap().is_err());
}

#[tokio::test]
async fn an_answer_that_stops_midway_is_waited_for_only_a_moment() {
    let (url, _seen) = receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx", b"").await;
    let begun = Instant::now();
    assert!(webhook(&url, "127.0.0.1").tell("msg_1", "{}").await.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(15), "it was not waited for");
}

#[tokio::test]
async fn nobody_is_asked_at_an_address_that_is_not_public() {
    let (url, mut seen) = receiver(b"HTTP/1.1 204 No Content\r\n\r\n", b"").await;
    let refused = webhook(&url, "").tell("msg_1", "{}").await.unwrap_err();
    assert!(refused.contains("the address 127.0.0.1 is not public"), "{refused}");
    for url in ["https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/", "https://localhost/x", "https://127.1/"]
    {
        let refused = webhook(url, "").tell("msg_1", "{}").await.unwrap_err();
        assert!(refused.contains("is not public"), "{url}: {refused}");
    }
    let refused = webhook("http://8.8.8.8/", "").tell("msg_1", "{}").await.unwrap_err();
    assert!(refused.contains("without TLS"), "{refused}");
    assert!(seen.try_recv().is_err());
}
