//! Decides how the shop front is measured against others: which run, in which order, and what is made of the figures.
//!
//! `cargo xtask bench shop` sets everything up under `target/`, then goes round after round: ours, then each rival, each
//! alone on the machine and on fresh data on the same disk, under load from a process of its own (`orderflow bench`).
//! A ratio is made of the two figures of one round; what is told is the median of the rounds, and the smallest and the
//! largest. Everyone has what it acknowledges on disk first.

pub(crate) mod process;
pub(crate) mod rivals;
pub(crate) mod table;

use crate::machine;
use anyhow::{Context as _, bail, ensure};
use process::{MemoryWatch, Running, ask};
use rivals::{Rivals, Style, fresh};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use table::{Bar, Figure};

const ADMIN: &str = "127.0.0.1:19401";
const PUBLIC: &str = "127.0.0.1:19400";
/// How long something may need to work that has just been started.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many times what the server can do comes at it in the overload run, over how many connections.
const OVERLOAD: f64 = 10.0;
const OVERLOAD_CONNECTIONS: &str = "2000";
/// A second in which this was not exceeded, and nothing refused, is one in which all is well.
const WELL_US: u64 = 100_000;

/// What was asked for behind `--`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Options {
    rounds: usize,
    seconds: u32,
    rivals: bool,
    ours: bool,
    /// The template to run; the built-in stack if it is left out.
    stack: Option<String>,
}

impl Options {
    fn read(words: &[&str]) -> anyhow::Result<Self> {
        let mut options = Self { rounds: 5, seconds: 8, rivals: true, ours: true, stack: None };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--quick" => (options.rounds, options.seconds) = (2, 3),
                "--no-rivals" => options.rivals = false,
                "--only-rivals" => options.ours = false,
                "--rounds" => {
                    let rounds = words.next().and_then(|rounds| rounds.parse().ok()).filter(|rounds| *rounds > 0);
                    options.rounds = rounds.context("--rounds wants a number above zero")?;
                }
                "--stack" => options.stack = Some((*words.next().context("--stack wants a template")?).to_owned()),
                other => bail!(
                    "there is no option {other}; there are --quick, --rounds N, --no-rivals, --only-rivals, --stack FILE"
                ),
            }
        }
        ensure!(options.rivals || options.ours, "with neither ours nor rivals there is nothing to measure");
        Ok(options)
    }
}

/// Measures, prints, and writes `target/bench-shop.json`; whether every bar was reached.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<bool> {
    let options = Options::read(words)?;
    let target = crate::target();
    std::fs::create_dir_all(&target)?;
    eprintln!("── building ──");
    let program = crate::build_server(crate::Build::Release)?;
    let rivals = if options.rivals {
        Some(Rivals::set_up().context("the rivals cannot be had; `-- --no-rivals` measures without them")?)
    } else {
        None
    };
    let shop =
        Shop { program, data: target.join("rivals/ours"), stack: options.stack.clone(), seconds: options.seconds };
    let machine = machine::facts(&target)?;
    let mut figures = Vec::new();
    for round in 1..=options.rounds {
        eprintln!("── round {round} of {} ──", options.rounds);
        one_round(&shop, &options, rivals.as_ref(), &mut figures)?;
    }
    if options.ours {
        eprintln!("── overload ──");
        shop.overload(&mut figures)?;
    }
    let bars = bars();
    let path = target.join("bench-shop.json");
    let kept = json!({"machine": machine, "rounds": options.rounds, "figures": table::json(&figures, &bars)});
    std::fs::write(&path, format!("{kept:#}\n")).with_context(|| format!("cannot write {}", path.display()))?;
    print!("{}", table::draw(&machine, &figures, &bars));
    println!("\nwritten to {}", path.display());
    if !options.rivals {
        println!("measured without PostgreSQL, Restate and hyper: what needs them is missing above");
    }
    Ok(table::all_reached(&figures, &bars))
}

