//! Finds what is sound by itself and does harm together: queues and what reads them, APIs and what they cache or let
//! through.
//!
//! Start at [`check`]. It reads the template and not the resolved stack, so that functions of runtimes that are not run
//! here are looked at too; what is not known is left alone.

use super::lints::{
    CACHE_ACROSS_KEYS, DEAD_LETTERS_EXPIRE_FIRST, KEY_IN_TEMPLATE, Lint, PERMISSION_FOR_ANY_API, POLLER_ALL_OR_NOTHING,
    QUEUE_WITHOUT_DEAD_LETTERS, SHORT_VISIBILITY, STAGE_WITHOUT_THROTTLING,
};
use super::origin::referred_to;
use super::report::{Finding, Reader, Report, Spelling};
use super::values::{Place, Values};
use crate::findings::Position;
use crate::node::{Entry, Node, find};

/// AWS's own defaults.
const VISIBILITY_SECONDS: u64 = 30;
const TIMEOUT_SECONDS: u64 = 3;
const RETENTION_SECONDS: u64 = 345_600;
const BATCH_SIZE: u64 = 10;
/// How many times the function's timeout AWS would have a message hidden.
const TIMES: u64 = 6;

pub(super) fn check(resources: &[Place<'_>], values: &Values<'_>, report: &mut Report) {
    let services = Services { resources, values };
    for resource in resources {
        match services.kind(resource).as_deref() {
            Some("AWS::SQS::Queue") => services.queue(resource, report),
            Some("AWS::Lambda::EventSourceMapping") => services.poller(resource, report),
            Some("AWS::Pipes::Pipe") => services.pipe(resource, report),
            Some("AWS::Lambda::Permission") => services.permission(resource, report),
            Some("AWS::ApiGateway::Stage") => services.stage(resource, report),
            Some("AWS::ApiGateway::ApiKey") => services.key(resource, report),
            Some(_) | None => {}
        }
    }
}

struct Services<'r, 'n, 's> {
    resources: &'r [Place<'n>],
    values: &'r Values<'s>,
}

impl<'n> Services<'_, 'n, '_> {
    fn kind(&self, resource: &Place<'n>) -> Option<String> {
        let kind = self.values.below(resource, &["Type"]).into_iter().next()?;
        kind.node.as_scalar().map(str::to_owned)
    }

