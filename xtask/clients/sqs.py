"""Decides that queues answer boto3 as AWS's documentation says that SQS does: every operation, standard and FIFO.

Digests are computed here, by Python's hashlib and the recipe in AWS's guide for attributes; that recipe is first tried
on the example that AWS prints.
"""

import hashlib
import json
import os
import struct
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

import boto3
from botocore.config import Config
from check import contains, equal, refuses, said, soon, within

config = Config(parameter_validation=False, retries={"max_attempts": 0}, read_timeout=60)
sqs = boto3.client("sqs", config=config)
BASE = os.environ["AWS_ENDPOINT_URL"]
GONE = "AWS.SimpleQueueService.NonExistentQueue"
ARN = "arn:aws:sqs:us-east-1:000000000000:"
RUN = str(os.getpid())


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def md5_of_attributes(attributes):
    """As "Calculating the MD5 message digest for message attributes" in the developer guide has it."""
    out = b""
    for name in sorted(attributes):
        attribute = attributes[name]
        kind = attribute["DataType"]
        binary = kind.split(".")[0] == "Binary"
        value = attribute["BinaryValue"] if binary else attribute["StringValue"].encode()
        for part in (name.encode(), kind.encode()):
            out += struct.pack(">I", len(part)) + part
        out += (b"\x02" if binary else b"\x01") + struct.pack(">I", len(value)) + value
    return hashlib.md5(out).hexdigest()


def text(value, kind="String"):
    return {"DataType": kind, "StringValue": value}


# The example of SendMessage in AWS's API reference.
example = {f"my_attribute_name_{n}": text(f"my_attribute_value_{n}") for n in (1, 2)}
equal("the digest of AWS's own example: its body", md5("This is a test message"), "fafb00f5732ab283681e124bf8747ed1")


def attributes(url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"]).get("Attributes", {})


def receive(url, **how):
    how = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"], **how}
    return sqs.receive_message(QueueUrl=url, **how).get("Messages", [])


def counts(url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    told = attributes(url, *names)
    return tuple(int(told[name]) for name in names)


def delete_all(url):
    """Receives and deletes what there is; answers the bodies."""
    bodies = []
    while messages := receive(url):
        bodies += [message["Body"] for message in messages]
        entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return bodies


# ── Queues ──────────────────────────────────────────────────────────────────────────────────
name = f"standard-{RUN}"
url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "45", "DelaySeconds": "0"}, tags={"team": "shop"})["QueueUrl"]
equal("CreateQueue", url, f"{BASE}/000000000000/{name}")
equal("CreateQueue of the same again", sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "45"})["QueueUrl"], url)
equal("CreateQueue without attributes finds it too", sqs.create_queue(QueueName=name)["QueueUrl"], url)
refuses("CreateQueue of another under its name", lambda: sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "46"}),
        "QueueAlreadyExists", "", kind="QueueNameExists")
for wrong in ("", "a b", "ä", "x" * 81, "name.with.dots", "only.fifo.at.its.end.fifo2"):
    refuses(f"CreateQueue of {wrong[:20]!r}", lambda: sqs.create_queue(QueueName=wrong), "InvalidParameterValue", "")
for attribute, value in (("VisibilityTimeout", "43201"), ("DelaySeconds", "901"), ("MessageRetentionPeriod", "59"),
                         ("ReceiveMessageWaitTimeSeconds", "21"), ("MaximumMessageSize", "1023"), ("VisibilityTimeout", "soon")):
    refuses(f"CreateQueue with {attribute} {value}", lambda: sqs.create_queue(QueueName=f"x-{RUN}", Attributes={attribute: value}),
            "InvalidAttributeValue", "", kind="InvalidAttributeValue")
refuses("CreateQueue with an attribute that there is not", lambda: sqs.create_queue(QueueName=f"x-{RUN}", Attributes={"Colour": "red"}),
        "InvalidAttributeName", "", kind="InvalidAttributeName")
