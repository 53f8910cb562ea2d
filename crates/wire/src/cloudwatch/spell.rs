//! Decides how answers about metrics, alarms and dashboards are spelt in JSON; instants are seconds since 1970.

use super::Answer;
use observe::alarm::{Alarm, State, Watched};
use observe::measure::query::{MetricStat, Query, What};
use observe::measure::{Metric, Stat};
use serde_json::{Map, Value as Json, json};
use types::{Account, Timestamp};

pub(crate) fn spell(answer: &Answer<'_>, account: &Account) -> Json {
    let mut body = match answer {
        Answer::Done | Answer::Nothing => json!({}),
        Answer::Tags(tags) => {
            let one = |(key, value): &(String, String)| json!({"Key": key, "Value": value});
            json!({"Tags": tags.iter().map(one).collect::<Vec<_>>()})
        }
        Answer::AlarmsForMetric(alarms) => {
            json!({"MetricAlarms": alarms.iter().map(|one| alarm(one, account)).collect::<Vec<_>>()})
        }
        Answer::Data { found, .. } => {
            let one = |page: &super::Page| {
                let (times, values): (Vec<i64>, Vec<f64>) = page.found.points.iter().copied().unzip();
                let mut told = json!({
                    "Id": page.found.id,
                    "Label": page.found.label,
                    "Timestamps": times,
                    "Values": values,
                    "StatusCode": if page.whole { "Complete" } else { "PartialData" },
                });
                if !page.found.units.is_empty() {
                    let units: Vec<&str> = page.found.units.iter().map(|unit| unit.as_str()).collect();
                    let message = format!("Multiple units returned: '[{}]'", units.join(", "));
                    told["Messages"] = json!([{"Code": "MultipleUnits", "Value": message}]);
                }
                told
            };
            json!({"MetricDataResults": found.iter().map(one).collect::<Vec<_>>(), "Messages": []})
        }
        Answer::Statistics { label, found, stats } => {
            let mut points = Vec::new();
            for (unit, values) in *found {
                for (at, values) in values {
                    let mut point = json!({"Timestamp": at, "Unit": unit.as_str()});
                    let mut extended = Map::new();
                    for stat in *stats {
                        match (stat, values.value(*stat)) {
                            (_, None) => {}
                            (Stat::Percentile(_), Some(value)) => drop(extended.insert(stat.to_string(), value.into())),
                            (_, Some(value)) => point[stat.to_string()] = value.into(),
                        }
                    }
                    if !extended.is_empty() {
                        point["ExtendedStatistics"] = extended.into();
                    }
                    points.push(point);
                }
            }
            json!({"Label": label, "Datapoints": points})
        }
        Answer::Metrics { metrics, .. } => json!({"Metrics": metrics.iter().map(metric).collect::<Vec<_>>()}),
        Answer::Alarms { alarms, .. } => {
            let alarms: Vec<Json> = alarms.iter().map(|one| alarm(one, account)).collect();
            json!({"MetricAlarms": alarms, "CompositeAlarms": []})
        }
        Answer::History { items, .. } => {
            let one = |(name, item): &(&str, &observe::alarm::History)| {
                json!({
                    "AlarmName": name,
                    "AlarmType": "MetricAlarm",
                    "Timestamp": seconds(item.at),
                    "HistoryItemType": item.kind.as_str(),
                    "HistorySummary": item.summary,
                    "HistoryData": item.data,
                })
            };
            json!({"AlarmHistoryItems": items.iter().map(one).collect::<Vec<_>>()})
        }
        Answer::DashboardKept => json!({"DashboardValidationMessages": []}),
        Answer::Dashboard { name, body } => {
            json!({"DashboardArn": dashboard_arn(name, account), "DashboardBody": body, "DashboardName": name})
        }
        Answer::Dashboards { dashboards, .. } => {
            let one = |(name, size, at): &(&str, usize, Timestamp)| {
                json!({
                    "DashboardName": name,
                    "DashboardArn": dashboard_arn(name, account),
                    "LastModified": seconds(*at),
                    "Size": size,
                })
            };
            json!({"DashboardEntries": dashboards.iter().map(one).collect::<Vec<_>>()})
        }
    };
    if let Answer::Data { next: Some(next), .. }
    | Answer::Metrics { next: Some(next), .. }
    | Answer::History { next: Some(next), .. } = answer
    {
        body["NextToken"] = format!("after-{next}").into();
    }
    if let Answer::Alarms { alarms, more: true } = answer
        && let Some(last) = alarms.last()
    {
        body["NextToken"] = format!("name-{}", last.definition.name).into();
    }
    if let Answer::Dashboards { dashboards, more: true } = answer
        && let Some((last, ..)) = dashboards.last()
    {
        body["NextToken"] = format!("name-{last}").into();
    }
    body
}

