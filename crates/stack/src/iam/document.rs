//! Reads policy documents into [`Statement`]s.

use serde::{Deserialize, Serialize};

use crate::node::Node;
use crate::properties::Properties;

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Its own name.
    pub id: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Who it speaks of; `None` in a policy that belongs to a role.
    pub principal: Option<Principal>,
    /// Which actions it speaks of.
    pub actions: Actions,
    /// Which resources it speaks of.
    pub resources: Resources,
    /// When it speaks: all must hold.
    pub conditions: Vec<Condition>,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever others allow.
    Deny,
}

/// Who a statement speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// Everybody.
    Anyone,
    /// These, each `Service:name`, `AWS:arn` and so on.
    Only(Vec<(String, String)>),
    /// Everybody but these.
    AllBut(Vec<(String, String)>),
}

/// Which actions a statement speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actions {
    /// Those that match one of these.
    Only(Vec<String>),
    /// Those that match none of these.
    AllBut(Vec<String>),
}

/// Which resources a statement speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resources {
    /// Those that match one of these.
    Only(Vec<String>),
    /// Those that match none of these.
    AllBut(Vec<String>),
    /// The one that the policy belongs to, as in a role's trust policy.
    Itself,
}

/// When a statement speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Such as `StringEquals`.
    pub operator: String,
    /// Such as `aws:SourceArn`.
    pub key: String,
    /// One of them must match, or none of them where the operator negates.
    pub values: Vec<String>,
}

/// What a document belongs to decides what its statements may and must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// A role's trust policy: it has principals and no resources.
    Trust,
    /// What a role allows: it has resources and no principals.
    Identity,
    /// What a queue allows: it has both.
    Resource,
}

/// Reads the policy document in a property.
pub(crate) fn read_document(
    properties: &mut Properties<'_, '_, '_>,
    key: &'static str,
    kind: DocumentKind,
) -> Option<Vec<Statement>> {
    properties.required_node(key)?;
    properties.object(key, |document| {
        document.choice("Version", &[("2012-10-17", ()), ("2008-10-17", ())]);
        document.text("Id", 0..=256);
        let node = document.required_node("Statement")?;
        if node.as_map().is_some() {
            return document.object("Statement", |one| statement(one, kind)).map(|one| vec![one]);
        }
        let statements = document.objects("Statement", |one| statement(one, kind))?;
        if statements.is_empty() {
            document.wrong("Statement", "must hold at least one statement that is valid");
        }
        Some(statements)
    })
}

fn statement(statement: &mut Properties<'_, '_, '_>, kind: DocumentKind) -> Option<Statement> {
    let id = statement.text("Sid", 0..=256);
    let effect = statement.required_choice("Effect", &[("Allow", Effect::Allow), ("Deny", Effect::Deny)]);
    let principal = principal(statement, kind);
    let actions = match one_of_two(statement, "Action", "NotAction") {
        Some((names, only)) => {
            for name in names.iter().filter(|name| *name != "*" && !name.contains(':')) {
                let key = if only { "Action" } else { "NotAction" };
                statement.wrong_with_hint(
                    key,
                    format!("`{name}` is not an action"),
                    "an action is written as service:Name",
                );
            }
            Some(if only { Actions::Only(names) } else { Actions::AllBut(names) })
        }
        None => None,
    };
    let resources = if kind == DocumentKind::Trust {
        statement.refuse("Resource", "a trust policy is about its own role");
        statement.refuse("NotResource", "a trust policy is about its own role");
        Some(Resources::Itself)
    } else {
        one_of_two(statement, "Resource", "NotResource").map(|(arns, only)| {
            for arn in arns.iter().filter(|arn| *arn != "*" && arn.splitn(6, ':').count() != 6) {
                let key = if only { "Resource" } else { "NotResource" };
                statement.wrong(key, format!("`{arn}` is neither an ARN nor `*`"));
            }
            if only { Resources::Only(arns) } else { Resources::AllBut(arns) }
        })
    };
    let conditions = conditions(statement);
    Some(Statement { id, effect: effect?, principal: principal?, actions: actions?, resources: resources?, conditions })
}

