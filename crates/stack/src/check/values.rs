//! Decides what the values of a template come to where a check asks, whatever else is wrong with the template.
//!
//! Start at [`Values::text`] and [`Values::json`]: both give a text with the place of each of its characters. What
//! cannot be known (an attribute of a resource that is not run here) is put in by its name, as `${Name.Attribute}`, so
//! that what stands around it can be looked at all the same.
//!
//! Nothing here adds to anybody's findings: resolving the template says what is wrong with its functions.

use std::cell::{Cell, RefCell};

use super::located::Located;
use super::report::Spelling;
use super::source::Source;
use crate::environment::{Environment, Overrides};
use crate::evaluate::{Piece, Scope, evaluate_conditions, parts, pieces};
use crate::findings::{Findings, Path, Position};
use crate::node::{Data, Entry, Node, find};
use crate::references;
use crate::resolve::evaluate_resources;
use crate::template::Template;

/// Values of a template, as far as they are known.
pub(crate) struct Values<'s> {
    scope: Scope<'s>,
    source: Source<'s>,
    unheard: RefCell<Unheard>,
    /// Whether everything that is put in stands there by its name, known or not.
    by_name: Cell<bool>,
}

/// What evaluation finds; nobody reads it. Nothing is evaluated any more when it is full, since what is not known is
/// looked for among all names: so it is emptied, but not without end.
#[derive(Default)]
struct Unheard {
    list: Findings,
    times_emptied: usize,
}

/// With a hundred findings each, that is more than anybody has who means well.
const EMPTIED_MAX: usize = 20;

/// A text that was put together.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) located: Located,
    /// What stands in it by its name, because its value is not known, and where.
    pub(crate) unknown: Vec<(Position, String)>,
    /// The text as an `Fn::Sub` has it, with the names of what is put in.
    pub(crate) template: Option<String>,
    /// Whether functions of the template put something in that the text does not name.
    pub(crate) made: bool,
    pub(crate) spelling: Spelling,
}

impl Default for Read {
    fn default() -> Self {
        let located = Located::default();
        Self { located, unknown: Vec::new(), template: None, made: false, spelling: Spelling::Json }
    }
}

/// A node and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Place<'n> {
    pub(crate) path: String,
    pub(crate) node: &'n Node,
    /// Where the key stands that it is the value of, or the node itself in a list.
    pub(crate) key_at: Position,
    /// The key, which is a resource's id at the top; empty in a list.
    pub(crate) key: &'n str,
}

impl<'s> Values<'s> {
    pub(crate) fn new(
        text: &'s str,
        template: &'s Template,
        environment: &'s Environment,
        overrides: &Overrides,
    ) -> Self {
        let mut unheard = Findings::default();
        let parameters = template.parameter_values(overrides, &mut unheard);
        let mut scope = Scope::new(template, environment, parameters);
        evaluate_conditions(&mut scope, &mut unheard);
        if let Some(order) = references::order(&scope, &mut unheard) {
            evaluate_resources(&mut scope, &order, &mut unheard);
        }
        Self { scope, source: Source::new(text), unheard: RefCell::default(), by_name: Cell::new(false) }
    }

    /// What a node evaluates to: `Ok(None)` for nothing at all, an error where it is not known.
    fn evaluated(&self, node: &Node) -> Result<Option<Node>, ()> {
        let mut unheard = self.unheard.borrow_mut();
        if unheard.list.full().is_some() && unheard.times_emptied < EMPTIED_MAX {
            *unheard = Unheard { list: Findings::default(), times_emptied: unheard.times_emptied + 1 };
        }
        self.scope.evaluate(node, &Path::TOP, &mut unheard.list).map_err(|_| ())
    }

    /// What a node evaluates to, if that is known.
    pub(crate) fn value(&self, node: &Node) -> Option<Node> {
        self.evaluated(node).ok().flatten()
    }

    /// The single value that a node evaluates to, if that is known.
    pub(crate) fn scalar(&self, node: &Node) -> Option<String> {
        match self.value(node)?.data {
            Data::Scalar(text) => Some(text),
            Data::List(_) | Data::Map(_) => None,
        }
    }

