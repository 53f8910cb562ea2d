//! Decides what the functions in a template (`Ref`, `Fn::Sub`, `Fn::If`, …) evaluate to.
//!
//! Start at [`Scope::evaluate`]: it takes a node with calls in it and gives one without.
//! Conditions live in `conditions`, the `${…}` language in `substitute`.
//!
//! Invariant: what evaluation makes is bounded by [`MADE_BYTES_MAX`], whatever the template
//! says, because text can be made to multiply itself.

mod conditions;
mod substitute;

use std::cell::Cell;

use base64::Engine as _;
use types::{SortedMap, SortedSet};

use crate::environment::Environment;
use crate::findings::{Failed, Findings, Path, Position, did_you_mean};
use crate::identity::{Identity, ResourceType};
use crate::node::{Data, Entry, Node, find};
use crate::parameter::ParameterValue;
use crate::template::Template;

pub(crate) use conditions::evaluate_conditions;
pub(crate) use substitute::{Piece, parts, pieces};

/// How much the evaluation of one template may make, in bytes of text and of nodes.
const MADE_BYTES_MAX: usize = 64 << 20;

/// What a node costs beside its text.
const NODE_BYTES: usize = 64;

/// Everything that a name in a template can stand for.
pub(crate) struct Scope<'s> {
    pub(crate) template: &'s Template,
    pub(crate) environment: &'s Environment,
    pub(crate) parameters: SortedMap<String, ParameterValue>,
    pub(crate) conditions: SortedMap<String, bool>,
    /// The resources that are evaluated; those that a resource refers to come before it.
    pub(crate) identities: SortedMap<String, Identity>,
    /// Those of them whose properties could not be evaluated, so that less is known of them than they have.
    pub(crate) failed: SortedSet<String>,
    made_bytes: Cell<usize>,
}

/// A value, or nothing where `AWS::NoValue` takes a property away.
type Evaluated = Result<Option<Node>, Failed>;

impl<'s> Scope<'s> {
    pub(crate) fn new(
        template: &'s Template,
        environment: &'s Environment,
        parameters: SortedMap<String, ParameterValue>,
    ) -> Self {
        Self {
            template,
            environment,
            parameters,
            conditions: SortedMap::new(),
            identities: SortedMap::new(),
            failed: SortedSet::new(),
            made_bytes: Cell::new(0),
        }
    }

    /// The node with every call in it replaced by what it evaluates to.
    pub(crate) fn evaluate(&self, node: &Node, path: &Path<'_>, findings: &mut Findings) -> Evaluated {
        if let Some(full) = findings.full() {
            return Err(full);
        }
        match &node.data {
            Data::Scalar(text) => {
                let made = self.made(node.at, text.clone(), path, findings)?;
                Ok(Some(Node { unquoted: node.unquoted, ..made }))
            }
            Data::List(items) => self.list_items(node.at, items, path, findings).map(Some),
            Data::Map(entries) => match node.as_call() {
                Some((function, argument)) => self.call(node.at, function, argument, &path.key(function), findings),
                None => self.map_entries(node.at, entries, path, findings).map(Some),
            },
        }
    }

