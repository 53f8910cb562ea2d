//! Decides what the keywords of a JSON Schema mean: the part of draft 4 and of 2020-12 that OpenAPI 3.0 and 3.1 use.
//!
//! Start at [`Compiler::add`]. A template's scalars may all be text (`minimum: "1"`), as CloudFormation allows; they are
//! read as what the keyword needs, and the values of `enum` as what the `type` beside them says.
//!
//! Invariant: no chain of references comes back to itself without going one step deeper into the body.

use super::decimal::Decimal;
use super::format::Format;
use super::pattern::Pattern;
use super::{ListRules, Literal, Node, NumberRules, ObjectRules, Others, SchemaId, Schemas, TextRules, Types};
use crate::fault::{Fault, bounded};
use serde_json::{Map, Value};
use std::collections::HashMap;
use types::sort;

/// How deep a schema may be nested, and how many there may be in a document.
const DEPTH_MAX: usize = 64;
const SCHEMAS_MAX: usize = 20_000;

/// What describes a value without asking anything of it.
const WITHOUT_EFFECT: [&str; 16] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "externalDocs",
    "xml",
    "$schema",
    "$comment",
    "$id",
    "id",
    "discriminator",
    "contentMediaType",
];

/// Compiles the schemas of one document.
#[derive(Debug)]
pub struct Compiler<'d> {
    document: &'d Value,
    by_pointer: HashMap<String, SchemaId>,
    nodes: Vec<Node>,
    faults: Vec<Fault>,
}

impl<'d> Compiler<'d> {
    /// Schemas may refer to any place of this document.
    pub fn new(document: &'d Value) -> Self {
        Self { document, by_pointer: HashMap::new(), nodes: Vec::new(), faults: Vec::new() }
    }

    /// Compiles the schema that stands at a pointer of the document.
    pub fn add(&mut self, schema: &Value, pointer: &str) -> SchemaId {
        self.schema(schema, pointer, 0)
    }

    /// All that was compiled, and all that was wrong.
    pub fn finish(mut self) -> (Schemas, Vec<Fault>) {
        self.refuse_circles();
        (Schemas { nodes: self.nodes }, self.faults)
    }

    fn fault(&mut self, pointer: &str, detail: impl Into<String>) {
        if self.faults.len() < super::FAULTS_MAX {
            self.faults.push(Fault { pointer: pointer.to_owned(), detail: detail.into() });
        }
    }

    fn schema(&mut self, schema: &Value, pointer: &str, depth: usize) -> SchemaId {
        if let Some(id) = self.by_pointer.get(pointer) {
            return *id;
        }
        let id = SchemaId(u32::try_from(self.nodes.len()).expect("SCHEMAS_MAX is less"));
        if depth > DEPTH_MAX || self.nodes.len() >= SCHEMAS_MAX {
            self.fault(
                pointer,
                format!("schemas are nested at most {DEPTH_MAX} deep and at most {SCHEMAS_MAX} in number"),
            );
            self.nodes.push(Node::default());
            return id;
        }
        self.by_pointer.insert(pointer.to_owned(), id);
        self.nodes.push(Node::default());
        let node = match schema {
            Value::Bool(yes) => Node { never: !yes, ..Node::default() },
            Value::Object(keywords) => self.keywords(keywords, pointer, depth),
            _ => {
                self.fault(pointer, "a schema must be an object of keywords, true or false");
                Node::default()
            }
        };
        self.nodes[id.0 as usize] = node;
        id
    }