refuses("what was refused is not there", lambda: sqs.get_queue_url(QueueName=f"x-{RUN}"), GONE, "", kind="QueueDoesNotExist")
equal("GetQueueUrl", sqs.get_queue_url(QueueName=name)["QueueUrl"], url)
equal("ListQueues by a prefix", sqs.list_queues(QueueNamePrefix=name)["QueueUrls"], [url])
told = attributes(url)
documented = {  # What CreateQueue's reference gives as defaults, but for what was asked for.
    "QueueArn": ARN + name, "VisibilityTimeout": "45", "DelaySeconds": "0", "MessageRetentionPeriod": "345600",
    "MaximumMessageSize": "1048576", "ReceiveMessageWaitTimeSeconds": "0", "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
}
equal("GetQueueAttributes", {name: told.get(name) for name in documented}, documented)
within("CreatedTimestamp", int(told["CreatedTimestamp"]), time.time() - 60, time.time() + 1)
sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30", "MaximumMessageSize": "2048"})
equal("SetQueueAttributes", attributes(url, "VisibilityTimeout", "MaximumMessageSize"),
      {"VisibilityTimeout": "30", "MaximumMessageSize": "2048"})
refuses("a message larger than its queue takes", lambda: sqs.send_message(QueueUrl=url, MessageBody="x" * 2049), "InvalidParameterValue", "2048")
sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1048576"})
refuses("SetQueueAttributes with a wrong value", lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "-1"}),
        "InvalidAttributeValue", "", kind="InvalidAttributeValue")
equal("ListQueueTags", sqs.list_queue_tags(QueueUrl=url)["Tags"], {"team": "shop"})
sqs.tag_queue(QueueUrl=url, Tags={"stage": "test", "team": "front"})
equal("TagQueue", sqs.list_queue_tags(QueueUrl=url)["Tags"], {"team": "front", "stage": "test"})
sqs.untag_queue(QueueUrl=url, TagKeys=["team", "none"])
equal("UntagQueue", sqs.list_queue_tags(QueueUrl=url)["Tags"], {"stage": "test"})
sqs.add_permission(QueueUrl=url, Label="Share", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
policy = json.loads(attributes(url, "Policy")["Policy"])
[statement] = policy["Statement"]
equal("AddPermission", (statement["Sid"], statement["Effect"], statement["Action"], statement["Resource"]),
      ("Share", "Allow", "SQS:SendMessage", ARN + name))
refuses("AddPermission under a label that is taken",
        lambda: sqs.add_permission(QueueUrl=url, Label="Share", AWSAccountIds=["111122223333"], Actions=["*"]), "InvalidParameterValue", "Share")
sqs.remove_permission(QueueUrl=url, Label="Share")
said("RemovePermission", not json.loads(attributes(url).get("Policy", '{"Statement": []}'))["Statement"], "no statement", attributes(url))
refuses("RemovePermission of what is not there", lambda: sqs.remove_permission(QueueUrl=url, Label="Share"), "InvalidParameterValue", "Share")

# ── Messages ────────────────────────────────────────────────────────────────────────────────
given = {
    "name": text("größe 🚀"), "count": text("-12.5", "Number"), "special": text("x", "String.mine"),
    "bytes": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
}
trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
body = "line one\nline two\t<&>\"' ünïcödé 日本 🚀"
sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=given,
                        MessageSystemAttributes={"AWSTraceHeader": text(trace)})
equal("SendMessage: the digest of the body", sent["MD5OfMessageBody"], md5(body))
equal("SendMessage: the digest of the attributes", sent["MD5OfMessageAttributes"], md5_of_attributes(given))
equal("SendMessage: the digest of the system's attributes", sent["MD5OfMessageSystemAttributes"],
      md5_of_attributes({"AWSTraceHeader": text(trace)}))
