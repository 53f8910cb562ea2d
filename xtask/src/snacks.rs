//! Decides how Serverless Snacks is measured: orders at a steady rate, each followed until it is PROCESSED.
//!
//! `cargo xtask bench snacks` starts a server on fresh data and has `order-creator` invoked so many times a second, over
//! connections that take turns. Whoever sent an order asks for it, with a consistent read, until it is PROCESSED; what is
//! told is the time from when the order was to be sent to when that was seen, so that a server that falls behind is not
//! spared what waits behind it. NEW lies in between, so the time from NEW to PROCESSED is never more than this.

use crate::machine;
use crate::shop::process::{MemoryWatch, Running, done};
use crate::shop::rivals::fresh;
use crate::shop::table::{self, Bar, Figure};
use anyhow::{Context as _, bail, ensure};
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

const ADMIN: &str = "127.0.0.1:19411";
const PUBLIC: &str = "127.0.0.1:19410";
const OURS: &str = "ours";
/// How many connections take turns at sending.
const CONNECTIONS: u32 = 64;
/// How long an order may need before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long whoever follows an order waits between two looks.
const LOOKS_EVERY: Duration = Duration::from_millis(1);

/// What was asked for behind `--`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Options {
    rounds: u32,
    seconds: u32,
    rate: u32,
    /// Whether the server is the debug build, to see that all of this works.
    debug: bool,
}

impl Options {
    fn read(words: &[&str]) -> anyhow::Result<Self> {
        let mut options = Self { rounds: 3, seconds: 10, rate: 500, debug: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = |what: &str| {
                let number = words.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                number.with_context(|| format!("{what} wants a number above zero"))
            };
            match *word {
                "--rounds" => options.rounds = number("--rounds")?,
                "--seconds" => options.seconds = number("--seconds")?,
                "--rate" => options.rate = number("--rate")?,
                "--debug" => options.debug = true,
                other => bail!("there is no option {other}; there are --rounds N, --seconds N, --rate N, --debug"),
            }
        }
        Ok(options)
    }
}

/// Measures, prints, and writes `target/bench-snacks.json`; whether every bar was reached.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<bool> {
    let options = Options::read(words)?;
    let target = crate::target();
    std::fs::create_dir_all(&target)?;
    eprintln!("── building ──");
    let profile: &[&str] = if options.debug { &[] } else { &["--release"] };
    done(crate::cargo().args(["build", "--package", "server"]).args(profile)).context("the server does not build")?;
    let program = target.join(if options.debug { "debug/orderflow" } else { "release/orderflow" });
    let machine = machine::facts(&target)?;
    let mut figures = Vec::new();
    for round in 1..=options.rounds {
        eprintln!("── round {round} of {} ──", options.rounds);
        let data = fresh(&target.join("snacks"))?;
        let mut command = Command::new(&program);
        command.current_dir(crate::root()).args(["up", "stacks/snacks.yaml", "--json", "--admin", ADMIN]);
        command.args(["--public", PUBLIC, "--data-dir"]).arg(data);
        let (mut server, _) = Running::start_talking("orderflow", &mut command)?;
        server.listens(ADMIN)?;
        let memory = MemoryWatch::start(server.id());
        // So that nothing is measured that is done for the first time.
        load(&Options { seconds: 1, ..options.clone() })?;
        let begun = Instant::now();
        let followed = load(&options)?;
        report(&followed, begun.elapsed(), memory.peak_megabytes(), &mut figures)?;
    }
    let bars = bars();
    let path = target.join("bench-snacks.json");
    let kept = json!({"machine": machine, "rate": options.rate, "figures": table::json(&figures, &bars)});
    std::fs::write(&path, format!("{kept:#}\n")).with_context(|| format!("cannot write {}", path.display()))?;
    print!("{}", table::draw(&machine, &figures, &bars));
    println!("\nwritten to {}", path.display());
    if options.debug {
        println!("measured with the debug build: the figures mean nothing");
    }
    Ok(table::all_reached(&figures, &bars))
}

/// What is to be reached.
fn bars() -> Vec<Bar> {
    vec![Bar::below("sent → PROCESSED, p50", OURS, 10_000.0), Bar::below("sent → PROCESSED, p99", OURS, 50_000.0)]
}

/// One order's way, from when it was to be sent.
#[derive(Debug, Clone, Copy)]
struct Followed {
    answered: Duration,
    processed: Duration,
}

/// A part of an order's way.
type Span = fn(&Followed) -> Duration;

