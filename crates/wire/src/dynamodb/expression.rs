//! Decides what an expression of a request means: its text, with the names and values given beside it, becomes a typed
//! condition or a list of paths.
//!
//! Start at [`condition`], which reads the whole language of conditions, and at [`keys`], which takes from a condition
//! what a query can be asked by. How deep and how long an expression may be is bounded, so that whoever walks the
//! result by recursion need not ask.

mod keys;
mod names;
mod reserved;
mod tokens;

pub(super) use keys::keys;
pub(super) use names::Names;

use crate::error::{Code, WireError};
use table::{AttributeType, Comparison, Condition, Operand, Path, Step};
use tokens::{Kind, Token};
use types::Value;

/// The longest text of an expression.
const BYTES_MAX: usize = 4096;
/// The most operators and functions of an expression.
const OPERATORS_MAX: usize = 300;
/// How deep parentheses and negations may nest.
const DEPTH_MAX: usize = 64;
/// The most operands that `IN` may have.
const IN_MAX: usize = 100;
/// The deepest path.
const STEPS_MAX: usize = types::VALUE_DEPTH_MAX;

/// Reads a condition; `member` is the request's name for it, as `KeyConditionExpression`.
pub(super) fn condition(member: &str, text: &str, names: &Names) -> Result<Condition, WireError> {
    whole(member, text, names, |reader| Ok(reader.any(0)?.0))
}

/// Reads a list of paths.
pub(super) fn paths(member: &str, text: &str, names: &Names) -> Result<Vec<Path>, WireError> {
    let paths = whole(member, text, names, |reader| {
        let mut paths = vec![reader.path()?];
        while reader.sign(",") {
            paths.push(reader.path()?);
        }
        Ok(paths)
    })?;
    distinct(&paths).map_err(|message| refuse(member, &message))?;
    Ok(paths)
}

fn refuse(member: &str, message: &str) -> WireError {
    WireError::new(Code::Validation, format!("Invalid {member}: {message}"))
}

fn whole<T>(
    member: &str,
    text: &str,
    names: &Names,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, String>,
) -> Result<T, WireError> {
    let read = || {
        if text.len() > BYTES_MAX {
            let size = text.len();
            return Err(format!("Expression size has exceeded the maximum allowed size; expression size: {size}"));
        }
        let tokens = tokens::read(text);
        if tokens.is_empty() {
            return Err("The expression can not be empty;".to_owned());
        }
        let mut reader = Reader { text, tokens, at: 0, operators: 0, names };
        let found = read(&mut reader)?;
        if reader.at < reader.tokens.len() { Err(reader.wrong()) } else { Ok(found) }
    };
    read().map_err(|message| refuse(member, &message))
}

/// An expression being read; errors are AWS's words without what is put before them.
struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    operators: usize,
    names: &'a Names,
}

