//! Decides how the page of all lints reads: [`page`].
//!
//! Everything on it comes from the table and from checking its examples, so that the severities and the messages are
//! those that a user will see.

use super::{Context, Engine, Finding, Images, Lint, Severity, Source, check, lints};
use crate::{Dialect, Pattern};

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
         A filter can be valid and still never match, always match, or be refused when you deploy it. This page lists what \
         `orderflow check` says about patterns. Each entry has an example and, where it can be said without knowing more, \
         the same pattern mended.\n\n\
         - An *error* is refused when you deploy, or never does what it says.\n\
         - A *warning* runs, but is surely not what was meant.\n\
         - An *info* is worth knowing and may be just what was meant. `orderflow check` shows infos only with `--info`.\n\n\
         The table of each entry says how bad the mistake is on orderflow, on an event bus of AWS and in a pipe of AWS. A \
         dash means that it does not concern that engine. The severities are those of the example: with a sample, or where \
         only part of a list is wrong, the same lint can be more or less severe. Filters of event source mappings are judged \
         as those of pipes: AWS documents no table for them that says what is refused, only a list of operators for Lambda, \
         and that list has neither wildcard nor an operator inside anything-but.\n\n\
         <!-- This page is generated from the lints themselves. -->\n\n",
    );
    operators(&mut page);
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

/// Operators with an example, and what the documentation of AWS says about buses and about pipes.
const OPERATORS: [(&str, &str, [&str; 2]); 17] = [
    ("equals", r#""a""#, ["yes", "yes"]),
    ("empty, null", r#""", null"#, ["yes", "yes"]),
    ("equals-ignore-case", r#"{"equals-ignore-case": "a"}"#, ["yes", "yes"]),
    ("prefix", r#"{"prefix": "a"}"#, ["yes", "yes"]),
    ("prefix, ignoring case", r#"{"prefix": {"equals-ignore-case": "a"}}"#, ["yes", "yes"]),
    ("suffix", r#"{"suffix": "a"}"#, ["yes", "yes"]),
    ("suffix, ignoring case", r#"{"suffix": {"equals-ignore-case": "a"}}"#, ["yes", "yes"]),
    ("wildcard", r#"{"wildcard": "a*b"}"#, ["yes", "no"]),
    ("anything-but", r#"{"anything-but": ["a", "b"]}"#, ["yes", "yes"]),
    ("anything-but with prefix", r#"{"anything-but": {"prefix": "a"}}"#, ["yes", "no"]),
    ("anything-but with suffix", r#"{"anything-but": {"suffix": "a"}}"#, ["yes", "no"]),
    ("anything-but ignoring case", r#"{"anything-but": {"equals-ignore-case": "a"}}"#, ["yes", "no"]),
    ("anything-but with wildcard", r#"{"anything-but": {"wildcard": "a*b"}}"#, ["yes", "no"]),
    ("numeric", r#"{"numeric": [">", 0, "<=", 5]}"#, ["yes", "yes"]),
    ("exists", r#"{"exists": false}"#, ["yes", "yes"]),
    ("cidr", r#"{"cidr": "10.0.0.0/24"}"#, ["not listed", "not listed"]),
    ("$or", OR, ["yes", "yes"]),
];

const OR: &str = r#""$or": [{"a": [1]}, {"b": [2]}]"#;

/// Which operators there are where. What orderflow takes is asked of the parser.
fn operators(page: &mut String) {
    page.push_str(
        "## Operators\n\n\
         | operator | example | orderflow bus | orderflow pipe | AWS bus | AWS pipe |\n|---|---|---|---|---|---|\n",
    );
    for (name, example, [bus, pipe]) in OPERATORS {
        let text = if example == OR { format!("{{{example}}}") } else { format!("{{\"a\": [{example}]}}") };
        let here = |dialect| if Pattern::parse(&text, dialect).is_ok() { "yes" } else { "no" };
        page.push_str(&format!(
            "| {name} | `{example}` | {} | {} | {bus} | {pipe} |\n",
            here(Dialect::Bus),
            here(Dialect::Pipe)
        ));
    }
    page.push_str(
        "\nThe columns of AWS are those of the table of comparison operators in its documentation. cidr is not in that \
         table, though the documentation describes it.\n\n## Contents\n\n",
    );
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

/// Where the same mistake looks otherwise for the other dialect: the lint, a text that has it, and its source.
const ELSEWHERE: [(&str, &str, Dialect, Source); 3] = [
    ("wrong-root", r#"{"dynamodb": {"newImage": {"status": {"S": ["new"]}}}}"#, Dialect::Pipe, STREAM),
    ("exists-non-leaf", r#"{"dynamodb": {"NewImage": {"status": [{"exists": true}]}}}"#, Dialect::Pipe, STREAM),
    ("always-false", r#"{"detail": {"state": ["on"], "state.cause": ["user"]}}"#, Dialect::Bus, Source::Bus),
];

const STREAM: Source = Source::DynamoDb(Images::Unknown);

/// What is said of the example: first in its own dialect, then in the other one.
fn of_example(lint: &Lint) -> [Option<Finding>; 2] {
    let find = |text, dialect, source| {
        let context = Context { dialect, source, sample: lint.sample.map(str::as_bytes) };
        check(text, &context).into_iter().find(|finding| finding.lint.id == lint.id)
    };
    let other = match lint.dialect {
        Dialect::Bus => Dialect::Pipe,
        Dialect::Pipe => Dialect::Bus,
    };
    let elsewhere = ELSEWHERE.into_iter().find(|(id, ..)| *id == lint.id);
    let (_, text, dialect, source) = elsewhere.unwrap_or((lint.id, lint.wrong, other, Source::Unknown));
    [find(lint.wrong, lint.dialect, lint.source), find(text, dialect, source)]
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
