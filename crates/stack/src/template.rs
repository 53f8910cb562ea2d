//! Decides what the parts of a template are, before any value in them is known.
//!
//! Start at [`Template::parse`]. What it accepts has known sections, known resource types and
//! well-formed names; what values mean is decided by [`Template::resolve`], which lives in
//! `resolve`.

use crate::findings::{Errors, Findings, Path, Position, Sort, did_you_mean};
use crate::identity::ResourceType;
use crate::node::{Data, Entry, Node, find};
use crate::parameter::Parameter;
use crate::properties::Properties;
use crate::read;
use types::SortedSet;

/// CloudFormation's own limits for one template.
const RESOURCES_MAX: usize = 500;
const PARAMETERS_MAX: usize = 200;
const OUTPUTS_MAX: usize = 200;
const MAPPINGS_MAX: usize = 200;
/// How many conditions may be named; it also bounds how deep they can build on each other.
const CONDITIONS_MAX: usize = 200;

/// A template that was read and has no mistakes in its structure.
#[derive(Debug)]
pub struct Template {
    pub(crate) file: String,
    pub(crate) description: Option<String>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) mappings: Vec<Entry>,
    pub(crate) conditions: Vec<Entry>,
    pub(crate) resources: Vec<RawResource>,
    pub(crate) outputs: Vec<RawOutput>,
    unread: Unread,
}

/// What references may go to although it is not among what was read.
#[derive(Debug, Default)]
struct Unread {
    /// Resources and parameters that stand in the text and were refused.
    names: SortedSet<String>,
    /// Whether AWS would expand macros, which make resources with names of their own.
    macros: bool,
    /// Whether a resource that was refused may say what is allowed.
    policies: bool,
}

/// A resource whose properties are not evaluated yet.
#[derive(Debug)]
pub(crate) struct RawResource {
    pub(crate) id: String,
    pub(crate) at: Position,
    pub(crate) kind: ResourceType,
    pub(crate) condition: Option<(String, Position)>,
    pub(crate) depends_on: Vec<(String, Position)>,
    /// Always a map.
    pub(crate) properties: Node,
}

/// An output whose value is not evaluated yet.
#[derive(Debug)]
pub(crate) struct RawOutput {
    pub(crate) name: String,
    pub(crate) at: Position,
    pub(crate) condition: Option<(String, Position)>,
    pub(crate) description: Option<String>,
    pub(crate) value: Node,
    pub(crate) export_name: Option<Node>,
}

impl Template {
    /// Reads the text of a template, YAML or JSON. `file` is what findings name.
    pub fn parse(text: &str, file: &str) -> Result<Self, Errors> {
        let mut findings = Findings::default();
        let template = read::read(text, &mut findings).ok().and_then(|root| Self::of(&root, file, &mut findings));
        findings.into_result(file, template)
    }

    /// The template as far as it can be read; what is left out of it is a finding.
    pub(crate) fn of(root: &Node, file: &str, findings: &mut Findings) -> Option<Self> {
        let mut sections = Properties::open(root, &Path::TOP, findings)?;
        sections.choice("AWSTemplateFormatVersion", &[("2010-09-09", ())]);
        let description = sections.text("Description", 0..=1024);
        sections.accept("Metadata");
        sections
            .refuse("Transform", "macros such as AWS::Serverless are expanded by AWS; write the resources themselves");
        sections.refuse("Globals", "they belong to the macro AWS::Serverless; write them into each resource");
        sections.refuse("Rules", "use AllowedValues, AllowedPattern or Conditions");
        sections.refuse("Hooks", "they belong to deployments with CodeDeploy");
        let parameters = section(&mut sections, "Parameters", PARAMETERS_MAX, |entry, path, findings| {
            Parameter::read(entry, path, findings)
        });
        let mappings = section(&mut sections, "Mappings", MAPPINGS_MAX, mapping);
        let conditions = section(&mut sections, "Conditions", CONDITIONS_MAX, |entry, _, _| Some(entry.clone()));
        let outputs = section(&mut sections, "Outputs", OUTPUTS_MAX, RawOutput::read);
        sections.required_node("Resources");
        let resources = section(&mut sections, "Resources", RESOURCES_MAX, RawResource::read);
        let given = sections.node("Resources").and_then(Node::as_map);
        if given.is_some_and(<[Entry]>::is_empty) {
            sections.wrong("Resources", "a template needs at least one resource");
        }
        sections.finish();
        let mut template = Self {
            file: file.to_owned(),
            description,
            parameters: parameters.unwrap_or_default(),
            mappings: mappings.unwrap_or_default(),
            conditions: conditions.unwrap_or_default(),
            resources: resources?,
            outputs: outputs.unwrap_or_default(),
            unread: Unread::default(),
        };
        template.unread = template.left_out_of(root.as_map().unwrap_or_default());
        Some(template)
    }

