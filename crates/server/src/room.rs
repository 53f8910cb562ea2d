//! Decides how an operator hears that the disk is full, and that it no longer is: once each, before anybody asks.

use engine::Engine;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked; the engine asks the disk as often.
const EVERY: Duration = Duration::from_secs(1);

/// Why no orders are taken while the disk is full.
pub(crate) const FULL: &str = "the disk is full (less than 128 MB of it are free, which what was taken in needs): orders are \
                               shown, and not taken";

/// Looks until `stop` says so.
pub(crate) async fn watch(engine: Arc<Engine>, mut stop: watch::Receiver<bool>) {
    let mut had_room = true;
    loop {
        let has_room = engine.takes_writes();
        match (had_room, has_room) {
            (true, false) => engine::complain!("orderflow: {FULL}; make room, and they are taken again by themselves"),
            (false, true) => engine::complain!("orderflow: there is room on the disk again: orders are taken"),
            (true, true) | (false, false) => {}
        }
        had_room = has_room;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}
