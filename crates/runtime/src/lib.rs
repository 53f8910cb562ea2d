//! Runs functions: the handlers that are built in.
