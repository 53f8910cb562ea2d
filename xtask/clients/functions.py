"""Decides that functions answer boto3 as Lambda does: Invoke with what the functions are for, and ListFunctions."""

import base64
import json
import time

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
refuses("Invoke of a function elsewhere", lambda: invoke(ARN.replace("us-east-1", "eu-west-1"), []),
        "ResourceNotFoundException", "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')", 404,
        "ResourceNotFoundException")
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

# Versions and aliases. Expected is what Lambda's API reference says, in the texts that it answers.
published = functions.publish_version(FunctionName=PREMIUM, Description="first", CodeSha256=configuration["CodeSha256"],
                                      RevisionId=configuration["RevisionId"])
equal("PublishVersion", (published["ResponseMetadata"]["HTTPStatusCode"], published["Version"], published["FunctionArn"],
                         published["Description"]), (201, "1", f"{ARN}:1", "first"))
same = ("CodeSha256", "Environment", "Handler", "MemorySize", "Role", "Runtime", "Timeout")
equal("PublishVersion: a snapshot of the function", {name: published.get(name) for name in same},
      {name: configuration.get(name) for name in same})
equal("PublishVersion of what has not changed is the same version", functions.publish_version(FunctionName=PREMIUM)["Version"], "1")
refuses("PublishVersion of other code", lambda: functions.publish_version(FunctionName=PREMIUM, CodeSha256="b3RoZXI="),
        "InvalidParameterValueException", f"CodeSHA256 (b3RoZXI=) is different from current CodeSHA256 in $LATEST "
        f"({configuration['CodeSha256']}). Please try again with the CodeSHA256 in $LATEST.", 400, "InvalidParameterValueException")
REVISION = ("The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
            "the latest Revision Id")
refuses("PublishVersion of another revision", lambda: functions.publish_version(FunctionName=PREMIUM, RevisionId="other"),
        "PreconditionFailedException", REVISION, 412, "PreconditionFailedException")
refuses("PublishVersion of no function", lambda: functions.publish_version(FunctionName="Nothing"),
        "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:Nothing", 404,
        "ResourceNotFoundException")
versions = functions.list_versions_by_function(FunctionName=PREMIUM)["Versions"]
equal("ListVersionsByFunction: both", [(one["Version"], one["FunctionArn"]) for one in versions],
      [("$LATEST", f"{ARN}:$LATEST"), ("1", f"{ARN}:1")])
pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=PREMIUM, PaginationConfig={"PageSize": 1})
equal("by boto3's own paginator", [[one["Version"] for one in page["Versions"]] for page in pages], [["$LATEST"], ["1"]])
equal("GetFunctionConfiguration of a version", functions.get_function_configuration(FunctionName=f"{PREMIUM}:1")["Version"], "1")
equal("ListFunctions of all versions", [(one["FunctionName"], one["Version"]) for one in
                                        functions.list_functions(FunctionVersion="ALL")["Functions"]],
      [(STANDARD, "$LATEST"), (PREMIUM, "$LATEST"), (PREMIUM, "1")])
answer = invoke(PREMIUM, [EVENT], Qualifier="1", LogType="Tail")
equal("Invoke of a version", (answer["StatusCode"], answer["ExecutedVersion"]), (200, "1"))
contains("prints which it is", base64.b64decode(answer["LogResult"]).decode(), "Version: 1", LINE)
groups = logs.describe_log_streams(logGroupName=f"/aws/lambda/{PREMIUM}")["logStreams"]
said("and has streams of its own", any("/[1]" in one["logStreamName"] for one in groups), "/[1]", groups)

made = functions.create_alias(FunctionName=PREMIUM, Name="live", FunctionVersion="1", Description="what customers get")
equal("CreateAlias", {name: made.get(name) for name in ("AliasArn", "Name", "FunctionVersion", "Description", "RoutingConfig")},
      {"AliasArn": f"{ARN}:live", "Name": "live", "FunctionVersion": "1", "Description": "what customers get",
       "RoutingConfig": None})
equal("CreateAlias: its status", made["ResponseMetadata"]["HTTPStatusCode"], 201)
refuses("CreateAlias of one that is there", lambda: functions.create_alias(FunctionName=PREMIUM, Name="live", FunctionVersion="1"),
        "ResourceConflictException", f"Alias already exists: {ARN}:live", 409, "ResourceConflictException")
refuses("CreateAlias of a version that is not there",
        lambda: functions.create_alias(FunctionName=PREMIUM, Name="next", FunctionVersion="9"),
        "ResourceNotFoundException", f"Function not found: {ARN}:9", 404, "ResourceNotFoundException")
refuses("CreateAlias with a number for a name", lambda: functions.create_alias(FunctionName=PREMIUM, Name="7", FunctionVersion="1"),
        "ValidationException", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)", 400)
for shape, name in {"by its name": f"{PREMIUM}:live", "by its ARN": f"{ARN}:live"}.items():
    equal(f"Invoke of an alias {shape}", invoke(name, [EVENT])["ExecutedVersion"], "1")
