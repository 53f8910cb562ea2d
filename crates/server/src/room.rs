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
        if let Some(news) = news(had_room, has_room) {
            engine::complain!("orderflow: {news}");
        }
        had_room = has_room;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}

/// What is new since the last look, if anything is.
fn news(had_room: bool, has_room: bool) -> Option<String> {
    match (had_room, has_room) {
        (true, false) => Some(format!("{FULL}; make room, and they are taken again by themselves")),
        (false, true) => Some("there is room on the disk again: orders are taken".to_owned()),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        let looks = [true, true, false, false, false, true, true, false];
        let told: Vec<Option<String>> = looks.windows(2).map(|two| news(two[0], two[1])).collect();
        let about: Vec<&str> = told.iter().map(|news| news.as_deref().map_or("", |news| &news[..13])).collect();
        assert_eq!(about, ["", "the disk is f", "", "", "there is room", "", "the disk is f"]);
    }
}
