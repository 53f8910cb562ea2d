//! Decides how the API that a stack describes is served: its document read, its plans and settings carried over.

use super::{ACCESS_STREAM, App, Called, Served};
use bytes::Bytes;
use gateway::access::Format;
use gateway::admission::Stage;
use gateway::api::Integration;
use gateway::keys::PlanName;
use gateway::limits::{Limits, MethodRate, Period, Plan, Quota, Rate};
use gateway::route::{Method, RouteId};
use serde_json::Value as Json;
use stack::{Api, Throttle};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The most bytes of a body, where a route says nothing.
const BODY_MAX: u64 = 1 << 20;
/// The log group of requests if the template names none.
const ACCESS_GROUP: &str = "/orderflow/access";

/// The API that these stacks have, as it is served.
pub(super) fn open(app: &Arc<App>, stacks: &[&stack::Stack]) -> Result<Option<Served>, String> {
    let apis: Vec<(&str, &Api)> =
        stacks.iter().flat_map(|stack| stack.apis.iter().map(|api| (stack.name.as_str(), &api.spec))).collect();
    let (stack, api) = match apis.as_slice() {
        [] => return Ok(None),
        [one] => *one,
        [(one, _), (other, _), ..] => {
            return Err(format!(
                "error: the stacks {one} and {other} both have an API, and there is one public listener\n\
                 hint: run them as two servers, each with its own --data-dir, --public and --admin"
            ));
        }
    };
    let read = gateway::openapi::read(&api.body).map_err(|faults| {
        let lines = faults.iter().map(|fault| format!("error: the API {} of stack {stack}: {fault}", api.name));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    let functions = read.routes.iter().enumerate().filter_map(|(at, route)| match &route.integration {
        Integration::Function(function) => {
            // The name is behind `function:`, and a version or alias behind the name.
            let qualifier = function.arn.resource.splitn(3, ':').nth(2).and_then(|behind| behind.parse().ok());
            Some((RouteId(at), Called { function: function.name.clone(), qualifier }))
        }
        Integration::Mock(_) => None,
    });
    let functions: HashMap<_, _> = functions.collect();
    let cached_for = cached(api, &read);
    let access = match &api.access_log {
        Some(log) => {
            let format = Format::parse(&log.format).map_err(|error| format!("error: stack {stack}: {error}"))?;
            (format, log.group.as_str())
        }
        None => {
            (Format::parse(gateway::access::DEFAULT).expect("the default is a format; a test says so"), ACCESS_GROUP)
        }
    };
    let pen = app.front.journal.pen(access.1, ACCESS_STREAM);
    let stage = Stage {
        name: api.stage.as_str().into(),
        plans: api.plans.iter().map(plan).collect(),
        limits: limits_of_stage(api),
        api: read,
        body_max: BODY_MAX,
    };
    let document = Bytes::from(serde_json::to_vec(&document(&api.body)).expect("a document has text keys"));
    Ok(Some(Served { stage, api_id: api.id.clone(), functions, cached_for, access: Some((access.0, pen)), document }))
}

fn rate(throttle: Throttle) -> Option<Rate> {
    let rate = throttle.rate?;
    // A burst that is not told is what a second brings.
    let burst = throttle.burst.unwrap_or_else(|| rate.per_second().ceil().clamp(1.0, 1e9) as u32);
    Rate::new(rate.per_second(), burst).ok()
}

fn plan(plan: &stack::Plan) -> Plan {
    let of_route = |route: &stack::RouteThrottle| {
        Some(MethodRate {
            resource: route.path.as_str().into(),
            method: Method::parse(&route.verb)?,
            rate: rate(route.throttle)?,
        })
    };
    let quota = plan.quota.map(|quota| Quota {
        limit: quota.limit.into(),
        offset: quota.offset.into(),
        period: match quota.period {
            stack::Period::Day => Period::Day,
            stack::Period::Week => Period::Week,
            stack::Period::Month => Period::Month,
        },
    });
    let methods = plan.routes.iter().filter_map(of_route).collect();
    Plan { name: PlanName::new(plan.name.as_str()), limits: Limits { overall: rate(plan.throttle), methods }, quota }
}

fn limits_of_stage(api: &Api) -> Limits {
    let mut limits = Limits::default();
    for settings in &api.method_settings {
        let Some(rate) = rate(settings.throttle) else { continue };
        match &settings.method {
            stack::Method::All => limits.overall = Some(rate),
            stack::Method::One { path, verb } => {
                let method = verb.as_deref().and_then(Method::parse);
                limits.methods.extend(method.map(|method| MethodRate { resource: path.as_str().into(), method, rate }));
            }
        }
    }
    limits
}

/// How long the answers of which routes are kept: what is said of one method counts more than what is said of all.
fn cached(api: &Api, read: &gateway::api::Api) -> HashMap<RouteId, Duration> {
    if api.caching == stack::Caching::Off {
        return HashMap::new();
    }
    let mut cached = HashMap::new();
    for (at, route) in read.routes.iter().enumerate().filter(|(_, route)| route.method == Some(Method::Get)) {
        let mut span = None;
        for settings in &api.method_settings {
            let concerns = match &settings.method {
                stack::Method::All => true,
                stack::Method::One { path, verb } => {
                    *path == *route.resource && verb.as_deref().is_none_or(|verb| verb == "GET")
                }
            };
            if concerns {
                span = settings.cached_for;
            }
        }
        // What is streamed is never the same twice.
        if let Some(span) = span.filter(|span| !span.is_zero() && !route.is_stream) {
            cached.insert(RouteId(at), span);
        }
    }
    cached
}

/// The document as customers get it: without what concerns AWS alone, and without OPTIONS, which browsers ask by
/// themselves.
fn document(body: &Json) -> Json {
    let mut document = body.clone();
    clean(&mut document);
    document["openapi"] = "3.1.0".into();
    document["servers"] = serde_json::json!([{ "url": "/" }]);
    for item in document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
        if let Some(item) = item.as_object_mut() {
            item.remove("options");
        }
    }
    document
}

fn clean(part: &mut Json) {
    match part {
        Json::Object(members) => {
            members.retain(|name, _| !name.starts_with("x-amazon-") && !name.starts_with("x-orderflow-"));
            members.values_mut().for_each(clean);
        }
        Json::Array(elements) => elements.iter_mut().for_each(clean),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