    fn keywords(&mut self, keywords: &Map<String, Value>, pointer: &str, depth: usize) -> Node {
        let mut node = Node { types: self.types(keywords, pointer), ..Node::default() };
        let mut all_of = Vec::new();
        let (mut text, mut number) = (TextRules::default(), NumberRules::default());
        let (mut list, mut object) = (ListRules::default(), ObjectRules::default());
        let (mut has_text, mut has_number, mut has_list, mut has_object) = (false, false, false, false);
        for (word, value) in keywords {
            let at = format!("{pointer}/{}", escaped(word));
            match word.as_str() {
                "type" | "nullable" => {}
                "$ref" => all_of.extend(self.reference(value, &at, depth)),
                "enum" => match value.as_array() {
                    Some(values) if !values.is_empty() => {
                        let all = values.iter().map(|value| literal(value, node.types)).collect();
                        node.literals = Some(with_null(all, nullable(keywords)));
                    }
                    _ => self.fault(&at, "enum must be a list of at least one value"),
                },
                "const" => node.literals = Some(with_null(vec![literal(value, node.types)], nullable(keywords))),
                "allOf" => all_of.extend(self.several(value, &at, depth)),
                "anyOf" => node.any_of = Some(self.several(value, &at, depth).into()),
                "oneOf" => node.one_of = Some(self.several(value, &at, depth).into()),
                "not" => node.not = Some(self.schema(value, &at, depth + 1)),
                "minLength" => (text.length_min, has_text) = (self.count(value, &at), true),
                "maxLength" => (text.length_max, has_text) = (Some(self.count(value, &at)), true),
                "pattern" => {
                    has_text = true;
                    match value.as_str().map(Pattern::compile) {
                        Some(Ok(pattern)) => text.pattern = Some(pattern),
                        Some(Err(why)) => self.fault(&at, format!("the pattern is not understood: {why}")),
                        None => self.fault(&at, "a pattern must be a string"),
                    }
                }
                "format" => match value.as_str() {
                    Some(name) => {
                        text.format = Format::of(name);
                        has_text |= text.format.is_some();
                        if text.format.is_none() && !Format::is_without_effect(name) {
                            let known = Format::NAMES.join(", ");
                            self.fault(&at, format!("the format {:?} is not known; known are {known}", bounded(name)));
                        }
                    }
                    None => self.fault(&at, "a format must be a string"),
                },
                // Of draft 4 the word beside it says whether the bound itself is allowed.
                "minimum" => self.bound(value, &at, truth(keywords.get("exclusiveMinimum")), &mut number.minimum),
                "maximum" => self.bound(value, &at, truth(keywords.get("exclusiveMaximum")), &mut number.maximum),
                "exclusiveMinimum" if truth_of(value).is_none() => {
                    self.exclusive(value, &at, keywords.get("minimum"), &mut number.minimum);
                }
                "exclusiveMaximum" if truth_of(value).is_none() => {
                    self.exclusive(value, &at, keywords.get("maximum"), &mut number.maximum);
                }
                "exclusiveMinimum" | "exclusiveMaximum" => {}
                "multipleOf" => match numeral(value) {
                    Some(step) => match Decimal::read(&step).and_then(|step| step.parts()).filter(|(of, _)| *of > 0) {
                        Some((of, exponent)) if !step.starts_with('-') => {
                            number.multiple_of = Some((step, of, exponent))
                        }
                        _ => self.fault(&at, "multipleOf must be more than 0 and have at most 18 digits"),
                    },
                    None => self.fault(&at, "multipleOf must be a number"),
                },
                "items" => match value {
                    Value::Array(_) => self.fault(&at, "items must be one schema here, not a list of schemas"),
                    schema => (list.items, has_list) = (Some(self.schema(schema, &at, depth + 1)), true),
                },
                "minItems" => (list.count_min, has_list) = (self.count(value, &at), true),
                "maxItems" => (list.count_max, has_list) = (Some(self.count(value, &at)), true),
                "uniqueItems" => match truth_of(value) {
                    Some(yes) => (list.unique, has_list) = (yes, has_list || yes),
                    None => self.fault(&at, "uniqueItems must be true or false"),
                },
                "properties" => match value {
                    Value::Object(all) => {
                        has_object = true;
                        let mut rules: Vec<(Box<str>, SchemaId)> = Vec::with_capacity(all.len());
                        for (name, schema) in all {
                            let id = self.schema(schema, &format!("{at}/{}", escaped(name)), depth + 1);
                            rules.push((name.as_str().into(), id));
                        }
                        sort::by(&mut rules, |left, right| left.0.cmp(&right.0));
                        object.properties = rules.into();
                    }
                    _ => self.fault(&at, "properties must be an object of schemas by name"),
                },
                "required" => match strings(value) {
                    Some(names) => (object.required, has_object) = (names, true),
                    None => self.fault(&at, "required must be a list of names"),
                },
                "additionalProperties" => {
                    has_object = true;
                    object.others = match (truth_of(value), value) {
                        (Some(true), _) => Others::Allowed,
                        (Some(false), _) => Others::Refused,
                        (None, schema) => Others::Checked(self.schema(schema, &at, depth + 1)),
                    };
                }
                "minProperties" => (object.count_min, has_object) = (self.count(value, &at), true),
                "maxProperties" => (object.count_max, has_object) = (Some(self.count(value, &at)), true),
                // Schemas that others refer to; they are compiled when they are.
                "definitions" | "$defs" => {}
                other if WITHOUT_EFFECT.contains(&other) || other.starts_with("x-") => {}
                other => self.fault(
                    &at,
                    format!(
                        "the keyword {:?} is not known here; take it out, or say it in other keywords",
                        bounded(other)
                    ),
                ),
            }
        }
        has_number |= number.minimum.is_some() || number.maximum.is_some() || number.multiple_of.is_some();
        node.text = has_text.then(|| Box::new(text));
        node.number = has_number.then(|| Box::new(number));
        node.list = has_list.then(|| Box::new(list));
        node.object = has_object.then(|| Box::new(object));
        node.all_of = all_of.into();
        node
    }

