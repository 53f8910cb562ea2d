//! Decides whether the functions that an API calls let it.
//!
//! An API calls without a role: the function itself says who may, by `AWS::Lambda::Permission`, and on whose behalf by
//! an ARN of the route with wildcards.

use super::wildcard::arn_matches;
use crate::apis::{Calls, Route};
use crate::environment::Environment;
use crate::findings::{Findings, Path, Sort};
use crate::stack::{FunctionReference, Permission, Stack};

/// Who calls.
const SERVICE: &str = "apigateway.amazonaws.com";

/// Adds every function that does not let the API call it, once, with the first route that would fail.
pub(super) fn check(calls: &Calls, stack: &Stack, environment: &Environment, findings: &mut Findings) {
    let mut said = Vec::new();
    for route in &calls.routes {
        let FunctionReference { logical_id: function, qualifier, .. } = &route.function;
        let behind = qualifier.as_ref().map_or(String::new(), |qualifier| format!(":{qualifier}"));
        let permissions = || {
            let permissions = stack.permissions.iter().map(|permission| &permission.spec);
            permissions.filter(|permission| {
                permission.function.logical_id == *function && permission.function.qualifier == *qualifier
            })
        };
        if said.contains(&&route.function)
            || permissions().any(|permission| lets(permission, calls, route, environment))
        {
            continue;
        }
        said.push(&route.function);
        let named = if route.verb == "*" { "ANY" } else { &route.verb };
        let message = match permissions().any(|permission| permission.principal == SERVICE) {
            true => format!(
                "the function `{function}{behind}` does not let this API call it for {named} {}: its SourceArn or account is \
                 another",
                route.path
            ),
            false => {
                format!("the function `{function}{behind}` does not let this API call it for {named} {}", route.path)
            }
        };
        let meant = match qualifier {
            None => format!("{{\"Ref\": \"{function}\"}}"),
            Some(_) => format!("{{\"Fn::Sub\": \"${{{function}}}{behind}\"}}"),
        };
        let hint = format!(
            "add an AWS::Lambda::Permission {{\"FunctionName\": {meant}, \"Action\": \
             \"lambda:InvokeFunction\", \"Principal\": \"{SERVICE}\", \"SourceArn\": {{\"Fn::Sub\": \
             \"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{}}}/*/*\"}}}}",
            calls.logical_id
        );
        let section = Path::TOP.key("Resources");
        let path = section.key(calls.logical_id.as_str());
        findings.add_sorted(Sort::NotAllowed, route.at, &path, message, Some(hint));
    }
}

fn lets(permission: &Permission, calls: &Calls, route: &Route, environment: &Environment) -> bool {
    let Permission { function: _, action: _, principal, source_arn, source_account } = permission;
    let by_account = source_account.as_ref().is_none_or(|account| *account == environment.account);
    let by_arn = source_arn.as_ref().is_none_or(|pattern| {
        // AWS names a path by its parameters, and its console by a `*` for each; both are written.
        [route.path.clone(), without_names(&route.path)].iter().any(|path| {
            let resource = format_args!("{}/{}/{}{path}", calls.id, calls.stage, route.verb).to_string();
            arn_matches(pattern, &environment.arn("execute-api", resource))
        })
    });
    [SERVICE, "*"].contains(&principal.as_str()) && by_account && by_arn
}

/// `/orders/{orderId}` as `/orders/*`.
fn without_names(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