    /// Whether a property is given: not taken away by `AWS::NoValue`, and known or not.
    pub(crate) fn is_given(&self, node: &Node) -> bool {
        node.as_call().is_none() || !matches!(self.evaluated(node), Ok(None))
    }

    /// What stands below these keys, whichever way an `Fn::If` between them goes.
    pub(crate) fn below<'n>(&self, place: &Place<'n>, keys: &[&str]) -> Vec<Place<'n>> {
        let mut places = choices(place.clone());
        for key in keys {
            let inner = places.into_iter().filter_map(|place| {
                let entry = find(place.node.as_map()?, key)?;
                let path = format!("{}.{key}", place.path);
                Some(Place { path, node: &entry.value, key_at: entry.key_at, key: &entry.key })
            });
            places = inner.flat_map(choices).collect();
        }
        places
    }

    /// The items of a list, whichever way an `Fn::If` goes.
    pub(crate) fn items<'n>(&self, list: &Place<'n>) -> Vec<Place<'n>> {
        let items = list.node.as_list().unwrap_or_default().iter().enumerate();
        let items = items.map(|(index, node)| Place {
            path: format!("{}[{index}]", list.path),
            node,
            key_at: node.at,
            key: "",
        });
        items.flat_map(choices).collect()
    }

    /// The text that [`Self::text`] or [`Self::json`] gives, with names in place of all that functions put in.
    pub(crate) fn by_name(&self, node: &Node) -> String {
        self.by_name.set(true);
        let read = self.text(node).unwrap_or_else(|| self.json(node));
        self.by_name.set(false);
        read.located.text().to_owned()
    }

    /// A value that is text, or a call that makes text; `None` for lists and maps.
    pub(crate) fn text(&self, node: &Node) -> Option<Read> {
        let mut read = Read::default();
        match (&node.data, node.as_call()) {
            (Data::Scalar(text), _) => {
                read.located.push(text, &self.source.places(node.at, text));
                read.spelling = self.spelling(node);
            }
            (_, Some(("Fn::ToJsonString", argument))) => return Some(self.json(argument)),
            (_, Some((function, argument))) => {
                self.call(node, function, argument, &mut read);
                if function == "Fn::Sub" {
                    read.spelling = parts(argument).map_or(Spelling::Json, |(text, _, _)| self.spelling(text));
                    read.template = parts(argument).map(|(_, text, _)| text.to_owned());
                    read.made = false;
                }
            }
            (_, None) => return None,
        }
        Some(read)
    }

    fn call(&self, node: &Node, function: &str, argument: &Node, read: &mut Read) {
        read.made = true;
        match function {
            "Fn::Sub" if self.substituted(argument, read) => {}
            "Fn::Join" if self.joined(node.at, argument, read) => {}
            _ => match self.scalar(node).filter(|_| !self.by_name.get()) {
                Some(text) => read.located.push_at(&text, node.at),
                None => self.name_unknown(node.at, &described(function, argument), read),
            },
        }
    }

    fn name_unknown(&self, at: Position, name: &str, read: &mut Read) {
        read.located.push_at(&format!("${{{name}}}"), at);
        read.unknown.push((at, name.to_owned()));
    }

    /// Adds the text of an `Fn::Sub`, if it is well formed.
    fn substituted(&self, argument: &Node, read: &mut Read) -> bool {
        let Some((node, text, variables)) = parts(argument) else { return false };
        let Ok(pieces) = pieces(text) else { return false };
        let places = self.source.places(node.at, text);
        let mut behind = 0;
        for piece in pieces {
            let places = &places[behind..];
            match piece {
                Piece::Text(text) => {
                    read.located.push(text, places);
                    behind += text.chars().count();
                }
                Piece::Literal(name) => {
                    read.located.push_at(&format!("${{{name}}}"), places[0]);
                    behind += name.chars().count() + "${!}".len();
                }
                Piece::Variable(name) => {
                    match self.variable(name, variables).filter(|_| !self.by_name.get()) {
                        Some(value) => read.located.push_at(&value, places[0]),
                        None => self.name_unknown(places[0], name, read),
                    }
                    behind += name.chars().count() + "${}".len();
                }
            }
        }
        true
    }

    fn variable(&self, name: &str, variables: &[Entry]) -> Option<String> {
        if let Some(entry) = find(variables, name) {
            return self.scalar(&entry.value);
        }
        // Asked alone, so that one that is not known does not hide the others.
        let at = Position::START;
        let text = Node::scalar(at, format!("${{{name}}}"));
        let call = Entry { key: "Fn::Sub".to_owned(), key_at: at, value: text };
        self.scalar(&Node::map(at, vec![call]))
    }

    /// Adds the text of an `Fn::Join`, if its list stands in the template.
    fn joined(&self, at: Position, argument: &Node, read: &mut Read) -> bool {
        let Some([delimiter, list]) = argument.as_list() else { return false };
        let (Some(delimiter), Some(items)) = (delimiter.as_scalar(), list.as_list()) else { return false };
        let mut whole = Read::default();
        for (index, item) in items.iter().enumerate() {
            let Some(part) = self.text(item) else { return false };
            if index > 0 {
                whole.located.push_at(delimiter, at);
            }
            whole.located.append(&part.located);
            whole.unknown.extend(part.unknown);
        }
        read.located.append(&whole.located);
        read.unknown.extend(whole.unknown);
        true
    }

    /// A value as the JSON text that AWS gets.
    pub(crate) fn json(&self, node: &Node) -> Read {
        let mut read = Read::default();
        self.write(node, &mut read);
        read.spelling = if self.source.has(node.at, '{') { Spelling::Json } else { Spelling::YamlMap };
        read
    }

    /// How a single value is written.
    fn spelling(&self, scalar: &Node) -> Spelling {
        match self.source.first(scalar.at) {
            Some('"') => Spelling::DoubleQuotes,
            Some('\'') => Spelling::SingleQuotes,
            Some(_) | None => Spelling::Json,
        }
    }

    fn write(&self, node: &Node, read: &mut Read) {
        match &node.data {
            Data::Scalar(text) if !self.source.is_text(node.at) && is_bare_json(text) => {
                read.located.push(text, &self.source.places(node.at, text));
            }
            // Refused as a value of a template; as part of a pattern it is what was meant.
            Data::Scalar(text) if text == "null" && !self.source.is_text(node.at) => {
                read.located.push_at(text, node.at);
            }
            Data::Scalar(text) => self.write_string(node.at, text, read),
            Data::List(items) => {
                read.located.push_character('[', node.at);
                for (index, item) in items.iter().filter(|item| self.is_given(item)).enumerate() {
                    if index > 0 {
                        self.write_behind(", ", node.at, read);
                    }
                    self.write(item, read);
                }
                self.write_end(node.at, ('[', ']'), read);
            }
            Data::Map(entries) => match node.as_call() {
                Some(("Fn::If", _)) => match choices_of(node).into_iter().find(|(index, _)| self.takes(node, *index)) {
                    Some((_, chosen)) => self.write(chosen, read),
                    None => self.write_behind("null", node.at, read),
                },
                Some((function, argument)) => self.write_call(node, function, argument, read),
                None => {
                    read.located.push_character('{', node.at);
                    let given = entries.iter().filter(|entry| self.is_given(&entry.value));
                    for (index, entry) in given.enumerate() {
                        if index > 0 {
                            self.write_behind(", ", node.at, read);
                        }
                        self.write_string(entry.key_at, &entry.key, read);
                        self.write_behind(": ", entry.key_at, read);
                        self.write(&entry.value, read);
                    }
                    self.write_end(node.at, ('{', '}'), read);
                }
            },
        }
    }

    /// Whether an `Fn::If` takes this one of its values; the first one if nobody knows.
    fn takes(&self, node: &Node, index: usize) -> bool {
        let condition = node.as_call().and_then(|(_, argument)| argument.as_list()?.first()?.as_scalar());
        let holds = condition.and_then(|name| self.scope.conditions.get(name)).copied().unwrap_or(true);
        index == if holds { 1 } else { 2 }
    }

    /// What a call makes is text to AWS, numbers of parameters too.
    fn write_call(&self, node: &Node, function: &str, argument: &Node, read: &mut Read) {
        read.made = true;
        let lists = match self.value(node) {
            Some(value) if value.as_scalar().is_none() && !self.by_name.get() => Some(value),
            _ => None,
        };
        match lists {
            Some(value) => {
                let mut text = String::new();
                write_made(&value, &mut text);
                read.located.push_at(&text, node.at);
            }
            None => {
                let mut made = Read::default();
                self.call(node, function, argument, &mut made);
                let mut text = String::new();
                write_quoted(made.located.text(), &mut text);
                read.located.push_at(&text, node.at);
                read.unknown.extend(made.unknown);
            }
        }
    }

    /// A text in quotes; the quotes stand beside it.
    fn write_string(&self, at: Position, text: &str, read: &mut Read) {
        let places = self.source.places(at, text);
        read.located.push_character('"', at);
        for (character, at) in text.chars().zip(&places) {
            let mut escaped = String::new();
            write_escaped(character, &mut escaped);
            read.located.push_at(&escaped, *at);
        }
        let end = places.last().copied().unwrap_or(at);
        let is_quoted = self.source.has(end, '"') || self.source.has(end, '\'');
        let last = if is_quoted { end } else { read.located.last().unwrap_or(at) };
        read.located.push_character('"', last);
    }

    /// The bracket at the end of a list or map: its own place, or right behind what comes before it where the template
    /// has none.
    fn write_end(&self, at: Position, (open, close): (char, char), read: &mut Read) {
        let last = read.located.last().unwrap_or(at);
        let is_written = self.source.has(at, open);
        let place = if is_written { self.source.closes(last, close) } else { None };
        read.located.push_character(close, place.unwrap_or(last));
    }

    /// What stands in JSON and not in YAML: right behind what comes before it.
    fn write_behind(&self, text: &str, at: Position, read: &mut Read) {
        let at = read.located.last().unwrap_or(at);
        read.located.push_at(text, at);
    }
}

