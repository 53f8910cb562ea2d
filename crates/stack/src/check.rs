//! Decides what is worth saying about a template: what would fail or silently never match, here or on AWS.
//!
//! Start at [`check`]. Three things come together: what resolving the template refuses, the lints of every pattern in
//! it (those of [`pattern::lint`]), and what only a template shows: limits, filters written twice, streams that one
//! bad record holds up, queues and APIs that do harm with what stands around them. Types of resources that are not run here hide nothing: their patterns are checked too.

mod consumers;
mod limits;
mod lints;
mod located;
mod origin;
mod patterns;
mod report;
mod samples;
mod services;
mod source;
mod values;

use pattern::lint::{Severities, Severity};

use crate::environment::{Environment, Overrides};
use crate::findings::{Findings, Position, Sort};
use crate::node::{Node, find};
use crate::resolve::is_stack_name;
use crate::template::Template;
use crate::{findings, read};
use types::sort;
use values::{Place, Values};

pub use lints::{Lint, lints, page};
pub use report::{Finding, Reader, Report, Spelling, Together};
pub use samples::Sample;

/// What a check needs to know beside the template.
pub struct Settings<'a> {
    /// Where the stack would run.
    pub environment: &'a Environment,
    /// The handlers that are built in.
    pub catalogue: &'a [&'a str],
    /// Events like those that will come.
    pub samples: &'a [Sample],
    /// Values that take the place of parameters' defaults.
    pub overrides: &'a Overrides,
}

/// Checks the text of a template, YAML or JSON. `file` is what the report is called by.
///
/// ```
/// use stack::{Environment, Overrides, check};
///
/// let text = r#"
/// Resources:
///   Uploads:
///     Type: AWS::S3::Bucket
///   Uploaded:
///     Type: AWS::Events::Rule
///     Properties:
///       EventPattern:
///         source: aws.s3
/// "#;
/// let environment = Environment::local("shop");
/// let overrides = Overrides::new();
/// let settings = check::Settings { environment: &environment, catalogue: &[], samples: &[], overrides: &overrides };
/// let report = check::check(text, "shop.yaml", &settings);
/// assert_eq!(report.patterns, 1);
/// let first = &report.findings[0];
/// assert_eq!((first.id, first.at.line), ("unsupported-resource", 4));
/// ```
pub fn check(text: &str, file: &str, settings: &Settings<'_>) -> Report {
    let mut report = Report::new(file);
    let renamed = renamed(settings.environment);
    let environment = renamed.as_ref().unwrap_or(settings.environment);
    if renamed.is_some() {
        report.add(unusable_name(&settings.environment.stack_name));
    }
    let mut refused = Findings::default();
    let root = read::read(text, &mut refused).ok();
    let in_reading = refused.clone();
    let template = root.as_ref().and_then(|root| Template::of(root, file, &mut refused));
    let stack = template
        .as_ref()
        .and_then(|template| template.resolved(environment, settings.overrides, settings.catalogue, &mut refused));
    let mut patterns_at = Vec::new();
    if let (Some(root), Some(template)) = (&root, &template) {
        let values = Values::new(text, template, environment, settings.overrides);
        let resources = resources(root);
        let consumers = consumers::consumers(&resources, &values);
        patterns_at.extend(consumers.iter().flat_map(|consumer| &consumer.patterns).map(|place| place.path.clone()));
        patterns::check(&consumers, &values, settings.samples, &mut report);
        limits::check(&consumers, &values, &mut report);
        services::check(&resources, &values, &mut report);
    }
    let read = Read { in_reading: in_reading.into_list().0, is_whole: template.is_some(), patterns_at };
    add_refused(refused, &read, &mut report);
    for note in stack.iter().flat_map(|stack| &stack.notes) {
        report.add(Finding { hint: None, ..of_template(&lints::NO_EFFECT_HERE, note.at, &note.path, &note.text) });
    }
    // Stable: what stands at one place is told in the order in which it was found.
    sort::by_key(&mut report.findings, |finding| finding.at);
    report
}

