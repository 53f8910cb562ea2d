//! A template becomes the resources to run.
