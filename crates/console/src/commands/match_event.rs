//! Decides whether a pattern matches an event, and what is said if not. What is doubtful about the pattern in either case
//! decides [`super::doubts`].

use super::counted;
use super::doubts::{self, Doubts};
use super::findings::{self, Shown};
use super::record::{self, Record};
use crate::cli::Match;
use crate::exit::{DONE, Failure, NO, Stop, USAGE};
use crate::terminal::{Look, Out, Paint, safe};
use pattern::{Dialect, Explanation, Mark, Pattern};
use serde::Serialize;
use std::io::Read;
use std::path::Path;
use types::SortedSet;

/// How much is read of a file or of the standard input.
const INPUT_BYTES_MAX: u64 = 64 << 20;

/// Matches what the options name.
pub(super) fn run(wanted: &Match, json: bool, out: &mut Out) -> Result<u8, Stop> {
    if wanted.pattern == "-" && wanted.event == "-" {
        let failure = Failure::new(USAGE, "--pattern and --event cannot both come from the standard input");
        return Err(failure.hint("put one of them into a file and name it with @FILE").into());
    }
    let pattern = text_of(&wanted.pattern, "pattern", &mut std::io::stdin())?;
    let event = text_of(&wanted.event, "event", &mut std::io::stdin())?;
    let dialect = if wanted.pipe { Dialect::Pipe } else { Dialect::Bus };
    let given = Event::of(&event, &pattern, dialect);
    let doubts = Doubts::of(&pattern, given.sample(), dialect);
    let notes: Vec<String> = given.notes.iter().cloned().chain(doubts.note()).collect();
    let file = wanted.pattern.strip_prefix('@').unwrap_or("the pattern");
    let shown = doubts.shown(&pattern, file);
    let parsed = match parse(&pattern, dialect) {
        Ok(parsed) => parsed,
        Err(failure) => return doubts::refused(&failure, &shown, json, out),
    };
    let said: Vec<Explanation> = given.seen.iter().map(|seen| explain(&parsed, seen)).collect::<Result<_, _>>()?;
    if json {
        out.json(&view(&said, &notes, &shown))?;
    } else {
        out.print(&(draw_all(&said, &notes, out.look) + &doubts::draw(&shown, out.look)))?;
    }
    Ok(if said.iter().any(|said| said.matched) { DONE } else { NO })
}

/// The event that was given.
struct Event {
    /// The records of it, or it alone, as they were given.
    given: Vec<String>,
    /// The same as they are matched.
    seen: Vec<String>,
    /// What there is to know about how they are matched.
    notes: Vec<String>,
}

impl Event {
    fn of(event: &str, pattern: &str, dialect: Dialect) -> Self {
        let alone = vec![event.to_owned()];
        let records = record::records(event);
        if dialect == Dialect::Bus {
            let note = "this is a list of records: --pipe matches each of them by itself, as a pipe does";
            let notes = records.iter().map(|_| note.to_owned()).collect();
            return Self { seen: alone.clone(), given: records.unwrap_or(alone), notes };
        }
        let each = "a pipe sees each record by itself, without `Records` around it";
        let mut notes: Vec<String> = records.iter().map(|_| each.to_owned()).collect();
        let given = records.unwrap_or(alone);
        let mut seen = Vec::with_capacity(given.len());
        for text in &given {
            let record = Record::of(text, pattern);
            seen.push(record.text);
            notes.extend(record.notes);
        }
        // What is true of many records is said once.
        let mut said = SortedSet::new();
        notes.retain(|note| said.insert(note.clone()));
        Self { given, seen, notes }
    }

    /// The one that patterns are held against to find what is doubtful.
    fn sample(&self) -> &str {
        self.given.first().map_or("", String::as_str)
    }
}

