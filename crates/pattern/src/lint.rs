//! Decides what is worth saying about a pattern that nobody has asked about: [`check`].
//!
//! A pattern can be valid and still never match, always match, or be refused where it is deployed. Each such mistake
//! is a [`Lint`] with a stable id; where one is found in a text, it is a [`Finding`], with its place, what will happen
//! in plain words, and the mended pattern. Nothing here reads files or templates: a text and its [`Context`] go in,
//! findings come out, in the order of the text. [`mend_all`] applies the mends, and [`page`] is the documentation.
//!
//! The text is read as a tree that keeps everything (`tree`), and the tree as the pattern that it was meant to be
//! (`shape`). What the parser refuses is named in `refused`, `operators`, `anything_but` and `numeric`; what it accepts
//! and is doubtful nevertheless in `values`, `paths`, `roots` and `stream`, and with a sample in `sample`.
//!
//! Always holds: the parser has the last word. What it accepts is not called refused, what it refuses has a finding that
//! says so, and a remedy for an alternative is only offered if the parser accepts it. Everything is linear in the text,
//! or nearly so, and the number of findings is bounded.

mod anything_but;
mod arn;
mod json;
mod mend;
mod numeric;
mod operators;
mod page;
mod paths;
mod refused;
mod report;
mod roots;
mod sample;
mod seen;
mod shape;
mod stream;
mod table;
mod tree;
mod values;
mod words;

pub use page::page;

use crate::lexer::SyntaxReason;
use crate::{Dialect, ParseError, Pattern};
use report::{Found, Level, MENDED_SIZE_MAX, Mends, Report, WARNING};
use seen::Seen;
use shape::{Key, PlaceId, Shape};
use std::fmt;
use std::ops::Range;
use table::Id;
use tree::Tree;

/// Where the events come from, which decides what can be in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Whatever is put on an event bus: the envelope's fields at the top.
    Bus,
    /// The change stream of a table, with what its records contain.
    DynamoDb(Images),
    /// Messages of a queue.
    Queue,
    /// Records of a Kinesis stream.
    Kinesis,
    /// Messages of an ActiveMQ or RabbitMQ broker.
    Broker,
    /// Records of a Kafka topic.
    Kafka,
    /// Nothing is known: only lints that hold for every event.
    Unknown,
}

/// What a stream's records show of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Images {
    /// `KEYS_ONLY`
    KeysOnly,
    /// `NEW_IMAGE`
    New,
    /// `OLD_IMAGE`
    Old,
    /// `NEW_AND_OLD_IMAGES`
    NewAndOld,
    /// Nobody has said.
    Unknown,
}

/// What is known beside the pattern's text.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Whose pattern it is.
    pub dialect: Dialect,
    /// Where its events come from.
    pub source: Source,
    /// An event, or for a change stream also a bare item, like those that will come.
    pub sample: Option<&'a [u8]>,
}

/// Who would run the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// orderflow's own engine.
    Here,
    /// An EventBridge bus on AWS.
    AwsBus,
    /// An EventBridge pipe on AWS.
    AwsPipe,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; perhaps just what was meant.
    Info,
    /// Surely not what was meant, though it runs.
    Warning,
    /// It is refused, or it never does what it says.
    Error,
}

/// How bad a finding is for each engine; none where the finding does not concern it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Severities {
    /// On orderflow's own engine.
    pub here: Option<Severity>,
    /// On a bus of AWS.
    pub aws_bus: Option<Severity>,
    /// In a pipe of AWS.
    pub aws_pipe: Option<Severity>,
}

/// One kind of mistake: a row of the documentation.
#[derive(Debug, PartialEq, Eq)]
pub struct Lint {
    /// Its stable name: `ab-glob-literal`.
    pub id: &'static str,
    /// The mistake in one line.
    pub title: &'static str,
    /// What people mean, what happens instead, and what to write.
    pub explanation: &'static str,
    /// A pattern that has the mistake; empty where one would be too long to show.
    pub wrong: &'static str,
    /// The same pattern without it, where it can be said without knowing more.
    pub right: Option<&'static str>,
    /// Whether it is only found when a sample is given.
    pub needs_sample: bool,
    /// Whose pattern the examples are.
    pub dialect: Dialect,
    /// Where the events of the examples come from.
    pub source: Source,
    /// The sample that goes with the examples.
    pub sample: Option<&'static str>,
}

