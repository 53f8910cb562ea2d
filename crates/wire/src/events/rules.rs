//! Decides how requests about rules are read.

use super::Call;
use super::request::{NAME, Request, kept};
use super::trial::PATTERN_LENGTH_MAX;
use crate::error::{Code, WireError};
use crate::members::Rules;
use delivery::bus::{DESCRIPTION_MAX, RuleSpec, RuleState};

/// The longest text of a schedule.
const SCHEDULE_LENGTH_MAX: usize = 256;

/// The states of a rule in AWS's spelling, in its order.
const STATES: [(&str, RuleState); 3] = [
    ("ENABLED", RuleState::Enabled),
    ("DISABLED", RuleState::Disabled),
    ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", RuleState::EnabledWithAllManagementEvents),
];

/// What AWS calls a state.
pub(super) fn state_name(state: RuleState) -> &'static str {
    STATES.iter().find(|(_, known)| *known == state).map_or("ENABLED", |(name, _)| name)
}

pub(super) fn put(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let name = request.name(&mut rules, "Name", &NAME)?;
    let schedule = request.short(&mut rules, "ScheduleExpression", SCHEDULE_LENGTH_MAX)?;
    let pattern = request.short(&mut rules, "EventPattern", PATTERN_LENGTH_MAX)?;
    let state = request.one_of(&mut rules, "State", &STATES.map(|(name, _)| name))?;
    let description = request.short(&mut rules, "Description", DESCRIPTION_MAX)?;
    let role = request.long_name(&mut rules, "RoleArn")?;
    let tags = request.tags(&mut rules)?.unwrap_or_default();
    let bus = request.bus(&mut rules, "EventBusName")?;
    rules.check(Code::Validation)?;
    let state = state.and_then(|state| STATES.iter().find(|(name, _)| *name == state));
    let state = state.map_or(RuleState::default(), |(_, state)| *state);
    let rule = Box::new(RuleSpec { name: kept(name), pattern, schedule, state, description });
    Ok(Call::PutRule { bus: kept(bus), rule, role, tags })
}

pub(super) fn describe(request: &Request<'_>) -> Result<Call, WireError> {
    let (bus, rule) = request.rule("Name")?;
    Ok(Call::DescribeRule { bus, rule })
}

pub(super) fn enable(request: &Request<'_>) -> Result<Call, WireError> {
    let (bus, rule) = request.rule("Name")?;
    Ok(Call::EnableRule { bus, rule })
}

pub(super) fn disable(request: &Request<'_>) -> Result<Call, WireError> {
    let (bus, rule) = request.rule("Name")?;
    Ok(Call::DisableRule { bus, rule })
}

pub(super) fn delete(request: &Request<'_>) -> Result<Call, WireError> {
    // It matters for rules that AWS's own services made, and those are not here.
    request.truth("Force")?;
    let (bus, rule) = request.rule("Name")?;
    Ok(Call::DeleteRule { bus, rule })
}

pub(super) fn list(request: &Request<'_>) -> Result<Call, WireError> {
    let mut rules = Rules::default();
    let (page, bus) = (request.page(&mut rules, &NAME)?, request.bus(&mut rules, "EventBusName")?);
    rules.check(Code::Validation)?;
    Ok(Call::ListRules { bus: kept(bus), page })
}
