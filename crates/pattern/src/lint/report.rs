//! Decides which findings are kept, in which order they are told, and what each is worth on which engine.
//!
//! Lints hand in what they [`Found`]; [`Report::finish`] makes [`Finding`]s of it. At most [`FINDINGS_MAX`] are kept, and
//! then one more that says so; texts that are longer than any engine accepts get no mended pattern, so that what is
//! answered stays in proportion to what was asked.

use super::mend::{Edit, apply};
use super::shape::{Shape, TrailId};
use super::table::Id;
use super::{Context, Finding, Severities, Severity};
use crate::{Dialect, Limits, Pattern};
use std::collections::HashSet;
use std::ops::Range;

/// More findings than these nobody reads.
pub(super) const FINDINGS_MAX: usize = 100;

/// Bytes of a text that is still mended.
pub(super) const MENDED_SIZE_MAX: usize = 64 * 1024;

/// Bytes of mended texts that are read again to see whether less of them is refused. It is more than enough for every
/// finding of a text that is as long as a pattern may be.
const REREAD_MAX: usize = 1024 * 1024;

/// How many mends are tried. How complex wildcards are together takes long to find out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mends {
    /// Mends with new wildcards.
    pub(super) wildcards_max: usize,
    /// Whether one mend of what is worse than an info is enough.
    pub(super) first_only: bool,
    /// Whether none is wanted at all.
    pub(super) none: bool,
}

impl Mends {
    /// For whoever only wants to know what is wrong.
    pub(super) const NONE: Mends = Mends { wildcards_max: 0, first_only: true, none: true };
}

/// How bad something is, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// The parser refuses the text because of it.
    Refused,
    /// The same on orderflow's engine and on AWS's.
    Everywhere(Severity),
    /// Only AWS's engine minds.
    OnAws(Severity),
    /// orderflow's engine and AWS's mind in different degrees.
    Differs { here: Severity, on_aws: Severity },
}

impl Level {
    fn severities(self, dialect: Dialect) -> Severities {
        let (here, on_aws) = match self {
            Level::Refused => (Some(Severity::Error), Some(Severity::Error)),
            Level::Everywhere(severity) => (Some(severity), Some(severity)),
            Level::OnAws(severity) => (None, Some(severity)),
            Level::Differs { here, on_aws } => (Some(here), Some(on_aws)),
        };
        match dialect {
            Dialect::Bus => Severities { here, aws_bus: on_aws, aws_pipe: None },
            Dialect::Pipe => Severities { here, aws_bus: None, aws_pipe: on_aws },
        }
    }
}

pub(super) const ERROR: Level = Level::Everywhere(Severity::Error);
pub(super) const WARNING: Level = Level::Everywhere(Severity::Warning);
pub(super) const INFO: Level = Level::Everywhere(Severity::Info);

/// A mistake as a lint hands it in.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: Id,
    pub(super) level: Level,
    pub(super) range: Range<usize>,
    trail: TrailId,
    alternative: Option<usize>,
    message: String,
    edits: Option<Vec<Edit>>,
}

impl Found {
    pub(super) fn new(id: Id, level: Level, range: Range<usize>, trail: TrailId, message: impl Into<String>) -> Found {
        Found { id, level, range, trail, alternative: None, message: message.into(), edits: None }
    }

    /// Which of the field's alternatives it is about.
    pub(super) fn alternative(mut self, index: usize) -> Found {
        self.alternative = Some(index);
        self
    }

    fn path(&self, shape: Option<&Shape<'_>>) -> String {
        let mut path = shape.map(|shape| shape.trail_name(self.trail)).unwrap_or_default();
        if let Some(index) = self.alternative {
            path.push_str(&format!("[{index}]"));
        }
        path
    }

    pub(super) fn mend(mut self, edits: impl Into<Option<Vec<Edit>>>) -> Found {
        self.edits = edits.into();
        self
    }
}

/// What was found so far.
#[derive(Debug)]
pub(super) struct Report {
    found: Vec<Found>,
    left_out: bool,
    /// Where the alternatives begin that the parser refuses.
    refused: HashSet<usize>,
    mends: Mends,
}

impl Report {
    pub(super) fn new(mends: Mends) -> Report {
        Report { found: Vec::new(), left_out: false, refused: HashSet::new(), mends }
    }

    pub(super) fn add(&mut self, found: Found) {
        if self.found.len() < FINDINGS_MAX {
            self.found.push(found);
        } else {
            self.left_out = true;
        }
    }

    /// For what must be told even if there is no room left.
    pub(super) fn add_first(&mut self, found: Found) {
        self.found.insert(0, found);
    }

    /// Notes that the alternative that begins here is refused, so that nobody need look into it.
    pub(super) fn refuse(&mut self, start: usize) {
        self.refused.insert(start);
    }

    pub(super) fn is_refused(&self, start: usize) -> bool {
        self.refused.contains(&start)
    }

    /// Whether no more findings are kept, so that looking for more is in vain.
    pub(super) fn is_full(&self) -> bool {
        self.left_out
    }

    pub(super) fn has_refusal(&self) -> bool {
        self.found.iter().any(|found| found.level == Level::Refused)
    }

    /// Whether something was found within this range already.
    pub(super) fn has_within(&self, id: Id, range: &Range<usize>) -> bool {
        self.found
            .iter()
            .any(|found| found.id == id && range.start <= found.range.start && found.range.end <= range.end)
    }

    /// Whether something within this range is refused, or never does what it says.
    pub(super) fn has_error_within(&self, range: &Range<usize>) -> bool {
        self.found.iter().any(|found| {
            matches!(found.level, Level::Refused | ERROR)
                && range.start <= found.range.start
                && found.range.end <= range.end
        })
    }

