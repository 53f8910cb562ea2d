//! Decides how pipes are made, changed and taken away while the engine runs.
//!
//! What clients make belongs to no stack: its stack's name is empty, and it runs from the opening of the directory on, as
//! far as what it names is there. A pipe that a template names can be changed, until the template is deployed again, but
//! not deleted. A change stops the pipe after what it is doing, and starts it from there.

use crate::catalog::{Catalog, DeployRefused, Deployed};
use crate::commit::WriteRefused;
use crate::engine::{Engine, NotFound, POISON, PipeError};
use crate::housekeeping::clear_range;
use crate::layout::{self, OUTCOMES, STATE, kind};
use crate::queues::manage::keep;
use crate::spec::PipeSpec;
use store::EntryBuilder;
use types::{LogGroupName, PipeName, SortedMap};

/// Why a pipe is not as it was asked for. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PipeRefused {
    /// It is not there.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// It is there already.
    #[error("pipe {0} is there already")]
    Exists(PipeName),
    /// A template has made it.
    #[error("pipe {pipe} belongs to stack {stack}; take it out of the stack's template")]
    OfStack {
        /// The pipe.
        pipe: PipeName,
        /// Its stack.
        stack: String,
    },
    /// What it names is not there, or cannot be so.
    #[error(transparent)]
    Refused(#[from] DeployRefused),
    /// It cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

impl From<PipeError> for PipeRefused {
    fn from(error: PipeError) -> Self {
        match error {
            PipeError::NotFound(missing) => Self::NotFound(missing),
            PipeError::Write(refused) => Self::Write(refused),
        }
    }
}

fn missing(name: &PipeName) -> NotFound {
    NotFound { kind: "pipe", name: name.to_string() }
}

/// The definition of a pipe that is there.
fn spec_mut<'c>(catalog: &'c mut Catalog, name: &PipeName) -> Result<&'c mut PipeSpec, NotFound> {
    let entry = catalog.pipes.get_mut(name).filter(|entry| !entry.dormant);
    entry.map(|entry| &mut entry.spec).ok_or_else(|| missing(name))
}

impl Engine {
    /// Makes a pipe that belongs to no stack, and starts it if it should run. Waits for the disk.
    pub fn create_pipe(&self, spec: PipeSpec) -> Result<(), PipeRefused> {
        let _control = self.inner.control.lock().expect(POISON);
        if self.inner.catalog().pipes.contains_key(&spec.name) {
            return Err(PipeRefused::Exists(spec.name));
        }
        self.put(&spec, "")?;
        if spec.running { self.started(&spec.name) } else { Ok(()) }
    }

    /// Changes a pipe, which goes on from where it is. Waits for that, and for the disk.
    pub fn update_pipe(&self, spec: PipeSpec) -> Result<(), PipeRefused> {
        let _control = self.inner.control.lock().expect(POISON);
        let catalog = self.inner.catalog();
        let known = catalog.pipes.get(&spec.name).filter(|entry| !entry.dormant);
        let known = known.ok_or_else(|| missing(&spec.name))?;
        let ran = self.inner.pipes.lock().expect(POISON).contains_key(&spec.name);
        // What is refused is refused before anything stops.
        self.try_out(&spec, &known.stack)?;
        self.stop_now(&spec.name)?;
        let changed = self.put(&spec, &known.stack);
        match changed {
            Ok(()) if spec.running => self.started(&spec.name),
            Ok(()) => Ok(()),
            Err(refused) => {
                if ran {
                    self.started(&spec.name)?;
                }
                Err(refused)
            }
        }
    }

