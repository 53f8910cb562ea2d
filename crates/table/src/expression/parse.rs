//! Reads the words of an expression into its tree, by recursive descent.
//!
//! Start at [`Reader::condition`], [`Reader::sections`] (of updates) and [`Reader::paths`] (of projections). Where a
//! parenthesis opens nobody knows yet whether a condition or an operand stands in it, so [`Reader::any`] reads either
//! and whoever needs a condition asks for one. Groups in parentheses lie on a stack of their own: the text alone bounds
//! how many are open. Functions in functions are read by recursion, which is bounded; operators are counted, so the tree
//! is never deeper than there may be operators.

use super::fault::{ExpressionError, Fault};
use super::tokens::{self, Kind, Token};
use super::tree::{Call, Operand, Path, Step, Test};

/// The longest text of an expression.
const BYTES_MAX: usize = 4096;
/// The most operators of an expression; in updates functions count too.
const OPERATORS_MAX: usize = 300;
/// How deep functions may stand in each other.
const DEPTH_MAX: usize = 64;
/// The deepest path.
const STEPS_MAX: usize = 32;

/// What an expression is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Condition,
    Update,
    Projection,
}

impl Purpose {
    /// The words that hold the expression together, which are no names.
    fn keywords(self) -> &'static [&'static str] {
        match self {
            Self::Condition => &["AND", "OR", "NOT", "BETWEEN", "IN"],
            Self::Update => &["SET", "REMOVE", "ADD", "DELETE"],
            Self::Projection => &[],
        }
    }
}

/// An expression being read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    purpose: Purpose,
    operators: usize,
    depth: usize,
    /// Where something stands in two pairs of parentheses. That is said only of what can be read to its end.
    redundant: Option<usize>,
}

/// What stands between two words: a condition, or an operand of which nobody knows yet what it is held against.
struct Read<'a> {
    node: Node<'a>,
    /// Whether it stands in parentheses of its own.
    parenthesized: bool,
}

enum Node<'a> {
    Test(Test<'a>),
    Operand(Operand<'a>),
}

/// The tests between two parentheses, as far as they were read. `AND` binds stronger than `OR`.
#[derive(Default)]
struct Group<'a> {
    /// Each `NOT` before the test that is read next.
    negations: Vec<Token<'a>>,
    /// The tests behind the last `OR`, and the first `AND` among them.
    all: Vec<Test<'a>>,
    and: Option<Token<'a>>,
    /// What stands before the last `OR`, and the first one.
    any: Vec<Test<'a>>,
    or: Option<Token<'a>>,
}

impl<'a> Group<'a> {
    fn negate(&mut self, test: Test<'a>) -> Test<'a> {
        let negations = std::mem::take(&mut self.negations);
        negations.into_iter().rev().fold(test, |test, token| Test::Not(token, Box::new(test)))
    }

    fn is_joined(&self) -> bool {
        self.and.is_some() || self.or.is_some()
    }

    /// The tests behind the last `OR` as one.
    fn all_of_them(&mut self) -> Test<'a> {
        let mut tests = std::mem::take(&mut self.all);
        match self.and.take() {
            Some(token) => Test::And(token, tests),
            None => tests.pop().expect("what is joined was pushed before"),
        }
    }

    /// All tests as one.
    fn joined(&mut self) -> Test<'a> {
        let last = self.all_of_them();
        match self.or {
            Some(token) => {
                self.any.push(last);
                Test::Or(token, std::mem::take(&mut self.any))
            }
            None => last,
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, purpose: Purpose) -> Result<Self, ExpressionError> {
        if text.len() > BYTES_MAX {
            return Err(Fault::TooLong { size: text.len() }.at(BYTES_MAX));
        }
        let tokens = tokens::read(text);
        if tokens.is_empty() {
            return Err(Fault::Empty.at(0));
        }
        Ok(Self { text, tokens, at: 0, purpose, operators: 0, depth: 0, redundant: None })
    }

