//! Decides how the server is tried with other people's programs: which are installed, what is started, what counts.
//!
//! The checks are scripts in `xtask/clients/`; each prints one line for each thing that it checks, `ok …` or
//! `FAILED …`. Here a server is started for them on an empty directory, and their lines are counted. A script that ends
//! badly counts as a failed check, so that none can be skipped by breaking down.

mod install;
mod server;

use crate::Build;
use anyhow::{Context as _, bail, ensure};
use server::Server;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// For each of our templates its scripts, in this order: later ones read what earlier ones wrote.
const SCRIPTS: &[(&str, &[&str])] = &[
    (
        "premium",
        &[
            "walk_through.py",
            "tables.py",
            "expressions.py",
            "libraries.py",
            "functions.py",
            "logs.py",
            "queues.py",
            "pipes.py",
            "event_patterns.py",
            "identity.py",
            "templates.py",
            "metrics.py",
            "javascript.py",
        ],
    ),
    ("orders", &["premium_service.py"]),
    ("snacks", &["snacks.py"]),
    ("commerce", &["sqs.py", "events.py", "endpoints.py", "tracing.py", "cases.py", "slow.py"]),
];

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    build: Build,
    /// How many cases schemathesis makes; without it, as many as fit into three minutes.
    cases: Option<u32>,
    /// Only scripts of these names; all without any.
    scripts: Vec<String>,
}

impl Wanted {
    fn parse(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut wanted = Self { build: Build::Release, cases: None, scripts: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match *argument {
                "--debug" => wanted.build = Build::Debug,
                "--cases" => {
                    let count = rest.next().and_then(|count| count.parse().ok()).filter(|count| *count > 0);
                    wanted.cases = Some(count.context("--cases needs a number, such as 5000")?);
                }
                name => {
                    let script = format!("{}.py", name.trim_end_matches(".py"));
                    let known = SCRIPTS.iter().flat_map(|(_, scripts)| *scripts).any(|known| **known == script);
                    ensure!(known, "there is no script {script} in xtask/clients that is run by itself");
                    wanted.scripts.push(script);
                }
            }
        }
        Ok(wanted)
    }

    fn wants(&self, script: &str) -> bool {
        self.scripts.is_empty() || self.scripts.iter().any(|wanted| wanted == script)
    }
}

/// Runs the checks that are asked for; whether every one passed.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    let wanted = Wanted::parse(arguments)?;
    let python = install::python()?;
    if wanted.wants("slow.py") {
        install::slowhttptest();
    }
    if wanted.wants("javascript.py") {
        install::javascript()?;
    }
    if wanted.wants("snacks.py") {
        install::aws_cli_2();
    }
    let program = crate::build_server(wanted.build)?;
    let directory = crate::target().join("clients").join(format!("data-{}", std::process::id()));
    let mut tally = Tally::default();
    for (stack, scripts) in SCRIPTS {
        let scripts: Vec<&str> = scripts.iter().copied().filter(|script| wanted.wants(script)).collect();
        if scripts.is_empty() {
            continue;
        }
        let server = Server::start(&program, &format!("stacks/{stack}.yaml"), &directory.join(stack))?;
        eprintln!("── {stack} at {}, for customers at {} ──", server.admin, server.public);
        for script in scripts {
            run_script(&python, script, &program, &server, wanted.cases, &mut tally)?;
        }
    }
    // Kept when something failed: whoever looks into it wants to see the data.
    if tally.failed == 0 {
        std::fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    } else {
        println!("the server's data is kept in {}", directory.display());
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally.failed == 0)
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

fn run_script(
    python: &Path,
    script: &str,
    program: &Path,
    server: &Server,
    cases: Option<u32>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
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
        .env("CLIENTS_AWS_2", install::AWS_CLI_2)
        .env("NODE_PATH", install::node_modules())
        .env("ORDERFLOW", program)
        .env("ORDERFLOW_DATA", &server.directory)
        .env("SHOP_URL", &server.public)
        .env("SHOP_KEY", server.key().unwrap_or_default());
    if let Some(cases) = cases {
        command.env("CLIENTS_CASES", cases.to_string());
    }
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
    fn what_is_wanted_is_read_or_refused() {
        let all = Wanted { build: Build::Release, cases: None, scripts: Vec::new() };
        assert_eq!(Wanted::parse(&[]).unwrap(), all);
        let some = Wanted { build: Build::Debug, cases: Some(5_000), scripts: vec!["cases.py".to_owned()] };
        assert_eq!(Wanted::parse(&["--debug", "--cases", "5000", "cases"]).unwrap(), some);
        assert!(all.wants("sqs.py") && some.wants("cases.py") && !some.wants("sqs.py"));
        for wrong in [&["--cases"][..], &["--cases", "0"], &["--cases", "many"], &["check"], &["--release"]] {
            assert!(Wanted::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_script_is_there() {
        for script in SCRIPTS.iter().flat_map(|(_, scripts)| *scripts) {
            assert!(crate::root().join("xtask/clients").join(script).is_file(), "{script}");
        }
    }
}
