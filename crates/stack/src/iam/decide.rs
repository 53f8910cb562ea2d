//! Decides whether a list of statements allows a request: nothing is allowed unless a statement
//! says so, and what any statement denies stays denied.

use super::condition::{Outcome, outcome};
use super::document::{Actions, Effect, Principal, Resources, Statement};
use super::wildcard::{action_matches, arn_matches};
use types::SortedMap;

/// What somebody wants to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who, as `("Service", "pipes.amazonaws.com")` or `("AWS", "<role arn>")`.
    pub principal: (String, String),
    /// Such as `sqs:SendMessage`.
    pub action: String,
    /// The ARN that it is done to.
    pub resource: String,
    /// The condition keys that are known for it, in lower case.
    pub context: SortedMap<String, String>,
}

/// What the statements say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    Denied {
        /// The statement's own name.
        statement: Option<String>,
    },
    /// No statement allows it.
    NotAllowed,
}

/// Decides a request, and says which statements could not be told to match or not.
pub fn decide<'s>(statements: impl IntoIterator<Item = &'s Statement>, request: &Request) -> (Decision, Vec<String>) {
    let mut decision = Decision::NotAllowed;
    let mut doubts = Vec::new();
    for statement in statements {
        let speaks = principal_matches(statement.principal.as_ref(), request)
            && action_is_meant(&statement.actions, &request.action)
            && resource_is_meant(&statement.resources, &request.resource, &mut doubts);
        if !speaks {
            continue;
        }
        let outcomes: Vec<Outcome> =
            statement.conditions.iter().map(|condition| outcome(condition, &request.context)).collect();
        // A condition that fails for certain settles it, whatever is not known beside it.
        if outcomes.contains(&Outcome::Fails) {
            continue;
        }
        let unknown: Vec<String> = outcomes
            .into_iter()
            .filter_map(|outcome| match outcome {
                Outcome::Unknown(reason) => Some(reason),
                Outcome::Holds | Outcome::Fails => None,
            })
            .collect();
        if !unknown.is_empty() {
            doubts.extend(unknown);
            continue;
        }
        match statement.effect {
            Effect::Deny => return (Decision::Denied { statement: statement.id.clone() }, doubts),
            Effect::Allow => decision = Decision::Allowed,
        }
    }
    (decision, doubts)
}

fn principal_matches(principal: Option<&Principal>, request: &Request) -> bool {
    let (kind, name) = &request.principal;
    let is_meant = |(meant_kind, meant): &(String, String)| {
        meant_kind == kind && (meant == name || (kind == "AWS" && (meant == "*" || is_account_of(meant, name))))
    };
    match principal {
        None | Some(Principal::Anyone) => true,
        Some(Principal::Only(named)) => named.iter().any(is_meant),
        Some(Principal::AllBut(named)) => !named.iter().any(is_meant),
    }
}

/// Whether a principal is the whole account that a role belongs to.
fn is_account_of(principal: &str, role_arn: &str) -> bool {
    let Some(account) = role_arn.split(':').nth(4).filter(|account| !account.is_empty()) else { return false };
    principal == account || principal.split(':').nth(4) == Some(account) && principal.ends_with(":root")
}

fn action_is_meant(actions: &Actions, action: &str) -> bool {
    match actions {
        Actions::Only(patterns) => patterns.iter().any(|pattern| action_matches(pattern, action)),
        Actions::AllBut(patterns) => !patterns.iter().any(|pattern| action_matches(pattern, action)),
    }
}

fn resource_is_meant(resources: &Resources, resource: &str, doubts: &mut Vec<String>) -> bool {
    let mut any = |patterns: &[String]| {
        patterns.iter().any(|pattern| {
            if pattern.contains("${") {
                doubts.push(format!("the policy variable in `{pattern}` is not known here"));
                return false;
            }
            arn_matches(pattern, resource)
        })
    };
    match resources {
        Resources::Itself => true,
        Resources::Only(patterns) => any(patterns),
        Resources::AllBut(patterns) => !any(patterns),
    }
}
