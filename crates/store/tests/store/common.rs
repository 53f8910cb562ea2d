//! What the store's tests share: small options, one-line commits, copies of directories.

use std::path::Path;
use std::sync::Arc;
use store::{
    Check, Class, Commit, Committed, Entry, EntryBuilder, Fatal, OpenError, OpenReport, Options, Refused, Seq, Space,
    Store,
};

pub(crate) const ITEMS: Space = Space::new(1);

pub(crate) fn small() -> Options {
    Options {
        segment_bytes: 4096,
        ahead_bytes: 1000,
        seal_bytes: 2048,
        ballast_bytes: 0,
        block_cache_bytes: 1 << 20,
        ..Options::default()
    }
}

pub(crate) fn try_open(directory: &Path, options: Options) -> Result<(Store<u64>, OpenReport), OpenError> {
    Store::open(directory, options, Box::new(|_| {}), |fatal: &Fatal| eprintln!("fatal: {fatal}"))
}

pub(crate) fn open(directory: &Path, options: Options) -> Store<u64> {
    try_open(directory, options).unwrap().0
}

pub(crate) fn put(key: &[u8], value: &[u8]) -> Entry {
    EntryBuilder::new(7, value).put_range(ITEMS, key, 0..value.len()).finish().unwrap()
}

pub(crate) fn delete(key: &[u8]) -> Entry {
    EntryBuilder::new(8, b"gone").delete(ITEMS, key).finish().unwrap()
}

pub(crate) fn commit(store: &Store<u64>, entries: Vec<Entry>) -> Result<Committed, Refused> {
    commit_checked(store, entries, Vec::new())
}

pub(crate) fn commit_checked(
    store: &Store<u64>,
    entries: Vec<Entry>,
    checks: Vec<Check>,
) -> Result<Committed, Refused> {
    store.commit_wait(Commit { entries, checks, class: Class::Client, attachment: 0 })
}

pub(crate) fn value(store: &Store<u64>, key: &[u8]) -> Option<Vec<u8>> {
    store.get(ITEMS, key).unwrap().map(|(_, value)| value.to_vec())
}

pub(crate) fn log_entries(store: &Store<u64>, from: Seq) -> Vec<(Seq, u8, Vec<u8>)> {
    let mut reader = store.log_from(from).unwrap();
    let mut all = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        all.push((entry.seq, entry.kind(), entry.record().to_vec()));
    }
    all
}

pub(crate) fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The segments of a directory's log, the oldest first.
pub(crate) fn segments(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(directory.join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    all.sort();
    all
}

/// A clock that the test moves.
pub(crate) fn clock(at: &Arc<std::sync::atomic::AtomicU64>) -> store::Clock {
    let at = at.clone();
    Arc::new(move || at.load(std::sync::atomic::Ordering::Relaxed))
}
