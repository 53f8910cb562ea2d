//! Decides what one method of one path asks for: parameters, body, key, scopes, validator, and our own extensions.

use super::{Defaults, Reader, escaped, members, strings, text_of, truth, whole};
use crate::api::{BodyRule, Parameter, Place, Route};
use crate::fault::bounded;
use crate::keys::Scope;
use crate::route::Method;
use serde_json::{Map, Value};

/// The header that keys are sent in.
const KEY_HEADER: &str = "x-api-key";
/// What describes a parameter or a body without asking anything of it.
const WITHOUT_EFFECT: [&str; 4] = ["description", "deprecated", "example", "examples"];

impl<'d> Reader<'d> {
    pub(super) fn operation(
        &mut self,
        template: &str,
        method: Option<Method>,
        operation: &'d Map<String, Value>,
        item: &'d Map<String, Value>,
        defaults: &Defaults<'d>,
        at: &str,
    ) -> Option<Route> {
        for word in operation.keys() {
            let at = format!("{at}/{}", escaped(word));
            match word.as_str() {
                "operationId" | "summary" | "description" | "tags" | "deprecated" | "externalDocs" | "responses" => {}
                "parameters" | "requestBody" | "security" => {}
                "x-amazon-apigateway-integration" | "x-amazon-apigateway-request-validator" => {}
                "x-orderflow-scope" | "x-orderflow-stream" | "x-orderflow-body-max" => {}
                "servers" => self.aws_only(&at),
                "x-amazon-apigateway-auth" if operation[word].get("type").and_then(Value::as_str) == Some("NONE") => {}
                other => self.other_word(&at, other),
            }
        }
        let validator_at = format!("{at}/x-amazon-apigateway-request-validator");
        let validator = operation.get("x-amazon-apigateway-request-validator").or(defaults.validator);
        let (checks_body, checks_parameters) = self.validator(validator, &validator_at);
        let parameters = self.parameters(template, operation, item, at);
        let body = operation.get("requestBody").and_then(|body| self.body(body, &format!("{at}/requestBody")));
        let security = operation.get("security").map(|security| (security, format!("{at}/security")));
        let security = security.or_else(|| defaults.security.map(|security| (security, "/security".to_owned())));
        let key_required = security.is_some_and(|(security, at)| self.needs_key(security, &at));
        let scopes = self.scopes(operation, at);
        if !scopes.is_empty() && !key_required {
            self.fault(
                &format!("{at}/x-orderflow-scope"),
                "a scope needs a key: add the API key's scheme to `security`",
            );
        }
        let is_stream = match operation.get("x-orderflow-stream") {
            None => false,
            Some(value) => truth(value).unwrap_or_else(|| {
                self.fault(&format!("{at}/x-orderflow-stream"), "this must be true or false");
                false
            }),
        };
        let body_max = operation.get("x-orderflow-body-max").map(|value| {
            whole(value).unwrap_or_else(|| {
                self.fault(&format!("{at}/x-orderflow-body-max"), "this must be a number of bytes");
                0
            })
        });
        let (integration, cache_keys) = self.integration(operation, &parameters, at)?;
        Some(Route {
            method,
            resource: template.into(),
            operation: operation.get("operationId").map(|id| text_of(id).into()),
            integration,
            key_required,
            scopes,
            is_stream,
            parameters: parameters.into(),
            checks_parameters,
            checks_body,
            body,
            body_max,
            cache_keys: cache_keys.into(),
            cors: None,
        })
    }

    /// Those of the method, and those of the path that the method does not name itself.
    fn parameters(
        &mut self,
        template: &str,
        operation: &'d Map<String, Value>,
        item: &'d Map<String, Value>,
        at: &str,
    ) -> Vec<Parameter> {
        let mut found: Vec<Parameter> = Vec::new();
        let above = at.rsplit_once('/').map_or(at, |(above, _)| above);
        for (owner, at) in [(operation, at), (item, above)] {
            let Some(all) = owner.get("parameters") else { continue };
            let at = format!("{at}/parameters");
            let Some(all) = all.as_array() else {
                self.fault(&at, "this must be a list of parameters");
                continue;
            };
            for (index, parameter) in all.iter().enumerate() {
                let Some((parameter, place)) = self.followed(parameter, &format!("{at}/{index}")) else { continue };
                let Some(parameter) = self.parameter(parameter, &place) else { continue };
                let same = |had: &Parameter| had.place == parameter.place && had.name == parameter.name;
                if !found.iter().any(same) {
                    if parameter.place == Place::Path && !stands_in(template, &parameter.name) {
                        self.fault(&place, "the path has no place of this name");
                    }
                    found.push(parameter);
                }
            }
        }
        found
    }

