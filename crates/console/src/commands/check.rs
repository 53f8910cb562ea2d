//! Decides how templates are checked and what is told about them. What is wrong with one decides [`stack::check`].

use super::counted;
use super::findings::{self, Shown};
use super::match_event::{read_file, text_of};
use super::record;
use crate::cli::{Check, Engines};
use crate::config::BUILT_IN;
use crate::exit::{DONE, Failure, NO, Stop, USAGE};
use crate::params;
use crate::terminal::{Look, Out, Paint, safe};
use pattern::lint::{Engine, Severity};
use serde::Serialize;
use stack::check::{Finding, Reader, Report, Sample, Settings};
use stack::{Environment, Overrides};
use std::path::{Path, PathBuf};

/// A template's text.
pub(super) struct Template {
    /// As it was named on the command line.
    pub(super) file: String,
    pub(super) text: String,
    pub(super) stack_name: String,
}

impl Template {
    /// The one that runs if none is named.
    pub(super) fn built_in() -> Self {
        let (name, text) = BUILT_IN;
        Self { file: format!("{name} (built in)"), text: text.to_owned(), stack_name: name.to_owned() }
    }
}

/// Checks the templates, or the built-in one.
pub(super) fn run(wanted: &Check, json: bool, out: &mut Out) -> Result<u8, Stop> {
    let is_input = |path: &&PathBuf| path.as_os_str() == "-";
    if wanted.templates.iter().filter(is_input).count()
        + wanted.samples.iter().filter(|sample| is_stdin(sample)).count()
        > 1
    {
        let failure = Failure::new(USAGE, "only one template or sample can come from the standard input");
        return Err(failure.hint("put the others into files").into());
    }
    let mut templates: Vec<Template> = wanted.templates.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    if templates.is_empty() {
        templates.push(Template::built_in());
    }
    let mut samples: Vec<Sample> = Vec::new();
    let mut given: Vec<&str> = Vec::new();
    for option in &wanted.samples {
        samples.extend(samples_of(option)?);
        given.resize(samples.len(), option);
    }
    let handlers: Vec<&str> = orders::catalogue().iter().map(|entry| entry.name).collect();
    let names: Vec<&str> = templates.iter().map(|template| template.stack_name.as_str()).collect();
    let given_params = params::by_stack(&wanted.params, &names)?;
    let check = |(template, overrides): (&Template, &Overrides)| {
        let environment = Environment::local(&template.stack_name);
        let settings = Settings { environment: &environment, catalogue: &handlers, samples: &samples, overrides };
        stack::check::check(&template.text, &template.file, &settings)
    };
    let mut reports: Vec<Report> = templates.iter().zip(&given_params).map(check).collect();
    refuse_unused(&samples, &given, &reports)?;
    if let Some(engines) = wanted.engines {
        let engines: &[Engine] = match engines {
            Engines::Here => &[Engine::Here],
            Engines::Aws => &[Engine::AwsBus, Engine::AwsPipe],
        };
        reports.iter_mut().for_each(|report| report.keep_only(engines));
    }
    if json {
        out.json(&view(&templates, &reports))?;
    } else {
        for (index, (template, report)) in templates.iter().zip(&reports).enumerate() {
            let text = draw(template, report, wanted.info, out.look);
            out.print(&if index > 0 { format!("\n{text}") } else { text })?;
        }
    }
    let failed = reports.iter().any(|report| count(report, Severity::Error) > 0);
    Ok(if failed { NO } else { DONE })
}

/// Whether a sample is read from the standard input.
fn is_stdin(sample: &str) -> bool {
    sample == "-" || sample.ends_with("=-")
}

/// Reads a template, `-` from the standard input.
pub(super) fn read(path: &Path) -> Result<Template, Failure> {
    if path.as_os_str() == "-" {
        let text = text_of("-", "template", &mut std::io::stdin())?;
        return Ok(Template { file: "the standard input".to_owned(), text, stack_name: "stack".to_owned() });
    }
    let file = path.display().to_string();
    let (name, built_in) = BUILT_IN;
    let text = match read_file(path) {
        Err(_) if file == name => built_in.to_owned(),
        read => read.map_err(|error| {
            let failure = Failure::new(USAGE, format!("{file} cannot be read: {error}"));
            failure.hint("name a template file, such as stacks/premium.yaml, or none for the built-in one")
        })?,
    };
    let stack_name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("").to_owned();
    Ok(Template { file, text, stack_name })
}

/// Samples as they are given: JSON, a file, or one of them with the name of what it is for before it. What a function
/// is given, `{"Records": […]}`, is several.
fn samples_of(given: &str) -> Result<Vec<Sample>, Failure> {
    let named = given.split_once('=').filter(|(name, _)| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphabetic()) && bytes.all(|byte| byte.is_ascii_alphanumeric())
    });
    let (id, value) = named.map_or((None, given), |(id, value)| (Some(id.to_owned()), value));
    let text = if value == "-" || value.starts_with(['@', '{']) {
        text_of(value, "sample", &mut std::io::stdin())?
    } else {
        text_of(&format!("@{value}"), "sample", &mut std::io::stdin())?
    };
    if let Err(error) = pattern::JsonEvent::parse(text.as_bytes()) {
        return Err(Failure::new(USAGE, format!("--sample {given}: {error}")));
    }
    let texts = record::records(&text).unwrap_or_else(|| vec![text]);
    Ok(texts.into_iter().map(|text| Sample { id: id.clone(), text }).collect())
}

