//! Decides how other programs are started, watched and ended: none outlives the value that it is started as.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a program may take to be there.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// How long it may take to go when it is asked to.
const DOWN_WITHIN: Duration = Duration::from_secs(20);

/// A program that runs, and ends with this value.
pub(crate) struct Running {
    child: Child,
    name: &'static str,
    /// What asks it to end.
    signal: &'static str,
}

impl Running {
    /// Starts it; what it prints goes to a file beside its data.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = std::fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("{name} cannot be run"))?;
        Ok(Self { child, name, signal: "-TERM" })
    }

    /// Starts it, and waits for the first line that it prints.
    pub(crate) fn start_talking(name: &'static str, command: &mut Command) -> anyhow::Result<(Self, String)> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{name} cannot be run"))?;
        let printed = child.stdout.take().context("a pipe was asked for")?;
        let running = Self { child, name, signal: "-TERM" };
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(printed);
            let mut line = String::new();
            let read = lines.read_line(&mut line).map(|_| line);
            // Nobody waits for it any more when it comes too late.
            let _ = send.send(read);
            // The rest is read too, so that the program never waits for room in the pipe.
            let _ = std::io::copy(&mut lines, &mut std::io::sink());
        });
        let line = receive.recv_timeout(UP_WITHIN).with_context(|| format!("{name} did not come up in time"))??;
        ensure!(!line.is_empty(), "{name} ended before it was up");
        Ok((running, line))
    }

    /// The same, ended by another signal.
    pub(crate) fn ended_by(mut self, signal: &'static str) -> Self {
        self.signal = signal;
        self
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it listens.
    pub(crate) fn listens(&mut self, address: &str) -> anyhow::Result<()> {
        let until = Instant::now() + UP_WITHIN;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended before it listened on {address}: {status}", self.name);
            }
            ensure!(Instant::now() < until, "{} does not listen on {address}", self.name);
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whatever fails here, the kill below does not depend on it.
        let _ = Command::new("kill").arg(self.signal).arg(self.child.id().to_string()).status();
        let until = Instant::now() + DOWN_WITHIN;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            eprintln!("note: {} did not end by itself", self.name);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Runs a program to its end, which must be a good one.
pub(crate) fn done(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).status();
    let status = status.with_context(|| format!("{} cannot be run", command.get_program().display()))?;
    ensure!(status.success(), "{} failed: {status}", command.get_program().display());
    Ok(())
}

/// Asks for something with a request of its own, and gives the status and the body back.
pub(crate) fn ask(address: &str, request: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("nobody answers at {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("no HTTP came back")?;
    let status = std::str::from_utf8(&bytes[..end])?.split(' ').nth(1).context("no status came back")?.parse()?;
    Ok((status, bytes[end + 4..].to_vec()))
}

/// The body of an answer that must be a good one, as JSON.
pub(crate) fn ask_json(address: &str, request: &str) -> anyhow::Result<Json> {
    let (status, body) = ask(address, request)?;
    ensure!((200..300).contains(&status), "{address} answers {status}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

/// Looks at a process's anonymous memory until it is asked for the peak.
pub(crate) struct MemoryWatch {
    stops: Arc<AtomicBool>,
    peak_kib: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    /// Begins.
    pub(crate) fn start(process: u32) -> Self {
        let (stops, peak_kib) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, peak) = (Arc::clone(&stops), Arc::clone(&peak_kib));
        let thread = std::thread::spawn(move || {
            let file = format!("/proc/{process}/status");
            while !stopped.load(Ordering::Relaxed) {
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                peak.fetch_max(anonymous_kib(&text).unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self { stops, peak_kib, thread }
    }

    /// The most that was seen, in megabytes.
    pub(crate) fn peak_megabytes(self) -> f64 {
        self.stops.store(true, Ordering::Relaxed);
        self.thread.join().expect("who looks at memory does not panic");
        self.peak_kib.load(Ordering::Relaxed) as f64 * 1024.0 / 1e6
    }
}

fn anonymous_kib(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_memory_is_found_among_the_rest() {
        let text = "VmRSS:\t  9000 kB\nRssAnon:\t    4321 kB\nRssFile:\t 1 kB\n";
        assert_eq!(anonymous_kib(text), Some(4321));
        assert_eq!(anonymous_kib("Name: x\n"), None);
    }

    #[test]
    fn a_program_ends_with_its_value() {
        let (running, line) =
            Running::start_talking("sh", Command::new("sh").args(["-c", "echo up; exec sleep 60"])).unwrap();
        let id = running.id();
        assert_eq!(line, "up\n");
        drop(running);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}