    fn types(&mut self, keywords: &Map<String, Value>, pointer: &str) -> Types {
        let mut types = Types::default();
        let names: Vec<&Value> = match keywords.get("type") {
            None => return types,
            Some(Value::Array(names)) => names.iter().collect(),
            Some(name) => vec![name],
        };
        for name in names {
            types.0 |= match name.as_str() {
                Some("null") => Types::NULL,
                Some("boolean") => Types::BOOLEAN,
                Some("integer") => Types::INTEGER,
                Some("number") => Types::NUMBER,
                Some("string") => Types::TEXT,
                Some("array") => Types::LIST,
                Some("object") => Types::OBJECT,
                _ => {
                    let known = "string, integer, number, boolean, array, object and null";
                    self.fault(&format!("{pointer}/type"), format!("this is no type; types are {known}"));
                    0
                }
            };
        }
        if nullable(keywords) {
            types.0 |= Types::NULL;
        }
        types
    }

    fn reference(&mut self, value: &Value, at: &str, depth: usize) -> Option<SchemaId> {
        let Some(target) = value.as_str().and_then(|text| text.strip_prefix('#')) else {
            self.fault(at, "a $ref must point into this document, such as #/components/schemas/Order");
            return None;
        };
        let document = self.document;
        match document.pointer(target) {
            // Depth begins again: what is referred to is compiled once, and circles are refused or deepen the body.
            Some(schema) if depth < DEPTH_MAX => Some(self.schema(schema, target, depth + 1)),
            Some(_) => {
                self.fault(at, format!("references are at most {DEPTH_MAX} deep"));
                None
            }
            None => {
                self.fault(at, format!("there is nothing at {:?} in this document", bounded(target)));
                None
            }
        }
    }

    fn several(&mut self, value: &Value, at: &str, depth: usize) -> Vec<SchemaId> {
        match value.as_array() {
            Some(all) if !all.is_empty() => {
                let each = all.iter().enumerate();
                each.map(|(index, schema)| self.schema(schema, &format!("{at}/{index}"), depth + 1)).collect()
            }
            _ => {
                self.fault(at, "this must be a list of at least one schema");
                Vec::new()
            }
        }
    }

    fn count(&mut self, value: &Value, at: &str) -> u64 {
        let count = numeral(value).and_then(|text| text.parse().ok());
        count.unwrap_or_else(|| {
            self.fault(at, "this must be a whole number, 0 or more");
            0
        })
    }

