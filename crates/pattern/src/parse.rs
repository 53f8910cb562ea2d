//! Decides what a pattern's text means, or why it is refused.
//!
//! Start at [`parse`]. The text is first cut into tokens; then fields, `$or` lists and alternatives are read in
//! document order, so that of several mistakes the first is reported, at the place where AWS's reader would stand.
//!
//! Always holds: nesting is bounded by the lexer, so the recursion here is; nothing is looked up beyond the text.

mod operator;

use crate::error::{ParseError, ParseErrorKind, excerpt, place};
use crate::lexer::{Lexed, Lexer, SyntaxError, SyntaxReason, Token, line_and_column};
use crate::rule::{Alternative, Clause, Draft, Paths, Rule};
use crate::test::Test;
use crate::wildcard::Wildcard;
use crate::{DEPTH_MAX, Dialect, Limits, complexity};
use std::collections::BTreeMap;

/// A `$or` list is only a `$or` if no field inside it has one of these names.
const RESERVED_IN_OR: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

pub(crate) fn parse(text: &str, dialect: Dialect, limits: &Limits) -> Result<Rule, ParseError> {
    let mut reader = Reader::new(text, dialect, limits);
    let length = text.chars().count();
    if length > limits.size_max {
        let reason = format!("the pattern has {length} characters, the limit is {}", limits.size_max);
        return Err(reader.refused(ParseErrorKind::TooLarge, reason, 0));
    }
    match reader.next()? {
        Some(Token::ObjectStart) => {}
        _ => return Err(reader.invalid("Filter is not an object")),
    }
    let mut draft = Draft::new();
    reader.fields(&mut draft)?;
    let rule = draft.finish(reader.clauses);
    check_wildcards(&rule, limits).map_err(|path| ParseError {
        kind: ParseErrorKind::TooComplex,
        reason: "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences \
                 after a wildcard character"
            .into(),
        line: 1,
        column: 1,
        path,
        places_in_text: 0,
        excerpt: String::new(),
    })?;
    Ok(rule)
}

/// The error is the path whose wildcards are too complex together.
fn check_wildcards(rule: &Rule, limits: &Limits) -> Result<(), String> {
    let Some(limit) = limits.wildcard_complexity_max else {
        return Ok(());
    };
    let mut of_path: BTreeMap<&str, Vec<&Wildcard>> = BTreeMap::new();
    for clause in &rule.clauses {
        for alternative in &clause.alternatives {
            if let Test::Wildcard(wildcard, _) = &alternative.test {
                let wildcards = of_path.entry(&clause.path).or_default();
                if !wildcards.contains(&wildcard) {
                    wildcards.push(wildcard);
                }
            }
        }
    }
    match of_path.iter().find(|(_, wildcards)| !complexity::is_within(wildcards, limit)) {
        Some((path, _)) => Err((*path).to_owned()),
        None => Ok(()),
    }
}

struct Reader<'t> {
    text: &'t str,
    dialect: Dialect,
    branches_max: usize,
    tokens: Vec<Lexed<'t>>,
    /// What stands behind the last token, if the text is not JSON to its end.
    broken: Option<SyntaxError>,
    /// Index of the next token.
    at: usize,
    /// Offset of the place that an error would name now.
    here: usize,
    /// Keys and alternatives down to the current place.
    steps: Vec<Step>,
    clauses: Vec<Clause>,
    paths: Paths,
}

