//! Decides how a finding is shown: as a good compiler would, with the line that it is about and what to write instead.
//!
//! `check` shows findings of templates with it, `match` those of one pattern. Start at [`draw`]; with `--json` a
//! [`View`] is printed.

use crate::commands::pretty;
use crate::terminal::{Look, Paint, columns, safe};
use pattern::lint::{Engine, Severities, Severity};
use serde::Serialize;
use stack::Position;
use stack::check::{Spelling, Together};

/// How many characters of a line are shown that is longer than this.
const LINE_MAX: usize = 160;
/// How many of them stand before the place, at most.
const BEFORE_MAX: usize = 60;

/// A finding, wherever it was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// The mistake's stable name.
    pub(super) id: &'a str,
    /// What will happen.
    pub(super) message: &'a str,
    /// How bad it is for whom.
    pub(super) severities: Severities,
    /// What AWS's pipe engine is called here.
    pub(super) pipe_engine: &'a str,
    /// The file, or what the text is called.
    pub(super) file: &'a str,
    /// Where it begins.
    pub(super) at: Position,
    /// Behind what it ends, if that is on the same line.
    pub(super) end: Option<Position>,
    /// The line.
    pub(super) line: &'a str,
    /// The way to it in the template; empty where there is none.
    pub(super) path: &'a str,
    /// The way to it in the pattern; empty where there is none.
    pub(super) pattern_path: &'a str,
    /// What to do.
    pub(super) hint: Option<&'a str>,
    /// What to write instead, if nothing else is changed.
    pub(super) mended: Option<&'a str>,
    /// How the text that it replaces is written.
    pub(super) spelling: Spelling,
    /// Where the pattern is that has this and others mended, if there are others.
    pub(super) together: Option<&'a Together>,
}

/// What `--json` prints of a finding.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View<'a> {
    id: &'a str,
    severity: String,
    severities: SeveritiesView,
    message: &'a str,
    file: &'a str,
    line: u32,
    column: u32,
    /// Behind what it ends on that line.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
    #[serde(skip_serializing_if = "str::is_empty")]
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pattern_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mended: Option<&'a str>,
    /// The same pattern with all that can be mended.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_mended: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SeveritiesView {
    here: Option<String>,
    aws_bus: Option<String>,
    aws_pipe: Option<String>,
}

impl Shown<'_> {
    /// The worst that it is anywhere.
    pub(super) fn severity(&self) -> Severity {
        self.severities.worst().unwrap_or(Severity::Info)
    }
}

/// The finding for programs.
pub(super) fn view<'a>(shown: &Shown<'a>) -> View<'a> {
    let word = |engine| shown.severities.of(engine).map(|severity| severity.to_string());
    View {
        id: shown.id,
        severity: shown.severity().to_string(),
        severities: SeveritiesView {
            here: word(Engine::Here),
            aws_bus: word(Engine::AwsBus),
            aws_pipe: word(Engine::AwsPipe),
        },
        message: shown.message,
        file: shown.file,
        line: shown.at.line,
        column: shown.at.column,
        end_column: shown.end.map(|end| end.column),
        path: shown.path,
        pattern_path: shown.pattern_path,
        hint: shown.hint,
        mended: shown.mended,
        all_mended: match shown.together {
            Some(Together::Here(mended)) => Some(mended),
            Some(Together::Later) | None => None,
        },
    }
}