/// A place, or the places that its `Fn::If` chooses between.
fn choices(place: Place<'_>) -> Vec<Place<'_>> {
    match place.node.as_call() {
        Some(("Fn::If", _)) => {
            let branches = choices_of(place.node).into_iter().flat_map(|(index, node)| {
                choices(Place { path: format!("{}.Fn::If[{index}]", place.path), node, ..place.clone() })
            });
            branches.collect()
        }
        Some(("Ref", argument)) if argument.as_scalar() == Some("AWS::NoValue") => Vec::new(),
        _ => vec![place],
    }
}

fn choices_of(node: &Node) -> Vec<(usize, &Node)> {
    let arguments = node.as_call().and_then(|(_, argument)| argument.as_list()).unwrap_or_default();
    arguments.iter().enumerate().skip(1).take(2).collect()
}

/// How a call that is not known is named.
fn described(function: &str, argument: &Node) -> String {
    match (function, &argument.data) {
        ("Ref" | "Fn::GetAtt", Data::Scalar(name)) => name.clone(),
        ("Fn::GetAtt", Data::List(items)) => {
            let names: Vec<&str> = items.iter().filter_map(Node::as_scalar).collect();
            names.join(".")
        }
        _ => function.to_owned(),
    }
}

/// Whether a value without quotes is a number or a boolean to CloudFormation, in JSON's own spelling.
fn is_bare_json(text: &str) -> bool {
    matches!(text, "true" | "false") || is_number(text)
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

fn write_made(node: &Node, text: &mut String) {
    match &node.data {
        Data::Scalar(value) => write_quoted(value, text),
        Data::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write_made(item, text);
            }
            text.push(']');
        }
        Data::Map(entries) => {
            text.push('{');
            for (index, entry) in entries.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write_quoted(&entry.key, text);
                text.push_str(": ");
                write_made(&entry.value, text);
            }
            text.push('}');
        }
    }
}

fn write_quoted(value: &str, text: &mut String) {
    text.push('"');
    value.chars().for_each(|character| write_escaped(character, text));
    text.push('"');
}

fn write_escaped(character: char, text: &mut String) {
    match character {
        '"' | '\\' => text.extend(['\\', character]),
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\r' => text.push_str("\\r"),
        control if control < ' ' => text.push_str(&format!("\\u{:04x}", u32::from(control))),
        other => text.push(other),
    }
}