/// The text of a file.
pub(super) fn read_file(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(INPUT_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// The text itself, or what stands in the file or the input that it names.
pub(super) fn text_of(given: &str, what: &str, input: &mut dyn Read) -> Result<String, Failure> {
    let (source, name): (&mut dyn Read, String) = if given == "-" {
        (input, "the standard input".to_owned())
    } else if let Some(path) = given.strip_prefix('@') {
        let file = std::fs::File::open(path);
        let file = file.map_err(|error| Failure::new(USAGE, format!("--{what}: {path} cannot be read: {error}")))?;
        (&mut { file }, path.to_owned())
    } else {
        if !given.trim_start().starts_with('{') && Path::new(given).is_file() {
            let failure = Failure::new(USAGE, format!("--{what}: {given} is no JSON, but a file's name"));
            return Err(failure.hint(format!("did you mean @{given}?")));
        }
        return Ok(without_mark(given.to_owned()));
    };
    let mut text = String::new();
    let read = source.take(INPUT_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::new(USAGE, format!("--{what}: {name} cannot be read: {error}")))?;
    if text.len() as u64 > INPUT_BYTES_MAX {
        let error = format!("--{what}: {name} has more than {} MB", INPUT_BYTES_MAX >> 20);
        return Err(Failure::new(USAGE, error));
    }
    Ok(without_mark(text))
}

/// Without the mark that some editors put at the beginning of a file.
fn without_mark(text: String) -> String {
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}

fn parse(pattern: &str, dialect: Dialect) -> Result<Pattern, Failure> {
    Pattern::parse(pattern, dialect).map_err(|error| {
        let failure = Failure::new(USAGE, error.to_string());
        match error.kind {
            pattern::ParseErrorKind::NotInDialect => failure.hint("pipes do not have this operator, event buses do"),
            _ if error.path.is_empty() => failure,
            _ => failure.hint(format!("it is at {} in line {}, column {}", error.path, error.line, error.column)),
        }
    })
}

fn explain(pattern: &Pattern, event: &str) -> Result<Explanation, Failure> {
    pattern.explain_json(event.as_bytes()).map_err(|error| Failure::new(USAGE, error.to_string()))
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct View<'a> {
    #[serde(flatten)]
    answer: Answer<'a>,
    /// What there is to know about how it was matched.
    notes: &'a [String],
    /// What is doubtful about the pattern.
    findings: Vec<findings::View<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    One(&'a Explanation),
    /// Of several records.
    Several {
        /// Whether one of them matches.
        matched: bool,
        records: &'a [Explanation],
    },
}

fn view<'a>(said: &'a [Explanation], notes: &'a [String], shown: &[Shown<'a>]) -> View<'a> {
    let answer = match said {
        [one] => Answer::One(one),
        records => Answer::Several { matched: records.iter().any(|said| said.matched), records },
    };
    View { answer, notes, findings: shown.iter().map(findings::view).collect() }
}

fn draw_all(said: &[Explanation], notes: &[String], look: Look) -> String {
    let mut text = String::new();
    if let [one] = said {
        text += &draw(one, look);
    } else {
        let matched = said.iter().filter(|said| said.matched).count();
        text += &format!("{matched} of {} match\n", counted(said.len() as u64, "record"));
        for (index, said) in said.iter().enumerate() {
            text += &format!("\nrecord {}: {}", index + 1, draw(said, look));
        }
        text += if notes.is_empty() { "" } else { "\n" };
    }
    for note in notes {
        text += &format!("{} {}\n", look.paint(Paint::Cyan, "note:"), safe(note));
    }
    text
}

/// Whether it matches, and below that every clause in the shape of the pattern.
fn draw(said: &Explanation, look: Look) -> String {
    let mut text = match said.matched {
        true => format!("{}\n", look.paint(Paint::Green, "✔ it matches")),
        false => format!("{}\n", look.paint(Paint::Yellow, "✘ it does not match")),
    };
    for line in said.tree.lines() {
        text += &format!("  {}\n", draw_line(line.mark, &line.stem, &line.text, look));
    }
    text
}