    /// All of the text as a condition.
    pub(super) fn condition(&mut self) -> Result<Test<'a>, ExpressionError> {
        let read = self.any()?;
        let test = self.test(read)?;
        self.end()?;
        Ok(test)
    }

    /// All of the text as a list of paths.
    pub(super) fn paths(&mut self) -> Result<Vec<Path<'a>>, ExpressionError> {
        let mut paths = vec![self.path()?];
        while self.sign(",").is_some() {
            paths.push(self.path()?);
        }
        self.end()?;
        Ok(paths)
    }

    /// Refuses whatever has not been read, and then parentheses around parentheses.
    pub(super) fn end(&self) -> Result<(), ExpressionError> {
        match self.redundant {
            _ if self.peek().is_some() => Err(self.wrong()),
            Some(at) => Err(Fault::RedundantParentheses.at(at)),
            None => Ok(()),
        }
    }

    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    /// The next word cannot stand where it does.
    pub(super) fn wrong(&self) -> ExpressionError {
        let token = self.peek();
        let near = tokens::near(self.text, &self.tokens, self.at).to_owned();
        let at = token.map_or(self.text.len(), |token| token.at);
        Fault::Syntax { token: token.map_or("<EOF>", |token| token.text).to_owned(), near }.at(at)
    }

    fn comes(&self, sign: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == Kind::Sign && token.text == sign)
    }

    /// Takes this sign, if it comes next.
    pub(super) fn sign(&mut self, sign: &str) -> Option<Token<'a>> {
        let token = self.peek().filter(|_| self.comes(sign))?;
        self.at += 1;
        Some(token)
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<Token<'a>, ExpressionError> {
        self.sign(sign).ok_or_else(|| self.wrong())
    }

    fn keyword_comes(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == Kind::Word && token.text.eq_ignore_ascii_case(keyword))
    }

    /// Takes this keyword, in upper or lower case, if it comes next.
    pub(super) fn keyword(&mut self, keyword: &str) -> Option<Token<'a>> {
        let token = self.peek().filter(|_| self.keyword_comes(keyword))?;
        self.at += 1;
        Some(token)
    }

    pub(super) fn count_operator(&mut self, token: Token<'a>) -> Result<(), ExpressionError> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return Err(Fault::TooManyOperators { count: self.operators }.at(token.at));
        }
        Ok(())
    }

    /// Opens the parenthesis of a function or of a sum; [`Reader::leave`] closes it.
    pub(super) fn enter(&mut self, token: Token<'a>) -> Result<(), ExpressionError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Fault::TooDeep.at(token.at)) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self) -> Result<(), ExpressionError> {
        self.expect(")")?;
        self.depth -= 1;
        Ok(())
    }

    pub(super) fn note_redundant(&mut self, open: Token<'a>) {
        self.redundant.get_or_insert(open.at);
    }

    /// A condition, from what may be one; if it is none, the word behind it stands in the wrong place.
    fn test(&self, read: Read<'a>) -> Result<Test<'a>, ExpressionError> {
        match read.node {
            Node::Test(test) => Ok(test),
            Node::Operand(Operand::Call(call)) => Ok(Test::Call(call)),
            Node::Operand(Operand::Path(_) | Operand::Value(_)) => Err(self.wrong()),
        }
    }

    /// `a AND NOT b OR (c AND d) …`, or an operand.
    fn any(&mut self) -> Result<Read<'a>, ExpressionError> {
        let mut opened: Vec<(Token<'a>, Group<'a>)> = Vec::new();
        let mut group = Group::default();
        loop {
            while let Some(token) = self.keyword("NOT") {
                self.count_operator(token)?;
                group.negations.push(token);
            }
            if let Some(open) = self.sign("(") {
                opened.push((open, std::mem::take(&mut group)));
                continue;
            }
            let first = self.bare_operand()?;
            let mut read = self.comparison(first, false)?;
            // Behind a test: it is joined to another one, or the group ends, and so perhaps do those around it.
            loop {
                if !group.negations.is_empty() {
                    let test = group.negate(self.test(read)?);
                    read = Read { node: Node::Test(test), parenthesized: false };
                }
                if self.keyword_comes("AND") || self.keyword_comes("OR") {
                    group.all.push(self.test(read)?);
                    self.joint(&mut group)?;
                    break;
                }
                if group.is_joined() {
                    group.all.push(self.test(read)?);
                    read = Read { node: Node::Test(group.joined()), parenthesized: false };
                }
                let Some((open, outer)) = opened.pop() else { return Ok(read) };
                self.expect(")")?;
                if read.parenthesized {
                    self.note_redundant(open);
                }
                group = outer;
                read = self.behind_parenthesis(read.node)?;
            }
        }
    }

    /// Takes the `AND` or `OR` that comes next.
    fn joint(&mut self, group: &mut Group<'a>) -> Result<(), ExpressionError> {
        if let Some(token) = self.keyword("AND") {
            self.count_operator(token)?;
            group.and.get_or_insert(token);
        } else if let Some(token) = self.keyword("OR") {
            self.count_operator(token)?;
            group.or.get_or_insert(token);
            let one = group.all_of_them();
            group.any.push(one);
        }
        Ok(())
    }

    /// What stood in parentheses: a path may go on, an operand may be held against another.
    fn behind_parenthesis(&mut self, node: Node<'a>) -> Result<Read<'a>, ExpressionError> {
        match node {
            Node::Test(_) => Ok(Read { node, parenthesized: true }),
            Node::Operand(Operand::Path(path)) => {
                let steps = path.steps.len();
                let path = self.steps(path)?;
                // What goes on behind the parenthesis stands in it no longer.
                let parenthesized = path.steps.len() == steps;
                self.comparison(Operand::Path(path), parenthesized)
            }
            Node::Operand(operand) => self.comparison(operand, true),
        }
    }

    /// `a = b`, `a BETWEEN b AND c`, `a IN (b, …)`, or the first operand alone.
    fn comparison(&mut self, first: Operand<'a>, parenthesized: bool) -> Result<Read<'a>, ExpressionError> {
        let test = if let Some(token) = self.keyword("BETWEEN") {
            self.count_operator(token)?;
            let low = self.operand()?;
            self.keyword("AND").ok_or_else(|| self.wrong())?;
            Test::Between(token, Box::new([first, low, self.operand()?]))
        } else if let Some(token) = self.keyword("IN") {
            self.count_operator(token)?;
            self.expect("(")?;
            let others = self.operands()?;
            self.expect(")")?;
            Test::In(token, Box::new(first), others)
        } else if let Some(token) = ["=", "<>", "<=", ">=", "<", ">"].into_iter().find_map(|sign| self.sign(sign)) {
            self.count_operator(token)?;
            Test::Compare(token, Box::new([first, self.operand()?]))
        } else {
            return Ok(Read { node: Node::Operand(first), parenthesized });
        };
        Ok(Read { node: Node::Test(test), parenthesized: false })
    }

    /// `a, b, …`
    fn operands(&mut self) -> Result<Vec<Operand<'a>>, ExpressionError> {
        let mut operands = vec![self.operand()?];
        while self.sign(",").is_some() {
            operands.push(self.operand()?);
        }
        Ok(operands)
    }

    /// A path, a value or a function, perhaps in parentheses.
    pub(super) fn operand(&mut self) -> Result<Operand<'a>, ExpressionError> {
        let mut opened: Vec<Token<'a>> = Vec::new();
        while let Some(open) = self.sign("(") {
            opened.push(open);
        }
        let mut operand = self.bare_operand()?;
        let mut inner = false;
        while let Some(open) = opened.pop() {
            self.expect(")")?;
            if inner {
                self.note_redundant(open);
            }
            inner = true;
            operand = match operand {
                Operand::Path(path) if self.purpose == Purpose::Condition => {
                    let steps = path.steps.len();
                    let path = self.steps(path)?;
                    inner = path.steps.len() == steps;
                    Operand::Path(path)
                }
                other => other,
            };
        }
        Ok(operand)
    }

    fn bare_operand(&mut self) -> Result<Operand<'a>, ExpressionError> {
        let token = self.peek().ok_or_else(|| self.wrong())?;
        if token.kind == Kind::Value {
            self.at += 1;
            return Ok(Operand::Value(token));
        }
        let call = self.tokens.get(self.at + 1).is_some_and(|next| next.kind == Kind::Sign && next.text == "(");
        if token.kind == Kind::Word && call && !self.is_keyword(token) {
            self.at += 1;
            return Ok(Operand::Call(self.call(token)?));
        }
        Ok(Operand::Path(self.path()?))
    }

    /// The operands of the function whose name was just read.
    fn call(&mut self, name: Token<'a>) -> Result<Call<'a>, ExpressionError> {
        if self.purpose == Purpose::Update {
            self.count_operator(name)?;
        }
        let open = self.expect("(")?;
        self.enter(open)?;
        let operands = if self.comes(")") { Vec::new() } else { self.operands()? };
        self.leave()?;
        Ok(Call { name, operands })
    }

    /// `name.name[0]`
    pub(super) fn path(&mut self) -> Result<Path<'a>, ExpressionError> {
        let path = Path { attribute: self.name()?, steps: Vec::new() };
        self.steps(path)
    }

    /// The rest of a path.
    fn steps(&mut self, mut path: Path<'a>) -> Result<Path<'a>, ExpressionError> {
        loop {
            if self.sign(".").is_some() {
                path.steps.push(Step::Field(self.name()?));
            } else if self.sign("[").is_some() {
                let index = self.peek().filter(|token| token.kind == Kind::Index);
                let index = index.and_then(|token| token.text.parse().ok()).ok_or_else(|| self.wrong())?;
                self.at += 1;
                self.expect("]")?;
                path.steps.push(Step::Index(index));
            } else {
                return Ok(path);
            }
            if path.steps.len() >= STEPS_MAX {
                return Err(Fault::PathTooDeep { levels: path.steps.len() + 1 }.at(path.attribute.at));
            }
        }
    }

    fn is_keyword(&self, token: Token<'a>) -> bool {
        self.purpose.keywords().iter().any(|word| token.text.eq_ignore_ascii_case(word))
    }

    fn name(&mut self) -> Result<Token<'a>, ExpressionError> {
        let fits = |token: &Token<'a>| match token.kind {
            Kind::Alias => true,
            Kind::Word => !self.is_keyword(*token),
            Kind::Value | Kind::Index | Kind::Sign | Kind::Unknown => false,
        };
        let token = self.peek().filter(fits).ok_or_else(|| self.wrong())?;
        self.at += 1;
        Ok(token)
    }

    /// `:value`
    pub(super) fn value(&mut self) -> Result<Token<'a>, ExpressionError> {
        let token = self.peek().filter(|token| token.kind == Kind::Value).ok_or_else(|| self.wrong())?;
        self.at += 1;
        Ok(token)
    }
}
