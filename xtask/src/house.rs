//! Decides what every file of the repository must be like, as far as a machine can see it.

use std::path::{Path, PathBuf};

/// The most lines of a source file: long before that, it decides two things and wants to be two.
const LINES_MAX: usize = 900;
/// Directories that are not ours to look into.
const NOT_OURS: &[&str] = &[".git", "target", "orderflow-data"];

/// Places outside of the repository: whoever reads it has no such things. Spelt in two halves, as this file is read too.
const OUTSIDE: &[&str] = &[concat!("..", "/shared"), concat!("/work", "/main"), concat!("/work", "/shared")];

/// Every file of the repository, in order.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&crate::root(), &mut found);
    found.sort();
    assert!(found.len() > 50, "the repository was found: {found:?}");
    found
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory that can be read") {
        let path = entry.expect("an entry that can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // A server that ran in the repository leaves data of its own.
        if path.is_dir() && !NOT_OURS.contains(&name) {
            collect(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix(crate::root()).unwrap_or(path).display().to_string()
}

fn sources() -> impl Iterator<Item = (String, String)> {
    let rust = files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| (shown(&path), std::fs::read_to_string(&path).expect("source that is text")))
}

/// Fails with every finding, not only the first.
fn none(findings: impl Iterator<Item = String>, rule: &str) {
    let findings: Vec<String> = findings.collect();
    assert!(findings.is_empty(), "\n{rule}:\n  {}\n", findings.join("\n  "));
}

#[test]
fn every_file_begins_with_what_it_decides() {
    let headless = sources().filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path);
    none(headless, "a source file begins with `//! ` and what it decides");
}

#[test]
fn no_file_is_too_long() {
    let lengths = sources().map(|(path, text)| (path, text.lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > LINES_MAX).map(|(path, lines)| format!("{path}: {lines}"));
    none(long, &format!("a source file has at most {LINES_MAX} lines"));
}

#[test]
fn whoever_complains_goes_on_if_nobody_hears_it() {
    let rooms =
        ["crates/console/src/", "crates/desk/src/", "crates/engine/src/", "crates/runtime/src/", "crates/server/src/"];
    let ours = sources().filter(|(path, _)| rooms.iter().any(|room| path.starts_with(room)));
    let calls = |line: &&str| line.contains("eprintln!(") || line.contains("eprint!(");
    let found = ours.filter_map(|(path, text)| text.lines().find(calls).map(|line| format!("{path}: {}", line.trim())));
    none(found, "`eprintln!` ends its thread where the standard error takes nothing: `engine::complain!` does not");
}

#[test]
fn work_that_waits_is_begun_in_one_place() {
    let ours = sources().filter(|(path, _)| path.starts_with("crates/") && path != "crates/engine/src/aside.rs");
    let found = ours.filter(|(_, text)| text.contains("spawn_blocking(")).map(|(path, _)| path);
    none(found, "`spawn_blocking` makes forty functions of each type of work: `engine::aside` makes them once");
}

#[test]
fn the_repository_speaks_of_itself_alone() {
    let mut findings = Vec::new();
    for path in files() {
        // What is no text says nothing.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            if OUTSIDE.iter().any(|outside| line.contains(outside)) {
                findings.push(format!("{}:{}: {}", shown(&path), at + 1, line.trim()));
            }
        }
    }
    none(findings.into_iter(), "no file names a place that is not in the repository");
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let manifests = files().into_iter().filter(|path| path.ends_with("Cargo.toml"));
    let mut without = Vec::new();
    for path in manifests.filter(|path| path.parent() != Some(&crate::root())) {
        let text = std::fs::read_to_string(&path).expect("a manifest that is text");
        // A workspace without a crate of its own has none to lint.
        if !text.contains("[package]") {
            continue;
        }
        let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
        if !lines.by_ref().take_while(|line| !line.starts_with('[')).any(|line| line == "workspace = true") {
            without.push(shown(&path));
        }
    }
    none(without.into_iter(), "a manifest says [lints] workspace = true");
}

#[test]
fn the_bytes_on_disk_are_described() {
    let path = crate::root().join("crates/store/FORMAT.md");
    assert!(path.is_file(), "there is no {}", shown(&path));
}
