"""Decides that Serverless Snacks can be worked with as its description says: each of its commands, in its order.

The commands are typed into a shell as a person would, with aws-cli of version 2. Two things are added to what is written
there: the endpoint, and `--cli-binary-format raw-in-base64-out`, without which version 2 takes no payload in plain text.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time

from check import contains, equal, said, soon, within

AWS = os.environ["CLIENTS_AWS_2"]
# What a shell finds as `aws`: with the endpoint, which version 2.9 takes as an option alone.
PREAMBLE = f"""
aws() {{
  local endpoint=(--endpoint-url "$AWS_ENDPOINT_URL")
  if [ "$1 $2" = "lambda invoke" ]; then set -- "$@" --cli-binary-format raw-in-base64-out; fi
  {AWS} "${{endpoint[@]}}" "$@"
}}
"""
DIRECTORY = tempfile.TemporaryDirectory()


def shell(command, fails=False):
    """Types a command into a shell; what it printed."""
    done = subprocess.run(["bash", "-c", PREAMBLE + command], capture_output=True, text=True, timeout=60, cwd=DIRECTORY.name)
    if (done.returncode != 0) != fails:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stderr if fails else done.stdout


def answered():
    with open(os.path.join(DIRECTORY.name, "response.json"), encoding="utf-8") as file:
        return json.load(file)


class Tail:
    """`aws logs tail … --follow`, and what it printed so far."""

    def __init__(self, group, *options):
        command = [AWS, "--endpoint-url", os.environ["AWS_ENDPOINT_URL"], "logs", "tail", group, "--follow", *options]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.lines, self.printed = queue.SimpleQueue(), []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.lines.put(line.rstrip("\n"))

    def seen(self):
        while not self.lines.empty():
            self.printed.append(self.lines.get())
        return self.printed

    def end(self):
        self.child.terminate()
        self.child.wait()


contains("aws-cli is of version 2", shell("aws --version"), "aws-cli/2.")

# 1. Test order creation.
invoked = json.loads(shell("""aws lambda invoke \\
  --function-name order-creator \\
  --payload '{
    "customerName": "Alice Smith",
    "snackItems": [
      {"name": "Pretzels", "quantity": 1, "price": 2.99},
      {"name": "Coffee", "quantity": 1, "price": 4.50}
    ],
    "totalAmount": 7.49
  }' \\
  response.json"""))
equal("aws lambda invoke", invoked, {"StatusCode": 200, "ExecutedVersion": "$LATEST"})
alice = answered()
equal("the order is answered", (alice["statusCode"], alice["order"]["status"], alice["order"]["totalAmount"]), (201, "NEW", 7.49))
equal("with its items", alice["order"]["snackItems"],
      [{"name": "Pretzels", "quantity": 1, "price": 2.99}, {"name": "Coffee", "quantity": 1, "price": 4.5}])
ALICE = alice["order"]["orderId"]

# 2. Verify the order.
scanned = json.loads(shell("aws dynamodb scan --table-name Orders"))
equal("aws dynamodb scan", (scanned["Count"], scanned["ScannedCount"]), (1, 1))
item = scanned["Items"][0]
equal("the order is stored", (item["orderId"], item["customerName"], item["totalAmount"]),
      ({"S": ALICE}, {"S": "Alice Smith"}, {"N": "7.49"}))
equal("as its description says", sorted(set(item) - {"processedAt"}),
      ["createdAt", "customerName", "orderId", "snackItems", "status", "totalAmount", "updatedAt"])

# 3. Check the logs.
for function in ("order-creator", "order-processor"):
    groups = json.loads(shell(f'aws logs describe-log-groups --log-group-name-prefix "/aws/lambda/{function}"'))["logGroups"]
    equal(f"aws logs describe-log-groups: {function}", [group["logGroupName"] for group in groups], [f"/aws/lambda/{function}"])
    equal(f"{function} keeps its lines for a while", groups[0]["retentionInDays"], 14)

# The complete flow, while somebody follows the lines of the processor.
tail = Tail("/aws/lambda/order-processor")
soon("aws logs tail --follow shows what was printed before", lambda: [line for line in tail.seen() if ALICE in line],
     lambda seen: len(seen) >= 2, seconds=30)
text = shell("""ORDER_RESPONSE=$(aws lambda invoke \\
  --function-name order-creator \\
  --payload '{
    "customerName": "Bob Wilson", 
    "snackItems": [{"name": "Nuts", "quantity": 3, "price": 5.99}],
    "totalAmount": 17.97
  }' \\
  --output text response.json); echo "$ORDER_RESPONSE" """)
equal("aws lambda invoke as text", text.split(), ["$LATEST", "200"])
bob = answered()
BOB = bob["order"]["orderId"]
followed = soon("aws logs tail --follow shows what is printed now", lambda: [line for line in tail.seen() if BOB in line],
                lambda seen: len(seen) >= 2, seconds=30)
tail.end()
contains("with its time and its stream", followed[0], "+00:00 20", "/[$LATEST]")
structured = [json.loads(line[line.index("{"):]) for line in followed]
equal("in structured lines with one correlation id", {line["correlationId"] for line in structured}, {bob["correlationId"]})
within("and how long the order took, in ms", structured[-1]["latencyMs"], 0, 10_000)
STATUS = """aws dynamodb scan --table-name Orders \\
  --filter-expression "#status = :status" \\
  --expression-attribute-names '{"#status": "status"}' \\
  --expression-attribute-values '{":status": {"S": "PROCESSED"}}'"""
processed = soon("aws dynamodb scan with a filter shows both PROCESSED", lambda: json.loads(shell(STATUS)),
                 lambda seen: seen["Count"] == 2, seconds=30)
equal("and who they are", {one["orderId"]["S"] for one in processed["Items"]}, {ALICE, BOB})
said("each with the time of that", all(one["processedAt"] == one["updatedAt"] for one in processed["Items"]), True, processed)
equal("of none other", json.loads(shell(STATUS.replace('"PROCESSED"', '"NEW"')))["Count"], 0)

# Debugging commands.
for function, marks in {"order-creator": ["START RequestId", "Order Created"], "order-processor": ["Order processed"]}.items():
    printed = shell(f"timeout 5 {AWS} --endpoint-url $AWS_ENDPOINT_URL logs tail /aws/lambda/{function} --follow || [ $? = 124 ]")
    contains(f"aws logs tail /aws/lambda/{function} --follow", printed, *marks)
printed = shell("aws logs tail /aws/lambda/order-creator --since 5m --format short --filter-pattern '\"Order Created\"'")
equal("aws logs tail --since --format short --filter-pattern", len(printed.splitlines()), 2)
equal("aws logs tail --since 1s shows nothing older", shell("aws logs tail /aws/lambda/order-creator --since 1s"), "")
url = json.loads(shell("aws sqs get-queue-url --queue-name serverless-snacks-dlq"))["QueueUrl"]
equal("aws sqs receive-message: nothing has failed", shell(f"aws sqs receive-message --queue-url {url}"), "")
kept = json.loads(shell(f"aws sqs get-queue-attributes --queue-url {url} --attribute-names MessageRetentionPeriod"))
equal("the dead-letter queue keeps messages for 14 days", kept["Attributes"], {"MessageRetentionPeriod": "1209600"})

# The bus between the two functions: what its rule looks for, whom it brings that to, and what the archive kept.
buses = json.loads(shell("aws events list-event-buses --name-prefix serverless-snacks"))["EventBuses"]
equal("aws events list-event-buses", [bus["Name"] for bus in buses], ["serverless-snacks-orders"])
rules = json.loads(shell("aws events list-rules --event-bus-name serverless-snacks-orders"))["Rules"]
equal("aws events list-rules", [(one["Name"], one["State"], json.loads(one["EventPattern"])) for one in rules],
      [("order-created", "ENABLED", {"source": ["serverless-snacks"], "detail-type": ["Order Created"]})])
targets = json.loads(shell("aws events list-targets-by-rule --rule order-created --event-bus-name serverless-snacks-orders"))["Targets"]
DLQ = "arn:aws:sqs:us-east-1:000000000000:serverless-snacks-dlq"
equal("aws events list-targets-by-rule", targets,
      [{"Id": "order-processor", "Arn": "arn:aws:lambda:us-east-1:000000000000:function:order-processor",
        "DeadLetterConfig": {"Arn": DLQ}}])
archive = json.loads(shell("aws events describe-archive --archive-name serverless-snacks-orders"))
equal("aws events describe-archive: as many events as orders", (archive["State"], archive["EventCount"], archive["RetentionDays"]),
      ("ENABLED", 2, 14))
# An event put by somebody else is processed like the creator's own; AWS adds what stands around its detail.
foreign = {"orderId": "by-hand", "createdAt": "2025-10-26T10:30:00.000Z", "correlationId": "hand"}
shell("""aws dynamodb put-item --table-name Orders --item '{"orderId": {"S": "by-hand"}, "status": {"S": "NEW"}}'""")
entries = json.dumps([{"Source": "serverless-snacks", "DetailType": "Order Created", "Detail": json.dumps(foreign),
                       "EventBusName": "serverless-snacks-orders"}])
put = json.loads(shell(f"aws events put-events --entries '{entries}'"))
equal("aws events put-events", put["FailedEntryCount"], 0)
soon("its order becomes PROCESSED", lambda: json.loads(shell(
    """aws dynamodb get-item --table-name Orders --key '{"orderId": {"S": "by-hand"}}'"""))["Item"]["status"]["S"],
     lambda seen: seen == "PROCESSED", seconds=30)
shell("""aws dynamodb delete-item --table-name Orders --key '{"orderId": {"S": "by-hand"}}'""")

# Beyond the description: what is wrong, and who is asked without waiting.
shell("""aws lambda invoke --function-name order-creator --payload '{"customerName": "Eve", "totalAmount": 1}' response.json""")
equal("an order that is wrong is answered", (answered()["statusCode"], answered()["problems"]), (400, ["snackItems: is missing"]))
event = json.dumps({"detail-type": "Order Created", "detail": {"orderId": ALICE, "correlationId": "twice"}})
accepted = json.loads(shell(f"aws lambda invoke --function-name order-processor --invocation-type Event --payload '{event}' response.json"))
equal("aws lambda invoke --invocation-type Event", accepted, {"StatusCode": 202})
soon("an event that comes twice is noticed",
     lambda: shell("aws logs tail /aws/lambda/order-processor --since 1m --filter-pattern '{ $.correlationId = twice }'"),
     lambda seen: "Order was processed before" in seen, seconds=30)
again = [one for one in json.loads(shell("aws dynamodb scan --table-name Orders"))["Items"] if one["orderId"]["S"] == ALICE]
equal("and changes nothing", again, [one for one in processed["Items"] if one["orderId"]["S"] == ALICE])
dry = json.loads(shell("aws lambda invoke --function-name order-creator --invocation-type DryRun response.json"))
equal("aws lambda invoke --invocation-type DryRun", dry, {"StatusCode": 204})
failed = json.loads(shell("aws lambda invoke --function-name order-processor --payload '{}' --log-type Tail response.json"))
equal("a function that fails says so", (failed["StatusCode"], failed["FunctionError"], answered()["errorType"]), (200, "Unhandled", "InvalidEvent"))
complaint = shell("aws lambda invoke --function-name nobody response.json", fails=True)
contains("a function that is not there", complaint, "(ResourceNotFoundException)",
         "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody")
got = json.loads(shell("aws lambda get-function --function-name order-processor"))["Configuration"]
expected = {"FunctionName": "order-processor", "State": "Active", "LastUpdateStatus": "Successful", "Version": "$LATEST",
            "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:serverless-snacks-dlq"}}
equal("aws lambda get-function", {name: got.get(name) for name in expected}, expected)
equal("with the variables of its environment", sorted(got["Environment"]["Variables"]), ["EVENT_BUS_NAME", "ORDERS_TABLE_NAME"])
begun = time.monotonic()
shell("aws lambda wait function-active-v2 --function-name order-creator")
within("aws lambda wait function-active-v2 ends at once, in s", time.monotonic() - begun, 0, 10)
