//! Decides what is kept of a stack that is deployed, and what of that is read again.
//!
//! All of it is kept ([`Stack::to_json`]), so that a later version may ask for more. What is read again ([`Kept`]) is
//! what the next version could lose ([`crate::refusals`]), and what API keys can be made for: to read every type of
//! resource takes half a megabyte of code.

use crate::stack::{EventArchive, FunctionVersion, Pipe, Queue, Resource, Stack, Table};
use serde::Deserialize;
use serde_json::Value as Json;

/// What is read again of a stack that is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kept {
    pub(crate) tables: Vec<Resource<Table>>,
    pub(crate) queues: Vec<Resource<Queue>>,
    pub(crate) pipes: Vec<Resource<Pipe>>,
    #[serde(default)]
    pub(crate) versions: Vec<Resource<FunctionVersion>>,
    #[serde(default)]
    pub(crate) archives: Vec<Resource<EventArchive>>,
    #[serde(default)]
    apis: Vec<KeptResource>,
}

/// An API among what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct KeptResource {
    spec: KeptApi,
}

/// What is read again of an API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeptApi {
    /// The OpenAPI document with AWS's extensions.
    pub body: Json,
    plans: Vec<KeptPlan>,
}

/// What is read again of a usage plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct KeptPlan {
    name: String,
}

impl Stack {
    /// What is kept of it.
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).expect("a stack has text keys alone")
    }
}

impl Kept {
    /// Reads what [`Stack::to_json`] gave.
    ///
    /// # Errors
    /// When it was something else, or a version that kept something else wrote it.
    pub fn read(json: &Json) -> Result<Self, serde_json::Error> {
        Self::deserialize(json)
    }

    /// The APIs.
    pub fn apis(&self) -> impl Iterator<Item = &KeptApi> {
        self.apis.iter().map(|api| &api.spec)
    }
}

impl KeptApi {
    /// The names of the usage plans that let keys in, the usual one first.
    pub fn plans(&self) -> impl Iterator<Item = &str> {
        self.plans.iter().map(|plan| plan.name.as_str())
    }
}
