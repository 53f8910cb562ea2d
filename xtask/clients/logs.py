"""Decides that log groups answer boto3 as CloudWatch Logs does: groups, streams, events forwards, backwards, filtered."""

import time

import boto3
from botocore.config import Config
from check import contains, equal, refuses, said, soon, within

config = Config(parameter_validation=False, retries={"max_attempts": 0})
logs = boto3.client("logs", config=config)
dynamodb = boto3.client("dynamodb", config=config)
STANDARD, PREMIUM = "/aws/lambda/OrderProcessorLambda", "/aws/lambda/PremiumOrderLambda"
ORDERS = [f"L-{at:02}" for at in range(30)]


def line(order):
    return f"✅ Processed order {order} | Status: pending | Amount: {200 + ORDERS.index(order)}.0"


began = int(time.time() * 1000) - 1000
for order in ORDERS:
    dynamodb.put_item(TableName="NewOrders", Item={
        "orderId": {"S": order}, "status": {"S": "pending"}, "amount": {"N": str(200 + ORDERS.index(order))},
        "customerEmail": {"S": "somebody@example.com"}})
found = soon(
    "what functions print is found by a term",
    lambda: [e["message"] for e in logs.filter_log_events(logGroupName=STANDARD, filterPattern='"order L-"')["events"]],
    lambda seen: len(seen) >= len(ORDERS),
)
equal("in the order of the writes", [text.rstrip("\n") for text in found], [line(order) for order in ORDERS])

# Groups.
groups = logs.describe_log_groups()["logGroups"]
equal("DescribeLogGroups", [group["logGroupName"] for group in groups], [STANDARD, PREMIUM])
group = groups[0]
equal("a group's retention", group["retentionInDays"], 14)
arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{STANDARD}"
equal("a group's ARNs", (group["arn"], group["logGroupArn"]), (f"{arn}:*", arn))
within("a group's bytes", group["storedBytes"], 1, 100_000_000)
within("when a group was made", group["creationTime"], began - 600_000, began + 60_000)
names = [one["logGroupName"] for one in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/P")["logGroups"]]
equal("DescribeLogGroups by a prefix", names, [PREMIUM])
names = [one["logGroupName"] for one in logs.describe_log_groups(logGroupNamePattern="Processor")["logGroups"]]
equal("DescribeLogGroups by a part", names, [STANDARD])
pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
equal("DescribeLogGroups by boto3's own paginator", [g["logGroupName"] for p in pages for g in p["logGroups"]], [STANDARD, PREMIUM])
refuses("a prefix and a part together", lambda: logs.describe_log_groups(logGroupNamePrefix="a", logGroupNamePattern="b"),
        "InvalidParameterException", "mutually exclusive", kind="InvalidParameterException")

# Streams.
streams = logs.describe_log_streams(logGroupName=STANDARD, orderBy="LastEventTime", descending=True)["logStreams"]
said("DescribeLogStreams", len(streams) >= 1, "a stream", streams)
stream = streams[0]["logStreamName"]
contains("a stream's ARN", streams[0]["arn"], f"{arn}:log-stream:")
within("a stream's last event", streams[0]["lastEventTimestamp"], began, began + 120_000)
names = [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=STANDARD, logStreamNamePrefix=stream)["logStreams"]]
equal("DescribeLogStreams by a prefix", stream in names, True)
refuses("DescribeLogStreams of no group", lambda: logs.describe_log_streams(logGroupName="/no/such"),
        "ResourceNotFoundException", "The specified log group does not exist.", kind="ResourceNotFoundException")

# One stream, from its head and from its tail.
whole = logs.get_log_events(logGroupName=STANDARD, logStreamName=stream, startFromHead=True)
events = whole["events"]
said("GetLogEvents has events", len(events) > 3, "more than 3", len(events))
equal("oldest first", [e["timestamp"] for e in events], sorted(e["timestamp"] for e in events))
again = logs.get_log_events(logGroupName=STANDARD, logStreamName=stream, nextToken=whole["nextForwardToken"])
equal("at the end nothing comes", again["events"], [])
equal("and the token stays", again["nextForwardToken"], whole["nextForwardToken"])
gathered, token = [], None
while True:
    more = {"nextToken": token} if token else {"startFromHead": True}
    page = logs.get_log_events(logGroupName=STANDARD, logStreamName=stream, limit=7, **more)
    if page["nextForwardToken"] == token:
        break
    gathered += page["events"]
    token = page["nextForwardToken"]
