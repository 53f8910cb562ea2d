//! Decides what an OpenAPI 3 document with AWS's extensions asks for: the API of a template.
//!
//! Start at [`read`]. Paths and methods are read in `operation`, who answers them in `integration`; schemas are
//! compiled once for the whole document. A template's scalars may all be text, as CloudFormation allows.
//!
//! Invariant: every word of the document is understood, known to describe only, noted as meant for AWS only, or refused
//! by name and place. A document with a fault gives no API at all.

mod integration;
mod operation;

use crate::api::{Api, Integration};
use crate::cors::Cors;
use crate::fault::{Fault, bounded};
use crate::responses::GatewayResponses;
use crate::route::{Method, RouteId, Table};
use crate::schema::Compiler;
use serde_json::{Map, Value};

/// The most faults that are told of one document.
const FAULTS_MAX: usize = 100;

/// Reads a document; otherwise all that is wrong with it.
pub fn read(document: &Value) -> Result<Api, Vec<Fault>> {
    let mut reader = Reader { document, compiler: Compiler::new(document), faults: Vec::new(), notes: Vec::new() };
    let api = reader.api();
    let (schemas, of_schemas) = reader.compiler.finish();
    let mut faults = reader.faults;
    faults.extend(of_schemas);
    faults.truncate(FAULTS_MAX);
    if faults.is_empty() { Ok(Api { schemas, notes: reader.notes, ..api }) } else { Err(faults) }
}

struct Reader<'d> {
    document: &'d Value,
    compiler: Compiler<'d>,
    faults: Vec<Fault>,
    notes: Vec<Fault>,
}

/// What operations take from the document where they say nothing themselves.
struct Defaults<'d> {
    security: Option<&'d Value>,
    validator: Option<&'d Value>,
}

impl<'d> Reader<'d> {
    fn fault(&mut self, pointer: &str, detail: impl Into<String>) {
        self.faults.push(Fault { pointer: pointer.to_owned(), detail: detail.into() });
    }

    fn aws_only(&mut self, pointer: &str) {
        let detail = "this has a meaning on AWS only; here it changes nothing".to_owned();
        self.notes.push(Fault { pointer: pointer.to_owned(), detail });
    }

    fn unknown(&mut self, pointer: &str, word: &str) {
        self.fault(pointer, format!("{:?} is not known here; take it out, or check its spelling", bounded(word)));
    }

    /// Notes or refuses the extension of somebody: AWS's and our own are refused unless they were read before.
    fn other_word(&mut self, pointer: &str, word: &str) {
        let ours = word.starts_with("x-amazon-apigateway") || word.starts_with("x-orderflow");
        if ours || !word.starts_with("x-") {
            self.unknown(pointer, word);
        }
    }

    fn api(&mut self) -> Api {
        let mut api = Api {
            title: "".into(),
            routes: Vec::new(),
            notes: Vec::new(),
            table: Table::default(),
            schemas: Default::default(),
            responses: GatewayResponses::default(),
            binary_media_types: Box::default(),
            cors: None,
        };
        let Some(document) = self.document.as_object() else {
            self.fault("", "an OpenAPI document must be an object");
            return api;
        };
        let version = document.get("openapi").map(text_of).unwrap_or_default();
        if !(version.starts_with("3.0") || version.starts_with("3.1")) {
            self.fault(
                "/openapi",
                "this must be the version of OpenAPI that the document is written in: 3.0.1 or 3.1.0",
            );
        }
        let defaults = Defaults {
            security: document.get("security"),
            validator: document.get("x-amazon-apigateway-request-validator"),
        };
        for (word, value) in document {
            let at = format!("/{}", escaped(word));
            match word.as_str() {
                "openapi" | "security" | "x-amazon-apigateway-request-validator" => {}
                "info" => api.title = value.get("title").map(text_of).unwrap_or_default().into(),
                "paths" => self.paths(value, &defaults, &mut api),
                "components" => self.components(value, &at),
                "tags" | "externalDocs" | "jsonSchemaDialect" => {}
                "x-amazon-apigateway-request-validators" => self.validators(value, &at),
                "x-amazon-apigateway-gateway-responses" => match value.as_object() {
                    Some(all) => api.responses = GatewayResponses::read(all, &at, &mut self.faults, &mut self.notes),
                    None => self.fault(&at, "this must be an object of answers by kind"),
                },
                "x-amazon-apigateway-binary-media-types" => match strings(value) {
                    Some(types) => api.binary_media_types = types.into_iter().map(Into::into).collect(),
                    None => self.fault(&at, "this must be a list of content types"),
                },
                "x-amazon-apigateway-api-key-source" if value.as_str() == Some("HEADER") => {}
                "x-amazon-apigateway-api-key-source" => {
                    self.fault(&at, "keys are taken from the header x-api-key here: say HEADER");
                }
                "servers"
                | "x-amazon-apigateway-policy"
                | "x-amazon-apigateway-minimum-compression-size"
                | "x-amazon-apigateway-endpoint-configuration"
                | "x-amazon-apigateway-security-policy"
                | "x-amazon-apigateway-documentation"
                | "x-amazon-apigateway-tag-value" => self.aws_only(&at),
                other => self.other_word(&at, other),
            }
        }
        if !document.contains_key("paths") {
            self.fault("", "there are no paths; add `paths`");
        }
        self.give_cors(&mut api);
        api
    }

