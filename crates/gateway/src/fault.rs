//! Decides how something wrong in a document is told: where it is and what to do about it.
//!
//! Start at [`Fault`]. A place is a JSON pointer (RFC 6901); `Path` is the way to it while a document is walked, a
//! chain on the stack that costs nothing until a fault is told.
//!
//! Invariant: what a fault quotes of somebody's text is bounded and has no control characters.

use std::fmt::Write;

/// The most characters of one name that a pointer or a sentence repeats.
const QUOTED_CHARS_MAX: usize = 64;

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Fault {
    /// A JSON pointer; empty for the whole document.
    pub pointer: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        write!(f, "{place}: {}", self.detail)
    }
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Root,
    Name(&'p str),
    Index(usize),
}

/// The way to a place in a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

impl<'p> Path<'p> {
    pub(crate) const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    pub(crate) fn name(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Name(name) }
    }

    pub(crate) fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    pub(crate) fn fault(&self, detail: impl Into<String>) -> Fault {
        Fault { pointer: self.pointer(), detail: detail.into() }
    }

    pub(crate) fn pointer(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
        }
        match self.step {
            Step::Root => {}
            Step::Index(index) => write!(out, "/{index}").expect("a string takes all"),
            Step::Name(name) => {
                out.push('/');
                for letter in bounded(name).chars() {
                    match letter {
                        '~' => out.push_str("~0"),
                        '/' => out.push_str("~1"),
                        letter => out.push(letter),
                    }
                }
            }
        }
    }
}

/// The text without control characters, and cut where it becomes long.
pub(crate) fn bounded(text: &str) -> String {
    let mut out: String =
        text.chars().take(QUOTED_CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_what_would_lead_elsewhere() {
        let root = Path::ROOT;
        let items = root.name("a/b~c");
        assert_eq!(items.index(3).pointer(), "/a~1b~0c/3");
        assert_eq!(root.pointer(), "");
    }

    #[test]
    fn quoted_text_is_bounded_and_printable() {
        assert_eq!(bounded("a\nb"), "a\u{fffd}b");
        assert_eq!(bounded(&"é".repeat(100)).chars().count(), QUOTED_CHARS_MAX + 1);
    }
}
