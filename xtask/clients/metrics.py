"""Decides that metrics, alarms and dashboards answer boto3 as CloudWatch does; expected values are those of AWS's documentation."""

import datetime
import json
import time

import boto3
import botocore.session
from botocore.config import Config
from check import contains, equal, refuses, said, soon, within

config = Config(parameter_validation=False, retries={"max_attempts": 0})
cloudwatch = boto3.client("cloudwatch", config=config)
logs = boto3.client("logs", config=config)
sqs = boto3.client("sqs", config=config)
lambdas = boto3.client("lambda", config=config)
UTC = datetime.timezone.utc
STANDARD = "/aws/lambda/OrderProcessorLambda"

# Three whole minutes, an hour ago.
start = datetime.datetime.fromtimestamp(int(time.time()) // 60 * 60 - 3600, UTC)
minute = datetime.timedelta(minutes=1)
by = [{"Name": "Service", "Value": "pay"}]


def put(name, **what):
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": name, **what}])


def statistics(name, stats, period=60, **more):
    asked = {"StartTime": start, "EndTime": start + 5 * minute, "Period": period, **more}
    points = cloudwatch.get_metric_statistics(Namespace="Shop", MetricName=name, Statistics=stats, **asked)["Datapoints"]
    return sorted(points, key=lambda point: point["Timestamp"])


# What goes in comes out, added up minute by minute.
put("Latency", Dimensions=by, Timestamp=start, Value=10, Unit="Milliseconds")
put("Latency", Dimensions=by, Timestamp=start + datetime.timedelta(seconds=59), Value=30, Unit="Milliseconds")
put("Latency", Dimensions=by, Timestamp=start + minute, Values=[1, 2], Counts=[3, 1], Unit="Milliseconds")
put("Latency", Dimensions=by, Timestamp=start + 2 * minute, Unit="Milliseconds",
    StatisticValues={"SampleCount": 4, "Sum": 20, "Minimum": 2, "Maximum": 9})
points = statistics("Latency", ["SampleCount", "Sum", "Average", "Minimum", "Maximum"], Dimensions=by)
equal("GetMetricStatistics: the minutes", [point["Timestamp"] for point in points], [start + n * minute for n in range(3)])
equal("the sums", [point["Sum"] for point in points], [40.0, 5.0, 20.0])
equal("the counts", [point["SampleCount"] for point in points], [2.0, 4.0, 4.0])
equal("the averages", [point["Average"] for point in points], [20.0, 1.25, 5.0])
equal("the extremes", [(p["Minimum"], p["Maximum"]) for p in points], [(10.0, 30.0), (1.0, 2.0), (2.0, 9.0)])
equal("the unit", {point["Unit"] for point in points}, {"Milliseconds"})
equal("another set of dimensions is another metric", statistics("Latency", ["Sum"]), [])
equal("another unit has no values", statistics("Latency", ["Sum"], Dimensions=by, Unit="Seconds"), [])
put("Sizes", Timestamp=start, Values=list(range(1, 101)))
points = cloudwatch.get_metric_statistics(
    Namespace="Shop", MetricName="Sizes", StartTime=start, EndTime=start + minute, Period=60,
    ExtendedStatistics=["p50", "p99"])["Datapoints"]
within("p50 of 1 to 100", points[0]["ExtendedStatistics"]["p50"], 49, 51)
within("p99 of 1 to 100", points[0]["ExtendedStatistics"]["p99"], 98, 100)
cloudwatch.put_metric_data(Namespace="Shop", MetricData=[
    {"MetricName": "Many", "Timestamp": start, "Value": n, "Dimensions": by, "Unit": "Count"} for n in range(1000)])
equal("a thousand at once, which boto3 compresses", statistics("Many", ["Sum"], Dimensions=by)[0]["Sum"], 499500.0)

# Refusals.
refuses("a value and values", lambda: put("X", Value=1, Values=[1]), "InvalidParameterCombination",
        "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.",
        kind="InvalidParameterCombinationException")
refuses("counts of another length", lambda: put("X", Values=[1, 2], Counts=[1]), "InvalidParameterValue",
        "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        kind="InvalidParameterValueException")
refuses("too many datapoints",
        lambda: cloudwatch.get_metric_statistics(Namespace="Shop", MetricName="X", StartTime=start - datetime.timedelta(days=1),
                                                 EndTime=start, Period=1, Statistics=["Sum"]),
        "InvalidParameterCombination",
        "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        kind="InvalidParameterCombinationException")
refuses("an end before its start",
        lambda: cloudwatch.get_metric_statistics(Namespace="Shop", MetricName="X", StartTime=start, EndTime=start,
                                                 Period=60, Statistics=["Sum"]),
        "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.",
        kind="InvalidParameterValueException")


# Metric math.
def data(queries, **more):
    asked = {"StartTime": start, "EndTime": start + 5 * minute, "ScanBy": "TimestampAscending", **more}
    return cloudwatch.get_metric_data(MetricDataQueries=queries, **asked)


def metric(name, stat, identifier, returned=False):
    return {"Id": identifier, "ReturnData": returned, "MetricStat": {
        "Metric": {"Namespace": "Shop", "MetricName": name, "Dimensions": by}, "Period": 60, "Stat": stat}}


sums, counts = metric("Latency", "Sum", "s"), metric("Latency", "SampleCount", "n")
results = data([sums, counts, {"Id": "avg", "Expression": "s / n", "Label": "the average"}])["MetricDataResults"]
equal("an expression of two metrics", (results[0]["Id"], results[0]["Label"], results[0]["Values"]),
      ("avg", "the average", [20.0, 1.25, 5.0]))
equal("it is whole", results[0]["StatusCode"], "Complete")
results = data([sums, {"Id": "f", "Expression": "FILL(s, 0) + 1"}])["MetricDataResults"]
equal("FILL has a value for every period", results[0]["Values"], [41.0, 6.0, 21.0, 1.0, 1.0])
results = data([sums, counts, {"Id": "t", "Expression": "SUM(METRICS())"}])["MetricDataResults"]
equal("SUM(METRICS())", results[0]["Values"], [42.0, 9.0, 24.0])
newest = cloudwatch.get_metric_data(MetricDataQueries=[metric("Latency", "Sum", "s", True)], StartTime=start,
                                    EndTime=start + 5 * minute)["MetricDataResults"][0]
equal("without a word the newest comes first", newest["Values"], [20.0, 5.0, 40.0])
pages = cloudwatch.get_paginator("get_metric_data").paginate(
    MetricDataQueries=[metric("Latency", "Sum", "s", True), metric("Latency", "Maximum", "m", True)],
    StartTime=start, EndTime=start + 5 * minute, PaginationConfig={"PageSize": 2})
gathered = {}
for page in pages:
    for result in page["MetricDataResults"]:
        gathered.setdefault(result["Id"], []).extend(result["Values"])
equal("by boto3's own paginator", gathered, {"s": [20.0, 5.0, 40.0], "m": [9.0, 2.0, 30.0]})
refuses("SEARCH, by its name", lambda: data([{"Id": "x", "Expression": "SEARCH('{Shop} x', 'Sum', 60)"}]),
        "ValidationError", "SEARCH", kind="ValidationException")

# Listing.
listed = cloudwatch.list_metrics(Namespace="Shop", MetricName="Latency")["Metrics"]
equal("ListMetrics", listed, [{"Namespace": "Shop", "MetricName": "Latency", "Dimensions": by}])
names = lambda **asked: sorted({one["MetricName"] for one in cloudwatch.list_metrics(Namespace="Shop", **asked)["Metrics"]})
equal("ListMetrics by a dimension", names(Dimensions=[{"Name": "Service"}]), ["Latency", "Many"])
equal("ListMetrics by another value", names(Dimensions=[{"Name": "Service", "Value": "ship"}]), [])

# Lines that count: the embedded metric format is tried by functions' own lines elsewhere; here a filter.
logs.put_metric_filter(logGroupName=STANDARD, filterName="processed", filterPattern="Processed", metricTransformations=[
    {"metricName": "Processed", "metricNamespace": "Shop", "metricValue": "1", "unit": "Count"}])
filters = logs.describe_metric_filters(logGroupName=STANDARD)["metricFilters"]
equal("DescribeMetricFilters", [(one["filterName"], one["filterPattern"]) for one in filters], [("processed", "Processed")])
equal("its transformation", filters[0]["metricTransformations"],
      [{"metricName": "Processed", "metricNamespace": "Shop", "metricValue": "1", "unit": "Count"}])
refuses("a filter of no group",
        lambda: logs.put_metric_filter(logGroupName="/no/such", filterName="x", filterPattern="",
                                       metricTransformations=[{"metricName": "a", "metricNamespace": "b", "metricValue": "1"}]),
        "ResourceNotFoundException", "The specified log group does not exist.", kind="ResourceNotFoundException")
dynamodb = boto3.client("dynamodb", config=config)
for number in range(5):
    dynamodb.put_item(TableName="NewOrders", Item={
        "orderId": {"S": f"M-{number}"}, "status": {"S": "pending"}, "amount": {"N": "500"},
        "customerEmail": {"S": "somebody@example.com"}})


def recent(namespace, name, stat, dimensions=()):
    now = datetime.datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=name, Dimensions=list(dimensions), StartTime=now - 10 * minute,
        EndTime=now + minute, Period=60, Statistics=[stat])["Datapoints"]
    return sum(point[stat] for point in points)


soon("lines that the filter finds are counted", lambda: recent("Shop", "Processed", "Sum"), lambda seen: seen == 5.0, 30)
logs.delete_metric_filter(logGroupName=STANDARD, filterName="processed")
equal("DeleteMetricFilter", logs.describe_metric_filters(logGroupName=STANDARD)["metricFilters"], [])

# What is measured without anybody asking.
function = [{"Name": "FunctionName", "Value": "OrderProcessorLambda"}]
soon("AWS/Lambda Invocations", lambda: recent("AWS/Lambda", "Invocations", "Sum", function), lambda seen: seen >= 1, 30)
soon("AWS/Lambda Duration", lambda: recent("AWS/Lambda", "Duration", "SampleCount", function), lambda seen: seen >= 1, 30)
soon("AWS/SQS ApproximateNumberOfMessagesVisible is there",
     lambda: recent("AWS/SQS", "ApproximateNumberOfMessagesVisible", "SampleCount", [{"Name": "QueueName", "Value": "PremiumOrdersDLQ"}]),
     lambda seen: seen >= 1, 90)

# What AWS's services measure of themselves. Sums are those of what is done here, whatever was done before.
time.sleep(11)  # Until what was done before is counted.
events = boto3.client("events", config=config)
table = [{"Name": "TableName", "Value": "NewOrders"}]
puts = table + [{"Name": "Operation", "Value": "PutItem"}]


def of_tables():
    sums = [recent("AWS/DynamoDB", name, "Sum", table) for name in
            ("ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits", "ConditionalCheckFailedRequests")]
    return sums + [recent("AWS/DynamoDB", "SuccessfulRequestLatency", "SampleCount", puts), recent("AWS/DynamoDB", "UserErrors", "Sum")]


before = of_tables()
# 1.5 KB are two units to write and, read consistently, one; half of it otherwise. A write whose condition does not hold
# costs as well, and is no fault of the client's.
key = {"orderId": {"S": "M-BIG"}}
dynamodb.put_item(TableName="NewOrders", Item={**key, "status": {"S": "none"}, "note": {"S": "x" * 1500}})
dynamodb.get_item(TableName="NewOrders", Key=key, ConsistentRead=True)
dynamodb.get_item(TableName="NewOrders", Key=key)
refuses("a condition that does not hold",
        lambda: dynamodb.put_item(TableName="NewOrders", Item=key, ConditionExpression="attribute_not_exists(orderId)"),
        "ConditionalCheckFailedException", "The conditional request failed", kind="ConditionalCheckFailedException")
refuses("a key of another type", lambda: dynamodb.get_item(TableName="NewOrders", Key={"orderId": {"N": "1"}}),
        "ValidationException", "", kind="ClientError")
soon("AWS/DynamoDB: units written and read, conditions failed, puts that went well, faults",
     lambda: [now - then for now, then in zip(of_tables(), before)], lambda seen: seen == [4.0, 1.5, 1.0, 1.0, 1.0], 30)

url = sqs.create_queue(QueueName="metered")["QueueUrl"]
for length in (10, 20, 30):
    sqs.send_message(QueueUrl=url, MessageBody="x" * length)
taken = [sqs.receive_message(QueueUrl=url)["Messages"][0] for _ in range(2)]
sqs.delete_message(QueueUrl=url, ReceiptHandle=taken[0]["ReceiptHandle"])
url = sqs.create_queue(QueueName="metered-empty")["QueueUrl"]
sqs.receive_message(QueueUrl=url)
queue_metric = lambda name, stat, queue="metered": recent("AWS/SQS", name, stat, [{"Name": "QueueName", "Value": queue}])
soon("AWS/SQS: messages sent, received and deleted",
     lambda: [queue_metric(f"NumberOfMessages{what}", "Sum") for what in ("Sent", "Received", "Deleted")],
     lambda seen: seen == [3.0, 2.0, 1.0], 30)
equal("SentMessageSize", [queue_metric("SentMessageSize", stat) for stat in ("Minimum", "Maximum", "Sum", "SampleCount")],
      [10.0, 30.0, 60.0, 3.0])
soon("NumberOfEmptyReceives", lambda: queue_metric("NumberOfEmptyReceives", "Sum", "metered-empty"), lambda seen: seen == 1.0, 30)

# A rule of the default bus is known by its name alone, one of another bus by both; what cannot be delivered failed.
queue_arn = "arn:aws:sqs:us-east-1:000000000000:"
events.create_event_bus(Name="metered")
for bus, rule, target, more in (("default", "metered-rule", "metered", {}),
                                ("metered", "failing-rule", "nowhere", {"DeadLetterConfig": {"Arn": queue_arn + "metered-empty"}})):
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps({"source": ["metered"]}))
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "1", "Arn": queue_arn + target, **more}])
    entry = {"Source": "metered", "DetailType": "t", "Detail": "{}", "EventBusName": bus}
    events.put_events(Entries=[entry, {**entry, "Source": "another"}])
