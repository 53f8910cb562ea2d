//! Decides how text gets to whoever reads it: with colour or without, how wide, and never with control characters that
//! came out of the data.
//!
//! What commands print they first make into text with a [`Look`], which is all that depends on the terminal; [`Out`]
//! prints it. Everything that stands in an order, a log line or an error goes through [`safe`] on its way into a text.

use crate::exit::{Failure, Stop};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

/// How wide texts are if nobody knows.
const WIDTH_DEFAULT: usize = 120;

/// What a text's form depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether there may be colours.
    pub(crate) colour: bool,
    /// How many characters fit into a line; `None` for any number, as in a file.
    pub(crate) width: Option<usize>,
}

/// Colours and weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// What a thing is called.
    Bold,
    /// What is there for completeness.
    Dim,
    /// What went well.
    Green,
    /// What waits, or was passed over.
    Yellow,
    /// What went wrong.
    Red,
    /// What to type.
    Cyan,
}

impl Look {
    /// No colours, any width.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { colour: false, width: None };

    /// For the standard output.
    pub(crate) fn of_output() -> Self {
        let terminal = io::stdout().is_terminal();
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Self { colour: terminal && colours_wanted(), width: terminal.then(|| width.unwrap_or(WIDTH_DEFAULT)) }
    }

    /// For the standard error.
    pub(crate) fn of_errors() -> Self {
        Self { colour: io::stderr().is_terminal() && colours_wanted(), width: None }
    }

    /// The text in this colour, if there may be colours.
    pub(crate) fn paint(self, paint: Paint, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Green => "32",
            Paint::Yellow => "33",
            Paint::Red => "31",
            Paint::Cyan => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// The text cut to what fits behind `used` columns, but never to less than 20.
    pub(crate) fn fit(self, text: &str, used: usize) -> Cow<'_, str> {
        match self.width {
            Some(width) => cut(text, width.saturating_sub(used).max(20)),
            None => Cow::Borrowed(text),
        }
    }
}

/// See <https://no-color.org>.
fn colours_wanted() -> bool {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !no_colour && !dumb
}

/// Columns that a text takes up: one for each character, two for wide ones. Good enough to cut and to align by.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

fn columns_of(character: char) -> usize {
    match u32::from(character) {
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff00..=0xff60 => 2,
        0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text, or its beginning with an ellipsis if it takes up more columns than these.
pub(crate) fn cut(text: &str, columns_max: usize) -> Cow<'_, str> {
    if columns(text) <= columns_max {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += columns_of(character);
        if used >= columns_max {
            break;
        }
        kept.push(character);
    }
    Cow::Owned(kept + "…")
}

/// Text from outside, fit for a line of a terminal: what moves the cursor, changes colours or turns the reading
/// direction is escaped, line ends too.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            _ if !is_unsafe(character) => escaped.push(character),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            _ => write!(escaped, "\\u{{{:x}}}", u32::from(character)).expect("writing to a string does not fail"),
        }
    }
    Cow::Owned(escaped)
}

fn is_unsafe(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') || turns_direction(character)
}

fn turns_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// JSON as text, with everything escaped that a terminal would act on and JSON allows to stand unescaped.
pub(crate) fn json_text<T: Serialize>(view: &T) -> String {
    // Written in one way alone: another way of writing is code of its own for every view.
    indent_json(&serde_json::to_string(view).expect("views have string keys"))
}