/// A mistake in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which one.
    pub lint: &'static Lint,
    /// How bad it is where.
    pub severities: Severities,
    /// The bytes of the text that it is about.
    pub range: Range<usize>,
    /// The line where they begin, from 1.
    pub line: usize,
    /// The character of that line, from 1.
    pub column: usize,
    /// Keys and alternatives down to the place: `dynamodb.NewImage.total.N[0]`.
    pub path: String,
    /// What will happen, in plain words.
    pub message: String,
    /// The whole pattern, mended, ready to paste.
    pub mended: Option<String>,
}

impl Severities {
    /// The severity for one engine.
    pub fn of(&self, engine: Engine) -> Option<Severity> {
        match engine {
            Engine::Here => self.here,
            Engine::AwsBus => self.aws_bus,
            Engine::AwsPipe => self.aws_pipe,
        }
    }

    /// The highest of all.
    pub fn worst(&self) -> Option<Severity> {
        self.here.max(self.aws_bus).max(self.aws_pipe)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// All lints, in the order of the documentation.
pub fn lints() -> &'static [Lint] {
    &table::LINTS
}

/// What is wrong or doubtful about a pattern. A text that is refused has at least one finding, an error.
///
/// ```
/// use pattern::Dialect;
/// use pattern::lint::{Context, Severity, Source, check};
///
/// let text = r#"{"detail": {"email": [{"anything-but": "*test.com*"}]}}"#;
/// let findings = check(text, &Context { dialect: Dialect::Bus, source: Source::Bus, sample: None });
/// assert_eq!(findings[0].lint.id, "ab-glob-literal");
/// assert_eq!(findings[0].severities.aws_bus, Some(Severity::Error));
/// assert_eq!(
///     findings[0].mended.as_deref(),
///     Some(r#"{"detail": {"email": [{"anything-but": {"wildcard": "*test.com*"}}]}}"#)
/// );
/// ```
pub fn check(text: &str, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = findings(text, context, Mends { wildcards_max: 20, first_only: false, none: false });
    follow_up(text, context, &mut findings);
    findings
}

/// A mended pattern can show an error that could not be seen before: brackets around a comparison that never matches
/// there, say. If that can be mended too, it is, so that nobody pastes it and is told of the next mistake.
fn follow_up(text: &str, context: &Context<'_>, all: &mut [Finding]) {
    const TRIES_MAX: usize = 8;
    const ROUNDS_MAX: usize = 3;
    // What these stand around is only looked at once they are mended.
    const OPENING: [&str; 4] = ["scalar-not-array", "op-not-in-array", "ddb-type-tag", "cdk-stringified-matcher"];
    const MENDS: Mends = Mends { wildcards_max: 3, first_only: false, none: false };
    if text.len() > crate::SIZE_MAX {
        return;
    }
    fn errors(all: &[Finding]) -> impl Iterator<Item = &Finding> {
        all.iter().filter(|finding| finding.severities.worst() == Some(Severity::Error))
    }
    let known: Vec<(&str, String)> = errors(all).map(|finding| (finding.lint.id, finding.path.clone())).collect();
    let known_of = |id: &str| known.iter().filter(|(known, _)| *known == id).count();
    let mut tries_left = TRIES_MAX;
    for finding in all.iter_mut().filter(|finding| OPENING.contains(&finding.lint.id)) {
        for _ in 0..ROUNDS_MAX {
            let Some(mended) = finding.mended.as_deref().filter(|_| tries_left > 0) else {
                break;
            };
            tries_left -= 1;
            let is_new = |after: &[Finding], other: &Finding| {
                let id = other.lint.id;
                !known.iter().any(|(known, path)| *known == id && *path == other.path)
                    && errors(after).filter(|error| error.lint.id == id).count() > known_of(id)
            };
            let seen = findings(mended, context, Mends::NONE);
            if !errors(&seen).any(|other| is_new(&seen, other)) {
                break;
            }
            let after = findings(mended, context, MENDS);
            // An attribute that must be written elsewhere too is not offered without saying so.
            let next = errors(&after).find(|other| {
                is_new(&after, other) && other.mended.is_some() && !other.message.contains(stream::WRITE_IT_TOO)
            });
            match next.and_then(|next| next.mended.clone()) {
                Some(next) => finding.mended = Some(next),
                None => break,
            }
        }
    }
}

fn findings(text: &str, context: &Context<'_>, mends: Mends) -> Vec<Finding> {
    let mut report = Report::new(mends);
    let tree = match Tree::read(text) {
        Ok(tree) => tree,
        Err(error) => {
            match error.reason {
                SyntaxReason::TooDeep => {}
                _ => json::check(text, &error, &mut report),
            }
            return without_shape(text, context, report);
        }
    };
    let Some(fields) = tree.as_ref().and_then(|tree| tree.top.object()).filter(|fields| !fields.is_empty()) else {
        top(text, tree.as_ref(), context, &mut report);
        return without_shape(text, context, report);
    };
    let shape = Shape::of(fields);
    let sample_text = context.sample.and_then(|sample| std::str::from_utf8(sample).ok());
    let sample_tree = sample_text.and_then(|text| Tree::read(text).ok().flatten());
    let content = sample_tree.as_ref().and_then(|tree| seen::content_text(&tree.top, context.source));
    let content = content.and_then(|text| Tree::read(text).ok().flatten()).filter(|tree| !tree.top.is_scalar());
    let seen = sample_tree.as_ref().and_then(|tree| Some(Seen::of(tree.top.object()?, content.as_ref(), context)));
    let is_stream = match context.source {
        Source::DynamoDb(_) => true,
        Source::Unknown => stream::looks_like_one(&shape),
        Source::Bus | Source::Queue | Source::Kinesis | Source::Broker | Source::Kafka => false,
    };
    let look = Look { text, context, shape: &shape, seen: seen.as_ref(), is_stream };
    let parsed = Pattern::parse(text, context.dialect);
    refused::check(&look, &mut report);
    if let Err(error) = &parsed {
        refused::wildcards(&look, error, &mut report);
    }
    values::check(&look, &mut report);
    paths::check(&look, &mut report);
    roots::check(&look, &mut report);
    stream::check(&look, &mut report);
    match &seen {
        Some(seen) => sample::check(&look, seen, &mut report),
        None => unreadable_sample(text, context, &mut report),
    }
    if let Some(tree) = &tree {
        behind(text, tree.top.range.end, &mut report);
    }
    settle(text, parsed.as_ref().err(), &mut report);
    report.finish(text, Some(&shape), context)
}

/// Mends what is an error or a warning, one finding after another, until nothing is left that can be mended. What is
/// only worth knowing is left as it is, since it may be just what was meant. None if there is nothing to mend.
///
/// ```
/// use pattern::Dialect;
/// use pattern::lint::{Context, Source, mend_all};
///
/// let context = Context { dialect: Dialect::Bus, source: Source::Bus, sample: None };
/// assert_eq!(
///     mend_all(r#"{"source": "shop", "detail": {"id": [{"exists": "true"}]}}"#, &context).as_deref(),
///     Some(r#"{"source": ["shop"], "detail": {"id": [{"exists": true}]}}"#)
/// );
/// ```
pub fn mend_all(text: &str, context: &Context<'_>) -> Option<String> {
    const ROUNDS_MAX: usize = 200;
    // Each round takes one mend, so it need not try many.
    const MENDS: Mends = Mends { wildcards_max: 3, first_only: true, none: false };
    let mut mended: Option<String> = None;
    for _ in 0..ROUNDS_MAX {
        let findings = findings(mended.as_deref().unwrap_or(text), context, MENDS);
        let worth = |finding: &Finding| finding.severities.worst() >= Some(Severity::Warning);
        let Some(next) = findings.into_iter().filter(worth).find_map(|finding| finding.mended) else {
            break;
        };
        mended = Some(next);
    }
    mended
}

/// What lints look at.
#[derive(Debug)]
struct Look<'l> {
    text: &'l str,
    context: &'l Context<'l>,
    shape: &'l Shape<'l>,
    seen: Option<&'l Seen<'l>>,
    is_stream: bool,
}