    /// The one place of a property, if the template gives it; the first one where an `Fn::If` decides.
    fn property(&self, resource: &Place<'n>, keys: &[&str]) -> Option<Place<'n>> {
        let keys = [&["Properties"], keys].concat();
        self.values.below(resource, &keys).into_iter().find(|place| self.values.is_given(place.node))
    }

    /// A number that a property is, or its default where it is not given; `None` where nobody knows.
    fn number(&self, resource: &Place<'n>, key: &str, default: u64) -> Option<u64> {
        match self.property(resource, &[key]) {
            None => Some(default),
            Some(place) => self.values.scalar(place.node)?.parse().ok(),
        }
    }

    /// The resource of a type that a property refers to.
    fn referred(&self, resource: &Place<'n>, keys: &[&str], kind: &str) -> Option<&Place<'n>> {
        let id = referred_to(self.property(resource, keys)?.node)?;
        self.resources.iter().find(|place| place.key == id).filter(|place| self.kind(place).as_deref() == Some(kind))
    }

    fn queue(&self, queue: &Place<'n>, report: &mut Report) {
        let Some(target) = self.referred(queue, &["RedrivePolicy", "deadLetterTargetArn"], "AWS::SQS::Queue") else {
            return;
        };
        let retention = |queue| self.number(queue, "MessageRetentionPeriod", RETENTION_SECONDS);
        let (Some(here), Some(there)) = (retention(queue), retention(target)) else { return };
        if there < here {
            let message = format!(
                "dead letters of `{}` are kept for {there} s here and messages for {here} s there: a dead letter keeps \
                 the age of its message, so it may be gone as soon as it comes",
                queue.key
            );
            let at = self.property(target, &["MessageRetentionPeriod"]);
            let hint = "set its MessageRetentionPeriod to 1209600, which is 14 days";
            add(&DEAD_LETTERS_EXPIRE_FIRST, &at.unwrap_or_else(|| target.clone()), message, hint, report);
        }
    }

    fn poller(&self, poller: &Place<'n>, report: &mut Report) {
        let Some(queue) = self.referred(poller, &["EventSourceArn"], "AWS::SQS::Queue") else { return };
        self.needs_dead_letters(queue, poller, report);
        let names_failures = self.property(poller, &["FunctionResponseTypes"]).is_some();
        if !names_failures && self.number(poller, "BatchSize", BATCH_SIZE).is_some_and(|size| size > 1) {
            let message = "one message that fails brings back its whole batch: the function has no way to say which \
                           one it was";
            let hint = "add FunctionResponseTypes: [ReportBatchItemFailures], and answer {\"batchItemFailures\": […]}";
            add(&POLLER_ALL_OR_NOTHING, poller, message.to_owned(), hint, report);
        }
        let Some(function) = self.referred(poller, &["FunctionName"], "AWS::Lambda::Function") else { return };
        let (visibility, timeout, window) = (
            self.number(queue, "VisibilityTimeout", VISIBILITY_SECONDS),
            self.number(function, "Timeout", TIMEOUT_SECONDS),
            self.number(poller, "MaximumBatchingWindowInSeconds", 0),
        );
        let (Some(visibility), Some(timeout), Some(window)) = (visibility, timeout, window) else { return };
        let wanted = TIMES * timeout + window;
        // Below the timeout itself AWS refuses the mapping, and so does resolving it.
        if visibility < wanted && visibility >= timeout {
            let message = format!(
                "a message is hidden for {visibility} s, and `{}` may take {timeout} s: a batch that is tried again, or \
                 waits for the function, is handed out a second time meanwhile",
                function.key
            );
            let at = self.property(queue, &["VisibilityTimeout"]);
            let hint = format!(
                "set VisibilityTimeout to {wanted} or more: {TIMES} times the function's Timeout, and the batching window"
            );
            add(&SHORT_VISIBILITY, &at.unwrap_or_else(|| queue.clone()), message, &hint, report);
        }
    }

    fn pipe(&self, pipe: &Place<'n>, report: &mut Report) {
        if let Some(queue) = self.referred(pipe, &["Source"], "AWS::SQS::Queue") {
            self.needs_dead_letters(queue, pipe, report);
        }
    }

    fn needs_dead_letters(&self, queue: &Place<'n>, reader: &Place<'n>, report: &mut Report) {
        if self.property(queue, &["RedrivePolicy"]).is_some() {
            return;
        }
        let message = format!(
            "a message that `{}` cannot handle comes again until it expires, and is lost then: the queue has no place \
             for dead letters",
            reader.key
        );
        let hint = "add RedrivePolicy with deadLetterTargetArn, and maxReceiveCount of 5 or more";
        add(&QUEUE_WITHOUT_DEAD_LETTERS, queue, message, hint, report);
    }

    fn permission(&self, permission: &Place<'n>, report: &mut Report) {
        let Some(principal) = self.property(permission, &["Principal"]) else { return };
        let of_api = self.values.scalar(principal.node).as_deref() == Some("apigateway.amazonaws.com");
        if of_api && self.property(permission, &["SourceArn"]).is_none() {
            let message = "any API of anybody may call this function: the permission names none";
            let hint =
                "add SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*";
            add(&PERMISSION_FOR_ANY_API, permission, message.to_owned(), hint, report);
        }
    }

    fn key(&self, key: &Place<'n>, report: &mut Report) {
        // A value that is made on AWS, or of a parameter that nobody sees, is none that stands here.
        let value = self.property(key, &["Value"]).filter(|place| place.node.as_call().is_none());
        if let Some(value) = value {
            let message = "a key that stands in a template is no secret: whoever can read the template can use it";
            let hint = "leave `Value` out: AWS makes a key then, and here `orderflow keys` does";
            add(&KEY_IN_TEMPLATE, &value, message.to_owned(), hint, report);
        }
    }

    fn stage(&self, stage: &Place<'n>, report: &mut Report) {
        let settings: Vec<Place<'n>> = self
            .values
            .below(stage, &["Properties", "MethodSettings"])
            .iter()
            .flat_map(|list| self.values.items(list))
            .collect();
        let text = |place: &Place<'n>, key: &str| {
            let value = self.values.below(place, &[key]).into_iter().next()?;
            self.values.scalar(value.node)
        };
        let is_for_all = |place: &&Place<'n>| text(place, "ResourcePath").as_deref() == Some("/*");
        let throttled = settings.iter().filter(is_for_all).any(|place| {
            let limits = self.values.below(place, &["ThrottlingRateLimit"]);
            limits.iter().any(|limit| self.values.is_given(limit.node))
        });
        if !throttled {
            let message =
                "one caller can use up what all APIs of the account share: the stage sets no limit of its own";
            let hint = "add MethodSettings: [{HttpMethod: \"*\", ResourcePath: /*, ThrottlingRateLimit: …, ThrottlingBurstLimit: …}]";
            add(&STAGE_WITHOUT_THROTTLING, stage, message.to_owned(), hint, report);
        }
        if let Some(api) = self.referred(stage, &["RestApiId"], "AWS::ApiGateway::RestApi") {
            for setting in settings.iter().filter(|place| text(place, "CachingEnabled").as_deref() == Some("true")) {
                let verb = text(setting, "HttpMethod").unwrap_or_default();
                let path = text(setting, "ResourcePath").unwrap_or_default();
                self.cached(api, &verb, &path.replace("~1", "/").replacen("//", "/", 1), report);
            }
        }
    }

    /// Methods whose answers are cached although they depend on the key.
    fn cached(&self, api: &Place<'n>, of_verb: &str, of_path: &str, report: &mut Report) {
        let Some(body) = self.property(api, &["Body"]) else { return };
        let Some(document) = self.values.value(body.node) else { return };
        let Some(paths) = document.as_map().and_then(|entries| map_of(entries, "paths")) else { return };
        for path in paths.iter().filter(|path| of_path == "/*" || path.key == of_path) {
            for method in path.value.as_map().unwrap_or_default() {
                let verb = method.key.to_ascii_uppercase();
                let caches = if of_verb == "*" { verb == "GET" } else { verb == of_verb };
                if caches && asks_for_key(&method.value, &document) && !has_key_in_cache(&method.value) {
                    let message = format!(
                        "answers to {verb} {} are cached for all keys together: what one customer was answered is given \
                         to another",
                        path.key
                    );
                    let hint = "add method.request.header.x-api-key to cacheKeyParameters, and a parameter x-api-key in header";
                    let path = format!("{}.paths.{}.{}", body.path, path.key, method.key);
                    let place = Place { path, node: body.node, key_at: method.key_at, key: "" };
                    add(&CACHE_ACROSS_KEYS, &place, message, hint, report);
                }
            }
        }
    }
}

fn map_of<'e>(entries: &'e [Entry], key: &str) -> Option<&'e [Entry]> {
    find(entries, key)?.value.as_map()
}