    /// Deletes a pipe that clients have made, after what it is doing now.
    pub fn delete_pipe(&self, name: &PipeName) -> Result<(), PipeRefused> {
        let _control = self.inner.control.lock().expect(POISON);
        let entry = self.inner.catalog().pipes.get(name).filter(|entry| !entry.dormant).cloned();
        let entry = entry.ok_or_else(|| missing(name))?;
        if !entry.stack.is_empty() {
            return Err(PipeRefused::OfStack { pipe: name.clone(), stack: entry.stack });
        }
        self.stop_now(name)?;
        let lanes = EntryBuilder::new(kind::PROGRESS, &[]);
        let lanes =
            (0..entry.lanes_ever()).fold(lanes, |lanes, lane| lanes.delete(STATE, &layout::progress(entry.id, lane)));
        self.change(vec![lanes], |catalog| {
            catalog.pipes.remove(name);
            Ok(())
        })?;
        for lane in 0..entry.lanes_ever() {
            let outcomes = layout::outcomes_of(entry.id, lane);
            clear_range(&self.inner, OUTCOMES, &outcomes, &layout::behind(&outcomes))?;
        }
        Ok(())
    }

    /// Sets and removes what people have written on a pipe.
    pub fn change_pipe_tags(
        &self,
        name: &PipeName,
        set: SortedMap<String, String>,
        remove: &[String],
    ) -> Result<(), PipeRefused> {
        self.change(Vec::new(), |catalog| {
            let tags = &mut spec_mut(catalog, name)?.tags;
            tags.retain(|name, _| !remove.contains(name));
            tags.extend(set);
            Ok(())
        })
    }

    /// Remembers whether a pipe that clients have made should run; one of a stack is as its template says with the next
    /// start.
    pub(super) fn want(&self, name: &PipeName, running: bool) -> Result<(), PipeError> {
        let catalog = self.inner.catalog();
        if catalog.pipes.get(name).is_none_or(|entry| !entry.stack.is_empty() || entry.spec.running == running) {
            return Ok(());
        }
        let wanted = self.change(Vec::new(), |catalog| {
            spec_mut(catalog, name)?.running = running;
            Ok(())
        });
        wanted.map_err(|refused| match refused {
            PipeRefused::Write(refused) => refused.into(),
            _ => missing(name).into(),
        })
    }

    /// Starts a pipe that is deployed. That what it reads is not up is no reason to refuse it; it is said.
    fn started(&self, name: &PipeName) -> Result<(), PipeRefused> {
        match self.start_now(name) {
            Ok(()) => Ok(()),
            Err(PipeError::NotFound(missing)) => {
                crate::complain!("orderflow: pipe {name} does not run: {missing}, or its stack is not up");
                Ok(())
            }
            Err(PipeError::Write(refused)) => Err(refused.into()),
        }
    }

    fn change(
        &self,
        with: Vec<EntryBuilder>,
        act: impl FnOnce(&mut Catalog) -> Result<(), PipeRefused>,
    ) -> Result<(), PipeRefused> {
        let inner = &self.inner;
        let _alone = inner.changing.lock().expect(POISON);
        let before = inner.catalog();
        let mut catalog = (*before).clone();
        act(&mut catalog)?;
        if catalog != *before {
            keep(inner, catalog, with)?;
        }
        Ok(())
    }

    fn put(&self, spec: &PipeSpec, stack: &str) -> Result<(), PipeRefused> {
        let inner = &self.inner;
        let _alone = inner.changing.lock().expect(POISON);
        let mut catalog = (*inner.catalog()).clone();
        let deployed = self.put_into(&mut catalog, spec, stack)?;
        Ok(keep(inner, catalog, vec![deployed.write_lanes(EntryBuilder::new(kind::PROGRESS, &[]))])?)
    }

    /// Whether a definition would be taken.
    fn try_out(&self, spec: &PipeSpec, stack: &str) -> Result<(), PipeRefused> {
        self.put_into(&mut (*self.inner.catalog()).clone(), spec, stack).map(drop)
    }

    fn put_into(&self, catalog: &mut Catalog, spec: &PipeSpec, stack: &str) -> Result<Deployed, PipeRefused> {
        let inner = &self.inner;
        let known = inner.known_progress(catalog)?;
        let done = |pipe, lane| known.get(&(pipe, lane)).copied().unwrap_or_default();
        let has_log_group = |name: &LogGroupName| inner.has_log_group(name.as_str());
        let mut deployed = Deployed::default();
        catalog.put_pipe(spec, stack, inner.standing(&done, &has_log_group), &mut deployed)?;
        Ok(deployed)
    }
}
