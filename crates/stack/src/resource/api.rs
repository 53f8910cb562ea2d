//! `AWS::ApiGateway::RestApi`, `Deployment`, `GatewayResponse` and `Account`.
//!
//! Of the document only what ties it to the stack is read: every method has an integration, and the function of an
//! integration is one of this template. What the document means otherwise decides whoever serves it.

use super::{Context, function_reference};
use crate::apis::{Deployment, GatewayResponse, RestApi, Route, response_json};
use crate::findings::{Findings, Path, Sort, did_you_mean};
use crate::identity::{Identity, ResourceType};
use crate::node::{Entry, Node, find};
use crate::properties::{Properties, one_of};

/// The keys of a path that are methods.
const METHODS: [&str; 8] =
    ["get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"];
/// Where a method says what answers it.
const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The responses that a gateway makes itself.
const RESPONSE_TYPES: [&str; 21] = [
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_PARAMETERS",
    "BAD_REQUEST_BODY",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
];

pub(crate) fn read(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &mut Context<'_>,
) -> Option<RestApi> {
    let name = properties.text("Name", 1..=255);
    properties.text("Description", 0..=1024);
    properties.choice("ApiKeySourceType", &[("HEADER", ())]);
    properties.choice("Mode", &[("overwrite", ()), ("merge", ())]);
    properties.boolean("FailOnWarnings");
    let tags = properties.tag_list("Tags");
    context.without_effect(properties, "EndpointConfiguration", "there is one address, the public listener's");
    context.without_effect(properties, "SecurityPolicy", "there is one address, the public listener's");
    context.without_effect(properties, "EndpointAccessMode", "there is one address, the public listener's");
    properties.count("MinimumCompressionSize", 0..=10_485_760);
    context.without_effect(properties, "MinimumCompressionSize", "answers are not compressed");
    properties.refuse("BodyS3Location", "nothing is read from S3; write the document in Body");
    properties.refuse("CloneFrom", "write the document in Body");
    properties.refuse("Parameters", "they belong to the import of a document; write it as it should be");
    properties.refuse("BinaryMediaTypes", "bodies are text");
    properties.refuse("Policy", "keys and usage plans decide who may call");
    properties.refuse("DisableExecuteApiEndpoint", "there is no other address");
    let Some(body) = properties.node("Body") else {
        let message = "an API without a `Body` is not run here";
        let hint = "write it as an OpenAPI document with x-amazon-apigateway-integration at each method".to_owned();
        properties.not_run("Body", Sort::FeatureNotRun, message, Some(hint));
        return None;
    };
    let path = properties.path().key("Body");
    let routes = Document { context, findings: properties.findings }.read(body, &path)?;
    let body = body.to_json();
    let title = body.pointer("/info/title").and_then(serde_json::Value::as_str).map(str::to_owned);
    let name = name.or(title).unwrap_or_else(|| identity.name.clone());
    Some(RestApi { name, id: identity.reference.clone(), body, routes, tags })
}

/// Reads what an OpenAPI document asks of the stack.
struct Document<'d, 'c> {
    context: &'d Context<'c>,
    findings: &'d mut Findings,
}

impl Document<'_, '_> {
    /// The routes that call functions; `None` if something of the document's frame is wrong.
    fn read(mut self, body: &Node, path: &Path<'_>) -> Option<Vec<Route>> {
        let entries = self.map(body, path)?;
        if find(entries, "openapi").is_none() && find(entries, "swagger").is_none() {
            self.findings.add(body.at, path, "is not an OpenAPI document: it says no version in `openapi`");
            return None;
        }
        if let Some(responses) = find(entries, "x-amazon-apigateway-gateway-responses") {
            self.map(&responses.value, &path.key(&responses.key))?;
        }
        let Some(paths) = find(entries, "paths") else {
            self.findings.add(body.at, path, "is not an OpenAPI document: it has no `paths`");
            return None;
        };
        let path = path.key("paths");
        let mut routes = Vec::new();
        for Entry { key, key_at, value } in self.map(&paths.value, &path)? {
            let path = path.key(key);
            if !key.starts_with('/') {
                // Extensions may stand beside the paths.
                if !key.starts_with("x-") {
                    self.findings.add(*key_at, &path, "a path begins with `/`");
                }
                continue;
            }
            for method in self.map(value, &path)? {
                if METHODS.contains(&method.key.as_str()) {
                    routes.extend(self.method(key, method, &path.key(&method.key)));
                }
            }
        }
        Some(routes)
    }