impl Look<'_> {
    /// Whether the events are records of a table's change stream.
    fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// Whether mended patterns are given. What is far longer than any engine accepts is not mended.
    fn is_mended(&self) -> bool {
        self.text.len() <= MENDED_SIZE_MAX
    }

    /// Whether a field below this key has to have a value.
    fn wants_value(&self, key: &Key<'_>) -> bool {
        self.shape.clauses_within(&key.field.range()).iter().any(paths::needs_value)
    }

    fn is_place(&self, place: PlaceId, segments: &[&str]) -> bool {
        self.shape.places.segments(place) == segments
    }

    /// Whether the sample has this very text there, so that it is meant as it is spelled.
    fn sample_has(&self, place: PlaceId, text: &str) -> bool {
        self.seen.is_some_and(|seen| {
            let at = seen.find(&self.shape.places.segments(place)).and_then(|place| seen.at(place));
            at.is_some_and(|at| at.scalars.iter().any(|value| value.string() == Some(text)))
        })
    }

    /// Whether a key of the sample has just these dots.
    fn sample_has_key(&self, dotted: &str) -> bool {
        self.seen.is_some_and(|seen| seen.has_key(dotted))
    }

    /// The type that the sample has for an attribute.
    fn sample_tag(&self, place: PlaceId) -> Option<&'static str> {
        self.seen?.tag(&self.shape.places.segments(place))
    }
}