    fn bound(&mut self, value: &Value, at: &str, excluded: bool, slot: &mut Option<(Box<str>, bool)>) {
        match numeral(value) {
            Some(text) => {
                slot.get_or_insert((text, excluded));
            }
            None => self.fault(at, "this must be a number"),
        }
    }

    fn exclusive(&mut self, value: &Value, at: &str, beside: Option<&Value>, slot: &mut Option<(Box<str>, bool)>) {
        match numeral(value) {
            Some(_) if beside.is_some() => {
                self.fault(at, "say the inclusive or the exclusive bound, not both");
            }
            Some(text) => *slot = Some((text, true)),
            None => self.fault(at, "this must be a number, or true beside the bound"),
        }
    }

    /// A schema that asks for itself of the same value would never be done.
    fn refuse_circles(&mut self) {
        let here = |node: &Node| -> Vec<SchemaId> {
            let several = node.any_of.iter().flatten().chain(node.one_of.iter().flatten());
            node.all_of.iter().chain(several).chain(node.not.iter()).copied().collect()
        };
        // 0: not seen, 1: on the way, 2: done.
        let mut seen = vec![0u8; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut way: Vec<(usize, Vec<SchemaId>)> = Vec::new();
            if seen[start] == 0 {
                seen[start] = 1;
                way.push((start, here(&self.nodes[start])));
            }
            while let Some((at, next)) = way.last_mut() {
                let at = *at;
                match next.pop().map(|id| id.0 as usize) {
                    None => {
                        seen[at] = 2;
                        way.pop();
                    }
                    Some(next) if seen[next] == 0 => {
                        seen[next] = 1;
                        way.push((next, here(&self.nodes[next])));
                    }
                    Some(next) if seen[next] == 1 => {
                        let place = self.by_pointer.iter().find(|(_, id)| id.0 as usize == next);
                        let place = place.map(|(pointer, _)| pointer.clone()).unwrap_or_default();
                        self.fault(&place, "this schema refers to itself without going deeper into the body");
                        return;
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// A name as a part of a pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A boolean, or the text of one.
fn truth_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

fn truth(value: Option<&Value>) -> bool {
    value.and_then(truth_of) == Some(true)
}

fn nullable(keywords: &Map<String, Value>) -> bool {
    truth(keywords.get("nullable"))
}

/// A number as it is written, also where a template made it text.
fn numeral(value: &Value) -> Option<Box<str>> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    Decimal::read(&text).is_some().then(|| text.into())
}

fn strings(value: &Value) -> Option<Box<[Box<str>]>> {
    value.as_array()?.iter().map(|name| name.as_str().map(Into::into)).collect()
}

fn with_null(mut all: Vec<Literal>, nullable: bool) -> Box<[Literal]> {
    if nullable {
        all.push(Literal::Null);
    }
    all.into()
}

fn literal(value: &Value, types: Types) -> Literal {
    match value {
        Value::Null => Literal::Null,
        Value::Bool(yes) => Literal::Bool(*yes),
        Value::Number(number) => Literal::Number(number.to_string().into()),
        Value::String(text) => {
            let numbers = types.has(Types::INTEGER) || types.has(Types::NUMBER);
            match truth_of(value) {
                _ if types.has(Types::TEXT) || types.0 == 0 => Literal::Text(text.as_str().into()),
                Some(yes) if types.has(Types::BOOLEAN) => Literal::Bool(yes),
                _ if numbers && Decimal::read(text).is_some() => Literal::Number(text.as_str().into()),
                _ => Literal::Text(text.as_str().into()),
            }
        }
        Value::Array(all) => Literal::List(all.iter().map(|value| literal(value, Types::default())).collect()),
        Value::Object(all) => {
            let members = all.iter();
            Literal::Object(
                members.map(|(name, value)| (name.as_str().into(), literal(value, Types::default()))).collect(),
            )
        }
    }
}
