//! What an API does with a request: route, key, plan, limits, validation, cache, CORS, problem documents.
//!
//! Nothing here waits, reads a clock or touches a disk: the shell brings a request, its time and what is known, and does
//! what the answer says. [`openapi::read`] makes an [`api::Api`] of a template's document; [`admission::Stage::admit`]
//! decides about the head of a request, [`admission::Stage::check_body`] about its body; [`problem::answer`] tells a
//! refusal.

pub mod access;
pub mod admission;
pub mod answer;
pub mod api;
pub mod cache;
mod cors;
pub mod fault;
pub mod keys;
pub mod limits;
mod mock;
pub mod openapi;
pub mod problem;
pub mod proxy;
mod responses;
pub mod route;
pub mod schema;
