//! Decides how handlers' events reach the engine's buses.

use engine::Engine;
use engine::events::Entry;
use orders::events::{Event, Events, NoneTaken, NotTaken};
use std::sync::Weak;

/// The buses of an engine.
#[derive(Clone)]
pub struct EngineEvents {
    engine: Weak<Engine>,
}

impl EngineEvents {
    /// The buses of this engine, as long as it is there.
    pub fn new(engine: &Weak<Engine>) -> Self {
        Self { engine: Weak::clone(engine) }
    }
}

/// An event as buses take it.
pub(crate) fn entry(event: Event) -> Entry {
    Entry {
        source: Some(event.source),
        detail_type: Some(event.detail_type),
        detail: Some(event.detail.to_string()),
        bus: event.bus,
        ..Entry::default()
    }
}

impl Events for EngineEvents {
    fn put(&self, events: &[Event]) -> Result<Vec<Result<String, NotTaken>>, NoneTaken> {
        let engine = self.engine.upgrade().ok_or_else(|| NoneTaken("the engine is stopping".to_owned()))?;
        let entries = events.iter().cloned().map(entry).collect();
        let put = engine.put_events_blocking(entries).map_err(|error| NoneTaken(error.to_string()))?;
        let answers = put.into_iter().map(|put| match put {
            Ok(id) => Ok(id.to_string()),
            Err(refused) => Err(NotTaken { code: refused.code().to_owned(), message: refused.to_string() }),
        });
        Ok(answers.collect())
    }
}