enum Step {
    Key(String),
    Alternative(usize),
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, dialect: Dialect, limits: &Limits) -> Self {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        let mut broken = None;
        // A text that is refused for its size need not be cut up first.
        if text.len() <= limits.size_max.saturating_mul(4) {
            loop {
                match lexer.next() {
                    Ok(Some(lexed)) => tokens.push(lexed),
                    Ok(None) => break,
                    Err(error) => {
                        broken = Some(error);
                        break;
                    }
                }
            }
        }
        Reader {
            text,
            dialect,
            branches_max: limits.branches_max,
            tokens,
            broken,
            at: 0,
            here: 0,
            steps: Vec::new(),
            clauses: Vec::new(),
            paths: Paths::default(),
        }
    }

    /// The next token; none only if the text is blank or, for callers that go on behind the end, over.
    fn next(&mut self) -> Result<Option<Token<'t>>, ParseError> {
        let Some(lexed) = self.tokens.get(self.at) else {
            return match self.broken.clone() {
                Some(error) => Err(self.syntax(&error)),
                None => Ok(None),
            };
        };
        self.at += 1;
        let token = lexed.token.clone();
        self.here = lexed.seen;
        if matches!(token, Token::Name(_)) {
            // AWS's reader has looked at a field's value when it reports the field's name.
            match (self.tokens.get(self.at), self.broken.clone()) {
                (Some(value), _) => self.here = value.seen,
                (None, Some(error)) => return Err(self.syntax(&error)),
                (None, None) => {}
            }
        }
        Ok(Some(token))
    }

    /// AWS's reader takes a string in only when its text is asked for; from then on errors stand behind it.
    fn took_text(&mut self) {
        self.here = self.last_end();
    }

    /// Offset behind the token that was read last.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |lexed| lexed.end)
    }

    /// Offset of the token that was read last.
    fn last_start(&self) -> usize {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |lexed| lexed.start)
    }

    /// The fields of an object whose opening brace was read, to behind its closing one.
    fn fields(&mut self, draft: &mut Draft) -> Result<(), ParseError> {
        let mut empty = true;
        while let Some(Token::Name(name)) = self.next()? {
            empty = false;
            if name == "$or" && self.is_or(self.at) {
                self.branches(draft)?;
                continue;
            }
            self.steps.push(Step::Key(name.to_string()));
            match self.next()? {
                Some(Token::ObjectStart) => self.fields(draft)?,
                Some(Token::ArrayStart) => self.clause(draft)?,
                _ => return Err(self.invalid(format!("\"{name}\" must be an object or an array"))),
            }
            self.steps.pop();
        }
        if empty { Err(self.invalid("Empty objects are not allowed")) } else { Ok(()) }
    }

    /// Whether the value at this token is a `$or` list and not a field that happens to be named so.
    fn is_or(&self, value: usize) -> bool {
        let token = |index: usize| self.tokens.get(index).map(|lexed| &lexed.token);
        if token(value) != Some(&Token::ArrayStart) {
            return false;
        }
        let mut objects = 0;
        // Arrays and objects open between the list and the current token, and how many of them are arrays.
        let mut depth = 0;
        let mut arrays = 0;
        for lexed in &self.tokens[value + 1..] {
            match &lexed.token {
                Token::ObjectStart => {
                    objects += usize::from(depth == 0);
                    depth += 1;
                }
                Token::ArrayStart if depth == 0 => return false,
                Token::ArrayStart => {
                    depth += 1;
                    arrays += 1;
                }
                Token::ObjectEnd => depth -= 1,
                Token::ArrayEnd if depth == 0 => return objects >= 2,
                Token::ArrayEnd => {
                    depth -= 1;
                    arrays -= 1;
                }
                Token::Name(name) if arrays == 0 && RESERVED_IN_OR.contains(&&**name) => return false,
                Token::Name(_) => {}
                _ if depth == 0 => return false,
                _ => {}
            }
        }
        // The text breaks off inside the list, which is reported whatever the list is.
        objects >= 2
    }

    /// A `$or` list: each branch so far goes on once for each object of the list.
    fn branches(&mut self, draft: &mut Draft) -> Result<(), ParseError> {
        self.next()?;
        let before = draft.clone();
        let mut all = Draft::none();
        self.steps.push(Step::Key("$or".to_owned()));
        let mut index = 0;
        while let Some(Token::ObjectStart) = self.next()? {
            self.steps.push(Step::Alternative(index));
            let mut branch = before.clone();
            self.fields(&mut branch)?;
            all.append(branch);
            if all.len() > self.branches_max {
                let reason = format!(
                    "the $or lists multiply to more than {} combinations; use several patterns instead",
                    self.branches_max
                );
                return Err(self.refused(ParseErrorKind::TooManyBranches, reason, 1));
            }
            self.steps.pop();
            index += 1;
        }
        self.steps.pop();
        *draft = all;
        Ok(())
    }

    /// A field's alternatives, whose opening bracket was read, to behind the closing one.
    fn clause(&mut self, draft: &mut Draft) -> Result<(), ParseError> {
        let mut alternatives = Vec::new();
        loop {
            let token = self.next()?;
            let start = self.last_start();
            self.steps.push(Step::Alternative(alternatives.len()));
            let test = match token {
                Some(Token::ArrayEnd) => break,
                Some(Token::ObjectStart) => self.operator()?,
                Some(Token::String(text)) => {
                    self.took_text();
                    operator::literal(text.into_owned())
                }
                Some(Token::Number(text)) => operator::number_literal(text),
                Some(Token::True) => Test::Bool(true),
                Some(Token::False) => Test::Bool(false),
                Some(Token::Null) => Test::Null,
                _ => return Err(self.invalid("Match value must be String, number, true, false, or null")),
            };
            self.steps.pop();
            alternatives.push(Alternative { test, source: start..self.last_end() });
        }
        self.steps.pop();
        if alternatives.is_empty() {
            return Err(self.invalid("Empty arrays are not allowed"));
        }
        let path = self.path();
        if path.split('.').count() > DEPTH_MAX {
            let reason = format!("a path of more than {DEPTH_MAX} keys or parts between dots is too deep");
            return Err(self.refused(ParseErrorKind::TooDeep, reason, 1));
        }
        let number = self.paths.number(&path);
        draft.put(number, self.clauses.len());
        self.clauses.push(Clause { path, alternatives });
        Ok(())
    }

    /// The path of the current field as events have it: without `$or` and its branches.
    fn path(&self) -> String {
        let mut path: Vec<&str> = Vec::new();
        let mut steps = self.steps.iter().peekable();
        while let Some(step) = steps.next() {
            match step {
                Step::Key(key) if key == "$or" && matches!(steps.peek(), Some(Step::Alternative(_))) => {}
                Step::Key(key) => path.push(key),
                Step::Alternative(_) => {}
            }
        }
        path.join(".")
    }

    /// The current place as error messages name it.
    fn place_name(&self) -> String {
        let mut name = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) => {
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(key);
                }
                Step::Alternative(index) => name.push_str(&format!("[{index}]")),
            }
        }
        name
    }

    fn invalid(&self, reason: impl Into<String>) -> ParseError {
        self.refused(ParseErrorKind::Invalid, reason.into(), 1)
    }

    /// For refusals that AWS prints without a place.
    fn invalid_without_place(&self, reason: impl Into<String>) -> ParseError {
        self.refused(ParseErrorKind::Invalid, reason.into(), 0)
    }

    fn refused(&self, kind: ParseErrorKind, reason: String, places_in_text: u8) -> ParseError {
        let (line, column) = line_and_column(self.text, self.here);
        let path = self.place_name();
        ParseError { kind, reason, line, column, path, places_in_text, excerpt: excerpt(self.text) }
    }

    fn syntax(&mut self, error: &SyntaxError) -> ParseError {
        self.here = error.offset;
        let kind = match error.reason {
            SyntaxReason::TooDeep => ParseErrorKind::TooDeep,
            _ => ParseErrorKind::Syntax,
        };
        let message = error.reason.message(|offset| {
            let (line, column) = line_and_column(self.text, offset);
            place(&excerpt(self.text), line, column)
        });
        self.refused(kind, message, 1)
    }
}
