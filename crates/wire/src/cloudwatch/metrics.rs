//! Decides how requests of metrics are read.

use super::{Call, POINTS_MAX, Put, STATISTICS_MAX, instant, invalid, limit, missing, number, required, skip};
use crate::Context;
use crate::error::{Code, WireError};
use crate::members::Members;
use observe::measure::query::{self, MetricStat, Query, What};
use observe::measure::{
    DIMENSION_NAME_LENGTH_MAX, DIMENSION_VALUE_LENGTH_MAX, DIMENSIONS_MAX, Dimensions, Expression, Metric,
    NAME_LENGTH_MAX, Series, Stat, Statistics, Unit, is_for_clients,
};

/// The most measurements of one request, and the most values of one of them.
const DATA_MAX: usize = 1_000;
const VALUES_MAX: usize = 150;
/// The most queries of one request.
const QUERIES_MAX: usize = 500;
/// The most values that are looked at for one query: a year of minutes and more than are kept.
const WINDOWS_MAX: i64 = 600_000;

pub(super) fn put(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    members.refuse(&["EntityMetricData"])?;
    let namespace = required(members, "Namespace")?;
    if !is_for_clients(namespace) || namespace.len() > NAME_LENGTH_MAX {
        return Err(invalid(format!("The value {namespace} for parameter Namespace is invalid.")));
    }
    let data = members.objects("MetricData")?.ok_or_else(|| missing("MetricData"))?;
    if data.len() > DATA_MAX {
        return Err(invalid(format!("The collection MetricData must not have a size greater than {DATA_MAX}.")));
    }
    let data = data.into_iter().zip(1..).map(|(datum, position)| put_one(datum, namespace, position));
    Ok(Call::PutMetricData { data: data.collect::<Result<_, _>>()? })
}

fn put_one(members: Members<'_>, namespace: &str, position: usize) -> Result<Put, WireError> {
    let path = |name: &str| format!("MetricData.member.{position}.{name}");
    let name = members.text("MetricName")?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| missing(&path("MetricName")))?;
    let unit = unit(members)?.unwrap_or(Unit::NONE);
    let fine = match members.integer("StorageResolution")?.unwrap_or(60) {
        1 => true,
        60 => false,
        other => {
            return Err(invalid(format!(
                "The value {other} for parameter {} must be 1 or 60.",
                path("StorageResolution")
            )));
        }
    };
    let metric = metric_of(namespace, name, dimensions(members)?)?;
    let at = instant(members, "Timestamp")?;
    let values = values(members, &path)?;
    Ok(Put { series: Series { metric, unit }, at, values, fine })
}

fn values(members: Members<'_>, path: &dyn Fn(&str) -> String) -> Result<Statistics, WireError> {
    let exclusive = |one: &str, other: &str| {
        let message = format!(
            "The parameters {} and {} are mutually exclusive and you have specified both.",
            path(one),
            path(other)
        );
        Err(WireError::new(Code::InvalidParameterCombination, message))
    };
    let value = number(members, "Value")?;
    let set = members.object("StatisticValues")?;
    let list = numbers(members, "Values")?;
    let counts = numbers(members, "Counts")?;
    match (value, set, list) {
        (Some(_), _, Some(_)) => exclusive("Value", "Values"),
        (Some(_), Some(_), _) => exclusive("Value", "StatisticValues"),
        (Some(value), None, None) => Ok(Statistics::of(value)),
        (None, Some(set), None) => {
            let set = Members::new(set, crate::Service::CloudWatch);
            let part =
                |name: &str| number(set, name)?.ok_or_else(|| missing(&path(&format!("StatisticValues.{name}"))));
            let (count, sum) = (part("SampleCount")?, part("Sum")?);
            let (least, most) = (part("Minimum")?, part("Maximum")?);
            if count <= 0.0 || least > most {
                return Err(invalid(format!("The value for parameter {} is invalid.", path("StatisticValues"))));
            }
            Ok(Statistics::of_set(count, sum, least, most))
        }
        // AWS takes a set beside a list, and does not say what becomes of it: the list tells more.
        (None, _, Some(list)) => {
            if list.is_empty() || list.len() > VALUES_MAX {
                return Err(invalid(format!("The parameter {} must have 1 to {VALUES_MAX} values.", path("Values"))));
            }
            let counts = counts.unwrap_or_else(|| vec![1.0; list.len()]);
            if counts.len() != list.len() {
                let message =
                    format!("The parameters {} and {} must be of the same size.", path("Values"), path("Counts"));
                return Err(invalid(message));
            }
            if counts.iter().any(|count| *count < 0.0) {
                return Err(invalid(format!("The values for parameter {} must not be negative.", path("Counts"))));
            }
            let mut all = Statistics::default();
            list.iter()
                .zip(&counts)
                .filter(|(_, count)| **count > 0.0)
                .for_each(|(value, count)| all.add(*value, *count));
            Ok(all)
        }
        (None, None, None) => Err(missing(&path("Value"))),
    }
}

