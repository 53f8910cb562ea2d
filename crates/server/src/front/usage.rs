//! Decides how what was used of plans outlasts the server: a document for each key, and one for the stage.
//!
//! While requests come, what changed is kept every second, with room for what comes next; so a crash gives nobody more
//! than their plan. A request that finds no room left waits until there is.

use engine::{Document, Documents, Engine, WriteRefused};
use gateway::limits::{Ask, Kept, KeptKey, Usage, Verdict};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How often what changed is kept.
const EVERY: Duration = Duration::from_secs(1);
/// The name of the document of what is not a key's.
const STAGE: &str = "stage";
/// What the names of keys' documents begin with.
const KEY: &str = "key/";

/// What was used of plans.
pub(crate) struct Meter {
    documents: Documents,
    usage: Mutex<Usage>,
    /// Held while something is being kept, so that later rows come later.
    keeping: Mutex<()>,
    /// How often something was kept.
    rounds: AtomicU64,
}

impl Meter {
    /// Reads what was used.
    pub(crate) fn open(engine: &Engine) -> Result<Self, WriteRefused> {
        let documents = engine.documents();
        let (mut stage, mut keys) = (None, Vec::new());
        for (name, bytes) in documents.all(Document::Usage)? {
            match name.strip_prefix(KEY) {
                Some(_) => keys.extend(serde_json::from_slice::<KeptKey>(&bytes).ok()),
                None => stage = serde_json::from_slice::<Kept>(&bytes).ok(),
            }
        }
        let now = engine::now();
        let usage = match stage {
            Some(mut kept) => {
                kept.keys = keys;
                Usage::restore(kept, now)
            }
            None => Usage::default(),
        };
        let meter = Self { documents, usage: Mutex::new(usage), keeping: Mutex::default(), rounds: AtomicU64::new(0) };
        // A crash from now on is not to be taken for the orderly end before.
        meter.keep(false)?;
        Ok(meter)
    }

    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a request, or says why not.
    pub(crate) fn take(&self, ask: &Ask<'_>) -> Verdict {
        self.lock().decide(ask, engine::now())
    }

    /// Makes room for further requests; waits for the disk.
    pub(crate) fn reserve(&self) -> Result<(), WriteRefused> {
        let before = self.rounds.load(Ordering::Acquire);
        tokio::task::block_in_place(|| {
            let keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
            // Somebody else has made room while this one waited.
            if self.rounds.load(Ordering::Acquire) != before { Ok(()) } else { self.keep_under(&keeping, false) }
        })
    }

    /// Keeps what was used, at the end.
    pub(crate) fn close(&self) -> Result<(), WriteRefused> {
        self.keep(true)
    }

    fn keep(&self, orderly: bool) -> Result<(), WriteRefused> {
        self.keep_under(&self.keeping.lock().unwrap_or_else(PoisonError::into_inner), orderly)
    }

    fn keep_under(&self, _keeping: &MutexGuard<'_, ()>, orderly: bool) -> Result<(), WriteRefused> {
        let now = engine::now();
        let kept = if orderly { self.lock().close(now) } else { self.lock().keep(now) };
        let row = |row: &KeptKey| (format!("{KEY}{}", row.id), serde_json::to_vec(row).expect("a row is plain data"));
        let mut rows: Vec<(String, Vec<u8>)> = kept.keys.iter().map(row).collect();
        let mut head = kept.clone();
        head.keys.clear();
        rows.push((STAGE.to_owned(), serde_json::to_vec(&head).expect("a head is plain data")));
        let documents: Vec<(&str, Option<&[u8]>)> =
            rows.iter().map(|(name, bytes)| (name.as_str(), Some(bytes.as_slice()))).collect();
        self.documents.keep_blocking(Document::Usage, &documents)?;
        self.lock().kept(&kept);
        self.rounds.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Keeps what changes, until `stop` says so.
    pub(crate) async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut before = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.changed() => return,
            }
            let asked = self.asked();
            if before == Some(asked) {
                continue;
            }
            before = Some(asked);
            if let Err(error) = self.reserve() {
                engine::complain!("orderflow: what was used of plans is not kept for now: {error}");
            }
        }
    }

    /// Changes when anything was taken.
    fn asked(&self) -> u64 {
        self.lock().taken()
    }
}
