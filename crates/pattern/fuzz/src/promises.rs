//! What holds for every input: the functions that fuzz targets call, and that tests call with the corpora.
//!
//! Each panics if a promise is broken. The bytes are read as each one's comment says.

use crate::choices::Choices;
use crate::generated;
use crate::model::{self, Json};
use crate::nodes::{ByName, Style, Typed};
use pattern::lint::{Context, Finding, Images, Severity, Source};
use pattern::{Dialect, EventError, JsonEvent, Limits, Matcher, Matches, ParseErrorKind, Pattern, Rules, Scratch};

/// Between the patterns and the events of one input. No text in UTF-8 contains it.
const EVENTS: u8 = 0xFE;
/// Between two patterns, and between two events.
const NEXT: u8 = 0xFF;

/// So many patterns and events of one input are looked at.
const TEXTS_MAX: usize = 6;

const EXPLAINED: [&str; 3] = [
    "{}",
    r#"{"a":[1,{"b":"a","c":[null,{"b":true}]},"ab"],"b":-1.5e3,"a.b":"10.0.0.1","":{"":""},"$or":"É"}"#,
    r#"{"eventName":"MODIFY","dynamodb":{"NewImage":{"id":{"S":"a-1"},"total":{"N":"5"}},"Keys":{"id":{"S":"a-1"}}}}"#,
];

/// The bytes are a pattern: it is refused, in words and at a place, or accepted, wherever more is allowed too; and what
/// is accepted can be matched and explained.
pub(crate) fn parse(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let narrow = Limits { size_max: 40, branches_max: 2, wildcard_complexity_max: Some(2) };
    let [on_bus, in_pipe] = [Dialect::Bus, Dialect::Pipe].map(|dialect| {
        let narrow = Pattern::parse_within(&text, dialect, &narrow);
        let default = Pattern::parse(&text, dialect);
        let unlimited = Pattern::parse_unlimited(&text, dialect);
        assert!(narrow.is_err() || default.is_ok(), "{text}: {default:?}");
        assert!(default.is_err() || unlimited.is_ok(), "{text}: {unlimited:?}");
        for error in [&narrow, &default, &unlimited].into_iter().filter_map(|parsed| parsed.as_ref().err()) {
            assert!(error.to_string().starts_with("Event pattern is not valid. Reason: "), "{text}: {error}");
            assert!(!error.reason.is_empty() && error.line >= 1 && error.column >= 1, "{text}: {error:?}");
        }
        if let Err(error) = &unlimited {
            assert!(!matches!(error.kind, ParseErrorKind::TooLarge | ParseErrorKind::TooComplex), "{text}: {error}");
        }
        unlimited
    });
    assert!(in_pipe.is_err() || on_bus.is_ok(), "{text}: {on_bus:?}");
    let Ok(pattern) = on_bus else { return };
    assert_eq!(pattern.source(), text);
    assert!(pattern.paths().count() > 0, "{text}");
    for event in EXPLAINED {
        let matched = pattern.matches_json(event.as_bytes());
        explain(&pattern, event.as_bytes(), &matched);
        let matched = matched.expect("these events are plain");
        let compiled = matched_alone(&pattern, event.as_bytes()).expect("these events are JSON");
        assert_eq!(matched, compiled, "{text} on {event}");
    }
}

/// An explanation says the same as the match, and can be shown.
fn explain(pattern: &Pattern, event: &[u8], matched: &Result<bool, EventError>) {
    let told = || format!("{} on {}", pattern.source(), String::from_utf8_lossy(event));
    let explanation = match pattern.explain_json(event) {
        Ok(explanation) => explanation,
        Err(error) => {
            assert_eq!(Err(&error), matched.as_ref(), "{}", told());
            return;
        }
    };
    match matched {
        Ok(matched) => assert_eq!(explanation.matched, *matched, "{}", told()),
        Err(error) => assert!(matches!(error, EventError::TooAmbiguous(_)) && !explanation.matched, "{}", told()),
    }
    assert_eq!(explanation.tree.holds(), explanation.matched, "{}", told());
    assert!(explanation.matched || !explanation.reasons().is_empty(), "{}", told());
    for line in explanation.tree.lines().iter().chain(&explanation.tree.failing_lines()) {
        assert!(!line.to_string().chars().any(char::is_control), "{}: {line}", told());
    }
    assert!(!explanation.to_string().is_empty(), "{}", told());
    assert!(serde_json::to_string(&explanation).is_ok(), "{}", told());
}

