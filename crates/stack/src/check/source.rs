//! Finds the characters of a value again in the text of the template that it was read from.
//!
//! Start at [`Source::places`]. Readers keep where a value begins; what lies between its first and its last character
//! (the indentation of a block, the escapes of a quoted text) is walked again here, the text and the value side by
//! side. Where the two cannot be brought together, every character stands where the value begins, which is always true
//! enough to find it.

use crate::findings::Position;

/// Every so many characters the place of a character in its line is kept, so that no line is walked from its beginning
/// each time: a template may be one line.
const MARK_EVERY: usize = 256;

/// The text of a template, by lines.
pub(crate) struct Source<'t> {
    lines: Vec<Line<'t>>,
}

struct Line<'t> {
    text: &'t str,
    /// The bytes before every 256th character.
    marks: Vec<usize>,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Without quotes, on one line or in a block: the characters themselves, with spaces and line ends of their own.
    Bare,
    Single,
    Double,
}

impl<'t> Source<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.split('\n').map(|line| {
            let text = line.strip_suffix('\r').unwrap_or(line);
            let marks = text.char_indices().step_by(MARK_EVERY).map(|(offset, _)| offset).collect();
            Line { text, marks }
        });
        Self { lines: lines.collect() }
    }

    /// Where each character of a value stands that begins at `at`, and where it ends.
    pub(crate) fn places(&self, at: Position, value: &str) -> Vec<Position> {
        let cursor = self.cursor(at).behind_tag();
        let styles: &[Style] = match cursor.peek() {
            Some('"') => &[Style::Double, Style::Bare],
            Some('\'') => &[Style::Single, Style::Bare],
            _ => &[Style::Bare],
        };
        let found = styles.iter().find_map(|style| align(cursor.clone(), *style, value));
        found.unwrap_or_else(|| vec![at; value.chars().count() + 1])
    }

    /// Whether the single value at a place is text whatever it says: it has quotes, or a tag before it.
    pub(crate) fn is_text(&self, at: Position) -> bool {
        matches!(self.cursor(at).peek(), Some('"' | '\'' | '!' | '|' | '>'))
    }

    /// The first character of a single value that begins at a place, its quote if it has one.
    pub(crate) fn first(&self, at: Position) -> Option<char> {
        self.cursor(at).behind_tag().peek()
    }

    /// Whether this character stands at a place.
    pub(crate) fn has(&self, at: Position, character: char) -> bool {
        self.cursor(at).peek() == Some(character)
    }

    /// Where the next character behind a place is that is neither a space nor a comma, if it is this one.
    pub(crate) fn closes(&self, behind: Position, bracket: char) -> Option<Position> {
        let mut cursor = self.cursor(behind);
        cursor.take();
        cursor.skip(|character| character.is_whitespace() || character == ',');
        (cursor.peek() == Some(bracket)).then_some(cursor.at)
    }

    fn cursor(&self, at: Position) -> Cursor<'_, 't> {
        let line = at.line as usize - 1;
        let before = at.column as usize - 1;
        let offset = self.lines.get(line).map_or(0, |line| line.offset(before));
        Cursor { source: self, line, offset, at }
    }
}

impl Line<'_> {
    /// The bytes before the character with this number.
    fn offset(&self, number: usize) -> usize {
        let Some(mark) = self.marks.get(number / MARK_EVERY) else { return self.text.len() };
        let rest = &self.text[*mark..];
        rest.char_indices().nth(number % MARK_EVERY).map_or(self.text.len(), |(offset, _)| mark + offset)
    }
}

/// A place in the text; line ends are characters.
#[derive(Clone)]
struct Cursor<'s, 't> {
    source: &'s Source<'t>,
    line: usize,
    offset: usize,
    at: Position,
}