rule_metric = lambda name, by: recent("AWS/Events", name, "Sum", [{"Name": n, "Value": v} for n, v in by.items()])
soon("AWS/Events: a rule that delivers",
     lambda: [rule_metric(name, {"RuleName": "metered-rule"}) for name in ("MatchedEvents", "TriggeredRules", "Invocations", "FailedInvocations")],
     lambda seen: seen == [1.0, 1.0, 1.0, 0], 30)
failing = {"EventBusName": "metered", "RuleName": "failing-rule"}
soon("AWS/Events: one that cannot",
     lambda: [rule_metric(name, failing) for name in ("MatchedEvents", "Invocations", "FailedInvocations", "InvocationsSentToDlq")],
     lambda seen: seen == [1.0, 1.0, 1.0, 1.0], 30)

# Alarms.
queue = sqs.create_queue(QueueName="alarm-events")["QueueUrl"]
# Each change of an alarm is an event on the default bus, whoever else is told of it.
bell = sqs.create_queue(QueueName="alarm-bell")["QueueUrl"]
events = boto3.client("events", config=config)
events.put_rule(Name="alarms", EventPattern=json.dumps({
    "source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"], "detail": {"state": {"value": ["ALARM"]}}}))
events.put_targets(Rule="alarms", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:alarm-bell"}])
arn = "arn:aws:sqs:us-east-1:000000000000:alarm-events"
alarm = {"AlarmName": "hot", "Namespace": "Shop", "MetricName": "Heat", "Statistic": "Maximum", "Period": 10,
         "EvaluationPeriods": 1, "DatapointsToAlarm": 1, "Threshold": 3, "ComparisonOperator": "GreaterThanThreshold",
         "TreatMissingData": "notBreaching", "AlarmActions": [arn], "AlarmDescription": "It is hot."}
cloudwatch.put_metric_alarm(**alarm)
made = cloudwatch.describe_alarms(AlarmNames=["hot"])["MetricAlarms"][0]
equal("a new alarm's state", (made["StateValue"], made["StateReason"]), ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"))
equal("its ARN", made["AlarmArn"], "arn:aws:cloudwatch:us-east-1:000000000000:alarm:hot")
equal("what was asked of it", {name: made[name] for name in alarm}, alarm)


def state(name="hot"):
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


soon("without data it is well", state, lambda seen: seen == "OK", 30)


def heat():
    put("Heat", Value=5, StorageResolution=1)
    return state()


soon("a breaching value rings", heat, lambda seen: seen == "ALARM", 40)
rung = cloudwatch.describe_alarms(StateValue="ALARM", AlarmNamePrefix="ho")["MetricAlarms"][0]
contains("why it rings", rung["StateReason"], "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (",
         ")] was greater than the threshold (3.0) (minimum 1 datapoint for OK -> ALARM transition).")
messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10).get("Messages", [])
said("the queue is told", len(messages) == 1, 1, len(messages))
event = json.loads(messages[0]["Body"])
equal("by the event that AWS puts on its bus",
      (event["source"], event["detail-type"], event["detail"]["alarmName"], event["detail"]["state"]["value"], event["detail"]["previousState"]["value"]),
      ("aws.cloudwatch", "CloudWatch Alarm State Change", "hot", "ALARM", "OK"))
equal("of the alarm", event["resources"], ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:hot"])
messages = sqs.receive_message(QueueUrl=bell, WaitTimeSeconds=10).get("Messages", [])
equal("a rule on the default bus hears of it", [json.loads(message["Body"]) for message in messages], [event])
equal("its time and place", (event["account"], event["region"], event["version"]), ("000000000000", "us-east-1", "0"))
said("its configuration names the metric", event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "Heat",
     "Heat", event["detail"]["configuration"])
events.remove_targets(Rule="alarms", Ids=["1"])
events.delete_rule(Name="alarms")
cloudwatch.put_metric_alarm(**{**alarm, "Threshold": 4})
equal("a change leaves the state", state(), "ALARM")
cloudwatch.disable_alarm_actions(AlarmNames=["hot"])
equal("DisableAlarmActions", cloudwatch.describe_alarms(AlarmNames=["hot"])["MetricAlarms"][0]["ActionsEnabled"], False)
cloudwatch.enable_alarm_actions(AlarmNames=["hot"])
equal("EnableAlarmActions", cloudwatch.describe_alarms(AlarmNames=["hot"])["MetricAlarms"][0]["ActionsEnabled"], True)
cloudwatch.set_alarm_state(AlarmName="hot", StateValue="INSUFFICIENT_DATA", StateReason="a drill")
history = cloudwatch.describe_alarm_history(AlarmName="hot")["AlarmHistoryItems"]
kinds = {item["HistoryItemType"] for item in history}
equal("DescribeAlarmHistory", kinds, {"ConfigurationUpdate", "StateUpdate", "Action"})
summaries = [item["HistorySummary"] for item in history]
said("what it remembers", 'Alarm "hot" created' in summaries and "Alarm updated from OK to ALARM" in summaries, "both", summaries)
refuses("a state that is none", lambda: cloudwatch.set_alarm_state(AlarmName="hot", StateValue="INVALID", StateReason="x"),
        "ValidationError",
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
        kind="ValidationException")
refuses("an alarm that is none", lambda: cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x"),
        "ResourceNotFound", "", status=404, kind="ResourceNotFound")
cloudwatch.put_metric_alarm(
    AlarmName="share", EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    Metrics=[sums, counts, {"Id": "e", "Expression": "100 * s / n", "ReturnData": True}])
made = cloudwatch.describe_alarms(AlarmNames=["share"])["MetricAlarms"][0]
equal("an alarm of an expression", [one["Id"] for one in made["Metrics"]], ["s", "n", "e"])
pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 1})
equal("DescribeAlarms by boto3's own paginator", [a["AlarmName"] for p in pages for a in p["MetricAlarms"]], ["hot", "share"])
its_arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:hot"
cloudwatch.tag_resource(ResourceARN=its_arn, Tags=[{"Key": "tag1", "Value": "foo"}, {"Key": "tag2", "Value": "bar"}])
cloudwatch.untag_resource(ResourceARN=its_arn, TagKeys=["tag1"])
equal("an alarm's tags", cloudwatch.list_tags_for_resource(ResourceARN=its_arn)["Tags"], [{"Key": "tag2", "Value": "bar"}])
watched = cloudwatch.describe_alarms(AlarmNames=["hot"])["MetricAlarms"][0]
asked = {name: watched[name] for name in ("Namespace", "MetricName", "Dimensions")}
equal("DescribeAlarmsForMetric", [one["AlarmName"] for one in cloudwatch.describe_alarms_for_metric(**asked)["MetricAlarms"]], ["hot"])
equal("of another period", cloudwatch.describe_alarms_for_metric(**asked, Period=3600)["MetricAlarms"], [])
cloudwatch.delete_alarms(AlarmNames=["hot", "share"])
equal("DeleteAlarms", cloudwatch.describe_alarms()["MetricAlarms"], [])

