"""Decides that event patterns are tried on events as EventBridge does it: with aws-cli, with boto3, and byte by byte."""

import json
import os
import subprocess
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from check import contains, equal, refuses

config = Config(parameter_validation=False, retries={"max_attempts": 0})
events = boto3.client("events", config=config)
EVENT = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "Order Placed",
    "source": "com.example.shop",
    "account": "123456789012",
    "time": "2024-03-08T00:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:dynamodb:us-east-1:123456789012:table/Orders"],
    "detail": {"tier": "premium", "total": 1500, "email": "somebody@example.com"},
}
PLACED = {"source": ["com.example.shop"], "detail": {"total": [{"numeric": [">", 1000]}]}}


def aws(pattern, event):
    """Tries a pattern with aws-cli; its exit code, its output, what it complained."""
    program = os.path.join(os.environ["CLIENTS_BIN"], "aws")
    arguments = ["events", "test-event-pattern", "--event-pattern", json.dumps(pattern), "--event", json.dumps(event)]
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def tried(pattern, event=None):
    """Tries a pattern with boto3."""
    pattern = pattern if isinstance(pattern, str) else json.dumps(pattern)
    event = event if isinstance(event, str) else json.dumps(event or EVENT)
    return events.test_event_pattern(EventPattern=pattern, Event=event)["Result"]


def without(name):
    """The event without one of its fields."""
    return {known: value for known, value in EVENT.items() if known != name}


def posted(body, **headers):
    """What the bare bytes are answered with: the status and the body."""
    usual = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSEvents.TestEventPattern"}
    usual |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], body.encode(), usual)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# aws-cli.
code, output, complaint = aws(PLACED, EVENT)
equal("aws events test-event-pattern, a match", (code, json.loads(output or "null"), complaint), (0, {"Result": True}, ""))
code, output, complaint = aws({"source": ["com.example.other"]}, EVENT)
equal("aws events test-event-pattern, no match", (code, json.loads(output or "null"), complaint), (0, {"Result": False}, ""))
code, output, complaint = aws({"source": "com.example.shop"}, EVENT)
equal("aws events test-event-pattern, a faulty pattern", (code != 0, output), (True, ""))
contains("and why", complaint, "(InvalidEventPatternException) when calling the TestEventPattern operation: Event pattern is "
         'not valid. Reason: "source" must be an object or an array', "line: 1, column: 13]")
code, output, complaint = aws(PLACED, {"detail": {}})
equal("aws events test-event-pattern, no event", (code != 0, output), (True, ""))
contains("and why that", complaint, "(ValidationException) when calling the TestEventPattern operation: Parameter Event is not valid.")

# boto3: what matches.
for name, pattern, expected in (
    ("an exact value", {"detail": {"tier": ["premium"]}}, True),
    ("another value", {"detail": {"tier": ["standard"]}}, False),
    ("a prefix", {"resources": [{"prefix": "arn:aws:dynamodb:"}]}, True),
    ("a suffix", {"detail": {"email": [{"suffix": "@example.org"}]}}, False),
    ("anything but a wildcard", {"detail": {"email": [{"anything-but": {"wildcard": "*@example.*"}}]}}, False),
    ("a number is no string", {"detail": {"total": ["1500"]}}, False),
    ("equal numbers", {"detail": {"total": [1.5e3]}}, True),
    ("an absent field", {"detail": {"test": [{"exists": False}]}}, True),
    ("one of two", {"$or": [{"source": ["x"]}, {"detail": {"total": [{"numeric": ["=", 1500]}]}}]}, True),
):
    equal(f"TestEventPattern: {name}", tried(pattern), expected)
equal("an event without what AWS does not ask for", tried(PLACED, without("resources")), True)
equal("an event with fields of other types", tried(PLACED, EVENT | {"id": 1, "account": 1, "region": 1, "resources": 1}), True)
equal("an event that only has what AWS asks for",
      tried({"source": [{"exists": True}]}, {name: EVENT[name] for name in EVENT if name not in ("version", "resources", "detail")}), True)

# boto3: faulty patterns.
for name, pattern, reason in (
    ("a value that is no list", '{"int": 42}', '"int" must be an object or an array\n at [Source: (String)"{"int": 42}"; line: 1, column: 11]'),
    ("an empty list", '{"resources": []}', 'Empty arrays are not allowed\n at [Source: (String)"{"resources": []}"; line: 1, column: 17]'),
    ("an unknown operator", '{"my_key": [{"EXISTS": true}]}', "Unrecognized match type EXISTS\n at [Source: "),
    ("a list", '["a"]', 'Filter is not an object\n at [Source: (String)"["a"]"; line: 1, column: 2]'),
    ("no JSON", "{'bad': 'quotation'}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name\n"),
    ("a network of one address", '{"ip": [{"cidr": "10.0.0.1/32"}]}', "IPv4 mask bits must be < 32"),
    ("too many wildcards", '{"arn": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}', "Rule is too complex - try using fewer wildcard"),
):
    refuses(f"a faulty pattern: {name}", lambda: tried(pattern), "InvalidEventPatternException",
            f"Event pattern is not valid. Reason: {reason}", kind="InvalidEventPatternException")

# boto3: faulty events.
for name in ("id", "detail-type", "source", "account", "time", "region"):
    refuses(f"an event without its {name}", lambda: tried(PLACED, without(name)), "ValidationException", "Parameter Event is not valid.")
for name, event in (("a text", "plain text"), ("a list", "[]"), ("an object that ends early", "{")):
    refuses(f"an event that is {name}", lambda: tried(PLACED, event), "ValidationException", "Parameter Event is not valid.")
refuses("an event at no time", lambda: tried(PLACED, EVENT | {"time": "not-a-time"}),
        "ValidationException", "Parameter Event is not valid. Reason: Invalid time.")

# boto3: faulty requests.
NULL = "Value null at '{}' failed to satisfy constraint: Member must not be null"
refuses("a request without members", lambda: events.test_event_pattern(), "ValidationException",
        f"2 validation errors detected: {NULL.format('eventPattern')}; {NULL.format('event')}")
refuses("a request without an event", lambda: events.test_event_pattern(EventPattern="{}"), "ValidationException",
        f"1 validation error detected: {NULL.format('event')}")
refuses("a pattern of 4,097 characters", lambda: tried(" " * 4097), "ValidationException",
        "at 'eventPattern' failed to satisfy constraint: Member must have length less than or equal to 4096")
refuses("ListEndpoints is not run", lambda: events.list_endpoints(), "UnknownOperationException", "ListEndpoints")

# Bytes that no client sends by itself.
body = json.dumps({"EventPattern": json.dumps(PLACED), "Event": json.dumps(EVENT), "Unknown": 1})
equal("a member that nobody knows", posted(body), (200, '{"Result":true}'))
status, said = posted(json.dumps({"EventPattern": 5, "Event": "{}"}))
equal("a pattern that is a number", (status, json.loads(said)),
      (400, {"__type": "SerializationException", "Message": "NUMBER_VALUE cannot be converted to String"}))
status, said = posted("{")
equal("a body that ends early", (status, json.loads(said)["__type"]), (400, "SerializationException"))
status, said = posted(body, X_Amz_Target="AWSEvents.NoSuchOperation")
equal("an operation that nobody knows", (status, json.loads(said)["__type"]), (400, "UnknownOperationException"))
equal("another content type", posted(body, Content_Type="text/plain"), (404, "<UnknownOperationException/>\n"))