/// A condition, and whether it stood in parentheses of its own.
type Read = (Condition, bool);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn wrong(&self) -> String {
        let token = self.peek().map_or("<EOF>", |token| token.text);
        let near = tokens::near(self.text, &self.tokens, self.at);
        format!("Syntax error; token: \"{token}\", near: \"{near}\"")
    }

    /// Takes this sign, if it comes next.
    fn sign(&mut self, sign: &str) -> bool {
        let comes = self.peek().is_some_and(|token| token.kind == Kind::Sign && token.text == sign);
        self.at += usize::from(comes);
        comes
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(self.wrong()) }
    }

    /// Takes this keyword, in upper or lower case, if it comes next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let comes =
            self.peek().is_some_and(|token| token.kind == Kind::Word && token.text.eq_ignore_ascii_case(keyword));
        self.at += usize::from(comes);
        comes
    }

    fn operator(&mut self) -> Result<(), String> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return Err(format!(
                "The expression contains too many operators and functions; operator count: {}",
                self.operators
            ));
        }
        Ok(())
    }

    /// `a OR b OR …`
    fn any(&mut self, depth: usize) -> Result<Read, String> {
        let first = self.all(depth)?;
        if !self.keyword("OR") {
            return Ok(first);
        }
        let mut parts = vec![first.0];
        loop {
            self.operator()?;
            parts.push(self.all(depth)?.0);
            if !self.keyword("OR") {
                return Ok((Condition::Or(parts), false));
            }
        }
    }

    /// `a AND b AND …`
    fn all(&mut self, depth: usize) -> Result<Read, String> {
        let first = self.not(depth)?;
        if !self.keyword("AND") {
            return Ok(first);
        }
        let mut parts = vec![first.0];
        loop {
            self.operator()?;
            parts.push(self.not(depth)?.0);
            if !self.keyword("AND") {
                return Ok((Condition::And(parts), false));
            }
        }
    }

    fn not(&mut self, depth: usize) -> Result<Read, String> {
        if depth > DEPTH_MAX {
            return Err("The expression has too many nesting levels;".to_owned());
        }
        if !self.keyword("NOT") {
            return self.one(depth);
        }
        self.operator()?;
        let (condition, _) = self.not(depth + 1)?;
        Ok((Condition::Not(Box::new(condition)), false))
    }

    /// A condition in parentheses, a function, or a comparison.
    fn one(&mut self, depth: usize) -> Result<Read, String> {
        if self.sign("(") {
            let (condition, parenthesized) = self.any(depth + 1)?;
            self.expect(")")?;
            if parenthesized {
                return Err("The expression has redundant parentheses;".to_owned());
            }
            return Ok((condition, true));
        }
        let name = self.peek().filter(|token| token.kind == Kind::Word);
        let call = self.tokens.get(self.at + 1).is_some_and(|token| token.text == "(");
        match name.filter(|_| call).map(|token| token.text) {
            Some("size") | None => Ok((self.comparison()?, false)),
            Some(function) => {
                self.at += 2;
                self.operator()?;
                Ok((self.function(function)?, false))
            }
        }
    }

    fn function(&mut self, function: &str) -> Result<Condition, String> {
        let known = ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"];
        if !known.contains(&function) {
            return Err(format!("Invalid function name; function: {function}"));
        }
        let mut operands = Vec::new();
        if !self.sign(")") {
            operands.push(self.operand()?);
            while self.sign(",") {
                operands.push(self.operand()?);
            }
            self.expect(")")?;
        }
        let wrong_type = |found: &str| {
            let operator = format!("operator or function: {function}, operand type: {found}");
            format!("Incorrect operand type for operator or function; {operator}")
        };
        let needs_path = || format!("Operator or function requires a document path; operator or function: {function}");
        let count = operands.len();
        let mut operands = operands.into_iter();
        match (function, operands.next(), operands.next(), count) {
            ("attribute_exists", Some(Operand::Path(path)), None, 1) => Ok(Condition::Exists(path)),
            ("attribute_not_exists", Some(Operand::Path(path)), None, 1) => Ok(Condition::NotExists(path)),
            ("attribute_exists" | "attribute_not_exists", Some(_), None, 1) => Err(needs_path()),
            ("attribute_type", Some(Operand::Path(path)), Some(Operand::Value(value)), 2) => {
                let Value::S(name) = &value else { return Err(wrong_type(value.type_name())) };
                let valid = "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}";
                let unknown = || format!("Invalid attribute type name found; type: {name}, {valid}");
                Ok(Condition::HasType(path, AttributeType::parse(name).ok_or_else(unknown)?))
            }
            ("attribute_type", Some(Operand::Path(_)), Some(_), 2) => Err(wrong_type("{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")),
            ("attribute_type", Some(_), Some(_), 2) => Err(needs_path()),
            ("begins_with", Some(value), Some(start), 2) => {
                let not_begun = |operand: &Operand| match operand {
                    Operand::Value(Value::S(_) | Value::B(_)) | Operand::Path(_) => None,
                    Operand::Value(value) => Some(value.type_name()),
                    Operand::Size(_) => Some("N"),
                };
                match not_begun(&value).or_else(|| not_begun(&start)) {
                    Some(found) => Err(wrong_type(found)),
                    None => Ok(Condition::BeginsWith(value, start)),
                }
            }
            ("contains", Some(value), Some(part), 2) => Ok(Condition::Contains(value, part)),
            _ => Err(format!(
                "Incorrect number of operands for operator or function; operator or function: {function}, number of \
                 operands: {count}"
            )),
        }
    }

    /// `a = b`, `a BETWEEN b AND c`, `a IN (b, …)`
    fn comparison(&mut self) -> Result<Condition, String> {
        let first = self.operand()?;
        self.operator()?;
        if self.keyword("BETWEEN") {
            let low = self.operand()?;
            if !self.keyword("AND") {
                return Err(self.wrong());
            }
            let high = self.operand()?;
            check_bounds(&first, &low, &high)?;
            return Ok(Condition::Between(first, low, high));
        }
        if self.keyword("IN") {
            self.expect("(")?;
            let mut others = vec![self.operand()?];
            while self.sign(",") {
                others.push(self.operand()?);
            }
            self.expect(")")?;
            if others.len() > IN_MAX {
                let count = others.len() + 1;
                return Err(format!(
                    "Incorrect number of operands for operator or function; operator or function: IN, number of \
                     operands: {count}"
                ));
            }
            return Ok(Condition::In(first, others));
        }
        let sign = self.peek().filter(|token| token.kind == Kind::Sign).map_or("", |token| token.text);
        let comparison = match sign {
            "=" => Comparison::Equal,
            "<>" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return Err(self.wrong()),
        };
        self.at += 1;
        let second = self.operand()?;
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual)
            && let Some(found) = not_ordered(&first).or_else(|| not_ordered(&second))
        {
            return Err(unordered(sign, found));
        }
        if let (Operand::Path(a), Operand::Path(b)) = (&first, &second)
            && a == b
        {
            return Err(format!(
                "The first operand must be distinct from the remaining operands for this operator or function; \
                 operator: {sign}, first operand: {}",
                shown(a)
            ));
        }
        Ok(Condition::Compare(first, comparison, second))
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let Some(token) = self.peek() else { return Err(self.wrong()) };
        if token.kind == Kind::Value {
            self.at += 1;
            return Ok(Operand::Value(self.names.value(token.text)?.clone()));
        }
        let call = self.tokens.get(self.at + 1).is_some_and(|next| next.text == "(");
        if token.kind == Kind::Word && call {
            if token.text != "size" {
                return Err(
                    if ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"]
                        .contains(&token.text)
                    {
                        let used = format!("function: {}", token.text);
                        format!("The function is not allowed to be used this way in an expression; {used}")
                    } else {
                        format!("Invalid function name; function: {}", token.text)
                    },
                );
            }
            self.at += 2;
            self.operator()?;
            let inner = self.operand()?;
            self.expect(")")?;
            return match inner {
                Operand::Path(path) => Ok(Operand::Size(path)),
                Operand::Value(_) | Operand::Size(_) => {
                    Err("Operator or function requires a document path; operator or function: size".to_owned())
                }
            };
        }
        Ok(Operand::Path(self.path()?))
    }

    /// `name.name[0]`
    fn path(&mut self) -> Result<Path, String> {
        let attribute = self.name()?.into();
        let mut steps = Vec::new();
        loop {
            if self.sign(".") {
                steps.push(Step::Field(self.name()?.into()));
            } else if self.sign("[") {
                let index = self.peek().filter(|token| token.kind == Kind::Index);
                let index = index.and_then(|token| token.text.parse().ok()).ok_or_else(|| self.wrong())?;
                self.at += 1;
                self.expect("]")?;
                steps.push(Step::Index(index));
            } else {
                return Ok(Path { attribute, steps });
            }
            if steps.len() >= STEPS_MAX {
                let most =
                    format!("The document path has too many nesting elements; nesting levels: {}", steps.len() + 1);
                return Err(most);
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let Some(token) = self.peek() else { return Err(self.wrong()) };
        match token.kind {
            Kind::Alias => {
                self.at += 1;
                Ok(self.names.name(token.text)?.to_owned())
            }
            Kind::Word if reserved::is_reserved(token.text) => {
                // What holds conditions together is no name: it stands in the wrong place.
                let grammar = ["AND", "OR", "NOT", "BETWEEN", "IN"];
                if grammar.iter().any(|word| token.text.eq_ignore_ascii_case(word)) {
                    return Err(self.wrong());
                }
                Err(format!("Attribute name is a reserved keyword; reserved keyword: {}", token.text))
            }
            Kind::Word => {
                self.at += 1;
                Ok(token.text.to_owned())
            }
            Kind::Value | Kind::Index | Kind::Sign | Kind::Unknown => Err(self.wrong()),
        }
    }
}

/// The type of an operand that has no order.
fn not_ordered(operand: &Operand) -> Option<&'static str> {
    match operand {
        Operand::Value(Value::S(_) | Value::N(_) | Value::B(_)) | Operand::Path(_) | Operand::Size(_) => None,
        Operand::Value(value) => Some(value.type_name()),
    }
}