impl Cursor<'_, '_> {
    fn peek(&self) -> Option<char> {
        let line = self.source.lines.get(self.line)?;
        let last = self.line + 1 == self.source.lines.len();
        line.text[self.offset..].chars().next().or((!last).then_some('\n'))
    }

    fn take(&mut self) -> Option<char> {
        let taken = self.peek()?;
        if taken == '\n' {
            self.line += 1;
            self.offset = 0;
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.offset += taken.len_utf8();
            self.at.column += 1;
        }
        Some(taken)
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&skipped) {
            self.take();
        }
    }

    /// Past `!Sub` and the head of a block (`|-`), if they stand here.
    fn behind_tag(mut self) -> Self {
        if self.peek() != Some('!') {
            return self;
        }
        self.skip(|character| !character.is_whitespace());
        self.skip(|character| character == ' ' || character == '\t');
        if matches!(self.peek(), Some('|' | '>')) {
            self.skip(|character| character != '\n');
            self.take();
        }
        self.skip(char::is_whitespace);
        self
    }

    /// What an escape in double quotes stands for; `None` where it stands for nothing, as before a line end.
    fn escaped(&mut self) -> Option<Option<char>> {
        self.take();
        let digits = match self.take()? {
            '\n' => {
                self.skip(char::is_whitespace);
                return Some(None);
            }
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'n' => return Some(Some('\n')),
            't' => return Some(Some('\t')),
            'r' => return Some(Some('\r')),
            'b' => return Some(Some('\u{8}')),
            'f' => return Some(Some('\u{c}')),
            same => return Some(Some(same)),
        };
        let mut code = self.hex(digits)?;
        if (0xd800..0xdc00).contains(&code) && self.take() == Some('\\') && self.take() == Some('u') {
            code = 0x10000 + ((code - 0xd800) << 10) + self.hex(4)?.checked_sub(0xdc00)?;
        }
        Some(Some(char::from_u32(code)?))
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let mut code: u32 = 0;
        for _ in 0..digits {
            code = code.checked_mul(16)? + self.take()?.to_digit(16)?;
        }
        Some(code)
    }
}

/// Walks the text and the value side by side.
fn align(mut cursor: Cursor<'_, '_>, style: Style, value: &str) -> Option<Vec<Position>> {
    if style != Style::Bare {
        cursor.take();
    }
    let mut places = Vec::with_capacity(value.len() + 1);
    for wanted in value.chars() {
        places.push(character(&mut cursor, style, wanted)?);
    }
    places.push(cursor.at);
    Some(places)
}

