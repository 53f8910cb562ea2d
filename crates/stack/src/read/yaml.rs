//! Reads the YAML spelling of a template, with the line and column of every value.
//!
//! Start at [`read`]. Short forms (`!Ref`, `!GetAtt`, …) become the long ones. Scalars that
//! CloudFormation's YAML 1.1 reads differently than their author meant (`yes`, `0123`) are
//! refused rather than guessed, and reading goes on behind them.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::insert;
use crate::findings::{Failed, Findings, Path, Position, did_you_mean};
use crate::node::{DEPTH_MAX, Data, Entry, NODES_MAX, Node};

/// The short forms and what each stands for.
const SHORT_FORMS: [(&str, &str); 19] = [
    ("Ref", "Ref"),
    ("Condition", "Condition"),
    ("And", "Fn::And"),
    ("Base64", "Fn::Base64"),
    ("Cidr", "Fn::Cidr"),
    ("Equals", "Fn::Equals"),
    ("FindInMap", "Fn::FindInMap"),
    ("GetAZs", "Fn::GetAZs"),
    ("GetAtt", "Fn::GetAtt"),
    ("If", "Fn::If"),
    ("ImportValue", "Fn::ImportValue"),
    ("Join", "Fn::Join"),
    ("Not", "Fn::Not"),
    ("Or", "Fn::Or"),
    ("Select", "Fn::Select"),
    ("Split", "Fn::Split"),
    ("Sub", "Fn::Sub"),
    ("ToJsonString", "Fn::ToJsonString"),
    ("Transform", "Fn::Transform"),
];

pub(super) fn read(text: &str, findings: &mut Findings) -> Result<Node, Failed> {
    let mut builder = Builder { open: Vec::new(), depth: 0, root: None, nodes: 0, findings };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let at = position(error.marker().line(), error.marker().col());
                return Err(builder.wrong(at, format!("not valid YAML: {}", error.info())));
            }
        }
    }
    builder.root.ok_or_else(|| findings.add(Position::START, &Path::TOP, "the template is empty"))
}

fn position(line: usize, column_from_0: usize) -> Position {
    let within = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position { line: within(line), column: within(column_from_0).saturating_add(1) }
}

/// A list or map that is begun and not ended.
struct Open {
    at: Position,
    /// The long form of the short form that stands before it.
    call: Option<&'static str>,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: HashMap<String, Position>,
        /// The key whose value comes next.
        key: Option<(String, Position)>,
    },
}

