//! Decides how the page of all lints reads: [`page`].
//!
//! Everything on it comes from the table and from checking its examples, so that the severities and the messages are
//! those that a user will see.

use super::{Context, Engine, Finding, Lint, Severity, Source, check, lints};
use crate::Dialect;

/// The documentation of all lints as Markdown: what goes wrong, on which engine, and what to write.
///
/// ```
/// let page = pattern::lint::page();
/// assert!(page.starts_with("# Lints\n"));
/// assert!(page.contains("### `ab-glob-literal`"));
/// ```
pub fn page() -> String {
    let mut page = String::from(
        "# Lints\n\n\
         A filter can be valid and still never match, always match, or be refused where it is deployed. This page lists \
         what `orderflow check` says about patterns, with an example of each mistake and, where it can be said without \
         knowing more, the same pattern mended. An *error* is refused, or never does what it says; a *warning* is surely \
         not what was meant, though it runs; an *info* is worth knowing and perhaps just what was meant. orderflow's own \
         engine runs the patterns of buses and of pipes as AWS does; the tables say what a mistake is worth where.\n\n\
         <!-- This page is generated from the lints themselves. -->\n\n",
    );
    let rows = lints();
    let (with_sample, without): (Vec<&Lint>, Vec<&Lint>) = rows.iter().partition(|lint| lint.needs_sample);
    let groups = [("Found in the pattern alone", without), ("Found when a sample is given", with_sample)];
    for (title, lints) in &groups {
        page.push_str(&format!("- {title}\n"));
        for lint in lints {
            page.push_str(&format!("  - [`{}`](#{}): {}\n", lint.id, lint.id, lint.title));
        }
    }
    for (title, lints) in &groups {
        page.push_str(&format!("\n## {title}\n"));
        for lint in lints {
            describe(&mut page, lint);
        }
    }
    page
}

fn describe(page: &mut String, lint: &Lint) {
    let findings = of_example(lint);
    let mut text = format!("\n### `{}`\n\n*{}*\n\n{}\n", lint.id, lint.title, lint.explanation);
    if !lint.wrong.is_empty() {
        text.push_str(&severities(&findings));
        let place = place(lint);
        text.push_str(&format!("\nWrong{place}:\n\n```json\n{}\n```\n", lint.wrong));
        if let Some(sample) = lint.sample {
            text.push_str(&format!("\nwith the sample\n\n```text\n{sample}\n```\n"));
        }
        if let Some(finding) = findings.iter().flatten().next() {
            text.push_str(&format!("\nWhat is said:\n\n> {}\n", finding.message));
        }
        if let Some(right) = lint.right {
            text.push_str(&format!("\nRight:\n\n```json\n{right}\n```\n"));
        }
    }
    page.push_str(&text);
}

/// What is said of the example: first in its own dialect, then in the other one.
fn of_example(lint: &Lint) -> [Option<Finding>; 2] {
    let find = |dialect, source| {
        let context = Context { dialect, source, sample: lint.sample.map(str::as_bytes) };
        check(lint.wrong, &context).into_iter().find(|finding| finding.lint.id == lint.id)
    };
    let other = match lint.dialect {
        Dialect::Bus => Dialect::Pipe,
        Dialect::Pipe => Dialect::Bus,
    };
    [find(lint.dialect, lint.source), find(other, Source::Unknown)]
}

fn severities(findings: &[Option<Finding>; 2]) -> String {
    let of = |engine: Engine| -> Option<Severity> {
        findings.iter().flatten().filter_map(|finding| finding.severities.of(engine)).next()
    };
    let word = |engine| of(engine).map_or_else(|| "–".to_owned(), |severity| severity.to_string());
    format!(
        "\n| orderflow | AWS bus | AWS pipe |\n|---|---|---|\n| {} | {} | {} |\n",
        word(Engine::Here),
        word(Engine::AwsBus),
        word(Engine::AwsPipe)
    )
}

fn place(lint: &Lint) -> &'static str {
    match (lint.dialect, lint.source) {
        (Dialect::Bus, _) => "",
        (Dialect::Pipe, Source::DynamoDb(_)) => " on the change stream of a table",
        (Dialect::Pipe, Source::Queue) => " on a queue",
        (Dialect::Pipe, _) => " in a pipe",
    }
}