/// The same JSON; line ends between its tokens stay. Characters like these stand within strings only.
pub(crate) fn escape_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) && character != '\n' {
            write!(escaped, "\\u{:04x}", u32::from(character)).expect("writing to a string does not fail");
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// JSON, one member to a line, its members in the order in which they stand. For texts that are JSON.
pub(crate) fn indent_json(compact: &str) -> String {
    let mut text = String::with_capacity(compact.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut characters = compact.chars().filter(|character| *character != '\n').peekable();
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        (0..depth).for_each(|_| text.push_str("  "));
    };
    while let Some(character) = characters.next() {
        if in_string {
            text.push(character);
            in_string = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '"' => {
                in_string = true;
                text.push('"');
            }
            '{' | '[' => {
                text.push(character);
                while characters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(close) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(close);
                } else {
                    depth += 1;
                    line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(',');
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ if character.is_ascii_whitespace() => {}
            _ => text.push(character),
        }
    }
    escape_json(&text)
}

/// The standard output.
pub(crate) struct Out {
    // Not locked for good: a server's threads print as well.
    writer: BufWriter<Stdout>,
    /// How texts for it look.
    pub(crate) look: Look,
}

impl Out {
    /// Takes the standard output.
    pub(crate) fn new() -> Self {
        Self { writer: BufWriter::new(io::stdout()), look: Look::of_output() }
    }

    /// Prints a text, and a line end if it has none.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Stop> {
        self.writer.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            self.writer.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Prints a view as JSON.
    pub(crate) fn json<T: Serialize>(&mut self, view: &T) -> Result<(), Stop> {
        self.print(&json_text(view))
    }

    /// Prints a view as JSON on one line.
    pub(crate) fn json_line<T: Serialize>(&mut self, view: &T) -> Result<(), Stop> {
        let text = serde_json::to_string(view).expect("views have string keys");
        self.print(&escape_json(&text))
    }

    /// Hands what was printed to whoever reads it.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        Ok(self.writer.flush()?)
    }
}

/// What is printed about a failure.
pub(crate) fn failure_text(failure: &Failure, look: Look) -> String {
    let lines = |text: &str, indent: &str| {
        let lines: Vec<_> = text.lines().map(|line| safe(line).into_owned()).collect();
        lines.join(&format!("\n{indent}"))
    };
    let mut text = format!("{} {}\n", look.paint(Paint::Red, "error:"), lines(&failure.error, "       "));
    if let Some(hint) = &failure.hint {
        let label = look.paint(Paint::Cyan, "hint:");
        writeln!(text, "{label} {}", lines(hint, "      ")).expect("writing to a string does not fail");
    }
    text
}

/// Prints on the standard error; if nobody reads it, nobody misses it.
pub(crate) fn say(text: &str) {
    let mut errors = io::stderr().lock();
    let _ = errors.write_all(text.as_bytes());
    let _ = errors.flush();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_terminals_act_on_is_escaped() {
        let cases = [
            ("größe 🚀 | Amount: 1500.0", "größe 🚀 | Amount: 1500.0"),
            ("\u{1b}[31mred\u{1b}]0;title\u{7}", "\\u{1b}[31mred\\u{1b}]0;title\\u{7}"),
            ("a\nb\rc\td", "a\\nb\\rc\\td"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("gpj.\u{202e}txt", "gpj.\\u{202e}txt"),
        ];
        for (given, shown) in cases {
            assert_eq!(safe(given), shown);
        }
    }

    #[test]
    fn texts_are_cut_to_their_columns() {
        let cases = [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("🚀🚀🚀", 5, "🚀🚀…"), ("🚀🚀🚀", 6, "🚀🚀🚀")];
        for (text, max, expected) in cases {
            assert_eq!(cut(text, max), expected);
        }
        let look = Look { colour: false, width: Some(30) };
        assert_eq!(columns(&look.fit(&"x".repeat(50), 5)), 25);
        assert_eq!(columns(&look.fit(&"x".repeat(50), 29)), 20);
        assert_eq!(Look::PLAIN.fit(&"x".repeat(500), 29).len(), 500);
    }

    #[test]
    fn colours_stand_around_the_text_alone() {
        assert_eq!(Look { colour: true, width: None }.paint(Paint::Red, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Look::PLAIN.paint(Paint::Red, "x"), "x");
    }

    #[test]
    fn failures_say_what_and_what_to_do() {
        let failure = Failure::new(2, "line one\nline \u{1b}two").hint("do this");
        insta::assert_snapshot!(failure_text(&failure, Look::PLAIN), @r"
        error: line one
               line \u{1b}two
        hint: do this
        ");
    }

    #[test]
    fn json_is_indented_in_its_own_order() {
        let text = r#"{"b":[1,{"x":"a,\"{b"},[]], "a" : {} ,"c":null}"#;
        insta::assert_snapshot!(indent_json(text), @r#"
        {
          "b": [
            1,
            {
              "x": "a,\"{b"
            },
            []
          ],
          "a": {},
          "c": null
        }
        "#);
    }

    /// Texts of any characters, those included that terminals act on.
    fn any_text() -> impl Strategy<Value = String> {
        let harmful = prop_oneof![Just('\u{1b}'), Just('\u{9b}'), Just('\u{7f}'), Just('\n'), Just('\u{202e}')];
        let character = prop_oneof![4 => any::<char>(), 1 => harmful];
        proptest::collection::vec(character, 0..40).prop_map(String::from_iter)
    }

    /// Whether there is something else than text, said without the code under test.
    fn has_control(text: &str) -> bool {
        text.chars().any(|character| character.is_control() || "\u{202a}\u{202e}\u{2066}".contains(character))
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any_text().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
                proptest::collection::btree_map(any_text(), inner, 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Indenting and escaping change how JSON looks and nothing that it says.
        #[test]
        fn indented_json_says_the_same(value in any_json()) {
            let text = indent_json(&value.to_string());
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&text).unwrap(), &value);
            prop_assert!(!has_control(&text.replace('\n', "")));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json_text(&value)).unwrap(), value);
        }

        /// Nothing that a terminal acts on gets through, and what was cut fits.
        #[test]
        fn safe_texts_are_safe(text in any_text(), max in 1..60_usize) {
            let text = safe(&text);
            prop_assert!(!has_control(&text));
            prop_assert!(columns(&cut(&text, max)) <= max);
        }
    }
}
