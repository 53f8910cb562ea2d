//! Which named conditions hold.

use super::Scope;
use crate::findings::{Failed, Findings, Path};
use crate::node::{Entry, Node, find};
use types::SortedMap;

/// How many conditions may stand between a condition and what it builds on in the end.
const CHAIN_MAX: usize = 16;

/// Evaluates the whole Conditions section into `scope`; those that failed are left out.
pub(crate) fn evaluate_conditions(scope: &mut Scope<'_>, findings: &mut Findings) {
    let mut known = SortedMap::new();
    for entry in &scope.template.conditions {
        let mut visit = Visit { scope, known: &mut known, underway: Vec::new() };
        // What failed is a finding already.
        let _ = visit.named(entry, findings);
    }
    scope.conditions = known.into_iter().filter_map(|(name, held)| Some((name, held.ok()?))).collect();
}

struct Visit<'v, 's> {
    scope: &'v Scope<'s>,
    known: &'v mut SortedMap<String, Result<bool, Failed>>,
    /// The conditions that are being evaluated, the outermost first.
    underway: Vec<String>,
}

impl Visit<'_, '_> {
    fn named(&mut self, entry: &Entry, findings: &mut Findings) -> Result<bool, Failed> {
        if let Some(held) = self.known.get(&entry.key) {
            return *held;
        }
        let section = Path::TOP.key("Conditions");
        let path = section.key(&entry.key);
        if self.underway.contains(&entry.key) {
            let chain = format!("{} -> {}", self.underway.join(" -> "), entry.key);
            let failed = findings.add(entry.key_at, &path, format!("this condition depends on itself: {chain}"));
            self.known.insert(entry.key.clone(), Err(failed));
            return Err(failed);
        }
        if self.underway.len() >= CHAIN_MAX {
            return Err(findings.add(
                entry.key_at,
                &path,
                format!("conditions build on each other more than {CHAIN_MAX} deep"),
            ));
        }
        self.underway.push(entry.key.clone());
        let held = self.expression(&entry.value, &path, findings);
        self.underway.pop();
        self.known.insert(entry.key.clone(), held);
        held
    }

    fn expression(&mut self, node: &Node, path: &Path<'_>, findings: &mut Findings) -> Result<bool, Failed> {
        let Some([only]) = node.as_map() else {
            return Err(findings.add(
                node.at,
                path,
                "a condition is one of Fn::Equals, Fn::And, Fn::Or, Fn::Not and Condition",
            ));
        };
        let path = path.key(&only.key);
        match only.key.as_str() {
            "Condition" => {
                let Some(name) = only.value.as_scalar() else {
                    return Err(findings.add(only.value.at, &path, "this must be the name of a condition"));
                };
                match find(&self.scope.template.conditions, name) {
                    Some(entry) => self.named(entry, findings),
                    // No condition is known to the scope yet, so this says that there is none.
                    None => self.scope.condition(only.value.at, name, &path, findings),
                }
            }
            "Fn::Equals" => {
                let [left, right] =
                    self.scope.arguments(node.at, &only.value, "two values to compare", &path, findings)?;
                let left = self.scope.scalar(left, &path.index(0), findings)?;
                Ok(left == self.scope.scalar(right, &path.index(1), findings)?)
            }
            "Fn::Not" => {
                let [negated] = self.scope.arguments(node.at, &only.value, "a condition", &path, findings)?;
                Ok(!self.expression(negated, &path.index(0), findings)?)
            }
            "Fn::And" => Ok(self.operands(only, &path, findings)?.into_iter().all(|held| held)),
            "Fn::Or" => Ok(self.operands(only, &path, findings)?.into_iter().any(|held| held)),
            other => Err(findings.add(
                only.key_at,
                &path,
                format!("`{other}` is not a condition: use Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition"),
            )),
        }
    }

    fn operands(&mut self, call: &Entry, path: &Path<'_>, findings: &mut Findings) -> Result<Vec<bool>, Failed> {
        match call.value.as_list() {
            Some(operands) if (2..=10).contains(&operands.len()) => operands
                .iter()
                .enumerate()
                .map(|(index, operand)| self.expression(operand, &path.index(index), findings))
                .collect(),
            _ => Err(findings.add(call.value.at, path, "takes a list of 2 to 10 conditions")),
        }
    }
}