fn numbers(members: Members<'_>, name: &str) -> Result<Option<Vec<f64>>, WireError> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let wrong = || crate::members::wrong_type(value, "List");
    let list = value.as_array().ok_or_else(wrong)?;
    let number = |value: &serde_json::Value| value.as_f64().filter(|number| number.is_finite());
    let list: Option<Vec<f64>> = list.iter().map(number).collect();
    list.map(Some).ok_or_else(|| invalid(format!("The values for parameter {name} must be numbers.")))
}

/// The dimensions of a metric: names and values.
pub(super) fn dimensions(members: Members<'_>) -> Result<Dimensions, WireError> {
    let given = members.objects("Dimensions")?.unwrap_or_default();
    if given.len() > DIMENSIONS_MAX {
        return Err(invalid(format!("The collection Dimensions must not have a size greater than {DIMENSIONS_MAX}.")));
    }
    let pair = |member: Members<'_>| {
        let (name, value) = (required(member, "Name")?, required(member, "Value")?);
        if name.len() > DIMENSION_NAME_LENGTH_MAX || value.len() > DIMENSION_VALUE_LENGTH_MAX {
            return Err(invalid("The name of a dimension has at most 255 characters, and its value at most 1024."));
        }
        Ok((name.into(), value.into()))
    };
    given.into_iter().map(pair).collect()
}

pub(super) fn unit(members: Members<'_>) -> Result<Option<Unit>, WireError> {
    let Some(text) = members.text("Unit")? else { return Ok(None) };
    let message = || format!("The parameter Unit must be a value in the set [ {} ].", Unit::all().join(", "));
    Unit::parse(text).map(Some).ok_or_else(|| invalid(message()))
}

/// A metric from its parts, if they are as short as they must be.
pub(super) fn metric_of(namespace: &str, name: &str, dimensions: Dimensions) -> Result<Metric, WireError> {
    for (given, what) in [(namespace, "Namespace"), (name, "MetricName")] {
        if given.len() > NAME_LENGTH_MAX {
            return Err(invalid(format!(
                "The parameter {what} must be shorter than {} characters.",
                NAME_LENGTH_MAX + 1
            )));
        }
    }
    Ok(Metric { namespace: namespace.into(), name: name.into(), dimensions })
}

pub(super) fn metric(members: Members<'_>) -> Result<Metric, WireError> {
    metric_of(required(members, "Namespace")?, required(members, "MetricName")?, dimensions(members)?)
}

/// A period: 1, 5, 10, 20, 30 or any number of whole minutes.
pub(super) fn period(given: i64) -> Result<i64, WireError> {
    let good = matches!(given, 1 | 5 | 10 | 20 | 30) || (given > 0 && given % 60 == 0 && given <= 31_536_000);
    let message = format!("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, and is {given}.");
    good.then_some(given).ok_or_else(|| invalid(message))
}

pub(super) fn stat(text: &str) -> Result<Stat, WireError> {
    let message = format!(
        "The statistic {text} is not handled by this engine; SampleCount, Sum, Average, Minimum, Maximum and \
         percentiles such as p99.9 are."
    );
    Stat::parse(text).ok_or_else(|| invalid(message))
}

pub(super) fn data(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let queries = members.objects("MetricDataQueries")?.ok_or_else(|| missing("MetricDataQueries"))?;
    if queries.len() > QUERIES_MAX {
        return Err(invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {QUERIES_MAX}."
        )));
    }
    let queries = self::queries(queries)?;
    let (from, to) = span(members)?;
    for query in &queries {
        if let What::Metric(metric) = &query.what
            && (to - from) / metric.period > WINDOWS_MAX
        {
            return Err(invalid(format!("The periods of {} are too many; ask for longer ones.", query.id)));
        }
    }
    let newest_first = match members.text("ScanBy")?.unwrap_or("TimestampDescending") {
        "TimestampDescending" => true,
        "TimestampAscending" => false,
        other => return Err(invalid(format!("The value {other} for parameter ScanBy is invalid."))),
    };
    let (limit, skip) = (limit(members, "MaxDatapoints", POINTS_MAX)?, skip(members)?);
    Ok(Call::GetMetricData { queries, from, to, newest_first, limit, skip })
}