[got] = receive(url)
equal("ReceiveMessage: the body", (got["MessageId"], got["Body"], got["MD5OfBody"]), (sent["MessageId"], body, md5(body)))
equal("ReceiveMessage: the attributes", got["MessageAttributes"], given)
equal("ReceiveMessage: their digest", got["MD5OfMessageAttributes"], md5_of_attributes(given))
equal("ReceiveMessage: received once, with its trace", (got["Attributes"]["ApproximateReceiveCount"], got["Attributes"]["AWSTraceHeader"]), ("1", trace))
within("ReceiveMessage: sent now", int(got["Attributes"]["SentTimestamp"]), time.time() * 1000 - 60_000, time.time() * 1000 + 1_000)
equal("a received message is not received again", receive(url), [])
equal("it is counted as in flight", counts(url), (0, 1, 0))
sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
some = receive(url, MessageAttributeNames=["b.*", "count"], MessageSystemAttributeNames=["SentTimestamp"])
[again] = some
equal("ChangeMessageVisibility to 0 gives it back", again["MessageId"], sent["MessageId"])
equal("only the attributes that are asked for", (sorted(again["MessageAttributes"]), sorted(again["Attributes"])), (sorted(name for name in given if name.startswith("b") or name == "count"), ["SentTimestamp"]))
equal("and the digest is of those", again["MD5OfMessageAttributes"], md5_of_attributes({name: given[name] for name in given if name.startswith("b") or name == "count"}))
sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
equal("DeleteMessage", counts(url), (0, 0, 0))
sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
said("DeleteMessage a second time is fine", True, None, None)
refuses("ChangeMessageVisibility of what is deleted",
        lambda: sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=1), "InvalidParameterValue", "")
refuses("a receipt handle that is none", lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="nonsense"), "ReceiptHandleIsInvalid", "",
        kind="ReceiptHandleIsInvalid")
for what, how in {
    "no body": {"MessageBody": ""}, "a body of a byte too many": {"MessageBody": "x" * 1_048_577},
    "too long a delay": {"MessageBody": "x", "DelaySeconds": 901},
    "a deduplication id on a standard queue": {"MessageBody": "x", "MessageDeduplicationId": "1"},
    "an attribute without a value": {"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
    "an attribute of a strange type": {"MessageBody": "x", "MessageAttributes": {"a": text("x", "Colour")}},
    "a number that is none": {"MessageBody": "x", "MessageAttributes": {"a": text("ten", "Number")}},
    "eleven attributes": {"MessageBody": "x", "MessageAttributes": {f"a{n}": text("x") for n in range(11)}},
}.items():
    code = "MissingParameter" if what == "no body" else "InvalidParameterValue"
    refuses(f"SendMessage: {what}", lambda: sqs.send_message(QueueUrl=url, **how), code, "")
refuses("SendMessage: a character that XML has not", lambda: sqs.send_message(QueueUrl=url, MessageBody="a\u0001b"), "InvalidMessageContents", "",
        kind="InvalidMessageContents")
large = sqs.send_message(QueueUrl=url, MessageBody="x" * 1_048_576)
equal("SendMessage of a whole MiB", receive(url)[0]["MD5OfBody"], large["MD5OfMessageBody"])
for what, how in {"11 messages": {"MaxNumberOfMessages": 11}, "0 messages": {"MaxNumberOfMessages": 0},
                  "21 seconds": {"WaitTimeSeconds": 21}, "13 hours": {"VisibilityTimeout": 43_201}}.items():
    refuses(f"ReceiveMessage: {what}", lambda: sqs.receive_message(QueueUrl=url, **how), "InvalidParameterValue", "")

# ── What AWS was recorded to do ─────────────────────────────────────────────────────────────
# (As recorded from AWS, from April 2024 to December 2025.)
odd = sqs.create_queue(QueueName=f"odd-{RUN}", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
equal("a queue is encrypted by default", attributes(odd, "SqsManagedSseEnabled"), {"SqsManagedSseEnabled": "true"})
sqs.set_queue_attributes(QueueUrl=odd, Attributes={"KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000"})
equal("with one key at a time", attributes(odd, "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"),
      {"KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000", "SqsManagedSseEnabled": "false"})
equal("a queue is found by its name alone", sqs.send_message(QueueUrl=f"odd-{RUN}", MessageBody="Using name instead of URL")["MD5OfMessageBody"],
      "86a83f96652a1bfad3891e7d523750cb")
[seen] = receive(odd)
sqs.change_message_visibility(QueueUrl=odd, ReceiptHandle=seen["ReceiptHandle"], VisibilityTimeout=600)
equal("a message that is seen again is hidden by the receipt of before", receive(odd), [])
sqs.change_message_visibility(QueueUrl=odd, ReceiptHandle=seen["ReceiptHandle"], VisibilityTimeout=0)
[again] = receive(odd, VisibilityTimeout=600)
sqs.change_message_visibility(QueueUrl=odd, ReceiptHandle=seen["ReceiptHandle"], VisibilityTimeout=0)
equal("and shown by it, though it was received since", len(receive(odd)), 1)
sqs.delete_message(QueueUrl=odd, ReceiptHandle=again["ReceiptHandle"])
sqs.send_message(QueueUrl=odd, MessageBody="msg", MessageAttributes={"Hello": text("There"), "Help.Me": text("Me")})
equal("an asterisk asks for all attributes", sorted(receive(odd, MessageAttributeNames=["*"])[0].get("MessageAttributes", {})), ["Hello", "Help.Me"])
refuses("RemovePermission where there is no policy", lambda: sqs.remove_permission(QueueUrl=odd, Label="none"), "InvalidParameterValue",
        "Value none for parameter Label is invalid. Reason: can't find label.")
own = json.dumps({"deadLetterTargetArn": f"{ARN}odd-{RUN}", "maxReceiveCount": "42"})
sqs.set_queue_attributes(QueueUrl=odd, Attributes={"RedrivePolicy": own})
contains("a queue may be its own dead-letter queue", attributes(odd, "RedrivePolicy")["RedrivePolicy"], f"{ARN}odd-{RUN}")
sqs.set_queue_attributes(QueueUrl=odd, Attributes={"RedrivePolicy": "", "MaximumMessageSize": "1024"})
answer = sqs.send_message_batch(QueueUrl=odd, Entries=[{"Id": "short", "MessageBody": "a" * 1024}, {"Id": "long", "MessageBody": "a" * 1025}])
equal("an entry that is too long", answer["Failed"], [{"Id": "long", "SenderFault": True, "Code": "InvalidParameterValue",
      "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."}])


def traced(request, **_):
    request.headers["X-Amzn-Trace-Id"] = trace


sqs.meta.events.register("before-send.sqs.SendMessage", traced)
sqs.send_message(QueueUrl=odd, MessageBody="traced")
sqs.meta.events.unregister("before-send.sqs.SendMessage", traced)
equal("a message belongs to the trace of its request", [one["Attributes"].get("AWSTraceHeader") for one in receive(odd) if one["Body"] == "traced"], [trace])
sqs.delete_queue(QueueUrl=odd)

# ── Batches ─────────────────────────────────────────────────────────────────────────────────
sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "600"})
entries = [{"Id": f"m{n}", "MessageBody": f"body {n}", "MessageAttributes": {"n": text(str(n), "Number")}} for n in range(9)]
entries.append({"Id": "late", "MessageBody": "x", "DelaySeconds": 1_000})
answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
equal("SendMessageBatch: what was sent", [(one["Id"], one["MD5OfMessageBody"], one["MD5OfMessageAttributes"]) for one in answer["Successful"]],
      [(f"m{n}", md5(f"body {n}"), md5_of_attributes({"n": text(str(n), "Number")})) for n in range(9)])