/// What is to be reached.
fn bars() -> Vec<Bar> {
    vec![
        Bar::at_least("orders accepted", "ours", "postgres, one statement", 3.0),
        Bar::at_least("orders accepted", "ours", "postgres, a transaction", 3.0),
        Bar::at_least("orders accepted", "ours", "restate, send", 10.0),
        Bar::at_least("orders completed", "ours", "restate, five steps", 20.0),
        Bar::at_least("orders looked at", "ours", "bare hyper, same bytes", 0.5),
        Bar::below("p99 of accepting, beyond the disk's own", "ours", 10_000.0),
        Bar::below("1,000/s: accepted → COMPLETED, p50", "ours", 5_000.0),
        Bar::below("1,000/s: accepted → COMPLETED, p99", "ours", 30_000.0),
        Bar::below("peak anonymous memory", "ours", 150.0),
        Bar::above("overload: served, of the peak", "ours", 90.0),
        Bar::below("overload: recovery", "ours", 10.0),
    ]
}

fn one_round(shop: &Shop, options: &Options, rivals: Option<&Rivals>, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let seconds = options.seconds.to_string();
    // What a rival that answers with constant bytes answers if ours is not measured: as long as an order.
    let mut order = vec![b'x'; 700];
    if options.ours {
        order = shop.round(figures)?;
    }
    let Some(rivals) = rivals else { return Ok(()) };
    let submit = ["--follow", "0", "--seconds", &seconds, "--connections", "64"];
    for (who, style) in [("postgres, one statement", Style::Statement), ("postgres, a transaction", Style::Transaction)]
    {
        let (running, address) = rivals.postgres(style)?;
        let _ = shop.load(&address, &["--follow", "0", "--seconds", "1"], None)?;
        let report = shop.load(&address, &submit, None)?;
        accepted(who, &report, figures)?;
        drop(running);
    }
    let (running, address) = rivals.restate()?;
    let through = ["--path", "/orders/process"];
    let _ = shop.load(&address, &[&["--follow", "0", "--seconds", "2"], &through[..]].concat(), None)?;
    let report = shop.load(&address, &[&submit[..], &through].concat(), None)?;
    let completed = number(&report["goodPerSecond"])?;
    push(figures, "orders completed", "restate, five steps", completed, "orders/s");
    // Few enough that nothing waits: how long the five steps themselves take.
    let gentle = [&["--follow", "0", "--seconds", &seconds, "--rate", "100"], &through[..]].concat();
    let report = shop.load(&address, &gentle, None)?;
    for share in ["p50", "p99"] {
        let micros = number(&report["submit"][format!("{share}Us")])?;
        push(figures, &format!("100/s: sent → COMPLETED, {share}"), "restate, five steps", micros, "µs");
    }
    // Last, as it leaves more behind than is done in any time.
    let report = shop.load(&address, &[&submit[..], &["--path", "/orders/process/send"]].concat(), None)?;
    accepted("restate, send", &report, figures)?;
    drop(running);
    let (running, address) = rivals.hyper(&order)?;
    let get = ["--what", "get", "--path", "/orders/1", "--seconds", &seconds, "--connections", "64"];
    let report = shop.load(&address, &get, None)?;
    push(figures, "orders looked at", "bare hyper, same bytes", number(&report["goodPerSecond"])?, "requests/s");
    drop(running);
    Ok(())
}

fn accepted(who: &str, report: &Json, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    push(figures, "orders accepted", who, number(&report["goodPerSecond"])?, "orders/s");
    push(figures, "p50 of accepting", who, number(&report["submit"]["p50Us"])?, "µs");
    push(figures, "p99 of accepting", who, number(&report["submit"]["p99Us"])?, "µs");
    Ok(())
}

fn push(figures: &mut Vec<Figure>, what: &str, who: &str, value: f64, unit: &'static str) {
    eprintln!("   {what}, {who}: {value:.1} {unit}");
    figures.push(Figure { what: what.to_owned(), who: who.to_owned(), value, unit });
}

fn number(json: &Json) -> anyhow::Result<f64> {
    json.as_f64().context("the load did not get as far as this figure")
}

/// Our own server, and the load on whomever.
struct Shop {
    program: PathBuf,
    data: PathBuf,
    stack: Option<String>,
    seconds: u32,
}