# What AWS was recorded to answer: labels that say in what metrics differ, and one unit of several.
def told(*queries, **more):
    queries = [{"Id": f"q{number}", "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": name}, "Period": period, "Stat": stat}}
               for number, (name, stat, period) in enumerate(queries)]
    return cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=start + minute, **more)["MetricDataResults"]


equal("labels", [one["Label"] for one in told(("Sizes", "Sum", 60), ("Sizes", "Minimum", 30))], ["Sizes Sum 60", "Sizes Minimum 30"])
equal("a label of one", [one["Label"] for one in told(("Sizes", "Sum", 60))], ["Sizes"])
put("Mixed", Timestamp=start, Value=60000, Unit="Milliseconds")
put("Mixed", Timestamp=start, Value=60, Unit="Seconds")
mixed = told(("Mixed", "Sum", 60))[0]
equal("one unit of two", mixed["Values"], [60000.0])
equal("both are told", mixed["Messages"], [{"Code": "MultipleUnits", "Value": "Multiple units returned: '[Milliseconds, Seconds]'"}])

# Dashboards.
body = json.dumps({"widgets": [{"type": "text", "x": 0, "y": 0, "width": 3, "height": 3, "properties": {"markdown": "hi"}}]})
equal("PutDashboard", cloudwatch.put_dashboard(DashboardName="board", DashboardBody=body)["DashboardValidationMessages"], [])
shown = cloudwatch.get_dashboard(DashboardName="board")
equal("GetDashboard", (shown["DashboardBody"], shown["DashboardArn"]), (body, "arn:aws:cloudwatch::000000000000:dashboard/board"))
entries = cloudwatch.list_dashboards(DashboardNamePrefix="bo")["DashboardEntries"]
equal("ListDashboards", [(entry["DashboardName"], entry["Size"]) for entry in entries], [("board", len(body))])
refuses("a dashboard's name", lambda: cloudwatch.put_dashboard(DashboardName="a b", DashboardBody=body), "InvalidParameterValue",
        "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n",
        kind="InvalidParameterValueException")
