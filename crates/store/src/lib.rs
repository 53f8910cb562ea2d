//! Bytes on one disk: the log that is the truth, the index derived from it, recovery.
