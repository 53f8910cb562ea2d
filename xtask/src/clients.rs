//! Decides how the server is tried with other people's programs: which are installed, what is started, what counts.
//!
//! The checks are scripts in `xtask/clients/`; each prints one line for each thing that it checks, `ok …` or
//! `FAILED …`. Here a server is started for them on an empty directory, and their lines are counted. A script that ends
//! badly counts as a failed check, so that none can be skipped by breaking down.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// In this order: later ones read what earlier ones wrote.
const SCRIPTS: &[&str] = &[
    "walk_through.py",
    "tables.py",
    "functions.py",
    "logs.py",
    "queues.py",
    "event_patterns.py",
    "identity.py",
    "templates.py",
];
/// How long the server may take to come up, however busy the machine is.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// Which build is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Ours to give away.
    Release,
    /// Sooner built.
    Debug,
}

/// Runs all checks; whether every one passed.
pub(crate) fn run(build: Build) -> anyhow::Result<bool> {
    let python = install()?;
    let program = build_server(build)?;
    let directory = crate::target().join("clients").join(format!("data-{}", std::process::id()));
    let server = Server::start(&program, &directory)?;
    eprintln!("── server at {} ──", server.admin);
    let mut tally = Tally::default();
    for script in SCRIPTS {
        run_script(&python, script, &program, &server, &mut tally)?;
    }
    drop(server);
    // Kept when something failed: whoever looks into it wants to see the data.
    if tally.failed == 0 {
        std::fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    } else {
        println!("the server's data is kept in {}", directory.display());
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally.failed == 0)
}

/// Installs the programs, unless they are there already; the Python that knows them is given back.
fn install() -> anyhow::Result<PathBuf> {
    let home = crate::target().join("clients");
    let (place, stamp) = (home.join("venv"), home.join("installed.txt"));
    let wanted = crate::root().join("xtask/clients/requirements.txt");
    let wanted_text = std::fs::read_to_string(&wanted)?;
    let python = place.join("bin/python");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted_text) && python.is_file() {
        return Ok(python);
    }
    eprintln!("── installing aws-cli, boto3 and cfn-lint into {} ──", place.display());
    std::fs::create_dir_all(&home)?;
    let venv = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place).status();
    ensure!(venv.context("python3 cannot be run; these checks need it")?.success(), "python3 -m venv failed");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
    ensure!(pip.stdin(Stdio::null()).status()?.success(), "pip cannot install {}", wanted.display());
    std::fs::write(&stamp, wanted_text)?;
    Ok(python)
}

fn build_server(build: Build) -> anyhow::Result<PathBuf> {
    let mut command = crate::cargo();
    command.args(["build", "--package", "server"]);
    let profile = match build {
        Build::Release => {
            command.arg("--release");
            "release"
        }
        Build::Debug => "debug",
    };
    ensure!(command.stdin(Stdio::null()).status()?.success(), "the server does not build");
    Ok(crate::target().join(profile).join("orderflow"))
}

/// A server that runs for the checks, and ends with this value.
struct Server {
    child: Child,
    directory: PathBuf,
    /// `http://127.0.0.1:…`
    admin: String,
}

impl Server {
    fn start(program: &Path, directory: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.current_dir(crate::root()).args(["up", "stacks/premium.yaml", "--json"]);
        command.args(["--admin", "127.0.0.1:0", "--public", "127.0.0.1:0", "--data-dir"]).arg(directory);
        // One order that every function fails on, for the checks of dead letters.
        command.env("ORDERFLOW_FAIL_ORDERS", "ORD-POISON");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{} cannot be run", program.display()))?;
        let printed = child.stdout.take().context("a pipe was asked for")?;
        let mut server = Self { child, directory: directory.to_owned(), admin: String::new() };
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(printed).read_line(&mut line).map(|_| line);
            // Nobody waits for it any more when it comes too late.
            let _ = send.send(read);
        });
        let line = receive.recv_timeout(UP_WITHIN).context("the server did not come up in time")??;
        let said: Json = serde_json::from_str(&line).with_context(|| format!("the server printed {line:?}"))?;
        server.admin = said["admin"].as_str().context("the server did not say where it listens")?.to_owned();
        Ok(server)
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

/// How many checks there were.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    /// Counts one line that a script printed; lines that are no verdict do not count.
    fn count(&mut self, line: &str) {
        if line.starts_with("ok ") {
            self.passed += 1;
        } else if line.starts_with("FAILED ") {
            self.failed += 1;
        }
    }
}

fn run_script(python: &Path, script: &str, program: &Path, server: &Server, tally: &mut Tally) -> anyhow::Result<()> {
    eprintln!("── {script} ──");
    let bin = python.parent().context("a Python lies in a directory")?;
    let mut command = Command::new(python);
    command.arg(crate::root().join("xtask/clients").join(script)).current_dir(crate::root());
    // Nothing that its owner has told this machine about AWS may have a say.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if text.starts_with("AWS_") || text.starts_with("BOTO") || text.ends_with("_PROXY") {
            command.env_remove(&name);
        }
    }
    command
        .env("AWS_ENDPOINT_URL", &server.admin)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_PAGER", "")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHONUNBUFFERED", "1")
        .env("CLIENTS_BIN", bin)
        .env("ORDERFLOW", program)
        .env("ORDERFLOW_DATA", &server.directory);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let printed = child.stdout.take().context("a pipe was asked for")?;
    let before = tally.passed + tally.failed;
    for line in BufReader::new(printed).lines() {
        let line = line?;
        println!("{line}");
        tally.count(&line);
    }
    let ended = child.wait()?;
    if !ended.success() {
        let line = format!("FAILED {script}: it ended with {ended} before its last check");
        println!("{line}");
        tally.count(&line);
    }
    if tally.passed + tally.failed == before {
        bail!("{script} checked nothing");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_counted_and_nothing_else() {
        let mut tally = Tally::default();
        for line in ["ok a put", "FAILED a get: expected", "okay", "  ok b", "", "ok b"] {
            tally.count(line);
        }
        assert_eq!(tally, Tally { passed: 2, failed: 1 });
    }

    #[test]
    fn every_script_is_there() {
        for script in SCRIPTS {
            assert!(crate::root().join("xtask/clients").join(script).is_file(), "{script}");
        }
    }
}
