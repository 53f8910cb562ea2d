//! Decides how a server is started and stopped for the checks.

use anyhow::Context as _;
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server may take to come up, however busy the machine is.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// A server that runs for the checks, and ends with this value.
pub(super) struct Server {
    child: Child,
    /// Where its data is.
    pub(super) directory: PathBuf,
    /// `http://127.0.0.1:…`
    pub(super) admin: String,
    /// Where customers are served, likewise.
    pub(super) public: String,
}

impl Server {
    /// Starts a server of this build, with this template of ours, on an empty directory.
    pub(super) fn start(program: &Path, template: &str, directory: &Path) -> anyhow::Result<Self> {
        // Events are brought to a script's own endpoint.
        let config = directory.with_extension("toml");
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        std::fs::write(&config, "endpoint-addresses = \"127.0.0.1\"\n")
            .with_context(|| format!("cannot write {}", config.display()))?;
        let mut command = Command::new(program);
        command.current_dir(crate::root()).args(["up", template, "--json"]);
        command.args(["--admin", "127.0.0.1:0", "--public", "127.0.0.1:0", "--data-dir"]).arg(directory);
        command.arg("--config").arg(config);
        // One order that every function fails on, for the checks of dead letters.
        command.env("ORDERFLOW_FAIL_ORDERS", "ORD-POISON");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{} cannot be run", program.display()))?;
        let printed = child.stdout.take().context("a pipe was asked for")?;
        let mut server = Self { child, directory: directory.to_owned(), admin: String::new(), public: String::new() };
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(printed).read_line(&mut line).map(|_| line);
            // Nobody waits for it any more when it comes too late.
            let _ = send.send(read);
        });
        let line = receive.recv_timeout(UP_WITHIN).context("the server did not come up in time")??;
        let said: Json = serde_json::from_str(&line).with_context(|| format!("the server printed {line:?}"))?;
        let listens =
            |name: &str| said[name].as_str().map(str::to_owned).context("the server did not say where it listens");
        (server.admin, server.public) = (listens("admin")?, listens("public")?);
        Ok(server)
    }

    /// The key that it made for this machine; none if its stack needs none.
    pub(super) fn key(&self) -> Option<String> {
        Some(std::fs::read_to_string(self.directory.join("api-key")).ok()?.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let until = Instant::now() + Duration::from_secs(15);
        while stopped.is_ok() && Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        eprintln!("note: the server did not stop when asked, and was killed");
        // It may have ended meanwhile, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
