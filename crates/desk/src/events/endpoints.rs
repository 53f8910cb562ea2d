//! Decides what calls on connections and API destinations do.

use super::Desk;
use delivery::bus::endpoint::{ConnectionSpec, DestinationSpec};
use engine::{BusError, ConnectionInfo, DestinationInfo};
use types::{ConnectionName, DestinationName};
use wire::Response;
use wire::events::{
    Answer, ConnectionChange, ConnectionDescription, DestinationChange, DestinationDescription, Page, Refused,
};

fn connection(info: &ConnectionInfo) -> ConnectionDescription<'_> {
    let ConnectionInfo { arn, entry } = info;
    let (created_at, changed_at) = (entry.created_at, entry.changed_at);
    ConnectionDescription { arn, spec: &entry.spec, created_at, changed_at }
}

fn destination(info: &DestinationInfo) -> DestinationDescription<'_> {
    let DestinationInfo { arn, entry, active } = info;
    let (created_at, changed_at) = (entry.created_at, entry.changed_at);
    DestinationDescription { arn, spec: &entry.spec, active: *active, created_at, changed_at }
}

/// Why it was not done, where what is missing is one of these.
fn not_done(desk: Desk<'_>, error: &BusError) -> Response {
    match error {
        BusError::NotFound(missing) if missing.kind == "connection" => {
            desk.refuse(Refused::NoConnection(&missing.name))
        }
        BusError::NotFound(missing) => desk.refuse(Refused::NoDestination(&missing.name)),
        BusError::Exists { kind: "connection", name } => desk.refuse(Refused::ConnectionExists(name)),
        BusError::Exists { name, .. } => desk.refuse(Refused::DestinationExists(name)),
        _ => desk.not_done(error, None),
    }
}

pub(super) async fn create_connection(desk: Desk<'_>, spec: ConnectionSpec) -> Result<Response, Response> {
    let made = desk.backend.engine.create_connection(spec).await.map_err(|error| not_done(desk, &error))?;
    Ok(desk.say(Answer::ConnectionPut { connection: &connection(&made), removed: false, made: true }))
}

pub(super) async fn update_connection(
    desk: Desk<'_>,
    name: &ConnectionName,
    change: ConnectionChange,
) -> Result<Response, Response> {
    let changed = desk.backend.engine.update_connection(name, move |spec| Ok(change.apply(spec)?)).await;
    let changed = changed.map_err(|error| not_done(desk, &error))?;
    Ok(desk.say(Answer::ConnectionPut { connection: &connection(&changed), removed: false, made: false }))
}

pub(super) async fn delete_connection(desk: Desk<'_>, name: &ConnectionName) -> Result<Response, Response> {
    let gone = desk.backend.engine.delete_connection(name).await.map_err(|error| not_done(desk, &error))?;
    Ok(desk.say(Answer::ConnectionPut { connection: &connection(&gone), removed: true, made: false }))
}

pub(super) fn describe_connection(desk: Desk<'_>, name: &ConnectionName) -> Result<Response, Response> {
    let found = desk.backend.engine.connection(name).map_err(|missing| not_done(desk, &missing.into()))?;
    Ok(desk.say(Answer::Connection(&connection(&found))))
}

pub(super) fn list_connections(desk: Desk<'_>, any: bool, page: &Page) -> Response {
    let all = if any { desk.backend.engine.connections() } else { Vec::new() };
    let (connections, more) = page.of(all, |one| one.entry.spec.name.as_str());
    let connections: Vec<_> = connections.iter().map(connection).collect();
    desk.say(Answer::Connections { connections: &connections, more })
}

pub(super) async fn create_destination(desk: Desk<'_>, spec: DestinationSpec) -> Result<Response, Response> {
    let made = desk.backend.engine.create_destination(spec).await.map_err(|error| not_done(desk, &error))?;
    Ok(desk.say(Answer::DestinationPut(&destination(&made))))
}

pub(super) async fn update_destination(
    desk: Desk<'_>,
    name: &DestinationName,
    change: DestinationChange,
) -> Result<Response, Response> {
    let changed = desk.backend.engine.update_destination(name, move |spec| change.apply(spec)).await;
    let changed = changed.map_err(|error| not_done(desk, &error))?;
    Ok(desk.say(Answer::DestinationPut(&destination(&changed))))
}

pub(super) async fn delete_destination(desk: Desk<'_>, name: &DestinationName) -> Result<Response, Response> {
    desk.backend.engine.delete_destination(name).await.map_err(|error| not_done(desk, &error))?;
    Ok(desk.say(Answer::Changed))
}

pub(super) fn describe_destination(desk: Desk<'_>, name: &DestinationName) -> Result<Response, Response> {
    let found = desk.backend.engine.destination(name).map_err(|missing| not_done(desk, &missing.into()))?;
    Ok(desk.say(Answer::Destination(&destination(&found))))
}

pub(super) fn list_destinations(desk: Desk<'_>, of: Option<&str>, page: &Page) -> Response {
    let mut all = desk.backend.engine.destinations();
    all.retain(|one| of.is_none_or(|arn| one.entry.spec.connection == arn));
    let (destinations, more) = page.of(all, |one| one.entry.spec.name.as_str());
    let destinations: Vec<_> = destinations.iter().map(destination).collect();
    desk.say(Answer::Destinations { destinations: &destinations, more })
}