/// The finding for people, its last line ended.
pub(super) fn draw(shown: &Shown<'_>, look: Look) -> String {
    let severity = shown.severity();
    let paint = match severity {
        Severity::Error => Paint::Red,
        Severity::Warning => Paint::Yellow,
        Severity::Info => Paint::Cyan,
    };
    let Position { line, column } = shown.at;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let bar = look.paint(Paint::Dim, "|");
    let head = look.paint(paint, &format!("{severity}[{}]", shown.id));
    // The first sentence says what is wrong; what there is to know beside it comes last.
    let (first, others) = shown.message.split_once(". ").unwrap_or((shown.message, ""));
    let mut text = format!("{head}: {}\n", look.paint(Paint::Bold, &safe(first)));
    let arrow = look.paint(Paint::Dim, "-->");
    text += &format!("{margin}{arrow} {}:{line}:{column}\n", safe(shown.file));
    let (source, before, under) = excerpt(shown);
    text += &format!("{margin} {bar}\n{} {bar} {source}\n", look.paint(Paint::Dim, &number));
    text += &format!("{margin} {bar} {}{}\n", " ".repeat(before), look.paint(paint, &"^".repeat(under)));
    let label = look.paint(Paint::Dim, "=");
    let paths: Vec<_> =
        [shown.path, shown.pattern_path].into_iter().filter(|path| !path.is_empty()).map(safe).collect();
    if !paths.is_empty() {
        text += &format!("{margin} {label} at {}\n", paths.join(" → "));
    }
    text += &format!("{margin} {label} {}\n", engines(shown));
    if !others.is_empty() {
        text += &format!("{margin} {label} {}\n", safe(others));
    }
    if let Some(hint) = shown.hint {
        text += &format!("{} {}\n", look.paint(Paint::Cyan, "help:"), safe(hint));
    }
    let mended = match shown.together {
        Some(Together::Here(mended)) => Some((mended.as_str(), "write instead, with all that is said above mended")),
        Some(Together::Later) => None,
        None => shown.mended.map(|mended| (mended, "write instead")),
    };
    if let Some((mended, label)) = mended {
        text += &format!("{} {label}\n", look.paint(Paint::Cyan, "help:"));
        for line in pretty::spelled(mended, shown.spelling).lines() {
            text += format!("    {}", safe(line)).trim_end();
            text.push('\n');
        }
    }
    text
}

/// `here: error · AWS pipe: warning`
fn engines(shown: &Shown<'_>) -> String {
    let engines =
        [(Engine::Here, "here"), (Engine::AwsBus, "AWS bus"), (Engine::AwsPipe, shown.pipe_engine)].into_iter();
    let said = engines.filter_map(|(engine, name)| Some(format!("{name}: {}", shown.severities.of(engine)?)));
    said.collect::<Vec<_>>().join(" · ")
}

/// The line or what is around the place, how many columns stand before the place, and how many it takes up.
fn excerpt(shown: &Shown<'_>) -> (String, usize, usize) {
    let characters: Vec<char> =
        shown.line.chars().map(|character| if character == '\t' { ' ' } else { character }).collect();
    let start = (shown.at.column as usize).saturating_sub(1).min(characters.len());
    let end = shown.end.map_or_else(|| end_of_word(&characters, start), |end| (end.column as usize).saturating_sub(1));
    let end = end.clamp(start, characters.len().max(start));
    let (from, to) = match characters.len() {
        length if length <= LINE_MAX => (0, length),
        length => {
            let from = start.saturating_sub(BEFORE_MAX);
            (from, length.min(from + LINE_MAX))
        }
    };
    let part = |from: usize, to: usize| safe(&characters[from..to].iter().collect::<String>()).into_owned();
    let left = if from > 0 { "…" } else { "" };
    let right = if to < characters.len() { "…" } else { "" };
    let end = end.min(to);
    let before = columns(left) + columns(&part(from, start));
    let under = columns(&part(start, end)).max(1);
    let line = format!("{left}{}{right}", part(from, to));
    (line.trim_end().to_owned(), before, under)
}

