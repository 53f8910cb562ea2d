//! Decides how a template is read and filled: [`Template`], JSON or free text with `<names>` in it.
//!
//! A JSON template is one JSON value, or several on lines of their own. Where a name stands for a value, the value is
//! put there as JSON; what is missing leaves `""`. Inside a quoted string its text is put, objects and lists without
//! their quotes; what is missing leaves nothing. Names cannot be keys of objects, nor stand in keys. In free text, text
//! is put as it is and everything else as JSON.
//!
//! Escapes of a value stay escapes inside a string. AWS puts the bare characters there, which for a quote, a backslash
//! or a line's end makes a text that is no JSON, and lets whoever writes a value add members of his own.
//!
//! Invariant: a JSON template filled with any values is JSON, without blanks between its tokens.

use super::json::Json;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// How many characters a template has at most.
pub const TEMPLATE_MAX: usize = 8192;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template<V> {
    pieces: Vec<Piece<V>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<V> {
    Text(String),
    Hole(V, Place),
}

/// Where a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Value,
    InString,
    Free,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault<E> {
    /// A name is not one that may stand there.
    Name(E),
    /// Around the names it is not JSON.
    Json { reason: String, line: usize, column: usize },
    /// A name stands in an object's key.
    InKey { name: String },
}

/// What a name is found to mean.
pub(super) enum Meaning<V, E> {
    Variable(V),
    /// It is no name but text.
    Text,
    Unknown(E),
}

/// A part of a text: what is literal, and what is between `<` and `>`.
enum Token<'t, V> {
    Literal(&'t str),
    Name(&'t str, V),
}

impl<V> Template<V> {
    /// Reads a JSON template. `meaning` says what a name stands for.
    pub(super) fn json<E>(text: &str, meaning: impl FnMut(&str) -> Meaning<V, E>) -> Result<Self, Fault<E>> {
        let tokens = tokens(text, meaning)?;
        // The same text with names replaced by something of the same length, so that faults keep their places.
        let mut sample = String::with_capacity(text.len());
        let mut in_string = false;
        for token in &tokens {
            match token {
                Token::Name(name, _) if in_string => sample.push_str(&"x".repeat(name.len() + 2)),
                // A number, since that cannot be a key; kept apart from a number or word right before it.
                Token::Name(name, _) => {
                    let is_apart = sample.bytes().last().is_none_or(|byte| !is_of_number_or_word(byte));
                    let number = if is_apart { "0" } else { " 0" };
                    sample.push_str(&format!("{number:<0$}", name.len() + 2));
                }
                Token::Literal(literal) => {
                    sample.push_str(literal);
                    in_string = is_in_string_after(literal, in_string);
                }
            }
        }
        let mut values = 0;
        for value in serde_json::Deserializer::from_str(&sample).into_iter::<IgnoredAny>() {
            value.map_err(|error| Fault::Json {
                reason: reason(&error),
                line: error.line(),
                column: error.column(),
            })?;
            values += 1;
        }
        if values == 0 {
            return Err(Fault::Json { reason: "there is nothing in it".to_owned(), line: 1, column: 1 });
        }
        let mut writer = Writer::default();
        let mut named = None;
        for token in tokens {
            match token {
                Token::Name(name, variable) => {
                    writer.hole(variable);
                    named = if writer.in_string { Some(name) } else { None };
                }
                Token::Literal(literal) => writer.literal(literal, &mut named)?,
            }
        }
        Ok(writer.done())
    }

    /// Reads a template of free text.
    pub(super) fn free<E>(text: &str, meaning: impl FnMut(&str) -> Meaning<V, E>) -> Result<Self, Fault<E>> {
        let pieces = tokens(text, meaning)?.into_iter().map(|token| match token {
            Token::Name(_, variable) => Piece::Hole(variable, Place::Free),
            Token::Literal(literal) => Piece::Text(literal.to_owned()),
        });
        Ok(Self { pieces: pieces.collect() })
    }

    /// The one name that the template consists of, if it is no more than that.
    pub(super) fn alone(&self) -> Option<&V> {
        match &self.pieces[..] {
            [Piece::Hole(variable, Place::Value | Place::Free)] => Some(variable),
            _ => None,
        }
    }

    /// Fills the names in. `value` gives compact JSON, or nothing for what is missing.
    pub(super) fn fill<'v>(&self, mut value: impl FnMut(&V) -> Option<Cow<'v, str>>) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Hole(variable, place) => match (value(variable), place) {
                    (Some(json), Place::Value) => filled.push_str(&json),
                    (Some(json), Place::InString) => filled.push_str(&Json::of_compact(&json).without_quotes()),
                    (Some(json), Place::Free) => {
                        let text = Json::of_compact(&json).text();
                        filled.push_str(text.as_deref().unwrap_or(&json));
                    }
                    (None, Place::Value) => filled.push_str("\"\""),
                    (None, Place::InString | Place::Free) => {}
                },
            }
        }
        filled
    }
}

