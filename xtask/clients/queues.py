"""Decides that queues answer boto3 as SQS does: a dead letter is made, found, received, hidden, and deleted."""

import hashlib
import json
import os
import subprocess

import boto3
from botocore.config import Config
from check import contains, equal, refuses, said, soon, within

config = Config(parameter_validation=False, retries={"max_attempts": 0})
sqs = boto3.client("sqs", config=config)
dynamodb = boto3.client("dynamodb", config=config)
NAME = "StandardOrdersDLQ"
BASE = os.environ["AWS_ENDPOINT_URL"]
PIPE = "arn:aws:pipes:us-east-1:000000000000:pipe/premium-standard-orders"
GONE = "AWS.SimpleQueueService.NonExistentQueue"

url = sqs.get_queue_url(QueueName=NAME)["QueueUrl"]
equal("GetQueueUrl", url, f"{BASE}/000000000000/{NAME}")
equal("GetQueueUrl in our account", sqs.get_queue_url(QueueName=NAME, QueueOwnerAWSAccountId="000000000000")["QueueUrl"], url)
refuses("GetQueueUrl of none", lambda: sqs.get_queue_url(QueueName="None"), GONE, "The specified queue does not exist.",
        kind="QueueDoesNotExist")
listed = sqs.list_queues()["QueueUrls"]
equal("ListQueues", listed, [f"{BASE}/000000000000/PremiumOrdersDLQ", url])
equal("ListQueues by a prefix", sqs.list_queues(QueueNamePrefix="Standard")["QueueUrls"], [url])
equal("ListQueues that finds none", sqs.list_queues(QueueNamePrefix="X").get("QueueUrls"), None)
pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1})
equal("ListQueues by boto3's own paginator", [one for page in pages for one in page["QueueUrls"]], listed)
equal("an empty queue gives nothing", "Messages" in sqs.receive_message(QueueUrl=url), False)