struct Builder<'f> {
    open: Vec<Open>,
    depth: usize,
    root: Option<Node>,
    nodes: usize,
    findings: &'f mut Findings,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Failed> {
        let at = position(span.start.line(), span.start.col());
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(self.wrong(at, "a template is one YAML document, but a second one begins here"))
            }
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(_) => Err(self.wrong(at, "aliases (`*name`) are not part of CloudFormation's YAML")),
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_anchor(at, anchor)?;
                self.scalar(at, &text, style, tag.as_deref())
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_anchor(at, anchor)?;
                self.begin(at, tag.as_deref(), Items::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_anchor(at, anchor)?;
                self.begin(at, tag.as_deref(), Items::Map { entries: Vec::new(), seen: HashMap::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn wrong(&mut self, at: Position, message: impl Into<String>) -> Failed {
        let path = self.path();
        self.findings.add(at, &Path::TOP.key(&path), message)
    }

    /// The way to what is being read.
    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match &open.items {
                Items::List(items) => path.push_str(&format!("[{}]", items.len())),
                Items::Map { key: Some((key, _)), .. } if path.is_empty() => path.push_str(key),
                Items::Map { key: Some((key, _)), .. } => path.push_str(&format!(".{key}")),
                Items::Map { key: None, .. } => {}
            }
        }
        path
    }

    fn refuse_anchor(&mut self, at: Position, anchor: usize) -> Result<(), Failed> {
        match anchor {
            0 => Ok(()),
            _ => Err(self.wrong(at, "anchors (`&name`) are not part of CloudFormation's YAML")),
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { items: Items::Map { key: None, .. }, .. }))
    }

    fn begin(&mut self, at: Position, tag: Option<&Tag>, items: Items) -> Result<(), Failed> {
        if self.awaits_key() {
            return Err(self.wrong(at, "a key must be a single value, not a list or a map"));
        }
        let call = self.call(at, tag)?;
        self.depth += 1 + usize::from(call.is_some());
        if self.depth > DEPTH_MAX {
            return Err(self.wrong(at, format!("lists and maps are nested more than {DEPTH_MAX} deep")));
        }
        self.open.push(Open { at, call, items });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Failed> {
        let Open { at, call, items } = self.open.pop().expect("the parser ends only what it began");
        self.depth -= 1 + usize::from(call.is_some());
        let data = match items {
            Items::List(items) => Data::List(items),
            Items::Map { entries, .. } => Data::Map(entries),
        };
        self.place(at, call, Node { at, data, unquoted: false })
    }

    fn scalar(&mut self, at: Position, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<(), Failed> {
        if self.awaits_key() {
            if tag.is_some() {
                return Err(self.wrong(at, "a key cannot be a call such as `!Ref`"));
            }
            if style == ScalarStyle::Plain && text == "<<" {
                return Err(self.wrong(at, "merging (`<<`) is not part of CloudFormation's YAML"));
            }
            if let Some(Open { items: Items::Map { key, .. }, .. }) = self.open.last_mut() {
                *key = Some((text.to_owned(), at));
            }
            return Ok(());
        }
        let call = self.call(at, tag)?;
        let unquoted = style == ScalarStyle::Plain && tag.is_none();
        let text = if unquoted { self.plain(at, text) } else { text };
        self.place(at, call, Node { unquoted, ..Node::scalar(at, text) })
    }

    /// What a scalar without quotes means; what would have to be guessed is refused, and stays as it is written, so that
    /// the rest of the template can be looked at.
    fn plain<'t>(&mut self, at: Position, text: &'t str) -> &'t str {
        let (message, text) = match text {
            "" | "~" | "null" | "Null" | "NULL" => {
                ("this key has no value; leave the key out, or write '' for empty text".to_owned(), "null")
            }
            "true" | "True" | "TRUE" => return "true",
            "false" | "False" | "FALSE" => return "false",
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
                let message = "without quotes is a boolean to CloudFormation; write true or false, or quote it";
                (format!("`{text}` {message}"), text)
            }
            _ if text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                (format!("`{text}` without quotes loses its leading zeros in CloudFormation; quote it"), text)
            }
            _ => return text,
        };
        let path = self.path();
        self.findings.add_unreadable(at, &Path::TOP.key(&path), message);
        text
    }

    /// The long form of a local tag.
    fn call(&mut self, at: Position, tag: Option<&Tag>) -> Result<Option<&'static str>, Failed> {
        let Some(tag) = tag else { return Ok(None) };
        if tag.is_yaml_core_schema() {
            return match tag.suffix.as_str() {
                "str" | "int" | "float" | "bool" | "seq" | "map" => Ok(None),
                other => Err(self.wrong(at, format!("the tag `!!{other}` is not part of CloudFormation's YAML"))),
            };
        }
        let written = if tag.handle == "!" { tag.suffix.as_str() } else { "" };
        match SHORT_FORMS.iter().find(|(short, _)| *short == written) {
            Some((_, long)) => Ok(Some(long)),
            None => {
                let guess = did_you_mean(written, SHORT_FORMS.iter().map(|(short, _)| *short));
                let guess = guess.map_or(String::new(), |guess| format!("; {guess}"));
                Err(self.wrong(at, format!("`{tag}` is not a function of CloudFormation{guess}")))
            }
        }
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, at: Position, call: Option<&'static str>, node: Node) -> Result<(), Failed> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.wrong(at, format!("the template has more than {NODES_MAX} values")));
        }
        let node = match call {
            None => node,
            Some(long) => {
                let entry = Entry { key: long.to_owned(), key_at: at, value: node };
                Node::map(at, vec![entry])
            }
        };
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { items: Items::List(items), .. }) => items.push(node),
            Some(Open { items: Items::Map { entries, seen, key }, .. }) => {
                let (key, key_at) = key.take().expect("the parser gives a key before each value");
                insert(entries, seen, Entry { key, key_at, value: node }, self.findings);
            }
        }
        Ok(())
    }
}
