//! Decides whether the functions and queues that rules bring events to let them.
//!
//! A rule delivers without a role: the function says by `AWS::Lambda::Permission`, and the queue by its
//! `AWS::SQS::QueuePolicy`, that EventBridge may, and on behalf of which rule.

use super::decide::{Decision, Request, decide};
use super::wildcard::arn_matches;
use crate::environment::Environment;
use crate::findings::{Findings, Path, Sort};
use crate::stack::{EventRule, Function, LogicalId, Queue, Resource, Stack};
use types::{Qualifier, SortedMap};

/// Who delivers.
const SERVICE: &str = "events.amazonaws.com";

/// Adds every function and queue that does not let a rule bring events to it.
pub(super) fn check(stack: &Stack, environment: &Environment, findings: &mut Findings) {
    for rule in &stack.rules {
        for target in &rule.spec.targets {
            let meant = |function: &&Resource<Function>| target.arn.starts_with(&function.spec.arn);
            let functions = stack.functions.iter().filter(meant);
            for function in functions {
                // A version or alias stands behind the function's ARN, and is asked for itself.
                let qualifier = match &target.arn[function.spec.arn.len()..] {
                    "" => None,
                    behind => match behind.strip_prefix(':').map(str::parse::<Qualifier>) {
                        Some(Ok(qualifier)) => Some(qualifier),
                        Some(Err(_)) | None => continue,
                    },
                };
                check_function(stack, rule, &function.logical_id, qualifier.as_ref(), environment, findings);
            }
            let queues = [Some(&target.arn), target.dead_letters.as_ref()];
            for arn in queues.into_iter().flatten() {
                if let Some(queue) = stack.queues.iter().find(|queue| queue.spec.arn == *arn) {
                    check_queue(stack, rule, queue, environment, findings);
                }
            }
        }
    }
}

fn check_function(
    stack: &Stack,
    rule: &Resource<EventRule>,
    function: &LogicalId,
    qualifier: Option<&Qualifier>,
    environment: &Environment,
    findings: &mut Findings,
) {
    let lets = stack.permissions.iter().map(|permission| &permission.spec).any(|permission| {
        permission.function.logical_id == *function
            && permission.function.qualifier.as_ref() == qualifier
            && [SERVICE, "*"].contains(&permission.principal.as_str())
            && permission.source_account.as_ref().is_none_or(|account| *account == environment.account)
            && permission.source_arn.as_ref().is_none_or(|pattern| arn_matches(pattern, &rule.spec.arn))
    });
    if lets {
        return;
    }
    let behind = qualifier.map_or(String::new(), |qualifier| format!(":{qualifier}"));
    let message = format!("the function `{function}{behind}` does not let this rule bring events to it");
    let named = match qualifier {
        None => format!("{{\"Ref\": \"{function}\"}}"),
        Some(_) => format!("{{\"Fn::Sub\": \"${{{function}}}{behind}\"}}"),
    };
    let hint = format!(
        "add an AWS::Lambda::Permission {{\"FunctionName\": {named}, \"Action\": \
         \"lambda:InvokeFunction\", \"Principal\": \"{SERVICE}\", \"SourceArn\": {{\"Fn::GetAtt\": [\"{}\", \"Arn\"]}}}}",
        rule.logical_id
    );
    add(rule, message, hint, findings);
}

fn check_queue(
    stack: &Stack,
    rule: &Resource<EventRule>,
    queue: &Resource<Queue>,
    environment: &Environment,
    findings: &mut Findings,
) {
    let context = [
        ("aws:sourcearn", rule.spec.arn.as_str()),
        ("aws:sourceaccount", &environment.account),
        ("aws:resourceaccount", &environment.account),
        ("aws:securetransport", "true"),
    ];
    let request = Request {
        principal: ("Service".to_owned(), SERVICE.to_owned()),
        action: "sqs:SendMessage".to_owned(),
        resource: queue.spec.arn.clone(),
        context: context
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect::<SortedMap<_, _>>(),
    };
    let of_queue = stack
        .queue_policies
        .iter()
        .filter(|policy| policy.spec.queues.iter().any(|named| named.logical_id == queue.logical_id));
    let statements = of_queue.flat_map(|policy| &policy.spec.statements);
    let (decision, doubts) = decide(statements, &request);
    // What could not be told to match is not taken for a fault.
    if decision == Decision::Allowed || !doubts.is_empty() {
        return;
    }
    let message = format!("the queue `{}` does not let this rule send to it", queue.logical_id);
    let hint = format!(
        "add to an AWS::SQS::QueuePolicy of it {{\"Effect\": \"Allow\", \"Principal\": {{\"Service\": \"{SERVICE}\"}}, \
         \"Action\": \"sqs:SendMessage\", \"Resource\": \"{}\"}}",
        queue.spec.arn
    );
    add(rule, message, hint, findings);
}

fn add(rule: &Resource<EventRule>, message: String, hint: String, findings: &mut Findings) {
    let section = Path::TOP.key("Resources");
    let path = section.key(rule.logical_id.as_str());
    findings.add_sorted(Sort::NotAllowed, rule.at, &path, message, Some(hint));
}
