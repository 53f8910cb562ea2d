//! Decides which service, protocol and operation a request is for, and how anything is said back to it.
//!
//! A [`Reply`] is made from the request first and is never refused, so that whatever goes wrong later, a faulty
//! signature included, can be answered in the shape that this client understands. One port serves all services:
//! JSON by its target header, forms by their `Action`, REST and CBOR by their paths.

use crate::error::{Code, Namespace, Refusal, WireError};
use crate::head::{RequestHead, form};
use crate::pipes;
use crate::xml::Xml;
use crate::{Context, cbor, cloudwatch};
use serde_json::{Map, Value as Json, json};

/// What goes back to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case; the length is the listener's business.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The services that are known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Tables.
    Dynamodb,
    /// Functions.
    Lambda,
    /// Queues.
    Sqs,
    /// What functions printed.
    Logs,
    /// Event buses.
    Events,
    /// Pipes.
    Pipes,
    /// Metrics, alarms and dashboards.
    CloudWatch,
    /// Who is asking.
    Sts,
    /// Any other.
    Other,
}

/// How requests and answers are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// A JSON body, the operation in a header. In `query_mode` errors carry their older names in a header too.
    Json { query_mode: bool },
    /// A body of CBOR, the operation in the path. In `query_mode` as for JSON.
    Cbor { query_mode: bool },
    /// A form in, XML out.
    Query { namespace: &'static str },
    /// Paths and methods, JSON bodies.
    Rest,
    /// None of them.
    Plain,
}

/// How this request is to be answered.
#[derive(Debug)]
pub struct Reply<'a> {
    pub(crate) service: Service,
    pub(crate) protocol: Protocol,
    /// The operation's name; for REST it is found with the path.
    pub(crate) operation: String,
    pub(crate) parameters: Vec<(String, String)>,
    content_type: String,
    request_id: String,
    pub(crate) context: &'a Context,
}

/// The name of Smithy's protocol that speaks CBOR.
const CBOR_PROTOCOL: &str = "rpc-v2-cbor";

const SQS_NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";
const CLOUDWATCH_NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";
const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

impl<'a> Reply<'a> {
    /// What the answer is known by.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// How the request with this head and body is to be answered; `request_id` is what its answer is known by.
    pub fn new(head: &RequestHead<'_>, body: &[u8], request_id: &str, context: &'a Context) -> Self {
        let mut reply = Self {
            service: Service::Other,
            protocol: Protocol::Plain,
            operation: String::new(),
            parameters: Vec::new(),
            content_type: head.header("content-type").unwrap_or("").to_owned(),
            request_id: request_id.to_owned(),
            context,
        };
        let media_type = head.media_type();
        let json =
            matches!(&*media_type, "application/x-amz-json-1.0" | "application/x-amz-json-1.1" | "application/json");
        match (head.method, head.header("x-amz-target")) {
            ("POST", _) if head.header("smithy-protocol") == Some(CBOR_PROTOCOL) => reply.route_cbor(head),
            ("POST", Some(target)) if json => reply.route_json(head, target),
            _ if is_rest(head.path) => reply.route_rest(Service::Lambda),
            _ if is_of_pipes(head.path) => reply.route_rest(Service::Pipes),
            ("POST", _) if media_type == "application/x-www-form-urlencoded" => {
                let mut parameters = form(head.query);
                parameters.extend(form(&String::from_utf8_lossy(body)));
                reply.route_query(head, parameters);
            }
            ("GET", _) if head.query.contains("Action=") => reply.route_query(head, form(head.query)),
            _ => {}
        }
        reply
    }

    /// `/service/GraniteServiceVersion20100801/operation/PutMetricData`, with or without something before it.
    fn route_cbor(&mut self, head: &RequestHead<'_>) {
        let mut parts = head.path.rsplit('/');
        let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
        let [Some(operation), Some("operation"), Some(service), Some("service")] = parts else { return };
        if service == "GraniteServiceVersion20100801" {
            self.service = Service::CloudWatch;
        }
        let asked = head.header("x-amzn-query-mode").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        self.protocol = Protocol::Cbor { query_mode: asked };
        self.operation = operation.to_owned();
        self.content_type = "application/cbor".to_owned();
    }

