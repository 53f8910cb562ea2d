//! Decides who answers a method: a function behind a Lambda proxy, or a mock.

use super::{Reader, escaped, strings, whole};
use crate::api::{CacheKeyPart, Function, Integration, Parameter, Place};
use crate::fault::bounded;
use crate::mock::Mock;
use serde_json::{Map, Value};
use std::time::Duration;
use types::Arn;

/// How long a function may take, at most and where nothing is said.
const TIMEOUT_MAX: Duration = Duration::from_millis(29_000);

impl<'d> Reader<'d> {
    pub(super) fn integration(
        &mut self,
        operation: &'d Map<String, Value>,
        parameters: &[Parameter],
        at: &str,
    ) -> Option<(Integration, Vec<CacheKeyPart>)> {
        let at = format!("{at}/x-amazon-apigateway-integration");
        let Some(integration) = operation.get("x-amazon-apigateway-integration").and_then(Value::as_object) else {
            self.fault(&at, "a method must say who answers it: an integration of the type aws_proxy or mock");
            return None;
        };
        let kind = integration.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let is_mock = match kind.as_str() {
            "aws_proxy" => false,
            "mock" => true,
            _ => {
                self.fault(
                    &format!("{at}/type"),
                    "this must be aws_proxy, for a function, or mock; others are not known here",
                );
                return None;
            }
        };
        for (word, value) in integration {
            let at = format!("{at}/{}", escaped(word));
            match word.as_str() {
                "type" | "cacheKeyParameters" | "timeoutInMillis" => {}
                "uri" | "httpMethod" if !is_mock => {}
                "requestTemplates" | "responses" if is_mock => {}
                // A proxy's answer goes out as it is, on AWS too.
                "requestTemplates" | "responses" | "requestParameters" | "uri" | "httpMethod" => self.aws_only(&at),
                "passthroughBehavior" | "credentials" | "cacheNamespace" | "contentHandling" | "tlsConfig" => {
                    self.aws_only(&at)
                }
                "connectionType" if value.as_str() == Some("INTERNET") => {}
                other => self.unknown(&at, other),
            }
        }
        let cache_keys = self.cache_keys(integration, parameters, &at);
        if is_mock {
            return Some((Integration::Mock(Mock::read(integration, &at, &mut self.faults)?), cache_keys));
        }
        if integration.get("httpMethod").is_none_or(|method| method.as_str() != Some("POST")) {
            self.fault(
                &format!("{at}/httpMethod"),
                "a function is always called with POST, whatever the method of the route",
            );
        }
        let timeout = integration.get("timeoutInMillis").map(|value| {
            let millis = whole(value).filter(|millis| (50..=TIMEOUT_MAX.as_millis() as u64).contains(millis));
            millis.map(Duration::from_millis).unwrap_or_else(|| {
                self.fault(&format!("{at}/timeoutInMillis"), "this must be 50 to 29000 milliseconds");
                TIMEOUT_MAX
            })
        });
        let function = self.function(integration.get("uri"), &format!("{at}/uri"))?;
        let timeout = timeout.unwrap_or(TIMEOUT_MAX);
        Some((Integration::Function(Function { timeout, ..function }), cache_keys))
    }

    fn function(&mut self, uri: Option<&Value>, at: &str) -> Option<Function> {
        let text = uri.and_then(Value::as_str).unwrap_or_default();
        let arn = text.strip_suffix("/invocations").and_then(|text| {
            let (before, arn) = text.split_once(":lambda:path/2015-03-31/functions/")?;
            let partition = before.strip_prefix("arn:aws")?;
            partition.contains(":apigateway:").then(|| arn.parse::<Arn>().ok())?
        });
        let arn = arn.filter(|arn| arn.service.as_ref() == "lambda");
        let name = arn.as_ref().and_then(|arn| {
            let rest = arn.resource.strip_prefix("function:")?;
            rest.split(':').next()?.parse().ok()
        });
        match (arn, name) {
            (Some(arn), Some(name)) => Some(Function { arn, name, timeout: TIMEOUT_MAX }),
            _ => {
                let form = "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations";
                self.fault(at, format!("this must be {form}; it is {:?}", bounded(text)));
                None
            }
        }
    }

    fn cache_keys(
        &mut self,
        integration: &Map<String, Value>,
        parameters: &[Parameter],
        at: &str,
    ) -> Vec<CacheKeyPart> {
        let at = format!("{at}/cacheKeyParameters");
        let Some(value) = integration.get("cacheKeyParameters") else { return Vec::new() };
        let Some(all) = strings(value) else {
            self.fault(&at, "this must be a list such as [method.request.path.id]");
            return Vec::new();
        };
        let mut found = Vec::new();
        for (index, text) in all.into_iter().enumerate() {
            let at = format!("{at}/{index}");
            let part = text.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
            let part = part.and_then(|(place, name)| {
                let place = match place {
                    "path" => Place::Path,
                    "querystring" => Place::Query,
                    "header" => Place::Header,
                    _ => return None,
                };
                Some(CacheKeyPart { place, name: name.into() })
            });
            match part {
                None => self.fault(&at, "this must be method.request.path.NAME, …querystring.NAME or …header.NAME"),
                Some(part) => {
                    let named = parameters.iter().any(|had| had.place == part.place && had.name == part.name);
                    if !named {
                        self.fault(&at, "the method has no parameter of this name there; name it in `parameters`");
                    }
                    found.push(part);
                }
            }
        }
        found
    }
}