/// Queries that may ask one another; all is well with them but the data.
pub(super) fn queries(given: Vec<Members<'_>>) -> Result<Vec<Query>, WireError> {
    let mut queries: Vec<Query> = Vec::new();
    for members in given {
        members.refuse(&["AccountId"])?;
        let id = required(members, "Id")?;
        let begins = id.starts_with(|first: char| first.is_ascii_lowercase());
        if !begins || id.len() > 255 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(WireError::new(
                Code::Validation,
                format!(
                    "The value {id} for parameter Id must begin with a small letter and have letters, digits and _ alone."
                ),
            ));
        }
        if queries.iter().any(|known| known.id == id) {
            return Err(WireError::new(Code::Validation, format!("The id {id} is there twice.")));
        }
        let label = members.text("Label")?.map(str::to_owned);
        let returned = members.truth("ReturnData")?.unwrap_or(true);
        let what = match (members.object("MetricStat")?, members.text("Expression")?) {
            (Some(asked), None) => {
                let asked = Members::new(asked, crate::Service::CloudWatch);
                let inner = asked.object("Metric")?.ok_or_else(|| missing("MetricStat.Metric"))?;
                let metric = metric(Members::new(inner, crate::Service::CloudWatch))?;
                let period = period(asked.integer("Period")?.ok_or_else(|| missing("MetricStat.Period"))?)?;
                What::Metric(MetricStat { metric, period, stat: stat(required(asked, "Stat")?)?, unit: unit(asked)? })
            }
            (None, Some(expression)) => {
                let wrong = |error: observe::measure::ExpressionError| {
                    WireError::new(Code::Validation, format!("Error in expression '{id}': {error}"))
                };
                What::Expression(Expression::parse(expression).map_err(wrong)?)
            }
            _ => {
                let message = format!("The query {id} needs either MetricStat or Expression.");
                return Err(WireError::new(Code::Validation, message));
            }
        };
        queries.push(Query { id: id.to_owned(), label, returned, what });
    }
    query::check(&queries).map_err(|error| WireError::new(Code::Validation, error.to_string()))?;
    Ok(queries)
}

fn span(members: Members<'_>) -> Result<(i64, i64), WireError> {
    let from = instant(members, "StartTime")?.ok_or_else(|| missing("StartTime"))?;
    let to = instant(members, "EndTime")?.ok_or_else(|| missing("EndTime"))?;
    if from >= to {
        return Err(WireError::new(
            Code::Validation,
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    // The second in which it ends is not over before it.
    Ok((from.seconds(), (to.millis() + 999).div_euclid(1000)))
}

/// How many whole seconds are asked for, which is a second less than those that are touched.
fn asked_seconds(members: Members<'_>) -> Result<i64, WireError> {
    let (from, to) = (instant(members, "StartTime")?, instant(members, "EndTime")?);
    Ok(from.zip(to).map_or(0, |(from, to)| (to.millis() - from.millis()) / 1000))
}

pub(super) fn statistics(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let metric = metric(members)?;
    let (from, to) = span(members).map_err(|error| match error.code {
        Code::Validation => invalid(error.message),
        _ => error,
    })?;
    let period = period(members.integer("Period")?.ok_or_else(|| missing("Period"))?)?;
    let points = asked_seconds(members)? / period;
    if points > STATISTICS_MAX {
        return Err(WireError::new(
            Code::InvalidParameterCombination,
            format!(
                "You have requested up to {points} datapoints, which exceeds the limit of {STATISTICS_MAX}. You may \
                 reduce the datapoints requested by increasing Period, or decreasing the time range."
            ),
        ));
    }
    let plain = members.texts("Statistics")?.unwrap_or_default();
    let extended = members.texts("ExtendedStatistics")?.unwrap_or_default();
    let mut stats = Vec::new();
    for (text, of_percentiles) in plain.iter().map(|text| (text, false)).chain(extended.iter().map(|text| (text, true)))
    {
        let stat = stat(text)?;
        if matches!(stat, Stat::Percentile(_)) != of_percentiles {
            return Err(invalid(format!(
                "The value {text} stands under the wrong one of Statistics and ExtendedStatistics."
            )));
        }
        stats.push(stat);
    }
    if stats.is_empty() {
        let message = "At least one of the parameters Statistics and ExtendedStatistics must be specified.";
        return Err(WireError::new(Code::MissingParameter, message));
    }
    Ok(Call::GetMetricStatistics { metric, from, to, period, stats, unit: unit(members)? })
}

pub(super) fn list(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    members.refuse(&["OwningAccount"])?;
    if members.truth("IncludeLinkedAccounts")? == Some(true) {
        return Err(WireError::not_handled(crate::Service::CloudWatch, "IncludeLinkedAccounts"));
    }
    if let Some(text) = members.text("RecentlyActive")? {
        // Whether a metric was active in the last three hours is not kept.
        return Err(WireError::not_handled(crate::Service::CloudWatch, &format!("RecentlyActive {text}")));
    }
    let text = |name: &str| members.text(name).map(|text| text.map(str::to_owned));
    let pair = |member: Members<'_>| {
        Ok::<_, WireError>((required(member, "Name")?.to_owned(), member.text("Value")?.map(str::to_owned)))
    };
    let dimensions = members.objects("Dimensions")?.unwrap_or_default().into_iter().map(pair);
    let dimensions = dimensions.collect::<Result<_, _>>()?;
    Ok(Call::ListMetrics { namespace: text("Namespace")?, name: text("MetricName")?, dimensions, skip: skip(members)? })
}
