//! Metrics, alarms and dashboards, as boto3 asks for them in JSON and as older clients do in forms.

use crate::{AT, Sent, header, json, text};
use observe::alarm::{Alarm, Comparison, Missing, State, Watched};
use observe::measure::query::{Found, What};
use observe::measure::{Metric, Stat, Statistics, Unit};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use types::Timestamp;
use wire::cloudwatch::{Answer, Call, Page, Refused};
use wire::{Answer as Any, Refusal};

fn sent(operation: &str, body: &Json) -> Sent {
    Sent::json(&format!("GraniteServiceVersion20100801.{operation}"), &body.to_string())
        .header("x-amzn-query-mode", "true")
}

fn form(operation: &str, rest: &str) -> Sent {
    Sent::form("/", &format!("Action={operation}&Version=2010-08-01&{rest}"))
}

fn call(sent: &Sent) -> Call {
    match sent.call() {
        wire::Call::CloudWatch(call) => call,
        other => panic!("{other:?}"),
    }
}

/// What JSON says and what a form says is understood as one.
#[test]
fn both_protocols_say_the_same() {
    let cases = [
        (
            "PutMetricData",
            json!({"Namespace": "Shop", "MetricData": [
                {"MetricName": "Latency", "Dimensions": [{"Name": "Op", "Value": "1"}], "Timestamp": 1_709_856_000.5,
                 "Values": [1, 2.5], "Counts": [3, 1], "Unit": "Milliseconds", "StorageResolution": 1},
                {"MetricName": "Sum", "StatisticValues": {"SampleCount": 4, "Sum": 20, "Minimum": 2, "Maximum": 9}},
                {"MetricName": "Plain", "Value": 7}]}),
            "Namespace=Shop&MetricData.member.1.MetricName=Latency&MetricData.member.1.Dimensions.member.1.Name=Op\
             &MetricData.member.1.Dimensions.member.1.Value=1&MetricData.member.1.Timestamp=2024-03-08T00%3A00%3A00.500Z\
             &MetricData.member.1.Values.member.1=1&MetricData.member.1.Values.member.2=2.5\
             &MetricData.member.1.Counts.member.1=3&MetricData.member.1.Counts.member.2=1\
             &MetricData.member.1.Unit=Milliseconds&MetricData.member.1.StorageResolution=1\
             &MetricData.member.2.MetricName=Sum&MetricData.member.2.StatisticValues.SampleCount=4\
             &MetricData.member.2.StatisticValues.Sum=20&MetricData.member.2.StatisticValues.Minimum=2\
             &MetricData.member.2.StatisticValues.Maximum=9&MetricData.member.3.MetricName=Plain\
             &MetricData.member.3.Value=7",
        ),
        (
            "GetMetricStatistics",
            json!({"Namespace": "Shop", "MetricName": "Latency", "StartTime": 1_709_856_000, "EndTime": 1_709_856_600,
                   "Period": 60, "Statistics": ["Sum", "Maximum"], "Unit": "Count"}),
            "Namespace=Shop&MetricName=Latency&StartTime=2024-03-08T00%3A00%3A00Z&EndTime=2024-03-08T00%3A10%3A00Z\
             &Period=60&Statistics.member.1=Sum&Statistics.member.2=Maximum&Unit=Count",
        ),
        (
            "GetMetricData",
            json!({"StartTime": 1_709_856_000, "EndTime": 1_709_856_600, "ScanBy": "TimestampAscending", "MetricDataQueries": [
                {"Id": "a", "ReturnData": false, "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "p99"}},
                {"Id": "b", "Expression": "a * 2", "Label": "twice"}]}),
            "StartTime=2024-03-08T00%3A00%3A00&EndTime=2024-03-08T00%3A10%3A00&ScanBy=TimestampAscending\
             &MetricDataQueries.member.1.Id=a&MetricDataQueries.member.1.ReturnData=false\
             &MetricDataQueries.member.1.MetricStat.Metric.Namespace=N\
             &MetricDataQueries.member.1.MetricStat.Metric.MetricName=M\
             &MetricDataQueries.member.1.MetricStat.Period=60&MetricDataQueries.member.1.MetricStat.Stat=p99\
             &MetricDataQueries.member.2.Id=b&MetricDataQueries.member.2.Expression=a+*+2\
             &MetricDataQueries.member.2.Label=twice",
        ),
        (
            "PutMetricAlarm",
            json!({"AlarmName": "hot", "Namespace": "N", "MetricName": "M", "Statistic": "Average", "Period": 60,
                   "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1.5, "ActionsEnabled": false,
                   "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "ignore",
                   "AlarmActions": ["arn:aws:sqs:us-east-1:000000000000:q"], "Tags": [{"Key": "k", "Value": "1"}]}),
            "AlarmName=hot&Namespace=N&MetricName=M&Statistic=Average&Period=60&EvaluationPeriods=3&DatapointsToAlarm=2\
             &Threshold=1.5&ActionsEnabled=false&ComparisonOperator=LessThanThreshold&TreatMissingData=ignore\
             &AlarmActions.member.1=arn%3Aaws%3Asqs%3Aus-east-1%3A000000000000%3Aq&Tags.member.1.Key=k&Tags.member.1.Value=1",
        ),
        (
            "DescribeAlarms",
            json!({"AlarmNames": ["a", "b"], "StateValue": "ALARM", "MaxRecords": 5}),
            "AlarmNames.member.1=a&AlarmNames.member.2=b&StateValue=ALARM&MaxRecords=5",
        ),
        (
            "DescribeAlarmHistory",
            json!({"AlarmName": "a", "HistoryItemType": "StateUpdate", "StartDate": 1_709_856_000}),
            "AlarmName=a&HistoryItemType=StateUpdate&StartDate=2024-03-08T00%3A00%3A00Z",
        ),
        (
            "SetAlarmState",
            json!({"AlarmName": "a", "StateValue": "OK", "StateReason": "a drill"}),
            "AlarmName=a&StateValue=OK&StateReason=a+drill",
        ),
        ("DeleteAlarms", json!({"AlarmNames": ["a"]}), "AlarmNames.member.1=a"),
        (
            "ListMetrics",
            json!({"Namespace": "N", "Dimensions": [{"Name": "A"}, {"Name": "B", "Value": "2"}]}),
            "Namespace=N&Dimensions.member.1.Name=A&Dimensions.member.2.Name=B&Dimensions.member.2.Value=2",
        ),
        (
            "PutDashboard",
            json!({"DashboardName": "d", "DashboardBody": "{\"widgets\":[]}"}),
            "DashboardName=d&DashboardBody=%7B%22widgets%22%3A%5B%5D%7D",
        ),
    ];
    for (operation, body, rest) in cases {
        assert_eq!(call(&sent(operation, &body)), call(&form(operation, rest)), "{operation}");
    }
}

#[test]
fn measurements_are_read_with_their_parts() {
    let body = json!({"Namespace": "Shop", "MetricData": [
        {"MetricName": "Latency", "Dimensions": [{"Name": "Op", "Value": "v"}], "Timestamp": 1_709_856_000.498,
         "Values": [1, 2.5], "Counts": [3, 1], "Unit": "Milliseconds", "StorageResolution": 1}]});
    let Call::PutMetricData { data } = call(&sent("PutMetricData", &body)) else { panic!("another call") };
    assert_eq!(data[0].series.metric, Metric::new("Shop", "Latency", &[("Op", "v")]));
    assert_eq!((data[0].series.unit, data[0].at, data[0].fine), (Unit::MILLISECONDS, Some(AT), true));
    assert_eq!((data[0].values.count, data[0].values.sum, data[0].values.maximum), (4.0, 5.5, 2.5));
}

#[test]
fn alarms_are_read_with_their_parts() {
    let body = json!({"AlarmName": "share", "EvaluationPeriods": 2, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching", "Metrics": [
            {"Id": "e", "ReturnData": false, "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "E"}, "Period": 300, "Stat": "Sum"}},
            {"Id": "x", "Expression": "e / 2"}]});
    let Call::PutMetricAlarm(alarm) = call(&sent("PutMetricAlarm", &body)) else { panic!("another call") };
    assert_eq!((alarm.periods, alarm.datapoints, alarm.threshold), (2, None, 1.0));
    assert_eq!(
        (alarm.comparison, alarm.missing),
        (Comparison::GreaterThanOrEqualToThreshold, Some(Missing::NotBreaching))
    );
    assert!(alarm.actions_enabled);
    assert_eq!(alarm.period(), 300);
    let Watched::Queries(queries) = &alarm.watched else { panic!("it watches queries") };
    assert!(matches!(&queries[0].what, What::Metric(metric) if metric.stat == Stat::Sum));
}

/// Codes and texts that AWS was seen to answer, and ours where it has none.
#[test]
fn what_is_wrong_is_said() {
    let data = |datum: Json| json!({"Namespace": "N", "MetricData": [datum]});
    let alarm = |change: Json| {
        let mut body = json!({"AlarmName": "a", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "LessThanThreshold"});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let asked = |change: Json| {
        let mut body = json!({"Namespace": "N", "MetricName": "M", "StartTime": 0, "EndTime": 86_400, "Period": 60, "Statistics": ["Sum"]});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let query = |query: Json| json!({"StartTime": 0, "EndTime": 60, "MetricDataQueries": [query]});
    let cases = [
        (
            "PutMetricData",
            data(json!({"MetricName": "M", "Value": 1, "Values": [1]})),
            "InvalidParameterCombinationException: The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.",
        ),
        (
            "PutMetricData",
            data(json!({"MetricName": "M", "Values": [1], "Counts": [1, 2]})),
            "InvalidParameterValueException: The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        ),
        (
            "PutMetricData",
            data(json!({"MetricName": "M"})),
            "MissingRequiredParameterException: The parameter MetricData.member.1.Value is required.",
        ),
        (
            "PutMetricData",
            json!({"Namespace": "AWS/SQS", "MetricData": []}),
            "InvalidParameterValueException: The value AWS/SQS for parameter Namespace is invalid.",
        ),
        (
            "PutMetricData",
            data(json!({"MetricName": "M", "Value": 1, "Unit": "Miles"})),
            "InvalidParameterValueException: The parameter Unit must be a value in the set [ Seconds,",
        ),
        ("PutMetricData", json!({"Namespace": "N", "EntityMetricData": [{}]}), "EntityMetricData is not handled"),
        (
            "GetMetricStatistics",
            asked(json!({"Period": 1})),
            "InvalidParameterCombinationException: You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        ),
        (
            "GetMetricStatistics",
            asked(json!({"EndTime": 0})),
            "InvalidParameterValueException: The parameter StartTime must be less than the parameter EndTime.",
        ),
        // The second that an end lies in is looked at, and does not count.
        (
            "GetMetricStatistics",
            asked(json!({"StartTime": 0.5, "EndTime": 86_400.5, "Period": 1})),
            "You have requested up to 86400 datapoints,",
        ),
        ("GetMetricStatistics", asked(json!({"Period": 90})), "must be 1, 5, 10, 20, 30 or a multiple of 60"),
        ("GetMetricStatistics", asked(json!({"Statistics": ["TM(10%:90%)"]})), "TM(10%:90%) is not handled"),
        (
            "GetMetricData",
            query(json!({"Id": "A", "Expression": "1"})),
            "ValidationException: The value A for parameter Id",
        ),
        ("GetMetricData", query(json!({"Id": "a", "Expression": "RATE(a)"})), "the function RATE is not handled"),
        ("GetMetricData", query(json!({"Id": "a", "Expression": "b"})), "no query has the id b"),
        (
            "GetMetricData",
            json!({"StartTime": 0, "EndTime": 1, "MetricDataQueries": [], "NextToken": "x"}),
            "InvalidNextToken",
        ),
        ("PutMetricAlarm", alarm(json!({"DatapointsToAlarm": 2})), "smaller than or equal to EvaluationPeriods"),
        ("PutMetricAlarm", alarm(json!({"Period": 15})), "must be 10, 20, 30 or a multiple of 60"),
        ("PutMetricAlarm", alarm(json!({"ComparisonOperator": "Near"})), "Member must satisfy enum value set"),
        ("PutMetricAlarm", alarm(json!({"ThresholdMetricId": "x"})), "ThresholdMetricId is not handled"),
        ("PutMetricAlarm", alarm(json!({"AlarmActions": ["q"]})), "q is no ARN"),
        (
            "PutMetricAlarm",
            alarm(json!({"Period": 86_400, "EvaluationPeriods": 8})),
            "cannot be checked across more than",
        ),
        (
            "SetAlarmState",
            json!({"AlarmName": "a", "StateValue": "INVALID", "StateReason": ""}),
            "ValidationException: 1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
        ),
        (
            "PutDashboard",
            json!({"DashboardName": "a b", "DashboardBody": "{}"}),
            "InvalidParameterValueException: The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n",
        ),
        ("PutDashboard", json!({"DashboardName": "a", "DashboardBody": "[]"}), "DashboardInvalidInputError: "),
        ("PutCompositeAlarm", json!({}), "UnknownOperationException"),
    ];
    for (operation, body, expected) in cases {
        let said = sent(operation, &body).error();
        assert!(said.contains(expected), "{operation} {body}: {said}");
    }
}

#[test]
fn errors_have_both_of_their_names() {
    let sent = sent("SetAlarmState", &json!({"AlarmName": "a", "StateValue": "OK", "StateReason": "x"}));
    let response = sent.refuse(&Refusal::CloudWatch(Refused::NoSuchAlarm));
    assert_eq!(response.status, 404);
    assert_eq!(json(&response), json!({"__type": "com.amazonaws.cloudwatch#ResourceNotFound", "message": ""}));
    assert_eq!(header(&response, "x-amzn-query-error"), Some("ResourceNotFound;Sender"));
    let response = form("GetDashboard", "DashboardName=d").refuse(&Refusal::CloudWatch(Refused::NoSuchDashboard("d")));
    assert_eq!(response.status, 404);
    assert!(text(&response).contains("<Code>ResourceNotFound</Code>"), "{}", text(&response));
}

#[test]
fn values_are_spelt_in_both_protocols() {
    let found = Found { id: "a".to_owned(), label: "l".to_owned(), points: vec![(1_709_856_000, 1.5)], ..found() };
    let pages = [Page { found, whole: false }];
    let answer = || Any::CloudWatch(Answer::Data { found: &pages, next: Some(7) });
    let query = "StartTime=2024-03-08T00%3A00%3A00&EndTime=2024-03-08T00%3A10%3A00\
                 &MetricDataQueries.member.1.Id=a&MetricDataQueries.member.1.Expression=1";
    let body = json!({"StartTime": 0, "EndTime": 1, "MetricDataQueries": []});
    assert_eq!(
        json(&sent("GetMetricData", &body).answer(&answer())),
        json!({"MetricDataResults": [{"Id": "a", "Label": "l", "Timestamps": [1_709_856_000], "Values": [1.5],
               "StatusCode": "PartialData"}], "Messages": [], "NextToken": "after-7"})
    );
    let xml = form("GetMetricData", query).answer(&answer());
    let expected = "<MetricDataResults><member><Id>a</Id><Label>l</Label><StatusCode>PartialData</StatusCode>\
                    <Timestamps><member>2024-03-08T00:00:00.000Z</member></Timestamps>\
                    <Values><member>1.5</member></Values></member></MetricDataResults>";
    assert!(text(&xml).contains(expected), "{}", text(&xml));
    assert!(text(&xml).contains(
        "<GetMetricDataResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"><GetMetricDataResult>"
    ));

    let mut values = Statistics::of(2.0);
    values.add(4.0, 1.0);
    let found = types::SortedMap::from([(Unit::COUNT, BTreeMap::from([(1_709_856_000, values)]))]);
    let stats = [Stat::Sum, Stat::parse("p100").unwrap()];
    let answer = Any::CloudWatch(Answer::Statistics { label: "M", found: &found, stats: &stats });
    let point = json(&sent("GetMetricStatistics", &json!({})).answer(&answer))["Datapoints"][0].clone();
    assert_eq!(point["Timestamp"], 1_709_856_000);
    assert_eq!(
        (&point["Sum"], &point["Unit"], &point["ExtendedStatistics"]["p100"]),
        (&json!(6.0), &json!("Count"), &json!(4.0))
    );
}

#[test]
fn an_alarm_is_told_as_it_was_asked_for() {
    let body = json!({"AlarmName": "hot", "Namespace": "N", "MetricName": "M", "ExtendedStatistic": "p99.9", "Period": 60,
        "EvaluationPeriods": 3, "Threshold": 1.5, "ComparisonOperator": "LessThanThreshold",
        "Dimensions": [{"Name": "A", "Value": "b"}]});
    let Call::PutMetricAlarm(definition) = call(&sent("PutMetricAlarm", &body)) else { panic!("another call") };
    let alarm = Alarm::new(*definition, None, Timestamp::from_millis(1_709_856_000_500));
    let told = json(
        &sent("DescribeAlarms", &json!({})).answer(&Any::CloudWatch(Answer::Alarms { alarms: &[&alarm], more: true })),
    );
    let one = &told["MetricAlarms"][0];
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&one[name], value, "{name}");
    }
    assert_eq!(one["StateValue"], State::InsufficientData.as_str());
    assert_eq!(one["StateReason"], "Unchecked: Initial alarm creation");
    assert_eq!(one["StateUpdatedTimestamp"], 1_709_856_000.5);
    assert_eq!(one.get("DatapointsToAlarm"), None);
    assert_eq!(told["NextToken"], "name-hot");
    let xml = form("DescribeAlarms", "").answer(&Any::CloudWatch(Answer::Alarms { alarms: &[&alarm], more: false }));
    assert!(text(&xml).contains("<StateUpdatedTimestamp>2024-03-08T00:00:00.500Z</StateUpdatedTimestamp>"));
}

#[test]
fn a_compressed_body_is_unpacked_within_bounds() {
    // The text `{}`, made by Python's gzip.
    let packed = [31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 171, 174, 5, 0, 67, 191, 166, 163, 2, 0, 0, 0];
    let sent = Sent::new("POST", "/").header("Content-Encoding", "gzip");
    let unpack = |body: &[u8]| sent.with(|_, head, _| wire::unpack(head, body).map(|body| body.into_owned()));
    assert_eq!(unpack(&packed).unwrap(), b"{}");
    assert!(unpack(&packed[..9]).unwrap_err().to_string().contains("no gzip"));
    assert!(unpack(b"{}").is_err());
    let plain = Sent::new("POST", "/");
    assert_eq!(plain.with(|_, head, _| wire::unpack(head, b"{}").unwrap().into_owned()), b"{}");
}

fn found() -> Found {
    Found { id: String::new(), label: String::new(), points: Vec::new(), counts: BTreeMap::new(), units: Vec::new() }
}

/// AWS was recorded to take a list of values beside a set of them.
#[test]
fn values_beside_a_set_are_taken() {
    let set = json!({"SampleCount": 10, "Sum": 55, "Minimum": 1, "Maximum": 10});
    let data = json!([{"MetricName": "M", "Values": [1.0, 10.0], "StatisticValues": set}]);
    let call = call(&sent("PutMetricData", &json!({"Namespace": "N", "MetricData": data})));
    let Call::PutMetricData { data } = call else { panic!("another call") };
    assert_eq!((data[0].values.count, data[0].values.sum), (2.0, 11.0));
}

/// A list without members is sent as a name without a text.
#[test]
fn an_empty_list_of_a_form_is_one() {
    let body = json!({"Namespace": "N", "MetricName": "M", "Dimensions": []});
    let rest = "Namespace=N&MetricName=M&Dimensions=";
    assert_eq!(call(&sent("DescribeAlarmsForMetric", &body)), call(&form("DescribeAlarmsForMetric", rest)));
}

/// What AWS was recorded to say of a metric with values in several units.
#[test]
fn several_units_are_told() {
    let units = vec![Unit::COUNT, Unit::MILLISECONDS, Unit::SECONDS];
    let found = Found { id: "m1".to_owned(), label: "m-test".to_owned(), points: vec![(60, 5.0)], units, ..found() };
    let pages = [Page { found, whole: true }];
    let answer = Any::CloudWatch(Answer::Data { found: &pages, next: None });
    let told = json(&sent("GetMetricData", &json!({})).answer(&answer));
    assert_eq!(
        told["MetricDataResults"][0]["Messages"],
        json!([{"Code": "MultipleUnits", "Value": "Multiple units returned: '[Count, Milliseconds, Seconds]'"}])
    );
}

#[test]
fn tags_are_asked_for_by_the_arn_of_an_alarm() {
    let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a:test";
    let tags = json!([{"Key": "tag1", "Value": "foo"}]);
    let cases = [
        ("ListTagsForResource", json!({"ResourceARN": arn}), Call::ListTags { alarm: "a:test".to_owned() }),
        (
            "TagResource",
            json!({"ResourceARN": arn, "Tags": tags}),
            Call::Tag { alarm: "a:test".to_owned(), tags: [("tag1".to_owned(), "foo".to_owned())].into() },
        ),
        (
            "UntagResource",
            json!({"ResourceARN": arn, "TagKeys": ["tag1"]}),
            Call::Untag { alarm: "a:test".to_owned(), keys: vec!["tag1".to_owned()] },
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(call(&sent(operation, &body)), expected);
    }
    for of_none in [
        "arn:aws:cloudwatch::000000000000:dashboard/d",
        "arn:aws:cloudwatch:us-east-1:111111111111:alarm:a",
        "arn:aws:cloudwatch:eu-central-1:000000000000:alarm:a",
        "arn:aws:logs:us-east-1:000000000000:alarm:a",
    ] {
        let body = json!({"ResourceARN": of_none, "Tags": [], "TagKeys": []});
        for operation in ["ListTagsForResource", "TagResource", "UntagResource"] {
            let expected = "ResourceNotFoundException: The specified resource does not exist.";
            assert_eq!(sent(operation, &body).error(), expected, "{operation} {of_none}");
        }
    }
    let tags = [("tag2".to_owned(), "bar".to_owned())].into();
    let told = json(&sent("ListTagsForResource", &json!({})).answer(&Any::CloudWatch(Answer::Tags(&tags))));
    assert_eq!(told, json!({"Tags": [{"Key": "tag2", "Value": "bar"}]}));
}

/// Clients of the form protocol look for the element of a result where there could be one, and for no empty message.
#[test]
fn forms_are_answered_with_the_elements_that_clients_look_for() {
    let deleted = form("DeleteDashboards", "DashboardNames.member.1=d").answer(&Any::CloudWatch(Answer::Nothing));
    assert!(text(&deleted).contains("<DeleteDashboardsResult></DeleteDashboardsResult>"), "{}", text(&deleted));
    let refused = form("SetAlarmState", "").refuse(&Refusal::CloudWatch(Refused::NoSuchAlarm));
    assert_eq!(refused.status, 404);
    assert!(text(&refused).contains("<Type>Sender</Type><Code>ResourceNotFound</Code></Error>"), "{}", text(&refused));
}