/// Behind the word that begins there, if one does, where nobody has said how long the place is.
fn end_of_word(characters: &[char], start: usize) -> usize {
    let rest = &characters[start..];
    if !rest.first().is_some_and(|first| first.is_alphanumeric() || *first == '!') {
        return start + 1;
    }
    let word: Vec<char> = rest.iter().copied().take_while(|character| !character.is_whitespace()).collect();
    let trailing = word.iter().rev().take_while(|character| matches!(character, ',' | ':' | ']' | '}')).count();
    start + (word.len() - trailing).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Shown<'_> = Shown {
        id: "some-id",
        message: "this never matches. Write it otherwise",
        severities: Severities { here: Some(Severity::Error), aws_bus: None, aws_pipe: Some(Severity::Warning) },
        pipe_engine: "AWS pipe",
        file: "x.yaml",
        at: Position { line: 41, column: 5 },
        end: Some(Position { line: 41, column: 9 }),
        line: "  a: five",
        path: "Resources.P",
        pattern_path: "a[0]",
        hint: None,
        mended: Some("{\"a\": [\"b\"]}"),
        spelling: Spelling::Json,
        together: None,
    };

    #[test]
    fn a_finding_shows_its_line_and_what_to_write() {
        insta::assert_snapshot!(draw(&PLAIN, Look::PLAIN), @r#"
        error[some-id]: this never matches
          --> x.yaml:41:5
           |
        41 |   a: five
           |     ^^^^
           = at Resources.P → a[0]
           = here: error · AWS pipe: warning
           = Write it otherwise
        help: write instead
            {"a": ["b"]}
        "#);
        let view = serde_json::to_value(view(&PLAIN)).unwrap();
        assert_eq!((&view["severity"], &view["endColumn"]), (&"error".into(), &9.into()));
        assert_eq!(view["severities"], serde_json::json!({"here": "error", "awsBus": null, "awsPipe": "warning"}));
    }

    #[test]
    fn several_mistakes_of_a_pattern_are_mended_at_once() {
        let first = draw(&Shown { together: Some(&Together::Later), ..PLAIN }, Look::PLAIN);
        assert!(!first.contains("help:"), "{first}");
        let all = Together::Here("[\"all\"]".to_owned());
        let last = Shown { together: Some(&all), ..PLAIN };
        assert!(draw(&last, Look::PLAIN).ends_with("all that is said above mended\n    [\"all\"]\n"));
        assert_eq!(serde_json::to_value(view(&last)).unwrap()["allMended"], "[\"all\"]");
    }

    #[test]
    fn what_terminals_act_on_is_escaped_and_counted() {
        let (at, end) = (Position { line: 41, column: 6 }, Some(Position { line: 41, column: 10 }));
        let shown = Shown { line: "\t\u{1b}x: five", at, end, hint: Some("do \u{7}"), mended: None, ..PLAIN };
        let text = draw(&shown, Look::PLAIN);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\t'), "{text}");
        assert!(text.contains("   |  \\u{1b}x: five\n".trim_start()), "{text}");
        assert!(text.contains("   |           ^^^^\n"), "{text}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}here{}", "a".repeat(500), "b".repeat(500));
        let (at, end) = (Position { line: 1, column: 501 }, Some(Position { line: 1, column: 505 }));
        let (text, before, under) = excerpt(&Shown { line: &line, at, end, ..PLAIN });
        assert_eq!(text.chars().skip(before).take(under).collect::<String>(), "here");
        assert!(text.starts_with('…') && text.ends_with('…') && columns(&text) <= LINE_MAX + 2, "{text}");
        let cases =
            [("  Type: AWS::S3::Bucket", 9, 15), ("  - [Name, b]", 6, 4), ("  - {a: b}", 5, 1), ("  x: !Ref Y", 6, 4)];
        for (line, column, expected) in cases {
            let at = Position { line: 1, column };
            assert_eq!(excerpt(&Shown { line, at, end: None, ..PLAIN }).2, expected, "{line}");
        }
        let beyond = excerpt(&Shown { line: "ab", at: Position { line: 1, column: 99 }, end: None, ..PLAIN });
        assert_eq!(beyond, ("ab".to_owned(), 2, 1));
    }
}