equal("Invoke of an alias by Qualifier", invoke(PREMIUM, [EVENT], Qualifier="live")["ExecutedVersion"], "1")
equal("GetFunctionConfiguration of an alias", [functions.get_function_configuration(FunctionName=PREMIUM, Qualifier="live")[name]
                                               for name in ("FunctionArn", "Version")], [f"{ARN}:live", "1"])
def routed(**more):
    return lambda: functions.create_alias(FunctionName=PREMIUM, Name="next", **more)


weights = lambda given: {"AdditionalVersionWeights": given}
refuses("an alias of $LATEST has one version", routed(FunctionVersion="$LATEST", RoutingConfig=weights({"1": 0.5})),
        "InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than 1 version", 400,
        "InvalidParameterValueException")
refuses("an alias has no version twice", routed(FunctionVersion="1", RoutingConfig=weights({"1": 0.5})),
        "InvalidParameterValueException", "Invalid function version 1. Function version 1 is already included in routing "
        "configuration.", 400, "InvalidParameterValueException")
refuses("an alias has two versions at most", routed(FunctionVersion="1", RoutingConfig=weights({"2": 0.5, "3": 0.1})),
        "InvalidParameterValueException", "Number of items in AdditionalVersionWeights cannot be greater than 1", 400,
        "InvalidParameterValueException")
refuses("a weight is a part of one", routed(FunctionVersion="1", RoutingConfig=weights({"2": 1.5})), "ValidationException",
        "Member must have value less than or equal to 1.0", 400)
moved = functions.update_alias(FunctionName=PREMIUM, Name="live", FunctionVersion="$LATEST", RevisionId=made["RevisionId"])
equal("UpdateAlias", (moved["FunctionVersion"], moved["Description"]), ("$LATEST", "what customers get"))
said("each change has a revision of its own", moved["RevisionId"] != made["RevisionId"], "another", moved["RevisionId"])
refuses("UpdateAlias of another revision", lambda: functions.update_alias(FunctionName=PREMIUM, Name="live", FunctionVersion="1",
                                                                         RevisionId=made["RevisionId"]),
        "PreconditionFailedException", REVISION, 412, "PreconditionFailedException")
equal("an alias stands for what it was changed to", invoke(PREMIUM, [EVENT], Qualifier="live")["ExecutedVersion"], "$LATEST")
refuses("UpdateAlias of none", lambda: functions.update_alias(FunctionName=PREMIUM, Name="none", FunctionVersion="1"),
        "ResourceNotFoundException", f"Alias not found: {ARN}:none", 404, "ResourceNotFoundException")
refuses("GetAlias of none", lambda: functions.get_alias(FunctionName=PREMIUM, Name="none"), "ResourceNotFoundException",
        f"Cannot find alias arn: {ARN}:none", 404, "ResourceNotFoundException")
equal("GetAlias", functions.get_alias(FunctionName=PREMIUM, Name="live")["RevisionId"], moved["RevisionId"])
functions.create_alias(FunctionName=PREMIUM, Name="another", FunctionVersion="1")
equal("ListAliases: by name", [one["Name"] for one in functions.list_aliases(FunctionName=PREMIUM)["Aliases"]], ["another", "live"])
equal("ListAliases: of a version", [one["Name"] for one in
                                    functions.list_aliases(FunctionName=PREMIUM, FunctionVersion="1")["Aliases"]], ["another"])
pages = functions.get_paginator("list_aliases").paginate(FunctionName=PREMIUM, PaginationConfig={"PageSize": 1})
equal("ListAliases by boto3's own paginator", [[one["Name"] for one in page["Aliases"]] for page in pages], [["another"], ["live"]])

# How what nobody waits for is done, of the function as it is and of an alias.
refuses("GetFunctionEventInvokeConfig: nobody has said", lambda: functions.get_function_event_invoke_config(FunctionName=PREMIUM),
        "ResourceNotFoundException", f"The function {ARN}:$LATEST doesn't have an EventInvokeConfig", 404,
        "ResourceNotFoundException")
