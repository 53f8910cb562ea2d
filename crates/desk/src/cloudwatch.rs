//! Decides what calls on metrics, alarms and dashboards do.

use super::{internal, not_written};
use crate::Backend;
use engine::watch::{AlarmError, Alarms, Watch};
use observe::alarm::{Alarm, History, Watched};
use observe::measure::query::{self, Found, Query, QueryError, Windows};
use observe::measure::{Datum, Metric, RecordRefused, has_dimensions};
use types::{SortedMap, sort};
use wire::cloudwatch::{self, Call, LISTED_MAX, Page, Put, Refused, WhichAlarms};
use wire::{Answer, Refusal, Reply, Response};

/// How many dashboards one page has.
const DASHBOARDS_A_PAGE: usize = 100;

pub(super) async fn answer(backend: &Backend, reply: &Reply<'_>, call: Call) -> Response {
    let watch = backend.engine.watch().clone();
    match call {
        Call::PutMetricData { data } => put(reply, &watch, data),
        Call::GetMetricData { queries, from, to, newest_first, limit, skip } => {
            let asked = move || ask(&watch, &queries, from, to);
            match engine::aside(asked).await {
                Ok(Ok(found)) => {
                    let (pages, next) = page(found, newest_first, limit, skip);
                    say(reply, cloudwatch::Answer::Data { found: &pages, next })
                }
                Ok(Err(QueryError::Read(refused))) => not_written(reply, &refused),
                Ok(Err(error)) => refuse(reply, Refused::Queries(&error.to_string())),
                Err(error) => internal(reply, &error),
            }
        }
        Call::GetMetricStatistics { metric, from, to, period, stats, unit } => {
            let label = metric.name.clone();
            let windows = Windows::between(from, to, period);
            let read = move || watch.measures.read_by_unit(&metric, unit, &windows);
            match engine::aside(read).await {
                Ok(Ok(found)) => {
                    say(reply, cloudwatch::Answer::Statistics { label: &label, found: &found, stats: &stats })
                }
                Ok(Err(refused)) => not_written(reply, &refused),
                Err(error) => internal(reply, &error),
            }
        }
        Call::ListMetrics { namespace, name, dimensions, skip } => {
            let wanted = |metric: &Metric| {
                namespace.as_ref().is_none_or(|wanted| *metric.namespace == **wanted)
                    && name.as_ref().is_none_or(|wanted| *metric.name == **wanted)
                    && has_dimensions(&metric.dimensions, &dimensions)
            };
            let listed = watch.measures.list(engine::now(), wanted, skip, LISTED_MAX);
            let next = listed.more.then_some(skip + LISTED_MAX);
            say(reply, cloudwatch::Answer::Metrics { metrics: &listed.metrics, next })
        }
        Call::DescribeAlarms { which, limit, after } => {
            let all = watch.alarms.all();
            let wanted = |alarm: &&Alarm| {
                wants(&which, alarm) && after.as_ref().is_none_or(|after| alarm.definition.name > *after)
            };
            let mut alarms: Vec<&Alarm> = all.values().filter(wanted).collect();
            let more = alarms.len() > limit;
            alarms.truncate(limit);
            say(reply, cloudwatch::Answer::Alarms { alarms: &alarms, more })
        }
        Call::DescribeAlarmsForMetric { metric, stat, period, unit } => {
            let all = watch.alarms.all();
            let wanted = |alarm: &&Alarm| match &alarm.definition.watched {
                Watched::Metric(asked) => {
                    asked.metric == metric
                        && stat.is_none_or(|stat| asked.stat == stat)
                        && period.is_none_or(|period| asked.period == period)
                        && unit.is_none_or(|unit| asked.unit == Some(unit))
                }
                Watched::Queries(_) => false,
            };
            let alarms: Vec<&Alarm> = all.values().filter(wanted).collect();
            say(reply, cloudwatch::Answer::AlarmsForMetric(&alarms))
        }
        Call::DescribeAlarmHistory { name, kind, from, to, newest_first, limit, skip } => {
            let all = watch.alarms.all();
            let of = |alarm: &&Alarm| name.as_ref().is_none_or(|name| alarm.definition.name == *name);
            let items = all
                .values()
                .filter(of)
                .flat_map(|alarm| alarm.history.iter().map(|item| (alarm.definition.name.as_str(), item)));
            let wanted = |(_, item): &(&str, &History)| {
                kind.is_none_or(|kind| item.kind == kind)
                    && from.is_none_or(|from| item.at >= from)
                    && to.is_none_or(|to| item.at <= to)
            };
            let mut items: Vec<(&str, &History)> = items.filter(wanted).collect();
            sort::by_key(&mut items, |(_, item)| item.at);
            if newest_first {
                items.reverse();
            }
            let next = (items.len() > skip + limit).then_some(skip + limit);
            let items: Vec<(&str, &History)> = items.into_iter().skip(skip).take(limit).collect();
            say(reply, cloudwatch::Answer::History { items: &items, next })
        }
        Call::PutMetricAlarm(definition) => done(reply, &watch, move |alarms| alarms.put(*definition, None)).await,
        Call::DeleteAlarms(names) => done(reply, &watch, move |alarms| alarms.delete(&names)).await,
        Call::SetAlarmState { name, state, reason, reason_data } => {
            done(reply, &watch, move |alarms| alarms.set_state(&name, state, reason, reason_data)).await
        }
        Call::EnableAlarmActions { names, enabled } => {
            done(reply, &watch, move |alarms| alarms.enable(&names, enabled)).await
        }
        Call::PutDashboard { name, body } => {
            let put = aside(reply, &watch, move |alarms| alarms.put_dashboard(&name, body, None)).await;
            put.map_or_else(|refused| refused, |()| say(reply, cloudwatch::Answer::DashboardKept))
        }
        Call::GetDashboard(name) => match watch.alarms.dashboards().get(&name) {
            Some(dashboard) => say(reply, cloudwatch::Answer::Dashboard { name: &name, body: &dashboard.body }),
            None => refuse(reply, Refused::NoSuchDashboard(&name)),
        },
        Call::ListDashboards { prefix, after } => {
            let all = watch.alarms.dashboards();
            let wanted = all
                .iter()
                .filter(|(name, _)| name.starts_with(&prefix) && after.as_ref().is_none_or(|after| name > after))
                .map(|(name, dashboard)| (name.as_str(), dashboard.body.len(), dashboard.at));
            let mut listed: Vec<_> = wanted.collect();
            let more = listed.len() > DASHBOARDS_A_PAGE;
            listed.truncate(DASHBOARDS_A_PAGE);
            say(reply, cloudwatch::Answer::Dashboards { dashboards: &listed, more })
        }
        Call::DeleteDashboards(names) => {
            let gone = aside(reply, &watch, move |alarms| alarms.delete_dashboards(&names)).await;
            gone.map_or_else(|refused| refused, |()| say(reply, cloudwatch::Answer::Nothing))
        }
        Call::ListTags { alarm } => match watch.alarms.all().get(&alarm) {
            Some(alarm) => say(reply, cloudwatch::Answer::Tags(&alarm.definition.tags)),
            None => refuse(reply, Refused::NothingToTag),
        },
        Call::Tag { alarm, tags } => tag(reply, &watch, alarm, tags, Vec::new()).await,
        Call::Untag { alarm, keys } => tag(reply, &watch, alarm, SortedMap::new(), keys).await,
    }
}

