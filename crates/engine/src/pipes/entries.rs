//! Decides what of pipes is deployed: what a pipe names must be there, and a new definition keeps its place.

use crate::catalog::{Act, Catalog, Definition, DeployRefused, Deployed, PipeEntry, Standing, lanes_of};
use crate::spec::{PipeSource, PipeSpec, PipeTarget, StartingPosition};
use delivery::Filters;
use delivery::bus::entry::DEFAULT_BUS;
use delivery::bus::pipe_input::PipeInput;
use delivery::bus::pipe_target::{PipeParameters, PipeTargetKind};
use types::{FunctionName, QueueName, SequenceNumber};

/// How many pipes there may be.
const PIPES_MAX: usize = 1_000;

impl Catalog {
    /// Makes a pipe, or gives it another definition.
    pub(crate) fn put_pipe(
        &mut self,
        spec: &PipeSpec,
        stack: &str,
        standing: Standing<'_>,
        deployed: &mut Deployed,
    ) -> Result<(), DeployRefused> {
        let since = self.check_pipe(spec, stack, standing)?;
        if let Some(known) = self.pipes.get_mut(&spec.name) {
            if known.spec.source != spec.source {
                return Err(DeployRefused::SourceChanged(spec.name.clone()));
            }
            if known.spec == *spec && !known.dormant {
                return Ok(());
            }
            (known.dormant, known.changed_at) = (false, Some(standing.now));
            deployed.step(Act::Changed, "pipe", &spec.name);
            let lanes = |spec: &PipeSpec| 0..lanes_of(spec);
            let mut done: Vec<_> = lanes(&known.spec).map(|lane| (standing.done)(known.id, lane)).collect();
            if lanes_of(&known.spec) != lanes_of(spec) {
                // Keys move to other lanes: all begin where the slowest was, so that none skips a record.
                let slowest = done.iter().min().copied().unwrap_or(since);
                deployed.end.extend(lanes(&known.spec).map(|lane| (known.id, lane)));
                deployed.begin.extend(lanes(spec).map(|lane| (known.id, lane, slowest)));
                done = lanes(spec).map(|_| slowest).collect();
            }
            if known.spec.filters != spec.filters || known.spec.lanes != spec.lanes {
                known.history.push(Definition { since: done, filters: spec.filters.clone() });
                // What decided only on changes that have left the log is told of no more.
                while known.history.get(1).is_some_and(|next| next.since.iter().all(|since| *since <= standing.horizon))
                {
                    known.history.remove(0);
                }
            }
            known.spec = spec.clone();
            return Ok(());
        }
        if self.pipes.len() >= PIPES_MAX {
            return Err(DeployRefused::TooManyPipes { max: PIPES_MAX });
        }
        let begin = match spec.start {
            StartingPosition::Latest => standing.head,
            StartingPosition::TrimHorizon => since.max(standing.horizon),
        };
        let id = self.new_id();
        let lanes = lanes_of(spec);
        deployed.begin.extend((0..lanes).map(|lane| (id, lane, begin)));
        let first = Definition { since: vec![begin; usize::from(lanes)], filters: spec.filters.clone() };
        let entry = PipeEntry {
            id,
            stack: stack.to_owned(),
            spec: spec.clone(),
            created_at: standing.now,
            changed_at: None,
            history: vec![first],
            dormant: false,
        };
        self.pipes.insert(spec.name.clone(), entry);
        deployed.step(Act::Created, "pipe", &spec.name);
        Ok(())
    }

    /// Whether all that a pipe names is there, and its filters are patterns; the place after which its source shows
    /// changes.
    fn check_pipe(
        &self,
        spec: &PipeSpec,
        stack: &str,
        standing: Standing<'_>,
    ) -> Result<SequenceNumber, DeployRefused> {
        let pipe = || spec.name.clone();
        let missing = |kind, name: String| DeployRefused::NoTarget { pipe: pipe(), kind, name };
        let has_queue = |name: &QueueName| self.queues.get(name).is_some_and(|queue| !queue.dormant);
        let has_function = |name: &FunctionName| match self.functions.get(name) {
            Some(function) if !function.dormant => Ok(()),
            Some(_) | None => Err(missing("function", name.to_string())),
        };
        let since = match &spec.source {
            PipeSource::Table(name) => {
                let stream =
                    self.tables.get(name).filter(|table| !table.dormant).and_then(|table| table.stream.as_ref());
                stream.ok_or_else(|| DeployRefused::NoStream { pipe: pipe(), table: name.clone() })?.since
            }
            PipeSource::Queue { queue } if has_queue(queue) => SequenceNumber::ZERO,
            PipeSource::Queue { queue } => {
                let name = queue.to_string();
                return Err(DeployRefused::NoMessages { queue: queue.clone(), kind: "queue", name });
            }
        };
        if let Some(enrichment) = &spec.enrichment {
            has_function(&enrichment.function)?;
            if let Some(Err(error)) = enrichment.input.as_deref().map(PipeInput::parse) {
                return Err(DeployRefused::Parameters { pipe: pipe(), error: error.into() });
            }
        }
        let kind = match &spec.target {
            PipeTarget::Function(function) => {
                has_function(function)?;
                PipeTargetKind::Function
            }
            PipeTarget::Queue { queue } => {
                let known = self.queues.get(queue).filter(|known| !known.dormant);
                let known = known.ok_or_else(|| missing("queue", queue.to_string()))?;
                PipeTargetKind::Queue { keeps_order: known.spec.fifo.is_some() }
            }
            PipeTarget::Bus { bus } => {
                // Buses are taken in after pipes: those of the stack itself are there when it is up.
                if stack.is_empty() && bus.as_str() != DEFAULT_BUS && self.bus(bus).is_none() {
                    return Err(missing("event bus", bus.to_string()));
                }
                PipeTargetKind::Bus
            }
            PipeTarget::LogGroup { log_group } => {
                if !self.log_groups.contains_key(log_group) && !(standing.has_log_group)(log_group) {
                    return Err(missing("log group", log_group.to_string()));
                }
                PipeTargetKind::LogGroup
            }
        };
        if let Err(error) = PipeParameters::parse(&spec.parameters, kind) {
            return Err(DeployRefused::Parameters { pipe: pipe(), error });
        }
        if let Some(queue) = spec.dead_letters.as_ref().filter(|queue| !has_queue(queue)) {
            return Err(missing("queue", queue.to_string()));
        }
        match Filters::parse(&spec.filters) {
            Ok(_) => Ok(since),
            Err(error) => Err(DeployRefused::Filter { pipe: pipe(), error: error.to_string() }),
        }
    }
}
