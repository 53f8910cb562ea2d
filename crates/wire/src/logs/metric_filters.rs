//! Decides how requests of metric filters are read and answered.

use super::{Call, group};
use crate::Context;
use crate::error::{Code, WireError};
use crate::members::{Members, Rules};
use crate::reply::Service;
use observe::measure::Unit;
use serde_json::{Map, Value as Json, json};
use types::{LogGroupName, Timestamp};

/// What lines that a filter finds count for.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFilter {
    /// The log group.
    pub group: LogGroupName,
    /// Its name.
    pub name: String,
    /// Which lines.
    pub pattern: String,
    /// The metric's namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// What a line counts for: a number, or where it is in the line.
    pub value: String,
    /// What other lines count for.
    pub otherwise: Option<f64>,
    /// Dimensions, and where in the line their values are.
    pub dimensions: Vec<(String, String)>,
    /// In what is counted.
    pub unit: Option<Unit>,
    /// When it was made; not read from a request.
    pub at: Timestamp,
}

fn required<'a>(members: Members<'a>, name: &str) -> Result<&'a str, WireError> {
    members.text(name)?.ok_or_else(|| {
        let mut rules = Rules::default();
        rules.missing(name);
        rules.check(Code::InvalidParameter).expect_err("a rule was just broken")
    })
}

pub(super) fn put(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    members.refuse(&["applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions"])?;
    let group = group(members, context)?;
    let (name, pattern) = (required(members, "filterName")?, required(members, "filterPattern")?);
    let mut rules = Rules::default();
    rules.length(name, "filterName", 1, 512);
    if name.contains([':', '*']) {
        rules.broken(Some(name), "filterName", "Member must satisfy regular expression pattern: [^:*]*");
    }
    let transformations = members.objects("metricTransformations")?.unwrap_or_default();
    let [transformation] = transformations[..] else {
        let shown = format!("{} transformations", transformations.len());
        rules.broken(Some(&shown), "metricTransformations", "Member must have length equal to 1");
        return Err(rules.check(Code::InvalidParameter).expect_err("a rule was just broken"));
    };
    let (metric, namespace) = (required(transformation, "metricName")?, required(transformation, "metricNamespace")?);
    rules.length(metric, "metricTransformations.1.member.metricName", 0, 255);
    rules.length(namespace, "metricTransformations.1.member.metricNamespace", 0, 255);
    rules.check(Code::InvalidParameter)?;
    let value = required(transformation, "metricValue")?;
    let invalid = |message: &str| WireError::new(Code::InvalidParameter, message);
    let otherwise = match transformation.get("defaultValue") {
        None => None,
        Some(value) => Some(value.as_f64().ok_or_else(|| crate::members::wrong_type(value, "Double"))?),
    };
    let dimensions: Vec<(String, String)> = transformation
        .named_texts("dimensions")?
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if dimensions.len() > 3 {
        return Err(invalid("A metric filter has at most 3 dimensions."));
    }
    if otherwise.is_some() && !dimensions.is_empty() {
        return Err(invalid(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties.",
        ));
    }
    let unit = match transformation.text("unit")? {
        None => None,
        Some(text) => Some(Unit::parse(text).ok_or_else(|| invalid(&format!("{text} is no unit.")))?),
    };
    Ok(Call::PutMetricFilter(Box::new(MetricFilter {
        group,
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        value: value.to_owned(),
        otherwise,
        dimensions,
        unit,
        at: Timestamp::EPOCH,
    })))
}

pub(super) fn describe(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let text = |name: &str| members.text(name).map(|text| text.map(str::to_owned));
    let (metric, namespace) = (text("metricName")?, text("metricNamespace")?);
    if metric.is_some() != namespace.is_some() {
        return Err(WireError::new(
            Code::InvalidParameter,
            "metricName and metricNamespace are given together or not at all.",
        ));
    }
    let named = members.get("logGroupName").is_some();
    let skip = match members.text("nextToken")? {
        None => 0,
        Some(token) => token.parse().map_err(|_| WireError::token_invalid(Service::Logs))?,
    };
    Ok(Call::DescribeMetricFilters {
        group: if named { Some(group(members, context)?) } else { None },
        prefix: text("filterNamePrefix")?,
        metric: metric.zip(namespace),
        limit: super::limit(members, 50, 50)?,
        skip,
    })
}

pub(super) fn delete(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    Ok(Call::DeleteMetricFilter { group: group(members, context)?, name: required(members, "filterName")?.to_owned() })
}

pub(super) fn spell(filter: &MetricFilter) -> Json {
    let mut transformation = json!({
        "metricName": filter.metric,
        "metricNamespace": filter.namespace,
        "metricValue": filter.value,
    });
    if let Some(otherwise) = filter.otherwise {
        transformation["defaultValue"] = otherwise.into();
    }
    if !filter.dimensions.is_empty() {
        let dimensions = filter.dimensions.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        transformation["dimensions"] = Json::Object(dimensions.collect::<Map<_, _>>());
    }
    if let Some(unit) = filter.unit {
        transformation["unit"] = unit.as_str().into();
    }
    json!({
        "filterName": filter.name,
        "filterPattern": filter.pattern,
        "metricTransformations": [transformation],
        "creationTime": filter.at.millis(),
        "logGroupName": filter.group.as_str(),
        "applyOnTransformedLogs": false,
    })
}