fn seconds(at: Timestamp) -> Json {
    (at.millis() as f64 / 1000.0).into()
}

fn dashboard_arn(name: &str, account: &Account) -> String {
    // Dashboards are of no region.
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", account.id)
}

fn dimensions(metric: &Metric) -> Json {
    metric.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect()
}

fn metric(metric: &Metric) -> Json {
    json!({"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions(metric)})
}

fn alarm(alarm: &Alarm, account: &Account) -> Json {
    let definition = &alarm.definition;
    let mut spelt = json!({
        "AlarmName": definition.name,
        "AlarmArn": account.arn("cloudwatch", &format!("alarm:{}", definition.name)).to_string(),
        "AlarmConfigurationUpdatedTimestamp": seconds(alarm.configured_at),
        "ActionsEnabled": definition.actions_enabled,
        "OKActions": definition.actions(State::Ok),
        "AlarmActions": definition.actions(State::Alarm),
        "InsufficientDataActions": definition.actions(State::InsufficientData),
        "StateValue": alarm.status.state.as_str(),
        "StateReason": alarm.status.reason,
        "StateUpdatedTimestamp": seconds(alarm.status.at),
        "StateTransitionedTimestamp": seconds(alarm.status.at),
        "EvaluationPeriods": definition.periods,
        "Threshold": definition.threshold,
        "ComparisonOperator": definition.comparison.as_str(),
    });
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            spelt[name] = value;
        }
    };
    put("AlarmDescription", definition.description.as_deref().map(Json::from));
    put("StateReasonData", alarm.status.reason_data.as_deref().map(Json::from));
    put("DatapointsToAlarm", definition.datapoints.map(Json::from));
    put("TreatMissingData", definition.missing.map(|missing| missing.as_str().into()));
    match &definition.watched {
        Watched::Metric(asked) => {
            put("Namespace", Some((&*asked.metric.namespace).into()));
            put("MetricName", Some((&*asked.metric.name).into()));
            put("Dimensions", Some(dimensions(&asked.metric)));
            put("Period", Some(asked.period.into()));
            put("Unit", asked.unit.map(|unit| unit.as_str().into()));
            let of_percentiles = matches!(asked.stat, Stat::Percentile(_));
            let name = if of_percentiles { "ExtendedStatistic" } else { "Statistic" };
            put(name, Some(asked.stat.to_string().into()));
        }
        Watched::Queries(queries) => put("Metrics", Some(queries.iter().map(query).collect())),
    }
    spelt
}

fn query(query: &Query) -> Json {
    let mut spelt = json!({"Id": query.id, "ReturnData": query.returned});
    match &query.what {
        What::Metric(asked) => spelt["MetricStat"] = metric_stat(asked),
        What::Expression(expression) => spelt["Expression"] = expression.as_str().into(),
    }
    if let Some(label) = &query.label {
        spelt["Label"] = label.as_str().into();
    }
    spelt
}

fn metric_stat(asked: &MetricStat) -> Json {
    let mut spelt = json!({"Metric": metric(&asked.metric), "Period": asked.period, "Stat": asked.stat.to_string()});
    if let Some(unit) = asked.unit {
        spelt["Unit"] = unit.as_str().into();
    }
    spelt
}
