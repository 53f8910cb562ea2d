//! Decides what calls on replays do.

use super::Desk;
use delivery::bus::replay::ReplaySpec;
use engine::ReplayInfo;
use types::{ArchiveName, ReplayName};
use wire::Response;
use wire::events::{Answer, Page, ReplayDescription, ReplayFilter, ReplayStage};

fn described(replay: &ReplayInfo) -> ReplayDescription<'_> {
    ReplayDescription {
        spec: &replay.spec,
        archive: &replay.archive,
        description: replay.description.as_deref(),
        started_at: replay.started_at,
        state: &replay.state,
    }
}

pub(super) async fn start(
    desk: Desk<'_>,
    archive: &ArchiveName,
    spec: ReplaySpec,
    description: Option<String>,
) -> Result<Response, Response> {
    let started = desk.backend.engine.start_replay(archive, spec, description).await;
    let started = started.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::ReplayStarted(&described(&started))))
}

pub(super) async fn cancel(desk: Desk<'_>, name: &ReplayName) -> Result<Response, Response> {
    let cancelled = desk.backend.engine.cancel_replay(name).await.map_err(|error| desk.not_done(&error, None))?;
    Ok(desk.say(Answer::ReplayCancelled(&described(&cancelled))))
}

pub(super) async fn describe(desk: Desk<'_>, name: ReplayName) -> Result<Response, Response> {
    let found = desk.look(move |engine| engine.replay(&name)).await?;
    Ok(desk.say(Answer::Replay(&described(&found))))
}

pub(super) async fn list(desk: Desk<'_>, filter: &ReplayFilter, page: &Page) -> Result<Response, Response> {
    let mut replays = desk.look(engine::Engine::replays).await?;
    let account = desk.backend.engine.account();
    replays.retain(|replay| match filter {
        ReplayFilter::All => true,
        ReplayFilter::OfArchive(arn) => {
            account.arn("events", &format!("archive/{}", replay.archive)).to_string() == *arn
        }
        ReplayFilter::In(stage) => ReplayStage::of(&replay.state) == *stage,
    });
    let (replays, more) = page.of(replays, |replay| replay.spec.name.as_str());
    let replays: Vec<ReplayDescription<'_>> = replays.iter().map(described).collect();
    Ok(desk.say(Answer::Replays { replays: &replays, more }))
}
