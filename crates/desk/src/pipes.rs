//! Decides what calls on pipes do: those of the stacks that run, and those that clients have made.

mod make;

use super::{internal, not_written};
use crate::Backend;
use engine::spec::{InvocationType, PipeSource, PipeTarget, StartingPosition};
use engine::{Catalog, DeployRefused, Engine, PipeEntry, PipeRefused};
use std::sync::Arc;
use types::{PipeName, SortedSet};
use wire::pipes::{Answer, Call, PipeDescription, Way};
use wire::{Refusal, Reply, Response};

pub(super) async fn answer(backend: &Backend, reply: &Reply<'_>, call: Call) -> Response {
    match call {
        Call::CreatePipe { pipe, asked } => {
            let spec = match make::new(&Seen::of(backend), &pipe, &asked) {
                Ok(spec) => spec,
                Err(wrong) => return refuse_field(reply, &wrong),
            };
            let made = act(backend, reply, &pipe, move |engine| engine.create_pipe(spec)).await;
            made.unwrap_or_else(|| tell(backend, reply, &pipe, |pipe| Answer::OnItsWay(pipe, Way::Creating)))
        }
        Call::UpdatePipe { pipe, asked } => {
            let seen = Seen::of(backend);
            let Some(entry) = seen.entry(&pipe) else { return reply.refuse(&Refusal::NoSuchPipe(&pipe)) };
            let spec = match make::changed(&seen, &entry.spec, &asked) {
                Ok(spec) => spec,
                Err(wrong) => return refuse_field(reply, &wrong),
            };
            let changed = act(backend, reply, &pipe, move |engine| engine.update_pipe(spec)).await;
            changed.unwrap_or_else(|| tell(backend, reply, &pipe, |pipe| Answer::OnItsWay(pipe, Way::Updating)))
        }
        Call::DeletePipe { pipe } => {
            let seen = Seen::of(backend);
            let Some(described) = seen.find(&pipe) else { return reply.refuse(&Refusal::NoSuchPipe(&pipe)) };
            let name = pipe.clone();
            let gone = act(backend, reply, &pipe, move |engine| engine.delete_pipe(&name)).await;
            let answer = || reply.answer(&wire::Answer::Pipes(Answer::OnItsWay(&described, Way::Deleting)));
            gone.unwrap_or_else(answer)
        }
        Call::ListTags { pipe } => match Seen::of(backend).entry(&pipe) {
            Some(entry) => reply.answer(&wire::Answer::Pipes(Answer::Tags(&entry.spec.tags))),
            None => reply.refuse(&Refusal::NoSuchPipe(&pipe)),
        },
        Call::Tag { pipe, tags } => {
            let name = pipe.clone();
            write_on(backend, reply, &pipe, move |engine| engine.change_pipe_tags(&name, tags, &[])).await
        }
        Call::Untag { pipe, keys } => {
            let name = pipe.clone();
            write_on(backend, reply, &pipe, move |engine| engine.change_pipe_tags(&name, Default::default(), &keys))
                .await
        }
        Call::DescribePipe { pipe } => tell(backend, reply, &pipe, |pipe| Answer::Described(pipe)),
        Call::ListPipes { filter, page } => {
            let seen = Seen::of(backend);
            let mut pipes = seen.all();
            pipes.retain(|pipe| filter.wants(pipe));
            let (pipes, more) = page.of(pipes, |pipe| pipe.name.as_str());
            reply.answer(&wire::Answer::Pipes(Answer::Listed { pipes: &pipes, more }))
        }
        Call::StartPipe { pipe } => switch(backend, reply, pipe, true).await,
        Call::StopPipe { pipe } => switch(backend, reply, pipe, false).await,
    }
}

/// Starts or stops a pipe, which waits for what it is doing.
async fn switch(backend: &Backend, reply: &Reply<'_>, pipe: PipeName, on: bool) -> Response {
    // One that does not run here is not there, whatever the engine may know of it.
    if Seen::of(backend).entry(&pipe).is_none() {
        return reply.refuse(&Refusal::NoSuchPipe(&pipe));
    }
    let name = pipe.clone();
    let switched = move |engine: &Engine| {
        let done = if on { engine.resume_pipe(&name) } else { engine.stop_pipe(&name) };
        done.map_err(PipeRefused::from)
    };
    act(backend, reply, &pipe, switched)
        .await
        .unwrap_or_else(|| tell(backend, reply, &pipe, |pipe| Answer::Switched(pipe)))
}

async fn write_on(
    backend: &Backend,
    reply: &Reply<'_>,
    pipe: &PipeName,
    work: impl FnOnce(&Engine) -> Result<(), PipeRefused> + Send + 'static,
) -> Response {
    if Seen::of(backend).entry(pipe).is_none() {
        return reply.refuse(&Refusal::NoSuchPipe(pipe));
    }
    let done = act(backend, reply, pipe, work).await;
    done.unwrap_or_else(|| reply.answer(&wire::Answer::Pipes(Answer::Done)))
}

/// Does something that waits for the disk; what is answered if it is refused.
async fn act(
    backend: &Backend,
    reply: &Reply<'_>,
    pipe: &PipeName,
    work: impl FnOnce(&Engine) -> Result<(), PipeRefused> + Send + 'static,
) -> Option<Response> {
    let engine = Arc::clone(&backend.engine);
    match engine::aside(move || work(&engine)).await {
        Ok(Ok(())) => None,
        Ok(Err(refused)) => Some(refuse(reply, pipe, &refused)),
        Err(error) => Some(internal(reply, &error)),
    }
}

