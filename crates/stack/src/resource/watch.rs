//! `AWS::CloudWatch::Alarm`, `AWS::CloudWatch::Dashboard` and `AWS::Logs::MetricFilter`.

use super::Context;
use crate::identity::Identity;
use crate::node::Data;
use crate::properties::Properties;
use crate::stack::{Alarm, Dashboard, MetricFilter};
use serde_json::{Map, Value as Json, json};

const STATISTICS: [(&str, ()); 5] =
    [("SampleCount", ()), ("Average", ()), ("Sum", ()), ("Minimum", ()), ("Maximum", ())];
const COMPARISONS: [(&str, ()); 4] = [
    ("GreaterThanOrEqualToThreshold", ()),
    ("GreaterThanThreshold", ()),
    ("LessThanThreshold", ()),
    ("LessThanOrEqualToThreshold", ()),
];
const MISSING: [(&str, ()); 4] = [("breaching", ()), ("notBreaching", ()), ("ignore", ()), ("missing", ())];
const NO_BANDS: &str = "thresholds are numbers";

/// Members of the request that makes an alarm, as they are gathered.
struct Request(Map<String, Json>);

impl Request {
    fn put(&mut self, key: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
    }

    fn text(&mut self, properties: &mut Properties<'_, '_, '_>, key: &'static str, length_max: usize) {
        let text = properties.text(key, 1..=length_max);
        self.put(key, text);
    }

    fn one_of(&mut self, properties: &mut Properties<'_, '_, '_>, key: &'static str, choices: &[(&str, ())]) {
        let text = properties.node(key).and_then(|node| node.as_scalar()).map(str::to_owned);
        if properties.choice(key, choices).is_some() {
            self.put(key, text);
        }
    }

    fn count(&mut self, properties: &mut Properties<'_, '_, '_>, key: &'static str, max: u32) {
        let count = properties.count(key, 1..=max);
        self.put(key, count);
    }
}

pub(crate) fn read_alarm(properties: &mut Properties<'_, '_, '_>, identity: &Identity) -> Option<Alarm> {
    let mut request = Request(Map::new());
    let _ = properties.text("AlarmName", 1..=255);
    request.put("AlarmName", Some(identity.name.as_str()));
    request.text(properties, "AlarmDescription", 1_024);
    let enabled = properties.boolean("ActionsEnabled");
    request.put("ActionsEnabled", enabled);
    for key in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
        let actions = properties.text_list(key);
        request.put(key, actions);
    }
    properties.required_node("EvaluationPeriods");
    properties.required_node("ComparisonOperator");
    properties.required_node("Threshold");
    for key in ["EvaluationPeriods", "DatapointsToAlarm"] {
        request.count(properties, key, 10_080);
    }
    let threshold = properties.float("Threshold");
    request.put("Threshold", threshold);
    request.one_of(properties, "ComparisonOperator", &COMPARISONS);
    request.one_of(properties, "TreatMissingData", &MISSING);
    let tags = properties.tag_list("Tags");
    let tags: Vec<Json> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    request.put("Tags", (!tags.is_empty()).then_some(tags));
    properties.choice("EvaluateLowSampleCountPercentile", &[("evaluate", ())]);
    properties.refuse("ThresholdMetricId", NO_BANDS);
    properties.refuse("EvaluationCriteria", NO_BANDS);
    properties.refuse("EvaluationInterval", NO_BANDS);
    match properties.objects("Metrics", query) {
        Some(queries) => request.put("Metrics", Some(queries)),
        None => {
            metric(properties, &mut request);
            request.count(properties, "Period", 86_400);
            request.one_of(properties, "Statistic", &STATISTICS);
            request.text(properties, "ExtendedStatistic", 20);
            request.text(properties, "Unit", 30);
        }
    }
    Some(Alarm { name: identity.name.clone(), arn: identity.arn().to_owned(), request: Json::Object(request.0) })
}

/// The metric itself.
fn metric(properties: &mut Properties<'_, '_, '_>, request: &mut Request) {
    request.text(properties, "Namespace", 255);
    request.text(properties, "MetricName", 255);
    let dimensions = properties.objects("Dimensions", |dimension| {
        let (name, value) = (dimension.required_text("Name", 1..=255), dimension.required_text("Value", 1..=1_024));
        Some(json!({"Name": name?, "Value": value?}))
    });
    request.put("Dimensions", dimensions);
}