/// Whether a method may be called with a key alone.
fn asks_for_key(method: &Node, document: &Node) -> bool {
    let (Some(method), Some(document)) = (method.as_map(), document.as_map()) else { return false };
    let is_key = |name: &str| {
        let schemes = map_of(document, "components").and_then(|components| map_of(components, "securitySchemes"));
        let scheme = schemes.or_else(|| map_of(document, "securityDefinitions")).and_then(|all| map_of(all, name));
        let text = |key| scheme.and_then(|scheme| find(scheme, key)).and_then(|entry| entry.value.as_scalar());
        text("type") == Some("apiKey") && text("name").is_some_and(|name| name.eq_ignore_ascii_case("x-api-key"))
    };
    let wanted = find(method, "security").and_then(|entry| entry.value.as_list()).unwrap_or_default();
    wanted.iter().filter_map(Node::as_map).flatten().any(|scheme| is_key(&scheme.key))
}

fn has_key_in_cache(method: &Node) -> bool {
    let integration = method.as_map().and_then(|entries| map_of(entries, "x-amazon-apigateway-integration"));
    let parameters = integration.and_then(|entries| find(entries, "cacheKeyParameters"));
    let parameters = parameters.and_then(|entry| entry.value.as_list()).unwrap_or_default();
    let is_key = |name: &str| name.eq_ignore_ascii_case("method.request.header.x-api-key");
    parameters.iter().filter_map(Node::as_scalar).any(is_key)
}

fn add(lint: &'static Lint, place: &Place<'_>, message: String, hint: &str, report: &mut Report) {
    let at: Position = place.key_at;
    report.add(Finding {
        id: lint.id,
        severities: lint.severities,
        reader: Reader::Service,
        at,
        end: None,
        path: place.path.clone(),
        pattern_path: None,
        message,
        hint: Some(hint.to_owned()),
        mended: None,
        spelling: Spelling::Json,
        together: None,
    });
}
