//! Keeps, for a text that was put together from a template, where each part of it stands there.

use std::ops::Range;

use crate::findings::Position;

/// A text, and the place of each character in the template; what a function of the template made stands where the
/// function does.
#[derive(Debug, Default, Clone)]
pub(crate) struct Located {
    text: String,
    /// Bytes of `text` from which on a place holds; ascending.
    places: Vec<(usize, Position)>,
}

impl Located {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Adds a text whose characters stand at `places`, one for each and perhaps one more for the end.
    pub(crate) fn push(&mut self, text: &str, places: &[Position]) {
        for (character, at) in text.chars().zip(places) {
            self.push_character(character, *at);
        }
        debug_assert!(places.len() >= text.chars().count(), "a place for each character");
    }

    pub(crate) fn push_character(&mut self, character: char, at: Position) {
        self.places.push((self.text.len(), at));
        self.text.push(character);
    }

    /// Adds a text that stands at one place as a whole.
    pub(crate) fn push_at(&mut self, text: &str, at: Position) {
        if !text.is_empty() {
            self.places.push((self.text.len(), at));
            self.text.push_str(text);
        }
    }

    pub(crate) fn append(&mut self, other: &Self) {
        let before = self.text.len();
        self.text.push_str(&other.text);
        self.places.extend(other.places.iter().map(|(offset, at)| (before + offset, *at)));
    }

    /// Where the last character stands.
    pub(crate) fn last(&self) -> Option<Position> {
        self.places.last().map(|(_, at)| *at)
    }

    fn at(&self, offset: usize) -> Option<Position> {
        let behind = self.places.partition_point(|(from, _)| *from <= offset);
        Some(self.places.get(behind.checked_sub(1)?)?.1)
    }

    /// Where these bytes of the text begin, and behind which character of the same line they end; `None` if they end on
    /// another line.
    pub(crate) fn span(&self, bytes: Range<usize>) -> Option<(Position, Option<Position>)> {
        let start = self.at(bytes.start)?;
        let last = self.at(bytes.end.saturating_sub(1).max(bytes.start))?;
        if last.line != start.line || last.column < start.column {
            return Some((start, None));
        }
        // An escape is longer than the character that it stands for: then the next one says where it ends.
        let next = self.at(bytes.end).filter(|next| bytes.end < self.text.len() && next.line == last.line);
        let column = next.map_or(0, |next| next.column).max(last.column + 1);
        Some((start, Some(Position { line: start.line, column })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32, column: u32) -> Position {
        Position { line, column }
    }

    #[test]
    fn parts_of_a_text_are_found_where_they_stood() {
        let mut located = Located::default();
        located.push("é1", &[place(3, 5), place(3, 7)]);
        located.push_at("made", place(4, 2));
        let mut tail = Located::default();
        tail.push("xy", &[place(5, 1), place(5, 2)]);
        located.append(&tail);
        assert_eq!(located.text(), "é1madexy");
        let cases = [
            (0..2, place(3, 5), Some(place(3, 7))),
            (0..3, place(3, 5), Some(place(3, 8))),
            (2..3, place(3, 7), Some(place(3, 8))),
            (2..5, place(3, 7), None),
            (4..6, place(4, 2), Some(place(4, 3))),
            (7..9, place(5, 1), Some(place(5, 3))),
            (8..8, place(5, 2), Some(place(5, 3))),
        ];
        for (bytes, start, end) in cases {
            assert_eq!(located.span(bytes.clone()), Some((start, end)), "{bytes:?}");
        }
        assert_eq!(located.last(), Some(place(5, 2)));
        assert_eq!(Located::default().span(0..0), None);
    }
}
