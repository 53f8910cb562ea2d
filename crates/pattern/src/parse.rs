//! Decides what a pattern's text means, or why it is refused.
//!
//! Start at [`parse`]. The text is first cut into tokens; then fields, `$or` lists and alternatives are read in
//! document order, so that of several mistakes the first is reported, at the place where AWS's reader would stand.
//!
//! Always holds: nesting is bounded by the lexer, so the recursion here is; nothing is looked up beyond the text.

mod operator;

use crate::error::{ParseError, ParseErrorKind, excerpt, place};
use crate::lexer::{Lexed, Lexer, SyntaxError, SyntaxReason, Token, line_and_column};
use crate::rule::{Alternative, Clause, Draft, Paths, Piece, Rule, Way};
use crate::test::Test;
use crate::{DEPTH_MAX, Dialect, Limits, complexity};

/// Names that no field inside a `$or` may have, so that an operator in the wrong place is noticed there.
pub(crate) const RESERVED_IN_OR: [&str; 24] = [
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

/// Bytes that the paths of all clauses may have together. A text of AWS's size stays far below.
const PATH_BYTES_MAX: usize = 16 << 20;

/// Clauses of all `$or` combinations together, however many of them are shared. Nor does any text of AWS's size come
/// near it.
const MEMBERS_MAX: usize = 1_000_000;

/// Clauses times `$or` combinations, each of which has a bit for each.
const BITS_MAX: usize = 64_000_000;

pub(crate) fn parse(text: &str, dialect: Dialect, limits: &Limits) -> Result<Rule, ParseError> {
    let outline = read(text, dialect, limits)?;
    let rule = outline.draft.finish(outline.clauses);
    if let Some(limit) = limits.wildcard_complexity_max {
        complexity::check(&rule, limit).map_err(|path| ParseError {
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
    }
    Ok(rule)
}

/// A pattern as it is written: what a [`Rule`] no longer knows.
pub(crate) struct Outline {
    /// In the order of the text.
    pub(crate) pieces: Vec<Piece>,
    /// Every clause, those too that another one replaces, numbered in the order of the text.
    pub(crate) clauses: Vec<Clause>,
    /// Which of them are left, for each branch of the rule.
    pub(crate) draft: Draft,
}

/// Reads once more what was read before. It is not kept, because only explanations need it.
pub(crate) fn outline(accepted: &str) -> Outline {
    let limits = Limits { size_max: usize::MAX, branches_max: usize::MAX, wildcard_complexity_max: None };
    read(accepted, Dialect::Bus, &limits).expect("the text was accepted within narrower limits")
}

fn read(text: &str, dialect: Dialect, limits: &Limits) -> Result<Outline, ParseError> {
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
    let pieces = reader.fields(&mut draft)?;
    if reader.clauses.len().saturating_mul(draft.len()) > BITS_MAX {
        let reason = format!("{} fields in {} $or combinations are too many", reader.clauses.len(), draft.len());
        return Err(reader.refused(ParseErrorKind::TooManyBranches, reason, 0));
    }
    Ok(Outline { pieces, clauses: reader.clauses, draft })
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
    /// Whether a `$or` is open around the current place.
    inside_or: bool,
    clauses: Vec<Clause>,
    paths: Paths,
    /// Bytes of the paths of all clauses so far.
    path_bytes: usize,
    /// Clauses that were put into combinations so far.
    members: usize,
    /// Objects of `$or` lists so far.
    ways: usize,
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
            inside_or: false,
            clauses: Vec::new(),
            paths: Paths::default(),
            path_bytes: 0,
            members: 0,
            ways: 0,
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
    fn fields(&mut self, draft: &mut Draft) -> Result<Vec<Piece>, ParseError> {
        let mut pieces = Vec::new();
        while let Some(Token::Name(name)) = self.next()? {
            let key = name.to_string();
            self.steps.push(Step::Key(key.clone()));
            if name == "$or" {
                pieces.push(Piece::Or(self.branches(draft)?));
                self.steps.pop();
                continue;
            }
            if self.inside_or && RESERVED_IN_OR.contains(&&*name) {
                let reason = format!("{name} is Ruler reserved fieldName which cannot be used inside $or.");
                return Err(self.invalid(reason));
            }
            pieces.push(match self.next()? {
                Some(Token::ObjectStart) => Piece::Object { key, pieces: self.fields(draft)? },
                Some(Token::ArrayStart) => Piece::Clause { key, clause: self.clause(draft)? },
                _ => return Err(self.invalid(format!("\"{name}\" must be an object or an array"))),
            });
            self.steps.pop();
        }
        if pieces.is_empty() { Err(self.invalid("Empty objects are not allowed")) } else { Ok(pieces) }
    }

    /// The list of a `$or`, whose name was read: each branch so far goes on once for each object of the list.
    fn branches(&mut self, draft: &mut Draft) -> Result<Vec<Way>, ParseError> {
        let Some(Token::ArrayStart) = self.next()? else {
            return Err(self.invalid("It must be an Array followed with $or."));
        };
        let mut ways = Vec::new();
        let before = draft.clone();
        let mut all = Draft::none();
        let was_inside_or = std::mem::replace(&mut self.inside_or, true);
        let mut count = 0;
        loop {
            match self.next()? {
                Some(Token::ArrayEnd) => break,
                Some(Token::ObjectStart) => {}
                _ => return Err(self.invalid("Only JSON object is allowed in array of $or relationship.")),
            }
            self.steps.push(Step::Alternative(count));
            self.take_members(before.members())?;
            let mut branch = before.clone();
            let number = self.ways;
            self.ways += 1;
            branch.enter(number);
            let pieces = self.fields(&mut branch)?;
            ways.push(Way { number, pieces });
            all.append(branch);
            if all.len() > self.branches_max {
                let reason = format!("Or operator is producing over {} rule combinations", self.branches_max);
                return Err(self.refused(ParseErrorKind::TooManyBranches, reason, 0));
            }
            self.steps.pop();
            count += 1;
        }
        if count < 2 {
            return Err(self.invalid("There must have at least 2 Objects in $or relationship."));
        }
        self.inside_or = was_inside_or;
        *draft = all;
        Ok(ways)
    }

    /// A field's alternatives, whose opening bracket was read, to behind the closing one; the number of the clause.
    fn clause(&mut self, draft: &mut Draft) -> Result<usize, ParseError> {
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
        self.path_bytes += path.len();
        if self.path_bytes > PATH_BYTES_MAX {
            let reason = format!("the paths of all fields together have more than {} MB", PATH_BYTES_MAX >> 20);
            return Err(self.refused(ParseErrorKind::TooLarge, reason, 0));
        }
        let path_number = self.paths.number(&path);
        let clause = self.clauses.len();
        self.take_members(draft.len())?;
        draft.put(path_number, clause);
        self.clauses.push(Clause { path, alternatives });
        Ok(clause)
    }

    fn take_members(&mut self, count: usize) -> Result<(), ParseError> {
        self.members += count;
        if self.members > MEMBERS_MAX {
            let reason = format!("the $or combinations have more than {MEMBERS_MAX} fields together");
            return Err(self.refused(ParseErrorKind::TooManyBranches, reason, 0));
        }
        Ok(())
    }

    /// The path of the current field as events have it: without `$or` and its branches.
    fn path(&self) -> String {
        let keys = self.steps.iter().filter_map(|step| match step {
            Step::Key(key) if key != "$or" => Some(key.as_str()),
            Step::Key(_) | Step::Alternative(_) => None,
        });
        keys.collect::<Vec<_>>().join(".")
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