/// What is wrong with a member of a request.
struct Wrong {
    field: &'static str,
    message: String,
}

fn refuse_field(reply: &Reply<'_>, wrong: &Wrong) -> Response {
    reply.refuse(&Refusal::PipeInvalid { field: wrong.field, message: &wrong.message })
}

fn refuse(reply: &Reply<'_>, pipe: &PipeName, refused: &PipeRefused) -> Response {
    let message = match refused {
        PipeRefused::Exists(_) => format!("Pipe {pipe} already exists."),
        _ => refused.to_string(),
    };
    let message = message.as_str();
    let field = match refused {
        PipeRefused::NotFound(_) => return reply.refuse(&Refusal::NoSuchPipe(pipe)),
        PipeRefused::Exists(_) | PipeRefused::OfStack { .. } => {
            return reply.refuse(&Refusal::PipeConflict { pipe, message });
        }
        PipeRefused::Write(refused) => return not_written(reply, refused),
        PipeRefused::Refused(DeployRefused::TooManyPipes { .. }) => {
            return reply.refuse(&Refusal::TooManyPipes { pipe, message });
        }
        PipeRefused::Refused(
            DeployRefused::NoStream { .. } | DeployRefused::NoMessages { .. } | DeployRefused::SourceChanged(_),
        ) => "source",
        PipeRefused::Refused(DeployRefused::Filter { .. }) => "sourceParameters.filterCriteria",
        PipeRefused::Refused(DeployRefused::Parameters { .. }) => "targetParameters",
        PipeRefused::Refused(_) => "target",
    };
    reply.refuse(&Refusal::PipeInvalid { field, message })
}

fn tell(
    backend: &Backend,
    reply: &Reply<'_>,
    pipe: &PipeName,
    say: for<'a> fn(&'a PipeDescription<'a>) -> Answer<'a>,
) -> Response {
    match Seen::of(backend).find(pipe) {
        Some(pipe) => reply.answer(&wire::Answer::Pipes(say(&pipe))),
        None => reply.refuse(&Refusal::NoSuchPipe(pipe)),
    }
}

/// What is known of pipes at one moment.
struct Seen<'a> {
    backend: &'a Backend,
    catalog: Arc<Catalog>,
    /// Those that run.
    running: SortedSet<PipeName>,
}

impl<'a> Seen<'a> {
    fn of(backend: &'a Backend) -> Self {
        let catalog = backend.engine.catalog();
        let running = backend.engine.pipes().into_iter().filter(|pipe| pipe.running).map(|pipe| pipe.name).collect();
        Self { backend, catalog, running }
    }

    fn all(&self) -> Vec<PipeDescription<'_>> {
        let seen = self.catalog.pipes.keys().filter_map(|name| self.entry(name));
        seen.map(|entry| self.describe(entry)).collect()
    }

    fn find(&self, name: &PipeName) -> Option<PipeDescription<'_>> {
        self.entry(name).map(|entry| self.describe(entry))
    }

    /// A pipe, if it is one of a stack that runs, or of no stack.
    fn entry(&self, name: &PipeName) -> Option<&PipeEntry> {
        let entry = self.catalog.pipes.get(name)?;
        let is_seen = entry.stack.is_empty() || self.backend.stacks.contains(&entry.stack);
        (is_seen && !entry.dormant).then_some(entry)
    }

    fn describe<'b>(&'b self, entry: &'b PipeEntry) -> PipeDescription<'b> {
        let (spec, account) = (&entry.spec, self.backend.engine.account());
        let function = |name: &types::FunctionName| account.arn("lambda", &format!("function:{name}")).to_string();
        let source = match &spec.source {
            PipeSource::Table(table) => self.stream(table).unwrap_or_default(),
            PipeSource::Queue { queue } => account.arn("sqs", queue.as_str()).to_string(),
        };
        let target = match &spec.target {
            PipeTarget::Function(name) => {
                let behind = spec.qualifier.as_ref().map_or(String::new(), |qualifier| format!(":{qualifier}"));
                format!("{}{behind}", function(name))
            }
            PipeTarget::Queue { queue } => account.arn("sqs", queue.as_str()).to_string(),
            PipeTarget::Bus { bus } => account.arn("events", &format!("event-bus/{bus}")).to_string(),
            PipeTarget::LogGroup { log_group } => account.arn("logs", &format!("log-group:{log_group}")).to_string(),
        };
        let running = self.running.contains(&spec.name);
        PipeDescription {
            name: &spec.name,
            description: spec.description.as_deref(),
            running,
            // Whether one of a stack should run is decided with the next start, by its template.
            wanted: if entry.stack.is_empty() { spec.running } else { running },
            source,
            from_queue: spec.source.queue().is_some(),
            enrichment: spec.enrichment.as_ref().map(|enrichment| function(&enrichment.function)),
            enrichment_input: spec.enrichment.as_ref().and_then(|enrichment| enrichment.input.as_deref()),
            target,
            kind: make::kind(&self.catalog, &spec.target),
            parameters: &spec.parameters,
            role: spec.role.as_deref(),
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
            tags: Some(&spec.tags),
            created_at: entry.created_at,
            changed_at: entry.changed_at.unwrap_or(entry.created_at),
        }
    }

    /// The ARN of a table's stream.
    fn stream(&self, table: &types::TableName) -> Option<String> {
        let label = &self.catalog.tables.get(table)?.stream.as_ref()?.label;
        Some(self.backend.engine.account().arn("dynamodb", &format!("table/{table}/stream/{label}")).to_string())
    }
}
