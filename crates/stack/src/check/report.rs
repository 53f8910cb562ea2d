//! Says what a check answers: a [`Report`] of [`Finding`]s.

use pattern::lint::{Engine, Severities, Severity};

use crate::findings::Position;

/// More findings than this are counted, not kept: nobody reads them.
const KEPT_MAX: usize = 1_000;

/// Who acts on what a finding is about, which decides which engines are spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reader {
    /// Whoever runs the template.
    Template,
    /// A pipe.
    Pipe,
    /// An event source mapping of Lambda, which is judged by what holds for pipes.
    EventSourceMapping,
    /// A rule of an event bus.
    Rule,
    /// A service of AWS, or of this program in its place, that reads no patterns. It is judged by what holds for pipes.
    Service,
}

/// Something to know about a template, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which mistake it is, by its stable name: one of [`pattern::lint`]'s or of [`super::lints`].
    pub id: &'static str,
    /// How bad it is for each engine that it concerns; never for none.
    pub severities: Severities,
    /// Who acts on it.
    pub reader: Reader,
    /// Where it stands in the template.
    pub at: Position,
    /// Behind what it ends, if that is on the same line.
    pub end: Option<Position>,
    /// The way to it from the top of the template.
    pub path: String,
    /// The way to it from the top of a pattern, if it is about one.
    pub pattern_path: Option<String>,
    /// What will happen.
    pub message: String,
    /// What to do, where no pattern can be given.
    pub hint: Option<String>,
    /// What to write instead, if nothing else is changed; JSON, where it is a pattern.
    pub mended: Option<String>,
    /// How the template spells the pattern, if it is about one.
    pub spelling: Spelling,
    /// Where the pattern is that has this and others mended, if there are others.
    pub together: Option<Together>,
}

/// How a pattern is written in its template, and so how what replaces it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// The JSON itself.
    Json,
    /// A map of YAML, indented.
    YamlMap,
    /// A text in single quotes, where a quote is written twice.
    SingleQuotes,
    /// A text in double quotes, with escapes.
    DoubleQuotes,
}

/// A pattern of which several findings can be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Together {
    /// It stands at a later finding.
    Later,
    /// All of it mended.
    Here(String),
}

/// What a check of one template found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The file name that the template was checked under.
    pub file: String,
    /// How many patterns there are in it.
    pub patterns: usize,
    /// The findings in the order of the file.
    pub findings: Vec<Finding>,
    /// How many more there were than are kept.
    pub unlisted: usize,
    /// The samples, by their place in what was given, that went to no pattern.
    pub unused_samples: Vec<usize>,
    /// How many patterns had several mistakes mended at once.
    pub(super) mended_together: usize,
}

impl Finding {
    /// The worst that it is anywhere.
    pub fn severity(&self) -> Severity {
        self.severities.worst().expect("a finding concerns an engine")
    }
}

impl Reader {
    /// The engines that may run what this one reads.
    pub fn engines(self) -> &'static [Engine] {
        match self {
            Reader::Template => &[Engine::Here, Engine::AwsBus, Engine::AwsPipe],
            Reader::Pipe | Reader::EventSourceMapping | Reader::Service => &[Engine::Here, Engine::AwsPipe],
            Reader::Rule => &[Engine::Here, Engine::AwsBus],
        }
    }

    /// The severities for the engines that may run it.
    pub(crate) fn concerned(self, severities: Severities) -> Severities {
        only(severities, self.engines())
    }
}

fn only(severities: Severities, engines: &[Engine]) -> Severities {
    let of = |engine| severities.of(engine).filter(|_| engines.contains(&engine));
    Severities { here: of(Engine::Here), aws_bus: of(Engine::AwsBus), aws_pipe: of(Engine::AwsPipe) }
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            patterns: 0,
            findings: Vec::new(),
            unlisted: 0,
            unused_samples: Vec::new(),
            mended_together: 0,
        }
    }

    /// Leaves out what does not concern these engines.
    pub fn keep_only(&mut self, engines: &[Engine]) {
        for finding in &mut self.findings {
            finding.severities = only(finding.severities, engines);
        }
        self.findings.retain(|finding| finding.severities.worst().is_some());
    }

    /// Adds a finding, if it concerns an engine that may run what it is about.
    pub(crate) fn add(&mut self, finding: Finding) {
        let severities = finding.reader.concerned(finding.severities);
        if severities.worst().is_none() {
            return;
        }
        if self.findings.len() < KEPT_MAX {
            self.findings.push(Finding { severities, ..finding });
        } else {
            self.unlisted += 1;
        }
    }
}
