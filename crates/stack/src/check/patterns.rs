//! Lints every pattern of a template, and says where in the template what was found stands.

use std::borrow::Cow;

use pattern::lint::{self, Context, Severity};
use pattern::{Dialect, ParseErrorKind, Pattern};

use super::consumers::Consumer;
use super::lints::{Lint, PATTERN_NOT_KNOWN, PATTERN_NOT_TEXT};
use super::report::{Finding, Reader, Report, Spelling, Together};
use super::samples::Sample;
use super::values::{Place, Read, Values};
use types::sort;

/// A mended pattern that is longer than this is none that anybody pastes.
const MENDED_BYTES_MAX: usize = 4 * pattern::SIZE_MAX;

/// Mending a pattern again and again takes time; nobody mends more of them at once, or one with more mistakes.
const MENDED_TOGETHER_MAX: usize = 50;
const MENDED_TOGETHER_FINDINGS_MAX: usize = 30;

pub(super) fn check(consumers: &[Consumer<'_>], values: &Values<'_>, samples: &[Sample], report: &mut Report) {
    let mut used = vec![false; samples.len()];
    for consumer in consumers {
        let fitting = || samples.iter().enumerate().filter(|(_, sample)| sample.is_for(consumer.id, consumer.source));
        let texts: Vec<Cow<'_, str>> = fitting().map(|(_, sample)| sample.text_for(consumer.source)).collect();
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        for place in &consumer.patterns {
            fitting().for_each(|(index, _)| used[index] = true);
            report.patterns += 1;
            Patterns { consumer, values, samples: &texts }.check(place, report);
        }
    }
    report.unused_samples = (0..samples.len()).filter(|index| !used[*index]).collect();
}

/// The patterns of one consumer.
struct Patterns<'c, 'n, 's> {
    consumer: &'c Consumer<'n>,
    values: &'c Values<'s>,
    samples: &'c [&'c [u8]],
}

