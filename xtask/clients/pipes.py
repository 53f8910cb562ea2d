"""Decides that pipes answer boto3 and aws-cli as AWS's documentation says that EventBridge Pipes does.

Pipes are made, changed, stopped, started, tagged and deleted; from a queue and a table's stream; to queues, a bus, a log
group and functions; with filters, input templates and an enrichment. What is expected stands in AWS's API reference and
user guide ("Amazon EventBridge Pipes").
"""

import datetime
import json
import os
import subprocess
import time

import boto3
from botocore.config import Config
from check import contains, equal, refuses, said, soon, take

config = Config(parameter_validation=False, retries={"max_attempts": 0}, read_timeout=60)
pipes = boto3.client("pipes", config=config)
sqs = boto3.client("sqs", config=config)
events = boto3.client("events", config=config)
logs = boto3.client("logs", config=config)
dynamodb = boto3.client("dynamodb", config=config)
RUN = str(os.getpid())
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipes"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:"
PIPE = f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"
TABLE = "NewOrders"
STREAM = dynamodb.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]


def plain(answer):
    """An answer without what boto3 adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def make_queue(name, **attributes):
    return sqs.create_queue(QueueName=f"{name}-{RUN}" if not attributes.get("FifoQueue") else f"{name}-{RUN}.fifo",
                            Attributes={name: str(value) for name, value in attributes.items()})["QueueUrl"]


def arn(url):
    return QUEUE + url.rsplit("/", 1)[1]


def bodies(url, count=1):
    return [json.loads(message["Body"]) for message in take(sqs, url, count)]


def empty(name, url):
    """Waits until a queue has nothing any more, hidden messages included."""
    def look():
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return told["ApproximateNumberOfMessages"], told["ApproximateNumberOfMessagesNotVisible"]
    soon(name, look, lambda seen: seen == ("0", "0"))


def send(url, body, **other):
    text = body if isinstance(body, str) else json.dumps(body)
    return sqs.send_message(QueueUrl=url, MessageBody=text, **other)["MessageId"]


def create(name, source, target, **other):
    return pipes.create_pipe(Name=f"{name}-{RUN}", Source=source, Target=target, RoleArn=ROLE, **other)


def runs(name):
    soon(f"{name} runs", lambda: pipes.describe_pipe(Name=f"{name}-{RUN}")["CurrentState"], lambda seen: seen == "RUNNING")


def gone(name):
    told = pipes.delete_pipe(Name=f"{name}-{RUN}")
    equal(f"DeletePipe {name}", (told["DesiredState"], told["CurrentState"]), ("DELETED", "DELETING"))

    def look():
        try:
            pipes.describe_pipe(Name=f"{name}-{RUN}")
        except pipes.exceptions.NotFoundException:
            return True
        return False
    soon(f"{name} is gone", look, lambda seen: seen)


def aws(*arguments):
    """Asks with aws-cli."""
    program = os.path.join(os.environ["CLIENTS_BIN"], "aws")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else done.stdout + done.stderr


# ── Made, told, changed, deleted ────────────────────────────────────────────────────────────
source, target = make_queue("in"), make_queue("out")
PATTERN = json.dumps({"body": {"kind": ["order"]}})
name = f"plain-{RUN}"
made = create("plain", arn(source), arn(target), Description="orders alone", Tags={"team": "shop"},
              SourceParameters={"SqsQueueParameters": {"BatchSize": 5}, "FilterCriteria": {"Filters": [{"Pattern": PATTERN}]}},
              TargetParameters={"InputTemplate": '{"order": <$.body.id>, "by": <aws.pipes.pipe-name>, "at": "<$.messageId>"}'})
equal("CreatePipe", {part: made[part] for part in ("Arn", "Name", "DesiredState", "CurrentState")},
      {"Arn": PIPE + name, "Name": name, "DesiredState": "RUNNING", "CurrentState": "CREATING"})
said("CreatePipe says when", all(isinstance(made[part], datetime.datetime) for part in ("CreationTime", "LastModifiedTime")), "times", made)
runs("plain")
told = plain(pipes.describe_pipe(Name=name))
expected = {
    "Arn": PIPE + name, "Name": name, "Description": "orders alone", "DesiredState": "RUNNING", "CurrentState": "RUNNING",
    "Source": arn(source), "Target": arn(target), "RoleArn": ROLE, "Tags": {"team": "shop"},
    "SourceParameters": {"SqsQueueParameters": {"BatchSize": 5, "MaximumBatchingWindowInSeconds": 0},
                         "FilterCriteria": {"Filters": [{"Pattern": PATTERN}]}},
    "TargetParameters": {"InputTemplate": '{"order": <$.body.id>, "by": <aws.pipes.pipe-name>, "at": "<$.messageId>"}'},
}
equal("DescribePipe", {part: told.get(part) for part in expected}, expected)
refuses("CreatePipe again", lambda: create("plain", arn(source), arn(target)), "ConflictException", "", status=409,
        kind="ConflictException")
equal("ListPipes by a prefix", [one["Name"] for one in pipes.list_pipes(NamePrefix=name)["Pipes"]], [name])
equal("ListPipes by a source", [one["Target"] for one in pipes.list_pipes(SourcePrefix=arn(source))["Pipes"]], [arn(target)])
listed = aws("pipes", "list-pipes", "--name-prefix", name)
equal("aws pipes list-pipes", [one["Arn"] for one in listed["Pipes"]] if isinstance(listed, dict) else listed, [PIPE + name])

# Filters on the body; what does not match is deleted; a message may have attributes.
first = send(source, {"kind": "order", "id": "A-1"})
send(source, {"kind": "refund", "id": "A-2"})
send(source, "order")
equal("a template is filled from each message", bodies(target), [{"order": "A-1", "by": name, "at": first}])
empty("what a filter stops is deleted", source)

changed = pipes.update_pipe(Name=name, RoleArn=ROLE, Description="all",
                            SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": json.dumps({"body": ["order"]})}]}},
                            TargetParameters={"InputTemplate": ""})
equal("UpdatePipe", (changed["DesiredState"], changed["CurrentState"]), ("RUNNING", "UPDATING"))
runs("plain")
told = pipes.describe_pipe(Name=name)
equal("UpdatePipe leaves what is not given", (told["Description"], told["Target"], told["Tags"]), ("all", arn(target), {"team": "shop"}))
equal("UpdatePipe leaves the batch", told["SourceParameters"]["SqsQueueParameters"]["BatchSize"], 5)
said("UpdatePipe takes the template away", "InputTemplate" not in told.get("TargetParameters", {}), "none", told.get("TargetParameters"))
second = send(source, "order", MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}})
send(source, {"kind": "order", "id": "A-3"})
(record,) = bodies(target) or [{}]
equal("a message is handed on as a record", {part: record.get(part) for part in ("messageId", "body", "eventSource", "eventSourceARN", "awsRegion", "md5OfBody")},
      {"messageId": second, "body": "order", "eventSource": "aws:sqs", "eventSourceARN": arn(source), "awsRegion": "us-east-1",
       "md5OfBody": "70a17ffa722a3985b86d30b034ad06d7"})
contains("a record's attributes", record.get("attributes", {}), "ApproximateReceiveCount", "SentTimestamp", "SenderId",
         "ApproximateFirstReceiveTimestamp")
equal("a record's own attributes", record.get("messageAttributes", {}).get("n", {}).get("stringValue"), "7")
empty("text and JSON are told apart", source)

# Stopped, messages wait; started, they go on.
pipes.stop_pipe(Name=name)
soon("the pipe stops", lambda: pipes.describe_pipe(Name=name)["CurrentState"], lambda seen: seen == "STOPPED")
send(source, "order")
time.sleep(0.3)
equal("a stopped pipe takes nothing", sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["ApproximateNumberOfMessages"])
      ["Attributes"]["ApproximateNumberOfMessages"], "1")
equal("ListPipes by a state", [one["Name"] for one in pipes.list_pipes(NamePrefix=name, CurrentState="STOPPED")["Pipes"]], [name])
pipes.start_pipe(Name=name)
runs("plain")
equal("a started pipe goes on", len(take(sqs, target)), 1)

# Tags.
pipes.tag_resource(resourceArn=PIPE + name, tags={"stage": "test", "team": "front"})
equal("TagResource", pipes.list_tags_for_resource(resourceArn=PIPE + name)["tags"], {"stage": "test", "team": "front"})
pipes.untag_resource(resourceArn=PIPE + name, tagKeys=["team", "none"])
equal("UntagResource", pipes.list_tags_for_resource(resourceArn=PIPE + name)["tags"], {"stage": "test"})
refuses("ListTagsForResource of none", lambda: pipes.list_tags_for_resource(resourceArn=PIPE + "none"), "NotFoundException", "",
        status=404, kind="NotFoundException")
gone("plain")
for operation, call in [("DeletePipe", pipes.delete_pipe), ("StartPipe", pipes.start_pipe), ("StopPipe", pipes.stop_pipe),
                        ("UpdatePipe", lambda Name: pipes.update_pipe(Name=Name, RoleArn=ROLE))]:
    refuses(f"{operation} of none", lambda: call(Name=name), "NotFoundException", "", status=404, kind="NotFoundException")

# ── What cannot be ──────────────────────────────────────────────────────────────────────────
fifo = make_queue("kept", FifoQueue="true")
STREAMED = {"DynamoDBStreamParameters": {"StartingPosition": "LATEST"}}


def invalid(what, field, **changes):
    """A pipe is refused because of one field."""
    given = {"Name": f"no-{RUN}", "Source": arn(source), "Target": arn(target), "RoleArn": ROLE, **changes}
    given = {part: value for part, value in given.items() if value is not None}
    try:
        seen = pipes.create_pipe(**given)
    except pipes.exceptions.ValidationException as error:
        seen = [one["name"] for one in error.response.get("fieldList", [])]
        if said(f"CreatePipe {what}", seen == [field], [field], seen):
            return
    else:
        said(f"CreatePipe {what}", False, field, seen)


invalid("without a source", "source", Source=None)
invalid("without a target", "target", Target=None)
invalid("without a role", "roleArn", RoleArn=None)
invalid("with a name that is none", "name", Name="a b")
invalid("with a state that is none", "desiredState", DesiredState="PAUSED")
invalid("to a function that is not there", "target", Target=FUNCTION + "none")
invalid("with an enrichment that is not there", "enrichment", Enrichment=FUNCTION + "none")
invalid("from a queue that is not there", "source", Source=QUEUE + "none")
invalid("to a queue that is not there", "target", Target=QUEUE + "none")
invalid("from a topic", "source", Source=f"arn:aws:sns:us-east-1:{ACCOUNT}:t")
invalid("from a stream of long ago", "source", Source=STREAM.rsplit("/", 1)[0] + "/2020-01-01T00:00:00.000", SourceParameters=STREAMED)
invalid("from a stream without a position", "sourceParameters.dynamoDBStreamParameters.startingPosition", Source=STREAM,
        SourceParameters={"DynamoDBStreamParameters": {}})
invalid("with a faulty filter", "sourceParameters.filterCriteria",
        SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": '{"body": []}'}]}})
invalid("with too large a batch", "sourceParameters.sqsQueueParameters.batchSize",
        SourceParameters={"SqsQueueParameters": {"BatchSize": 10001}})
invalid("with a larger batch than the target takes", "sourceParameters", Source=STREAM,
        SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "LATEST", "BatchSize": 11}})
invalid("to a FIFO queue without a group", "targetParameters", Target=arn(fifo))
invalid("with a template too long", "targetParameters.inputTemplate", TargetParameters={"InputTemplate": "x" * 8193})

# ── From a table's stream ───────────────────────────────────────────────────────────────────
ORDER = f"ORD-PIPE-{RUN}"
OWN = {"FilterCriteria": {"Filters": [{"Pattern": json.dumps({"dynamodb": {"Keys": {"orderId": {"S": [ORDER]}}}})}]}}
streamed = {**STREAMED, **OWN}
create("fifo", STREAM, arn(fifo), SourceParameters=streamed, TargetParameters={
    "InputTemplate": '{"id": <$.dynamodb.NewImage.orderId.S>, "what": <$.eventName>}',
    "SqsQueueParameters": {"MessageGroupId": "$.dynamodb.Keys.orderId.S", "MessageDeduplicationId": "$.eventID"}})
bus = f"pipes-{RUN}"
heard, filled = make_queue("heard"), make_queue("filled")
events.create_event_bus(Name=bus)
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{bus}"
for rule, wanted, queue in [("plain", [{"prefix": "Pipe "}], heard), ("told", ["shop"], filled)]:
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps({"source": wanted}))
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "q", "Arn": arn(queue)}])
create("bus", STREAM, BUS, SourceParameters=streamed)
create("told", STREAM, BUS, SourceParameters=streamed, TargetParameters={
    "InputTemplate": '{"id": <$.dynamodb.Keys.orderId.S>}',
    "EventBridgeEventBusParameters": {"Source": "shop", "DetailType": "$.eventName", "Resources": ["$.dynamodb.Keys.orderId.S"]}})
group = "/aws/lambda/PremiumOrderLambda"
create("log", STREAM, f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}", SourceParameters=streamed, TargetParameters={
    "InputTemplate": "order <$.dynamodb.Keys.orderId.S>: <$.eventName>", "CloudWatchLogsParameters": {"LogStreamName": f"orders-{RUN}"}})
answered = make_queue("answered")
PREMIUM = {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(
    {"eventName": ["MODIFY"], "dynamodb": {"Keys": {"orderId": {"S": [ORDER]}}}})}]}}
create("enriched", STREAM, arn(answered), SourceParameters={**STREAMED, **PREMIUM}, Enrichment=FUNCTION + "PremiumOrderLambda",
       TargetParameters={"InputTemplate": '{"premium": <$.premiumOrdersProcessed>}'})
for one in ("fifo", "bus", "told", "log", "enriched"):
    runs(one)


def put(status):
    dynamodb.put_item(TableName=TABLE, Item={
        "orderId": {"S": ORDER}, "status": {"S": status}, "amount": {"N": "1500"}, "customerEmail": {"S": "vip@example.com"}})


put("pending")
kept = take(sqs, fifo)
equal("a FIFO queue gets each record", [json.loads(one["Body"]) for one in kept], [{"id": ORDER, "what": "INSERT"}])
equal("with its group", [one["Attributes"]["MessageGroupId"] for one in kept], [ORDER])
(event,) = bodies(heard) or [{}]
equal("an event's source and type, if nobody says more", (event.get("source"), event.get("detail-type")),
      (f"Pipe bus-{RUN}", "Event from aws:dynamodb"))
equal("an event's detail is the record", event.get("detail", {}).get("dynamodb", {}).get("Keys"), {"orderId": {"S": ORDER}})
(event,) = bodies(filled) or [{}]
equal("an event is as it was asked for", [event.get(part) for part in ("source", "detail-type", "resources", "detail")],
      ["shop", "INSERT", [ORDER], {"id": ORDER}])


def lines():
    try:
        told = logs.get_log_events(logGroupName=group, logStreamName=f"orders-{RUN}", startFromHead=True)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [one["message"] for one in told["events"]]


soon("a log group gets each record as a line", lines, lambda seen: seen == [f"order {ORDER}: INSERT"])
put("shipped")
equal("an enrichment's answer reaches the target", bodies(answered), [{"premium": [ORDER]}])
refuses("an event bus of a pipe that is deleted", lambda: pipes.update_pipe(Name=f"bus-{RUN}", RoleArn=ROLE, Target=BUS + "x"),
        "ValidationException", "", kind="ValidationException")
for one in ("fifo", "bus", "told", "log", "enriched"):
    gone(one)

# ── To functions ────────────────────────────────────────────────────────────────────────────
# The drill fails this order: its message comes again, until its queue takes it for poison.
letters = make_queue("letters")
work = make_queue("work", VisibilityTimeout=1, RedrivePolicy=json.dumps({"deadLetterTargetArn": arn(letters), "maxReceiveCount": 2}))
RECORD = '{"eventName": "INSERT", "dynamodb": {"NewImage": {"orderId": {"S": <$.body.id>}, "status": {"S": "pending"}, "amount": {"N": "500"}}}}'
create("function", arn(work), FUNCTION + "OrderProcessorLambda", TargetParameters={
    "InputTemplate": RECORD, "LambdaFunctionParameters": {"InvocationType": "REQUEST_RESPONSE"}})
runs("function")
send(work, {"id": "ORD-POISON"})
equal("what a function fails on too often is a dead letter of the queue", bodies(letters), [{"id": "ORD-POISON"}])
done = f"ORD-DONE-{RUN}"
send(work, {"id": done})
empty("what a function does is deleted", work)
soon("the function has got it", lambda: logs.filter_log_events(logGroupName="/aws/lambda/OrderProcessorLambda", filterPattern=f'"{done}"')["events"],
     lambda seen: len(seen) == 1)
pipes.update_pipe(Name=f"function-{RUN}", RoleArn=ROLE,
                  TargetParameters={"LambdaFunctionParameters": {"InvocationType": "FIRE_AND_FORGET"}})
runs("function")
told = pipes.describe_pipe(Name=f"function-{RUN}")["TargetParameters"]
equal("UpdatePipe changes how a function is called", (told["LambdaFunctionParameters"], told["InputTemplate"]),
      ({"InvocationType": "FIRE_AND_FORGET"}, RECORD))
later = f"ORD-LATER-{RUN}"
send(work, {"id": later})
empty("what nobody waits for is deleted at once", work)
soon("the function gets it", lambda: logs.filter_log_events(logGroupName="/aws/lambda/OrderProcessorLambda", filterPattern=f'"{later}"')["events"],
     lambda seen: len(seen) == 1)
gone("function")

# ── Pipes of a template ─────────────────────────────────────────────────────────────────────
refuses("DeletePipe of a template's", lambda: pipes.delete_pipe(Name="premium-standard-orders"), "ConflictException", "", status=409,
        kind="ConflictException")
for url in (source, target, fifo, heard, filled, answered, letters, work):
    sqs.delete_queue(QueueUrl=url)
for rule in ("plain", "told"):
    events.remove_targets(Rule=rule, EventBusName=bus, Ids=["q"])
    events.delete_rule(Name=rule, EventBusName=bus)
events.delete_event_bus(Name=bus)
