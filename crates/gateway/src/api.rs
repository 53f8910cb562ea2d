//! Decides nothing: an API as it was read, in the words of this crate.
//!
//! Start at [`Api`]; [`crate::openapi`] makes one.

use crate::answer::Header;
use crate::cors::Cors;
use crate::fault::Fault;
use crate::keys::Scope;
use crate::mock::Mock;
use crate::responses::GatewayResponses;
use crate::route::{Method, RouteId, Table};
use crate::schema::{SchemaId, Schemas};
use std::time::Duration;
use types::{Arn, FunctionName};

/// An API: its routes and what holds for all of them.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its title.
    pub title: Box<str>,
    /// In the order of the document's paths.
    pub routes: Vec<Route>,
    /// What of the document has a meaning on AWS only.
    pub notes: Vec<Fault>,
    pub(crate) table: Table,
    pub(crate) schemas: Schemas,
    pub(crate) responses: GatewayResponses,
    pub(crate) binary_media_types: Box<[Box<str>]>,
    /// What holds for answers of no route: set if all paths say the same.
    pub(crate) cors: Option<Cors>,
}

/// One method of one path.
#[derive(Debug, Clone)]
pub struct Route {
    /// Nothing: every method that the path has no other route for.
    pub method: Option<Method>,
    /// The template of the path: `/orders/{id}`.
    pub resource: Box<str>,
    /// What the document calls it.
    pub operation: Option<Box<str>>,
    /// Who answers.
    pub integration: Integration,
    /// Whether a request needs a key.
    pub key_required: bool,
    /// What the key must be allowed, all of it.
    pub scopes: Box<[Scope]>,
    /// Whether the answer is a stream of events.
    pub is_stream: bool,
    /// Parameters that the document names.
    pub parameters: Box<[Parameter]>,
    /// Whether parameters are checked.
    pub checks_parameters: bool,
    /// Whether the body is checked.
    pub checks_body: bool,
    /// What the document says of the body.
    pub body: Option<BodyRule>,
    /// The most bytes of a body, where the document says so (`x-orderflow-body-max`).
    pub body_max: Option<u64>,
    /// By which parameters answers in the cache differ.
    pub cache_keys: Box<[CacheKeyPart]>,
    pub(crate) cors: Option<Cors>,
}

/// Who answers a route.
#[derive(Debug, Clone)]
pub enum Integration {
    /// A function.
    Function(Function),
    /// The gateway itself, always the same.
    Mock(Mock),
}

/// A function that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// As the document has it, with its qualifier if there is one.
    pub arn: Arn,
    /// Its name alone.
    pub name: FunctionName,
    /// How long it may take.
    pub timeout: Duration,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// A header.
    Header,
}

impl Place {
    /// `query`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// A parameter of a route.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Where it stands.
    pub place: Place,
    /// Its name; of headers the case says nothing.
    pub name: Box<str>,
    /// Whether a request must have it.
    pub is_required: bool,
    pub(crate) schema: Option<SchemaId>,
}

/// What is said of a body.
#[derive(Debug, Clone)]
pub struct BodyRule {
    /// Whether there must be one.
    pub is_required: bool,
    pub(crate) content: Box<[(Box<str>, Option<SchemaId>)]>,
}

/// A parameter by which cached answers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheKeyPart {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: Box<str>,
}

impl Api {
    /// A route by its id.
    pub fn route(&self, id: RouteId) -> &Route {
        &self.routes[id.0]
    }

    /// Whether bodies of this content type are bytes rather than text.
    pub fn is_binary(&self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or("").trim();
        self.binary_media_types.iter().any(|had| match had.strip_suffix("/*") {
            Some("*") => true,
            Some(kind) => essence.split_once('/').is_some_and(|(ours, _)| ours.eq_ignore_ascii_case(kind)),
            None => had.eq_ignore_ascii_case(essence),
        })
    }

    /// What lets a browser's page of another origin read the answers of a route.
    pub fn cors_headers(&self, route: Option<RouteId>, origin: Option<&str>) -> Vec<Header> {
        self.cors(route).map(|cors| cors.headers(origin)).unwrap_or_default()
    }

    pub(crate) fn cors(&self, route: Option<RouteId>) -> Option<&Cors> {
        match route {
            Some(id) => self.route(id).cors.as_ref(),
            None => self.cors.as_ref(),
        }
    }
}