    /// What is refused, by its lint and its place.
    pub(super) fn refusals(&self, shape: &Shape<'_>) -> Vec<(Id, String)> {
        let refused = self.found.iter().filter(|found| found.level == Level::Refused);
        refused.map(|found| (found.id, found.path(Some(shape)))).collect()
    }

    pub(super) fn remove_refusals(&mut self) {
        self.found.retain(|found| found.level != Level::Refused);
    }

    /// The findings in the order of the text. Without a shape, everything is about the text as a whole.
    pub(super) fn finish(mut self, text: &str, shape: Option<&Shape<'_>>, context: &Context<'_>) -> Vec<Finding> {
        if self.left_out {
            let message = format!("only the first {FINDINGS_MAX} findings are shown: there are more");
            let end = text.len();
            self.found.push(Found::new(Id::More, INFO, end..end, Shape::TOP_TRAIL, message));
        }
        self.found.sort_by_key(|found| (found.range.start, found.range.end));
        let mut trial = Trial::new(&self, text, shape, context);
        let mut enough = self.mends.none;
        let mut place = Cursor { text, at: 0, line: 1, column: 1 };
        self.found
            .into_iter()
            .map(|found| {
                let (line, column) = place.go_to(found.range.start);
                let path = found.path(shape);
                let edits = found.edits.filter(|edits| !edits.is_empty() && text.len() <= MENDED_SIZE_MAX);
                let mut severities = found.level.severities(context.dialect);
                if found.id.is_about_streams() {
                    severities.aws_bus = None;
                }
                let edits = edits.filter(|_| !enough);
                let mended = edits.and_then(|edits| {
                    let mended = apply(text, &edits)?;
                    (mended != text && trial.holds((found.id, &path), found.level, &edits, &mended)).then_some(mended)
                });
                enough |= self.mends.first_only && mended.is_some() && severities.worst() > Some(Severity::Info);
                Finding {
                    lint: found.id.lint(),
                    severities,
                    range: found.range,
                    line,
                    column,
                    path,
                    message: found.message,
                    mended,
                }
            })
            .collect()
    }
}

/// Tries mended texts, so that none is offered that does not help.
struct Trial<'r> {
    text: &'r str,
    context: &'r Context<'r>,
    /// How many refusals there are; none if the text is no object, so that there may be any number of others.
    refusals: Option<usize>,
    /// The refusals as they are found in mended texts, if there are several.
    before: Vec<(Id, String)>,
    wildcards_left: usize,
    reread_left: usize,
}

impl<'r> Trial<'r> {
    fn new(report: &Report, text: &'r str, shape: Option<&Shape<'_>>, context: &'r Context<'r>) -> Trial<'r> {
        let refusals = report.found.iter().filter(|found| found.level == Level::Refused).count();
        let before = if refusals > 1 && text.len() <= MENDED_SIZE_MAX {
            super::refused::of_text(text, context).unwrap_or_default()
        } else {
            Vec::new()
        };
        Trial {
            text,
            context,
            refusals: shape.map(|_| refusals),
            before,
            wildcards_left: report.mends.wildcards_max,
            reread_left: REREAD_MAX,
        }
    }

    /// What was accepted stays accepted; what is refused for one reason alone is accepted without it; and what is refused
    /// for several reasons has one less.
    fn holds(&mut self, (id, path): (Id, &str), level: Level, edits: &[Edit], mended: &str) -> bool {
        let wildcards = |text: &str| text.matches("\"wildcard\"").count();
        if self.context.dialect == Dialect::Pipe && wildcards(mended) > wildcards(self.text) {
            return false;
        }
        let Some(refusals) = self.refusals else {
            return true;
        };
        let parses = refusals == 0 || (refusals == 1 && level == Level::Refused);
        if !parses {
            return self.has_less_refused(id, path, level, mended);
        }
        let mut limits = Limits::default();
        if refusals == 0 && !edits.iter().any(|edit| edit.with.contains("wildcard")) {
            limits.wildcard_complexity_max = None;
        } else if self.wildcards_left == 0 {
            return false;
        } else {
            self.wildcards_left -= 1;
        }
        Pattern::parse_within(mended, self.context.dialect, &limits).is_ok()
    }

    fn has_less_refused(&mut self, id: Id, path: &str, level: Level, mended: &str) -> bool {
        let Some(left) = self.reread_left.checked_sub(mended.len()) else {
            return false;
        };
        self.reread_left = left;
        let Some(after) = super::refused::of_text(mended, self.context) else {
            return false;
        };
        if level != Level::Refused {
            return after.len() <= self.before.len();
        }
        // Where the mistake was one inside another, the inner one is told now.
        let gone = !after.iter().any(|(other, place)| *other == id && place == path);
        let of_id = |all: &[(Id, String)]| all.iter().filter(|(other, _)| *other == id).count();
        after.len() < self.before.len()
            || (after.len() == self.before.len() && gone && of_id(&after) == of_id(&self.before))
    }
}

/// Counts lines and characters on its one way through the text.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    column: usize,
}

impl Cursor<'_> {
    fn go_to(&mut self, offset: usize) -> (usize, usize) {
        let bytes = self.text.as_bytes();
        let passed = self.text.get(self.at..offset).unwrap_or_default();
        for (index, char) in passed.char_indices() {
            let lone_return = char == '\r' && bytes.get(self.at + index + 1) != Some(&b'\n');
            if char == '\n' || lone_return {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at = self.at.max(offset.min(self.text.len()));
        (self.line, self.column)
    }
}
