//! Decides what others are told of an alarm's change: the event that AWS puts on its bus.

use super::reason::stamp;
use super::{Alarm, Status, Transition};
use crate::measure::query::{Query, What};
use serde_json::{Value as Json, json};
use types::Account;

pub(super) fn event(alarm: &Alarm, transition: &Transition, account: &Account, id: &str) -> Json {
    let definition = &alarm.definition;
    let mut configuration = json!({"metrics": definition.queries().iter().map(metric).collect::<Vec<_>>()});
    if let Some(description) = &definition.description {
        configuration["description"] = description.as_str().into();
    }
    json!({
        "version": "0",
        "id": id,
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": account.id,
        "time": transition.to.at.iso_seconds(),
        "region": account.region,
        "resources": [account.arn("cloudwatch", &format!("alarm:{}", definition.name)).to_string()],
        "detail": {
            "alarmName": definition.name,
            "state": status(&transition.to),
            "previousState": status(&transition.from),
            "configuration": configuration,
        },
    })
}

fn status(status: &Status) -> Json {
    let mut told = json!({
        "value": status.state.as_str(),
        "reason": status.reason,
        "timestamp": stamp(status.at),
    });
    if let Some(data) = &status.reason_data {
        told["reasonData"] = data.as_str().into();
    }
    told
}

fn metric(query: &Query) -> Json {
    let mut told = json!({"id": query.id, "returnData": query.returned});
    match &query.what {
        What::Metric(asked) => {
            told["metricStat"] = json!({
                "metric": {
                    "namespace": asked.metric.namespace,
                    "name": asked.metric.name,
                    "dimensions": asked.metric.dimensions,
                },
                "period": asked.period,
                "stat": asked.stat.to_string(),
            });
            if let Some(unit) = asked.unit {
                told["metricStat"]["unit"] = unit.as_str().into();
            }
        }
        What::Expression(expression) => told["expression"] = expression.as_str().into(),
    }
    if let Some(label) = &query.label {
        told["label"] = label.as_str().into();
    }
    told
}

/// What is remembered of a change.
pub(super) fn history_data(from: &Status, to: &Status) -> Json {
    let one = |status: &Status| {
        let mut told = json!({"stateValue": status.state.as_str(), "stateReason": status.reason});
        if let Some(data) = status.reason_data.as_deref().and_then(|data| serde_json::from_str::<Json>(data).ok()) {
            told["stateReasonData"] = data;
        }
        told
    };
    json!({"version": "1.0", "oldState": one(from), "newState": one(to)})
}
