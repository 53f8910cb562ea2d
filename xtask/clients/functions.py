"""Decides that functions answer boto3 as Lambda does: Invoke with what the functions are for, and ListFunctions."""

import base64
import json

import boto3
from botocore.config import Config
from check import contains, equal, refuses, said, soon

functions = boto3.client("lambda", config=Config(parameter_validation=False, retries={"max_attempts": 0}))
PREMIUM, STANDARD = "PremiumOrderLambda", "OrderProcessorLambda"
ARN = f"arn:aws:lambda:us-east-1:000000000000:function:{PREMIUM}"
# An order that was pending and is shipped, as somebody would write it down to try a function.
EVENT = {
    "eventName": "MODIFY",
    "dynamodb": {
        "NewImage": {
            "orderId": {"S": "ORD-1001"},
            "status": {"S": "shipped"},
            "amount": {"N": "1500"},
            "customerEmail": {"S": "vip@example.com"},
        },
        "OldImage": {"status": {"S": "pending"}},
    },
}
LINE = "🚀 Premium order shipped! Order ID: ORD-1001 | Amount: 1500.0"


def invoke(name, payload, **more):
    payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    answer = functions.invoke(FunctionName=name, Payload=payload, **more)
    answer["Payload"] = answer["Payload"].read()
    return answer


# Pipes hand over a bare list, event source mappings wrap it, and a person may send one record alone.
for shape, event in {"a list": [EVENT], "Records": {"Records": [EVENT]}}.items():
    answer = invoke(PREMIUM, event, LogType="Tail")
    equal(f"Invoke with {shape}: status", (answer["StatusCode"], answer.get("FunctionError")), (200, None))
    equal(f"Invoke with {shape}: version", answer["ExecutedVersion"], "$LATEST")
    equal(f"Invoke with {shape}: answer", json.loads(answer["Payload"]),
          {"statusCode": 200, "premiumOrdersProcessed": ["ORD-1001"]})
    contains(f"Invoke with {shape}: the end of its log", base64.b64decode(answer["LogResult"]).decode(), LINE,
             "START RequestId: ", "END RequestId: ", "REPORT RequestId: ")
answer = invoke(STANDARD, [EVENT], LogType="Tail")
equal("Invoke of the standard function", json.loads(answer["Payload"]), {"statusCode": 200})
contains("its line", base64.b64decode(answer["LogResult"]).decode(),
         "✅ Processed order ORD-1001 | Status: shipped | Amount: 1500.0")
small = json.loads(json.dumps(EVENT))
small["dynamodb"]["NewImage"]["amount"] = {"N": "99.5"}
answer = invoke(STANDARD, [small], LogType="Tail")
contains("a small order is skipped", base64.b64decode(answer["LogResult"]).decode(), "⚠️ Skipped order ORD-1001 (Amount too low)")
tester = json.loads(json.dumps(EVENT))
tester["dynamodb"]["NewImage"]["customerEmail"] = {"S": "Someone@TEST.com"}
answer = invoke(PREMIUM, [tester], LogType="Tail")
contains("a test customer is skipped", base64.b64decode(answer["LogResult"]).decode(), "⚠️ Skipped order ORD-1001 (Test customer)")
equal("and no premium order", json.loads(answer["Payload"])["premiumOrdersProcessed"], [])
odd = json.loads(json.dumps(EVENT))
odd["dynamodb"]["NewImage"]["amount"] = {"S": "a lot"}
equal("an amount that is no number does not fail", invoke(PREMIUM, [odd]).get("FunctionError"), None)
answer = invoke(ARN, [EVENT])
equal("a function may be named by its ARN", answer["StatusCode"], 200)
equal("and without LogType no log comes back", "LogResult" in answer, False)
answer = invoke(PREMIUM, [], InvocationType="DryRun")
equal("a dry run answers 204", (answer["StatusCode"], answer["Payload"]), (204, b""))
poison = json.loads(json.dumps(EVENT))
poison["dynamodb"]["NewImage"]["orderId"] = {"S": "ORD-POISON"}
answer = invoke(PREMIUM, [EVENT, poison])
equal("a function that fails answers 200", answer["StatusCode"], 200)
equal("and says that it failed", answer.get("FunctionError"), "Unhandled")
failure = json.loads(answer["Payload"])
said("with an error's type and message", {"errorType", "errorMessage"} <= failure.keys(), "errorType, errorMessage", failure)
contains("that names the order", failure.get("errorMessage", ""), "ORD-POISON")
answer = invoke(PREMIUM, {"not": "an event"})
said("an event that is none is the function's failure, or nothing to do",
     answer["StatusCode"] == 200, 200, answer["StatusCode"])

