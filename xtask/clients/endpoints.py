"""Decides that connections, API destinations and the calls that rules bring about are as EventBridge's documentation has them.

A small HTTP server here is the endpoint. What is expected stands in AWS's API reference and user guide (API destinations,
connections, dead-letter queues); the signature is that of Standard Webhooks, which is this engine's own.
"""

import base64
import datetime
import hashlib
import hmac
import http.server
import json
import os
import re
import subprocess
import threading

import boto3
from botocore.config import Config
from check import contains, equal, refuses, said, soon

config = Config(parameter_validation=False, retries={"max_attempts": 0}, read_timeout=60)
events = boto3.client("events", config=config)
sqs = boto3.client("sqs", config=config)
RUN = str(os.getpid())
ACCOUNT = "000000000000"
ARN = f"arn:aws:events:us-east-1:{ACCOUNT}:"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:"
KEY, PASSWORD = "a key that only two know", "open sesame, and be quick about it"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Notes what it is asked, and answers with what it is told to."""

    asked = []
    status = 200

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        Endpoint.asked.append((self.command, self.path, dict(self.headers.items()), body))
        self.send_response(Endpoint.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT = do_GET = do_PATCH = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"


def plain(answer):
    """An answer without what boto3 adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def timeless(answer):
    """The same without instants, which are checked to be such."""
    times = [name for name, value in plain(answer).items() if name.endswith("Time")]
    for name in times:
        said(f"{name} is an instant", isinstance(answer[name], datetime.datetime), "a time", answer[name])
    return {name: value for name, value in plain(answer).items() if name not in times}


def header(asked, name):
    return {known.lower(): value for known, value in asked[2].items()}.get(name.lower())


def call(number):
    """Waits for so many calls; the last of them, or nothing."""
    soon(f"call {number} comes", lambda: len(Endpoint.asked), lambda seen: seen >= number)
    return Endpoint.asked[number - 1] if len(Endpoint.asked) >= number else ("", "", {}, "{}")


# ── Connections ─────────────────────────────────────────────────────────────────────────────
name = f"crm-{RUN}"
made = events.create_connection(
    Name=name, Description="who asks", AuthorizationType="API_KEY",
    AuthParameters={
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key", "ApiKeyValue": KEY},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "X-Team", "Value": "shop", "IsValueSecret": False}],
            "QueryStringParameters": [{"Key": "v", "Value": "2", "IsValueSecret": False}, {"Key": "t", "Value": KEY, "IsValueSecret": True}],
            "BodyParameters": [{"Key": "from", "Value": "us", "IsValueSecret": False}],
        },
    })
connection = made["ConnectionArn"]
said("CreateConnection names it", re.fullmatch(f"{ARN}connection/{name}/{UUID}", connection), "name and id", connection)
equal("CreateConnection", timeless(made), {"ConnectionArn": connection, "ConnectionState": "AUTHORIZED"})
refuses("CreateConnection again", lambda: events.create_connection(
    Name=name, AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X", "ApiKeyValue": KEY}}),
    "ResourceAlreadyExistsException", f"Connection {name} already exists.", kind="ResourceAlreadyExistsException")
told = events.describe_connection(Name=name)
secret_arn = told.get("SecretArn", "")
contains("DescribeConnection says where AWS would keep the secret", secret_arn, f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:events!connection/{name}/")
equal("DescribeConnection", timeless(told), {
    "ConnectionArn": connection, "Name": name, "Description": "who asks", "ConnectionState": "AUTHORIZED",
    "AuthorizationType": "API_KEY", "SecretArn": secret_arn,
    "AuthParameters": {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "X-Team", "Value": "shop", "IsValueSecret": False}],
            "QueryStringParameters": [{"Key": "v", "Value": "2", "IsValueSecret": False}, {"Key": "t", "IsValueSecret": True}],
            "BodyParameters": [{"Key": "from", "Value": "us", "IsValueSecret": False}],
        },
    }})
said("no secret is told", KEY not in json.dumps(told, default=str), "no key", told)
refuses("DescribeConnection of none", lambda: events.describe_connection(Name="none"), "ResourceNotFoundException",
        "Failed to describe the connection(s). Connection 'none' does not exist.", kind="ResourceNotFoundException")