put = functions.put_function_event_invoke_config(FunctionName=PREMIUM, MaximumRetryAttempts=0)
equal("PutFunctionEventInvokeConfig", {name: put.get(name) for name in (
    "FunctionArn", "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")},
      {"FunctionArn": f"{ARN}:$LATEST", "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": None,
       "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}})
said("with its time", abs(put["LastModified"].timestamp() - time.time()) < 600, "now", put["LastModified"])
updated = functions.update_function_event_invoke_config(FunctionName=PREMIUM, MaximumEventAgeInSeconds=600)
equal("UpdateFunctionEventInvokeConfig keeps the rest", (updated["MaximumRetryAttempts"], updated["MaximumEventAgeInSeconds"]), (0, 600))
queue_arn = "arn:aws:sqs:us-east-1:000000000000:told-of-live"
queues = boto3.client("sqs")
url = queues.create_queue(QueueName="told-of-live")["QueueUrl"]
functions.put_function_event_invoke_config(FunctionName=PREMIUM, Qualifier="another", MaximumRetryAttempts=0, DestinationConfig={
    "OnSuccess": {"Destination": queue_arn}, "OnFailure": {"Destination": queue_arn}})
listed = functions.list_function_event_invoke_configs(FunctionName=PREMIUM)["FunctionEventInvokeConfigs"]
equal("ListFunctionEventInvokeConfigs", sorted(one["FunctionArn"] for one in listed), [f"{ARN}:$LATEST", f"{ARN}:another"])
refuses("PutFunctionEventInvokeConfig with nothing", lambda: functions.put_function_event_invoke_config(FunctionName=PREMIUM),
        "InvalidParameterValueException", "You must specify at least one of error handling or destination setting.", 400,
        "InvalidParameterValueException")
refuses("PutFunctionEventInvokeConfig of an alias that is not there",
        lambda: functions.put_function_event_invoke_config(FunctionName=PREMIUM, Qualifier="none", MaximumRetryAttempts=0),
        "ResourceNotFoundException", "The function doesn't exist.", 404, "ResourceNotFoundException")
refuses("PutFunctionEventInvokeConfig to what is told nothing", lambda: functions.put_function_event_invoke_config(
    FunctionName=PREMIUM, DestinationConfig={"OnSuccess": {"Destination": "arn:aws:iam:us-east-1:000000000000:role"}}),
        "InvalidParameterValueException", "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
        "arn:aws:iam:us-east-1:000000000000:role), onFailure=null) is invalid.", 400, "InvalidParameterValueException")
refuses("ListFunctionEventInvokeConfigs of none", lambda: functions.list_function_event_invoke_configs(FunctionName="none"),
        "ResourceNotFoundException", "The function doesn't exist.", 404, "ResourceNotFoundException")
refuses("PutFunctionEventInvokeConfig to nobody", lambda: functions.put_function_event_invoke_config(
    FunctionName=PREMIUM, DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:nobody"}}),
        "InvalidParameterValueException", "The destination ARN arn:aws:sqs:us-east-1:000000000000:nobody is invalid.", 400,
        "InvalidParameterValueException")


def told():
    got = queues.receive_message(QueueUrl=url, WaitTimeSeconds=1, VisibilityTimeout=0).get("Messages", [])
    return json.loads(got[0]["Body"]) if got else None


accepted = invoke(PREMIUM, [EVENT], InvocationType="Event", Qualifier="another")
report = soon("who is told of an alias's events hears", told, lambda seen: seen is not None, seconds=30)
equal("of which alias, which version and which request",
      (report["requestContext"]["functionArn"], report["responseContext"]["executedVersion"], report["requestContext"]["requestId"]),
      (f"{ARN}:another", "1", accepted["ResponseMetadata"]["RequestId"]))
equal("and what it answered", (report["requestContext"]["condition"], report["responsePayload"]),
      ("Success", {"statusCode": 200, "premiumOrdersProcessed": ["ORD-1001"]}))
equal("DeleteFunctionEventInvokeConfig", functions.delete_function_event_invoke_config(
    FunctionName=PREMIUM)["ResponseMetadata"]["HTTPStatusCode"], 204)
refuses("DeleteFunctionEventInvokeConfig again", lambda: functions.delete_function_event_invoke_config(FunctionName=PREMIUM),
        "ResourceNotFoundException", f"The function {ARN}:$LATEST doesn't have an EventInvokeConfig", 404,
        "ResourceNotFoundException")
for name in ("live", "another"):
    equal(f"DeleteAlias of {name}", functions.delete_alias(FunctionName=PREMIUM, Name=name)["ResponseMetadata"]["HTTPStatusCode"], 204)
refuses("an alias that is deleted", lambda: invoke(PREMIUM, [], Qualifier="live"), "ResourceNotFoundException",
        f"Function not found: {ARN}:live", 404, "ResourceNotFoundException")
queues.delete_queue(QueueUrl=url)
functions.get_waiter("function_active_v2").wait(FunctionName=PREMIUM)
said("boto3's waiter for an active function ends", True, None, None)

listed = functions.list_functions()
equal("ListFunctions", [one["FunctionName"] for one in listed["Functions"]], [STANDARD, PREMIUM])
one = listed["Functions"][1]
equal("ListFunctions: what is recorded from AWS too", one.get("SnapStart"), {"ApplyOn": "None", "OptimizationStatus": "Off"})
alone = functions.get_function(FunctionName=PREMIUM)
said("GetFunction: what runs it", alone["Configuration"]["RuntimeVersionConfig"]["RuntimeVersionArn"].startswith(
    "arn:aws:lambda:us-east-1::runtime:"), "an ARN", alone["Configuration"])
equal("GetFunction: no tags", alone.get("Tags"), None)
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
