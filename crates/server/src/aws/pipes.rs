//! Decides what calls on pipes do: those of the stacks that run.

use super::{internal, not_written};
use crate::app::App;
use engine::spec::{InvocationType, StartingPosition};
use engine::{Catalog, Engine, PipeEntry, PipeError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use types::PipeName;
use wire::pipes::{Answer, Call, PipeDescription};
use wire::{Refusal, Reply, Response};

pub(super) async fn answer(app: &App, reply: &Reply<'_>, call: Call) -> Response {
    match call {
        Call::DescribePipe { pipe } => tell(app, reply, &pipe, true),
        Call::ListPipes { filter, page } => {
            let seen = Seen::of(app);
            let mut pipes = seen.all();
            pipes.retain(|pipe| filter.wants(pipe));
            let (pipes, more) = page.of(pipes, |pipe| pipe.name.as_str());
            reply.answer(&wire::Answer::Pipes(Answer::Listed { pipes: &pipes, more }))
        }
        Call::StartPipe { pipe } => switch(app, reply, pipe, Engine::resume_pipe).await,
        Call::StopPipe { pipe } => switch(app, reply, pipe, Engine::stop_pipe).await,
    }
}

/// Starts or stops a pipe, which waits for what it is doing.
async fn switch(
    app: &App,
    reply: &Reply<'_>,
    pipe: PipeName,
    act: fn(&Engine, &PipeName) -> Result<(), PipeError>,
) -> Response {
    // One that does not run here is not there, whatever the engine may know of it.
    if Seen::of(app).find(&pipe).is_none() {
        return reply.refuse(&Refusal::NoSuchPipe(&pipe));
    }
    let (engine, name) = (Arc::clone(&app.engine), pipe.clone());
    match tokio::task::spawn_blocking(move || act(&engine, &name)).await {
        Ok(Ok(())) => tell(app, reply, &pipe, false),
        Ok(Err(PipeError::NotFound(_))) => reply.refuse(&Refusal::NoSuchPipe(&pipe)),
        Ok(Err(PipeError::Write(refused))) => not_written(reply, &refused),
        Err(error) => internal(reply, &error),
    }
}

fn tell(app: &App, reply: &Reply<'_>, pipe: &PipeName, whole: bool) -> Response {
    let seen = Seen::of(app);
    match seen.find(pipe) {
        Some(pipe) if whole => reply.answer(&wire::Answer::Pipes(Answer::Described(&pipe))),
        Some(pipe) => reply.answer(&wire::Answer::Pipes(Answer::Switched(&pipe))),
        None => reply.refuse(&Refusal::NoSuchPipe(pipe)),
    }
}

/// What is known of pipes at one moment.
struct Seen<'a> {
    app: &'a App,
    catalog: Arc<Catalog>,
    /// Those that run.
    running: BTreeSet<PipeName>,
    /// What templates say of them that the engine has no need of.
    stacks: BTreeMap<PipeName, stack::Pipe>,
}

impl<'a> Seen<'a> {
    fn of(app: &'a App) -> Self {
        let catalog = app.engine.catalog();
        let running = app.engine.pipes().into_iter().filter(|pipe| pipe.running).map(|pipe| pipe.name).collect();
        let read = |origin: &serde_json::Value| serde_json::from_value::<stack::Stack>(origin.clone()).ok();
        let stacks = catalog.origins.iter().filter(|(name, _)| app.stacks.contains(name));
        let pipes = stacks.filter_map(|(_, origin)| read(origin)).flat_map(|stack| stack.pipes);
        let stacks = pipes.map(|pipe| (pipe.spec.name.clone(), pipe.spec)).collect();
        Self { app, catalog, running, stacks }
    }

    fn all(&self) -> Vec<PipeDescription<'_>> {
        self.catalog.pipes.values().filter_map(|entry| self.describe(entry)).collect()
    }

    fn find(&self, name: &PipeName) -> Option<PipeDescription<'_>> {
        self.describe(self.catalog.pipes.get(name)?)
    }

    /// What a pipe is, if it is one of a stack that runs.
    fn describe<'b>(&'b self, entry: &'b PipeEntry) -> Option<PipeDescription<'b>> {
        if entry.dormant || !self.app.stacks.contains(&entry.stack) {
            return None;
        }
        let (spec, account) = (&entry.spec, self.app.engine.account());
        let label = self.catalog.tables.get(&spec.source).and_then(|table| table.stream.as_ref());
        let label = label.map_or("", |stream| stream.label.as_str());
        let template = self.stacks.get(&spec.name);
        Some(PipeDescription {
            name: &spec.name,
            description: template.and_then(|pipe| pipe.description.as_deref()),
            running: self.running.contains(&spec.name),
            source: account.arn("dynamodb", &format!("table/{}/stream/{label}", spec.source)).to_string(),
            target: account.arn("lambda", &format!("function:{}", spec.target)).to_string(),
            role: template.map(|pipe| {
                let (stack::RoleReference::InStack { arn, .. } | stack::RoleReference::Outside { arn }) = &pipe.role;
                arn.as_str()
            }),
            filters: &spec.filters,
            batch_size: spec.batch_size,
            window_seconds: spec.window_seconds,
            lanes: spec.lanes,
            retries: spec.retries,
            max_age_seconds: spec.max_age_seconds,
            bisects: spec.bisect,
            from_oldest: spec.start == StartingPosition::TrimHorizon,
            dead_letters: spec.dead_letters.as_ref().map(|queue| account.arn("sqs", queue.as_str()).to_string()),
            waits: spec.invocation == InvocationType::RequestResponse,
            tags: template.map(|pipe| &pipe.tags),
            created_at: entry.created_at,
        })
    }
}
