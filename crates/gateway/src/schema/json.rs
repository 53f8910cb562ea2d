//! Decides how the bytes of a body become values: strictly as RFC 8259, with every name once, in bounded depth and size.
//!
//! Start at [`parse`]. Strings without escapes and all numbers are borrowed from the bytes; a number stays its text.
//!
//! Invariant: a tree is at most [`DEPTH_MAX`] deep and has at most [`VALUES_MAX`] values, so walking it is bounded.

use super::decimal::Decimal;
use crate::fault::{Fault, Path, bounded};
use std::borrow::Cow;
use std::collections::HashSet;

/// How deep lists and objects may be nested.
pub(crate) const DEPTH_MAX: usize = 64;
/// How many values a body may have.
pub(crate) const VALUES_MAX: usize = 100_000;
/// With this many names an object is looked through name by name for a second one.
const FEW_NAMES: usize = 16;

/// A value of a body.
#[derive(Debug, Clone)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Decimal<'a>),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Why bytes are no body: `Err` is what JSON forbids; names that stand twice are all of them, beside the tree.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Json<'_>, Vec<Fault>), Fault> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            return Err(Path::ROOT.fault(format!("the body is not UTF-8 at byte {at}; send JSON in UTF-8")));
        }
    };
    let mut parser = Parser { text, bytes, at: 0, values: 0, twice: Vec::new() };
    let value = parser.value(&Path::ROOT, 0)?;
    parser.blanks();
    if parser.at < bytes.len() {
        return Err(parser.wrong("there is more after the end of the JSON value; send one value"));
    }
    Ok((value, parser.twice))
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    values: usize,
    twice: Vec<Fault>,
}

