//! Decides what calls on rules and their targets do.

use super::Desk;
use delivery::bus::{RuleSpec, RuleState, TargetSpec};
use engine::RuleInfo;
use types::{BusName, RuleName, TargetId};
use wire::Response;
use wire::events::{Answer, Page, RuleDescription, Tags};

fn described(rule: &RuleInfo) -> RuleDescription<'_> {
    RuleDescription { bus: &rule.bus, spec: &rule.spec, role: rule.role.as_deref() }
}

pub(super) async fn put(
    desk: Desk<'_>,
    bus: &BusName,
    spec: RuleSpec,
    role: Option<String>,
    tags: Tags,
) -> Result<Response, Response> {
    let name = spec.name.clone();
    let put = desk.backend.engine.put_rule(bus, spec, role, tags).await;
    put.map_err(|error| desk.not_done(&error, Some(bus)))?;
    Ok(desk.say(Answer::RulePut { bus, rule: &name }))
}

fn find(desk: Desk<'_>, bus: &BusName, rule: &RuleName) -> Result<RuleInfo, Response> {
    desk.backend.engine.rule(bus, rule).map_err(|missing| desk.not_found(&missing, Some(bus)))
}

fn all(desk: Desk<'_>, bus: &BusName) -> Result<Vec<RuleInfo>, Response> {
    desk.backend.engine.rules(bus).map_err(|missing| desk.not_found(&missing, Some(bus)))
}

pub(super) fn describe(desk: Desk<'_>, bus: &BusName, rule: &RuleName) -> Result<Response, Response> {
    Ok(desk.say(Answer::Rule(&described(&find(desk, bus, rule)?))))
}

pub(super) fn list(desk: Desk<'_>, bus: &BusName, page: &Page) -> Result<Response, Response> {
    let (rules, more) = page.of(all(desk, bus)?, |rule| rule.spec.name.as_str());
    let rules: Vec<RuleDescription<'_>> = rules.iter().map(described).collect();
    Ok(desk.say(Answer::Rules { rules: &rules, more }))
}

pub(super) async fn switch(desk: Desk<'_>, bus: &BusName, rule: &RuleName, on: bool) -> Result<Response, Response> {
    let state = if on { RuleState::Enabled } else { RuleState::Disabled };
    let switched = desk.backend.engine.set_rule_state(bus, rule, state).await;
    switched.map_err(|error| desk.not_done(&error, Some(bus)))?;
    Ok(desk.say(Answer::Done))
}

pub(super) async fn delete(desk: Desk<'_>, bus: &BusName, rule: &RuleName) -> Result<Response, Response> {
    let deleted = desk.backend.engine.delete_rule(bus, rule).await;
    deleted.map_err(|error| desk.not_done(&error, Some(bus)))?;
    Ok(desk.say(Answer::Done))
}

pub(super) async fn put_targets(
    desk: Desk<'_>,
    bus: &BusName,
    rule: &RuleName,
    targets: Vec<TargetSpec>,
) -> Result<Response, Response> {
    let put = desk.backend.engine.put_targets(bus, rule, targets).await;
    put.map_err(|error| desk.not_done(&error, Some(bus)))?;
    Ok(desk.say(Answer::TargetsPut))
}

pub(super) async fn remove_targets(
    desk: Desk<'_>,
    bus: &BusName,
    rule: &RuleName,
    ids: &[TargetId],
) -> Result<Response, Response> {
    let removed = desk.backend.engine.remove_targets(bus, rule, ids).await;
    let unknown = removed.map_err(|error| desk.not_done(&error, Some(bus)))?;
    Ok(desk.say(Answer::TargetsRemoved { rule, unknown: &unknown }))
}

pub(super) fn list_targets(desk: Desk<'_>, bus: &BusName, rule: &RuleName, page: &Page) -> Result<Response, Response> {
    let (targets, more) = page.of(find(desk, bus, rule)?.targets, |target| target.id.as_str());
    Ok(desk.say(Answer::Targets { targets: &targets, more }))
}

pub(super) fn list_names(desk: Desk<'_>, bus: &BusName, target: &str, page: &Page) -> Result<Response, Response> {
    let with = all(desk, bus)?.into_iter().filter(|rule| rule.targets.iter().any(|one| one.arn == target));
    let (names, more) = page.of(with.map(|rule| rule.spec.name).collect(), RuleName::as_str);
    Ok(desk.say(Answer::RuleNames { names: &names, more }))
}
