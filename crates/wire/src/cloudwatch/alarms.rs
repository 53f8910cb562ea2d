//! Decides how requests of alarms are read.

use super::{Call, WhichAlarms, after, instant, invalid, limit, metrics, missing, number, required, skip};
use crate::Context;
use crate::error::{Code, WireError};
use crate::members::{Members, Rules};
use crate::reply::Service;
use observe::alarm::{Comparison, Definition, HistoryKind, Missing, State, Watched};
use observe::measure::Stat;
use observe::measure::query::{MetricStat, What};
use serde_json::{Map, Value as Json};

/// The most actions for one state.
const ACTIONS_MAX: usize = 5;
/// How long an alarm may look back, in seconds: a week.
const BACK_MAX: i64 = 7 * 24 * 3600;
/// The most queries of one alarm.
const QUERIES_MAX: usize = 10;

/// What an alarm's members ask for, as a request and a template say them alike; what is wrong, in words.
pub fn definition(members: &Map<String, Json>) -> Result<Definition, String> {
    read(Members::new(members, Service::CloudWatch)).map_err(|error| error.message)
}

pub(super) fn put(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    read(members).map(|definition| Call::PutMetricAlarm(Box::new(definition)))
}

fn read(members: Members<'_>) -> Result<Definition, WireError> {
    members.refuse(&["ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval"])?;
    if members.text("EvaluateLowSampleCountPercentile")?.is_some_and(|given| given != "evaluate") {
        return Err(WireError::not_handled(Service::CloudWatch, "EvaluateLowSampleCountPercentile ignore"));
    }
    let name = required(members, "AlarmName")?;
    if name.len() > 255 {
        return Err(invalid("The parameter AlarmName has at most 255 characters."));
    }
    let mut rules = Rules::default();
    let operator = required(members, "ComparisonOperator")?;
    rules.one_of(operator, "comparisonOperator", &Comparison::ALL.map(|(text, _)| text));
    let missing_as = members.text("TreatMissingData")?;
    if let Some(given) = missing_as {
        rules.one_of(given, "treatMissingData", &Missing::ALL.map(|(text, _)| text));
    }
    let periods = members.integer("EvaluationPeriods")?.ok_or_else(|| missing("EvaluationPeriods"))?;
    rules.range(periods, "evaluationPeriods", 1, 10_080);
    let datapoints = members.integer("DatapointsToAlarm")?;
    if let Some(datapoints) = datapoints {
        rules.range(datapoints, "datapointsToAlarm", 1, 10_080);
    }
    rules.check(Code::Validation)?;
    if datapoints.is_some_and(|datapoints| datapoints > periods) {
        return Err(WireError::new(
            Code::Validation,
            "The parameter DatapointsToAlarm must be smaller than or equal to EvaluationPeriods.",
        ));
    }
    let watched = watched(members)?;
    let whole = |number: i64| u32::try_from(number).expect("it is within its bounds");
    let definition = Definition {
        name: name.to_owned(),
        description: members.text("AlarmDescription")?.map(str::to_owned),
        actions_enabled: members.truth("ActionsEnabled")?.unwrap_or(true),
        ok_actions: actions(members, "OKActions")?,
        alarm_actions: actions(members, "AlarmActions")?,
        insufficient_data_actions: actions(members, "InsufficientDataActions")?,
        watched,
        periods: whole(periods),
        datapoints: datapoints.map(whole),
        threshold: number(members, "Threshold")?.ok_or_else(|| missing("Threshold"))?,
        comparison: found(&Comparison::ALL, operator),
        missing: missing_as.map(|given| found(&Missing::ALL, given)),
        tags: super::tags::tags(members)?,
    };
    if definition.period() * i64::from(definition.periods) > BACK_MAX {
        return Err(WireError::new(
            Code::Validation,
            format!("Metrics cannot be checked across more than {BACK_MAX} seconds (EvaluationPeriods * Period)."),
        ));
    }
    Ok(definition)
}

fn found<T: Copy>(all: &[(&str, T)], text: &str) -> T {
    all.iter().find(|(known, _)| *known == text).expect("it was just held to these").1
}

fn watched(members: Members<'_>) -> Result<Watched, WireError> {
    if let Some(given) = members.objects("Metrics")? {
        if let Some(name) =
            ["MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"]
                .into_iter()
                .find(|name| members.get(name).is_some())
        {
            let message =
                format!("The parameters Metrics and {name} are mutually exclusive and you have specified both.");
            return Err(WireError::new(Code::InvalidParameterCombination, message));
        }
        if given.is_empty() || given.len() > QUERIES_MAX {
            return Err(invalid(format!("The collection Metrics must have 1 to {QUERIES_MAX} members.")));
        }
        let queries = metrics::queries(given)?;
        if queries.iter().filter(|query| query.returned).count() != 1 {
            return Err(WireError::new(
                Code::Validation,
                "Exactly one element of the metrics list should return data.",
            ));
        }
        let mut periods = queries.iter().filter_map(|query| match &query.what {
            What::Metric(metric) => Some(metric.period),
            What::Expression(_) => None,
        });
        let first = periods.next();
        if periods.any(|period| Some(period) != first) {
            return Err(WireError::new(Code::Validation, "Period must not be different across metrics of one alarm."));
        }
        return Ok(Watched::Queries(queries));
    }
    let metric = metrics::metric(members)?;
    let period = members.integer("Period")?.ok_or_else(|| missing("Period"))?;
    if !matches!(period, 10 | 20 | 30) && (period < 60 || period % 60 != 0) {
        return Err(invalid("The parameter Period must be 10, 20, 30 or a multiple of 60."));
    }
    let stat = match (members.text("Statistic")?, members.text("ExtendedStatistic")?) {
        (Some(plain), None) => metrics::stat(plain)?,
        (None, Some(percentile)) => match metrics::stat(percentile)? {
            stat @ Stat::Percentile(_) => stat,
            _ => return Err(invalid("The parameter ExtendedStatistic must be a percentile, such as p99.")),
        },
        (Some(_), Some(_)) => {
            let message =
                "The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both.";
            return Err(WireError::new(Code::InvalidParameterCombination, message));
        }
        (None, None) => return Err(missing("Statistic")),
    };
    Ok(Watched::Metric(MetricStat { metric, period, stat, unit: metrics::unit(members)? }))
}

