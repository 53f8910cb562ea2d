//! Decides whether a text matches a `pattern`: common plain ones by a walk over the text, all others by a regex engine.
//!
//! Start at [`Pattern::compile`]. Plain is `^`, then letters or classes each with a count, then such a row in `(…)?` that
//! may be missing, then `$`, where no class with an open count is followed by a letter that it could have taken itself;
//! such a pattern needs no way back. One that begins with `(…|…)` is as many patterns as that has ways, each plain.
//!
//! Invariant: both ways answer alike; the walk exists because it is some twenty times faster.

/// A pattern, compiled once.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: Box<str>,
    engine: Engine,
}

#[derive(Debug, Clone)]
enum Engine {
    /// Any of these.
    Walk(Box<[Plain]>),
    Regex(regex_lite::Regex),
}

/// A plain pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plain {
    runs: Box<[Run]>,
    /// What may follow.
    tail: Option<Box<[Run]>>,
}

/// Some characters in a row, all of one class of ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    class: u128,
    least: u32,
    most: u32,
}

impl Pattern {
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > 1_000 {
            return Err("it is longer than 1000 characters".to_owned());
        }
        let regex =
            regex_lite::RegexBuilder::new(text).size_limit(1 << 20).build().map_err(|error| error.to_string())?;
        let engine = plain(text).map_or(Engine::Regex(regex), Engine::Walk);
        Ok(Self { text: text.into(), engine })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        match &self.engine {
            Engine::Regex(regex) => regex.is_match(text),
            Engine::Walk(ways) => ways.iter().any(|plain| plain.is_match(text)),
        }
    }
}

impl Plain {
    fn is_match(&self, text: &str) -> bool {
        match (walk(&self.runs, text.as_bytes()), &self.tail) {
            (Some([]), _) => true,
            (Some(rest), Some(tail)) => walk(tail, rest) == Some(&[]),
            _ => false,
        }
    }
}

/// What is left of a text after the runs; nothing if it does not begin with them.
fn walk<'t>(runs: &[Run], mut rest: &'t [u8]) -> Option<&'t [u8]> {
    for run in runs {
        let has = |byte: &&u8| **byte < 128 && run.class >> **byte & 1 == 1;
        let taken = rest.iter().take(run.most as usize).take_while(has).count();
        if taken < run.least as usize {
            return None;
        }
        rest = &rest[taken..];
    }
    Some(rest)
}

/// The ways of a plain pattern; nothing if it is not one.
fn plain(text: &str) -> Option<Box<[Plain]>> {
    let inner = text.strip_prefix('^')?.strip_suffix('$')?;
    match inner.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
        Some((group, rest)) if !rest.starts_with(['?', '*', '+', '{']) => {
            let group = group.strip_prefix("?:").unwrap_or(group);
            // What is not the end of the group, or no border between its ways, leaves a bracket open or a sign without
            // its letter. So each way is a row by itself, whatever the rest makes of it: `(a\|b)d` has no way `a\d`.
            group.split('|').map(|way| row(way).and_then(|_| one_way(&[way, rest].concat()))).collect()
        }
        _ => Some([one_way(inner)?].into()),
    }
}

/// What stands between `^` and `$`, if it is plain and has one way.
fn one_way(inner: &str) -> Option<Plain> {
    let (before, tail) = match inner.strip_suffix(")?").and_then(|inner| inner.rsplit_once('(')) {
        // A bracket that is escaped, or in a class, is no group: then what is before it is no row of runs either.
        Some((before, tail)) => (before, Some(row(tail.strip_prefix("?:").unwrap_or(tail))?)),
        None => (inner, None),
    };
    let mut runs = row(before)?;
    let count = runs.len();
    runs.extend(tail.iter().flatten().cloned());
    // A run that may end early must not be able to take what belongs to a later one.
    let unclear = |at: usize| {
        let later = &runs[at + 1..];
        let reach = later.iter().position(|run| run.least > 0).map_or(later.len(), |first| first + 1);
        runs[at].least != runs[at].most && later[..reach].iter().any(|run| run.class & runs[at].class != 0)
    };
    if (0..runs.len()).any(unclear) {
        return None;
    }
    runs.truncate(count);
    Some(Plain { runs: runs.into(), tail: tail.map(Into::into) })
}

fn row(text: &str) -> Option<Vec<Run>> {
    let mut rest = text.as_bytes();
    let mut runs: Vec<Run> = Vec::new();
    while !rest.is_empty() {
        let (class, after) = class(rest)?;
        let (least, most, after) = count(after)?;
        rest = after;
        runs.push(Run { class, least, most });
    }
    Some(runs)
}

fn class(text: &[u8]) -> Option<(u128, &[u8])> {
    match text {
        [b'[', rest @ ..] => set(rest),
        [b'\\', letter, rest @ ..] => Some((escape(*letter)?, rest)),
        [letter, rest @ ..] if letter.is_ascii_alphanumeric() || b"-_:/@ #,".contains(letter) => {
            Some((1 << letter, rest))
        }
        _ => None,
    }
}

