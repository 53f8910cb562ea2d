//! Decides how small things are kept that are neither items nor messages: API keys, what was used of their plans,
//! alarms, dashboards.
//!
//! A document is some bytes under a name, of a kind. What it says is its owner's to decide; here it is durable when
//! [`Documents::keep`] returns.

use crate::commit::{Commits, WriteRefused};
use crate::layout::{STATE, kind};
use store::{Class, Direction, EntryBuilder};

/// What a document is of. Written to disk: a name is never given a new meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A key to the public listener.
    ApiKey,
    /// What was used of a key's plan.
    Usage,
    /// An alarm and how it stands.
    Alarm,
    /// A dashboard.
    Dashboard,
    /// A filter of lines that are counted.
    LineFilter,
}

impl Document {
    const fn folder(self) -> &'static str {
        match self {
            Self::ApiKey => "document/api-key/",
            Self::Usage => "document/usage/",
            Self::Alarm => "document/alarm/",
            Self::Dashboard => "document/dashboard/",
            Self::LineFilter => "document/line-filter/",
        }
    }

    fn key(self, name: &str) -> Vec<u8> {
        [self.folder().as_bytes(), name.as_bytes()].concat()
    }
}

/// The documents of a data directory.
#[derive(Clone)]
pub struct Documents {
    commits: Commits,
}

impl Documents {
    pub(crate) fn new(commits: Commits) -> Self {
        Self { commits }
    }

    /// All documents of a kind, by name.
    pub fn all(&self, of: Document) -> Result<Vec<(String, Vec<u8>)>, WriteRefused> {
        let snapshot = self.commits.store.snapshot();
        let folder = of.folder().as_bytes();
        let mut found = Vec::new();
        for document in snapshot.prefix(STATE, folder, Direction::Forward) {
            let store::Item { key, value, .. } = document?;
            found.push((String::from_utf8_lossy(&key[folder.len()..]).into_owned(), value.to_vec()));
        }
        Ok(found)
    }

    /// Keeps documents under these names, each in place of what was there; one without bytes goes.
    pub async fn keep(&self, of: Document, documents: &[(&str, Option<&[u8]>)]) -> Result<(), WriteRefused> {
        let commit = self.commits.commit(vec![entry(of, documents)], Vec::new(), Vec::new(), Class::Engine);
        commit.await.map(drop)
    }

    /// The same, on a thread that may wait.
    pub fn keep_blocking(&self, of: Document, documents: &[(&str, Option<&[u8]>)]) -> Result<(), WriteRefused> {
        self.commits.commit_one_blocking(entry(of, documents)).map(drop)
    }
}

fn entry(of: Document, documents: &[(&str, Option<&[u8]>)]) -> EntryBuilder {
    documents.iter().fold(EntryBuilder::new(kind::DOCUMENT, &[]), |entry, (name, bytes)| match bytes {
        Some(bytes) => entry.put(STATE, &of.key(name), bytes),
        None => entry.delete(STATE, &of.key(name)),
    })
}