    fn route_json(&mut self, head: &RequestHead<'_>, target: &str) {
        let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
        self.service = match prefix {
            "DynamoDB_20120810" => Service::Dynamodb,
            "AmazonSQS" => Service::Sqs,
            "Logs_20140328" => Service::Logs,
            "AWSEvents" => Service::Events,
            "GraniteServiceVersion20100801" => Service::CloudWatch,
            _ => Service::Other,
        };
        let asked = head.header("x-amzn-query-mode").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        self.protocol =
            Protocol::Json { query_mode: asked && matches!(self.service, Service::Sqs | Service::CloudWatch) };
        self.operation = operation.to_owned();
    }

    fn route_rest(&mut self, service: Service) {
        self.service = service;
        self.protocol = Protocol::Rest;
        self.content_type = "application/json".to_owned();
    }

    fn route_query(&mut self, head: &RequestHead<'_>, parameters: Vec<(String, String)>) {
        let find = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let (service, namespace) = match (find("Version"), head.signed_service()) {
            (Some("2012-11-05"), _) | (None, Some("sqs")) => (Service::Sqs, SQS_NAMESPACE),
            (Some("2010-08-01"), _) | (None, Some("monitoring")) => (Service::CloudWatch, CLOUDWATCH_NAMESPACE),
            (Some("2011-06-15"), _) | (None, Some("sts")) => (Service::Sts, STS_NAMESPACE),
            // Queue URLs are paths of their own, and old clients post to them without a version.
            (None, None) if head.path.len() > 1 => (Service::Sqs, SQS_NAMESPACE),
            _ => (Service::Other, ""),
        };
        self.service = service;
        self.protocol = Protocol::Query { namespace };
        self.operation = find("Action").unwrap_or("").to_owned();
        self.content_type = "text/xml".to_owned();
        self.parameters = parameters;
    }

    /// Which service the request is for.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The operation's name as AWS spells it, where the request's head has it.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Says that the engine refuses.
    pub fn refuse(&self, refusal: &Refusal<'_>) -> Response {
        self.error(&WireError::of(self.service, refusal, &self.context.account))
    }

    /// Says that the request is faulty.
    pub fn error(&self, error: &WireError) -> Response {
        match self.protocol {
            Protocol::Json { query_mode } | Protocol::Cbor { query_mode } => self.json_error(error, query_mode),
            Protocol::Query { namespace } => self.query_error(error, namespace),
            Protocol::Rest => self.rest_error(error),
            Protocol::Plain => {
                let body = b"<UnknownOperationException/>\n".to_vec();
                self.response(404, vec![("content-type", "text/xml".to_owned())], body)
            }
        }
    }

    fn json_error(&self, error: &WireError, query_mode: bool) -> Response {
        let name = error.code.name();
        let (shape, key) = match (error.code.namespace(), self.service) {
            // This service names its errors without saying where they are defined.
            (Namespace::Coral, Service::Events) => (name.to_owned(), "Message"),
            (Namespace::Validate | Namespace::Own, Service::Events) => (name.to_owned(), "message"),
            (Namespace::Coral, Service::Sqs) => (format!("com.amazon.coral.service#{name}"), "message"),
            (Namespace::Coral, _) => (format!("com.amazon.coral.service#{name}"), "Message"),
            (Namespace::Validate, _) => (format!("com.amazon.coral.validate#{name}"), "message"),
            (Namespace::Own, Service::Dynamodb) => (format!("com.amazonaws.dynamodb.v20120810#{name}"), "message"),
            (Namespace::Own, Service::Sqs) => (format!("com.amazonaws.sqs#{name}"), "message"),
            (Namespace::Own, Service::CloudWatch) => (format!("com.amazonaws.cloudwatch#{name}"), "message"),
            (Namespace::Own, Service::Logs | Service::Lambda | Service::Pipes | Service::Sts | Service::Other) => {
                (name.to_owned(), "message")
            }
        };
        let mut body = Map::new();
        body.insert("__type".to_owned(), shape.into());
        body.insert(key.to_owned(), error.message.as_str().into());
        body.extend(error.members.clone());
        let mut response = self.json_with_status(self.status(error.code, error.code.status()), &Json::Object(body));
        if query_mode {
            let at_fault = if error.code.status() < 500 { "Sender" } else { "Receiver" };
            response.headers.push(("x-amzn-query-error", format!("{};{at_fault}", error.code.query_name())));
        }
        response
    }