impl Shop {
    /// Starts ours on fresh data, on one core only if one is named.
    fn start(&self, core: Option<&str>) -> anyhow::Result<Running> {
        let data = fresh(&self.data)?;
        let mut command = on_core(core, &self.program);
        command.current_dir(crate::root()).arg("up").args(self.stack.as_deref()).arg("--json");
        // What is measured is the server, not how much its template lets one key have.
        command.args(["--param", "RateLimit=1000000", "--param", "BurstLimit=1000000"]);
        command.args(["--admin", ADMIN, "--public", PUBLIC, "--data-dir"]).arg(data);
        let (mut running, line) = Running::start_talking("orderflow", &mut command)?;
        let _: Json = serde_json::from_str(&line).context("orderflow did not say where it listens")?;
        running.listens(PUBLIC)?;
        Ok(running)
    }

    /// Everything of ours that a round needs; given back is an order, as it is answered.
    fn round(&self, figures: &mut Vec<Figure>) -> anyhow::Result<Vec<u8>> {
        let seconds = self.seconds.to_string();
        let server = self.start(None)?;
        let memory = MemoryWatch::start(server.id());
        // So that nothing is measured that is done for the first time.
        self.load(PUBLIC, &["--seconds", "1", "--follow", "1"], None)?;
        let steady = self.load(PUBLIC, &["--rate", "1000", "--follow", "50", "--seconds", &seconds], None)?;
        for share in ["p50", "p99"] {
            for (since, key) in [("accepted", "sinceAccepted"), ("sent", "sinceSent")] {
                let micros = number(&steady["completion"][key][format!("{share}Us")])?;
                push(figures, &format!("1,000/s: {since} → COMPLETED, {share}"), "ours", micros, "µs");
            }
        }
        let full = ["--connections", "64", "--seconds", &seconds, "--follow", "10", "--patience", "120"];
        let full = self.load(PUBLIC, &full, None)?;
        accepted("ours", &full, figures)?;
        let beyond = number(&full["submit"]["p99Us"])? - number(&full["flush"]["p99Us"])?;
        push(figures, "p99 of accepting, beyond the disk's own", "ours", beyond.max(0.0), "µs");
        let completed = full["completion"]["completedPerSecond"].as_f64();
        push(figures, "orders completed", "ours", completed.unwrap_or(0.0), "orders/s");
        let get = ["--what", "get", "--connections", "64", "--seconds", &seconds];
        let looks = self.load(PUBLIC, &get, None)?;
        push(figures, "orders looked at", "ours", number(&looks["goodPerSecond"])?, "requests/s");
        push(figures, "peak anonymous memory", "ours", memory.peak_megabytes(), "MB");
        let order = self.an_order()?;
        drop(server);
        Ok(order)
    }