fn matched_alone(pattern: &Pattern, event: &[u8]) -> Result<bool, EventError> {
    let matcher = Matcher::new([((), pattern)]);
    Ok(matcher.matches_json(event, &mut Scratch::new())?.count() == 1)
}

/// What a matcher says: the patterns that match, in order, and whether it left one undecided.
type Said = (Vec<usize>, bool);

fn said(matches: Matches<'_, usize>) -> Said {
    let undecided = matches.is_undecided();
    let mut keys: Vec<usize> = matches.copied().collect();
    keys.sort_unstable();
    (keys, undecided)
}

/// The bytes are patterns, [`EVENTS`], and events, each with [`NEXT`] behind it but the last. Where [`Pattern`] has an
/// answer, which it has only for JSON, the compiled [`Matcher`] gives the same, whatever other patterns it has; where
/// the matcher has none, the pattern has none for the same reason.
pub(crate) fn match_bytes(data: &[u8]) {
    let mut halves = data.splitn(2, |byte| *byte == EVENTS);
    let mut texts = || halves.next().unwrap_or_default().split(|byte| *byte == NEXT).take(TEXTS_MAX);
    let patterns: Vec<Pattern> = texts()
        .filter_map(|text| std::str::from_utf8(text).ok())
        .filter_map(|text| Pattern::parse_unlimited(text, Dialect::Bus).ok())
        .collect();
    if patterns.is_empty() {
        return;
    }
    let alone: Vec<Matcher<usize>> = patterns.iter().map(|pattern| Matcher::new([(0, pattern)])).collect();
    let together = Matcher::new(patterns.iter().enumerate());
    let mut scratch = Scratch::new();
    for event in texts() {
        check_is_json(event);
        let strict: Vec<_> = patterns.iter().map(|pattern| pattern.matches_json(event)).collect();
        let told = || {
            let patterns: Vec<&str> = patterns.iter().map(Pattern::source).collect();
            format!("{patterns:?} on {}, each: {strict:?}", String::from_utf8_lossy(event))
        };
        for (matcher, strict) in alone.iter().zip(&strict) {
            let compiled = matcher.matches_json(event, &mut scratch).map(said);
            assert!(agree(&compiled, std::slice::from_ref(strict)), "{compiled:?}: {}", told());
        }
        let compiled = together.matches_json(event, &mut scratch).map(said);
        assert!(agree(&compiled, &strict), "{compiled:?}: {}", told());
        let Ok(read) = JsonEvent::parse(event) else { continue };
        for (pattern, strict) in patterns.iter().zip(&strict) {
            let by_name = pattern.try_matches(ByName(read.root())).map_err(EventError::from);
            assert_eq!(by_name, *strict, "by name: {}", told());
            explain(pattern, event, strict);
        }
        let compiled = Ok(said(together.matches(read.root(), &mut scratch)));
        assert!(agree(&compiled, &strict), "nodes {compiled:?}: {}", told());
        let compiled = Ok(said(together.matches(ByName(read.root()), &mut scratch)));
        assert!(agree(&compiled, &strict), "by name {compiled:?}: {}", told());
    }
}

/// Whether the matcher may answer so where the patterns, each by itself, answer `strict`.
fn agree(compiled: &Result<Said, EventError>, strict: &[Result<bool, EventError>]) -> bool {
    match compiled {
        Ok((matched, undecided)) => {
            let decided = strict.iter().enumerate().filter_map(|(index, strict)| Some((index, strict.as_ref().ok()?)));
            let is_ambiguous = |strict: &_| matches!(strict, Err(EventError::TooAmbiguous(_)));
            decided.into_iter().all(|(index, matches)| matched.contains(&index) == *matches)
                && (!undecided || strict.iter().any(is_ambiguous))
        }
        Err(error) => strict.iter().all(|strict| strict.as_ref() == Err(error)),
    }
}