equal("pages forwards are the whole", gathered, events)
tail = logs.get_log_events(logGroupName=STANDARD, logStreamName=stream, limit=5)
equal("without a start it is the newest", tail["events"], events[-5:])
before = logs.get_log_events(logGroupName=STANDARD, logStreamName=stream, limit=5, nextToken=tail["nextBackwardToken"])
equal("and backwards those before", before["events"], events[-10:-5])
refuses("GetLogEvents of no stream", lambda: logs.get_log_events(logGroupName=STANDARD, logStreamName="none"),
        "ResourceNotFoundException", "The specified log stream does not exist.", kind="ResourceNotFoundException")
refuses("a token that was not given out", lambda: logs.get_log_events(logGroupName=STANDARD, logStreamName=stream, nextToken="x/1"),
        "InvalidParameterException", "The specified nextToken is invalid.", kind="InvalidParameterException")

# Filters.
def messages(**more):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=STANDARD, **more)
    return [e["message"].rstrip("\n") for page in pages for e in page["events"]]


equal("FilterLogEvents page by page", messages(filterPattern='"order L-"', PaginationConfig={"PageSize": 4}), [line(o) for o in ORDERS])
equal("one term of two", messages(filterPattern='?"L-03 " ?"L-07 "'), [line("L-03"), line("L-07")])
equal("a term and not another", [m for m in messages(filterPattern='"order L-0" -"L-03 "') if "L-0" in m],
      [line(o) for o in ORDERS[:10] if o != "L-03"])
equal("a regular expression", messages(filterPattern="%L-1[23] %"), [line("L-12"), line("L-13")])
equal("from a time on", messages(startTime=int(time.time() * 1000) + 60_000), [])
equal("until a time", messages(endTime=began - 3_600_000), [])
equal("in one stream", messages(logStreamNames=[stream], filterPattern='"order L-29 "'), [line("L-29")])
event = logs.filter_log_events(logGroupName=STANDARD, filterPattern='"order L-05 "')["events"][0]
equal("an event's members", sorted(event), ["eventId", "ingestionTime", "logStreamName", "message", "timestamp"])
ids = [e["eventId"] for e in logs.filter_log_events(logGroupName=STANDARD)["events"]]
equal("events have ids of their own", len(ids), len(set(ids)))
refuses("FilterLogEvents of no group", lambda: logs.filter_log_events(logGroupName="/no/such"),
        "ResourceNotFoundException", "The specified log group does not exist.", kind="ResourceNotFoundException")
refuses("a filter that is none", lambda: logs.filter_log_events(logGroupName=STANDARD, filterPattern="{ $.a = "),
        "InvalidParameterException", "", kind="InvalidParameterException")
refuses("10,001 events", lambda: logs.filter_log_events(logGroupName=STANDARD, limit=10_001),
        "InvalidParameterException", "Member must have value less than or equal to 10000", kind="InvalidParameterException")

# A group and a stream of one's own.
GROUP, ITS_ARN, now = "/shop/web", "arn:aws:logs:us-east-1:000000000000:log-group:/shop/web", int(time.time() * 1000)
INVALID = "InvalidParameterException"


def described(**more):
    return logs.describe_log_groups(logGroupNamePrefix=GROUP, **more)["logGroups"]


def put(*events, stream="one"):
    lines = [{"timestamp": at, "message": message} for at, message in events]
    return logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=lines)


def printed(**more):
    found = logs.get_log_events(logGroupName=GROUP, logStreamName="one", startFromHead=True, **more)["events"]
    return [e["message"] for e in found]


logs.create_log_group(logGroupName=GROUP, tags={"env": "test"})
refuses("a group twice", lambda: logs.create_log_group(logGroupName=GROUP), "ResourceAlreadyExistsException",
        "The specified log group already exists", kind="ResourceAlreadyExistsException")
refuses("a group's name that is too long", lambda: logs.create_log_group(logGroupName="a" * 513), INVALID,
        "Invalid LogGroup or LogStream, both must have length less than or equal to 512.", kind=INVALID)
logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
equal("PutRetentionPolicy", described()[0]["retentionInDays"], 7)
refuses("days that are none", lambda: logs.put_retention_policy(logGroupName=GROUP, retentionInDays=2), INVALID, "retentionInDays", kind=INVALID)
logs.delete_retention_policy(logGroupName=GROUP)
equal("DeleteRetentionPolicy", described()[0].get("retentionInDays"), None)
logs.tag_resource(resourceArn=ITS_ARN, tags={"team": "a", "cost": "b"})
logs.untag_log_group(logGroupName=GROUP, tags=["cost"])
equal("tags", logs.list_tags_for_resource(resourceArn=ITS_ARN)["tags"], {"env": "test", "team": "a"})
equal("tags as they were once asked for", logs.list_tags_log_group(logGroupName=GROUP)["tags"], {"env": "test", "team": "a"})
refuses("lines for no stream", lambda: put((now, "x")), "ResourceNotFoundException", "The specified log stream does not exist.",
        kind="ResourceNotFoundException")
logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
refuses("a stream twice", lambda: logs.create_log_stream(logGroupName=GROUP, logStreamName="one"), "ResourceAlreadyExistsException",
        "The specified log stream already exists", kind="ResourceAlreadyExistsException")
made = logs.describe_log_streams(logGroupIdentifier=ITS_ARN)["logStreams"][0]
equal("a stream without lines", (made["arn"], made["storedBytes"], "lastEventTimestamp" in made), (f"{ITS_ARN}:log-stream:one", 0, False))
refuses("lines in the wrong order", lambda: put((now, "b"), (now - 1, "a")), INVALID,
        "Log events in a single PutLogEvents request must be in chronological order.", kind=INVALID)
logs.put_metric_filter(logGroupName=GROUP, filterName="slow", filterPattern="{ $.ms > 100 }",
                       metricTransformations=[{"metricNamespace": "Shop", "metricName": "Slow", "metricValue": "$.ms"}])
equal("filters are counted", described()[0]["metricFilterCount"], 1)
equal("PutLogEvents", "rejectedLogEventsInfo" in put((now, "🙀 - 日本語"), (now + 1, '{"ms": 250}')), False)
equal("lines come back", printed(), ["🙀 - 日本語", '{"ms": 250}'])
equal("a line of last month", put((now - 30 * 86_400_000, "old"))["rejectedLogEventsInfo"], {"tooOldLogEventEndIndex": 1})
equal("a line of tomorrow", put((now + 86_400_000, "new"))["rejectedLogEventsInfo"], {"tooNewLogEventStartIndex": 0})
put((now - 60_000, "late"))
equal("by their times", printed(), ["late", "🙀 - 日本語", '{"ms": 250}'])
cloudwatch = boto3.client("cloudwatch", config=config)
soon("what is brought counts for filters", lambda: [
    point["Sum"] for point in cloudwatch.get_metric_statistics(
        Namespace="Shop", MetricName="Slow", StartTime=now // 1000 - 60, EndTime=now // 1000 + 60, Period=60,
        Statistics=["Sum"])["Datapoints"]], lambda sums: sums == [250.0])
logs.delete_log_stream(logGroupName=GROUP, logStreamName="one")
equal("DeleteLogStream", logs.describe_log_streams(logGroupName=GROUP)["logStreams"], [])
equal("its lines are gone", logs.filter_log_events(logGroupName=GROUP)["events"], [])
logs.delete_log_group(logGroupName=GROUP)
equal("DeleteLogGroup", described(), [])
equal("its filters are gone", logs.describe_metric_filters(filterNamePrefix="slow")["metricFilters"], [])
refuses("a group that is gone", lambda: logs.delete_log_group(logGroupName=GROUP), "ResourceNotFoundException",
        "The specified log group does not exist.", kind="ResourceNotFoundException")

# TestMetricFilter, with examples of its documentation.
access = [f'127.0.0.1 - frank [10/Oct/2000:13:{at}] "GET /apache_pb.gif HTTP/1.0" {rest}'
          for at, rest in (("25:15 -0700", "200 1534"), ("35:22 -0700", "500 5324"), ("50:35 -0700", "200 4355"))]


def tested(pattern, messages=access):
    return logs.test_metric_filter(filterPattern=pattern, logEventMessages=messages)["matches"]


matches = tested("[..., status_code=200, size]")
equal("which lines match", [match["eventNumber"] for match in matches], [0, 2])
equal("what is taken out of them", matches[1]["extractedValues"], {
    "$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:50:35 -0700", "$5": "GET /apache_pb.gif HTTP/1.0",
    "$status_code": "200", "$size": "4355"})
equal("no fields named", [sorted(match["extractedValues"]) for match in tested("[]")], [[f"${n}" for n in range(1, 8)]] * 3)
equal("a term", tested('"[ERROR]" Exception', ["[INFO] fine", "[ERROR] an Exception", "[ERROR] the end"]),
      [{"eventNumber": 1, "eventMessage": "[ERROR] an Exception", "extractedValues": {}}])
refuses("an operation that is not run", lambda: logs.describe_queries(), "UnknownOperationException", "DescribeQueries")
