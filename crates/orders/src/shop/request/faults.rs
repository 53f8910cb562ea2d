//! Decides how what is wrong with a body is collected and said: each fault with its place, all at once, and not endless.

use std::fmt::{self, Write};
use types::sort;

/// The most faults that are told of; whoever mends a hundred may ask again.
pub const FAULTS_MAX: usize = 100;

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: a JSON pointer (RFC 6901) into the body, such as `/items/0/price`; empty for the body as a whole.
    pub pointer: String,
    /// What is wrong and what to do about it; the place is the sentence's subject.
    pub detail: String,
}

/// Everything that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Faults {
    found: Vec<(usize, Fault)>,
    more: usize,
}

impl Faults {
    pub(crate) fn add(&mut self, at: usize, place: &Place<'_>, detail: impl Into<String>) {
        if self.found.len() == FAULTS_MAX {
            self.more += 1;
        } else {
            self.found.push((at, Fault { pointer: place.to_string(), detail: detail.into() }));
        }
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many there are, those that are not told of included.
    pub(crate) fn count(&self) -> usize {
        self.found.len() + self.more
    }

    /// The faults in the order of the body, at most [`FAULTS_MAX`].
    pub(crate) fn into_list(mut self) -> Vec<Fault> {
        sort::by_key(&mut self.found, |(at, _)| *at);
        self.found.into_iter().map(|(_, fault)| fault).collect()
    }
}

/// A place in a body; what it is written as is made only when something is wrong there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    Root,
    Member(&'a Place<'a>, &'a str),
    Element(&'a Place<'a>, usize),
}

impl Place<'_> {
    pub(crate) fn member<'b>(&'b self, name: &'b str) -> Place<'b> {
        Place::Member(self, name)
    }

    pub(crate) fn element(&self, index: usize) -> Place<'_> {
        Place::Element(self, index)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Element(parent, index) => write!(f, "{parent}/{index}"),
            Self::Member(parent, name) => {
                write!(f, "{parent}/")?;
                for character in shown(name).chars() {
                    match character {
                        '~' => f.write_str("~0")?,
                        '/' => f.write_str("~1")?,
                        _ => f.write_char(character)?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// A text from outside, fit for a line: not endless, and without characters that a terminal acts on.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == SHOWN_MAX {
            out.push('…');
            break;
        }
        if super::text::is_odd(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// The known name that a misspelt one was likely meant to be.
pub(crate) fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    const NAME_MAX: usize = 40;
    if name.len() > NAME_MAX {
        return None;
    }
    let plain = |name: &str| name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect::<String>().to_lowercase();
    let name = plain(name);
    let by_distance = known.iter().map(|known| (distance(&name, &plain(known)), *known));
    by_distance.min_by_key(|(distance, _)| *distance).filter(|(far, near)| *far <= near.len() / 3).map(|(_, near)| near)
}

/// How many characters must be changed, added or left out to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
