//! Decides what calls on event buses do. Start at [`answer`].

mod archives;
mod buses;
mod endpoints;
mod replays;
mod rules;
mod trial;

use super::{internal, not_written};
use crate::Backend;
use engine::{BusError, Engine};
use std::sync::Arc;
use types::BusName;
use wire::events::{Answer, Call, Put, Refused};
use wire::{Refusal, Reply, Response};

pub(super) async fn answer(backend: &Backend, reply: &Reply<'_>, call: Call) -> Response {
    let desk = Desk { backend, reply };
    let answered = match call {
        Call::TestEventPattern { pattern, event } => trial::test_pattern(reply, pattern, event).await,
        Call::PutEvents { entries } => put_events(desk, entries).await,
        Call::CreateEventBus { bus, description, tags } => buses::create(desk, bus, description, tags).await,
        Call::UpdateEventBus { bus, description } => buses::update(desk, &bus, description).await,
        Call::DeleteEventBus { bus } => buses::delete(desk, &bus).await,
        Call::DescribeEventBus { bus } => buses::describe(desk, &bus),
        Call::ListEventBuses { page } => Ok(buses::list(desk, &page)),
        Call::PutPermission { bus, grant } => buses::put_permission(desk, &bus, *grant).await,
        Call::RemovePermission { bus, statement } => buses::remove_permission(desk, &bus, statement).await,
        Call::PutRule { bus, rule, role, tags } => rules::put(desk, &bus, *rule, role, tags).await,
        Call::DescribeRule { bus, rule } => rules::describe(desk, &bus, &rule),
        Call::ListRules { bus, page } => rules::list(desk, &bus, &page),
        Call::EnableRule { bus, rule } => rules::switch(desk, &bus, &rule, true).await,
        Call::DisableRule { bus, rule } => rules::switch(desk, &bus, &rule, false).await,
        Call::DeleteRule { bus, rule } => rules::delete(desk, &bus, &rule).await,
        Call::PutTargets { bus, rule, targets } => rules::put_targets(desk, &bus, &rule, targets).await,
        Call::RemoveTargets { bus, rule, ids } => rules::remove_targets(desk, &bus, &rule, &ids).await,
        Call::ListTargetsByRule { bus, rule, page } => rules::list_targets(desk, &bus, &rule, &page),
        Call::ListRuleNamesByTarget { bus, target, page } => rules::list_names(desk, &bus, &target, &page),
        Call::CreateArchive { archive } => archives::create(desk, *archive).await,
        Call::UpdateArchive { archive, change } => archives::update(desk, &archive, change).await,
        Call::DeleteArchive { archive } => archives::delete(desk, &archive).await,
        Call::DescribeArchive { archive } => archives::describe(desk, archive).await,
        Call::ListArchives { filter, page } => archives::list(desk, &filter, &page).await,
        Call::StartReplay { archive, replay, description } => {
            replays::start(desk, &archive, *replay, description).await
        }
        Call::CancelReplay { replay } => replays::cancel(desk, &replay).await,
        Call::DescribeReplay { replay } => replays::describe(desk, replay).await,
        Call::ListReplays { filter, page } => replays::list(desk, &filter, &page).await,
        Call::CreateConnection { connection } => endpoints::create_connection(desk, *connection).await,
        Call::UpdateConnection { connection, change } => endpoints::update_connection(desk, &connection, *change).await,
        Call::DeleteConnection { connection } => endpoints::delete_connection(desk, &connection).await,
        Call::DescribeConnection { connection } => endpoints::describe_connection(desk, &connection),
        Call::ListConnections { any, page } => Ok(endpoints::list_connections(desk, any, &page)),
        Call::CreateApiDestination { destination } => endpoints::create_destination(desk, *destination).await,
        Call::UpdateApiDestination { destination, change } => {
            endpoints::update_destination(desk, &destination, *change).await
        }
        Call::DeleteApiDestination { destination } => endpoints::delete_destination(desk, &destination).await,
        Call::DescribeApiDestination { destination } => endpoints::describe_destination(desk, &destination),
        Call::ListApiDestinations { connection, page } => {
            Ok(endpoints::list_destinations(desk, connection.as_deref(), &page))
        }
        Call::TagResource { resource, tags } => buses::tag(desk, &resource, tags, &[]).await,
        Call::UntagResource { resource, keys } => buses::tag(desk, &resource, Default::default(), &keys).await,
        Call::ListTagsForResource { resource } => buses::tags(desk, &resource),
    };
    answered.unwrap_or_else(|refused| refused)
}