/// Cuts a text at its names. What is between `<` and `>` may be a name if it has no `<`, quote or line's end in it.
fn tokens<V, E>(text: &str, mut meaning: impl FnMut(&str) -> Meaning<V, E>) -> Result<Vec<Token<'_, V>>, Fault<E>> {
    let mut tokens = Vec::new();
    let (mut literal_from, mut from) = (0, 0);
    while let Some(open) = text[from..].find('<').map(|at| from + at) {
        let Some(length) = text[open + 1..].find(['<', '>', '"', '\n']) else { break };
        let close = open + 1 + length;
        from = close;
        if length == 0 || !text[close..].starts_with('>') {
            continue;
        }
        from = close + 1;
        match meaning(&text[open + 1..close]) {
            Meaning::Variable(variable) => {
                if literal_from < open {
                    tokens.push(Token::Literal(&text[literal_from..open]));
                }
                tokens.push(Token::Name(&text[open + 1..close], variable));
                literal_from = from;
            }
            Meaning::Text => {}
            Meaning::Unknown(error) => return Err(Fault::Name(error)),
        }
    }
    if literal_from < text.len() {
        tokens.push(Token::Literal(&text[literal_from..]));
    }
    Ok(tokens)
}

fn is_of_number_or_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}

fn is_in_string_after(literal: &str, mut in_string: bool) -> bool {
    let mut bytes = literal.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            _ => {}
        }
    }
    in_string
}

/// A serde message without its place, which is said in our own way.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Puts a checked JSON template together, without its blanks.
struct Writer<V> {
    pieces: Vec<Piece<V>>,
    text: String,
    in_string: bool,
    depth: usize,
    /// Whether a blank was left out that may separate two values.
    gap: bool,
}

impl<V> Default for Writer<V> {
    fn default() -> Self {
        Self { pieces: Vec::new(), text: String::new(), in_string: false, depth: 0, gap: false }
    }
}