refuses("a type that is none", lambda: events.create_connection(Name="x", AuthorizationType="NONE", AuthParameters={}),
        "ValidationException", "Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]")
refuses("CreateConnection without parameters", lambda: events.create_connection(Name="x", AuthorizationType="BASIC"),
        "ValidationException", "'authParameters' failed to satisfy constraint: Member must not be null")
refuses("parameters of another type", lambda: events.create_connection(
    Name="x", AuthorizationType="BASIC", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X", "ApiKeyValue": KEY}}),
    "ValidationException", "AuthParameters")
refuses("a long name", lambda: events.create_connection(Name="x" * 65, AuthorizationType="BASIC", AuthParameters={}),
        "ValidationException", "Member must have length less than or equal to 64")
basic = f"basic-{RUN}"
events.create_connection(Name=basic, AuthorizationType="BASIC",
                         AuthParameters={"BasicAuthParameters": {"Username": "Aladdin", "Password": "another"}})
changed = events.update_connection(Name=basic, Description="changed",
                                   AuthParameters={"BasicAuthParameters": {"Password": PASSWORD}})
equal("UpdateConnection", timeless(changed), {"ConnectionArn": changed["ConnectionArn"], "ConnectionState": "AUTHORIZED"})
told = events.describe_connection(Name=basic)
equal("what was not changed stays", (told["Description"], told["AuthParameters"]),
      ("changed", {"BasicAuthParameters": {"Username": "Aladdin"}}))
refuses("UpdateConnection of none", lambda: events.update_connection(Name="none", Description="x"), "ResourceNotFoundException",
        "Connection 'none' does not exist.", kind="ResourceNotFoundException")
listed = events.list_connections(NamePrefix=name)["Connections"]
equal("ListConnections", [timeless(one) for one in listed], [
    {"ConnectionArn": connection, "Name": name, "ConnectionState": "AUTHORIZED", "AuthorizationType": "API_KEY"}])
equal("ListConnections in another state", events.list_connections(ConnectionState="DEAUTHORIZED")["Connections"], [])
first = events.list_connections(Limit=1)
second = events.list_connections(Limit=1, NextToken=first["NextToken"])
equal("ListConnections in pages", [one["Name"] for one in first["Connections"] + second["Connections"]], sorted([basic, name]))

# ── API destinations ────────────────────────────────────────────────────────────────────────
asked = {"ConnectionArn": connection, "InvocationEndpoint": f"{URL}/orders/*/shipped?fixed=1", "HttpMethod": "PUT"}
made = events.create_api_destination(Name=name, Description="the CRM", InvocationRateLimitPerSecond=50, **asked)
destination = made["ApiDestinationArn"]
said("CreateApiDestination names it", re.fullmatch(f"{ARN}api-destination/{name}/{UUID}", destination), "name and id", destination)
equal("CreateApiDestination", timeless(made), {"ApiDestinationArn": destination, "ApiDestinationState": "ACTIVE"})
refuses("CreateApiDestination again", lambda: events.create_api_destination(Name=name, **asked), "ResourceAlreadyExistsException",
        f"An api-destination '{name}' already exists.", kind="ResourceAlreadyExistsException")
equal("DescribeApiDestination", timeless(events.describe_api_destination(Name=name)), {
    "ApiDestinationArn": destination, "Name": name, "Description": "the CRM", "ApiDestinationState": "ACTIVE",
    "InvocationRateLimitPerSecond": 50, **asked})
refuses("DescribeApiDestination of none", lambda: events.describe_api_destination(Name="none"), "ResourceNotFoundException",
        "Failed to describe the api-destination(s). An api-destination 'none' does not exist.", kind="ResourceNotFoundException")
refuses("a connection that is none", lambda: events.create_api_destination(Name="x", **{**asked, "ConnectionArn": f"{ARN}connection/none/1"}),
        "ResourceNotFoundException", f"Connection '{ARN}connection/none/1' does not exist.", kind="ResourceNotFoundException")
refuses("a method that is none", lambda: events.create_api_destination(Name="x", **{**asked, "HttpMethod": "TRACE"}),
        "ValidationException", "Member must satisfy enum value set")
refuses("no endpoint", lambda: events.create_api_destination(Name="x", ConnectionArn=connection, HttpMethod="POST"),
        "ValidationException", "'invocationEndpoint' failed to satisfy constraint: Member must not be null")
refuses("an endpoint without TLS", lambda: events.create_api_destination(Name="x", **{**asked, "InvocationEndpoint": "http://example.com/"}),
        "ValidationException", "Parameter InvocationEndpoint is not valid.")
refuses("a rate of nothing", lambda: events.create_api_destination(Name="x", InvocationRateLimitPerSecond=0, **asked),
        "ValidationException", "Member must have value greater than or equal to 1")
changed = events.update_api_destination(Name=name, InvocationRateLimitPerSecond=300)
equal("UpdateApiDestination", timeless(changed), {"ApiDestinationArn": destination, "ApiDestinationState": "ACTIVE"})
listed = events.list_api_destinations(ConnectionArn=connection)["ApiDestinations"]
equal("ListApiDestinations", [timeless(one) for one in listed], [
    {"ApiDestinationArn": destination, "Name": name, "ApiDestinationState": "ACTIVE", "InvocationRateLimitPerSecond": 300, **asked}])
equal("ListApiDestinations of another", events.list_api_destinations(ConnectionArn=f"{ARN}connection/none/1")["ApiDestinations"], [])
plainly = events.create_api_destination(
    Name=basic, ConnectionArn=events.describe_connection(Name=basic)["ConnectionArn"], InvocationEndpoint=URL, HttpMethod="POST")
program = os.path.join(os.environ["CLIENTS_BIN"], "aws")
done = subprocess.run([program, "events", "describe-api-destination", "--name", basic], capture_output=True, text=True, timeout=60)
told = json.loads(done.stdout) if done.returncode == 0 else {}
equal("aws-cli: describe-api-destination", (told.get("Name"), told.get("HttpMethod"), told.get("InvocationRateLimitPerSecond")),
      (basic, "POST", 300))

# ── Calls ───────────────────────────────────────────────────────────────────────────────────
rule = f"shipped-{RUN}"
letters = sqs.create_queue(QueueName=f"letters-{RUN}")["QueueUrl"]
rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps({"source": [f"shop.{RUN}"], "detail-type": ["Shipped"]}))["RuleArn"]
target = {"Id": "crm", "Arn": destination, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/calls", "HttpParameters": {
    "PathParameterValues": ["$.detail.id"], "HeaderParameters": {"X-Tier": "$.detail.tier", "X-Team": "mine"},
    "QueryStringParameters": {"v": "1", "tier": "$.detail.tier"}},
    "InputPath": "$.detail", "RetryPolicy": {"MaximumRetryAttempts": 1},
    "DeadLetterConfig": {"Arn": f"{QUEUE}letters-{RUN}"}}