fn report(followed: &[Followed], took: Duration, megabytes: f64, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    ensure!(!followed.is_empty(), "no order was followed");
    let mut push = |what: String, value: f64, unit: &'static str| {
        eprintln!("   {what}: {value:.1} {unit}");
        figures.push(Figure { what, who: OURS.to_owned(), value, unit });
    };
    let ways: [(&str, Span); 3] = [
        ("sent → NEW answered", |one| one.answered),
        ("NEW answered → PROCESSED", |one| one.processed.saturating_sub(one.answered)),
        ("sent → PROCESSED", |one| one.processed),
    ];
    for (what, of) in ways {
        let mut spans: Vec<Duration> = followed.iter().map(of).collect();
        spans.sort_unstable();
        for (share, percent) in [("p50", 50), ("p99", 99)] {
            push(format!("{what}, {share}"), quantile(&spans, percent).as_secs_f64() * 1e6, "µs");
        }
    }
    push("orders PROCESSED".to_owned(), followed.len() as f64 / took.as_secs_f64(), "orders/s");
    push("peak anonymous memory".to_owned(), megabytes, "MB");
    Ok(())
}

/// The span that so many percent of them, which are sorted, do not exceed.
fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted[place.min(sorted.len() - 1)]
}

/// Puts load on the server, and follows each order to its end.
fn load(options: &Options) -> anyhow::Result<Vec<Followed>> {
    let begun = Instant::now() + Duration::from_millis(50);
    let orders = options.rate * options.seconds;
    let gap = Duration::from_secs(1) / options.rate;
    let followed: Vec<anyhow::Result<Vec<Followed>>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|client| {
                scope.spawn(move || {
                    let mut connection = Connection::open()?;
                    let turns = (client..orders).step_by(CONNECTIONS as usize);
                    turns.map(|turn| connection.follow(begun + gap * turn)).collect()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client does not panic")).collect()
    });
    Ok(followed.into_iter().collect::<anyhow::Result<Vec<_>>>()?.concat())
}

/// A client, over one connection.
struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open() -> anyhow::Result<Self> {
        let stream = TcpStream::connect(ADMIN)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends an order when it is its turn, and asks for it until it is PROCESSED.
    fn follow(&mut self, turn: Instant) -> anyhow::Result<Followed> {
        std::thread::sleep(turn.saturating_duration_since(Instant::now()));
        let order = r#"{"customerName":"Alice","snackItems":[{"name":"Chips","quantity":2,"price":3.99},{"name":"Soda","quantity":1,"price":1.99}],"totalAmount":9.97}"#;
        let told = self.ask("/2015-03-31/functions/order-creator/invocations", "", order)?;
        let answered = turn.elapsed();
        let id = told["order"]["orderId"].as_str().with_context(|| format!("the order was not taken: {told}"))?;
        let look = json!({"TableName": "Orders", "Key": {"orderId": {"S": id}}, "ConsistentRead": true}).to_string();
        loop {
            let found = self.ask("/", "x-amz-target: DynamoDB_20120810.GetItem\r\n", &look)?;
            if found["Item"]["status"]["S"] == "PROCESSED" {
                return Ok(Followed { answered, processed: turn.elapsed() });
            }
            ensure!(turn.elapsed() < PATIENCE, "order {id} is not PROCESSED: {found}");
            std::thread::sleep(LOOKS_EVERY);
        }
    }

    fn ask(&mut self, path: &str, headers: &str, body: &str) -> anyhow::Result<Json> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {ADMIN}\r\ncontent-type: application/x-amz-json-1.0\r\n{headers}content-length: \
             {}\r\n\r\n",
            body.len()
        );
        self.stream.get_mut().write_all((head + body).as_bytes())?;
        let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
        while {
            line.clear();
            self.stream.read_line(&mut line)? > 0 && line.trim_end() != ""
        } {
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse()?,
                Some(_) => {}
                None => line.trim_end().clone_into(&mut status),
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        ensure!(status.contains(" 200 "), "{path}: {status}: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_or_refused_by_name() {
        let usual = Options { rounds: 3, seconds: 10, rate: 500, debug: false };
        assert_eq!(Options::read(&[]).unwrap(), usual);
        let quick = Options { rounds: 1, seconds: 2, debug: true, ..usual };
        assert_eq!(Options::read(&["--rounds", "1", "--seconds", "2", "--debug"]).unwrap(), quick);
        for (refused, named) in [(&["--fast"][..], "--fast"), (&["--rate", "0"], "--rate"), (&["--rounds"], "--rounds")]
        {
            assert!(Options::read(refused).unwrap_err().to_string().contains(named), "{refused:?}");
        }
    }

    #[test]
    fn a_quantile_is_the_least_that_so_many_do_not_exceed() {
        let spans: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(quantile(&spans, 50), Duration::from_millis(100));
        assert_eq!(quantile(&spans, 99), Duration::from_millis(198));
        assert_eq!(quantile(&spans[..1], 50), Duration::from_millis(1));
        assert_eq!(quantile(&spans[..1], 99), Duration::from_millis(1));
    }
}