fn say(reply: &Reply<'_>, answer: cloudwatch::Answer<'_>) -> Response {
    reply.answer(&Answer::CloudWatch(answer))
}

fn refuse(reply: &Reply<'_>, refused: Refused<'_>) -> Response {
    reply.refuse(&Refusal::CloudWatch(refused))
}

fn put(reply: &Reply<'_>, watch: &Watch, data: Vec<Put>) -> Response {
    let now = engine::now();
    let datum = |put: Put| Datum { series: put.series, at: put.at.unwrap_or(now), values: put.values, fine: put.fine };
    let data: Vec<Datum> = data.into_iter().map(datum).collect();
    match watch.measures.record(&data, now) {
        Ok(()) => say(reply, cloudwatch::Answer::Done),
        Err(RecordRefused::Behind) => reply.refuse(&Refusal::Throttled),
        Err(error @ RecordRefused::TooManySeries) => refuse(reply, Refused::TooMany(&error.to_string())),
    }
}

/// Answers queries from what was measured.
fn ask(watch: &Watch, queries: &[Query], from: i64, to: i64) -> Result<Vec<Found>, QueryError<engine::WriteRefused>> {
    let windows = |period| Windows::between(from, to, period);
    query::run(queries, &windows, &mut |asked, windows| watch.measures.read(asked, windows))
}