refuses("a body that is no JSON", lambda: cloudwatch.put_dashboard(DashboardName="b", DashboardBody="{"), "InvalidParameterInput",
        "DashboardBody", kind="DashboardInvalidInputError")
cloudwatch.delete_dashboards(DashboardNames=["board"])
refuses("a dashboard that is none", lambda: cloudwatch.get_dashboard(DashboardName="board"), "ResourceNotFound", "board",
        status=404, kind="ResourceNotFound")

# The same in Smithy's RPC v2 with CBOR, which other SDKs speak: botocore's own, told to leave JSON out.
session = botocore.session.get_session()
loader = session.get_component("data_loader")
load = loader.load_service_model


def only_cbor(service, kind, **more):
    model = load(service, kind, **more)
    if service == "cloudwatch" and kind == "service-2":
        model = {**model, "metadata": {**model["metadata"], "protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"]}}
    return model


loader.load_service_model = only_cbor
in_cbor = boto3.Session(botocore_session=session).client("cloudwatch", config=config)
equal("the protocol is another", in_cbor.meta.service_model.resolved_protocol, "smithy-rpc-v2-cbor")
in_cbor.put_metric_data(Namespace="Shop", MetricData=[
    {"MetricName": "Cbor", "Dimensions": by, "Timestamp": start, "Values": [1.5, 3], "Counts": [2, 1], "Unit": "Milliseconds"}])