refuses("Invoke of no function", lambda: invoke("Nothing", []), "ResourceNotFoundException",
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:Nothing", 404, "ResourceNotFoundException")
refuses("Invoke with what is no JSON", lambda: invoke(PREMIUM, b"{"), "InvalidRequestContentException",
        "Could not parse request body into json", 400, "InvalidRequestContentException")
refuses("Invoke of a version that is not there", lambda: invoke(PREMIUM, [], Qualifier="7"), "ResourceNotFoundException",
        f"Function not found: {ARN}:7", 404, "ResourceNotFoundException")
refuses("Invoke of an alias that is not there", lambda: invoke(f"{PREMIUM}:live", []), "ResourceNotFoundException",
        f"Function not found: {ARN}:live", 404, "ResourceNotFoundException")
refuses("Invoke with two qualifiers", lambda: invoke(f"{PREMIUM}:1", [], Qualifier="2"), "InvalidParameterValueException",
        "The derived qualifier from the function name does not match the specified qualifier.", 400,
        "InvalidParameterValueException")
equal("Invoke of the one version", invoke(PREMIUM, [], Qualifier="$LATEST")["ExecutedVersion"], "$LATEST")
refuses("Invoke with more than 6 MB", lambda: invoke(PREMIUM, b"1" * 6_291_457), "RequestTooLargeException",
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation", 413, "RequestTooLargeException")
refuses("Invoke with a ClientContext is refused by name", lambda: invoke(PREMIUM, [], ClientContext="e30="),
        "InvalidParameterValueException", "ClientContext", 400, "InvalidParameterValueException")
refuses("an operation that is not run", lambda: functions.delete_function(FunctionName=PREMIUM), "UnknownOperationException",
        "/functions/PremiumOrderLambda", 404)

# Without waiting: accepted at once, done soon, and found by its request's id.
accepted = invoke(PREMIUM, [EVENT], InvocationType="Event")
equal("Invoke with Event is accepted", (accepted["StatusCode"], accepted["Payload"]), (202, b""))
equal("and says nothing else", {"ExecutedVersion", "FunctionError", "LogResult"} & accepted.keys(), set())
request_id = accepted["ResponseMetadata"]["RequestId"]
logs = boto3.client("logs")
soon("it is done under its request's id",
     lambda: [e["message"] for e in logs.filter_log_events(
         logGroupName=f"/aws/lambda/{PREMIUM}", filterPattern=f'"{request_id}"')["events"]],
     lambda seen: [line.split(" ")[0] for line in seen] == ["START", "END", "REPORT"])
answer = invoke(PREMIUM, [EVENT], LogType="Tail")
contains("so is an invocation that is waited for", base64.b64decode(answer["LogResult"]).decode(),
         f"START RequestId: {answer['ResponseMetadata']['RequestId']} Version: $LATEST")
refuses("Invoke with Event of no function", lambda: invoke("Nothing", [], InvocationType="Event"),
        "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:Nothing", 404,
        "ResourceNotFoundException")
refuses("Invoke with Event with what is no JSON", lambda: invoke(PREMIUM, b"{", InvocationType="Event"),
        "InvalidRequestContentException", "Could not parse request body into json", 400, "InvalidRequestContentException")
refuses("Invoke with Event with more than 1 MB", lambda: invoke(PREMIUM, b"1" * 1_048_577, InvocationType="Event"),
        "RequestTooLargeException", "Request must be smaller than 1048576 bytes", 413, "RequestTooLargeException")
refuses("a dry run of no function", lambda: invoke("Nothing", [], InvocationType="DryRun"), "ResourceNotFoundException",
        "Function not found", 404, "ResourceNotFoundException")

got = functions.get_function(FunctionName=PREMIUM)
configuration = functions.get_function_configuration(FunctionName=PREMIUM)
equal("GetFunction says how it is set", got["Configuration"],
      {name: value for name, value in configuration.items() if name != "ResponseMetadata"})
equal("GetFunctionConfiguration: its state", (configuration["State"], configuration["LastUpdateStatus"]), ("Active", "Successful"))
equal("GetFunctionConfiguration by its version", functions.get_function_configuration(
    FunctionName=PREMIUM, Qualifier="$LATEST")["FunctionArn"], f"{ARN}:$LATEST")
for name, call in {"GetFunction": functions.get_function, "GetFunctionConfiguration": functions.get_function_configuration,
                   "ListVersionsByFunction": functions.list_versions_by_function}.items():
    refuses(f"{name} of no function", lambda: call(FunctionName="Nothing"), "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:Nothing", 404, "ResourceNotFoundException")
versions = functions.list_versions_by_function(FunctionName=PREMIUM)["Versions"]
equal("ListVersionsByFunction", [(one["Version"], one["FunctionArn"]) for one in versions], [("$LATEST", f"{ARN}:$LATEST")])
equal("ListAliases", functions.list_aliases(FunctionName=PREMIUM)["Aliases"], [])
functions.get_waiter("function_active_v2").wait(FunctionName=PREMIUM)
said("boto3's waiter for an active function ends", True, None, None)

listed = functions.list_functions()
equal("ListFunctions", [one["FunctionName"] for one in listed["Functions"]], [STANDARD, PREMIUM])
one = listed["Functions"][1]
expected = {"FunctionArn": ARN, "Handler": "premium-orders", "Runtime": "provided.al2023", "Timeout": 30,
            "MemorySize": 256, "Version": "$LATEST", "PackageType": "Zip"}
equal("ListFunctions: what one is", {name: one.get(name) for name in expected}, expected)
equal("ListFunctions: its log group", one["LoggingConfig"]["LogGroup"], f"/aws/lambda/{PREMIUM}")
page = functions.list_functions(MaxItems=1)
equal("ListFunctions: a page", [one["FunctionName"] for one in page["Functions"]], [STANDARD])
page = functions.list_functions(MaxItems=1, Marker=page["NextMarker"])
equal("ListFunctions: the next", [one["FunctionName"] for one in page["Functions"]], [PREMIUM])
equal("ListFunctions: and no more", page.get("NextMarker"), None)
pages = functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
equal("ListFunctions by boto3's own paginator", [one["FunctionName"] for p in pages for one in p["Functions"]], [STANDARD, PREMIUM])