/// A sample that nothing was held against would let everybody believe that it was.
fn refuse_unused(samples: &[Sample], given: &[&str], reports: &[Report]) -> Result<(), Failure> {
    let unused = (0..samples.len()).find(|index| reports.iter().all(|report| report.unused_samples.contains(index)));
    let Some(index) = unused else { return Ok(()) };
    let failure = match &samples[index].id {
        Some(id) => {
            let error = "the sample was not used: there is no";
            let error =
                format!("--sample {}: {error} `{id}` with a pattern that gets events like this one", given[index]);
            Failure::new(USAGE, error)
                .hint("name a pipe, an event source mapping, a rule or a function by its logical id in the template")
        }
        None => {
            let error = "the sample was not used: no pattern gets events like this one";
            Failure::new(USAGE, format!("--sample {}: {error}", given[index]))
                .hint("name what it is for by its logical id: --sample NAME=FILE")
        }
    };
    Err(failure)
}

fn count(report: &Report, severity: Severity) -> usize {
    report.findings.iter().filter(|finding| finding.severity() == severity).count()
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct View<'a> {
    templates: Vec<TemplateView<'a>>,
    findings: Vec<findings::View<'a>>,
}

#[derive(Debug, Serialize)]
struct TemplateView<'a> {
    file: &'a str,
    patterns: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    /// Findings that were not kept, because there are too many.
    unlisted: usize,
}

fn view<'a>(templates: &'a [Template], reports: &'a [Report]) -> View<'a> {
    let summaries = reports.iter().map(|report| TemplateView {
        file: &report.file,
        patterns: report.patterns,
        errors: count(report, Severity::Error),
        warnings: count(report, Severity::Warning),
        infos: count(report, Severity::Info),
        unlisted: report.unlisted,
    });
    let findings = templates.iter().zip(reports).flat_map(|(template, report)| {
        report.findings.iter().map(|finding| findings::view(&shown(finding, &template.file, "")))
    });
    View { templates: summaries.collect(), findings: findings.collect() }
}

fn shown<'a>(finding: &'a Finding, file: &'a str, line: &'a str) -> Shown<'a> {
    Shown {
        id: finding.id,
        message: &finding.message,
        severities: finding.severities,
        pipe_engine: match finding.reader {
            Reader::EventSourceMapping => "AWS event source mapping, judged as a pipe",
            Reader::Service => "AWS",
            Reader::Pipe | Reader::Rule | Reader::Template => "AWS pipe",
        },
        file,
        at: finding.at,
        end: finding.end,
        line,
        path: &finding.path,
        pattern_path: finding.pattern_path.as_deref().unwrap_or(""),
        hint: finding.hint.as_deref(),
        mended: finding.mended.as_deref(),
        spelling: finding.spelling,
        together: finding.together.as_ref(),
    }
}

/// What was found, and at last a line for the whole.
pub(super) fn draw(template: &Template, report: &Report, info: bool, look: Look) -> String {
    let text = template.text.strip_prefix('\u{feff}').unwrap_or(&template.text);
    let lines: Vec<&str> = text.lines().collect();
    let mut drawn = String::new();
    for finding in report.findings.iter().filter(|finding| info || finding.severity() > Severity::Info) {
        let line = lines.get(finding.at.line as usize - 1).copied().unwrap_or("");
        drawn += &findings::draw(&shown(finding, &template.file, line), look);
        drawn.push('\n');
    }
    drawn += &summary(report, info, look);
    drawn
}

/// The last line: what was looked at, and what came of it.
fn summary(report: &Report, info: bool, look: Look) -> String {
    let counted = |count: usize, one: &str| counted(count as u64, one);
    let patterns = counted(report.patterns, "pattern");
    let (errors, warnings) = (count(report, Severity::Error), count(report, Severity::Warning));
    let infos = count(report, Severity::Info);
    let mut found = Vec::new();
    if errors > 0 {
        found.push(look.paint(Paint::Red, &counted(errors, "error")));
    }
    if warnings > 0 {
        found.push(look.paint(Paint::Yellow, &counted(warnings, "warning")));
    }
    let file = safe(&report.file);
    let mut text = match found.is_empty() {
        true => format!("{file}: {patterns}, {}", look.paint(Paint::Green, "nothing to mend")),
        false => format!("{file}: {}; {patterns} looked at", found.join(", ")),
    };
    if report.unlisted > 0 {
        text += &format!("; {} more findings not shown", report.unlisted);
    }
    if infos > 0 && !info {
        text += &format!("; {} with --info", counted(infos, "remark"));
    }
    text.push('\n');
    text
}