impl<V> Writer<V> {
    fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.text.is_empty()
    }

    /// Puts several values on lines of their own.
    fn separate(&mut self) {
        if std::mem::take(&mut self.gap) && self.depth == 0 && !self.is_empty() {
            self.text.push('\n');
        }
    }

    fn hole(&mut self, variable: V) {
        let place = if self.in_string { Place::InString } else { Place::Value };
        if place == Place::Value {
            self.gap = true;
            self.separate();
        }
        self.flush();
        self.pieces.push(Piece::Hole(variable, place));
        self.gap = place == Place::Value;
    }

    /// `named` is the name that stood in the string that is open or was the last to close.
    fn literal<E>(&mut self, literal: &str, named: &mut Option<&str>) -> Result<(), Fault<E>> {
        let mut chars = literal.chars();
        while let Some(char) = chars.next() {
            if self.in_string {
                self.text.push(char);
                match char {
                    '"' => self.in_string = false,
                    '\\' => self.text.extend(chars.next()),
                    _ => {}
                }
                continue;
            }
            if char.is_ascii_whitespace() {
                self.gap = true;
                continue;
            }
            match (char, *named) {
                (':', Some(name)) => return Err(Fault::InKey { name: name.to_owned() }),
                _ => *named = None,
            }
            self.separate();
            self.text.push(char);
            match char {
                '"' => self.in_string = true,
                '{' | '[' => self.depth += 1,
                '}' | ']' => self.depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    fn done(mut self) -> Template<V> {
        self.flush();
        Template { pieces: self.pieces }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Template<String>, Fault<String>> {
        Template::json(text, |name| match name {
            "b" => Meaning::Text,
            "unknown" => Meaning::Unknown(name.to_owned()),
            _ => Meaning::Variable(name.to_owned()),
        })
    }

    fn value(name: &str) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match name {
            "text" => r#""say \"hi\"\n""#,
            "number" => "1.50",
            "truth" => "true",
            "null" => "null",
            "object" => r#"{"k":"v \" w","n":[1,"x"]}"#,
            _ => return None,
        }))
    }

    #[test]
    fn values_are_put_where_names_stand() {
        let cases = [
            (r#"{ "a" : <text>, "b": "<text>!" }"#, r#"{"a":"say \"hi\"\n","b":"say \"hi\"\n!"}"#),
            (r#"[9, <number>, <truth>, <null>]"#, "[9,1.50,true,null]"),
            (r#""n=<number> t=<truth> z=<null>""#, r#""n=1.50 t=true z=null""#),
            (r#"{"o": <object>}"#, r#"{"o":{"k":"v \" w","n":[1,"x"]}}"#),
            (r#"{"o": "<object>"}"#, r#"{"o":"{k:v \" w,n:[1,x]}"}"#),
            (r#"{"m": <missing>, "s": "[<missing>]"}"#, r#"{"m":"","s":"[]"}"#),
            ("\"one <number>\"\n  \"two\"\n<text>\n", "\"one 1.50\"\n\"two\"\n\"say \\\"hi\\\"\\n\""),
            (r#""a \"<text>\" b""#, r#""a \"say \"hi\"\n\" b""#),
            (r#""1 < 2 <b>bold</b> <>""#, r#""1 < 2 <b>bold<1.50 <>""#),
            ("5<text>6", "5\n\"say \\\"hi\\\"\\n\"\n6"),
            ("  <object>  ", r#"{"k":"v \" w","n":[1,"x"]}"#),
        ];
        for (template, expected) in cases {
            let filled = read(&template.replace("</b>", "<<number>")).unwrap().fill(|name| value(name));
            assert_eq!(filled, expected, "{template}");
        }
    }

    #[test]
    fn what_is_no_template_says_where() {
        let json = |reason: &str, line, column| Fault::Json { reason: reason.to_owned(), line, column };
        let cases = [
            ("", json("there is nothing in it", 1, 1)),
            (" \n", json("there is nothing in it", 1, 1)),
            ("state is <text>", json("expected value", 1, 1)),
            ("{\n \"a\": <text>,\n}", json("key must be a string", 3, 1)),
            ("[5<text>]", json("expected `,` or `]`", 1, 4)),
            ("[-<text>]", json("invalid number", 1, 3)),
            ("{\"a\": \"<text>}", json("EOF while parsing a string", 1, 14)),
            ("{<text>: 1}", json("key must be a string", 1, 2)),
            ("{\"a\": <text> <text>}", json("expected `,` or `}`", 1, 14)),
            ("{\"a\": 1 < 2}", json("expected `,` or `}`", 1, 9)),
            ("{\"a <text> b\" : 1}", Fault::InKey { name: "text".to_owned() }),
            ("\"<unknown>\"", Fault::Name("unknown".to_owned())),
        ];
        for (template, expected) in cases {
            assert_eq!(read(template).unwrap_err(), expected, "{template}");
        }
    }

    #[test]
    fn free_text_takes_anything() {
        let read = |text| {
            Template::<String>::free(text, |name: &str| Meaning::<_, ()>::Variable(name.to_owned()))
                .unwrap()
                .fill(|name| value(name))
        };
        assert_eq!(read("Hello <text>, <number> <missing>\" {"), "Hello say \"hi\"\n, 1.50 \" {");
        assert_eq!(read("<object>"), r#"{"k":"v \" w","n":[1,"x"]}"#);
    }

    /// Pieces of templates, right and wrong ones.
    fn any_template() -> impl Strategy<Value = String> {
        let pieces = [
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\"",
            "\"k\":",
            ":",
            ",",
            "<t>",
            "<o>",
            "<m>",
            "1",
            "-",
            ".",
            "e",
            "true",
            "null",
            " ",
            "\n",
            "\\",
            "\\\"",
            "<",
            ">",
            "é",
            "[<t>]",
            "{\"k\":<o>}",
            "\"<t> <o>\"",
        ];
        proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5000, ..ProptestConfig::default() })]

        /// Whatever is accepted as a template gives JSON, one value or several.
        #[test]
        fn what_is_accepted_gives_json(template in any_template()) {
            let meaning = |name: &str| Meaning::<String, ()>::Variable(name.to_owned());
            if let Ok(template) = Template::json(&template, meaning) {
                let filled = template.fill(|name| match name.as_str() {
                    "t" => Some(Cow::Borrowed(r#""a \" b\n""#)),
                    "o" => Some(Cow::Borrowed(r#"{"k":[1,"x\\"]}"#)),
                    _ => None,
                });
                for value in serde_json::Deserializer::from_str(&filled).into_iter::<IgnoredAny>() {
                    prop_assert!(value.is_ok(), "{}", filled);
                }
            }
            // Any text is free text.
            prop_assert!(Template::free(&template, meaning).is_ok());
        }
    }

    proptest! {
        /// Whatever the values are, a JSON template that was accepted gives JSON, and its own members alone.
        #[test]
        fn filled_templates_are_json(text in "\\PC{0,12}", pairs in proptest::collection::btree_map(".{0,3}", ".{0,3}", 0..3)) {
            let object = serde_json::to_string(&pairs).unwrap();
            let text = serde_json::to_string(&text).unwrap();
            let template = r#"{"a":<t>,"b":"x <t> y","c":<o>,"d":"<o><t>","e":[<m>,"<m>"]}"#;
            let template = Template::json(template, |name| Meaning::<_, ()>::Variable(name.to_owned())).unwrap();
            let filled = template.fill(|name: &String| match name.as_str() {
                "t" => Some(Cow::Borrowed(text.as_str())),
                "o" => Some(Cow::Borrowed(object.as_str())),
                _ => None,
            });
            let filled: serde_json::Value = serde_json::from_str(&filled).unwrap();
            prop_assert_eq!(filled.as_object().unwrap().len(), 5);
            prop_assert_eq!(filled["a"].to_string(), text);
            prop_assert_eq!(filled["c"].to_string(), object);
        }
    }
}
