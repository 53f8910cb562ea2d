//! Decides what is said about the one pattern of `match` beside whether it matches: the lints' findings.

use super::findings::{self, Shown};
use super::record::{Fields, Record};
use crate::exit::{Failure, Stop};
use crate::terminal::{Look, Out, Paint, safe};
use pattern::lint::{Context, Finding, Images, Severity, Source};
use pattern::{Dialect, JsonEvent};
use serde::Serialize;
use stack::Position;
use stack::check::{Spelling, Together};

/// What is doubtful about a pattern.
#[derive(Debug)]
pub(super) struct Doubts {
    found: Vec<Finding>,
    /// For each finding, where the pattern is that has several mended.
    together: Vec<Option<Together>>,
    /// Whether it was judged as a pipe's filter although a bus's rule was asked for.
    as_of_pipe: bool,
}

impl Doubts {
    /// By all that is known of the pattern's events. No bus has the records of a table's stream, so a pattern for them
    /// is judged as what it can only be.
    pub(super) fn of(pattern: &str, event: &str, dialect: Dialect) -> Self {
        let fields = Fields::of(event);
        let sent_by = fields.as_ref().map_or(Source::Unknown, Fields::source);
        let of_table = Fields::of(pattern).is_some_and(|pattern| pattern.has("dynamodb"))
            || matches!(sent_by, Source::DynamoDb(_));
        let source = match dialect {
            _ if of_table => Source::DynamoDb(Images::Unknown),
            Dialect::Pipe => sent_by,
            Dialect::Bus => Source::Unknown,
        };
        let as_of_pipe = of_table && dialect == Dialect::Bus;
        let dialect = if as_of_pipe { Dialect::Pipe } else { dialect };
        let decoded = (source == Source::Kinesis).then(|| Record::of(event, pattern).text);
        let event = decoded.as_deref().unwrap_or(event);
        // An event that cannot be read is said to be that, and nothing is compared with it.
        let sample = JsonEvent::parse(event.as_bytes()).is_ok().then_some(event.as_bytes());
        let context = Context { dialect, source, sample };
        let found = pattern::lint::check(pattern, &context);
        let mut together: Vec<Option<Together>> = vec![None; found.len()];
        let is_mended =
            |finding: &Finding| finding.mended.is_some() && finding.severities.worst() > Some(Severity::Info);
        let mended: Vec<usize> = (0..found.len()).filter(|index| is_mended(&found[*index])).collect();
        if let [earlier @ .., last] = mended.as_slice()
            && !earlier.is_empty()
            && let Some(all) = pattern::lint::mend_all(pattern, &context)
        {
            earlier.iter().for_each(|index| together[*index] = Some(Together::Later));
            together[*last] = Some(Together::Here(all));
        }
        Self { found, together, as_of_pipe }
    }

    /// How the findings were made, where that is not what was asked for.
    pub(super) fn note(&self) -> Option<String> {
        let note = "this looks like a stream record: judged as a pipe's filter; --pipe matches as a pipe does";
        self.as_of_pipe.then(|| note.to_owned())
    }

    /// The findings in the order of the pattern, which is called `file`.
    pub(super) fn shown<'a>(&'a self, pattern: &'a str, file: &'a str) -> Vec<Shown<'a>> {
        let together = self.together.iter().map(Option::as_ref);
        self.found
            .iter()
            .zip(together)
            .map(|(finding, together)| Shown { together, ..shown(finding, pattern, file) })
            .collect()
    }
}

/// What `--json` prints of a pattern that is none.
#[derive(Debug, Serialize)]
struct RefusedView<'a> {
    error: &'a str,
    findings: Vec<findings::View<'a>>,
}