/// `\d`, or a sign that stands for itself.
fn escape(letter: u8) -> Option<u128> {
    match letter {
        b'd' => Some((b'0'..=b'9').fold(0, |class, letter| class | 1 << letter)),
        b'.' | b'-' | b'/' | b'+' | b'*' | b'?' | b'$' | b'^' | b'(' | b')' | b'[' | b']' => Some(1 << letter),
        _ => None,
    }
}

fn set(mut rest: &[u8]) -> Option<(u128, &[u8])> {
    let mut class = 0u128;
    loop {
        let (from, after) = match rest {
            [b']', after @ ..] => return (class != 0).then_some((class, after)),
            [b'\\', letter, after @ ..] => {
                class |= escape(*letter)?;
                rest = after;
                continue;
            }
            [letter, after @ ..] if letter.is_ascii_alphanumeric() || b"_.@+:/ ,#!\"$%'*;<=>?".contains(letter) => {
                (*letter, after)
            }
            // Only where nothing else can be meant.
            [b'-', b']', ..] => (b'-', &rest[1..]),
            _ => return None,
        };
        let (to, after) = match after {
            [b'-', to, after @ ..] if to.is_ascii_alphanumeric() || b"./~".contains(to) => (*to, after),
            [b'-', b']', ..] => (from, after),
            [b'-', ..] => return None,
            after => (from, after),
        };
        if to < from {
            return None;
        }
        class |= (from..=to).fold(0, |class, letter| class | 1 << letter);
        rest = after;
    }
}

fn count(text: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (least, most, rest) = match text {
        [b'+', rest @ ..] => (1, u32::MAX, rest),
        [b'*', rest @ ..] => (0, u32::MAX, rest),
        [b'?', rest @ ..] => (0, 1, rest),
        [b'{', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b'}')?;
            let inner = std::str::from_utf8(&rest[..end]).ok()?;
            let (least, most) = match inner.split_once(',') {
                None => (inner.parse().ok()?, inner.parse().ok()?),
                Some((least, "")) => (least.parse().ok()?, u32::MAX),
                Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
            };
            (least, most, &rest[end + 1..])
        }
        rest => (1, 1, rest),
    };
    // `+?` and the like: the regex engine knows what is meant.
    let again = matches!(rest.first(), Some(b'+' | b'*' | b'?' | b'{'));
    (least <= most && !again).then_some((least, most, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_walked(text: &str) -> bool {
        matches!(Pattern::compile(text).unwrap().engine, Engine::Walk(_))
    }

    #[test]
    fn common_patterns_are_walked() {
        for text in [
            "^[A-Za-z0-9_-]{1,64}$",
            "^[A-Z]{3}$",
            r"^\d+\.\d{2}$",
            "^ORD-[0-9]+$",
            r"^[0-9]{1,9}(\.[0-9]{1,2})?$",
            r"^(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?$",
            "^[!-~]+$",
            r#"^[!"$-.0-~]+$"#,
            "^(a|b)$",
            "^(?:a|)b$",
            "^[a-z][a-z0-9-]*$",
            "^$",
        ] {
            assert!(is_walked(text), "{text}");
        }
        for text in [
            "^[a-z]+[a-z]$",
            "^a*b?a$",
            "abc",
            "^(a|b)+$",
            "^(a|b){2}$",
            "^(a|(b))$",
            r"^(a\|b)$",
            r"^(a\|b)d$",
            r"^(\|a)-b$",
            "^([|)]a|b)$",
            "^a|b$",
            "^[^a]$",
            "^a+?$",
            r"^\w+$",
            "^.$",
            "^é$",
            "^a+(a)?$",
            r"^a\(b\)?$",
            "^[(a]+(b)?a?$",
            "^(a)?(b)?$",
        ] {
            assert!(!is_walked(text), "{text}");
        }
    }

    #[test]
    fn a_border_that_is_escaped_parts_no_ways() {
        let pattern = Pattern::compile(r"^(a\|b)d$").unwrap();
        for (text, expected) in [("a|bd", true), ("a5", false), ("bd", false)] {
            assert_eq!(pattern.is_match(text), expected, "{text}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_read_says_why() {
        for text in ["(", "[a", "(?=a)", "a{2,1}", "(a{1000}){1000}"] {
            assert!(Pattern::compile(text).is_err(), "{text}");
        }
    }

    proptest! {
        /// A walk finds what the engine finds.
        #[test]
        fn the_walk_answers_as_the_engine(
            pattern in r"\^(\((\?:)?(\[[a-c]-?[c-d]?\]|[ab|]|\\[d.|]){1,4}\)[?+]?)?((\[[a-c!$.~]-?[c-d.~]?\]|[abd.-]|\\d)(\{[0-2](,[2-3]?)?\}|[+*?])?){0,3}(\((\[[a-c]-?[c-d]?\]|[ab])[+*?]?[ad]?\)\?)?\$",
            texts in prop::collection::vec("[abcd1é!%.~|-]{0,6}", 20),
        ) {
            if let Ok(compiled) = Pattern::compile(&pattern) {
                let regex = regex_lite::Regex::new(&pattern).unwrap();
                for text in texts {
                    prop_assert_eq!(compiled.is_match(&text), regex.is_match(&text), "{} on {}", &pattern, &text);
                }
            }
        }
    }
}