def attributes(*names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"]).get("Attributes", {})


told = attributes()
expected = {
    "QueueArn": f"arn:aws:sqs:us-east-1:000000000000:{NAME}",
    "MessageRetentionPeriod": "1209600",
    "VisibilityTimeout": "30",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
}
equal("GetQueueAttributes", {name: told.get(name) for name in expected}, expected)
equal("GetQueueAttributes by name", attributes("QueueArn"), {"QueueArn": expected["QueueArn"]})
refuses("an attribute that no queue has", lambda: attributes("Colour"), "InvalidAttributeName", "Unknown Attribute Colour.",
        kind="InvalidAttributeName")

# The drill fails this order, so the standard pipe tries it and gives it up.
dynamodb.put_item(TableName="NewOrders", Item={
    "orderId": {"S": "ORD-POISON"}, "status": {"S": "pending"}, "amount": {"N": "500"},
    "customerEmail": {"S": "somebody@example.com"}})
soon("a dead letter arrives", lambda: attributes("ApproximateNumberOfMessages")["ApproximateNumberOfMessages"],
     lambda seen: seen == "1", 30)
[message] = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"], MaxNumberOfMessages=10)["Messages"]
body = json.loads(message["Body"])
equal("ReceiveMessage: the digest of the body", message["MD5OfBody"], hashlib.md5(message["Body"].encode()).hexdigest())
equal("ReceiveMessage: received once", message["Attributes"]["ApproximateReceiveCount"], "1")
equal("ReceiveMessage: who and when", sorted(message["Attributes"]),
      ["ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "SenderId", "SentTimestamp"])
equal("a dead letter's members", list(body), ["context", "version", "timestamp", "DDBStreamBatchInfo"])
equal("a dead letter's context", body["context"], {"partnerResourceArn": PIPE, "condition": "RetryAttemptsExhausted"})
batch = body["DDBStreamBatchInfo"]
equal("a dead letter's batch", sorted(batch), sorted([
    "shardId", "startSequenceNumber", "endSequenceNumber", "approximateArrivalOfFirstRecord",
    "approximateArrivalOfLastRecord", "batchSize", "streamArn"]))
equal("of one record", (batch["batchSize"], batch["startSequenceNumber"]), (1, batch["endSequenceNumber"]))
stream = dynamodb.describe_table(TableName="NewOrders")["Table"]["LatestStreamArn"]
equal("of the table's stream", batch["streamArn"], stream)
equal("a received message is hidden", "Messages" in sqs.receive_message(QueueUrl=url), False)
counts = attributes("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
equal("and counted as such", sorted(counts.values()), ["0", "1"])
done = subprocess.run([os.environ["ORDERFLOW"], "--data-dir", os.environ["ORDERFLOW_DATA"], "dlq", "show", NAME, "--json"],
                      capture_output=True, text=True, timeout=60)
equal("orderflow dlq show ends with 0", done.returncode, 0)
[letter] = json.loads(done.stdout)["messages"]
equal("orderflow dlq show: the attempts", letter["letter"]["dead"]["attempts"], 4)
contains("orderflow dlq show: the error", letter["letter"]["dead"]["error"], "ORD-POISON")
equal("orderflow dlq show: the record", [r["dynamodb"]["NewImage"]["orderId"]["S"] for r in letter["records"]], ["ORD-POISON"])
equal("orderflow dlq show: AWS's message", json.loads(letter["body"]), body)

refuses("a receipt that is none", lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="nonsense"),
        "ReceiptHandleIsInvalid", 'The input receipt handle "nonsense" is not a valid receipt handle.', kind="ReceiptHandleIsInvalid")
sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
counts = attributes("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
equal("DeleteMessage: the queue is empty", sorted(counts.values()), ["0", "0"])
sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
said("DeleteMessage a second time is fine", True, None, None)

# A message that is not deleted comes back, with one more receive.
dynamodb.put_item(TableName="NewOrders", Item={
    "orderId": {"S": "ORD-POISON"}, "status": {"S": "shipped"}, "amount": {"N": "500"},
    "customerEmail": {"S": "somebody@example.com"}})
[first] = soon("a long poll waits for a message",
               lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, VisibilityTimeout=1).get("Messages", []),
               lambda seen: len(seen) == 1, 30)
done = subprocess.run(
    [os.path.join(os.environ["CLIENTS_BIN"], "aws"), "sqs", "receive-message", "--queue-url", url, "--endpoint-url", BASE,
     "--wait-time-seconds", "10", "--visibility-timeout", "0"], capture_output=True, text=True, timeout=60)
equal("aws sqs receive-message ends with 0", (done.returncode, done.stderr), (0, ""))
shown = json.loads(done.stdout)["Messages"]
equal("aws sqs receive-message shows the message", [one["MessageId"] for one in shown], [first["MessageId"]])
equal("aws sqs receive-message shows AWS's shape", list(json.loads(shown[0]["Body"])), list(body))
[second] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, AttributeNames=["ApproximateReceiveCount"]).get("Messages", [])
equal("a message comes back after its time", second["MessageId"], first["MessageId"])
equal("received three times", second["Attributes"], {"ApproximateReceiveCount": "3"})
said("under a new receipt", second["ReceiptHandle"] != first["ReceiptHandle"], "another handle", second["ReceiptHandle"])
sqs.delete_message(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"])
within("the queue is empty", int(attributes("ApproximateNumberOfMessages")["ApproximateNumberOfMessages"]), 0, 0)

missing = f"{BASE}/000000000000/None"
refuses("ReceiveMessage of none", lambda: sqs.receive_message(QueueUrl=missing), GONE, "The specified queue does not exist.",
        kind="QueueDoesNotExist")
refuses("GetQueueAttributes of none", lambda: sqs.get_queue_attributes(QueueUrl=missing, AttributeNames=["All"]), GONE,
        "The specified queue does not exist.", kind="QueueDoesNotExist")
refuses("11 messages at once", lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11), "InvalidParameterValue",
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.")
refuses("21 seconds of waiting", lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21), "InvalidParameterValue",
        "Value 21 for parameter WaitTimeSeconds is invalid.")
