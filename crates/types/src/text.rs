//! Decides how a short text is kept: an attribute's name, a text value, a member of a set of texts.

/// A text of which up to 24 bytes lie in place, without memory of its own: so do most names, every status, and an
/// instant with its milliseconds, which has exactly 24.
pub type Text = compact_str::CompactString;
