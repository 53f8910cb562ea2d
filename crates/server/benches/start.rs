//! How fast the server comes up, and what it costs when nothing happens.
//!
//! Start: from starting the process to the first answered request, on an empty directory each time; beside it the same
//! program that only prints its version, started in turn, which is what starting any process costs here. Idle: the
//! memory that is resident and the part of a core that is used, read from /proc while nobody asks for anything.
//!
//! `cargo bench -p server --bench start` prints one line per figure; `-- --idle SECONDS` watches an idle server for
//! longer or shorter than a minute, `-- --rounds N` starts it more or less often. Lines that begin with `BENCH ` are
//! JSON for machines.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_orderflow");
/// What we hold ourselves to.
const START_MS_MAX: f64 = 100.0;
const RESIDENT_MB_MAX: f64 = 30.0;
const IDLE_PERCENT_MAX: f64 = 0.2;
/// The kernel counts processor time in these, on every platform that we build for.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1)?.parse::<u64>().ok();
    let rounds = option("--rounds").unwrap_or(15).max(1);
    let idle_for = Duration::from_secs(option("--idle").unwrap_or(60).max(1));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-start");
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).expect("a directory for the bench");
    starts(&root, rounds);
    idle(idle_for);
    let _ = std::fs::remove_dir_all(&root);
}

/// Starts servers on empty directories, and beside each a process that does nothing.
fn starts(root: &Path, rounds: u64) {
    let (mut ephemeral, mut kept, mut nothing) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        println!("start {} of {rounds}", round + 1);
        ephemeral.push(start(&["--ephemeral"]));
        let directory = root.join(format!("data-{round}"));
        kept.push(start(&["--data-dir", directory.to_str().expect("a path that is text")]));
        let began = Instant::now();
        let printed = Command::new(PROGRAM).arg("--version").output().expect("the program runs");
        assert!(printed.status.success());
        nothing.push(millis(began));
    }
    let ratios: Vec<f64> = ephemeral.iter().zip(&nothing).map(|(ours, theirs)| ours / theirs).collect();
    report("start/up --ephemeral to the first answer", &ephemeral, "ms", "a process that prints its version", &ratios);
    let of_goal = |values: &[f64]| values.iter().map(|value| value / START_MS_MAX).collect::<Vec<_>>();
    report("start/up --ephemeral to the first answer", &ephemeral, "ms", "100 ms", &of_goal(&ephemeral));
    report("start/up --data-dir to the first answer", &kept, "ms", "100 ms", &of_goal(&kept));
    report("start/a process that prints its version", &nothing, "ms", "", &[]);
}

/// How long it takes, in milliseconds, until a server answers.
fn start(options: &[&str]) -> f64 {
    let began = Instant::now();
    let server = Server::up(options);
    server.get();
    let took = millis(began);
    drop(server);
    took
}

/// Watches a server that nobody asks anything.
fn idle(watch_for: Duration) {
    println!("idle for {} s", watch_for.as_secs());
    let server = Server::up(&["--ephemeral"]);
    server.get();
    // What starting has left to do in the background is not idleness.
    std::thread::sleep(Duration::from_secs(3));
    let (ticks, began) = (server.ticks(), Instant::now());
    let mut resident = Vec::new();
    while began.elapsed() < watch_for {
        std::thread::sleep(Duration::from_secs(1).min(watch_for));
        resident.push(server.status_kb("VmRSS:") / 1024.0);
    }
    let percent = (server.ticks() - ticks) / TICKS_PER_SECOND / began.elapsed().as_secs_f64() * 100.0;
    let of_goal: Vec<f64> = resident.iter().map(|megabytes| megabytes / RESIDENT_MB_MAX).collect();
    report("idle/resident memory", &resident, "MB", "30 MB", &of_goal);
    report("idle/anonymous memory", &[server.status_kb("RssAnon:") / 1024.0], "MB", "", &[]);
    report("idle/processor", &[percent], "% of a core", "0.2 %", &[percent / IDLE_PERCENT_MAX]);
}

/// A server on ports of its own; it ends with this value.
struct Server {
    child: Child,
    admin: String,
}

impl Server {
    fn up(options: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["up", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0", "--json"]).args(options);
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe was asked for"))
            .read_line(&mut line)
            .expect("a line of JSON");
        let said: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
        let admin = said["admin"].as_str().expect("the admin listener's address");
        Self { child, admin: admin.trim_start_matches("http://").to_owned() }
    }

    /// Asks whether somebody is there, and waits for the answer.
    fn get(&self) {
        let mut stream = TcpStream::connect(&self.admin).expect("a server that listens");
        let request = format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.admin);
        stream.write_all(request.as_bytes()).expect("a server that reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("a server that answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// The processor time that it has used, in ticks.
    fn ticks(&self) -> f64 {
        let stat = self.read("stat");
        // The second field is the program's name, which may contain anything; user and system time are the 14th and
        // the 15th.
        let fields = stat.rsplit(')').next().expect("a name in parentheses").split_ascii_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number of ticks")).sum()
    }

    fn status_kb(&self, name: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of this name");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number of kB")
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("a process that runs")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to stop, it takes the data of `--ephemeral` with it.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if !asked.is_ok_and(|asked| asked.success()) {
            // It may have ended by itself, which whoever asked it something has seen.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn millis(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// One figure, for people and for machines: the median of `values`, and that of `ratios` with their spread.
fn report(name: &str, values: &[f64], unit: &str, against: &str, ratios: &[f64]) {
    let value = median(values);
    let mut figure = serde_json::json!({ "name": name, "value": (value * 1000.0).round() / 1000.0, "unit": unit });
    if ratios.is_empty() {
        println!("{name:<44} {value:>9.3} {unit}");
    } else {
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        let ratio = median(ratios);
        figure["against"] = against.into();
        figure["ratio"] = ((ratio * 1000.0).round() / 1000.0).into();
        figure["spread"] = serde_json::json!([(least * 1000.0).round() / 1000.0, (most * 1000.0).round() / 1000.0]);
        println!("{name:<44} {value:>9.3} {unit:<11} {ratio:>7.3} x {against} ({least:.3} to {most:.3})");
    }
    println!("BENCH {figure}");
}