put = events.put_targets(Rule=rule, Targets=[target])
equal("PutTargets with an API destination", plain(put), {"FailedEntryCount": 0, "FailedEntries": []})
equal("ListTargetsByRule tells it", events.list_targets_by_rule(Rule=rule)["Targets"], [target])


def ship(detail, kind="Shipped"):
    told = events.put_events(Entries=[{"Source": f"shop.{RUN}", "DetailType": kind, "Detail": json.dumps(detail)}])
    return told["Entries"][0]["EventId"]


event = ship({"id": "A/1", "tier": "gold"})
method, path, _, body = seen = call(1)
# The parameters of the connection count more than those of the target.
equal("the request", (method, path.split("?")[0], sorted(path.split("?")[1].split("&"))),
      ("PUT", "/orders/A%2F1/shipped", sorted(["fixed=1", "t=" + KEY.replace(" ", "%20"), "tier=gold", "v=2"])))
equal("its headers", {one: header(seen, one) for one in ("X-Tier", "X-Team", "X-Api-Key", "Content-Type", "User-Agent")}, {
    "X-Tier": "gold", "X-Team": "shop", "X-Api-Key": KEY, "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Amazon/EventBridge/ApiDestinations"})
equal("its body", json.loads(body), {"id": "A/1", "tier": "gold", "from": "us"})