    fn rest_error(&self, error: &WireError) -> Response {
        let key = match error.code {
            Code::ResourceNotFound | Code::Service | Code::UnknownOperation => "Message",
            _ => "message",
        };
        let at_fault = if error.code.status() < 500 { "User" } else { "Service" };
        let mut body = match self.service {
            Service::Pipes => json!({ "message": error.message }),
            _ => json!({ "Type": at_fault, key: error.message }),
        };
        let members = body.as_object_mut().expect("just made as an object");
        members.extend(error.members.clone());
        // What is null is what this error does not tell, though others do.
        members.retain(|_, value| !value.is_null());
        let status = match error.code {
            Code::ResourceNotFound | Code::UnknownOperation => 404,
            Code::Throttling => 429,
            other => other.rest_status(),
        };
        let mut response = self.json_with_status(status, &body);
        response.headers.push(("x-amzn-errortype", error.code.name().to_owned()));
        response
    }

    fn query_error(&self, error: &WireError, namespace: &str) -> Response {
        let at_fault = if error.code.status() < 500 { "Sender" } else { "Receiver" };
        let message = match error.code {
            // The query protocol has words of its own here.
            Code::QueueDoesNotExist => "The specified queue does not exist for this wsdl version.",
            _ => &error.message,
        };
        let mut xml = Xml::new();
        let attributes = if namespace.is_empty() { String::new() } else { format!(" xmlns=\"{namespace}\"") };
        xml.open_with("ErrorResponse", &attributes);
        xml.open("Error");
        xml.text("Type", at_fault);
        xml.text("Code", error.code.query_name());
        // AWS leaves the element out where it has nothing to say.
        if !message.is_empty() {
            xml.text("Message", message);
        }
        xml.close("Error");
        xml.text("RequestId", &self.request_id);
        xml.close("ErrorResponse");
        self.xml(self.status(error.code, error.code.rest_status()), xml)
    }

    /// The status of an error whose usual one is `usual`: queues say that a resource is not there as the web does.
    fn status(&self, code: Code, usual: u16) -> u16 {
        if code == Code::ResourceNotFound && self.service == Service::Sqs { 404 } else { usual }
    }

    /// A JSON answer.
    pub(crate) fn json(&self, body: &Json) -> Response {
        self.json_with_status(200, body)
    }

    /// An answer that says nothing but that it is one.
    pub(crate) fn empty(&self) -> Response {
        self.response(200, vec![("content-type", self.content_type.clone())], Vec::new())
    }

    /// A JSON answer of another status.
    pub(crate) fn json_with_status(&self, status: u16, body: &Json) -> Response {
        if matches!(self.protocol, Protocol::Cbor { .. }) {
            let headers =
                vec![("content-type", self.content_type.clone()), ("smithy-protocol", CBOR_PROTOCOL.to_owned())];
            return self.response(status, headers, cbor::write(body, &cloudwatch::is_instant));
        }
        let body = serde_json::to_vec(body).expect("a JSON tree has string keys");
        let mut headers = vec![("content-type", self.content_type.clone())];
        if self.service == Service::Dynamodb {
            headers.push(("x-amz-crc32", crc32fast::hash(&body).to_string()));
        }
        self.response(status, headers, body)
    }

    /// An answer of the query protocol; `result` writes what stands between the result's tags. Operations without a
    /// result have no such tags.
    pub(crate) fn query_result(&self, result: Option<&dyn Fn(&mut Xml)>) -> Response {
        let namespace = if let Protocol::Query { namespace } = self.protocol { namespace } else { "" };
        let (outer, inner) = (format!("{}Response", self.operation), format!("{}Result", self.operation));
        let mut xml = Xml::new();
        xml.open_with(&outer, &format!(" xmlns=\"{namespace}\""));
        if let Some(result) = result {
            xml.open(&inner);
            result(&mut xml);
            xml.close(&inner);
        }
        xml.open("ResponseMetadata");
        xml.text("RequestId", &self.request_id);
        xml.close("ResponseMetadata");
        xml.close(&outer);
        self.xml(200, xml)
    }

    fn xml(&self, status: u16, xml: Xml) -> Response {
        self.response(status, vec![("content-type", "text/xml".to_owned())], xml.into_bytes())
    }

    /// Any answer, with the id it is known by.
    pub(crate) fn response(&self, status: u16, mut headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Response {
        headers.push(("x-amzn-requestid", self.request_id.clone()));
        Response { status, headers, body }
    }
}

/// Whether the path begins with a date, as the paths of Lambda do: `/2015-03-31/functions`.
fn is_rest(path: &str) -> bool {
    let date = path.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or("");
    let expected = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    date.len() == 10 && date.bytes().enumerate().all(expected)
}

/// Whether the path is one of those of pipes.
fn is_of_pipes(path: &str) -> bool {
    let of_one = path.strip_prefix(pipes::PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    of_one || path.starts_with(pipes::TAGS_PATH)
}
