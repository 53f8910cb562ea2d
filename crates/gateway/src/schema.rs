//! Decides whether a body is what a JSON Schema says, and tells all that is wrong at once.
//!
//! Start at [`Schema::compile`] for a schema alone, or at [`Compiler`] for the schemas of a whole document that refer to
//! each other. What a keyword means is settled once (`compile`); checking a body walks typed rules (`check`). Of
//! two readings of the standard: a number without a fraction is an integer however it is spelt (`1.0`), and `format` is
//! checked for the formats that the module `format` knows.
//!
//! Invariant: a keyword is understood, known to be without effect here, or refused by name; none is dropped in silence.
//! However odd a body is, checking it takes bounded time, bounded depth and tells at most [`FAULTS_MAX`] faults.

mod check;
mod compile;
mod decimal;
mod format;
mod json;
mod pattern;

pub use compile::Compiler;

use crate::fault::{Fault, Path};
use json::Json;
use std::borrow::Cow;

/// The most faults that are told of one body.
pub const FAULTS_MAX: usize = 100;

/// Which schema of [`Schemas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SchemaId(u32);

/// The schemas of a document, compiled.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    nodes: Vec<Node>,
}

/// A schema that stands alone.
#[derive(Debug, Clone)]
pub struct Schema {
    all: Schemas,
    root: SchemaId,
}

/// What one schema asks; nothing of what is empty.
#[derive(Debug, Clone, Default)]
struct Node {
    /// Empty: every type.
    types: Types,
    /// `format` and the like say nothing about other types than their own.
    text: Option<Box<TextRules>>,
    number: Option<Box<NumberRules>>,
    list: Option<Box<ListRules>>,
    object: Option<Box<ObjectRules>>,
    literals: Option<Box<[Literal]>>,
    all_of: Box<[SchemaId]>,
    any_of: Option<Box<[SchemaId]>>,
    one_of: Option<Box<[SchemaId]>>,
    not: Option<SchemaId>,
    /// The schema `false`: nothing is right.
    never: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Types(u8);

impl Types {
    const NULL: u8 = 1;
    const BOOLEAN: u8 = 2;
    const INTEGER: u8 = 4;
    const NUMBER: u8 = 8;
    const TEXT: u8 = 16;
    const LIST: u8 = 32;
    const OBJECT: u8 = 64;
    const NAMES: [(u8, &'static str); 7] = [
        (Self::TEXT, "a string"),
        (Self::INTEGER, "an integer"),
        (Self::NUMBER, "a number"),
        (Self::BOOLEAN, "a boolean"),
        (Self::OBJECT, "an object"),
        (Self::LIST, "a list"),
        (Self::NULL, "null"),
    ];

    fn has(self, one: u8) -> bool {
        self.0 & one != 0
    }

    /// `a string or null`
    fn words(self) -> String {
        let names: Vec<&str> = Self::NAMES.iter().filter(|(bit, _)| self.has(*bit)).map(|(_, name)| *name).collect();
        names.join(" or ")
    }
}

#[derive(Debug, Clone, Default)]
struct TextRules {
    length_min: u64,
    length_max: Option<u64>,
    pattern: Option<pattern::Pattern>,
    format: Option<format::Format>,
}

#[derive(Debug, Clone, Default)]
struct NumberRules {
    /// The bound as it was written, and whether it is excluded.
    minimum: Option<(Box<str>, bool)>,
    maximum: Option<(Box<str>, bool)>,
    /// The step as it was written, its digits and their power of ten.
    multiple_of: Option<(Box<str>, u64, i64)>,
}

#[derive(Debug, Clone, Default)]
struct ListRules {
    items: Option<SchemaId>,
    count_min: u64,
    count_max: Option<u64>,
    unique: bool,
}

#[derive(Debug, Clone, Default)]
struct ObjectRules {
    /// By name, sorted.
    properties: Box<[(Box<str>, SchemaId)]>,
    required: Box<[Box<str>]>,
    others: Others,
    count_min: u64,
    count_max: Option<u64>,
}

/// What an object may have beside its properties.
#[derive(Debug, Clone, Copy, Default)]
enum Others {
    #[default]
    Allowed,
    Refused,
    Checked(SchemaId),
}

/// A value of `enum` or `const`.
#[derive(Debug, Clone)]
enum Literal {
    Null,
    Bool(bool),
    Number(Box<str>),
    Text(Box<str>),
    List(Box<[Literal]>),
    Object(Box<[(Box<str>, Literal)]>),
}

impl Schema {
    /// Compiles a schema whose references point into itself.
    pub fn compile(document: &serde_json::Value) -> Result<Self, Vec<Fault>> {
        let mut compiler = Compiler::new(document);
        let root = compiler.add(document, "");
        let (all, faults) = compiler.finish();
        if faults.is_empty() { Ok(Self { all, root }) } else { Err(faults) }
    }

    /// Whether a body is right; otherwise all that is wrong, as far as it can be told at once.
    pub fn check(&self, body: &[u8]) -> Result<(), Vec<Fault>> {
        self.all.check(self.root, body)
    }
}

impl Schemas {
    /// Whether a body is right; otherwise all that is wrong, as far as it can be told at once.
    pub fn check(&self, id: SchemaId, body: &[u8]) -> Result<(), Vec<Fault>> {
        let (value, twice) = json::parse(body).map_err(|fault| vec![fault])?;
        let mut faults = twice;
        check::check(self, id, &value, &Path::ROOT, &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Whether a parameter's text is right; its pointer is what the caller gives, such as `query/limit`.
    pub fn check_text(&self, id: SchemaId, text: &str, place: &[&str]) -> Result<(), Vec<Fault>> {
        let types = self.types_of(id, 0);
        let value = if types.0 == 0 || types.has(Types::TEXT) {
            Json::Text(Cow::Borrowed(text))
        } else {
            // A parameter has no types of its own: it is read as what the schema asks for, if it can be.
            match (text, decimal::Decimal::read(text)) {
                ("true", _) if types.has(Types::BOOLEAN) => Json::Bool(true),
                ("false", _) if types.has(Types::BOOLEAN) => Json::Bool(false),
                (_, Some(number)) if types.has(Types::INTEGER) || types.has(Types::NUMBER) => Json::Number(number),
                _ => Json::Text(Cow::Borrowed(text)),
            }
        };
        let mut faults = Vec::new();
        let root = Path::ROOT;
        match place {
            [first, second] => check::check(self, id, &value, &root.name(first).name(second), &mut faults),
            _ => check::check(self, id, &value, &root, &mut faults),
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// What types a schema speaks of, itself or by what it refers to.
    fn types_of(&self, id: SchemaId, depth: usize) -> Types {
        let node = &self.nodes[id.0 as usize];
        let mut types = node.types;
        if types.0 == 0 && depth < 8 {
            let parts = node.all_of.iter().chain(node.any_of.iter().flatten()).chain(node.one_of.iter().flatten());
            types.0 |= parts.fold(0, |all, part| all | self.types_of(*part, depth + 1).0);
        }
        types
    }
}

#[cfg(test)]
mod tests;