    fn left_out_of(&self, sections: &[Entry]) -> Unread {
        let names_in = |section: &str| {
            let section = find(sections, section).and_then(|entry| entry.value.as_map());
            section.unwrap_or_default().iter().map(|entry| entry.key.as_str())
        };
        let read: SortedSet<&str> = (self.resources.iter().map(|resource| resource.id.as_str()))
            .chain(self.parameters.iter().map(|parameter| parameter.name.as_str()))
            .collect();
        let may_allow = |entry: &&Entry| {
            let kind = entry.value.as_map().and_then(|attributes| find(attributes, "Type")?.value.as_scalar());
            !read.contains(entry.key.as_str())
                && kind.is_none_or(|kind| kind.starts_with("AWS::IAM::") || kind == ResourceType::QueuePolicy.name())
        };
        let resources = find(sections, "Resources").and_then(|entry| entry.value.as_map()).unwrap_or_default();
        let policies = resources.iter().any(|entry| may_allow(&entry));
        let names = names_in("Resources").chain(names_in("Parameters")).filter(|name| !read.contains(name));
        Unread { names: names.map(str::to_owned).collect(), macros: find(sections, "Transform").is_some(), policies }
    }

    /// Whether everything that allows or denies something was read.
    pub(crate) fn has_all_policies(&self) -> bool {
        !self.unread.macros && !self.unread.policies
    }

    /// Whether a name that was not read may stand for something all the same; then something else is wrong already,
    /// and there is no more to say about the name.
    pub(crate) fn may_be_unread(&self, name: &str) -> bool {
        self.unread.macros || self.unread.names.contains(name)
    }
}