impl<'a> Parser<'a> {
    fn wrong(&self, what: &str) -> Fault {
        let read = &self.bytes[..self.at.min(self.bytes.len())];
        let line = read.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = read.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Path::ROOT.fault(format!("the body is not JSON at line {line}, column {column}: {what}"))
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, path: &Path<'_>, depth: usize) -> Result<Json<'a>, Fault> {
        self.blanks();
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(path.fault(format!("the body has more than {VALUES_MAX} values; send less at once")));
        }
        match self.bytes.get(self.at) {
            Some(b'{' | b'[') if depth == DEPTH_MAX => {
                Err(path.fault(format!("this is nested more than {DEPTH_MAX} deep; make it flatter")))
            }
            Some(b'{') => self.object(path, depth),
            Some(b'[') => self.list(path, depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.wrong("a value must begin here")),
            None => Err(self.wrong("it ends where a value must begin")),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Fault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.wrong("a value must begin here; words are true, false and null"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Json<'a>, Fault> {
        let begin = self.at;
        while let Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
        }
        match Decimal::read(&self.text[begin..self.at]) {
            Some(number) => Ok(Json::Number(number)),
            None => {
                self.at = begin;
                Err(self.wrong("this is no number; one looks like -12.5e3, without leading zeros"))
            }
        }
    }

    fn list(&mut self, path: &Path<'_>, depth: usize) -> Result<Json<'a>, Fault> {
        self.at += 1;
        self.blanks();
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(&path.index(items.len()), depth + 1)?);
            self.blanks();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or ] must stand here"));
            }
        }
    }

    fn object(&mut self, path: &Path<'_>, depth: usize) -> Result<Json<'a>, Fault> {
        self.at += 1;
        self.blanks();
        if self.take(b'}') {
            return Ok(Json::Object(Vec::new()));
        }
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::with_capacity(8);
        loop {
            self.blanks();
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err(self.wrong("a name in double quotes must stand here"));
            }
            let name = self.string()?;
            self.blanks();
            if !self.take(b':') {
                return Err(self.wrong("a colon must stand here"));
            }
            let value = self.value(&path.name(&name), depth + 1)?;
            if members.len() < FEW_NAMES && members.iter().any(|(had, _)| *had == name) {
                self.second(path, &name);
            }
            members.push((name, value));
            self.blanks();
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or } must stand here"));
            }
        }
        if members.len() > FEW_NAMES {
            let mut names: HashSet<&str> = members[..FEW_NAMES].iter().map(|(name, _)| name.as_ref()).collect();
            for (name, _) in &members[FEW_NAMES..] {
                if !names.insert(name) {
                    self.second(path, name);
                }
            }
        }
        Ok(Json::Object(members))
    }

    fn second(&mut self, path: &Path<'_>, name: &str) {
        if self.twice.len() < super::FAULTS_MAX {
            self.twice.push(path.name(name).fault("this name stands more than once in its object; send it once"));
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let begin = self.at;
        let mut owned: Option<String> = None;
        let mut from = begin;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let rest = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(rest),
                        Some(mut text) => {
                            text.push_str(rest);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let plain = &self.text[from..self.at];
                    let letter = self.escape()?;
                    let text = owned.get_or_insert_default();
                    text.push_str(plain);
                    text.push(letter);
                    from = self.at;
                }
                Some(0x00..=0x1f) => return Err(self.wrong("a control character in a string must be escaped")),
                Some(_) => self.at += 1,
                None => return Err(self.wrong("a string has no end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let letter = self.bytes.get(self.at + 1).copied();
        let plain = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code(),
            _ => return Err(self.wrong("there is no such escape")),
        };
        self.at += 2;
        Ok(plain)
    }

    fn code(&mut self) -> Result<char, Fault> {
        let first = self.unit(self.at)?;
        let code = match first {
            0xd800..=0xdbff => {
                let second = self.unit(self.at + 6).unwrap_or(0);
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(self.wrong("this half of a surrogate pair has no other half"));
                }
                self.at += 6;
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            code => code,
        };
        let letter =
            char::from_u32(code).ok_or_else(|| self.wrong("this half of a surrogate pair has no other half"))?;
        self.at += 6;
        Ok(letter)
    }

    /// The four digits of `\uXXXX` at a place.
    fn unit(&self, at: usize) -> Result<u32, Fault> {
        let digits = match self.bytes.get(at..at + 6) {
            Some([b'\\', b'u', digits @ ..]) if digits.iter().all(u8::is_ascii_hexdigit) => digits,
            _ => return Err(self.wrong("\\u needs four hexadecimal digits")),
        };
        Ok(digits.iter().fold(0, |sum, digit| sum * 16 + char::from(*digit).to_digit(16).unwrap_or(0)))
    }
}

impl Json<'_> {
    /// The word for what this is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Short texts as they are, for messages.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", bounded(text)),
            other => other.what().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn to_value(json: &Json<'_>) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(yes) => Value::Bool(*yes),
            Json::Number(number) => {
                let (digits, exponent) = number.parts().unwrap();
                let sign = if number.compare(&Decimal::read("0").unwrap()).is_lt() { "-" } else { "" };
                serde_json::from_str(&format!("{sign}{digits}e{exponent}")).unwrap()
            }
            Json::Text(text) => Value::String(text.to_string()),
            Json::List(items) => Value::Array(items.iter().map(to_value).collect()),
            Json::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.to_string(), to_value(value))).collect())
            }
        }
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        for text in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "tru",
            "nul",
            "01",
            "1 2",
            "\"\u{1}\"",
            "\"\\x\"",
            "[1 2]",
            "\"abc",
            r#""\ud800""#,
            r#""\udc00x""#,
            r#""\ud800\u0041""#,
            r#""\u12"#,
            "{\"a\" 1}",
            "\u{feff}{}",
            "'a'",
        ] {
            let fault = parse(text.as_bytes()).expect_err(text);
            assert!(fault.detail.contains("line 1"), "{text}: {fault}");
        }
        assert!(parse(b"\xff").is_err());
        let fault = parse(b"{\n  \"a\": x}").unwrap_err();
        assert!(fault.detail.contains("line 2, column 8"), "{fault}");
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(deep(DEPTH_MAX).as_bytes()).is_ok());
        assert!(parse(deep(DEPTH_MAX + 1).as_bytes()).is_err());
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
        let wide = |n: usize| format!("[{}0]", "0,".repeat(n - 1));
        assert!(parse(wide(VALUES_MAX - 1).as_bytes()).is_ok());
        assert!(parse(wide(VALUES_MAX).as_bytes()).is_err());
    }

    #[test]
    fn a_name_that_stands_twice_is_told_wherever_it_is() {
        let twice =
            |text: &str| -> Vec<String> { parse(text.as_bytes()).unwrap().1.into_iter().map(|f| f.pointer).collect() };
        assert_eq!(twice(r#"{"a":1,"b":{"c":1,"\u0063":2},"a":3}"#), ["/b/c", "/a"]);
        let many: Vec<String> = (0..40).map(|at| format!("\"n{}\":1", at % 39)).collect();
        assert_eq!(twice(&format!("{{{}}}", many.join(","))), ["/n0"]);
        assert!(twice(r#"[{"a":1},{"a":1}]"#).is_empty());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-1_000_000_000i64..1_000_000_000).prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((".{0,6}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn same(left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
            (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
            }
            (a, b) => a == b,
        }
    }

    proptest! {
        /// What serde_json writes, we read as it means it.
        #[test]
        fn values_are_read_as_they_were_written(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let (read, twice) = parse(text.as_bytes()).unwrap();
            prop_assert!(same(&to_value(&read), &value), "{text}");
            prop_assert!(twice.is_empty());
        }

        /// No bytes make a panic, and we take no text that serde_json refuses.
        #[test]
        fn nothing_is_taken_that_is_not_json(text in r#"[\[\]{}",:0-9eE.+tfn\\u -]{0,24}"#) {
            if let Ok((_, twice)) = parse(text.as_bytes()) {
                let read = serde_json::from_str::<Value>(&text);
                let out_of_range = text.contains(['e', 'E']) || text.len() > 15;
                prop_assert!(read.is_ok() || out_of_range, "{text}");
                drop(twice);
            }
        }
    }
}