async fn put_events(desk: Desk<'_>, entries: Vec<delivery::bus::entry::Entry>) -> Result<Response, Response> {
    let put = match desk.backend.engine.put_events(entries).await {
        Ok(put) => put,
        Err(engine::PutError::Request(refused)) => return Err(desk.refuse(Refused::Request(&refused))),
        Err(engine::PutError::Write(refused)) => return Err(not_written(desk.reply, &refused)),
    };
    let put: Vec<Put> = put
        .into_iter()
        .map(|entry| match entry {
            Ok(id) => Put::Taken(id),
            Err(refused) => Put::Refused { code: refused.code(), message: refused.to_string() },
        })
        .collect();
    Ok(desk.say(Answer::Put(&put)))
}

/// Where one call is answered.
#[derive(Clone, Copy)]
struct Desk<'a> {
    backend: &'a Backend,
    reply: &'a Reply<'a>,
}

impl Desk<'_> {
    fn say(self, answer: Answer<'_>) -> Response {
        self.reply.answer(&wire::Answer::Events(answer))
    }

    fn refuse(self, refused: Refused<'_>) -> Response {
        self.reply.refuse(&Refusal::Events(refused))
    }

    /// Asks the engine something for which it may go to the disk.
    async fn look<T: Send + 'static>(
        self,
        ask: impl FnOnce(&Engine) -> Result<T, BusError> + Send + 'static,
    ) -> Result<T, Response> {
        let engine = Arc::clone(&self.backend.engine);
        match engine::aside(move || ask(&engine)).await {
            Ok(found) => found.map_err(|error| self.not_done(&error, None)),
            Err(error) => Err(internal(self.reply, &error)),
        }
    }

    /// Says why the engine did not do something; `bus` is where a rule was looked for.
    fn not_done(self, error: &BusError, bus: Option<&BusName>) -> Response {
        self.refuse(match error {
            BusError::NotFound(missing) => return self.not_found(missing, bus),
            BusError::Exists { kind: "archive", name } => Refused::ArchiveExists(name),
            BusError::Exists { kind: "replay", name } => Refused::ReplayExists(name),
            BusError::Exists { name, .. } => Refused::BusExists(name),
            BusError::OfStack { kind, name, stack } => Refused::OfStack { kind, name, stack },
            // Whoever wants to delete it was told so before.
            BusError::Default => Refused::BusExists(delivery::bus::entry::DEFAULT_BUS),
            BusError::HasRules { bus } => Refused::BusHasRules(bus),
            BusError::TooMany { .. } => Refused::TooMany,
            BusError::Rule(refused) => Refused::Rule(refused),
            BusError::Target(refused) => Refused::Target(refused),
            BusError::Targets(refused) => Refused::Targets(refused),
            BusError::Archive(refused) => Refused::Archive(refused),
            BusError::Endpoint(refused) => Refused::Endpoint(refused),
            BusError::Replay(refused) => Refused::Replay(refused),
            BusError::Policy(refused) => Refused::Policy(refused),
            BusError::NoArchive { archive } => Refused::ReplayOfNothing { archive },
            BusError::Write(refused) => return not_written(self.reply, refused),
        })
    }

    fn not_found(self, missing: &engine::NotFound, bus: Option<&BusName>) -> Response {
        let name = &missing.name;
        self.refuse(match (missing.kind, bus) {
            ("rule", Some(bus)) => Refused::NoRule { rule: name, bus },
            ("archive", _) => Refused::NoArchive(name),
            ("replay", _) => Refused::NoReplay(name),
            _ => Refused::NoBus(name),
        })
    }
}
