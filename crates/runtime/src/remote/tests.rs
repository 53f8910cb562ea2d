//! What a dependency elsewhere is asked, and what becomes of whatever it answers; the other side is a real socket.

use super::*;
use orders::shop::money::{Currency, Minor};
use orders::shop::{Line, Moment, Progress, Status};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use types::Timestamp;

fn order() -> Order {
    let at = Timestamp::from_millis(1_700_000_000_000);
    Order {
        id: "o-1".into(),
        tenant: "demo".into(),
        customer_id: "C-1".into(),
        customer_email: "a@example.com".into(),
        status: Status::PaymentProcessing,
        currency: Currency::USD,
        amount: Minor(3980),
        lines: vec![Line { sku: "TEA-1".into(), name: "Tea".into(), quantity: 2, price: Minor(1990) }],
        shipping_address: None,
        note: None,
        created_at: at,
        updated_at: at,
        version: 4,
        history: vec![Moment { status: Status::Pending, at, detail: None }],
        tracking: None,
        error: None,
        progress: Progress::default(),
        correlation: "r-1".into(),
    }
}

/// A service that answers each request on a connection with this, and the request that it got last.
async fn service(answer: &'static [u8]) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (asked, seen) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = asked.clone();
            tokio::spawn(async move {
                let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    text.extend_from_slice(&buffer[..count]);
                    let said = String::from_utf8_lossy(&text).into_owned();
                    let Some((head, body)) = said.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                    if body.len() < length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                        continue;
                    }
                    text.clear();
                    // Nobody listens any more once the test is over.
                    let _ = asked.send(said);
                    let _ = stream.write_all(answer).await;
                }
            });
        }
    });
    (url, seen)
}

async fn charge(url: &str) -> Result<Effect<Paid>, Failed> {
    let remote = Remote::new(url, Some("a secret that is long enough")).unwrap();
    let order = order();
    let attempt = Attempt::new(&order, Status::PaymentProcessing);
    let charging = Payments::charge(&remote, &attempt);
    tokio::time::timeout(Duration::from_secs(5), charging).await.unwrap_or(Err(Failed::TimedOut))
}

#[tokio::test]
async fn a_charge_says_what_is_charged_and_who_we_are() {
    let (url, mut seen) = service(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"paymentId\":\"p-77\"}").await;
    assert_eq!(charge(&url).await, Ok(Effect::of(Paid { payment_id: "p-77".into() })));
    let said = seen.recv().await.unwrap();
    assert!(said.starts_with("POST /v1/charge HTTP/1.1\r\n"), "{said}");
    for part in ["idempotency-key: o-1:PAYMENT_PROCESSING:charge\r\n", "webhook-id: o-1:", "webhook-signature: v1,"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let body: Json = serde_json::from_str(said.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body, json!({"orderId": "o-1", "customerId": "C-1", "amount": "39.80", "currency": "USD"}));
    assert!(!said.contains("a@example.com"), "what the other side does not need it is not told");
}

#[tokio::test]
async fn answers_are_done_refused_or_may_pass() {
    let refused = |code: &str, message: &str| Err(Failed::refused(code, message));
    let cases: [(&'static [u8], Result<(), Failed>); 5] = [
        (
            b"HTTP/1.1 402 No\r\ncontent-length: 50\r\n\r\n{\"code\":\"card_declined\",\"message\":\"ask your bank\"}",
            refused("card_declined", "ask your bank"),
        ),
        (b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", refused("refused", "it was refused with status 404")),
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", Err(Failed::transient("it answers with status 503"))),
        (b"HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n", Err(Failed::transient("it answers with status 429"))),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            Err(Failed::transient("it answers with status 302")),
        ),
    ];
    for (answer, expected) in cases {
        let (url, _seen) = service(answer).await;
        match (charge(&url).await.map(drop), expected) {
            (Err(Failed::Transient { message }), Err(Failed::Transient { message: expected })) => {
                assert!(message.ends_with(&expected), "{message}");
            }
            (Err(Failed::Refused { code, message }), Err(Failed::Refused { code: known, message: said })) => {
                assert_eq!((code, message), (known, said));
            }
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_costs_a_bounded_amount() {
    static ENDLESS: &[u8] = &[b'x'; 1 << 20];
    static HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sink = [0; 4096];
        let _ = stream.read(&mut sink).await;
        let _ = stream.write_all(HEAD).await;
        while stream.write_all(ENDLESS).await.is_ok() {}
    });
    let failed = charge(&url).await.unwrap_err();
    assert!(matches!(&failed, Failed::Transient { message } if message.contains("cannot be read")), "{failed:?}");
}

#[tokio::test]
async fn nobody_there_is_a_failure_that_may_pass() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failed = charge(&format!("http://{free}")).await.unwrap_err();
    assert!(matches!(&failed, Failed::Transient { message } if message.contains(&free.to_string())), "{failed:?}");
}