/// Says why the pattern is none, and how to mend it.
pub(super) fn refused(failure: &Failure, shown: &[Shown<'_>], json: bool, out: &mut Out) -> Result<u8, Stop> {
    if json {
        let findings = shown.iter().map(findings::view).collect();
        out.json(&RefusedView { error: &failure.error, findings })?;
    } else if !shown.is_empty() {
        out.print(&draw_refused(failure, shown, out.look))?;
        return Ok(failure.code);
    }
    Err(failure.clone().into())
}

/// How to mend it, and below that the reason that AWS would give.
fn draw_refused(failure: &Failure, shown: &[Shown<'_>], look: Look) -> String {
    let reason: Vec<_> = failure.error.lines().map(|line| safe(line.trim()).into_owned()).collect();
    let note = format!("\n{} {}\n", look.paint(Paint::Cyan, "note:"), reason.join("\n      "));
    draw(shown, look).trim_start().to_owned() + &note
}

/// The findings for people, each behind an empty line.
pub(super) fn draw(shown: &[Shown<'_>], look: Look) -> String {
    shown.iter().map(|shown| format!("\n{}", findings::draw(shown, look))).collect()
}

fn shown<'a>(finding: &'a Finding, pattern: &'a str, file: &'a str) -> Shown<'a> {
    let within = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let at = Position { line: within(finding.line), column: within(finding.column) };
    let about = pattern.get(finding.range.clone()).unwrap_or("");
    let end = (!about.is_empty() && !about.contains(['\n', '\r']))
        .then(|| Position { column: at.column.saturating_add(within(about.chars().count())), ..at });
    Shown {
        id: finding.lint.id,
        message: &finding.message,
        severities: finding.severities,
        pipe_engine: "AWS pipe",
        file,
        at,
        end,
        line: line_around(pattern, finding.range.start),
        path: "",
        pattern_path: &finding.path,
        hint: None,
        mended: finding.mended.as_deref(),
        spelling: Spelling::Json,
        together: None,
    }
}

/// The line that a byte of the text is on.
fn line_around(text: &str, offset: usize) -> &str {
    const ENDS: [char; 2] = ['\n', '\r'];
    let (before, behind) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.rfind(ENDS).map_or(0, |end| end + 1);
    let end = behind.find(ENDS).map_or(text.len(), |end| before.len() + end);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pattern: &str, event: &str, dialect: Dialect) -> Vec<&'static str> {
        Doubts::of(pattern, event, dialect).found.iter().map(|finding| finding.lint.id).collect()
    }

    #[test]
    fn the_event_says_where_patterns_come_from() {
        let typeless = r#"{"dynamodb": {"NewImage": {"status": ["new"]}}}"#;
        assert_eq!(
            ids(typeless, "{", Dialect::Pipe),
            ["ddb-type-tag"],
            "the pattern is of a stream, and the event is none"
        );
        let nested = r#"{"source": ["a"], "detail": {"x": [{"anything-but": {"prefix": "x"}}]}}"#;
        let event = r#"{"source": "a", "detail": {"x": "y"}}"#;
        assert_eq!(ids(nested, event, Dialect::Bus), [""; 0]);
        assert_eq!(ids(nested, event, Dialect::Pipe), ["pipes-nested-ab"]);
        assert_eq!(ids(nested, r#"{"source": "a", "detail": {}}"#, Dialect::Bus), ["ab-absent"], "it is the sample");
    }

    #[test]
    fn places_are_those_of_the_text() {
        let pattern = "{\r\n  \"ö\": [1],\r\n  \"status\": \"new\"\r\n}";
        let doubts = Doubts::of(pattern, "{}", Dialect::Bus);
        let shown = doubts.shown(pattern, "p.json");
        let refused = shown.iter().find(|shown| shown.id == "scalar-not-array").unwrap();
        assert_eq!((refused.at.line, refused.line), (3, "  \"status\": \"new\""));
        let about: String = refused.line.chars().skip(refused.at.column as usize - 1).collect();
        assert_eq!(about, "\"new\"");
        assert_eq!(refused.end.map(|end| end.column), Some(18));
    }

    #[test]
    fn several_mistakes_are_mended_at_once() {
        let pattern = r#"{"source": "shop", "detail": {"id": [{"exists": "true"}]}}"#;
        let doubts = Doubts::of(pattern, r#"{"source": "shop", "detail": {"id": 1}}"#, Dialect::Bus);
        let all = Together::Here(r#"{"source": ["shop"], "detail": {"id": [{"exists": true}]}}"#.to_owned());
        assert_eq!(doubts.together, [Some(Together::Later), Some(all)]);
    }
}