    /// The body of an order that was submitted, as anybody gets it.
    fn an_order(&self) -> anyhow::Result<Vec<u8>> {
        let key = std::fs::read_to_string(self.data.join("api-key")).unwrap_or_default();
        let head = format!("host: {PUBLIC}\r\nx-api-key: {}\r\nconnection: close\r\n", key.trim());
        let body = r#"{"customerId":"cust-1","customerEmail":"a@example.com","items":[{"sku":"KEYBOARD-87","name":"Keyboard","quantity":1,"price":"89.90"}]}"#;
        let submit = format!(
            "POST /orders HTTP/1.1\r\n{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let order = process::ask_json(PUBLIC, &submit)?;
        let id = order["orderId"].as_str().context("an order has an id")?;
        // It is to be as long as those that were looked at, which were done.
        patiently(|| {
            let (status, body) = ask(PUBLIC, &format!("GET /orders/{id} HTTP/1.1\r\n{head}\r\n"))?;
            let order: Json = serde_json::from_slice(&body)?;
            ensure!(status == 200 && order["status"] == "COMPLETED", "an order is not COMPLETED: {status} {order}");
            Ok(body)
        })
    }

    /// The server on one core, the load on another, far more than can be served; then less again.
    fn overload(&self, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        ensure!(cores >= 2, "the overload run needs two cores, one for the server and one for the load");
        let server = self.start(Some("0"))?;
        let memory = MemoryWatch::start(server.id());
        let load = |arguments: &[&str]| self.load(PUBLIC, arguments, Some("1"));
        load(&["--seconds", "2", "--follow", "0"])?;
        let at_peak = || number(&load(&["--seconds", "10", "--connections", "64", "--follow", "0"])?["goodPerSecond"]);
        let before = at_peak()?;
        let rate = (before * OVERLOAD).round().to_string();
        let over = ["--rate", &rate, "--connections", OVERLOAD_CONNECTIONS, "--seconds", "10", "--follow", "0"];
        let over = load(&over)?;
        let served = number(&over["goodPerSecond"])?;
        push(figures, "overload: peak before", "ours", before, "orders/s");
        push(figures, "overload: requests that got through to the server", "ours", number(&over["sent"])? / 10.0, "/s");
        push(figures, "overload: served", "ours", served, "orders/s");
        let half = (before / 2.0).round().to_string();
        let after = load(&["--rate", &half, "--seconds", "15", "--follow", "0"])?;
        push(figures, "overload: recovery", "ours", recovery(&after["bySecond"]), "s");
        // The longer a server runs, the more its index has to merge: the peak is what it is before and after.
        let later = at_peak()?;
        push(figures, "overload: peak after", "ours", later, "orders/s");
        push(figures, "overload: served, of the peak", "ours", served / (before + later) * 200.0, "%");
        push(figures, "overload: peak anonymous memory", "ours", memory.peak_megabytes(), "MB");
        drop(server);
        Ok(())
    }

    /// Puts load on a server from a process of its own.
    fn load(&self, address: &str, arguments: &[&str], core: Option<&str>) -> anyhow::Result<Json> {
        let mut command = on_core(core, &self.program);
        command.arg("bench").args(["--json", "--url", &format!("http://{address}")]);
        // The key is in the data directory, and the disk under it is the one that everybody uses here.
        command.arg("--data-dir").arg(&self.data).args(arguments).env_remove("ORDERFLOW_API_KEY");
        let output =
            command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("the load cannot be run")?;
        let report: Json = serde_json::from_slice(&output.stdout).context("the load did not report")?;
        ensure!(
            output.status.success() && report["good"].as_u64() > Some(0),
            "no request of the load was answered well: {}; {}",
            report["byStatus"],
            report["fault"]
        );
        let lost = report["lost"].as_u64().unwrap_or(0);
        if lost > 0 {
            eprintln!("   note: {lost} requests were not answered ({})", report["fault"]);
        }
        Ok(report)
    }
}

/// After how many seconds all was well, and stayed so.
fn recovery(seconds: &Json) -> f64 {
    let is_well = |second: &Json| second["refused"] == 0 && second["p99Us"].as_u64().is_some_and(|p99| p99 < WELL_US);
    let seconds = seconds.as_array().map_or(&[][..], Vec::as_slice);
    seconds.iter().rposition(|second| !is_well(second)).map_or(0.0, |last| last as f64 + 1.0)
}

fn on_core(core: Option<&str>, program: &Path) -> Command {
    let Some(core) = core else { return Command::new(program) };
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core]).arg(program);
    command
}

/// Tries again until it works, for a while.
fn patiently<T>(mut attempt: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(error) if Instant::now() >= until => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_or_refused_by_name() {
        let usual = Options { rounds: 5, seconds: 8, rivals: true, ours: true, stack: None };
        assert_eq!(Options::read(&[]).unwrap(), usual);
        let quick = Options { rounds: 2, seconds: 3, rivals: false, ..usual };
        assert_eq!(Options::read(&["--quick", "--no-rivals"]).unwrap(), quick);
        for (refused, named) in [
            (&["--fast"][..], "--fast"),
            (&["--rounds", "0"], "--rounds"),
            (&["--no-rivals", "--only-rivals"], "rivals"),
        ] {
            assert!(Options::read(refused).unwrap_err().to_string().contains(named), "{refused:?}");
        }
    }

    #[test]
    fn recovery_ends_when_all_stays_well() {
        let second = |refused: u64, p99: u64| json!({"refused": refused, "p99Us": p99});
        let well = second(0, 5000);
        let cases = [
            (json!([well, well]), 0.0),
            (json!([second(3, 5000), well, well]), 1.0),
            (json!([well, well, second(0, 400_000), well]), 3.0),
            (json!([well, second(1, 1)]), 2.0),
        ];
        for (seconds, expected) in cases {
            assert!((recovery(&seconds) - expected).abs() < 1e-9, "{seconds}");
        }
    }
}