/// For texts that are no object: nothing but the parser's own word, and the sample's.
fn without_shape(text: &str, context: &Context<'_>, mut report: Report) -> Vec<Finding> {
    unreadable_sample(text, context, &mut report);
    let parsed = Pattern::parse(text, context.dialect);
    settle(text, parsed.as_ref().err(), &mut report);
    report.finish(text, None, context)
}

/// The text is JSON, but no object with fields.
fn top(text: &str, tree: Option<&Tree<'_>>, context: &Context<'_>, report: &mut Report) {
    let Some(top) = tree.map(|tree| &tree.top) else {
        return;
    };
    let is_pattern = |text: &str| Pattern::parse(text, context.dialect).is_ok();
    let (id, message, inner) = match &top.kind {
        tree::Kind::Object(_) => (
            Id::Empty,
            "an empty pattern asks for nothing, and is refused; to have every event, ask for a field that all have",
            None,
        ),
        tree::Kind::Array(values) => {
            let only = match &values[..] {
                [only] => Some(text[only.range.clone()].to_owned()),
                _ => None,
            };
            (Id::Invalid, "a pattern is an object, and this is a list: it is refused", only)
        }
        tree::Kind::String(inner) => (
            Id::CdkStringifiedMatcher,
            "the whole pattern stands in quotes, which makes it a text: it is refused",
            Some(inner.to_string()),
        ),
        tree::Kind::Number(_) | tree::Kind::Bool(_) | tree::Kind::Null => return,
    };
    let inner = inner.filter(|inner| is_pattern(inner));
    if id == Id::CdkStringifiedMatcher && inner.is_none() {
        return;
    }
    let edits = inner.map(|inner| vec![mend::Edit::new(top.range.clone(), inner)]);
    report.add(Found::new(id, Level::Refused, top.range.clone(), Shape::TOP_TRAIL, message).mend(edits));
}

/// The parser has the last word: what it accepts is not called refused, and what it refuses has a finding that says so.
fn settle(text: &str, error: Option<&ParseError>, report: &mut Report) {
    match error {
        None => {
            debug_assert!(!report.has_refusal(), "{text} is accepted, and yet called refused: {report:?}");
            report.remove_refusals();
        }
        Some(_) if report.has_refusal() => {}
        Some(error) => {
            let range = words::char_at(text, offset_of(text, error));
            let message = format!("it is refused: {}", words::cut(&error.reason, 300));
            report.add_first(Found::new(Id::Invalid, Level::Refused, range, Shape::TOP_TRAIL, message));
        }
    }
}

/// The byte that a line and a column name.
fn offset_of(text: &str, error: &ParseError) -> usize {
    let line = usize::try_from(error.line).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut left = usize::try_from(error.column).unwrap_or(1).saturating_sub(1);
    let mut offset = start.min(text.len());
    for char in text[offset..].chars() {
        if left == 0 || char == '\n' {
            break;
        }
        left = left.saturating_sub(char.len_utf16());
        offset += char.len_utf8();
    }
    offset
}

fn unreadable_sample(text: &str, context: &Context<'_>, report: &mut Report) {
    let Some(sample) = context.sample else {
        return;
    };
    let why = match std::str::from_utf8(sample) {
        Err(error) => format!("it is not UTF-8 from byte {} on", error.valid_up_to()),
        Ok(sample) => match Tree::read(sample) {
            Err(error) => error.reason.message(|offset| format!("byte {offset}")),
            Ok(None) => "it is empty".to_owned(),
            Ok(Some(tree)) if tree.top.object().is_none() => format!("it is {} and no object", tree.top.type_name()),
            Ok(Some(_)) => return,
        },
    };
    let message = format!("the sample was not used: {}", words::cut(&why, 200));
    report.add(Found::new(Id::SampleUnreadable, WARNING, words::char_at(text, 0), Shape::TOP_TRAIL, message));
}

/// Text behind the pattern.
fn behind(text: &str, end: usize, report: &mut Report) {
    let rest = &text[end..];
    let trimmed = rest.trim();
    if trimmed.is_empty() {
        return;
    }
    let start = end + (rest.len() - rest.trim_start().len());
    let message = format!(
        "the pattern ends before this, and {} is ignored; the mended pattern keeps what happens today",
        words::shown(trimmed)
    );
    let edits = vec![mend::Edit::new(end..start + trimmed.len(), "")];
    let range = start..start + trimmed.len();
    report.add(Found::new(Id::TrailingText, WARNING, range, Shape::TOP_TRAIL, message).mend(edits));
}