fn unordered(operator: &str, found: &str) -> String {
    let operator = format!("operator or function: {operator}, operand type: {found}");
    format!("Incorrect operand type for operator or function; {operator}")
}

fn check_bounds(value: &Operand, low: &Operand, high: &Operand) -> Result<(), String> {
    if let Some(found) = [value, low, high].into_iter().find_map(not_ordered) {
        return Err(unordered("BETWEEN", found));
    }
    let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return Ok(()) };
    let operands = || {
        let (low, high) = (bound(low), bound(high));
        format!("lower bound operand: AttributeValue: {low}, upper bound operand: AttributeValue: {high}")
    };
    if low.type_name() != high.type_name() {
        return Err(format!("The BETWEEN operator requires same data type for lower and upper bounds; {}", operands()));
    }
    let reversed = Condition::Compare(Operand::Value(low.clone()), Comparison::Greater, Operand::Value(high.clone()));
    if reversed.holds(None) {
        return Err(format!(
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {}",
            operands()
        ));
    }
    Ok(())
}

/// `{S:text}`
pub(crate) fn bound(value: &Value) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    let content = json.as_object().and_then(|members| members.values().next().cloned()).unwrap_or_default();
    let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
    format!("{{{}:{content}}}", value.type_name())
}

/// `[a, b, [0]]`
fn shown(path: &Path) -> String {
    let mut parts = vec![path.attribute.to_string()];
    for step in &path.steps {
        match step {
            Step::Field(name) => parts.push(name.to_string()),
            Step::Index(index) => parts.push(format!("[{index}]")),
        }
    }
    format!("[{}]", parts.join(", "))
}

/// Refuses a path that leads through another.
fn distinct(paths: &[Path]) -> Result<(), String> {
    for (index, one) in paths.iter().enumerate() {
        for other in &paths[..index] {
            if one.attribute != other.attribute {
                continue;
            }
            let both = one.steps.iter().zip(&other.steps);
            let parted = both.into_iter().find(|(a, b)| a != b);
            let how = match parted {
                None => "overlap",
                Some((Step::Field(_), Step::Index(_)) | (Step::Index(_), Step::Field(_))) => "conflict",
                Some(_) => continue,
            };
            return Err(format!(
                "Two document paths {how} with each other; must remove or rewrite one of these paths; path one: {}, path \
                 two: {}",
                shown(other),
                shown(one)
            ));
        }
    }
    Ok(())
}