    fn parameter(&mut self, parameter: &'d Value, at: &str) -> Option<Parameter> {
        let name = parameter.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let Some(name) = name else {
            self.fault(at, "a parameter must have a name");
            return None;
        };
        let place = match parameter.get("in").and_then(Value::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            _ => {
                self.fault(&format!("{at}/in"), "a parameter stands in path, query or header");
                return None;
            }
        };
        let mut schema = None;
        for (word, value) in members(parameter) {
            let at = format!("{at}/{}", escaped(word));
            match word.as_str() {
                "name" | "in" => {}
                "required" if truth(value).is_some() => {}
                "required" => self.fault(&at, "this must be true or false"),
                "schema" => {
                    let target = self.followed(value, &at).map(|(target, _)| target);
                    if target
                        .and_then(|target| target.get("type"))
                        .is_some_and(|kind| kind == "array" || kind == "object")
                    {
                        self.fault(&at, "parameters are single values here; take a list or an object into the body");
                    }
                    schema = Some(self.compiler.add(value, &at));
                }
                "style" if matches!(value.as_str(), Some("simple" | "form")) => {}
                "explode" | "allowEmptyValue" => {}
                other if WITHOUT_EFFECT.contains(&other) => {}
                other => self.other_word(&at, other),
            }
        }
        let is_required = place == Place::Path || parameter.get("required").and_then(truth) == Some(true);
        Some(Parameter { place, name: name.into(), is_required, schema })
    }

    fn body(&mut self, body: &'d Value, at: &str) -> Option<BodyRule> {
        let (body, at) = self.followed(body, at)?;
        let mut content: Vec<(Box<str>, _)> = Vec::new();
        for (word, value) in members(body) {
            let at = format!("{at}/{}", escaped(word));
            match word.as_str() {
                "required" if truth(value).is_some() => {}
                "content" => {
                    for (kind, media) in members(value) {
                        let at = format!("{at}/{}", escaped(kind));
                        let mut schema = None;
                        for (word, value) in members(media) {
                            let at = format!("{at}/{}", escaped(word));
                            match word.as_str() {
                                "schema" if is_json(kind) => schema = Some(self.compiler.add(value, &at)),
                                "schema" => {
                                    self.fault(&at, "only JSON is checked by a schema; leave it out for other types")
                                }
                                other if WITHOUT_EFFECT.contains(&other) => {}
                                other => self.other_word(&at, other),
                            }
                        }
                        content.push((kind.to_ascii_lowercase().into(), schema));
                    }
                }
                other if WITHOUT_EFFECT.contains(&other) => {}
                other => self.other_word(&at, other),
            }
        }
        if content.is_empty() {
            self.fault(&at, "a body must say which types it may have, in `content`");
        }
        Some(BodyRule { is_required: body.get("required").and_then(truth) == Some(true), content: content.into() })
    }

    fn needs_key(&mut self, security: &'d Value, at: &str) -> bool {
        let Some(all) = security.as_array() else {
            self.fault(at, "this must be a list of schemes");
            return false;
        };
        let mut needed = false;
        for (index, one) in all.iter().enumerate() {
            let at = format!("{at}/{index}");
            if all.len() > 1 || one.as_object().is_none_or(|one| one.len() != 1) {
                self.fault(&at, "exactly one scheme is understood here: that of the API key; or none at all: []");
            }
            for (name, _) in members(one) {
                let document = self.document;
                let scheme =
                    document.get("components").and_then(|all| all.get("securitySchemes")).and_then(|all| all.get(name));
                let is = |word: &str, wanted: &str| {
                    let said = scheme.and_then(|scheme| scheme.get(word)).and_then(Value::as_str);
                    said.is_some_and(|said| said.eq_ignore_ascii_case(wanted))
                };
                let other = scheme.is_some_and(|scheme| scheme.get("x-amazon-apigateway-authorizer").is_some());
                if is("type", "apiKey") && is("in", "header") && is("name", KEY_HEADER) && !other {
                    needed = true;
                } else {
                    let what = format!(
                        "the scheme {:?} is not understood here; say type apiKey, name {KEY_HEADER}, in header",
                        bounded(name)
                    );
                    self.fault(&at, what);
                }
            }
        }
        needed
    }

    fn scopes(&mut self, operation: &Map<String, Value>, at: &str) -> Box<[Scope]> {
        let at = format!("{at}/x-orderflow-scope");
        let Some(value) = operation.get("x-orderflow-scope") else { return Box::default() };
        let names = value.as_str().map(|one| one.split_whitespace().collect()).or_else(|| strings(value));
        let names: Vec<&str> = names.unwrap_or_default();
        let right = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        if names.is_empty() || !names.iter().all(right) {
            self.fault(&at, "this must be a scope such as orders:write, or a list of scopes");
        }
        names.into_iter().map(Scope::new).collect()
    }
}

/// Whether the path has `{name}` or `{name+}`.
fn stands_in(template: &str, name: &str) -> bool {
    template.split('/').any(|part| {
        let inner = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        inner.is_some_and(|inner| inner.strip_suffix('+').unwrap_or(inner) == name)
    })
}

/// Whether a content type is JSON.
pub(crate) fn is_json(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}
