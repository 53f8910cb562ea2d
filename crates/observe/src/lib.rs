//! What functions print: what is kept, for how long, and found again by a filter.
