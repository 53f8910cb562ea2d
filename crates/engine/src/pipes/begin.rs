//! Decides how pipes are started and stopped, while one goes on from where it was.

use super::flow::Flow;
use super::{Pipe, from_queue};
use crate::asynchronous;
use crate::catalog::{Catalog, Deployed, Standing};
use crate::codec::Malformed;
use crate::commit::WriteRefused;
use crate::engine::{Engine, Inner, NotFound, POISON, PipeError, spawn};
use crate::explain;
use crate::functions::Functions;
use crate::layout::{self, STATE};
use crate::pollers::show_again;
use crate::spec::{InvocationType, PipeSource};
use delivery::filters::Filters;
use delivery::lane::Progress;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use store::EntryBuilder;
use types::{LogGroupName, PipeName, QueueName, SequenceNumber, SortedMap, SortedSet};

/// A pipe at work.
pub(crate) enum RunningPipe {
    /// From a table's stream.
    Lanes { pipe: Arc<Pipe>, lanes: Vec<JoinHandle<()>> },
    /// From a queue.
    Queue(from_queue::Running),
}

impl RunningPipe {
    /// Tells it to stop, and does not wait for that.
    pub(crate) fn tell(&self) {
        match self {
            Self::Lanes { pipe, .. } => pipe.stop(),
            Self::Queue(running) => running.tell(),
        }
    }

    /// Stops it after what it is doing now.
    pub(crate) fn stop(self) {
        self.tell();
        match self {
            Self::Lanes { lanes, .. } => {
                for lane in lanes {
                    // A lane that panicked has said so; its records are delivered again.
                    let _ = lane.join();
                }
            }
            Self::Queue(running) => running.stop(),
        }
    }

    /// How far its slowest lane is.
    pub(crate) fn done(&self) -> Option<SequenceNumber> {
        match self {
            Self::Lanes { pipe, .. } => {
                pipe.done.iter().map(|done| SequenceNumber::new(done.load(Ordering::Relaxed))).min()
            }
            Self::Queue(_) => None,
        }
    }

    /// How many changes left the log before it read them.
    pub(crate) fn missed(&self) -> u64 {
        match self {
            Self::Lanes { pipe, .. } => pipe.missed.load(Ordering::Relaxed),
            Self::Queue(_) => 0,
        }
    }
}

