//! Decides how what is wrong with a template is said: where, what, and what to do.
//!
//! [`Errors`] is what callers get; it prints one line per finding, in the order of the file.
//! Inside the crate everything that can fail adds to a [`Findings`] and hands back a [`Failed`],
//! so that one run names as many mistakes as it can instead of only the first.
//!
//! Invariant: a `Failed` exists only where a finding was added.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use types::sort;

/// More findings than this are counted, not kept: nobody reads them, and a hostile template
/// must not make the list grow without end.
const KEPT_MAX: usize = 100;

/// How many names a misspelt one is compared with.
const GUESSED_FROM_MAX: usize = 1_000;

/// A place in the template's text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
}

impl Position {
    /// The first character of the file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// What sort of refusal a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    /// It is not what CloudFormation's language or the resource's type allows.
    Invalid,
    /// A type of resource that is not run here.
    ResourceNotRun,
    /// A property, function or section that would change what happens, and that is not run here.
    FeatureNotRun,
    /// A role that does not allow what its owner will do.
    NotAllowed,
}

/// One thing that is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What sort of refusal it is.
    pub sort: Sort,
    /// Where it stands.
    pub at: Position,
    /// The way to it from the top of the template, such as `Resources.Orders.Properties.TableName`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where there is something better to say than the message.
    pub hint: Option<String>,
}

/// Everything that is wrong with one template, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    file: String,
    findings: Vec<Finding>,
    unlisted: usize,
}

impl Errors {
    /// The file name that the template was parsed under.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The findings in the order of the file.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let Position { line, column } = finding.at;
            let mut text = format!("{}:{line}:{column}: ", self.file);
            if !finding.path.is_empty() {
                text.push_str(&finding.path);
                text.push_str(": ");
            }
            text.push_str(&finding.message);
            if let Some(hint) = &finding.hint {
                text.push_str("; ");
                text.push_str(hint);
            }
            f.write_str(&one_line(&text))?;
        }
        if self.unlisted > 0 {
            write!(f, "\n{}: and {} more", self.file, self.unlisted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

/// Control characters are escaped: one finding is one line, and nothing in a template may
/// move the reader's cursor.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// The evidence that a finding was added, for code that cannot go on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed(());

/// The findings so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    unlisted: usize,
    /// Where values stand that were refused when they were read: there is no more to say about them.
    unreadable: BTreeSet<Position>,
}

impl Findings {
    pub(crate) fn add(&mut self, at: Position, path: &Path<'_>, message: impl Into<String>) -> Failed {
        self.add_sorted(Sort::Invalid, at, path, message, None)
    }

    pub(crate) fn add_with_hint(
        &mut self,
        at: Position,
        path: &Path<'_>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Failed {
        self.add_sorted(Sort::Invalid, at, path, message, Some(hint.into()))
    }

    /// A value that does not say what its author meant. Reading goes on behind it, and nothing else is said of it.
    pub(crate) fn add_unreadable(&mut self, at: Position, path: &Path<'_>, message: impl Into<String>) {
        self.add(at, path, message);
        self.unreadable.insert(at);
    }

    /// Something that is no mistake on AWS, and that is not run here.
    pub(crate) fn add_not_run(
        &mut self,
        at: Position,
        path: &Path<'_>,
        message: impl Into<String>,
        hint: Option<&str>,
    ) -> Failed {
        self.add_sorted(Sort::FeatureNotRun, at, path, message, hint.map(str::to_owned))
    }

    pub(crate) fn add_sorted(
        &mut self,
        sort: Sort,
        at: Position,
        path: &Path<'_>,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Failed {
        self.push(Finding { sort, at, path: path.to_string(), message: message.into(), hint })
    }

    /// The evidence for what failed because of something that was found before and is not worth a finding of its own.
    pub(crate) fn found_before(&self) -> Failed {
        Failed(())
    }

    fn push(&mut self, finding: Finding) -> Failed {
        if self.unreadable.contains(&finding.at) {
            return Failed(());
        }
        if self.list.len() < KEPT_MAX {
            self.list.push(finding);
        } else {
            self.unlisted += 1;
        }
        Failed(())
    }

    /// Whether more findings would only be counted: then a walk can end, and a hostile template
    /// cannot make it guess names for ever.
    pub(crate) fn full(&self) -> Option<Failed> {
        (self.unlisted > 0).then_some(Failed(()))
    }

    /// How many there are, to ask later whether more came.
    pub(crate) fn count(&self) -> usize {
        self.list.len() + self.unlisted
    }

    /// All findings in the order of the file, and how many more there were than are kept.
    pub(crate) fn into_list(mut self) -> (Vec<Finding>, usize) {
        sort::by_key(&mut self.list, |finding| finding.at);
        (self.list, self.unlisted)
    }

    /// `value` if nothing was found, all findings otherwise.
    pub(crate) fn into_result<T>(mut self, file: &str, value: Option<T>) -> Result<T, Errors> {
        if self.list.is_empty() {
            return Ok(value.expect("a value is missing only after a finding was added"));
        }
        sort::by_key(&mut self.list, |finding| finding.at);
        Err(Errors { file: file.to_owned(), findings: self.list, unlisted: self.unlisted })
    }
}

/// The way from the top of the template to a node, built on the stack while walking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Top,
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    pub(crate) const TOP: Path<'static> = Path { parent: None, step: Step::Top };

    pub(crate) fn key(&'p self, key: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Key(key) }
    }

    pub(crate) fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        let first = self.parent.is_none_or(|parent| matches!(parent.step, Step::Top));
        match self.step {
            Step::Top => Ok(()),
            Step::Key(key) if first => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The known word that `word` most likely means, as the start of a hint.
pub(crate) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    known
        .into_iter()
        .take(GUESSED_FROM_MAX)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2.max(1 + candidate.len() / 4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

/// How many letters must be put in, taken out or exchanged, case aside; words far longer
/// than any name we know are not compared.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(65).map(|c| c.to_ascii_lowercase()).collect();
    if left.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (index, letter) in right.chars().enumerate() {
        let letter = letter.to_ascii_lowercase();
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..left.len() {
            let exchanged = diagonal + usize::from(left[column] != letter);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[left.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_file_place_path_message_and_hint() {
        let mut findings = Findings::default();
        let resources = Path::TOP.key("Resources");
        let resource = resources.key("X");
        let item = resource.index(2);
        findings.add(Position { line: 9, column: 3 }, &item, "later\nin the file");
        findings.add_with_hint(Position { line: 4, column: 7 }, &resource, "wrong", "right");
        let errors = findings.into_result::<()>("t.yaml", None).expect_err("two findings");
        assert_eq!(
            errors.to_string(),
            "t.yaml:4:7: Resources.X: wrong; right\nt.yaml:9:3: Resources.X[2]: later\\nin the file"
        );
    }

    #[test]
    fn a_misspelt_word_is_guessed_and_a_strange_one_is_not() {
        let known = ["BatchSize", "ParallelizationFactor", "StartingPosition"];
        let cases = [
            ("Batchsize", Some("did you mean `BatchSize`?")),
            ("ParallelisationFactor", Some("did you mean `ParallelizationFactor`?")),
            ("StartPosition", Some("did you mean `StartingPosition`?")),
            ("Enrichment", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(did_you_mean(word, known).as_deref(), expected, "{word}");
        }
    }
}
