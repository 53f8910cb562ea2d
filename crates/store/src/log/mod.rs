//! Decides how the log lies on disk: segments of groups of entries, each group checksummed.
//!
//! Start at [`layout`] for the bytes, [`append`] for the one writer, [`recover`] for what a start
//! does with what it finds. [`scan`] is the only code that takes groups apart again; everything
//! that reads the log goes through it.
//!
//! Always holds: segments follow one another without a gap; a group is visible to readers only
//! when it is durable; the newest segment is the only one that is written.

pub(crate) mod append;
pub(crate) mod layout;
pub(crate) mod reader;
pub(crate) mod recover;
pub(crate) mod scan;
pub(crate) mod segments;
pub(crate) mod verify;