impl Engine {
    /// Starts the pipes of these stacks, and those that clients have made. Gives the queues of which what was in flight is
    /// shown again.
    pub(crate) fn start_pipes(
        &self,
        stacks: &[String],
        functions: &Arc<dyn Functions>,
    ) -> Result<SortedSet<QueueName>, PipeError> {
        let catalog = self.inner.catalog();
        let all = || catalog.pipes.values().filter(|entry| entry.spec.running && !entry.dormant);
        let started = || all().filter(|entry| stacks.contains(&entry.stack) || entry.stack.is_empty());
        let mut shown = SortedSet::new();
        // Before any begins, so that nothing is shown that one has just received.
        for name in started().filter_map(|entry| entry.spec.source.queue()) {
            if let Ok(queue) = self.inner.queue(name)
                && shown.insert(name.clone())
            {
                show_again(&self.inner, &queue)?;
            }
        }
        for entry in started() {
            match self.start_pipe(&entry.spec.name, functions) {
                Ok(()) => {}
                Err(PipeError::Write(WriteRefused::Stopping)) => return Err(WriteRefused::Stopping.into()),
                // What clients have made may need a stack that is not up, or what is there no more: the others run.
                Err(error) if entry.stack.is_empty() => {
                    crate::complain!(
                        "orderflow: pipe {} does not run: {error}, or its stack is not up",
                        entry.spec.name
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(shown)
    }

    fn start_pipe(&self, name: &PipeName, functions: &Arc<dyn Functions>) -> Result<(), PipeError> {
        let (inner, catalog) = (&self.inner, self.inner.catalog());
        let missing = |kind, name: &dyn ToString| NotFound { kind, name: name.to_string() };
        let entry = catalog.pipes.get(name).ok_or_else(|| missing("pipe", name))?;
        let spec = &entry.spec;
        // A pipe of a stack that is not up has nowhere to deliver to.
        let dead_letters = spec.dead_letters.as_ref().map(|queue| self.queue(queue)).transpose()?;
        let filters = Filters::parse(&spec.filters).map_err(|_| WriteRefused::Malformed(Malformed("filter")))?;
        let flow = || Flow::new(inner, functions, spec);
        let table = match &spec.source {
            PipeSource::Table(table) => table,
            PipeSource::Queue { queue } => {
                let running = from_queue::begin(inner, spec, queue, filters, flow()?)?;
                inner.pipes.lock().expect(POISON).insert(name.clone(), RunningPipe::Queue(running));
                return Ok(());
            }
        };
        self.table(table)?;
        let table = &catalog.tables[table];
        let stream = explain::stream_of(table, &inner.account);
        let stream = stream.ok_or_else(|| missing("stream of table", &table.spec.name))?;
        let plain = spec.target.function().filter(|_| spec.is_plain());
        let forgotten = plain.filter(|_| spec.invocation == InvocationType::FireAndForget);
        let handover = forgotten.map(|function| asynchronous::queue(inner, function)).transpose()?;
        let pipe = Arc::new(Pipe {
            id: entry.id,
            spec: spec.clone(),
            table: table.id,
            stream,
            filters,
            account: inner.account.clone(),
            kept_for: inner.keep_changes_for,
            dead_letters,
            handover,
            flow: if plain.is_some() { None } else { Some(flow()?) },
            functions: Arc::clone(functions),
            commits: inner.commits.clone(),
            feed: Arc::clone(&inner.commits.feed),
            checkpoints: Arc::clone(&inner.checkpoints),
            stopping: AtomicBool::new(false),
            missed: AtomicU64::new(0),
            meter: inner.meters.pipes.of(name),
            tracer: inner.tracer.get().cloned(),
            done: (0..entry.lanes()).map(|_| AtomicU64::new(0)).collect(),
        });
        let mut lanes = Vec::new();
        for lane in 0..entry.lanes() {
            let progress = inner.progress(entry.id, lane)?;
            pipe.done[usize::from(lane)].store(progress.done.get(), Ordering::Relaxed);
            let pipe = Arc::clone(&pipe);
            lanes.push(spawn("lane", move || pipe.run_lane(lane, progress)));
        }
        inner.pipes.lock().expect(POISON).insert(name.clone(), RunningPipe::Lanes { pipe, lanes });
        Ok(())
    }

    /// Stops a pipe after what it is doing now; it goes on from there when it is started.
    pub fn stop_pipe(&self, name: &PipeName) -> Result<(), PipeError> {
        let _control = self.inner.control.lock().expect(POISON);
        if !self.inner.catalog().pipes.contains_key(name) {
            return Err(NotFound { kind: "pipe", name: name.to_string() }.into());
        }
        self.want(name, false)?;
        Ok(self.stop_now(name)?)
    }

    /// The same; whoever calls holds `control`.
    pub(super) fn stop_now(&self, name: &PipeName) -> Result<(), WriteRefused> {
        let stopped = self.inner.pipes.lock().expect(POISON).remove(name);
        if let Some(running) = stopped {
            running.stop();
        }
        // Whoever starts it again reads where it is.
        self.inner.checkpoints.flush()
    }

    /// Starts a pipe that was stopped.
    pub fn resume_pipe(&self, name: &PipeName) -> Result<(), PipeError> {
        let _control = self.inner.control.lock().expect(POISON);
        if self.inner.catalog().pipes.get(name).is_none_or(|pipe| pipe.dormant) {
            return Err(NotFound { kind: "pipe", name: name.to_string() }.into());
        }
        self.want(name, true)?;
        self.start_now(name)
    }

    /// The same; whoever calls holds `control`.
    pub(super) fn start_now(&self, name: &PipeName) -> Result<(), PipeError> {
        if self.inner.is_stopping() {
            return Err(WriteRefused::Stopping.into());
        }
        if self.inner.pipes.lock().expect(POISON).contains_key(name) {
            return Ok(());
        }
        let functions = Arc::clone(self.inner.functions.get().ok_or(WriteRefused::Stopping)?);
        self.start_pipe(name, &functions)
    }
}

impl Inner {
    /// Where things stand when something is deployed.
    pub(crate) fn standing<'a>(
        &'a self,
        done: &'a dyn Fn(u32, u16) -> SequenceNumber,
        has_log_group: &'a dyn Fn(&LogGroupName) -> bool,
    ) -> Standing<'a> {
        let lowest = layout::sequence(self.commits.store.lowest());
        Standing {
            now: self.clock.now(),
            account: &self.account,
            head: self.commits.feed.head(),
            horizon: SequenceNumber::new(lowest.get().saturating_sub(1)),
            has_log_group,
            done,
        }
    }

    /// How far the lanes of all pipes are, as it is durable.
    pub(crate) fn known_progress(
        &self,
        catalog: &Catalog,
    ) -> Result<SortedMap<(u32, u16), SequenceNumber>, WriteRefused> {
        let lanes = catalog.pipes.values().flat_map(|pipe| (0..pipe.lanes()).map(|lane| (pipe.id, lane)));
        lanes.map(|(pipe, lane)| Ok(((pipe, lane), self.progress(pipe, lane)?.done))).collect()
    }
}

impl Deployed {
    /// Writes where lanes begin, and that others are no more.
    pub(crate) fn write_lanes(&self, mut entry: EntryBuilder) -> EntryBuilder {
        for (pipe, lane) in &self.end {
            entry = entry.delete(STATE, &layout::progress(*pipe, *lane));
        }
        for (pipe, lane, begin) in &self.begin {
            let progress = serde_json::to_vec(&Progress::after(*begin)).expect("progress is plain data");
            entry = entry.put(STATE, &layout::progress(*pipe, *lane), &progress);
        }
        entry
    }
}