asked = {"Namespace": "Shop", "MetricName": "Cbor", "Dimensions": by, "StartTime": start, "EndTime": start + 5 * minute, "Period": 60}
points = in_cbor.get_metric_statistics(Statistics=["Sum", "SampleCount"], ExtendedStatistics=["p50"], **asked)["Datapoints"]
equal("a minute", [(p["Timestamp"], p["Sum"], p["SampleCount"], p["Unit"]) for p in points], [(start, 6.0, 3.0, "Milliseconds")])
within("its median", points[0]["ExtendedStatistics"]["p50"], 1.4, 1.6)
equal("in JSON it is the same", statistics("Cbor", ["Sum"], Dimensions=by)[0]["Sum"], 6.0)
query = {"Id": "c", "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "Cbor", "Dimensions": by}, "Period": 60, "Stat": "Average"}}
results = in_cbor.get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=start + 5 * minute)["MetricDataResults"]
equal("GetMetricData", [(r["Timestamps"], r["Values"], r["StatusCode"]) for r in results], [([start], [2.0], "Complete")])
equal("ListMetrics", in_cbor.list_metrics(Namespace="Shop", MetricName="Cbor")["Metrics"],
      [{"Namespace": "Shop", "MetricName": "Cbor", "Dimensions": by}])
in_cbor.put_metric_alarm(**{**alarm, "AlarmName": "cbor", "Threshold": 2.5})
made = in_cbor.describe_alarms(AlarmNames=["cbor"])["MetricAlarms"][0]
equal("an alarm", (made["Threshold"], made["EvaluationPeriods"], made["ActionsEnabled"]), (2.5, 1, True))
said("its instants are instants", isinstance(made["StateUpdatedTimestamp"], datetime.datetime), "a datetime", made["StateUpdatedTimestamp"])
refuses("an alarm that is none, in CBOR", lambda: in_cbor.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x"),
        "ResourceNotFound", "", status=404, kind="ResourceNotFound")
refuses("values and a value, in CBOR",
        lambda: in_cbor.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "X", "Value": 1, "Values": [1]}]),
        "InvalidParameterCombination", "mutually exclusive", kind="InvalidParameterCombinationException")
in_cbor.delete_alarms(AlarmNames=["cbor"])
equal("no alarm is left", in_cbor.describe_alarms()["MetricAlarms"], [])
