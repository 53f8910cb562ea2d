//! One table's decisions: keys and conditions in, change records out.
