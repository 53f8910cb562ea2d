//! Decides how requests about who may do what with a bus are read.

use super::Call;
use super::request::{Request, STATEMENT_ID, kept};
use crate::error::{Code, WireError};
use crate::members::Rules;
use delivery::bus::policy::{Permission, Policy};

/// What is to be allowed on a bus.
#[derive(Debug, Clone, PartialEq)]
pub enum Grant {
    /// One statement more, or another one of the same id.
    Statement(Permission),
    /// These statements, and no others.
    Policy(Policy),
}

const ALONE: [&str; 3] = ["Action", "Principal", "StatementId"];

pub(super) fn put(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let bus = request.bus(&mut rules, "EventBusName")?;
    let id = request.formed(&mut rules, "StatementId", &STATEMENT_ID)?;
    let action = request.short(&mut rules, "Action", 64)?;
    let principal = request.short(&mut rules, "Principal", 12)?;
    if let Some(given) = &principal
        && given != "*"
        && !(given.len() == 12 && given.bytes().all(|byte| byte.is_ascii_digit()))
    {
        let rule = r"Member must satisfy regular expression pattern: (\d{12}|\*)";
        rules.broken(Some(given), "principal", rule);
    }
    let condition = request.object("Condition")?;
    let organization = match &condition {
        None => None,
        Some(condition) => {
            condition.one_of(&mut rules, "Type", &["StringEquals"])?;
            condition.one_of(&mut rules, "Key", &["aws:PrincipalOrgID"])?;
            for member in ["Type", "Key", "Value"].into_iter().filter(|member| !condition.has(member)) {
                rules.missing(&condition.path(member));
            }
            condition.owned("Value")?
        }
    };
    let policy = request.owned("Policy")?;
    rules.check(Code::Validation)?;
    let invalid = |message: &str| WireError::new(Code::Validation, message);
    let grant = match (policy, id, action, principal) {
        (Some(text), None, None, None) if condition.is_none() => {
            Grant::Policy(Policy::parse(&text).map_err(|refused| super::refused::policy(&refused))?)
        }
        (None, Some(id), Some(action), Some(principal)) => {
            if action != "events:PutEvents" {
                return Err(invalid("Provided value in parameter 'action' is not supported."));
            }
            Grant::Statement(Permission { id, action, principal, organization })
        }
        (Some(_), ..) => return Err(invalid("Only one of Policy or StatementId, Action, Principal may be specified.")),
        (None, ..) => {
            let missing: Vec<&str> = ALONE.into_iter().filter(|member| !request.has(member)).collect();
            return Err(invalid(&format!("Parameter(s) {} must be specified.", missing.join(", "))));
        }
    };
    Ok(Call::PutPermission { bus: kept(bus), grant: Box::new(grant) })
}

pub(super) fn remove(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let bus = request.bus(&mut rules, "EventBusName")?;
    let id = request.formed(&mut rules, "StatementId", &STATEMENT_ID)?;
    let all = request.truth("RemoveAllPermissions")?.unwrap_or(false);
    rules.check(Code::Validation)?;
    if id.is_none() && !all {
        return Err(WireError::new(Code::Validation, "Parameter(s) StatementId must be specified."));
    }
    Ok(Call::RemovePermission { bus: kept(bus), statement: id.filter(|_| !all) })
}
