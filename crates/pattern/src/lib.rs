//! The event-pattern language: parse, validate, match, explain.
