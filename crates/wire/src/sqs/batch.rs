//! Decides what a batch must be like as a whole, and what makes only one of its entries fail.
//!
//! A batch that lacks something is refused whole. So is one whose entries cannot be told apart. Anything else that is
//! wrong with an entry is its own, and is answered beside the entries that went well.

use super::{Code, WireError};
use crate::members::Members;
use std::collections::BTreeSet;

/// The most entries that a batch may have.
const ENTRIES_MAX: usize = 10;
const ID_MAX: usize = 80;

/// One entry of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<T> {
    /// By what the answer names it.
    pub id: String,
    /// What it asks for, or what is wrong with it: then [`super::Failure::Faulty`] answers it.
    pub asked: Result<T, WireError>,
}

/// Reads the entries of a batch. `kind` is the operation's name for them, without the end that all have in common.
pub(super) fn entries<'a, T>(
    members: Members<'a>,
    kind: &str,
    read: impl Fn(Members<'a>) -> Result<T, WireError>,
) -> Result<Vec<Entry<T>>, WireError> {
    let given = members.objects("Entries")?.unwrap_or_default();
    if given.is_empty() {
        let message = format!("There should be at least one {kind}RequestEntry in the request.");
        return Err(WireError::new(Code::EmptyBatchRequest, message));
    }
    if given.len() > ENTRIES_MAX {
        let message =
            format!("Maximum number of entries per request are {ENTRIES_MAX}. You have sent {}.", given.len());
        return Err(WireError::new(Code::TooManyEntriesInBatchRequest, message));
    }
    let mut ids = BTreeSet::new();
    let mut repeated = None;
    for entry in &given {
        let id = entry.text("Id")?.unwrap_or("");
        if !is_id(id) {
            let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can \
                           be at most 80 letters long.";
            return Err(WireError::new(Code::InvalidBatchEntryId, message));
        }
        if !ids.insert(id) {
            repeated.get_or_insert(id);
        }
    }
    if let Some(id) = repeated {
        return Err(WireError::new(Code::BatchEntryIdsNotDistinct, format!("Id {id} repeated.")));
    }
    let entry = |entry: Members<'a>| {
        let id = entry.text("Id")?.unwrap_or("").to_owned();
        match read(entry) {
            Err(error) if matches!(error.code, Code::MissingParameter | Code::Serialization) => Err(error),
            asked => Ok(Entry { id, asked }),
        }
    };
    given.into_iter().map(entry).collect()
}

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=ID_MAX).contains(&text.len()) && text.bytes().all(allowed)
}
