//! Clients that send or read as slowly as they can harm nobody but themselves, and are let go.

use super::{Shop, body};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How many of each kind.
const SLOW: usize = 250;
/// How many healthy requests are made at least.
const HEALTHY: usize = 200;
/// How long a slow client may hold its place; what is promised is ten seconds for a head or a body.
const HELD_MAX: Duration = Duration::from_secs(45);

/// A slow client, and what it still has to send, byte by byte.
struct Slow {
    stream: TcpStream,
    rest: &'static [u8],
}

impl Slow {
    fn open(public: &str, begin: &str, rest: &'static [u8]) -> Self {
        let mut stream = TcpStream::connect(public).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { stream, rest }
    }

    /// Sends one more byte; whether the server still listens.
    fn go_on(&mut self) -> bool {
        let (byte, rest) = self.rest.split_at(1);
        self.rest = rest;
        if matches!(self.stream.write(byte), Err(error) if error.kind() != ErrorKind::WouldBlock) {
            return false;
        }
        let mut told = [0; 512];
        match self.stream.read(&mut told) {
            Ok(0) => false,
            // Told that it is late; what follows is the end.
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }
}

#[test]
fn slow_clients_harm_nobody_and_are_let_go() {
    let shop = Shop::open(&[]);
    let (public, key) = (shop.server().public.clone(), &shop.key);
    const MORE: &[u8] = &[b'x'; 100_000];
    let head = format!("POST /orders HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nx-slow: ");
    let slow_body = format!(
        "POST /orders HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: \
         9000\r\n\r\n{{\"customerId\":\""
    );
    let began = Instant::now();
    let mut slow: Vec<Slow> = Vec::new();
    for _ in 0..SLOW {
        slow.push(Slow::open(&public, &head, MORE));
        slow.push(Slow::open(&public, &slow_body, MORE));
    }
    let (mut served, mut customer) = (0, shop.customer());
    while served < HEALTHY || !slow.is_empty() {
        // A connection of its own for each few requests, because getting one is part of it.
        if served % 10 == 0 {
            customer = shop.customer();
        }
        let placed = customer.placed(&body("C-1", &[("TEA", 1, 100)]));
        customer.order(placed["orderId"].as_str().unwrap());
        served += 1;
        slow.retain_mut(Slow::go_on);
        assert!(began.elapsed() < HELD_MAX, "{} slow clients still hold their places", slow.len());
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{served} healthy requests beside {} slow clients in {:?}", 2 * SLOW, began.elapsed());
    assert_eq!(shop.customer().ask("GET", "/readyz", &[], b"").unwrap().status, 200);
}
