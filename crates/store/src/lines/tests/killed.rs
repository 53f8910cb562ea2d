//! A process that appends is killed at any moment: what it was told is kept is there.

use super::*;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const DIR: &str = "LINES_TEST_DIR";

/// The process to be killed: appends without end and says which appends returned.
fn append_until_killed(dir: &Path) {
    let lines = open(dir);
    let mut out = std::io::stdout();
    for n in texts(&lines, "g").len() as i64.. {
        // Segments change every few lines, so that kills fall into sealing as well.
        lines.append("g", "s", &[(n, format!("{n}"))], n * DAY_MS / 5).unwrap();
        writeln!(out, "appended {n}").unwrap();
    }
}

/// The test starts this program again, with this test alone and a directory: that is the process to be killed.
#[test]
fn what_was_appended_outlives_a_kill() {
    if let Some(dir) = std::env::var_os(DIR) {
        append_until_killed(Path::new(&dir));
    }
    const ROUNDS: i64 = 20;
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = -1;
    drop(open(dir.path()).create_group("g", None, 0));
    for round in 1..=ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{}::what_was_appended_outlives_a_kill", module()), "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        for line in out.lines() {
            if let Some(n) = line.unwrap().strip_prefix("appended ") {
                acknowledged = n.parse().unwrap();
            }
            if acknowledged >= round * 23 {
                // What it still says after this is in the pipe, and read before the loop ends.
                child.kill().ok();
            }
        }
        child.wait().unwrap();
        let lines = open(dir.path());
        let found = texts(&lines, "g");
        assert!(acknowledged >= round * 23, "the process ended by itself");
        assert!(found.len() as i64 > acknowledged, "{} lines, {acknowledged} was acknowledged", found.len());
        assert!(found.iter().enumerate().all(|(n, text)| *text == n.to_string()), "round {round}: {found:?}");
    }
    assert!(segments(&open(dir.path()), "g").len() > 50);
}

/// The path of this module below its crate, as the test runner names it.
fn module() -> &'static str {
    module_path!().split_once("::").unwrap().1
}