/// Reads the entries of one section, their names checked.
fn section<T>(
    sections: &mut Properties<'_, '_, '_>,
    name: &'static str,
    max: usize,
    mut read: impl FnMut(&Entry, &Path<'_>, &mut Findings) -> Option<T>,
) -> Option<Vec<T>> {
    let node = sections.node(name)?;
    let Some(entries) = node.as_map() else {
        sections.wrong(name, format!("must be a map, not {}", node.what()));
        return None;
    };
    if entries.len() > max {
        sections.wrong(name, format!("has {} entries, the limit is {max}", entries.len()));
        return None;
    }
    let path = Path::TOP.key(name);
    let mut values = Vec::with_capacity(entries.len());
    for entry in entries {
        let path = path.key(&entry.key);
        let proper = (1..=255).contains(&entry.key.len()) && entry.key.bytes().all(|b| b.is_ascii_alphanumeric());
        if !proper {
            sections.findings.add(entry.key_at, &path, "a name here has 1 to 255 letters and digits and nothing else");
        }
        values.extend(read(entry, &path, sections.findings));
    }
    Some(values)
}

/// A mapping has two levels of keys, and values or lists of values below them.
fn mapping(entry: &Entry, path: &Path<'_>, findings: &mut Findings) -> Option<Entry> {
    let before = findings.count();
    let Some(tops) = entry.value.as_map() else {
        findings.add(entry.value.at, path, "must be a map of maps");
        return None;
    };
    for top in tops {
        let path = path.key(&top.key);
        let Some(seconds) = top.value.as_map() else {
            findings.add(top.value.at, &path, "must be a map of values");
            continue;
        };
        for second in seconds {
            let proper = match &second.value.data {
                Data::Scalar(_) => true,
                Data::List(items) => items.iter().all(|item| item.as_scalar().is_some()),
                Data::Map(_) => false,
            };
            if !proper {
                findings.add(second.value.at, &path.key(&second.key), "must be a value or a list of values");
            }
        }
    }
    (findings.count() == before).then(|| entry.clone())
}

impl RawResource {
    fn read(entry: &Entry, path: &Path<'_>, findings: &mut Findings) -> Option<Self> {
        let mut attributes = Properties::open(&entry.value, path, findings)?;
        attributes.required_node("Type");
        let kind = attributes.text("Type", 1..=255).and_then(|name| {
            let kind = ResourceType::from_name(&name);
            if kind.is_none() {
                let message = format!("resources of type `{name}` are not run here");
                let names = ResourceType::ALL.map(ResourceType::name);
                let hint = did_you_mean(&name, names).unwrap_or_else(|| format!("what runs are {}", names.join(", ")));
                attributes.not_run("Type", Sort::ResourceNotRun, message, Some(hint));
            }
            kind
        });
        let condition = condition_name(&mut attributes);
        let depends_on = depends_on(&mut attributes);
        const DELETION: [(&str, ()); 4] =
            [("Delete", ()), ("Retain", ()), ("RetainExceptOnCreate", ()), ("Snapshot", ())];
        attributes.choice("DeletionPolicy", &DELETION);
        attributes.choice("UpdateReplacePolicy", &DELETION);
        attributes.accept("Metadata");
        attributes.refuse("CreationPolicy", "nothing here waits for signals");
        attributes.refuse("UpdatePolicy", "nothing here is updated in steps");
        let properties = match attributes.node("Properties") {
            None => Node::map(entry.key_at, Vec::new()),
            Some(node) => {
                if node.as_map().is_none() || node.as_call().is_some() {
                    attributes.wrong("Properties", "must be a map of properties");
                    return None;
                }
                node.clone()
            }
        };
        attributes.finish();
        Some(Self { id: entry.key.clone(), at: entry.key_at, kind: kind?, condition, depends_on, properties })
    }
}

impl RawOutput {
    fn read(entry: &Entry, path: &Path<'_>, findings: &mut Findings) -> Option<Self> {
        let mut output = Properties::open(&entry.value, path, findings)?;
        let value = output.required_node("Value").cloned();
        let description = output.text("Description", 0..=1024);
        let condition = condition_name(&mut output);
        let export_name = output.object("Export", |export| export.required_node("Name").cloned());
        output.finish();
        Some(Self { name: entry.key.clone(), at: entry.key_at, condition, description, value: value?, export_name })
    }
}

fn condition_name(attributes: &mut Properties<'_, '_, '_>) -> Option<(String, Position)> {
    let name = attributes.text("Condition", 1..=255)?;
    Some((name, attributes.position_of("Condition")))
}

/// `DependsOn` is one name or a list of names.
fn depends_on(attributes: &mut Properties<'_, '_, '_>) -> Vec<(String, Position)> {
    let Some(node) = attributes.node("DependsOn") else { return Vec::new() };
    if let Some(name) = node.as_scalar() {
        return vec![(name.to_owned(), node.at)];
    }
    let Some(items) = attributes.list("DependsOn") else { return Vec::new() };
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        match item.as_scalar() {
            Some(name) => names.push((name.to_owned(), item.at)),
            None => attributes.wrong("DependsOn", "must be the name of a resource, or a list of names"),
        }
    }
    names
}
