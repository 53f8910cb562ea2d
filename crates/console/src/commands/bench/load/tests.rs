//! What is counted, against servers that are made up.

use super::*;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;

/// What a server does with a request: this many bytes, and whether it goes on.
type Reply = fn(u64) -> (String, bool);

/// A server that answers the nth request with what `reply` says of n; an empty answer is none.
fn server(reply: Reply) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(std::sync::atomic::AtomicU64::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, count) = (stream.unwrap(), Arc::clone(&count));
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let mut length = 0;
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        if let Some(value) = line.strip_prefix("content-length: ") {
                            length = value.trim().parse().unwrap();
                        }
                        if line == "\r\n" {
                            break;
                        }
                    }
                    reader.read_exact(&mut vec![0; length]).unwrap();
                    let (text, goes_on) = reply(count.fetch_add(1, Ordering::SeqCst));
                    if stream.write_all(text.as_bytes()).is_err() || !goes_on {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn created(nth: u64) -> String {
    format!("HTTP/1.1 201 Created\r\nlocation: /orders/{nth}\r\ncontent-length: 2\r\n\r\n{{}}")
}

fn plan(address: SocketAddr) -> Plan {
    Plan {
        target: Target::parse(&format!("http://{address}"), Some("k".to_owned())).unwrap(),
        address,
        what: What::Submit,
        submit_to: "/orders".to_owned(),
        bodies: vec![b"{}".to_vec(), b"{\"a\":1}".to_vec()],
        idempotent: true,
        connections: 4,
        rate: None,
        lasts: Duration::from_secs(30),
        requests_max: 100,
        known: VecDeque::new(),
        follow_every: None,
    }
}

fn run_quietly(plan: &Plan) -> Done {
    run(plan, &mut |_, _| {}, &mut |_| {}).unwrap()
}

#[test]
fn each_request_is_sent_once_and_counted_once() {
    let address = server(|nth| (if nth % 10 == 9 { refused(503) } else { created(nth) }, true));
    let done = run_quietly(&plan(address));
    assert_eq!((done.sent, done.lost, done.unsent), (100, 0, 0));
    assert_eq!(done.by_status, [(201, 90), (503, 10)].into());
    assert_eq!((done.submits.count(), done.refusals.count(), done.gets.count()), (90, 10, 0));
    assert_eq!(done.known.len(), 90);
    assert_eq!(done.seconds.iter().map(|second| second.accepted).sum::<u64>(), 90);
}

fn refused(status: u16) -> String {
    format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n")
}

#[test]
fn at_a_rate_waiting_behind_a_slow_answer_counts() {
    // The first answer takes 400 ms, and nothing else can be sent meanwhile: of the 40 requests that were due in that
    // time, those of the first 20 waited for 200 ms and more. Who counts from the sending sees one slow answer.
    let address = server(|nth| {
        if nth == 0 {
            std::thread::sleep(Duration::from_millis(400));
        }
        (created(nth), true)
    });
    let slow = Plan { connections: 1, rate: Some(100.0), requests_max: 60, ..plan(address) };
    let done = run_quietly(&slow);
    assert_eq!(done.submits.count(), 60);
    assert!(done.submits.between(200_000, u64::MAX) >= 20, "{:?}", done.submits);
}

#[test]
fn what_could_not_be_sent_in_time_is_told() {
    let address = server(|nth| {
        std::thread::sleep(Duration::from_millis(100));
        (created(nth), true)
    });
    let lasts = Duration::from_secs(1);
    let done = run_quietly(&Plan { connections: 2, rate: Some(200.0), lasts, requests_max: u64::MAX, ..plan(address) });
    assert_eq!(done.sent + done.unsent, 200);
    assert!(done.sent <= 22, "two connections carry no more than twenty: {}", done.sent);
    assert_eq!(done.submits.count(), done.sent);
}

#[test]
fn a_connection_that_ends_is_made_again() {
    let address = server(|nth| match nth {
        // Lost: it ends without an answer.
        7 => (String::new(), false),
        // Not lost: the server says that it will end.
        13 => (created(nth).replace("content", "connection: close\r\ncontent"), false),
        _ => (created(nth), true),
    });
    let done = run_quietly(&Plan { connections: 1, requests_max: 20, ..plan(address) });
    assert_eq!((done.sent, done.lost, done.submits.count()), (20, 1, 19));
    assert!(done.fault.is_some());
}

#[test]
fn an_answer_that_is_no_http_is_a_loss() {
    let address = server(|_| ("SSH-2.0 hello\r\n".to_owned(), false));
    let done = run_quietly(&Plan { connections: 1, requests_max: 1, ..plan(address) });
    assert_eq!((done.lost, done.good(), done.fault.as_deref()), (1, 0, Some("it does not answer with HTTP/1")));
}

#[test]
fn orders_are_looked_at_and_some_are_followed() {
    let address = server(|nth| (created(nth), true));
    let mut followed = Vec::new();
    let follow_every = Some(Duration::ZERO);
    let mixed = Plan { what: What::Mixed, follow_every, ..plan(address) };
    let done = run(&mixed, &mut |_, _| {}, &mut |accepted| followed.push(accepted.path)).unwrap();
    assert_eq!(done.submits.count() + done.gets.count(), 100);
    assert!(done.gets.count() >= 75, "{}", done.gets.count());
    assert_eq!(followed.len() as u64, done.submits.count());
    assert!(followed[0].starts_with("/orders/"));
}

#[test]
fn nobody_there_is_a_failure_that_names_where() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failure = run(&plan(free), &mut |_, _| {}, &mut |_| {}).unwrap_err();
    assert_eq!(failure.code, UNREACHABLE);
    assert!(failure.error.contains(&free.to_string()), "{}", failure.error);
}
