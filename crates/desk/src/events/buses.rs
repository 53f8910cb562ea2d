//! Decides what calls on buses themselves do, and on what is written on buses and rules.

use super::Desk;
use delivery::bus::policy::Policy;
use engine::BusInfo;
use types::{Arn, BusName};
use wire::Response;
use wire::events::{Answer, BusDescription, Grant, Page, Refused, Tags};

fn described(bus: &BusInfo) -> BusDescription<'_> {
    BusDescription {
        name: &bus.name,
        description: bus.description.as_deref(),
        policy: bus.policy.as_ref(),
        created_at: bus.created_at,
        changed_at: bus.changed_at,
    }
}

pub(super) async fn create(
    desk: Desk<'_>,
    bus: BusName,
    description: Option<String>,
    tags: Tags,
) -> Result<Response, Response> {
    let made = desk.backend.engine.create_bus(bus, description, tags).await;
    let made = made.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::BusCreated(&described(&made))))
}

pub(super) async fn update(desk: Desk<'_>, bus: &BusName, description: Option<String>) -> Result<Response, Response> {
    let changed = desk.backend.engine.describe_bus_as(bus, description).await;
    let changed = changed.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::BusUpdated(&described(&changed))))
}

pub(super) async fn delete(desk: Desk<'_>, bus: &BusName) -> Result<Response, Response> {
    desk.backend.engine.delete_bus(bus).await.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::Done))
}

pub(super) fn describe(desk: Desk<'_>, bus: &BusName) -> Result<Response, Response> {
    let found = desk.backend.engine.bus(bus).map_err(|missing| desk.not_found(&missing, None))?;
    Ok(desk.say(Answer::Bus(&described(&found))))
}

pub(super) async fn put_permission(desk: Desk<'_>, bus: &BusName, grant: Grant) -> Result<Response, Response> {
    let changed = desk.backend.engine.change_bus_policy(bus, move |policy, arn| match grant {
        Grant::Policy(policy) => Ok(Some(policy)),
        Grant::Statement(permission) => Policy::with(policy, &permission, &arn.to_string()).map(Some),
    });
    changed.await.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::Done))
}

pub(super) async fn remove_permission(
    desk: Desk<'_>,
    bus: &BusName,
    statement: Option<String>,
) -> Result<Response, Response> {
    let changed = desk.backend.engine.change_bus_policy(bus, move |policy, _| match &statement {
        Some(id) => Policy::without(policy, id),
        None => Ok(None),
    });
    changed.await.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::Done))
}

pub(super) fn list(desk: Desk<'_>, page: &Page) -> Response {
    let (buses, more) = page.of(desk.backend.engine.buses(), |bus| bus.name.as_str());
    let buses: Vec<BusDescription<'_>> = buses.iter().map(described).collect();
    desk.say(Answer::Buses { buses: &buses, more })
}

pub(super) async fn tag(desk: Desk<'_>, of: &Arn, set: Tags, remove: &[String]) -> Result<Response, Response> {
    match desk.backend.engine.change_bus_tags(of, set, remove).await {
        Ok(()) => Ok(desk.say(Answer::Changed)),
        Err(engine::BusError::NotFound(_)) => Err(desk.refuse(Refused::NoResource(of))),
        Err(error) => Err(desk.not_done(&error, None)),
    }
}

pub(super) fn tags(desk: Desk<'_>, of: &Arn) -> Result<Response, Response> {
    let tags = desk.backend.engine.bus_tags(of).map_err(|_| desk.refuse(Refused::NoResource(of)))?;
    Ok(desk.say(Answer::Tags(&tags)))
}