impl Patterns<'_, '_, '_> {
    fn check(&self, place: &Place<'_>, report: &mut Report) {
        let dialect = match self.consumer.reader {
            Reader::Rule => Dialect::Bus,
            Reader::Pipe | Reader::EventSourceMapping | Reader::Template | Reader::Service => Dialect::Pipe,
        };
        let text = self.values.text(place.node);
        let is_map = text.is_none();
        let read = text.unwrap_or_else(|| self.values.json(place.node));
        if is_map && dialect == Dialect::Pipe {
            // Written as text it can name what is put in, but not hold a function.
            let by_name = read.made.then(|| self.values.by_name(place.node));
            let is_pattern = |text: &str| Pattern::parse(text, dialect).is_ok();
            let mended = match by_name {
                None => Some(read.located.text().to_owned()),
                Some(by_name) => Some(by_name).filter(|by_name| is_pattern(by_name) == is_pattern(read.located.text())),
            };
            report.add(Finding {
                hint: read
                    .made
                    .then(|| "write it below `Pattern: !Sub |`, where `${…}` names what is put in".to_owned()),
                mended,
                ..self.finding(
                    &PATTERN_NOT_TEXT,
                    place,
                    "a filter's pattern must be text, this is a map: write it as JSON below `Pattern: |`",
                )
            });
        }
        if !read.unknown.is_empty() && self.is_hidden(&read, dialect, place, report) {
            return;
        }
        let findings = self.lint(read.located.text(), dialect);
        // What is pasted must name what is put in, as the template does: the value is another one elsewhere.
        let by_name = match &read.template {
            Some(text) => Some(text.clone()),
            None => read.made.then(|| self.values.by_name(place.node)),
        };
        let named = by_name.as_deref().and_then(|text| Some((text, self.same(text, &findings, dialect)?)));
        let (text, to_mend) = match (&by_name, &named) {
            (None, _) => (read.located.text(), findings.as_slice()),
            (Some(_), Some((text, same))) => (*text, same.as_slice()),
            (Some(_), None) => ("", &[][..]),
        };
        let mut together = self.together(text, to_mend, dialect, report);
        let mut mended: Vec<Option<String>> = to_mend.iter().map(|found| found.mended.clone()).collect();
        mended.resize(findings.len(), None);
        let put_in = (read.made && named.is_some()).then(|| {
            "in what follows, `${…}` stands for what a function of the template puts in: keep the function".to_owned()
        });
        for ((index, found), mended) in findings.into_iter().enumerate().zip(mended) {
            let mended = mended.filter(|mended| mended.len() <= MENDED_BYTES_MAX);
            let (at, end) = read.located.span(found.range).unwrap_or((place.node.at, None));
            let together = together.get_mut(index).and_then(Option::take);
            let is_shown = mended.is_some() && together != Some(Together::Later);
            report.add(Finding {
                id: found.lint.id,
                severities: found.severities,
                reader: self.consumer.reader,
                at,
                end,
                path: place.path.clone(),
                pattern_path: Some(found.path),
                message: found.message,
                hint: put_in.clone().filter(|_| is_shown),
                mended,
                spelling: read.spelling,
                together,
            });
        }
    }

    /// What the lints find, with every sample that there is: what one sample lacks, another may have.
    fn lint(&self, text: &str, dialect: Dialect) -> Vec<lint::Finding> {
        let with = |sample| lint::check(text, &Context { dialect, source: self.consumer.source, sample });
        let mut found = with(self.samples.first().copied());
        for sample in self.samples.iter().skip(1) {
            let others = with(Some(*sample));
            found.retain(|one| others.iter().any(|other| (other.lint.id, &other.range) == (one.lint.id, &one.range)));
        }
        found
    }

    /// The findings in the text of an `Fn::Sub`, if they are the same as with everything put in.
    fn same(&self, text: &str, findings: &[lint::Finding], dialect: Dialect) -> Option<Vec<lint::Finding>> {
        let named = self.lint(text, dialect);
        let is_same =
            |one: &lint::Finding, other: &lint::Finding| (one.lint.id, &one.path) == (other.lint.id, &other.path);
        let all = named.len() == findings.len() && named.iter().zip(findings).all(|(one, other)| is_same(one, other));
        all.then_some(named)
    }

    /// For each finding, where the pattern is that has several of them mended; empty if there are not several.
    fn together(
        &self,
        text: &str,
        findings: &[lint::Finding],
        dialect: Dialect,
        report: &mut Report,
    ) -> Vec<Option<Together>> {
        let is_mended = |found: &lint::Finding| {
            let severities = self.consumer.reader.concerned(found.severities);
            severities.worst() > Some(Severity::Info) && found.mended.is_some()
        };
        let Some(last) = findings.iter().rposition(is_mended) else { return Vec::new() };
        let count = findings.iter().filter(|found| is_mended(found)).count();
        if !(2..=MENDED_TOGETHER_FINDINGS_MAX).contains(&count)
            || text.len() > MENDED_BYTES_MAX
            || report.mended_together == MENDED_TOGETHER_MAX
        {
            return Vec::new();
        }
        report.mended_together += 1;
        let sample = self.samples.first().copied();
        let mended = lint::mend_all(text, &Context { dialect, source: self.consumer.source, sample });
        let Some(mended) = mended else { return Vec::new() };
        let mut together: Vec<Option<Together>> =
            findings.iter().map(|found| is_mended(found).then_some(Together::Later)).collect();
        together[last] = Some(Together::Here(mended));
        together
    }

    /// Says that part of the pattern is not known, and whether so much that it cannot be read.
    fn is_hidden(&self, read: &Read, dialect: Dialect, place: &Place<'_>, report: &mut Report) -> bool {
        let mut names: Vec<String> = read.unknown.iter().map(|(_, name)| format!("`{name}`")).collect();
        sort::ascending(&mut names);
        names.dedup();
        let parsed = Pattern::parse(read.located.text(), dialect);
        let hidden = parsed.is_err_and(|error| error.kind == ParseErrorKind::Syntax);
        let names = names.join(", ");
        let message = match hidden {
            true => format!("what {names} stands for is not known here, so this pattern was not checked"),
            false => format!("what {names} stands for is not known here; the rest of this pattern was checked"),
        };
        let at = read.unknown.first().map_or(place.node.at, |(at, _)| *at);
        report.add(Finding { at, ..self.finding(&PATTERN_NOT_KNOWN, place, &message) });
        hidden
    }

    fn finding(&self, lint: &'static Lint, place: &Place<'_>, message: &str) -> Finding {
        Finding {
            id: lint.id,
            severities: lint.severities,
            reader: self.consumer.reader,
            at: place.node.at,
            end: None,
            path: place.path.clone(),
            pattern_path: None,
            message: message.to_owned(),
            hint: None,
            mended: None,
            spelling: Spelling::Json,
            together: None,
        }
    }
}
