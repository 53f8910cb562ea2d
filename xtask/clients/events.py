"""Decides that event buses answer boto3 and aws-cli as AWS's documentation says that EventBridge does.

Every operation that is run here: buses, rules, targets, events, archives, replays, tags; and pipes, as far as they are
told, stopped and started. What is expected stands in AWS's API reference and user guide, or was recorded from AWS.
"""

import datetime
import json
import os
import subprocess

import boto3
from botocore.config import Config
from check import contains, equal, refuses, said, soon, take

config = Config(parameter_validation=False, retries={"max_attempts": 0}, read_timeout=60)
events = boto3.client("events", config=config)
sqs = boto3.client("sqs", config=config)
pipes = boto3.client("pipes", config=config)
RUN = str(os.getpid())
ACCOUNT = "000000000000"
ARN = f"arn:aws:events:us-east-1:{ACCOUNT}:"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:"


def plain(answer):
    """An answer without what boto3 adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def make_queue(name):
    return sqs.create_queue(QueueName=name)["QueueUrl"]


def take_json(url):
    """The body of the next message, read."""
    messages = take(sqs, url)
    return json.loads(messages[0]["Body"]) if messages else {}


def entry(detail, **other):
    detail = detail if isinstance(detail, str) else json.dumps(detail)
    return {"Source": "com.example.shop", "DetailType": "Order Created", "Detail": detail, **other}


def aws(*arguments):
    """Asks with aws-cli."""
    program = os.path.join(os.environ["CLIENTS_BIN"], "aws")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else done.stdout + done.stderr


# ── Buses ───────────────────────────────────────────────────────────────────────────────────
bus = f"orders-{RUN}"
bus_arn = f"{ARN}event-bus/{bus}"
made = events.create_event_bus(Name=bus, Description="orders of the shop", Tags=[{"Key": "team", "Value": "shop"}])
equal("CreateEventBus", plain(made), {"EventBusArn": bus_arn, "Description": "orders of the shop"})
refuses("CreateEventBus again", lambda: events.create_event_bus(Name=bus), "ResourceAlreadyExistsException",
        f"Event bus {bus} already exists.", kind="ResourceAlreadyExistsException")
for wrong in ("", "a b", "ä", "x" * 257):
    refuses(f"CreateEventBus of {wrong[:10]!r}", lambda: events.create_event_bus(Name=wrong), "ValidationException", "'name'")
told = events.describe_event_bus(Name=bus)
equal("DescribeEventBus", {name: told.get(name) for name in ("Name", "Arn", "Description")},
      {"Name": bus, "Arn": bus_arn, "Description": "orders of the shop"})
said("DescribeEventBus says when", isinstance(told.get("CreationTime"), datetime.datetime), "a time", told.get("CreationTime"))
equal("DescribeEventBus by its ARN", events.describe_event_bus(Name=bus_arn)["Name"], bus)
equal("DescribeEventBus without a name", events.describe_event_bus()["Arn"], f"{ARN}event-bus/default")
refuses("DescribeEventBus of none", lambda: events.describe_event_bus(Name="none"), "ResourceNotFoundException",
        "Event bus none does not exist.", kind="ResourceNotFoundException")
equal("ListEventBuses by a prefix", [one["Arn"] for one in events.list_event_buses(NamePrefix=bus)["EventBuses"]], [bus_arn])
contains("ListEventBuses has the default one", [one["Name"] for one in events.list_event_buses()["EventBuses"]], "default", bus)
equal("UpdateEventBus", events.update_event_bus(Name=bus, Description="all orders")["Description"], "all orders")
refuses("DeleteEventBus of the default one", lambda: events.delete_event_bus(Name="default"), "ValidationException",
        "Cannot delete event bus default.")

# ── Permissions: recorded from AWS ──────────────────────────────────────────────────────────
def policy(name):
    told = events.describe_event_bus(Name=name).get("Policy")
    return told and json.loads(told)


def statement(sid, principal):
    return {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": "events:PutEvents", "Resource": bus_arn}


for sid, principal in (("one", "111111111111"), ("two", "222222222222"), ("all", "*")):
    events.put_permission(EventBusName=bus, Action="events:PutEvents", Principal=principal, StatementId=sid)
EVERYONE = [statement("one", {"AWS": "arn:aws:iam::111111111111:root"}),
            statement("two", {"AWS": "arn:aws:iam::222222222222:root"}), statement("all", "*")]
equal("PutPermission", policy(bus), {"Version": "2012-10-17", "Statement": EVERYONE})
events.remove_permission(EventBusName=bus, StatementId="one")
equal("RemovePermission", policy(bus)["Statement"], EVERYONE[1:])
refuses("RemovePermission of none", lambda: events.remove_permission(EventBusName=bus, StatementId="one"), "ResourceNotFoundException",
        "Statement with the provided id does not exist.", kind="ResourceNotFoundException")
WHOLE = {"Version": "2012-10-17", "Statement": [{"Sid": "s", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                                                 "Action": "events:ListRules", "Resource": "*"}]}
events.put_permission(EventBusName=bus, Policy=json.dumps(WHOLE))
equal("PutPermission of a whole policy", policy(bus), WHOLE)
events.remove_permission(EventBusName=bus, RemoveAllPermissions=True)
equal("RemovePermission of all", policy(bus), None)
refuses("PutPermission on no bus", lambda: events.put_permission(EventBusName="none", Action="events:PutEvents", Principal="*", StatementId="s"),
        "ResourceNotFoundException", "Event bus none does not exist.", kind="ResourceNotFoundException")

# ── Tags ────────────────────────────────────────────────────────────────────────────────────
events.tag_resource(ResourceARN=bus_arn, Tags=[{"Key": "stage", "Value": "test"}, {"Key": "team", "Value": "front"}])
equal("TagResource", events.list_tags_for_resource(ResourceARN=bus_arn)["Tags"],
      [{"Key": "stage", "Value": "test"}, {"Key": "team", "Value": "front"}])
events.untag_resource(ResourceARN=bus_arn, TagKeys=["team", "none"])
equal("UntagResource", events.list_tags_for_resource(ResourceARN=bus_arn)["Tags"], [{"Key": "stage", "Value": "test"}])
refuses("ListTagsForResource of no rule", lambda: events.list_tags_for_resource(ResourceARN=f"{ARN}rule/none"),
        "ResourceNotFoundException", "Rule none does not exist on EventBus default.", kind="ResourceNotFoundException")

# ── Rules ───────────────────────────────────────────────────────────────────────────────────
PATTERN = json.dumps({"source": ["com.example.shop"], "detail": {"tier": ["premium"]}})
rule_arn = f"{ARN}rule/{bus}/premium"
equal("PutRule", events.put_rule(Name="premium", EventBusName=bus, EventPattern=PATTERN)["RuleArn"], rule_arn)
equal("PutRule changes it", events.put_rule(Name="premium", EventBusName=bus, EventPattern=PATTERN, Description="vip")["RuleArn"], rule_arn)
equal("DescribeRule", plain(events.describe_rule(Name="premium", EventBusName=bus)),
      {"Name": "premium", "Arn": rule_arn, "EventPattern": PATTERN, "State": "ENABLED", "Description": "vip",
       "EventBusName": bus, "CreatedBy": ACCOUNT})
refuses("DescribeRule of none", lambda: events.describe_rule(Name="none"), "ResourceNotFoundException",
        "Rule none does not exist on EventBus default.", kind="ResourceNotFoundException")
refuses("PutRule without anything to wait for", lambda: events.put_rule(Name="x"), "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.")
refuses("PutRule with a faulty pattern", lambda: events.put_rule(Name="x", EventPattern='{"source": []}'),
        "InvalidEventPatternException", "Event pattern is not valid. Reason: Empty arrays are not allowed",
        kind="InvalidEventPatternException")
refuses("PutRule with a schedule on another bus", lambda: events.put_rule(Name="x", EventBusName=bus, ScheduleExpression="rate(1 minute)"),
        "ValidationException", "ScheduleExpression is supported only on the default event bus.")
for wrong in ("rate(1 minutes)", "rate(0 minutes)", "rate(10 seconds)", "cron(0 12 * * * *)", "cron(* * * *)", "every day"):
    refuses(f"PutRule with {wrong}", lambda: events.put_rule(Name="x", ScheduleExpression=wrong), "ValidationException",
            "Parameter ScheduleExpression is not valid.")
refuses("PutRule on no bus", lambda: events.put_rule(Name="x", EventBusName="none", EventPattern=PATTERN),
        "ResourceNotFoundException", "Event bus none does not exist.", kind="ResourceNotFoundException")
refuses("PutRule with a long name", lambda: events.put_rule(Name="x" * 65, EventPattern=PATTERN), "ValidationException",
        "Member must have length less than or equal to 64")
# The examples of the user guide's page on schedules.
for number, schedule in enumerate(("rate(5 minutes)", "rate(1 hour)", "rate(1 day)", "cron(0 10 * * ? *)", "cron(0 18 ? * MON-FRI *)",
                                   "cron(0 8 1 * ? *)", "cron(0/10 * ? * MON-FRI *)", "cron(0/30 20-2 ? * MON-FRI *)")):
    name = f"schedule-{RUN}-{number}"
    events.put_rule(Name=name, ScheduleExpression=schedule, State="DISABLED")
    told = events.describe_rule(Name=name)
    equal(f"a rule with {schedule}", (told["ScheduleExpression"], told["State"]), (schedule, "DISABLED"))
    events.delete_rule(Name=name)
events.disable_rule(Name="premium", EventBusName=bus)
equal("DisableRule", events.describe_rule(Name="premium", EventBusName=bus)["State"], "DISABLED")
events.enable_rule(Name="premium", EventBusName=bus)
equal("EnableRule", events.describe_rule(Name="premium", EventBusName=bus)["State"], "ENABLED")
refuses("EnableRule of none", lambda: events.enable_rule(Name="none", EventBusName=bus), "ResourceNotFoundException",
        f"Rule none does not exist on EventBus {bus}.", kind="ResourceNotFoundException")
for number in range(5):
    events.put_rule(Name=f"page-{number}", EventBusName=bus, EventPattern=PATTERN)
first = events.list_rules(EventBusName=bus, NamePrefix="page-", Limit=3)
equal("ListRules: the first page", [rule["Name"] for rule in first["Rules"]], ["page-0", "page-1", "page-2"])
second = events.list_rules(EventBusName=bus, NamePrefix="page-", Limit=3, NextToken=first["NextToken"])
equal("ListRules: the last page", ([rule["Name"] for rule in second["Rules"]], second.get("NextToken")), (["page-3", "page-4"], None))
for number in range(5):
    events.delete_rule(Name=f"page-{number}", EventBusName=bus)
equal("DeleteRule", events.list_rules(EventBusName=bus, NamePrefix="page-")["Rules"], [])
events.delete_rule(Name="none", EventBusName=bus)
said("DeleteRule of none is no fault", True, None, None)

# ── Targets ─────────────────────────────────────────────────────────────────────────────────
names = {name: f"{name}-{RUN}" for name in ("whole", "part", "text", "constant", "dead")}
urls = {name: make_queue(full) for name, full in names.items()}
TARGETS = [
    {"Id": "constant", "Arn": QUEUE + names["constant"], "Input": '{"always": "this"}'},
    {"Id": "gone", "Arn": QUEUE + f"gone-{RUN}", "DeadLetterConfig": {"Arn": QUEUE + names["dead"]},
     "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 120}},
    {"Id": "part", "Arn": QUEUE + names["part"], "InputPath": "$.detail"},
    {"Id": "text", "Arn": QUEUE + names["text"], "InputTransformer": {
        "InputPathsMap": {"id": "$.detail.orderId", "tier": "$.detail.tier"},
        "InputTemplate": '"Order <id> is <tier>, says <aws.events.rule-name>"'}},
    {"Id": "whole", "Arn": QUEUE + names["whole"]},
]
put = events.put_targets(Rule="premium", EventBusName=bus, Targets=TARGETS)
equal("PutTargets", plain(put), {"FailedEntryCount": 0, "FailedEntries": []})
equal("ListTargetsByRule", events.list_targets_by_rule(Rule="premium", EventBusName=bus)["Targets"], TARGETS)
page = events.list_targets_by_rule(Rule="premium", EventBusName=bus, Limit=3)
rest = events.list_targets_by_rule(Rule="premium", EventBusName=bus, Limit=3, NextToken=page["NextToken"])
equal("ListTargetsByRule in pages", [one["Id"] for one in page["Targets"] + rest["Targets"]], [one["Id"] for one in TARGETS])
equal("ListRuleNamesByTarget", events.list_rule_names_by_target(TargetArn=QUEUE + names["whole"], EventBusName=bus)["RuleNames"], ["premium"])
equal("ListRuleNamesByTarget of none", events.list_rule_names_by_target(TargetArn=QUEUE + "none", EventBusName=bus)["RuleNames"], [])
refuses("a sixth target", lambda: events.put_targets(Rule="premium", EventBusName=bus, Targets=[{"Id": "6", "Arn": QUEUE + "q"}]),
        "LimitExceededException", "The requested resource exceeds the maximum number allowed.", kind="LimitExceededException")
refuses("PutTargets of no rule", lambda: events.put_targets(Rule="none", Targets=[{"Id": "1", "Arn": QUEUE + "q"}]),
        "ResourceNotFoundException", "Rule none does not exist on EventBus default.", kind="ResourceNotFoundException")


def put_wrong(**target):
    return lambda: events.put_targets(Rule="premium", EventBusName=bus, Targets=[{"Id": "whole", "Arn": QUEUE + names["whole"], **target}])


refuses("a target's faulty name", put_wrong(Id="!@#$@!#$"), "ValidationException",
        r"Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+")
refuses("a target's faulty ARN", put_wrong(Arn="queue"), "ValidationException",
        "Parameter queue is not valid. Reason: Provided Arn is not in correct format.")
refuses("a FIFO queue without a group", put_wrong(Arn=QUEUE + "q.fifo"), "ValidationException",
        "Parameter(s) SqsParameters must be specified for target: whole.")
refuses("a template with a name that is none", put_wrong(InputTransformer={"InputPathsMap": {}, "InputTemplate": '"<notdefinedkey>"'}),
        "ValidationException", "InputTemplate for target whole contains invalid placeholder notdefinedkey.")
refuses("two inputs", put_wrong(Input="{}", InputPath="$.detail"), "ValidationException",
        "Only one of Input, InputPath, or InputTransformer must be provided for target whole.")
refuses("too many retries", put_wrong(RetryPolicy={"MaximumRetryAttempts": 186}), "ValidationException",
        "Member must have value less than or equal to 185")
refuses("DeleteRule with targets", lambda: events.delete_rule(Name="premium", EventBusName=bus), "ValidationException",
        "Rule can't be deleted since it has targets.")

# ── An archive, before there are events ─────────────────────────────────────────────────────
archive = f"orders-{RUN}"
archive_arn = f"{ARN}archive/{archive}"
told = events.create_archive(ArchiveName=archive, EventSourceArn=bus_arn, RetentionDays=1, Description="kept")
equal("CreateArchive", (told["ArchiveArn"], told["State"]), (archive_arn, "ENABLED"))
refuses("CreateArchive again", lambda: events.create_archive(ArchiveName=archive, EventSourceArn=bus_arn), "ResourceAlreadyExistsException",
        f"Archive {archive} already exists.", kind="ResourceAlreadyExistsException")
refuses("CreateArchive of no bus", lambda: events.create_archive(ArchiveName="x", EventSourceArn=f"{ARN}event-bus/none"),
        "ResourceNotFoundException", "Event bus none does not exist.", kind="ResourceNotFoundException")
refuses("CreateArchive of a bus of somebody else's", lambda: events.create_archive(
    ArchiveName="x", EventSourceArn="arn:aws:events:us-east-1:123456789012:event-bus/nowhere"), "ResourceNotFoundException",
        "Event bus nowhere does not exist.", kind="ResourceNotFoundException")
refuses("CreateArchive with a long name", lambda: events.create_archive(ArchiveName="x" * 49, EventSourceArn=bus_arn),
        "ValidationException", "Member must have length less than or equal to 48")

# ── Events ──────────────────────────────────────────────────────────────────────────────────
at = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
premium = {"orderId": "A-1", "tier": "premium", "total": 1500.5}
told = events.put_events(Entries=[
    entry(premium, EventBusName=bus, Time=at, Resources=["arn:aws:s3:::b"]),
    entry({"tier": "standard"}, EventBusName=bus_arn),
    entry(premium, EventBusName="none"),
    {"DetailType": "d", "Detail": "{}"}, {"Source": "s", "Detail": "{}"}, {"Source": "s", "DetailType": "d"},
    entry("text"), entry("[]"), entry('"{}"'), {**entry("{}"), "Source": "aws.ec2"},
])


def required(part):
    return {"ErrorCode": "InvalidArgument", "ErrorMessage": f"Parameter {part} is not valid. Reason: {part} is a required argument."}


MALFORMED = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
equal("PutEvents tells of each what is wrong", told["Entries"][3:],
      [required("Source"), required("DetailType"), required("Detail"), MALFORMED, MALFORMED, MALFORMED,
       {"ErrorCode": "NotAuthorizedForSource", "ErrorMessage": "Not authorized for the source."}])
equal("PutEvents counts them", told["FailedEntryCount"], 7)
equal("PutEvents gives the others ids", [list(one) for one in told["Entries"][:3]], [["EventId"]] * 3)
event_id = told["Entries"][0]["EventId"]
whole = {"version": "0", "id": event_id, "detail-type": "Order Created", "source": "com.example.shop", "account": ACCOUNT,
         "time": "2024-01-01T00:00:00Z", "region": "us-east-1", "resources": ["arn:aws:s3:::b"], "detail": premium}
equal("a target without an input", take_json(urls["whole"]), whole)
equal("a target with a path", take_json(urls["part"]), premium)
equal("a target with a template", take_json(urls["text"]), "Order A-1 is premium, says premium")
equal("a target with a constant", take_json(urls["constant"]), {"always": "this"})
dead = take(sqs, urls["dead"])[0]
equal("a dead letter is the event", json.loads(dead["Body"]), whole)
attributes = {name: value["StringValue"] for name, value in dead.get("MessageAttributes", {}).items()}
equal("a dead letter says of what", (attributes.get("RULE_ARN"), attributes.get("TARGET_ARN")), (rule_arn, QUEUE + f"gone-{RUN}"))
equal("a dead letter says why", attributes.get("ERROR_CODE"), "NO_RESOURCE")
refuses("PutEvents of nothing", lambda: events.put_events(Entries=[]), "ValidationException", "'entries' failed to satisfy constraint")
refuses("PutEvents of eleven", lambda: events.put_events(Entries=[entry("{}")] * 11), "ValidationException",
        "'entries' failed to satisfy constraint: Member must have length less than or equal to 10")
refuses("PutEvents of more than 1 MB", lambda: events.put_events(Entries=[entry({"text": "x" * 600_000})] * 2), "ValidationException",
        "Total size of the entries in the request is over the limit.")
told = aws("events", "put-events", "--entries", json.dumps([entry({**premium, "orderId": "A-2"}, EventBusName=bus)]))
equal("aws events put-events", told["FailedEntryCount"] if isinstance(told, dict) else told, 0)
equal("what aws-cli put arrives", take_json(urls["part"])["orderId"], "A-2")
told = aws("events", "list-rules", "--event-bus-name", bus)
equal("aws events list-rules", [one["Name"] for one in told["Rules"]] if isinstance(told, dict) else told, ["premium"])

# ── A bus as a target ───────────────────────────────────────────────────────────────────────
events.put_rule(Name=f"from-{RUN}", EventPattern=json.dumps({"detail": {"run": [RUN]}}))
events.put_targets(Rule=f"from-{RUN}", Targets=[{"Id": "bus", "Arn": bus_arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}])
equal("a target's role is told again", events.list_targets_by_rule(Rule=f"from-{RUN}")["Targets"][0].get("RoleArn"), f"arn:aws:iam::{ACCOUNT}:role/r")
told = events.put_events(Entries=[entry({"run": RUN, "tier": "premium", "orderId": "A-3"})])
seen = [json.loads(message["Body"]) for message in take(sqs, urls["whole"], 2)]
contains("an event of the default bus arrives from the other", [one["id"] for one in seen], told["Entries"][0]["EventId"])
equal("RemoveTargets", plain(events.remove_targets(Rule=f"from-{RUN}", Ids=["bus"])), {"FailedEntryCount": 0, "FailedEntries": []})
events.delete_rule(Name=f"from-{RUN}")

# ── Archive and replay ──────────────────────────────────────────────────────────────────────
told = soon("the archive has what its bus took", lambda: events.describe_archive(ArchiveName=archive), lambda seen: seen["EventCount"] == 4)
equal("DescribeArchive", {name: told.get(name) for name in ("ArchiveArn", "EventSourceArn", "Description", "State", "RetentionDays")},
      {"ArchiveArn": archive_arn, "EventSourceArn": bus_arn, "Description": "kept", "State": "ENABLED", "RetentionDays": 1})
equal("ListArchives by the bus", [one["ArchiveName"] for one in events.list_archives(EventSourceArn=bus_arn)["Archives"]], [archive])
equal("ListArchives by the state", events.list_archives(State="CREATE_FAILED")["Archives"], [])
refuses("ListArchives by two things", lambda: events.list_archives(State="ENABLED", NamePrefix="a"), "ValidationException", "At most one filter is allowed")
refuses("DescribeArchive of none", lambda: events.describe_archive(ArchiveName="none"), "ResourceNotFoundException",
        "Archive none does not exist.", kind="ResourceNotFoundException")
equal("UpdateArchive", events.update_archive(ArchiveName=archive, RetentionDays=2)["ArchiveArn"], archive_arn)
equal("UpdateArchive keeps the rest", events.describe_archive(ArchiveName=archive).get("Description"), "kept")
now = datetime.datetime.now(datetime.timezone.utc)
hour = datetime.timedelta(hours=1)
for name in ("part", "text", "constant", "dead"):
    sqs.purge_queue(QueueUrl=urls[name])


def start(name, **other):
    return events.start_replay(**{"ReplayName": name, "EventSourceArn": archive_arn, "EventStartTime": now - hour,
                                  "EventEndTime": now + hour, "Destination": {"Arn": bus_arn, "FilterArns": [rule_arn]}, **other})


replay = f"again-{RUN}"
told = start(replay, Description="again")
equal("StartReplay", (told["ReplayArn"], told["State"] in ("STARTING", "RUNNING", "COMPLETED")), (f"{ARN}replay/{replay}", True))
brought = [json.loads(message["Body"]) for message in take(sqs, urls["whole"], 3)]
equal("replayed events say so", {one.get("replay-name") for one in brought}, {replay})
contains("replayed events keep their ids", [one["id"] for one in brought], event_id)
told = soon("the replay ends", lambda: events.describe_replay(ReplayName=replay), lambda seen: seen["State"] == "COMPLETED")
equal("DescribeReplay", {name: told.get(name) for name in ("ReplayArn", "EventSourceArn", "Description", "Destination")},
      {"ReplayArn": f"{ARN}replay/{replay}", "EventSourceArn": archive_arn, "Description": "again",
       "Destination": {"Arn": bus_arn, "FilterArns": [rule_arn]}})
equal("ListReplays by the archive", [one["ReplayName"] for one in events.list_replays(EventSourceArn=archive_arn)["Replays"]], [replay])
equal("replayed events are not archived again", events.describe_archive(ArchiveName=archive)["EventCount"], 4)
refuses("StartReplay again", lambda: start(replay), "ResourceAlreadyExistsException", f"Replay {replay} already exists.",
        kind="ResourceAlreadyExistsException")
refuses("StartReplay of no archive", lambda: start("x", EventSourceArn=f"{ARN}archive/none"), "ValidationException",
        "Parameter EventSourceArn is not valid. Reason: Archive none does not exist.")
refuses("StartReplay backwards", lambda: start("x", EventStartTime=now, EventEndTime=now - hour), "ValidationException",
        "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.")
refuses("StartReplay to no bus", lambda: start("x", Destination={"Arn": f"{ARN}event-bus/none"}), "ResourceNotFoundException",
        "Event bus none does not exist.", kind="ResourceNotFoundException")
refuses("StartReplay to another bus", lambda: start("x", Destination={"Arn": f"{ARN}event-bus/default"}), "ValidationException",
        "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.")
refuses("DescribeReplay of none", lambda: events.describe_replay(ReplayName="none"), "ResourceNotFoundException",
        "Replay none does not exist.", kind="ResourceNotFoundException")
refuses("CancelReplay when it is over", lambda: events.cancel_replay(ReplayName=replay), "IllegalStatusException",
        f"Replay {replay} is not in a valid state for this operation.", kind="IllegalStatusException")

# ── Away with it ────────────────────────────────────────────────────────────────────────────
events.delete_archive(ArchiveName=archive)
refuses("DeleteArchive of none", lambda: events.delete_archive(ArchiveName=archive), "ResourceNotFoundException",
        f"Archive {archive} does not exist.", kind="ResourceNotFoundException")
events.remove_targets(Rule="premium", EventBusName=bus, Ids=[target["Id"] for target in TARGETS])
equal("RemoveTargets of all", events.list_targets_by_rule(Rule="premium", EventBusName=bus)["Targets"], [])
events.delete_rule(Name="premium", EventBusName=bus)
events.delete_event_bus(Name=bus)
equal("DeleteEventBus", events.list_event_buses(NamePrefix=bus)["EventBuses"], [])
events.delete_event_bus(Name=bus)
said("DeleteEventBus of none is no fault", True, None, None)
for url in urls.values():
    sqs.delete_queue(QueueUrl=url)

# ── Pipes: those of the stack ───────────────────────────────────────────────────────────────
listed = pipes.list_pipes()["Pipes"]
said("ListPipes", len(listed) > 0, "some", listed)
for one in listed[:1]:
    told = pipes.describe_pipe(Name=one["Name"])
    equal("DescribePipe", (told["Arn"], told["CurrentState"]), (f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/{one['Name']}", "RUNNING"))
    contains("DescribePipe tells its source", told["Source"], f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/")
    contains("DescribePipe tells its target", told["Target"], f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:")
    equal("StopPipe", pipes.stop_pipe(Name=one["Name"])["DesiredState"], "STOPPED")
    soon("the pipe stops", lambda: pipes.describe_pipe(Name=one["Name"])["CurrentState"], lambda seen: seen == "STOPPED")
    equal("StartPipe", pipes.start_pipe(Name=one["Name"])["DesiredState"], "RUNNING")
    soon("the pipe runs", lambda: pipes.describe_pipe(Name=one["Name"])["CurrentState"], lambda seen: seen == "RUNNING")
    equal("ListPipes by a target", [pipe["Name"] for pipe in pipes.list_pipes(TargetPrefix=told["Target"])["Pipes"]], [one["Name"]])
refuses("DescribePipe of none", lambda: pipes.describe_pipe(Name="none"), "NotFoundException", "", status=404, kind="NotFoundException")