    fn map<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> Option<&'n [Entry]> {
        if node.as_map().is_none() {
            self.findings.add(node.at, path, format!("must be a map, not {}", node.what()));
        }
        node.as_map()
    }

    /// The route of a method that a function answers.
    fn method(&mut self, of_path: &str, method: &Entry, path: &Path<'_>) -> Option<Route> {
        let entries = self.map(&method.value, path)?;
        let Some(integration) = find(entries, INTEGRATION) else {
            let message = format!("nothing answers this method: it has no `{INTEGRATION}`");
            self.findings.add(method.key_at, path, message);
            return None;
        };
        let path = path.key(INTEGRATION);
        let entries = self.map(&integration.value, &path)?;
        let text = |key: &str| find(entries, key).and_then(|entry| Some((entry.value.at, entry.value.as_scalar()?)));
        let (at, kind) = text("type").unwrap_or((integration.value.at, ""));
        match kind.to_ascii_lowercase().as_str() {
            "mock" => return None,
            "aws_proxy" => {}
            "aws" | "http" | "http_proxy" => {
                let message = format!("integrations of type `{kind}` are not run here");
                let hint = "take aws_proxy with a function, or mock";
                self.findings.add_not_run(at, &path.key("type"), message, Some(hint));
                return None;
            }
            other => {
                let message = format!("`{other}` is not a type of integration: take aws_proxy or mock");
                self.findings.add(at, &path.key("type"), message);
                return None;
            }
        }
        if let Some(credentials) = find(entries, "credentials") {
            let message = "`credentials` is not run here: the function says itself who may call it";
            let hint = "use AWS::Lambda::Permission";
            self.findings.add_not_run(credentials.key_at, &path.key("credentials"), message, Some(hint));
        }
        let (at, verb) = text("httpMethod").unwrap_or((integration.value.at, ""));
        if verb != "POST" {
            let message = format!("functions are called by POST whatever the route's own method is, not `{verb}`");
            self.findings.add(at, &path.key("httpMethod"), message);
        }
        let Some((at, uri)) = text("uri") else {
            self.findings.add(integration.value.at, &path, "`uri` is required: the function to call");
            return None;
        };
        let function = self.function(at, uri, &path.key("uri"))?;
        let verb = match method.key.as_str() {
            "x-amazon-apigateway-any-method" => "*".to_owned(),
            verb => verb.to_ascii_uppercase(),
        };
        Some(Route { path: of_path.to_owned(), verb, function, at: integration.value.at })
    }

    fn function(
        &mut self,
        at: crate::findings::Position,
        uri: &str,
        path: &Path<'_>,
    ) -> Option<crate::stack::FunctionReference> {
        const HINT: &str = "write !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations";
        let arn = uri
            .split_once(":lambda:path/2015-03-31/functions/")
            .filter(|(before, _)| before.starts_with("arn:") && before.contains(":apigateway:"))
            .and_then(|(_, rest)| rest.strip_suffix("/invocations"));
        let Some(arn) = arn else {
            let message = format!("`{uri}` does not name a function to call");
            self.findings.add_with_hint(at, path, message, HINT);
            return None;
        };
        if let Some(qualified) = self.context.by_qualified(arn) {
            return Some(qualified);
        }
        let Some(function) = self.context.by_arn(ResourceType::Function, arn) else {
            self.findings.add_with_hint(at, path, format!("`{arn}` is not a function of this template"), HINT);
            return None;
        };
        function_reference(function)
    }
}

pub(crate) fn read_deployment(
    properties: &mut Properties<'_, '_, '_>,
    context: &mut Context<'_>,
) -> Option<Deployment> {
    let api = context.referred(properties, "RestApiId", ResourceType::Api, "a RestApi");
    properties.text("Description", 0..=1024);
    properties.refuse("StageName", "write a stage of its own, AWS::ApiGateway::Stage");
    properties.refuse("StageDescription", "write a stage of its own, AWS::ApiGateway::Stage");
    properties.refuse("DeploymentCanarySettings", "all requests go to one version");
    Some(Deployment { api: api? })
}

pub(crate) fn read_response(
    properties: &mut Properties<'_, '_, '_>,
    context: &mut Context<'_>,
) -> Option<GatewayResponse> {
    let api = context.referred(properties, "RestApiId", ResourceType::Api, "a RestApi");
    let kind = properties.required_text("ResponseType", 1..=64);
    if let Some(kind) = kind.as_deref().filter(|kind| !RESPONSE_TYPES.contains(kind)) {
        let message = format!("must be {}, not `{kind}`", one_of(&RESPONSE_TYPES));
        match did_you_mean(kind, RESPONSE_TYPES) {
            Some(hint) => properties.wrong_with_hint("ResponseType", message, hint),
            None => properties.wrong("ResponseType", message),
        }
    }
    let status = properties.count("StatusCode", 100..=599);
    let parameters = properties.text_map("ResponseParameters").unwrap_or_default();
    let templates = properties.text_map("ResponseTemplates").unwrap_or_default();
    Some(GatewayResponse { api: api?, kind: kind?, response: response_json(status, parameters, templates) })
}

/// An account has one role by which all its APIs write to logs; here nothing has to be allowed for that.
pub(crate) fn read_account(properties: &mut Properties<'_, '_, '_>, context: &mut Context<'_>) {
    if properties.node("CloudWatchRoleArn").is_some() {
        context.role(properties, "CloudWatchRoleArn");
    }
    context.without_effect(properties, "CloudWatchRoleArn", "the access log needs no role of the account");
}