    fn list_items(
        &self,
        at: Position,
        items: &[Node],
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<Node, Failed> {
        let mut values = Vec::with_capacity(items.len());
        let mut failed = None;
        for (index, item) in items.iter().enumerate() {
            match self.evaluate(item, &path.index(index), findings) {
                Ok(value) => values.extend(value),
                Err(failure) => failed = Some(failure),
            }
        }
        failed.map_or(Ok(Node::list(at, values)), Err)
    }

    fn map_entries(
        &self,
        at: Position,
        entries: &[Entry],
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<Node, Failed> {
        let mut values = Vec::with_capacity(entries.len());
        let mut failed = None;
        for entry in entries {
            let path = path.key(&entry.key);
            if entry.key.starts_with("Fn::") {
                let message = format!("`{}` must stand alone in its map", entry.key);
                failed = Some(findings.add(entry.key_at, &path, message));
                continue;
            }
            match self.evaluate(&entry.value, &path, findings) {
                Ok(Some(value)) => values.push(Entry { key: entry.key.clone(), key_at: entry.key_at, value }),
                Ok(None) => {}
                Err(failure) => failed = Some(failure),
            }
        }
        failed.map_or(Ok(Node::map(at, values)), Err)
    }

    /// A scalar that was made, if there is room for it.
    fn made(&self, at: Position, text: String, path: &Path<'_>, findings: &mut Findings) -> Result<Node, Failed> {
        self.charge(at, 1, text.len(), path, findings)?;
        Ok(Node::scalar(at, text))
    }

    fn charge(
        &self,
        at: Position,
        nodes: usize,
        bytes: usize,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<(), Failed> {
        let made = self.made_bytes.get() + nodes * NODE_BYTES + bytes;
        self.made_bytes.set(made);
        if made > MADE_BYTES_MAX {
            return Err(findings.add(
                at,
                path,
                format!("the functions of this template make more than {MADE_BYTES_MAX} bytes"),
            ));
        }
        Ok(())
    }

    fn call(
        &self,
        at: Position,
        function: &str,
        argument: &Node,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Evaluated {
        let value = match function {
            "Ref" => return self.reference(at, argument, path, findings),
            "Fn::If" => return self.choose(at, argument, path, findings),
            "Fn::GetAtt" => self.get_attribute(at, argument, path, findings)?,
            "Fn::Sub" => self.substitute(at, argument, path, findings)?,
            "Fn::Join" => self.join(at, argument, path, findings)?,
            "Fn::Split" => self.split(at, argument, path, findings)?,
            "Fn::Select" => self.select(argument, path, findings)?,
            "Fn::FindInMap" => self.find_in_map(at, argument, path, findings)?,
            "Fn::Base64" => {
                let text = self.scalar(argument, path, findings)?;
                let encoded = base64::engine::general_purpose::STANDARD.encode(text);
                self.made(at, encoded, path, findings)?
            }
            "Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals" => {
                let message = format!("`{function}` belongs into the Conditions section");
                return Err(findings.add_with_hint(
                    at,
                    path,
                    message,
                    "give the condition a name there and use Fn::If",
                ));
            }
            "Fn::ImportValue" => {
                let message = "`Fn::ImportValue` is not run here: stacks do not see each other's exports";
                return Err(findings.add_not_run(at, path, message, Some("use a parameter")));
            }
            "Fn::GetAZs" | "Fn::Cidr" => {
                let message = format!("`{function}` is not run here: there is no network to divide");
                return Err(findings.add_not_run(at, path, message, None));
            }
            "Fn::Transform" | "Fn::ForEach" | "Fn::Length" | "Fn::ToJsonString" => {
                let message = format!("`{function}` is not run here: it is a macro that AWS expands");
                return Err(findings.add_not_run(at, path, message, None));
            }
            other => {
                const KNOWN: [&str; 9] = [
                    "Ref",
                    "Fn::If",
                    "Fn::GetAtt",
                    "Fn::Sub",
                    "Fn::Join",
                    "Fn::Split",
                    "Fn::Select",
                    "Fn::FindInMap",
                    "Fn::Base64",
                ];
                let message = format!("`{other}` is not a function of CloudFormation");
                return Err(match did_you_mean(other, KNOWN) {
                    Some(hint) => findings.add_with_hint(at, path, message, hint),
                    None => findings.add(at, path, message),
                });
            }
        };
        Ok(Some(value))
    }

    fn reference(&self, at: Position, argument: &Node, path: &Path<'_>, findings: &mut Findings) -> Evaluated {
        let Some(name) = argument.as_scalar() else {
            return Err(findings.add(argument.at, path, "`Ref` takes a name, not a function or a list"));
        };
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.parameters.get(name) {
            let (nodes, bytes) = match value {
                ParameterValue::Text(text) => (1, text.len()),
                ParameterValue::List(items) => (items.len(), items.iter().map(String::len).sum()),
            };
            self.charge(at, nodes, bytes, path, findings)?;
            return Ok(Some(value.clone().into_node(at)));
        }
        let text = self.name(at, name, path, findings)?;
        self.made(at, text, path, findings).map(Some)
    }

    /// What a name stands for, where it must be a single value.
    fn name(&self, at: Position, name: &str, path: &Path<'_>, findings: &mut Findings) -> Result<String, Failed> {
        match self.parameters.get(name) {
            Some(ParameterValue::Text(text)) => return Ok(text.clone()),
            Some(ParameterValue::List(_)) => {
                return Err(findings.add_with_hint(
                    at,
                    path,
                    format!("the parameter `{name}` is a list"),
                    "put it together with Fn::Join",
                ));
            }
            None => {}
        }
        if let Some(text) = self.environment.pseudo(name) {
            return Ok(text);
        }
        match name {
            "AWS::NoValue" => {
                Err(findings.add(at, path, "`AWS::NoValue` takes a whole property away and cannot be part of a text"))
            }
            "AWS::NotificationARNs" => {
                let message = "`AWS::NotificationARNs` is not run here: a stack has no topics to notify";
                Err(findings.add_not_run(at, path, message, None))
            }
            _ => match self.identities.get(name) {
                Some(identity) => Ok(identity.reference.clone()),
                None => Err(self.unknown_name(at, name, path, findings)),
            },
        }
    }

    /// Says why a name stands for nothing.
    pub(crate) fn unknown_name(&self, at: Position, name: &str, path: &Path<'_>, findings: &mut Findings) -> Failed {
        if self.template.may_be_unread(name) {
            return findings.found_before();
        }
        let resources = self.template.resources.iter().map(|resource| resource.id.as_str());
        if resources.clone().any(|id| id == name) {
            return findings.add(at, path, format!("the resource `{name}` cannot be used here: its condition is false, or this is a place where only parameters are known"));
        }
        let parameters = self.template.parameters.iter().map(|parameter| parameter.name.as_str());
        let message = format!("there is no parameter or resource `{name}`");
        const PSEUDO: [&str; 7] = [
            "AWS::AccountId",
            "AWS::Region",
            "AWS::Partition",
            "AWS::StackName",
            "AWS::StackId",
            "AWS::URLSuffix",
            "AWS::NoValue",
        ];
        match did_you_mean(name, resources.chain(parameters).chain(PSEUDO)) {
            Some(hint) => findings.add_with_hint(at, path, message, hint),
            None => findings.add(at, path, message),
        }
    }

    fn get_attribute(
        &self,
        at: Position,
        argument: &Node,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<Node, Failed> {
        let (id, attribute) = match &argument.data {
            Data::Scalar(text) => match text.split_once('.') {
                Some((id, attribute)) => (id.to_owned(), attribute.to_owned()),
                None => return Err(findings.add(at, path, "`Fn::GetAtt` takes `Resource.Attribute`")),
            },
            Data::List(items) => match items.as_slice() {
                [id, attribute] => {
                    let Some(id) = id.as_scalar() else {
                        return Err(findings.add(
                            id.at,
                            path,
                            "`Fn::GetAtt` takes the name of a resource, not a function",
                        ));
                    };
                    (id.to_owned(), self.scalar(attribute, path, findings)?)
                }
                _ => return Err(findings.add(at, path, "`Fn::GetAtt` takes a resource and an attribute")),
            },
            Data::Map(_) => return Err(findings.add(at, path, "`Fn::GetAtt` takes a resource and an attribute")),
        };
        let text = self.attribute(at, &id, &attribute, path, findings)?;
        self.made(at, text, path, findings)
    }

    fn attribute(
        &self,
        at: Position,
        id: &str,
        attribute: &str,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<String, Failed> {
        let Some(identity) = self.identities.get(id) else {
            return Err(self.unknown_name(at, id, path, findings));
        };
        if let Some(value) = identity.attribute(attribute) {
            return Ok(value.to_owned());
        }
        if self.failed.contains(id) {
            return Err(findings.found_before());
        }
        if identity.kind == ResourceType::Table && attribute == "StreamArn" {
            return Err(findings.add_with_hint(
                at,
                path,
                format!("the table `{id}` has no stream"),
                "give it a StreamSpecification",
            ));
        }
        let known: Vec<&str> = identity.attributes.iter().map(|(name, _)| *name).collect();
        let message = format!("`{attribute}` is not an attribute of {} that is known here", identity.kind.name());
        Err(match did_you_mean(attribute, known.iter().copied()) {
            Some(hint) => findings.add_with_hint(at, path, message, hint),
            None if known.is_empty() => findings.add(at, path, message),
            None => findings.add_with_hint(at, path, message, format!("known are {}", known.join(", "))),
        })
    }

    fn join(&self, at: Position, argument: &Node, path: &Path<'_>, findings: &mut Findings) -> Result<Node, Failed> {
        let [delimiter, items] = self.arguments(at, argument, "a delimiter and a list", path, findings)?;
        let Some(delimiter) = delimiter.as_scalar() else {
            return Err(findings.add(delimiter.at, path, "the delimiter of `Fn::Join` must be text"));
        };
        let texts = self.texts(items, &path.index(1), findings)?;
        let length = texts.iter().map(|text| text.len() + delimiter.len()).sum::<usize>();
        if length > MADE_BYTES_MAX {
            return Err(findings.add(at, path, format!("the joined text is longer than {MADE_BYTES_MAX} bytes")));
        }
        self.made(at, texts.join(delimiter), path, findings)
    }

    fn split(&self, at: Position, argument: &Node, path: &Path<'_>, findings: &mut Findings) -> Result<Node, Failed> {
        let [delimiter, text] = self.arguments(at, argument, "a delimiter and a text", path, findings)?;
        let delimiter = delimiter.as_scalar().filter(|delimiter| !delimiter.is_empty());
        let Some(delimiter) = delimiter else {
            return Err(findings.add(at, path, "the delimiter of `Fn::Split` must be text and not empty"));
        };
        let text = self.scalar(text, &path.index(1), findings)?;
        self.charge(at, text.split(delimiter).count(), text.len(), path, findings)?;
        let items = text.split(delimiter).map(|part| Node::scalar(at, part)).collect();
        Ok(Node::list(at, items))
    }

    fn select(&self, argument: &Node, path: &Path<'_>, findings: &mut Findings) -> Result<Node, Failed> {
        let at = argument.at;
        let [index, list] = self.arguments(at, argument, "an index and a list", path, findings)?;
        let index_text = self.scalar(index, &path.index(0), findings)?;
        let mut items = self.list(list, &path.index(1), findings)?;
        match index_text.parse::<usize>() {
            Ok(index) if index < items.len() => Ok(items.swap_remove(index)),
            Ok(index) => Err(findings.add(
                at,
                path,
                format!("there is no element {index} in a list of {} (the first is 0)", items.len()),
            )),
            Err(_) => Err(findings.add(
                at,
                path,
                format!("the index of `Fn::Select` must be a whole number, not `{index_text}`"),
            )),
        }
    }

    fn find_in_map(
        &self,
        at: Position,
        argument: &Node,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<Node, Failed> {
        if argument.as_list().is_some_and(|arguments| arguments.len() == 4) {
            let message = "the default value of `Fn::FindInMap` is not run here: it needs a macro that AWS expands";
            return Err(findings.add_not_run(at, path, message, None));
        }
        let names: [&Node; 3] = self.arguments(at, argument, "a mapping and two keys", path, findings)?;
        let mut level: &[Entry] = &self.template.mappings;
        for (depth, name) in names.into_iter().enumerate() {
            let name = self.scalar(name, &path.index(depth), findings)?;
            // Looking through a long mapping many times is charged like making text.
            self.charge(at, 0, level.len(), path, findings)?;
            let Some(entry) = find(level, &name) else {
                let message = format!(
                    "there is no `{name}` in {}",
                    ["the Mappings section", "this mapping", "this part of the mapping"][depth]
                );
                let keys = level.iter().map(|entry| entry.key.as_str());
                return Err(match did_you_mean(&name, keys) {
                    Some(hint) => findings.add_with_hint(at, path, message, hint),
                    None => findings.add(at, path, message),
                });
            };
            if depth == 2 {
                // Evaluated for its size alone: a mapping holds no calls.
                let mut value = self.evaluate(&entry.value, path, findings)?.expect("a mapping holds no AWS::NoValue");
                value.at = at;
                return Ok(value);
            }
            level = entry.value.as_map().expect("a mapping is checked to be maps of maps when it is read");
        }
        unreachable!("the third level answers")
    }

    fn choose(&self, at: Position, argument: &Node, path: &Path<'_>, findings: &mut Findings) -> Evaluated {
        let [condition, yes, no] = self.arguments(at, argument, "a condition and two values", path, findings)?;
        let holds = self.named_condition(condition, path, findings)?;
        let (index, chosen) = if holds { (1, yes) } else { (2, no) };
        self.evaluate(chosen, &path.index(index), findings)
    }

    fn named_condition(&self, node: &Node, path: &Path<'_>, findings: &mut Findings) -> Result<bool, Failed> {
        // `Fn::If` takes the bare name; `!Condition name` means the same and is common.
        let name = match node.as_map() {
            Some([only]) if only.key == "Condition" => only.value.as_scalar(),
            _ => node.as_scalar(),
        };
        let Some(name) = name else {
            return Err(findings.add(node.at, path, "this must be the name of a condition"));
        };
        self.condition(node.at, name, path, findings)
    }

    /// Whether a named condition holds.
    pub(crate) fn condition(
        &self,
        at: Position,
        name: &str,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<bool, Failed> {
        self.conditions.get(name).copied().ok_or_else(|| {
            let message = format!("there is no condition `{name}`");
            match did_you_mean(name, self.template.conditions.iter().map(|entry| entry.key.as_str())) {
                Some(hint) => findings.add_with_hint(at, path, message, hint),
                None => findings.add(at, path, message),
            }
        })
    }

    /// The arguments of a function that takes a list of exactly `N`.
    fn arguments<'n, const N: usize>(
        &self,
        at: Position,
        argument: &'n Node,
        what: &str,
        path: &Path<'_>,
        findings: &mut Findings,
    ) -> Result<[&'n Node; N], Failed> {
        argument
            .as_list()
            .and_then(|items| <&[Node; N]>::try_from(items).ok())
            .map(|items| items.each_ref())
            .ok_or_else(|| findings.add(at, path, format!("takes a list of {N}: {what}")))
    }

    /// Evaluates a node that must come to a single value.
    pub(crate) fn scalar(&self, node: &Node, path: &Path<'_>, findings: &mut Findings) -> Result<String, Failed> {
        match self.evaluate(node, path, findings)? {
            Some(Node { data: Data::Scalar(text), .. }) => Ok(text),
            Some(other) => Err(findings.add(node.at, path, format!("must be a single value, not {}", other.what()))),
            None => Err(findings.add(node.at, path, "must be a single value, not AWS::NoValue")),
        }
    }

    fn list(&self, node: &Node, path: &Path<'_>, findings: &mut Findings) -> Result<Vec<Node>, Failed> {
        match self.evaluate(node, path, findings)? {
            Some(Node { data: Data::List(items), .. }) => Ok(items),
            Some(other) => Err(findings.add(node.at, path, format!("must be a list, not {}", other.what()))),
            None => Err(findings.add(node.at, path, "must be a list, not AWS::NoValue")),
        }
    }

    fn texts(&self, node: &Node, path: &Path<'_>, findings: &mut Findings) -> Result<Vec<String>, Failed> {
        self.list(node, path, findings)?
            .into_iter()
            .map(|item| match item.data {
                Data::Scalar(text) => Ok(text),
                _ => Err(findings.add(item.at, path, format!("the list must hold single values, not {}", item.what()))),
            })
            .collect()
    }
}