fn query(properties: &mut Properties<'_, '_, '_>) -> Option<Json> {
    let mut request = Request(Map::new());
    let id = properties.required_text("Id", 1..=255);
    request.put("Id", id);
    request.text(properties, "Expression", 2_048);
    request.text(properties, "Label", 500);
    let returned = properties.boolean("ReturnData");
    request.put("ReturnData", returned);
    properties.refuse("AccountId", "there is one account");
    properties.refuse("Period", "an expression has the period of its metrics");
    let stat = properties.object("MetricStat", |stat| {
        let mut inner = Request(Map::new());
        inner.count(stat, "Period", 86_400);
        inner.text(stat, "Stat", 30);
        inner.text(stat, "Unit", 30);
        let metric = stat.object("Metric", |of| {
            let mut innermost = Request(Map::new());
            metric(of, &mut innermost);
            Some(Json::Object(innermost.0))
        });
        inner.put("Metric", metric);
        Some(Json::Object(inner.0))
    });
    request.put("MetricStat", stat);
    Some(Json::Object(request.0))
}

pub(crate) fn read_dashboard(properties: &mut Properties<'_, '_, '_>, identity: &Identity) -> Option<Dashboard> {
    if let Some(name) = properties.text("DashboardName", 1..=255)
        && !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    {
        properties.wrong("DashboardName", "has letters, digits, `-` and `_` alone");
    }
    let node = properties.required_node("DashboardBody")?;
    let Data::Scalar(body) = &node.data else {
        properties.wrong_with_hint("DashboardBody", "must be a text", "write the JSON as a block of text: `|`");
        return None;
    };
    if !serde_json::from_str::<Json>(body).is_ok_and(|body| body.is_object()) {
        properties.wrong("DashboardBody", "must be a JSON object, written as text");
    }
    Some(Dashboard { name: identity.name.clone(), body: body.clone() })
}

pub(crate) fn read_metric_filter(
    properties: &mut Properties<'_, '_, '_>,
    identity: &Identity,
    context: &Context<'_>,
) -> Option<MetricFilter> {
    let _ = properties.text("FilterName", 1..=512);
    let group = properties.required_text("LogGroupName", 1..=512);
    if let Some(group) = &group
        && context.by_reference(crate::identity::ResourceType::LogGroup, group).is_none()
        && !group.starts_with("/aws/lambda/")
    {
        properties.wrong_with_hint(
            "LogGroupName",
            format!("`{group}` is not a log group of this template"),
            "use !Ref with its logical id",
        );
    }
    properties.required_node("FilterPattern");
    let pattern = properties.text("FilterPattern", 0..=1_024);
    properties.refuse("ApplyOnTransformedLogs", "lines are kept as they are written");
    properties.refuse("FieldSelectionCriteria", "lines have no such fields");
    properties.refuse("EmitSystemFieldDimensions", "lines have no such fields");
    properties.required_node("MetricTransformations");
    let transformations = properties.objects("MetricTransformations", |one| {
        let (metric, namespace) =
            (one.required_text("MetricName", 1..=255), one.required_text("MetricNamespace", 1..=255));
        if namespace.as_ref().is_some_and(|namespace| namespace.starts_with("AWS/") || namespace.starts_with(':')) {
            one.wrong("MetricNamespace", "is of AWS's own services; name one that does not begin with `AWS/` or `:`");
        }
        let value = one.required_text("MetricValue", 1..=100);
        let otherwise = one.float("DefaultValue");
        let unit = one.text("Unit", 1..=30);
        let dimensions = one.objects("Dimensions", |dimension| {
            Some((dimension.required_text("Key", 1..=255)?, dimension.required_text("Value", 1..=255)?))
        });
        Some((metric?, namespace?, value?, otherwise, unit, dimensions.unwrap_or_default()))
    });
    let mut transformations = transformations?;
    if transformations.len() != 1 {
        properties.wrong("MetricTransformations", "must have exactly one element");
        return None;
    }
    let (metric, namespace, value, otherwise, unit, dimensions) = transformations.remove(0);
    if otherwise.is_some() && !dimensions.is_empty() {
        properties.wrong("MetricTransformations", "DefaultValue and Dimensions do not go together");
    }
    Some(MetricFilter {
        name: identity.name.clone(),
        group: group?,
        pattern: pattern?,
        metric,
        namespace,
        value,
        otherwise: otherwise.map(Json::from),
        unit,
        dimensions,
    })
}
