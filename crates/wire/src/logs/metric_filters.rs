//! Decides how requests of metric filters are read and answered.

use super::{Call, group};
use crate::Context;
use crate::error::{Code, WireError};
use crate::members::{Members, Rules};
use crate::reply::Service;
use observe::FILTER_PATTERN_LENGTH_MAX;
use observe::measure::{Unit, is_for_clients};
use serde_json::{Value as Json, json};
use types::{Gather, LogGroupName, Timestamp};

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
    filter_name(name, "filterName", &mut rules);
    filter_pattern(pattern, &mut rules);
    let transformations = members.objects("metricTransformations")?.unwrap_or_default();
    let [transformation] = transformations[..] else {
        let shown: Vec<String> = transformations.iter().map(|one| shown(*one)).collect();
        let bound = if shown.is_empty() { "greater than or equal to 1" } else { "less than or equal to 1" };
        let rule = format!("Member must have length {bound}");
        rules.broken(Some(&format!("[{}]", shown.join(", "))), "metricTransformations", &rule);
        return Err(rules.check(Code::InvalidParameter).expect_err("a rule was just broken"));
    };
    let (metric, namespace) = (required(transformation, "metricName")?, required(transformation, "metricNamespace")?);
    rules.length(metric, "metricTransformations.1.member.metricName", 0, 255);
    let path = "metricTransformations.1.member.metricNamespace";
    rules.length(namespace, path, 0, 255);
    if !is_for_clients(namespace) {
        // That AWS refuses this is documented, and its words for it were not recorded.
        rules.broken(Some(namespace), path, "Member must satisfy regular expression pattern: (?!AWS/|:).*");
    }
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

fn filter_name(name: &str, path: &str, rules: &mut Rules) {
    rules.length(name, path, 1, 512);
    if name.contains([':', '*']) {
        rules.broken(Some(name), path, "Member must satisfy regular expression pattern: [^:*]*");
    }
}

fn filter_pattern(pattern: &str, rules: &mut Rules) {
    if pattern.chars().count() > FILTER_PATTERN_LENGTH_MAX {
        let rule = format!("Member must have length less than or equal to {FILTER_PATTERN_LENGTH_MAX}");
        rules.broken(Some(pattern), "filterPattern", &rule);
    }
}

/// A transformation as AWS repeats it in an error.
fn shown(transformation: Members<'_>) -> String {
    let text = |name: &str| match transformation.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => format!("{:?}", number.as_f64().unwrap_or_default()),
        Some(other) => other.to_string(),
        None => "null".to_owned(),
    };
    let names = ["metricName", "metricNamespace", "metricValue", "defaultValue", "unit", "dimensions"];
    let parts: Vec<String> = names.iter().map(|name| format!("{name}={}", text(name))).collect();
    format!("MetricTransformation({})", parts.join(", "))
}

pub(super) fn test(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let pattern = required(members, "filterPattern")?;
    let mut rules = Rules::default();
    filter_pattern(pattern, &mut rules);
    let messages = members.texts("logEventMessages")?;
    match &messages {
        None => rules.missing("logEventMessages"),
        Some(messages) if messages.is_empty() || messages.len() > 50 => {
            let bound = if messages.is_empty() { "greater than or equal to 1" } else { "less than or equal to 50" };
            let rule = format!("Member must have length {bound}");
            rules.broken(Some(&format!("[{}]", messages.join(", "))), "logEventMessages", &rule);
        }
        Some(_) => {}
    }
    rules.check(Code::InvalidParameter)?;
    let messages = messages.unwrap_or_default().into_iter().map(str::to_owned).collect();
    Ok(Call::TestMetricFilter { pattern: pattern.to_owned(), messages })
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
    let prefix = text("filterNamePrefix")?;
    let mut rules = Rules::default();
    if let Some(prefix) = &prefix {
        filter_name(prefix, "filterNamePrefix", &mut rules);
    }
    for (given, path) in [(&metric, "metricName"), (&namespace, "metricNamespace")] {
        if let Some(given) = given {
            rules.length(given, path, 0, 255);
        }
    }
    rules.check(Code::InvalidParameter)?;
    let named = members.get("logGroupName").is_some();
    let skip = match members.text("nextToken")? {
        None => 0,
        Some(token) => token.parse().map_err(|_| WireError::token_invalid(Service::Logs))?,
    };
    Ok(Call::DescribeMetricFilters {
        group: if named { Some(group(members, context)?) } else { None },
        prefix,
        metric: metric.zip(namespace),
        limit: super::limit(members, 50, 50)?,
        skip,
    })
}

pub(super) fn delete(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let (group, name) = (group(members, context)?, required(members, "filterName")?);
    let mut rules = Rules::default();
    filter_name(name, "filterName", &mut rules);
    rules.check(Code::InvalidParameter)?;
    Ok(Call::DeleteMetricFilter { group, name: name.to_owned() })
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
        transformation["dimensions"] = Json::Object(dimensions.into_object());
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