/// What is an event and what is not, another reader of JSON says too. It reads less deep than ours.
fn check_is_json(event: &[u8]) {
    let Ok(text) = std::str::from_utf8(event) else { return };
    if text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count() > 100 {
        return;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    let is_object = text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{');
    let is_event = is_object && values.next().is_some_and(|value| value.is_ok());
    let read = JsonEvent::parse(event);
    assert_eq!(read.is_ok(), is_event, "{text}: {:?}", read.err());
}

/// A generated case, and what the model says: for each event the patterns that match.
struct Case {
    patterns: Vec<Json>,
    parsed: Vec<Pattern>,
    events: Vec<(Json, Vec<usize>)>,
}

impl Case {
    fn new(choices: &mut Choices<'_>) -> Case {
        let (patterns, events) = generated::case(choices);
        let parse = |pattern: &Json| {
            let text = generated::spelled(choices, pattern);
            Pattern::parse_unlimited(&text, Dialect::Bus).unwrap_or_else(|error| panic!("{text}: {error}"))
        };
        let parsed = patterns.iter().map(parse).collect();
        let events = events.into_iter().map(|event| {
            let matched = (0..patterns.len()).filter(|index| model::matches(&patterns[*index], &event)).collect();
            (event, matched)
        });
        Case { events: events.collect(), patterns, parsed }
    }

    fn told(&self, event: &str) -> String {
        let patterns: Vec<&str> = self.parsed.iter().map(Pattern::source).collect();
        format!("{patterns:?} on {event}")
    }
}

/// The bytes choose patterns and events of every operator: as JSON text, however spelled, they match as the model says,
/// by themselves and together, and while rules come and go.
pub(crate) fn match_model(data: &[u8]) {
    let mut choices = Choices::new(data);
    let case = Case::new(&mut choices);
    let share = 1 + choices.below(2);
    let matcher = Matcher::new(case.parsed.iter().enumerate().map(|(index, pattern)| (index / share, pattern)));
    let rules = Rules::new();
    let mut kept = Vec::new();
    for (index, pattern) in case.parsed.iter().enumerate() {
        rules.insert(index, pattern.clone());
        if choices.one_in(4) {
            assert!(rules.remove(&index));
        } else {
            kept.push(index);
        }
    }
    let mut scratch = Scratch::new();
    for (event, expected) in &case.events {
        let mut text = generated::spelled(&mut choices, event);
        for (index, pattern) in case.parsed.iter().enumerate() {
            let matched = pattern.matches_json(text.as_bytes());
            assert_eq!(matched, Ok(expected.contains(&index)), "{} on {text}", pattern.source());
        }
        text.push_str(choices.pick(&["", "}", "\u{0}", "{\"a\":1}"]));
        let mut keys: Vec<usize> = expected.iter().map(|index| index / share).collect();
        keys.dedup();
        let matched = matcher.matches_json(text.as_bytes(), &mut scratch).map(said);
        assert_eq!(matched, Ok((keys, false)), "{}", case.told(&text));
        let left: Vec<usize> = expected.iter().filter(|index| kept.contains(index)).copied().collect();
        let matched = rules.matcher().matches_json(text.as_bytes(), &mut scratch).map(said);
        assert_eq!(matched, Ok((left, false)), "{}", case.told(&text));
    }
}

/// The bytes choose patterns and events of every operator: as typed events, however they offer their fields, they match
/// as the model says, by themselves and together, and are explained so.
pub(crate) fn typed(data: &[u8]) {
    let mut choices = Choices::new(data);
    let style = Style::of(choices.byte());
    let case = Case::new(&mut choices);
    let matcher = Matcher::new(case.parsed.iter().enumerate());
    let mut scratch = Scratch::new();
    for (json, expected) in &case.events {
        let event = Typed { json, style };
        let (matched, undecided) = said(matcher.matches(event, &mut scratch));
        assert!(!undecided, "{}", case.told(&json.text()));
        assert_eq!(matched, *expected, "{}", case.told(&json.text()));
        for (index, pattern) in case.parsed.iter().enumerate() {
            let told = || format!("{} on {}", pattern.source(), json.text());
            let holds = expected.contains(&index);
            assert_eq!(pattern.try_matches(event), Ok(holds), "{}", told());
            let explanation = pattern.explain(event);
            assert_eq!(explanation.matched, holds, "{}", told());
            assert_eq!(explanation.tree.holds(), holds, "{}: {explanation}", told());
            check_leaves(&explanation, &case.patterns[index], json, &told);
        }
    }
}

/// A clause of an explanation holds if the model says so of the clause alone.
fn check_leaves(explanation: &pattern::Explanation, pattern: &Json, event: &Json, told: &dyn Fn() -> String) {
    let mut clauses = Vec::new();
    collect_clauses(pattern, None, &mut clauses);
    let leaves = explanation.tree.leaves();
    assert_eq!(leaves.len(), clauses.len(), "{}", told());
    for (leaf, (path, alternatives)) in leaves.iter().zip(clauses) {
        assert_eq!(leaf.path, path, "{}", told());
        let alone = Json::Object(vec![(path, alternatives.clone())]);
        assert_eq!(leaf.holds, model::matches(&alone, event), "{}: {}", leaf.path, told());
    }
}

fn collect_clauses<'p>(pattern: &'p Json, path: Option<&str>, clauses: &mut Vec<(String, &'p Json)>) {
    let Json::Object(fields) = pattern else { panic!("{pattern:?} is no pattern") };
    for (key, value) in fields {
        let at = path.map_or_else(|| key.clone(), |path| format!("{path}.{key}"));
        match value {
            Json::Array(ways) if key == "$or" => ways.iter().for_each(|way| collect_clauses(way, path, clauses)),
            Json::Object(_) => collect_clauses(value, Some(&at), clauses),
            alternatives => clauses.push((at, alternatives)),
        }
    }
}

const SOURCES: [Source; 10] = [
    Source::Unknown,
    Source::Bus,
    Source::DynamoDb(Images::Unknown),
    Source::DynamoDb(Images::NewAndOld),
    Source::DynamoDb(Images::New),
    Source::DynamoDb(Images::KeysOnly),
    Source::Queue,
    Source::Kinesis,
    Source::Broker,
    Source::Kafka,
];

/// The bytes are one that chooses whose pattern it is, a pattern, and perhaps [`EVENTS`] and a sample. What is refused
/// has an error; findings lie in the text, in order; a mended pattern is another text, which is accepted if the first
/// was; and mending everything comes to an end.
pub(crate) fn lint(data: &[u8]) {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let mut halves = rest.splitn(2, |byte| *byte == EVENTS);
    let text = String::from_utf8_lossy(halves.next().unwrap_or_default());
    let dialect = if first & 1 == 0 { Dialect::Bus } else { Dialect::Pipe };
    let source = SOURCES[usize::from(first / 2) % SOURCES.len()];
    let context = Context { dialect, source, sample: halves.next() };
    let accepted = Pattern::parse(&text, dialect).is_ok();
    let findings = pattern::lint::check(&text, &context);
    let is_error = |severity: Option<Severity>| severity == Some(Severity::Error);
    assert!(accepted || findings.iter().any(|finding| is_error(finding.severities.worst())), "{text} is refused");
    let mut before = 0;
    for finding in &findings {
        let told = || format!("{text} for {context:?}: {finding:?}");
        assert!(text.get(finding.range.clone()).is_some() && finding.range.start >= before, "{}", told());
        before = finding.range.start;
        assert!(finding.line >= 1 && finding.column >= 1 && finding.severities.worst().is_some(), "{}", told());
        assert!(!finding.message.is_empty() && finding.message.len() < 2000, "{}", told());
        let Some(mended) = &finding.mended else { continue };
        assert_ne!(*mended, text, "{}", told());
        assert!(!accepted || Pattern::parse(mended, dialect).is_ok(), "{}", told());
        // The mistake is gone from its place, or there is one less of its kind.
        let again = pattern::lint::check(mended, &context);
        let same_kind = |other: &&Finding| other.lint.id == finding.lint.id;
        let same_place = |other: &&Finding| same_kind(other) && other.path == finding.path;
        assert!(
            again.iter().filter(same_kind).count() < findings.iter().filter(same_kind).count()
                || again.iter().filter(same_place).count() < findings.iter().filter(same_place).count(),
            "{}",
            told()
        );
    }
    if let Some(mended) = pattern::lint::mend_all(&text, &context) {
        assert!(!accepted || Pattern::parse(&mended, dialect).is_ok(), "{text} -> {mended}");
        assert_eq!(pattern::lint::mend_all(&mended, &context), None, "{text} -> {mended}");
    }
}