fn actions(members: Members<'_>, name: &str) -> Result<Vec<String>, WireError> {
    let given = members.texts(name)?.unwrap_or_default();
    if given.len() > ACTIONS_MAX {
        return Err(invalid(format!("The collection {name} must not have a size greater than {ACTIONS_MAX}.")));
    }
    // AWS takes ARNs alone; here an alarm may tell a webhook too.
    let is_fair = |action: &str| action.starts_with("arn:") || delivery::bus::endpoint::check_address(action).is_ok();
    if let Some(wrong) = given.iter().find(|action| !is_fair(action) || action.len() > 1_024) {
        let wrong: String = wrong.chars().take(200).collect();
        return Err(invalid(format!("Invalid action specified: {wrong} is no ARN.")));
    }
    Ok(given.into_iter().map(str::to_owned).collect())
}

fn names(members: Members<'_>) -> Result<Vec<String>, WireError> {
    let names = members.texts("AlarmNames")?.ok_or_else(|| missing("AlarmNames"))?;
    if names.len() > 100 {
        return Err(invalid("The collection AlarmNames must not have a size greater than 100."));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn state(text: &str, path: &str) -> Result<State, WireError> {
    State::parse(text).ok_or_else(|| {
        let mut rules = Rules::default();
        rules.one_of(text, path, &["INSUFFICIENT_DATA", "ALARM", "OK"]);
        rules.check(Code::Validation).expect_err("a rule was just broken")
    })
}

pub(super) fn describe(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    members.refuse(&["ChildrenOfAlarmName", "ParentsOfAlarmName"])?;
    let names = members.texts("AlarmNames")?.filter(|names| !names.is_empty());
    let prefix = members.text("AlarmNamePrefix")?.map(str::to_owned);
    if names.is_some() && prefix.is_some() {
        let message =
            "The parameters AlarmNames and AlarmNamePrefix are mutually exclusive and you have specified both.";
        return Err(WireError::new(Code::InvalidParameterCombination, message));
    }
    let of_metrics =
        members.texts("AlarmTypes")?.is_none_or(|kinds| kinds.is_empty() || kinds.contains(&"MetricAlarm"));
    let which = WhichAlarms {
        names: names.map(|names| names.into_iter().map(str::to_owned).collect()),
        prefix,
        state: members.text("StateValue")?.map(|text| state(text, "stateValue")).transpose()?,
        action_prefix: members.text("ActionPrefix")?.map(str::to_owned),
        of_metrics,
    };
    Ok(Call::DescribeAlarms { which, limit: limit(members, "MaxRecords", 100)?, after: after(members)? })
}

pub(super) fn for_metric(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let stat = match (members.text("Statistic")?, members.text("ExtendedStatistic")?) {
        (None, None) => None,
        (Some(text), None) | (None, Some(text)) => Some(metrics::stat(text)?),
        (Some(_), Some(_)) => {
            let message =
                "The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both.";
            return Err(WireError::new(Code::InvalidParameterCombination, message));
        }
    };
    let period = members.integer("Period")?;
    Ok(Call::DescribeAlarmsForMetric { metric: metrics::metric(members)?, stat, period, unit: metrics::unit(members)? })
}

pub(super) fn history(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    members.refuse(&["AlarmContributorId"])?;
    let kind = match members.text("HistoryItemType")? {
        None => None,
        Some(text) => {
            let mut rules = Rules::default();
            rules.one_of(text, "historyItemType", &HistoryKind::ALL.map(|(text, _)| text));
            rules.check(Code::Validation)?;
            Some(found(&HistoryKind::ALL, text))
        }
    };
    let newest_first = members.text("ScanBy")?.unwrap_or("TimestampDescending") != "TimestampAscending";
    Ok(Call::DescribeAlarmHistory {
        name: members.text("AlarmName")?.map(str::to_owned),
        kind,
        from: instant(members, "StartDate")?,
        to: instant(members, "EndDate")?,
        newest_first,
        limit: limit(members, "MaxRecords", 100)?,
        skip: skip(members)?,
    })
}

pub(super) fn delete(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    names(members).map(Call::DeleteAlarms)
}

pub(super) fn set_state(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let name = required(members, "AlarmName")?.to_owned();
    let state = state(required(members, "StateValue")?, "stateValue")?;
    let reason = members.text("StateReason")?.ok_or_else(|| missing("StateReason"))?.to_owned();
    let reason_data = members.text("StateReasonData")?.map(str::to_owned);
    if reason.len() > 1_023 || reason_data.as_ref().is_some_and(|data| data.len() > 4_000) {
        return Err(invalid("StateReason has at most 1023 characters, and StateReasonData at most 4000."));
    }
    if reason_data.as_ref().is_some_and(|data| serde_json::from_str::<serde_json::Value>(data).is_err()) {
        return Err(WireError::new(Code::InvalidFormat, "The parameter StateReasonData must be JSON."));
    }
    Ok(Call::SetAlarmState { name, state, reason, reason_data })
}

pub(super) fn enable(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    Ok(Call::EnableAlarmActions { names: names(members)?, enabled: true })
}

pub(super) fn disable(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    Ok(Call::EnableAlarmActions { names: names(members)?, enabled: false })
}
