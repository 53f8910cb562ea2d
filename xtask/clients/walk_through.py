"""Decides that the first steps work as they are written down: with aws-cli, from a put to a log line to explain."""

import json
import os
import subprocess
import sys

from check import contains, equal, said, soon

AWS = os.path.join(os.environ["CLIENTS_BIN"], "aws")


def run(*arguments):
    """Runs a program; its exit code, its output, what it complained."""
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def aws(*arguments):
    """Runs aws-cli and reads its JSON."""
    # Version 1 has an endpoint of its own for queues, which counts more than AWS_ENDPOINT_URL but less than the option.
    more = ["--endpoint-url", os.environ["AWS_ENDPOINT_URL"]] if arguments[0] == "sqs" else []
    code, output, complaint = run(AWS, *arguments, *more)
    if code != 0:
        sys.exit(f"aws {' '.join(arguments)} ended with {code}: {complaint}")
    return json.loads(output) if output.strip() else {}


def orderflow(*arguments):
    """Runs our own command line against the server, found by its data directory."""
    return run(os.environ["ORDERFLOW"], "--data-dir", os.environ["ORDERFLOW_DATA"], *arguments)


def put(status):
    item = {
        "orderId": {"S": "ORD-1001"},
        "status": {"S": status},
        "amount": {"N": "1500"},
        "customerEmail": {"S": "vip@example.com"},
    }
    return aws("dynamodb", "put-item", "--table-name", "NewOrders", "--item", json.dumps(item))


def lines(group, *more):
    found = aws("logs", "filter-log-events", "--log-group-name", group, *more)
    return [event["message"].rstrip("\n") for event in found["events"]]


equal("aws dynamodb put-item, pending, answers nothing", put("pending"), {})
equal("aws dynamodb put-item, shipped, answers nothing", put("shipped"), {})
wanted = "🚀 Premium order shipped! Order ID: ORD-1001 | Amount: 1500.0"
soon(
    "aws logs filter-log-events shows the premium order",
    lambda: lines("/aws/lambda/PremiumOrderLambda"),
    lambda seen: wanted in seen,
)
premium = lines("/aws/lambda/PremiumOrderLambda")
equal("the premium order is shown once", premium.count(wanted), 1)
for mark in ("START RequestId: ", "END RequestId: ", "REPORT RequestId: "):
    said(f"the function's group has a {mark.split()[0]} line", any(line.startswith(mark) for line in premium), mark, premium)
soon(
    "aws logs filter-log-events shows both statuses of the standard order",
    lambda: [line for line in lines("/aws/lambda/OrderProcessorLambda") if line.startswith("✅")],
    lambda seen: seen
    == [f"✅ Processed order ORD-1001 | Status: {status} | Amount: 1500.0" for status in ("pending", "shipped")],
)
found = lines("/aws/lambda/OrderProcessorLambda", "--filter-pattern", '"Status: pending"')
equal("aws logs filter-log-events with a filter finds one line", len(found), 1)
item = aws("dynamodb", "get-item", "--table-name", "NewOrders", "--key", '{"orderId":{"S":"ORD-1001"}}', "--consistent-read")
equal("aws dynamodb get-item shows it shipped", item.get("Item", {}).get("status"), {"S": "shipped"})
equal("aws dynamodb list-tables", aws("dynamodb", "list-tables"), {"TableNames": ["NewOrders"]})
described = aws("dynamodb", "describe-table", "--table-name", "NewOrders")["Table"]
equal("aws dynamodb describe-table is active", described["TableStatus"], "ACTIVE")
equal("aws sts get-caller-identity", aws("sts", "get-caller-identity")["Account"], "000000000000")
functions = [one["FunctionName"] for one in aws("lambda", "list-functions")["Functions"]]
equal("aws lambda list-functions", functions, ["OrderProcessorLambda", "PremiumOrderLambda"])
queues = aws("sqs", "list-queues")["QueueUrls"]
equal("aws sqs list-queues", [url.rsplit("/", 1)[1] for url in queues], ["PremiumOrdersDLQ", "StandardOrdersDLQ"])
shipped = ["--filter-expression", "#status = :status", "--expression-attribute-names", '{"#status": "status"}',
           "--expression-attribute-values", '{":status": {"S": "shipped"}}']
scanned = aws("dynamodb", "scan", "--table-name", "NewOrders", *shipped)
equal("aws dynamodb scan with a filter finds it", [one["orderId"]["S"] for one in scanned["Items"]], ["ORD-1001"])

code, output, complaint = orderflow("explain", "ORD-1001")
equal("orderflow explain ends with 0", (code, complaint), (0, ""))
contains("orderflow explain shows both changes and both pipes", output, "INSERT", "MODIFY", "premium-standard-orders",
         "premium-premium-orders", "pending", "shipped")
code, output, _ = orderflow("explain", "ORD-1001", "--json")
[history] = json.loads(output)["histories"]
events = [change["event"] for change in history["changes"]]
equal("orderflow explain --json has both changes", events, ["INSERT", "MODIFY"])
verdicts = [
    {one["pipe"].removeprefix("premium-"): one["verdict"]["kind"] for one in change["pipes"]}
    for change in history["changes"]
]
equal(
    "orderflow explain has a verdict for each pipe and change",
    verdicts,
    [
        {"standard-orders": "matched", "premium-orders": "stopped"},
        {"standard-orders": "matched", "premium-orders": "matched"},
    ],
)
stopped = [one["verdict"] for one in history["changes"][0]["pipes"] if one["verdict"]["kind"] == "stopped"]
clauses = [clause for one in stopped for each in one["filters"] for clause in each["failures"]]
said(
    "the clause that stopped it is named with the value it saw",
    any(clause["path"].endswith("eventName") and any("INSERT" in seen for seen in clause["seen"]) for clause in clauses)
    or any("OldImage" in clause["path"] for clause in clauses),
    "eventName saw INSERT, or OldImage was not there",
    clauses,
)
settled = [one["verdict"].get("settled") for one in history["changes"][1]["pipes"]]
equal("both pipes are done with the second change", settled, [True, True])
equal("an order that is not known ends with 1", orderflow("explain", "ORD-NONE")[0], 1)
code, output, _ = orderflow("logs", "PremiumOrderLambda")
equal("orderflow logs ends with 0", code, 0)
contains("orderflow logs shows the premium order", output, wanted)