/// The values of the one of two keys that is there, and whether it is the first.
fn one_of_two(
    statement: &mut Properties<'_, '_, '_>,
    key: &'static str,
    negated: &'static str,
) -> Option<(Vec<String>, bool)> {
    match (statement.node(key), statement.node(negated)) {
        (Some(node), None) => Some((texts(statement, key, node)?, true)),
        (None, Some(node)) => Some((texts(statement, negated, node)?, false)),
        (Some(_), Some(_)) => {
            statement.wrong(negated, format!("must not stand beside `{key}`"));
            None
        }
        (None, None) => {
            statement.required_node(key);
            None
        }
    }
}

/// One text or a list of texts.
fn texts(properties: &mut Properties<'_, '_, '_>, key: &'static str, node: &Node) -> Option<Vec<String>> {
    if let Some(text) = node.as_scalar() {
        return Some(vec![text.to_owned()]);
    }
    let texts = properties.text_list(key)?;
    if texts.is_empty() {
        properties.wrong(key, "must not be an empty list");
        return None;
    }
    Some(texts)
}

/// The principal, checked against where the document belongs: `Some(None)` where there is none.
fn principal(statement: &mut Properties<'_, '_, '_>, kind: DocumentKind) -> Option<Option<Principal>> {
    if kind == DocumentKind::Identity {
        statement.refuse("Principal", "the policy of a role is about the role");
        statement.refuse("NotPrincipal", "the policy of a role is about the role");
        return Some(None);
    }
    let (key, node) = match (statement.node("Principal"), statement.node("NotPrincipal")) {
        (Some(node), None) => ("Principal", node),
        (None, Some(node)) => ("NotPrincipal", node),
        (Some(_), Some(_)) => {
            statement.wrong("NotPrincipal", "must not stand beside `Principal`");
            return None;
        }
        (None, None) => {
            statement.required_node("Principal");
            return None;
        }
    };
    if node.as_scalar() == Some("*") && key == "Principal" {
        return Some(Some(Principal::Anyone));
    }
    const TYPES: [&str; 4] = ["Service", "AWS", "Federated", "CanonicalUser"];
    let named = statement.object(key, |principals| {
        let mut named = Vec::new();
        for kind in TYPES {
            if let Some(node) = principals.node(kind) {
                let names = texts(principals, kind, node)?;
                named.extend(names.into_iter().map(|name| (kind.to_owned(), name)));
            }
        }
        Some(named)
    })?;
    if named.is_empty() {
        statement.wrong(key, "must name somebody, as in `Service: pipes.amazonaws.com`");
        return None;
    }
    Some(Some(if key == "Principal" { Principal::Only(named) } else { Principal::AllBut(named) }))
}

fn conditions(statement: &mut Properties<'_, '_, '_>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    let Some(node) = statement.node("Condition") else { return conditions };
    let Some(operators) = node.as_map() else {
        statement.wrong("Condition", format!("must be a map, not {}", node.what()));
        return conditions;
    };
    for operator in operators {
        let Some(keys) = operator.value.as_map() else {
            statement.wrong("Condition", format!("`{}` must hold a map of keys and values", operator.key));
            continue;
        };
        if !super::condition::is_operator(&operator.key) {
            statement.wrong("Condition", format!("`{}` is not a condition operator", operator.key));
        }
        for key in keys {
            let values: Option<Vec<String>> = match (key.value.as_scalar(), key.value.as_list()) {
                (Some(value), _) => Some(vec![value.to_owned()]),
                (_, Some(items)) => items.iter().map(|item| item.as_scalar().map(str::to_owned)).collect(),
                _ => None,
            };
            match values {
                Some(values) => {
                    conditions.push(Condition { operator: operator.key.clone(), key: key.key.clone(), values });
                }
                None => statement.wrong("Condition", format!("`{}` must be a value or a list of values", key.key)),
            }
        }
    }
    conditions
}
