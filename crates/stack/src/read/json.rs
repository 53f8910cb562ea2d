//! Reads the JSON spelling of a template, with the line and column of every value.
//!
//! Start at [`read`]. Strict JSON (RFC 8259); the first mistake but a null ends the reading.

use std::collections::HashMap;

use super::insert;
use crate::findings::{Failed, Findings, Path, Position};
use crate::node::{DEPTH_MAX, Data, Entry, NODES_MAX, Node};

pub(super) fn read(text: &str, findings: &mut Findings) -> Result<Node, Failed> {
    let mut reader = Reader { rest: text.chars(), at: Position::START, nodes: 0, path: String::new(), findings };
    let node = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(other) => Err(reader.wrong(format!("nothing may follow the template, but `{other}` does"))),
    }
}

struct Reader<'t, 'f> {
    rest: std::str::Chars<'t>,
    at: Position,
    nodes: usize,
    /// The way to what is being read.
    path: String,
    findings: &'f mut Findings,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn take(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        if character == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(character)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.take();
        }
    }

    fn wrong(&mut self, message: impl Into<String>) -> Failed {
        self.wrong_at(self.at, message)
    }

    fn wrong_at(&mut self, at: Position, message: impl Into<String>) -> Failed {
        self.findings.add(at, &Path::TOP.key(&self.path), message)
    }

    fn expected(&mut self, what: &str) -> Failed {
        match self.peek() {
            Some(found) => self.wrong(format!("expected {what}, found `{found}`")),
            None => self.wrong(format!("expected {what}, but the text ends here")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Failed> {
        self.skip_space();
        let at = self.at;
        self.nodes += 1;
        if depth > DEPTH_MAX {
            return Err(self.wrong(format!("lists and maps are nested more than {DEPTH_MAX} deep")));
        }
        if self.nodes > NODES_MAX {
            return Err(self.wrong(format!("the template has more than {NODES_MAX} values")));
        }
        let first = self.peek();
        let data = match first {
            Some('{') => Data::Map(self.map(depth)?),
            Some('[') => Data::List(self.list(depth)?),
            Some('"') => Data::Scalar(self.string()?),
            Some('-' | '0'..='9') => Data::Scalar(self.number()?),
            Some('a'..='z') => Data::Scalar(self.word()?),
            _ => return Err(self.expected("a value")),
        };
        Ok(Node { at, data, unquoted: matches!(first, Some('-' | '0'..='9' | 'a'..='z')) })
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, Failed> {
        self.take();
        let (mut entries, mut seen) = (Vec::new(), HashMap::new());
        self.skip_space();
        if self.peek() == Some('}') {
            self.take();
            return Ok(entries);
        }
        loop {
            self.skip_space();
            let key_at = self.at;
            if self.peek() != Some('"') {
                return Err(self.expected("a key in double quotes"));
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(':') {
                return Err(self.expected("`:` after the key"));
            }
            self.take();
            let outside = self.path.len();
            if outside > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            let value = self.value(depth + 1)?;
            self.path.truncate(outside);
            insert(&mut entries, &mut seen, Entry { key, key_at, value }, self.findings);
            self.skip_space();
            match self.peek() {
                Some(',') => self.take(),
                Some('}') => {
                    self.take();
                    return Ok(entries);
                }
                _ => return Err(self.expected("`,` or `}`")),
            };
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Failed> {
        self.take();
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(']') {
            self.take();
            return Ok(items);
        }
        loop {
            let outside = self.path.len();
            self.path.push_str(&format!("[{}]", items.len()));
            items.push(self.value(depth + 1)?);
            self.path.truncate(outside);
            self.skip_space();
            match self.peek() {
                Some(',') => self.take(),
                Some(']') => {
                    self.take();
                    return Ok(items);
                }
                _ => return Err(self.expected("`,` or `]`")),
            };
        }
    }

    fn string(&mut self) -> Result<String, Failed> {
        self.take();
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('"') => {
                    self.take();
                    return Ok(text);
                }
                Some('\\') => {
                    self.take();
                    text.push(self.escape()?);
                }
                Some(control) if control < ' ' => {
                    return Err(self.wrong("a line break or control character inside a string must be escaped"));
                }
                Some(character) => {
                    self.take();
                    text.push(character);
                }
                None => return Err(self.expected("`\"` at the end of the string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Failed> {
        let character = match self.peek() {
            Some('u') => {
                self.take();
                return self.unicode();
            }
            Some(same @ ('"' | '\\' | '/')) => same,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            _ => return Err(self.expected("one of `\"\\/bfnrtu` after the backslash")),
        };
        self.take();
        Ok(character)
    }

    /// What follows `\u`, a pair of surrogates put together.
    fn unicode(&mut self) -> Result<char, Failed> {
        let first = self.hex()?;
        let code = match first {
            0xd800..=0xdbff => {
                for expected in ['\\', 'u'] {
                    if self.peek() != Some(expected) {
                        return Err(self.expected("the second half of a surrogate pair"));
                    }
                    self.take();
                }
                match self.hex()? {
                    second @ 0xdc00..=0xdfff => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => return Err(self.wrong("the second half of a surrogate pair is missing")),
                }
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.wrong("half of a surrogate pair is not a character"))
    }

    fn hex(&mut self) -> Result<u32, Failed> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|character| character.to_digit(16)) else {
                return Err(self.expected("four hexadecimal digits after `\\u`"));
            };
            self.take();
            code = code * 16 + digit;
        }
        Ok(code)
    }

    /// The number's own text: nothing here calculates with it.
    fn number(&mut self) -> Result<String, Failed> {
        let mut text = String::new();
        if self.peek() == Some('-') {
            text.extend(self.take());
        }
        let integer = self.digits(&mut text)?;
        if integer > 1 && text.trim_start_matches('-').starts_with('0') {
            return Err(self.wrong("a number must not begin with 0"));
        }
        if self.peek() == Some('.') {
            text.extend(self.take());
            self.digits(&mut text)?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            text.extend(self.take());
            if matches!(self.peek(), Some('+' | '-')) {
                text.extend(self.take());
            }
            self.digits(&mut text)?;
        }
        Ok(text)
    }

    fn digits(&mut self, text: &mut String) -> Result<usize, Failed> {
        let before = text.len();
        while matches!(self.peek(), Some('0'..='9')) {
            text.extend(self.take());
        }
        match text.len() - before {
            0 => Err(self.expected("a digit")),
            count => Ok(count),
        }
    }

    fn word(&mut self) -> Result<String, Failed> {
        let at = self.at;
        let mut word = String::new();
        while matches!(self.peek(), Some('a'..='z')) && word.len() < 8 {
            word.extend(self.take());
        }
        match word.as_str() {
            "true" | "false" => Ok(word),
            "null" => {
                let message = "templates have no null; leave the key out, or use Ref AWS::NoValue";
                self.findings.add_unreadable(at, &Path::TOP.key(&self.path), message);
                Ok(word)
            }
            _ => Err(self.wrong_at(at, format!("`{word}` is not a JSON value"))),
        }
    }
}
