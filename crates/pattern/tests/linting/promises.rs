//! What holds for every text, however wrong it is.

use super::nearly;
use pattern::lint::{Context, Finding, Severity, check, mend_all};
use pattern::{Dialect, Pattern};
use proptest::prelude::*;

fn errors(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.severities.worst() == Some(Severity::Error)).count()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4 * ProptestConfig::default().cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A refused text has an error; places are within the text, in order, and concern the right engines.
    #[test]
    fn findings_fit_the_text(
        text in prop_oneof![nearly::patterns(), nearly::texts()],
        (dialect, source) in nearly::contexts(),
        sample in prop::option::of(prop_oneof![nearly::samples(), nearly::texts()]),
    ) {
        let context = Context { dialect, source, sample: sample.as_deref().map(str::as_bytes) };
        let findings = check(&text, &context);
        if Pattern::parse(&text, dialect).is_err() {
            prop_assert!(errors(&findings) > 0, "{text} is refused");
        }
        let mut before = 0;
        for finding in &findings {
            prop_assert!(text.get(finding.range.clone()).is_some(), "{finding:?}");
            prop_assert!(finding.range.start >= before);
            before = finding.range.start;
            let line = text.split_inclusive(['\n']).nth(finding.line - 1).unwrap_or_default();
            prop_assert!(finding.column <= line.chars().count() + 1 || text.contains('\r'));
            let other = match dialect {
                Dialect::Bus => finding.severities.aws_pipe,
                Dialect::Pipe => finding.severities.aws_bus,
            };
            prop_assert_eq!(other, None);
            prop_assert!(finding.severities.worst().is_some());
            prop_assert!(!finding.message.is_empty() && finding.message.len() < 1200);
        }
    }

    /// A mend is accepted if nothing else is refused, and the finding is gone from its place.
    #[test]
    fn mends_hold(text in nearly::patterns(), (dialect, source) in nearly::contexts(), sample in prop::option::of(nearly::samples())) {
        let context = Context { dialect, source, sample: sample.as_deref().map(str::as_bytes) };
        let findings = check(&text, &context);
        let accepted = Pattern::parse(&text, dialect).is_ok();
        let of = |findings: &[Finding], id: &str| findings.iter().filter(|finding| finding.lint.id == id).count();
        for finding in &findings {
            let Some(mended) = &finding.mended else { continue };
            let only_error = errors(&findings) == 1 && errors(std::slice::from_ref(finding)) == 1;
            if accepted || only_error {
                let refused = Pattern::parse(mended, dialect).err();
                prop_assert!(refused.is_none(), "{}: {} -> {}: {:?}", finding.lint.id, text, mended, refused);
            }
            let again = check(mended, &context);
            let there = |findings: &[Finding]| {
                let same = |other: &&Finding| other.lint.id == finding.lint.id && other.path == finding.path;
                findings.iter().filter(same).count()
            };
            let fewer = of(&again, finding.lint.id) < of(&findings, finding.lint.id);
            prop_assert!(
                there(&again) < there(&findings) || fewer,
                "{}: {text} -> {mended}",
                finding.lint.id
            );
        }
    }

    /// Mending comes to an end, and then nothing is left to mend.
    #[test]
    fn mending_ends(text in prop_oneof![nearly::patterns(), nearly::texts()], (dialect, source) in nearly::contexts()) {
        let context = Context { dialect, source, sample: None };
        if let Some(mended) = mend_all(&text, &context) {
            prop_assert_eq!(mend_all(&mended, &context), None, "{}", text);
        }
    }
}
