//! Decides what calls on archives do.

use super::Desk;
use delivery::bus::archive::ArchiveSpec;
use engine::{ArchiveInfo, BusError};
use types::ArchiveName;
use wire::Response;
use wire::events::{Answer, ArchiveChange, ArchiveDescription, ArchiveFilter, Page};

fn described(archive: &ArchiveInfo) -> ArchiveDescription<'_> {
    let ArchiveInfo { spec, arn: _, created_at, events, bytes } = archive;
    ArchiveDescription { spec, created_at: *created_at, events: *events, bytes: *bytes }
}

pub(super) async fn create(desk: Desk<'_>, spec: ArchiveSpec) -> Result<Response, Response> {
    let made = desk.backend.engine.create_archive(spec).await.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::ArchivePut(&described(&made))))
}

pub(super) async fn update(desk: Desk<'_>, name: &ArchiveName, change: ArchiveChange) -> Result<Response, Response> {
    let ArchiveChange { description, pattern, retention_days } = change;
    let change = engine::ArchiveChange { description, pattern, retention_days };
    let changed = desk.backend.engine.update_archive(name, change).await;
    let changed = changed.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::ArchivePut(&described(&changed))))
}

pub(super) async fn delete(desk: Desk<'_>, name: &ArchiveName) -> Result<Response, Response> {
    desk.backend.engine.delete_archive(name).await.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::Changed))
}

pub(super) async fn describe(desk: Desk<'_>, name: ArchiveName) -> Result<Response, Response> {
    let found = desk.look(move |engine| engine.archive(&name)).await?;
    Ok(desk.say(Answer::Archive(&described(&found))))
}

pub(super) async fn list(desk: Desk<'_>, filter: &ArchiveFilter, page: &Page) -> Result<Response, Response> {
    let of_bus = match filter {
        ArchiveFilter::All | ArchiveFilter::None => None,
        ArchiveFilter::OfBus(bus) => {
            let bus =
                desk.backend.engine.bus(bus).map_err(|missing| desk.not_done(&BusError::NotFound(missing), None))?;
            Some(bus.arn.to_string())
        }
    };
    let mut archives = desk.look(engine::Engine::archives).await?;
    let none = *filter == ArchiveFilter::None;
    archives.retain(|archive| !none && of_bus.as_ref().is_none_or(|bus| archive.spec.bus == *bus));
    let (archives, more) = page.of(archives, |archive| archive.spec.name.as_str());
    let archives: Vec<ArchiveDescription<'_>> = archives.iter().map(described).collect();
    Ok(desk.say(Answer::Archives { archives: &archives, more }))
}