/// A line of a drawn pattern.
pub(super) fn draw_line(mark: Mark, stem: &str, text: &str, look: Look) -> String {
    let (stem, text) = (look.paint(Paint::Dim, &safe(stem)), safe(text));
    match mark {
        Mark::Holds => format!("{stem}{} {text}", look.paint(Paint::Green, "✔")),
        Mark::Fails => format!("{stem}{} {text}", look.paint(Paint::Yellow, "✘")),
        Mark::Skipped => format!("{stem}{}", look.paint(Paint::Dim, &format!("– {text}"))),
        Mark::Advice => format!("{stem}{} {text}", look.paint(Paint::Dim, "↳")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(pattern: &str, event: &str, dialect: Dialect) -> u8 {
        match parse(pattern, dialect).and_then(|pattern| explain(&pattern, event)) {
            Ok(said) if said.matched => DONE,
            Ok(_) => NO,
            Err(failure) => failure.code,
        }
    }

    #[test]
    fn a_match_a_miss_and_nonsense_have_codes_of_their_own() {
        let nested = r#"{"a":[{"anything-but":{"prefix":"x"}}]}"#;
        let cases = [
            (r#"{"a":[1]}"#, r#"{"a":1}"#, Dialect::Bus, DONE),
            (r#"{"a":[1]}"#, r#"{"a":"1"}"#, Dialect::Bus, NO),
            (r#"{"a":1}"#, r#"{"a":1}"#, Dialect::Bus, USAGE),
            (r#"{"a":[1]}"#, r#"{"a":"#, Dialect::Bus, USAGE),
            (r#"{"a":[1]}"#, "[]", Dialect::Bus, USAGE),
            (nested, r#"{"a":"y"}"#, Dialect::Bus, DONE),
            (nested, r#"{"a":"y"}"#, Dialect::Pipe, USAGE),
        ];
        for (pattern, event, dialect, expected) in cases {
            assert_eq!(code(pattern, event, dialect), expected, "{pattern} on {event}");
        }
    }

    #[test]
    fn a_miss_says_which_clause_and_which_value() {
        let pattern = r#"{"status":{"S":["shipped"]},"kind":["order"],"old":[{"exists":true}]}"#;
        let pattern = parse(pattern, Dialect::Pipe).unwrap();
        let said = explain(&pattern, r#"{"status":{"S":"pending"},"kind":"order"}"#).unwrap();
        insta::assert_snapshot!(draw(&said, Look::PLAIN), @r#"
        ✘ it does not match
          ├─ ✘ status.S is "pending", the pattern wants "shipped"
          ├─ ✔ kind is "order", as the pattern wants: "order"
          └─ ✘ old is absent, the pattern wants any value
             ↳ the event has no `old`; it has: status, kind
        "#);
        let json = serde_json::to_value(view(std::slice::from_ref(&said), &[], &[])).unwrap();
        assert_eq!(json["matched"], false);
        assert_eq!(json["clauses"][0]["path"], "status.S");
        assert_eq!(json["clauses"][0]["seen"][0], "\"pending\"");
        assert_eq!(json["tree"]["pieces"][2]["whyNot"], "the event has no `old`; it has: status, kind");
        assert_eq!(json["reasons"].as_array().unwrap().len(), 2);
        let coloured = draw(&said, Look { colour: true, width: None });
        assert!(coloured.contains("\u{1b}[33m✘\u{1b}[0m status.S is"), "{coloured}");
    }

    #[test]
    fn texts_come_from_the_option_a_file_or_the_input() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("event.json");
        std::fs::write(&path, "{\"b\":2}").unwrap();
        let named = format!("@{}", path.display());
        let cases = [("{\"a\":1}", "{\"a\":1}"), (named.as_str(), "{\"b\":2}"), ("-", "{\"c\":3}")];
        for (given, expected) in cases {
            assert_eq!(text_of(given, "event", &mut "{\"c\":3}".as_bytes()).unwrap(), expected, "{given}");
        }
        let missing = text_of("@/nonexistent", "event", &mut "".as_bytes()).unwrap_err();
        assert_eq!(missing.code, USAGE);
        assert!(missing.error.starts_with("--event: /nonexistent cannot be read"), "{}", missing.error);
        assert_eq!(text_of("-", "event", &mut [0xff_u8].as_slice()).unwrap_err().code, USAGE);
    }
}
