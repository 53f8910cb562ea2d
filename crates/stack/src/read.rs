//! Decides which spelling a template has and reads it into a tree of [`Node`]s.
//!
//! Start at [`read`]. A text whose first character is `{` is JSON, as CloudFormation sees it
//! too; everything else is YAML. What CloudFormation does not take in a template (aliases,
//! empty values, a key written twice) is refused here.

mod json;
mod yaml;

use crate::findings::{Failed, Findings, Path, Position};
use crate::node::{Entry, Node};

/// CloudFormation's own limit for the text of a template.
const TEXT_MAX: usize = 1_000_000;

/// Reads the text of a template.
pub(crate) fn read(text: &str, findings: &mut Findings) -> Result<Node, Failed> {
    if text.len() > TEXT_MAX {
        return Err(findings.add(
            Position::START,
            &Path::TOP,
            format!("the template has {} bytes, the limit is {TEXT_MAX}", text.len()),
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') { json::read(text, findings) } else { yaml::read(text, findings) }
}

/// Puts one more key into a map, or says that it is there already.
///
/// `seen` holds the same keys as `entries`: looking them up there keeps a map of many keys cheap.
fn insert(
    entries: &mut Vec<Entry>,
    seen: &mut std::collections::HashMap<String, Position>,
    entry: Entry,
    findings: &mut Findings,
) {
    if let Some(first) = seen.get(&entry.key) {
        findings.add(
            entry.key_at,
            &Path::TOP.key(&entry.key),
            format!("this key stands already in line {} of the same map", first.line),
        );
        return;
    }
    seen.insert(entry.key.clone(), entry.key_at);
    entries.push(entry);
}