    fn paths(&mut self, paths: &'d Value, defaults: &Defaults<'d>, api: &mut Api) {
        let Some(paths) = paths.as_object() else {
            return self.fault("/paths", "this must be an object of paths");
        };
        for (template, item) in paths {
            let at = format!("/paths/{}", escaped(template));
            let Some(item) = item.as_object() else {
                self.fault(&at, "this must be an object of methods");
                continue;
            };
            for (word, value) in item {
                let at = format!("{at}/{}", escaped(word));
                let method = match word.as_str() {
                    "parameters" | "summary" | "description" => continue,
                    "servers" => {
                        self.aws_only(&at);
                        continue;
                    }
                    "x-amazon-apigateway-any-method" => None,
                    word => match Method::ALL.into_iter().find(|method| method.as_str().to_ascii_lowercase() == word) {
                        Some(method) => Some(method),
                        None => {
                            self.other_word(&at, word);
                            continue;
                        }
                    },
                };
                let Some(operation) = value.as_object() else {
                    self.fault(&at, "this must be an object that describes the method");
                    continue;
                };
                if let Some(route) = self.operation(template, method, operation, item, defaults, &at) {
                    if let Err(why) = api.table.add(method, template, RouteId(api.routes.len())) {
                        self.fault(&at, why.to_string());
                    }
                    api.routes.push(route);
                }
            }
        }
    }

    fn components(&mut self, components: &'d Value, at: &str) {
        for (word, value) in components.as_object().into_iter().flatten() {
            let at = format!("{at}/{}", escaped(word));
            match word.as_str() {
                // All schemas are compiled, so that one that nobody refers to yet is not wrong in silence.
                "schemas" => {
                    for (name, schema) in value.as_object().into_iter().flatten() {
                        self.compiler.add(schema, &format!("{at}/{}", escaped(name)));
                    }
                }
                // Read where they are referred to.
                "securitySchemes" | "parameters" | "requestBodies" => {}
                "responses" | "headers" | "examples" | "links" => {}
                other => self.other_word(&at, other),
            }
        }
    }

    fn validators(&mut self, validators: &'d Value, at: &str) {
        for (name, validator) in validators.as_object().into_iter().flatten() {
            for (word, value) in validator.as_object().into_iter().flatten() {
                let at = format!("{at}/{}/{}", escaped(name), escaped(word));
                match word.as_str() {
                    "validateRequestBody" | "validateRequestParameters" if truth(value).is_some() => {}
                    "validateRequestBody" | "validateRequestParameters" => {
                        self.fault(&at, "this must be true or false")
                    }
                    other => self.unknown(&at, other),
                }
            }
        }
    }

    /// Whether bodies and whether parameters are checked, by the name of a validator.
    fn validator(&mut self, name: Option<&Value>, at: &str) -> (bool, bool) {
        let Some(name) = name else { return (false, false) };
        let all = self.document.get("x-amazon-apigateway-request-validators");
        match name.as_str().and_then(|name| all.and_then(|all| all.get(name))) {
            Some(found) => {
                let says = |word: &str| found.get(word).and_then(truth) == Some(true);
                (says("validateRequestBody"), says("validateRequestParameters"))
            }
            None => {
                self.fault(at, "there is no validator of this name in x-amazon-apigateway-request-validators");
                (false, false)
            }
        }
    }

    /// What `$ref` refers to, and where that is; the value itself if it is no reference.
    fn followed(&mut self, value: &'d Value, at: &str) -> Option<(&'d Value, String)> {
        let Some(target) = value.get("$ref") else { return Some((value, at.to_owned())) };
        let place = target.as_str().and_then(|text| text.strip_prefix('#'));
        let document = self.document;
        match place.and_then(|place| document.pointer(place).map(|found| (found, place.to_owned()))) {
            Some((found, place)) if found.get("$ref").is_none() => Some((found, place)),
            _ => {
                self.fault(
                    &format!("{at}/$ref"),
                    "this must lead to something in this document that is no reference itself",
                );
                None
            }
        }
    }

    /// Every route of a path takes what the path's `OPTIONS` allows; answers of no route what all paths allow alike.
    fn give_cors(&mut self, api: &mut Api) {
        let mut found: Vec<(Box<str>, Cors)> = Vec::new();
        for route in &api.routes {
            if let (Some(Method::Options), Integration::Mock(mock)) = (route.method, &route.integration) {
                found.extend(Cors::of(mock).map(|cors| (route.resource.clone(), cors)));
            }
        }
        for route in &mut api.routes {
            route.cors = found.iter().find(|(resource, _)| *resource == route.resource).map(|(_, cors)| cors.clone());
        }
        if let Some((_, first)) = found.first()
            && found.iter().all(|(_, other)| first.allows_the_same(other))
        {
            api.cors = Some(first.clone());
        }
    }
}

/// A name as a part of a pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A boolean, or the text of one.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A whole number, or the text of one.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn strings(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// The members of an object, or none.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[cfg(test)]
pub(crate) mod tests;