equal("SendMessageBatch: what was not", [(one["Id"], one["SenderFault"], one["Code"]) for one in answer["Failed"]], [("late", True, "InvalidParameterValue")])
got = []
while len(got) < 9 and (more := receive(url)):
    got += more
equal("all of them are received", sorted(one["Body"] for one in got), sorted(f"body {n}" for n in range(9)))
handles = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": 0} for n, one in enumerate(got[:3])]
answer = sqs.change_message_visibility_batch(QueueUrl=url, Entries=handles + [{"Id": "bad", "ReceiptHandle": "nonsense", "VisibilityTimeout": 0}])
equal("ChangeMessageVisibilityBatch", ([one["Id"] for one in answer["Successful"]], [one["Code"] for one in answer["Failed"]]),
      (["0", "1", "2"], ["ReceiptHandleIsInvalid"]))
equal("three are visible again", counts(url), (3, 7, 0))
got = {one["MessageId"]: one for one in got}
got.update({one["MessageId"]: one for one in receive(url)})
answer = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(got.values())])
equal("DeleteMessageBatch", len(answer["Successful"]), 9)
for what, entries, code in (
    ("none", [], "EmptyBatchRequest"),
    ("eleven", [{"Id": str(n), "MessageBody": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
    ("two of one id", [{"Id": "a", "MessageBody": "x"}] * 2, "BatchEntryIdsNotDistinct"),
    ("an id with a blank", [{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
    ("more than a MiB together", [{"Id": str(n), "MessageBody": "x" * 600_000} for n in range(2)], "BatchRequestTooLong"),
):
    refuses(f"SendMessageBatch of {what}", lambda: sqs.send_message_batch(QueueUrl=url, Entries=entries),
            f"AWS.SimpleQueueService.{code}", "", kind=code)
equal("what was refused was not sent", counts(url)[0], 0)

# ── Time ────────────────────────────────────────────────────────────────────────────────────
quick = sqs.create_queue(QueueName=f"quick-{RUN}", Attributes={"VisibilityTimeout": "1", "DelaySeconds": "1"})["QueueUrl"]
began = time.monotonic()
sqs.send_message(QueueUrl=quick, MessageBody="delayed by its queue")
equal("a delayed message waits", (receive(quick), counts(quick)), ([], (0, 0, 1)))
[first] = receive(quick, WaitTimeSeconds=10)
within("a long poll ends when the delay does", time.monotonic() - began, 0.9, 5)
[second] = receive(quick, WaitTimeSeconds=10)
within("and when a message becomes visible again", time.monotonic() - began, 1.8, 8)
equal("which is the same, received twice", (second["MessageId"], second["Attributes"]["ApproximateReceiveCount"]), (first["MessageId"], "2"))
equal("it was first received when it was", second["Attributes"]["ApproximateFirstReceiveTimestamp"], first["Attributes"]["ApproximateFirstReceiveTimestamp"])
said("under another receipt", second["ReceiptHandle"] != first["ReceiptHandle"], "another", second["ReceiptHandle"])
sqs.delete_message(QueueUrl=quick, ReceiptHandle=second["ReceiptHandle"])
began = time.monotonic()
equal("a long poll of an empty queue ends with nothing", receive(quick, WaitTimeSeconds=1), [])
within("after its time", time.monotonic() - began, 0.9, 5)
sender = threading.Timer(0.5, lambda: sqs.send_message(QueueUrl=quick, MessageBody="woken", DelaySeconds=0))
began = time.monotonic()
sender.start()
[woken] = receive(quick, WaitTimeSeconds=20)
within("a message wakes who waits for it", time.monotonic() - began, 0.4, 5)
sender.join()
for n in range(5):
    sqs.send_message(QueueUrl=quick, MessageBody=str(n), DelaySeconds=0)
sqs.purge_queue(QueueUrl=quick)
soon("PurgeQueue", lambda: counts(quick), lambda seen: seen == (0, 0, 0), 60)
refuses("PurgeQueue twice within a minute", lambda: sqs.purge_queue(QueueUrl=quick), "AWS.SimpleQueueService.PurgeQueueInProgress", "",
        kind="PurgeQueueInProgress", status=403)

# ── Dead letters and their way back ─────────────────────────────────────────────────────────
dead = sqs.create_queue(QueueName=f"dead-{RUN}")["QueueUrl"]
redrive = json.dumps({"deadLetterTargetArn": f"{ARN}dead-{RUN}", "maxReceiveCount": 2})
work = sqs.create_queue(QueueName=f"work-{RUN}", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
equal("RedrivePolicy", json.loads(attributes(work)["RedrivePolicy"]), json.loads(redrive))
equal("ListDeadLetterSourceQueues", sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"], [work])
refuses("a redrive policy to nowhere",
        lambda: sqs.set_queue_attributes(QueueUrl=work, Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{ARN}none", "maxReceiveCount": 2})}),
        "InvalidParameterValue", "")
letters = [sqs.send_message(QueueUrl=work, MessageBody=f"letter {n}", MessageAttributes=example)["MessageId"] for n in range(20)]
for time_received in (1, 2):
    seen = []
    while more := receive(work, VisibilityTimeout=60):
        seen += more
    equal(f"all are received, time {time_received}", sorted(one["MessageId"] for one in seen), sorted(letters))
    for one in seen:
        sqs.change_message_visibility(QueueUrl=work, ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=0)
equal("a third time they are not", receive(work), [])
soon("they are dead letters", lambda: (counts(work), counts(dead)), lambda seen: seen == ((0, 0, 0), (20, 0, 0)), 20)
[letter] = receive(dead, MaxNumberOfMessages=1, VisibilityTimeout=0)
equal("a dead letter keeps its id, body and attributes", (letter["MessageId"] in letters, letter["MD5OfBody"], letter["MD5OfMessageAttributes"]),
      (True, md5(letter["Body"]), md5_of_attributes(example)))
equal("its receives go on from where they were", letter["Attributes"]["ApproximateReceiveCount"], "3")
equal("and says whence it came", letter["Attributes"]["DeadLetterQueueSourceArn"], f"{ARN}work-{RUN}")
refuses("StartMessageMoveTask from what is no dead-letter queue", lambda: sqs.start_message_move_task(SourceArn=f"{ARN}{name}"), "InvalidParameterValue", "")
refuses("StartMessageMoveTask from nowhere", lambda: sqs.start_message_move_task(SourceArn=f"{ARN}none"), "ResourceNotFoundException", "",
        kind="ResourceNotFoundException", status=404)
task = sqs.start_message_move_task(SourceArn=f"{ARN}dead-{RUN}", MaxNumberOfMessagesPerSecond=2)["TaskHandle"]
refuses("a second task of one queue", lambda: sqs.start_message_move_task(SourceArn=f"{ARN}dead-{RUN}"), "InvalidParameterValue",
        "There is already a task running.")
moved = soon("a few are moved", lambda: counts(work)[0], lambda seen: 1 <= seen < 20, 30)
cancelled = sqs.cancel_message_move_task(TaskHandle=task)
within("CancelMessageMoveTask: how many went", cancelled["ApproximateNumberOfMessagesMoved"], moved, 19)
status = soon("ListMessageMoveTasks: cancelled", lambda: sqs.list_message_move_tasks(SourceArn=f"{ARN}dead-{RUN}")["Results"][0],
              lambda seen: seen["Status"] == "CANCELLED", 30)
within("ListMessageMoveTasks: of how many", status["ApproximateNumberOfMessagesToMove"], 20, 20)
there = counts(work)[0]
equal("none is lost on the way", there + counts(dead)[0], 20)
sqs.start_message_move_task(SourceArn=f"{ARN}dead-{RUN}", DestinationArn=ARN + name)
soon("StartMessageMoveTask to another queue, without a bound", lambda: (counts(dead)[0], counts(url)[0]), lambda seen: seen == (0, 20 - there), 30)
status = soon("ListMessageMoveTasks: completed", lambda: sqs.list_message_move_tasks(SourceArn=f"{ARN}dead-{RUN}", MaxResults=10)["Results"],
              lambda seen: seen[0]["Status"] == "COMPLETED", 30)
equal("the newest first", [one["Status"] for one in status], ["COMPLETED", "CANCELLED"])
equal("where it went", status[0]["DestinationArn"], ARN + name)
equal("each letter is there once", sorted(delete_all(work) + delete_all(url)), sorted(f"letter {n}" for n in range(20)))

# A queue that is its own dead-letter queue: what is received too often goes to its end, and is moved back once.
redrive = json.dumps({"deadLetterTargetArn": f"{ARN}own-{RUN}", "maxReceiveCount": 1})
refuses("a queue is not made as its own dead-letter queue",
        lambda: sqs.create_queue(QueueName=f"own-{RUN}", Attributes={"RedrivePolicy": redrive}), "InvalidParameterValue", "")
own = sqs.create_queue(QueueName=f"own-{RUN}", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
sqs.set_queue_attributes(QueueUrl=own, Attributes={"RedrivePolicy": redrive})
sqs.send_message(QueueUrl=own, MessageBody="round")
for expected in ((1, None), (2, f"{ARN}own-{RUN}"), (3, f"{ARN}own-{RUN}")):
    told = receive(own)[0]["Attributes"]
    equal(f"its message, received {expected[0]} times", (int(told["ApproximateReceiveCount"]), told.get("DeadLetterQueueSourceArn")), expected)
sqs.start_message_move_task(SourceArn=f"{ARN}own-{RUN}")
status = soon("what it moves back to itself comes to an end", lambda: sqs.list_message_move_tasks(SourceArn=f"{ARN}own-{RUN}")["Results"][0],
              lambda seen: seen["Status"] != "RUNNING", 30)
equal("all is moved once", (status["Status"], status["ApproximateNumberOfMessagesMoved"], counts(own)), ("COMPLETED", 1, (1, 0, 0)))
equal("and counts anew", receive(own)[0]["Attributes"]["ApproximateReceiveCount"], "1")
sqs.delete_queue(QueueUrl=own)

# ── FIFO ────────────────────────────────────────────────────────────────────────────────────
refuses("FifoQueue without its ending", lambda: sqs.create_queue(QueueName=f"f-{RUN}", Attributes={"FifoQueue": "true"}), "InvalidParameterValue", "")
refuses("its ending without FifoQueue", lambda: sqs.create_queue(QueueName=f"f-{RUN}.fifo"), "InvalidParameterValue", "")
fifo = sqs.create_queue(QueueName=f"f-{RUN}.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "60"})["QueueUrl"]
told = attributes(fifo)
equal("a FIFO queue's attributes", {n: told.get(n) for n in ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")},
      {"FifoQueue": "true", "ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"})
refuses("a message without a group", lambda: sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageDeduplicationId="1"), "MissingParameter", "MessageGroupId")
refuses("a message that nothing tells from others", lambda: sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g"), "InvalidParameterValue", "")
refuses("a message with a delay of its own", lambda: sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=1),
        "InvalidParameterValue", "")


def put(group, number, **more):
    return sqs.send_message(QueueUrl=fifo, MessageBody=f"{group}{number}", MessageGroupId=group, MessageDeduplicationId=f"{group}-{number}", **more)


sequences = [put(group, number)["SequenceNumber"] for number in range(6) for group in "ab"]
equal("sequence numbers have 20 digits and grow", ([len(one) for one in sequences], sequences == sorted(set(sequences))), ([20] * 12, True))
equal("a message that was sent before is taken, and is the same", put("a", 0)["SequenceNumber"], sequences[0])
equal("and not stored again", counts(fifo)[0], 12)
first = receive(fifo, MaxNumberOfMessages=3)
groups = [one["Attributes"]["MessageGroupId"] for one in first]
held = {group: groups.count(group) for group in set(groups)}
equal("messages come in their groups' order", [one["Body"] for one in sorted(first, key=lambda one: one["Attributes"]["SequenceNumber"])],
      sorted((f"{group}{number}" for group, count in held.items() for number in range(count)), key=lambda body: sequences["ab".index(body[0]) + 2 * int(body[1])]))
equal("they tell their ids and numbers", [one["Attributes"]["MessageDeduplicationId"] for one in first], [f"{one['Body'][0]}-{one['Body'][1:]}" for one in first])
others = receive(fifo)
equal("a group that is being worked on is not received", {one["Attributes"]["MessageGroupId"] for one in others} & set(groups), set())
sqs.change_message_visibility_batch(QueueUrl=fifo, Entries=[{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": 0} for n, one in enumerate(first + others)])
bodies = {"a": [], "b": []}
while messages := receive(fifo):
    for one in messages:
        bodies[one["Attributes"]["MessageGroupId"]].append(one["Body"])
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=one["ReceiptHandle"])
equal("given back, they come again in order", bodies, {group: [f"{group}{number}" for number in range(6)] for group in "ab"})
equal("a message whose first was deleted is still the same", (put("a", 3)["SequenceNumber"], counts(fifo)[0]), (sequences[6], 0))
put("c", 1)
attempt = {"ReceiveRequestAttemptId": f"attempt-{RUN}"}
one, same = receive(fifo, **attempt), receive(fifo, **attempt)
equal("the same attempt receives the same", [m["MessageId"] for m in same], [m["MessageId"] for m in one])
delete_all(fifo)
# What is missing from an entry is missing from the request.
refuses("a batch of which one has no group", lambda: sqs.send_message_batch(QueueUrl=fifo, Entries=[
    {"Id": "1", "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "batch-1"},
    {"Id": "2", "MessageBody": "x", "MessageDeduplicationId": "batch-2"}]), "InvalidParameterValue",
    "The request must contain the parameter MessageGroupId.")
turns = sqs.create_queue(QueueName=f"t-{RUN}.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
for body in ("g1-m1", "g2-m1", "g2-m2", "g3-m1", "g1-m2"):
    sqs.send_message(QueueUrl=turns, MessageBody=body, MessageGroupId=body[:2])
equal("a receive goes group by group", [one["Body"] for one in receive(turns, MaxNumberOfMessages=3, VisibilityTimeout=0)], ["g1-m1", "g1-m2", "g2-m1"])
equal("and groups take turns", [one["Body"] for one in receive(turns, VisibilityTimeout=0)], ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"])
held = {one["Body"]: one["ReceiptHandle"] for one in receive(turns, VisibilityTimeout=3)}
sqs.change_message_visibility(QueueUrl=turns, ReceiptHandle=held["g2-m2"], VisibilityTimeout=600)
soon("what comes before a message in flight is seen again", lambda: sorted(one["Body"] for one in receive(turns, VisibilityTimeout=0)),
     lambda seen: seen == ["g1-m1", "g1-m2", "g2-m1", "g3-m1"], 15)
sqs.delete_queue(QueueUrl=turns)
content = sqs.create_queue(QueueName=f"c-{RUN}.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
numbers = [sqs.send_message(QueueUrl=content, MessageBody=body, MessageGroupId="g")["SequenceNumber"] for body in ("same", "same", "other")]
said("ContentBasedDeduplication", numbers[0] == numbers[1] != numbers[2], "the first two alike", numbers)
[got] = receive(content, MaxNumberOfMessages=1)
equal("the id is the digest of the body", got["Attributes"]["MessageDeduplicationId"], hashlib.sha256(b"same").hexdigest())


# ── The older protocol ──────────────────────────────────────────────────────────────────────
def query(action, **parameters):
    form = urllib.parse.urlencode({"Action": action, "Version": "2012-11-05", **parameters}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{BASE}/", form)) as answer:
            status, text_of = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text_of = error.code, error.read()
    tree = xml.fromstring(text_of)
    return status, {part.tag.split("}")[-1]: part.text for part in tree.iter()}, tree.tag


delete_all(url)
before = counts(url)
status, told, root = query("SendMessage", QueueUrl=url, MessageBody="This is a test message",
                           **{f"MessageAttribute.{n}.{k}": v for n in (1, 2) for k, v in (
                               ("Name", f"my_attribute_name_{n}"), ("Value.StringValue", f"my_attribute_value_{n}"), ("Value.DataType", "String"))})
equal("AWS's own example as a form: the answer", (status, root), (200, "{http://queue.amazonaws.com/doc/2012-11-05/}SendMessageResponse"))
equal("AWS's own example as a form: the digests", (told["MD5OfMessageBody"], told["MD5OfMessageAttributes"]),
      ("fafb00f5732ab283681e124bf8747ed1", md5_of_attributes(example)))
status, told, root = query("ReceiveMessage", **{"QueueUrl": url, "AttributeName.1": "All", "MessageAttributeName.1": "All"})
equal("ReceiveMessage as a form", (status, told["Body"], told["MD5OfMessageAttributes"]), (200, "This is a test message", md5_of_attributes(example)))
status, _, _ = query("DeleteMessage", QueueUrl=url, ReceiptHandle=told["ReceiptHandle"])
equal("DeleteMessage as a form", (status, counts(url)), (200, before))
status, told, root = query("GetQueueUrl", QueueName="None")
equal("a refusal as XML", (status, root.split("}")[-1], told["Code"], told["Type"]), (400, "ErrorResponse", GONE, "Sender"))

# ── The end of queues ───────────────────────────────────────────────────────────────────────
for one in (url, quick, work, dead, fifo, content):
    sqs.delete_queue(QueueUrl=one)
refuses("DeleteQueue: it is gone", lambda: sqs.send_message(QueueUrl=url, MessageBody="x"), GONE, "", kind="QueueDoesNotExist")
equal("and is listed no more", [one for one in sqs.list_queues().get("QueueUrls", []) if RUN in one], [])
contains("the template's queues are still there", " ".join(sqs.list_queues()["QueueUrls"]), "OrderQueue", "OrderQueueDLQ")
