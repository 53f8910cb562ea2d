//! Decides when changes leave the overlay for the index.
//!
//! Start at [`Applier::run`]. Whole tables go, the oldest first, and only when all of a table is durable in
//! the log: the index never has what the log could lose.

use crate::Fatal;
use crate::index::Index;
use crate::overlay::{Overlay, Table};
use crate::progress::Progress;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Applier {
    pub(crate) overlay: Arc<Overlay>,
    pub(crate) index: Arc<Index>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) seal_bytes: usize,
    pub(crate) directory: PathBuf,
}

impl Applier {
    pub(crate) fn run(self) {
        while self.overlay.wait_for_work(self.seal_bytes) && !self.progress.failed() {
            let table = self.overlay.seal();
            if !self.wait_until_durable(&table) {
                return;
            }
            if let Err(what) = self.apply(&table) {
                self.progress.fail(Fatal::Index { directory: self.directory.clone(), what });
                return;
            }
        }
    }

    fn apply(&self, table: &Arc<Table>) -> Result<(), String> {
        let last = table.last();
        if last > self.progress.applied() {
            self.index.wait_for_merging(|| self.progress.failed())?;
            self.index.ingest(table, last)?;
        }
        self.overlay.remove(table);
        self.progress.set_applied(last);
        Ok(())
    }

    /// The group that is being synced may be in the table; false if it never will be durable.
    fn wait_until_durable(&self, table: &Table) -> bool {
        while table.last() > self.progress.durable() {
            if self.progress.failed() {
                return false;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        true
    }
}