/// An environment with a name that a stack may have, if the given one is none.
fn renamed(environment: &Environment) -> Option<Environment> {
    if is_stack_name(&environment.stack_name) {
        return None;
    }
    let Environment { account, region, partition, sqs_base_url, .. } = environment;
    Some(Environment {
        account: account.clone(),
        region: region.clone(),
        partition: partition.clone(),
        sqs_base_url: sqs_base_url.clone(),
        ..Environment::local("stack")
    })
}

fn unusable_name(name: &str) -> Finding {
    let message = format!(
        "`{name}` cannot name a stack, and orderflow calls a stack like its file: a letter, then up to 127 letters, digits or `-`"
    );
    let hint = Some("give the file another name".to_owned());
    Finding { hint, ..of_template(&lints::STACK_NAME, Position::START, "", &message) }
}

/// The resources as they stand in the template, whatever they are.
fn resources(root: &Node) -> Vec<Place<'_>> {
    let section = root.as_map().and_then(|sections| find(sections, "Resources")).and_then(|entry| entry.value.as_map());
    let places = section.unwrap_or_default().iter().map(|entry| Place {
        path: format!("Resources.{}", entry.key),
        node: &entry.value,
        key_at: entry.key_at,
        key: &entry.key,
    });
    places.collect()
}

/// What became of reading the template.
struct Read {
    /// What was refused already while it was read, on whoever's account.
    in_reading: Vec<findings::Finding>,
    /// Whether its patterns could be looked at.
    is_whole: bool,
    /// The ways to them.
    patterns_at: Vec<String>,
}

impl Read {
    /// How bad what is refused is for whom. Nobody's patterns are right when they could not be read.
    fn severities(&self, finding: &findings::Finding, lint: &Lint) -> Severities {
        let here = lint.severities.here;
        let everywhere = |aws| Severities { here, aws_bus: Some(aws), aws_pipe: Some(aws) };
        let within_pattern = || self.patterns_at.iter().any(|path| finding.path.starts_with(path.as_str()));
        if self.hides_patterns(finding) || (self.in_reading.contains(finding) && within_pattern()) {
            everywhere(Severity::Error)
        } else if self.in_reading.contains(finding) {
            everywhere(Severity::Warning)
        } else {
            lint.severities
        }
    }

    /// Whether it is for this that no pattern was looked at.
    fn hides_patterns(&self, finding: &findings::Finding) -> bool {
        let is_whole_section = matches!(finding.path.as_str(), "" | "Resources");
        !self.is_whole && finding.sort == Sort::Invalid && (is_whole_section || self.in_reading.contains(finding))
    }
}

/// What resolving refuses, but for what was said better already: about the same place, as an error.
fn add_refused(refused: Findings, read: &Read, report: &mut Report) {
    let (list, unlisted) = refused.into_list();
    let said: Vec<String> = (report.findings.iter())
        .filter(|finding| finding.severity() == Severity::Error)
        .map(|finding| finding.path.clone())
        .collect();
    for finding in list {
        let in_reading = read.in_reading.contains(&finding);
        if said.contains(&finding.path) && !in_reading {
            continue;
        }
        let lint = match finding.sort {
            Sort::Invalid => &lints::TEMPLATE_INVALID,
            Sort::ResourceNotRun => &lints::UNSUPPORTED_RESOURCE,
            Sort::FeatureNotRun => &lints::UNSUPPORTED_FEATURE,
            Sort::NotAllowed => &lints::MISSING_PERMISSION,
        };
        let severities = read.severities(&finding, lint);
        let hides = if read.hides_patterns(&finding) { ". The patterns were not looked at" } else { "" };
        let findings::Finding { at, path, message, hint, .. } = finding;
        let message = format!("{message}{hides}");
        report.add(Finding { hint, severities, ..of_template(lint, at, &path, &message) });
    }
    report.unlisted += unlisted;
}

fn of_template(lint: &'static Lint, at: Position, path: &str, message: &str) -> Finding {
    Finding {
        id: lint.id,
        severities: lint.severities,
        reader: Reader::Template,
        at,
        end: None,
        path: path.to_owned(),
        pattern_path: None,
        message: message.to_owned(),
        hint: None,
        mended: None,
        spelling: Spelling::Json,
        together: None,
    }
}