/// The values of a page, and after how many values it goes on. What a query has on no page is left out of it, but that
/// it has nothing at all is said on the first.
fn page(found: Vec<Found>, newest_first: bool, limit: usize, skip: usize) -> (Vec<Page>, Option<usize>) {
    let total: usize = found.iter().map(|found| found.points.len()).sum();
    let (mut before, mut pages) = (0, Vec::new());
    for mut found in found {
        let count = found.points.len();
        if newest_first {
            found.points.reverse();
        }
        let (from, to) = (skip.saturating_sub(before).min(count), (skip + limit).saturating_sub(before).min(count));
        before += count;
        found.points = found.points[from..to].to_vec();
        if !found.points.is_empty() || (count == 0 && skip == 0) {
            pages.push(Page { found, whole: to == count });
        }
    }
    (pages, (skip + limit < total).then_some(skip + limit))
}

fn wants(which: &WhichAlarms, alarm: &Alarm) -> bool {
    let definition = &alarm.definition;
    let actions = [&definition.ok_actions, &definition.alarm_actions, &definition.insufficient_data_actions];
    which.of_metrics
        && which.names.as_ref().is_none_or(|names| names.contains(&definition.name))
        && which.prefix.as_ref().is_none_or(|prefix| definition.name.starts_with(prefix))
        && which.state.is_none_or(|state| alarm.status.state == state)
        && which
            .action_prefix
            .as_ref()
            .is_none_or(|prefix| actions.iter().any(|actions| actions.iter().any(|action| action.starts_with(prefix))))
}

/// Does something to alarms that waits for the disk, where that holds nobody up.
async fn aside(
    reply: &Reply<'_>,
    watch: &Watch,
    work: impl FnOnce(&Alarms) -> Result<(), AlarmError> + Send + 'static,
) -> Result<(), Response> {
    let alarms = std::sync::Arc::clone(&watch.alarms);
    match engine::aside(move || work(&alarms)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(AlarmError::NotFound { kind: "alarm", .. })) => Err(refuse(reply, Refused::NoSuchAlarm)),
        Ok(Err(AlarmError::NotFound { name, .. })) => Err(refuse(reply, Refused::NoSuchDashboard(&name))),
        Ok(Err(error @ AlarmError::TooMany(_))) => Err(refuse(reply, Refused::TooMany(&error.to_string()))),
        Ok(Err(AlarmError::Write(refused))) => Err(not_written(reply, &refused)),
        Err(error) => Err(internal(reply, &error)),
    }
}

async fn tag(
    reply: &Reply<'_>,
    watch: &Watch,
    alarm: String,
    tags: SortedMap<String, String>,
    gone: Vec<String>,
) -> Response {
    if !watch.alarms.all().contains_key(&alarm) {
        return refuse(reply, Refused::NothingToTag);
    }
    let tagged = aside(reply, watch, move |alarms| alarms.tag(&alarm, tags, &gone)).await;
    tagged.map_or_else(|refused| refused, |()| say(reply, cloudwatch::Answer::Nothing))
}

async fn done(
    reply: &Reply<'_>,
    watch: &Watch,
    work: impl FnOnce(&Alarms) -> Result<(), AlarmError> + Send + 'static,
) -> Response {
    aside(reply, watch, work).await.map_or_else(|refused| refused, |()| say(reply, cloudwatch::Answer::Done))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Pages put together are the whole, each query's values in their order, whatever the size of a page.
        #[test]
        fn pages_are_the_whole(counts in proptest::collection::vec(0..7i64, 0..5), limit in 1..9usize, newest_first: bool) {
            let found = |(number, count): (usize, &i64)| Found {
                id: format!("q{number}"),
                label: String::new(),
                points: (0..*count).map(|at| (at, at as f64)).collect(),
                counts: std::collections::BTreeMap::new(),
                units: Vec::new(),
            };
            let whole: Vec<Found> = counts.iter().enumerate().map(found).collect();
            let (mut skip, mut gathered) = (0, std::collections::BTreeMap::<String, Vec<i64>>::new());
            loop {
                let (pages, next) = page(whole.clone(), newest_first, limit, skip);
                prop_assert!(pages.iter().map(|page| page.found.points.len()).sum::<usize>() <= limit);
                for page in pages {
                    let of_query = gathered.entry(page.found.id).or_default();
                    of_query.extend(page.found.points.iter().map(|(at, _)| at));
                }
                match next {
                    Some(next) => skip = next,
                    None => break,
                }
            }
            for one in whole {
                let mut expected: Vec<i64> = one.points.iter().map(|(at, _)| *at).collect();
                if newest_first {
                    expected.reverse();
                }
                prop_assert_eq!(gathered.get(&one.id), Some(&expected));
            }
        }
    }
}