def signature(key, asked):
    signed = f"{header(asked, 'webhook-id')}.{header(asked, 'webhook-timestamp')}.{asked[3]}"
    return "v1," + base64.b64encode(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()).decode()


contains("its id is the event's", header(seen, "webhook-id"), event)
equal("its signature is that of Standard Webhooks", header(seen, "webhook-signature"), signature(KEY, seen))

whole = f"whole-{RUN}"
events.put_rule(Name=whole, EventPattern=json.dumps({"source": [f"shop.{RUN}"], "detail-type": ["Whole"]}))
events.put_targets(Rule=whole, Targets=[{"Id": "1", "Arn": plainly["ApiDestinationArn"]}])
event = ship({"id": "A-2"}, "Whole")
method, path, _, body = seen = call(2)
equal("without parameters", (method, path, json.loads(body)["id"], json.loads(body)["detail"]), ("POST", "/", event, {"id": "A-2"}))
both = base64.b64encode(f"Aladdin:{PASSWORD}".encode()).decode()
equal("basic authentication", header(seen, "Authorization"), f"Basic {both}")

# 401, 407, 409, 429 and 5xx are tried again; other errors are not.
for number, (status, tries, code) in enumerate(((500, 2, "ERROR_FROM_TARGET"), (429, 2, "THROTTLING"), (409, 2, "ERROR_FROM_TARGET"), (400, 1, "SDK_CLIENT_ERROR"))):
    before = len(Endpoint.asked)
    Endpoint.status = status
    ship({"id": f"B-{number}", "tier": "gold"})
    taken = []

    def look():
        taken.extend(sqs.receive_message(QueueUrl=letters, WaitTimeSeconds=1, MessageAttributeNames=["All"]).get("Messages", []))
        return len(taken)

    soon(f"status {status} ends in the dead-letter queue", look, lambda seen: seen == 1, 20)
    equal(f"status {status} is tried so often", len(Endpoint.asked) - before, tries)
    attributes = {name: value["StringValue"] for name, value in taken[0]["MessageAttributes"].items()} if taken else {}
    message = attributes.pop("ERROR_MESSAGE", "")
    contains(f"status {status} is told", message, str(status))
    expected = {"RULE_ARN": rule_arn, "TARGET_ARN": destination, "ERROR_CODE": code, "RETRY_ATTEMPTS": str(tries - 1)}
    if tries > 1:
        expected["EXHAUSTED_RETRY_CONDITION"] = "MaximumRetryAttempts"
    equal(f"the attributes after status {status}", attributes, expected)
    if taken:
        equal("its body is the event", json.loads(taken[0]["Body"])["detail"], {"id": f"B-{number}", "tier": "gold"})
        sqs.delete_message(QueueUrl=letters, ReceiptHandle=taken[0]["ReceiptHandle"])
Endpoint.status = 200

# ── Away with it ────────────────────────────────────────────────────────────────────────────
gone = events.delete_connection(Name=name)
equal("DeleteConnection", timeless(gone), {"ConnectionArn": connection, "ConnectionState": "DELETING"})
equal("its destination cannot be used any more", events.describe_api_destination(Name=name)["ApiDestinationState"], "INACTIVE")
equal("DeleteApiDestination", plain(events.delete_api_destination(Name=name)), {})
refuses("DeleteApiDestination again", lambda: events.delete_api_destination(Name=name), "ResourceNotFoundException",
        "does not exist.", kind="ResourceNotFoundException")
ship({"id": "C-1", "tier": "gold"})
taken = []
soon("what is on its way to one that is gone is a dead letter", look, lambda seen: seen == 1)
equal("and says so", taken[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] if taken else None, "NO_RESOURCE")
for one in (rule, whole):
    ids = [known["Id"] for known in events.list_targets_by_rule(Rule=one)["Targets"]]
    events.remove_targets(Rule=one, Ids=ids)
    events.delete_rule(Name=one)
events.delete_api_destination(Name=basic)
events.delete_connection(Name=basic)
equal("nothing is left", (events.list_connections()["Connections"], events.list_api_destinations()["ApiDestinations"]), ([], []))
sqs.delete_queue(QueueUrl=letters)
