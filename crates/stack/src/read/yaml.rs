//! Reads the YAML spelling of a template, with the line and column of every value.
//!
//! Start at [`read`]. Short forms (`!Ref`, `!GetAtt`, …) become the long ones. Scalars that
//! CloudFormation's YAML 1.1 reads differently than their author meant (`yes`, `0123`) are
//! refused rather than guessed.

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
    let mut builder = Builder { open: Vec::new(), root: None, nodes: 0, findings };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let at = position(error.marker().line(), error.marker().col());
                return Err(builder.findings.add(at, &Path::TOP, format!("not valid YAML: {}", error.info())));
            }
        }
    }
    builder.root.ok_or_else(|| findings.add(Position::START, &Path::TOP, "the template is empty"))
}

/// Lists and maps that are begun and not ended.
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
                let items = Items::Map { entries: Vec::new(), seen: HashMap::new(), key: None };
                self.begin(at, tag.as_deref(), items)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn wrong(&mut self, at: Position, message: impl Into<String>) -> Failed {
        let keys: Vec<String> = self.keys();
        in_path(&keys, &Path::TOP, &mut |path| self.findings.add(at, path, message_once(&message)))
    }
}