/// Goes past the next character of the value, and answers where it stands.
fn character(cursor: &mut Cursor<'_, '_>, style: Style, wanted: char) -> Option<Position> {
    loop {
        let at = cursor.at;
        match cursor.peek() {
            Some('\\') if style == Style::Double => match cursor.escaped()? {
                Some(found) => return (found == wanted).then_some(at),
                None => continue,
            },
            Some(found) if found == wanted => {
                cursor.take();
                if style == Style::Single && found == '\'' && cursor.take() != Some('\'') {
                    return None;
                }
                return Some(at);
            }
            // A line end that was folded to a space, and spaces that belong to the text and not to the value.
            Some('\n') if wanted == ' ' => {
                cursor.take();
                return Some(at);
            }
            _ if wanted.is_whitespace() => return Some(at),
            Some(space) if space.is_whitespace() => {
                cursor.take();
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Findings;
    use crate::node::{Data, Node};
    use crate::read;

    /// The values in a template, each with what stands at the places of its characters.
    fn found(text: &str) -> Vec<(String, String)> {
        let mut findings = Findings::default();
        let root = read::read(text, &mut findings).unwrap();
        let source = Source::new(text);
        let mut pending = vec![&root];
        let mut found = Vec::new();
        while let Some(node) = pending.pop() {
            match &node.data {
                Data::Scalar(value) => found.push((value.clone(), again(text, &source, node, value))),
                Data::List(items) => pending.extend(items.iter().rev()),
                Data::Map(entries) => pending.extend(entries.iter().rev().map(|entry| &entry.value)),
            }
        }
        found
    }

    /// The characters of the text at the places of a value, those that are no spaces.
    fn again(text: &str, source: &Source<'_>, node: &Node, value: &str) -> String {
        let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        let places = source.places(node.at, value);
        assert_eq!(places.len(), value.chars().count() + 1, "{value}");
        let visible = value.chars().zip(places).filter(|(character, _)| !character.is_whitespace());
        visible.map(|(_, at)| lines[at.line as usize - 1][at.column as usize - 1]).collect()
    }

    #[test]
    fn every_spelling_of_a_value_is_found_again() {
        let yaml = "
literal: |
  {
    \"a\": [1],

    \"ö\": [\"x y\"]
  }
kept: |+2
    {\"b\": 1}

folded: >-
  {\"c\":
    [1,
     2]}
tagged: !Sub |-
  {\"d\": \"${X}\"}
tagged line: !Sub '{\"e\": \"it''s\"}'
single: '{\"f\": [\"it''s\"]}'
double: \"{\\\"g\\\": [\\\"\\u00e9\\x41\\\"]}\"
broken: \"{\\\"h\\\": \\
    [1]}\"
plain: i am
  two lines
flow: {k: [m, \"n\", !Ref o]}
";
        let expected = [
            ("{\n  \"a\": [1],\n\n  \"ö\": [\"x y\"]\n}\n", "{\"a\":[1],\"ö\":[\"xy\"]}"),
            ("  {\"b\": 1}\n\n", "{\"b\":1}"),
            ("{\"c\":\n  [1,\n   2]}", "{\"c\":[1,2]}"),
            ("{\"d\": \"${X}\"}", "{\"d\":\"${X}\"}"),
            ("{\"e\": \"it's\"}", "{\"e\":\"it's\"}"),
            ("{\"f\": [\"it's\"]}", "{\"f\":[\"it's\"]}"),
            ("{\"g\": [\"éA\"]}", "{\\g\\:[\\\\\\\\]}"),
            ("{\"h\": [1]}", "{\\h\\:[1]}"),
            ("i am two lines", "iamtwolines"),
            ("m", "m"),
            ("n", "n"),
            ("o", "o"),
        ];
        let found = found(yaml);
        for (found, (value, again)) in found.iter().zip(expected) {
            assert_eq!((found.0.as_str(), found.1.as_str()), (value, again));
        }
        assert_eq!(found.len(), expected.len());
        let json = "{\"a\": \"{\\\"x\\\": [\\\"\\ud83d\\ude80\\\"]}\", \"b\": [\"y\\n\\tz\"]}";
        assert_eq!(
            super::tests::found(json),
            [("{\"x\": [\"🚀\"]}".to_owned(), "{\\x\\:[\\\\\\]}".to_owned()), ("y\n\tz".to_owned(), "yz".to_owned())]
        );
    }

    #[test]
    fn places_far_in_a_long_line_are_exact() {
        let text = format!("[{}\"end\"]", "\"é\", ".repeat(1_000));
        let source = Source::new(&text);
        let column = u32::try_from(text.chars().count() - 5).unwrap();
        let at = Position { line: 1, column };
        assert_eq!(source.places(at, "end")[0], Position { line: 1, column: column + 1 });
        assert_eq!(source.places(at, "other"), vec![at; 6], "what is not there stands where it begins");
    }

    #[test]
    fn quotes_and_tags_make_text() {
        let source = Source::new("[1, \"1\", '1', !!str 1, true]");
        let cases = [(2, false), (5, true), (10, true), (15, true), (24, false), (999, false)];
        for (column, expected) in cases {
            assert_eq!(source.is_text(Position { line: 1, column }), expected, "{column}");
        }
        assert!(!source.is_text(Position { line: 9, column: 1 }));
    }
}
