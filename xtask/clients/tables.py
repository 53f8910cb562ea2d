"""Decides that tables answer boto3 as DynamoDB does: each operation, its answer, and what it refuses."""

import uuid
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Key
from botocore.config import Config
from check import contains, equal, refuses, said, within

# Without the client's own checks, so that the server's are seen.
dynamodb = boto3.client("dynamodb", config=Config(parameter_validation=False, retries={"max_attempts": 0}))
TABLE = "NewOrders"
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/NewOrders/stream/"


def key(order):
    return {"orderId": {"S": order}}


def put(item, **more):
    return dynamodb.put_item(TableName=TABLE, Item=item, **more)


def get(order, **more):
    return dynamodb.get_item(TableName=TABLE, Key=key(order), **more)


def bare(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# Values, as they come and as they are kept.
everything = {
    "orderId": {"S": "T-VALUES"},
    "text": {"S": "Größe 🚀 \u0000 \"quoted\" \\ \n"},
    "empty": {"S": ""},
    "long": {"N": "12345678901234567890123456789012345678"},
    "least": {"N": "-9.9999999999999999999999999999999999999E+125"},
    "nearly nothing": {"N": "1E-130"},
    "bytes": {"B": bytes(range(256))},
    "no bytes": {"B": b""},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "none": {"NULL": True},
    "texts": {"SS": ["b", "a", "ä"]},
    "numbers": {"NS": ["2", "1", "10"]},
    "binaries": {"BS": [b"\x00", b"\xff"]},
    "list": {"L": [{"N": "1"}, {"S": "two"}, {"L": []}, {"M": {}}]},
    "map": {"M": {"deep": {"M": {"er": {"L": [{"NULL": True}]}}}}},
}
answer = put(everything)
equal("PutItem answers nothing", bare(answer), {})
headers = answer["ResponseMetadata"]["HTTPHeaders"]
said("an answer has a request id", bool(headers.get("x-amzn-requestid")), "x-amzn-requestid", headers)
said("an answer has its checksum", headers.get("x-amz-crc32", "").isdigit(), "x-amz-crc32", headers)
kept = get("T-VALUES", ConsistentRead=True)["Item"]
for name in ("texts", "numbers", "binaries"):
    [(kind, values)] = kept[name].items()
    kept[name] = {kind: sorted(values)}
    everything[name] = {kind: sorted(everything[name][kind])}
for name in ("least", "nearly nothing"):
    # Exponents are written out.
    everything[name] = {"N": format(Decimal(everything[name]["N"]), "f")}
equal("GetItem gives back each value as it was", kept, everything)
spellings = {
    "1.50": "1.5", "1e2": "100", "-0": "0", "0.0": "0", "007": "7", "1E-2": "0.01", "+5": "5", "-1.10E1": "-11",
    "0.00000000000000000000000000000000000001": "0.00000000000000000000000000000000000001",
}
put({"orderId": {"S": "T-NUMBERS"}} | {given: {"N": given} for given in spellings})
kept = get("T-NUMBERS")["Item"]
equal("numbers are kept in their canonical text", {g: kept[g]["N"] for g in spellings}, spellings)

# Single items.
put(key("T-ONE") | {"status": {"S": "pending"}})
old = put(key("T-ONE") | {"status": {"S": "shipped"}}, ReturnValues="ALL_OLD")
equal("PutItem gives the old item back", bare(old), {"Attributes": key("T-ONE") | {"status": {"S": "pending"}}})
equal("PutItem without an old item gives none", bare(put(key("T-TWO"), ReturnValues="ALL_OLD")), {})
capacity = put(key("T-ONE") | {"pad": {"S": "x" * 3000}}, ReturnConsumedCapacity="TOTAL")
equal("PutItem says what it cost", capacity["ConsumedCapacity"], {"TableName": TABLE, "CapacityUnits": 3.0})
capacity = get("T-ONE", ReturnConsumedCapacity="TOTAL")
equal("GetItem says what it cost", capacity["ConsumedCapacity"], {"TableName": TABLE, "CapacityUnits": 0.5})
capacity = get("T-ONE", ConsistentRead=True, ReturnConsumedCapacity="INDEXES")
equal("and with its indexes", capacity["ConsumedCapacity"],
      {"TableName": TABLE, "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}})
equal("GetItem of nothing answers nothing", bare(get("T-NOTHING")), {})
arn = "arn:aws:dynamodb:us-east-1:000000000000:table/NewOrders"
equal("a table may be named by its ARN", bare(dynamodb.get_item(TableName=arn, Key=key("T-TWO"))), {"Item": key("T-TWO")})
old = dynamodb.delete_item(TableName=TABLE, Key=key("T-TWO"), ReturnValues="ALL_OLD")
equal("DeleteItem gives the old item back", bare(old), {"Attributes": key("T-TWO")})
equal("what was deleted is gone", bare(get("T-TWO")), {})
equal("DeleteItem of nothing is fine", bare(dynamodb.delete_item(TableName=TABLE, Key=key("T-TWO"))), {})

# Batches.
put(key("T-BATCH-GOES"))
requests = [{"PutRequest": {"Item": key(f"T-BATCH-{at}") | {"at": {"N": str(at)}}}} for at in range(24)]
requests.append({"DeleteRequest": {"Key": key("T-BATCH-GOES")}})
answer = dynamodb.batch_write_item(RequestItems={TABLE: requests}, ReturnConsumedCapacity="TOTAL")
equal("BatchWriteItem leaves nothing undone", answer["UnprocessedItems"], {})
equal("BatchWriteItem says what it cost", answer["ConsumedCapacity"], [{"TableName": TABLE, "CapacityUnits": 25.0}])
equal("what a batch put is there", [get(f"T-BATCH-{at}")["Item"]["at"]["N"] for at in range(24)], [str(n) for n in range(24)])
equal("what a batch deleted is gone", bare(get("T-BATCH-GOES")), {})
refuses("a batch of 26 is refused", lambda: dynamodb.batch_write_item(
    RequestItems={TABLE: [{"PutRequest": {"Item": key(f"T-26-{at}")}} for at in range(26)]}),
    "ValidationException", "Member must have length less than or equal to 25")
refuses("a batch with one key twice is refused", lambda: dynamodb.batch_write_item(
    RequestItems={TABLE: [{"PutRequest": {"Item": key("T-TWICE")}}, {"DeleteRequest": {"Key": key("T-TWICE")}}]}),
    "ValidationException", "Provided list of item keys contains duplicates")
refuses("a batch into no table is refused", lambda: dynamodb.batch_write_item(
    RequestItems={TABLE: [{"PutRequest": {"Item": key("T-HALF")}}], "Nowhere": [{"PutRequest": {"Item": key("a")}}]}),
    "ResourceNotFoundException", "Requested resource not found", kind="ResourceNotFoundException")
refuses("a batch with an item of another key is refused", lambda: dynamodb.batch_write_item(
    RequestItems={TABLE: [{"PutRequest": {"Item": {"orderId": {"N": "5"}}}}]}),
    "ValidationException", "The provided key element does not match the schema")
refuses("a batch with a bad item is refused", lambda: dynamodb.batch_write_item(
    RequestItems={TABLE: [{"PutRequest": {"Item": key("T-HALF")}}, {"PutRequest": {"Item": {"no": {"S": "key"}}}}]}),
    "ValidationException", "")
equal("and nothing of a refused batch is written", bare(get("T-HALF")), {})
equal("metrics of collections are of tables with local indexes, so there are none",
      bare(put(key("T-METRICS"), ReturnItemCollectionMetrics="SIZE")), {})
answer = dynamodb.batch_get_item(ReturnConsumedCapacity="TOTAL", RequestItems={TABLE: {
    "Keys": [key("T-BATCH-3"), key("T-NOTHING"), key("T-BATCH-5")], "ConsistentRead": True,
    "ProjectionExpression": "#at", "ExpressionAttributeNames": {"#at": "at"}}})
equal("BatchGetItem finds what is there", sorted(one["at"]["N"] for one in answer["Responses"][TABLE]), ["3", "5"])
equal("BatchGetItem leaves nothing undone", answer["UnprocessedKeys"], {})
equal("BatchGetItem says what it cost, of what is not there too", answer["ConsumedCapacity"],
      [{"TableName": TABLE, "CapacityUnits": 3.0}])
equal("an item that has nothing of what is wanted is there",
      dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [key("T-BATCH-3")], "ProjectionExpression": "nope"}})["Responses"],
      {TABLE: [{}]})
refuses("BatchGetItem of one key twice is refused",
        lambda: dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [key("T-BATCH-3"), key("T-BATCH-3")]}}),
        "ValidationException", "Provided list of item keys contains duplicates")
refuses("BatchGetItem of 101 keys is refused",
        lambda: dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [key(f"T-{at}") for at in range(101)]}}),
        "ValidationException", "Member must have length less than or equal to 100")
refuses("BatchGetItem of no table is refused",
        lambda: dynamodb.batch_get_item(RequestItems={"Nowhere": {"Keys": [key("a")]}}), "ResourceNotFoundException",
        "Requested resource not found", kind="ResourceNotFoundException")
refuses("BatchGetItem by another key is refused",
        lambda: dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [{"other": {"S": "a"}}]}}),
        "ValidationException", "The provided key element does not match the schema")
large = [f"T-LARGE-{at}" for at in range(45)]
for order in large:
    put(key(order) | {"pad": {"S": "x" * 390_000}})
pages, wanted = [], {TABLE: {"Keys": [key(order) for order in large], "ProjectionExpression": "orderId"}}
while wanted and len(pages) < 9:
    answer = dynamodb.batch_get_item(RequestItems=wanted)
    pages.append(sorted(one["orderId"]["S"] for one in answer["Responses"].get(TABLE, [])))
    wanted = answer["UnprocessedKeys"]
within("BatchGetItem gives keys back behind 16 MB", len(pages), 2, 9)
equal("and asked again for those it has them all", sorted(sum(pages, [])), sorted(large))
for order in large:
    dynamodb.delete_item(TableName=TABLE, Key=key(order))
refuses("an empty batch is refused", lambda: dynamodb.batch_write_item(RequestItems={}), "ValidationException", "requestItems")

# Tables.
table = dynamodb.describe_table(TableName=TABLE)["Table"]
expected = {
    "TableName": TABLE,
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "orderId", "AttributeType": "S"}],
    "TableArn": arn,
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
equal("DescribeTable", {name: table.get(name) for name in expected}, expected)
equal("DescribeTable: billing", table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
equal("DescribeTable: the stream", table["LatestStreamArn"], STREAM + table["LatestStreamLabel"])
equal("DescribeTable: an id that is a UUID", str(uuid.UUID(table["TableId"])), table["TableId"])
within("DescribeTable: items", table["ItemCount"], 20, 10_000)
refuses("DescribeTable of none", lambda: dynamodb.describe_table(TableName="Nowhere"), "ResourceNotFoundException",
        "Requested resource not found: Table: Nowhere not found", kind="ResourceNotFoundException")
equal("ListTables", bare(dynamodb.list_tables()), {"TableNames": [TABLE]})
equal("ListTables after the last", bare(dynamodb.list_tables(ExclusiveStartTableName=TABLE)), {"TableNames": []})
refuses("ListTables of 101", lambda: dynamodb.list_tables(Limit=101), "ValidationException", "limit")

# What is refused, in DynamoDB's words.
item = key("T-BAD")
refusals = {
    "no key": ({"status": {"S": "x"}}, "One or more parameter values were invalid: Missing the key orderId in the item"),
    "a key of another type": (
        {"orderId": {"N": "1"}},
        "One or more parameter values were invalid: Type mismatch for key orderId expected: S actual: N",
    ),
    "an empty key": (
        {"orderId": {"S": ""}},
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: orderId",
    ),
    "a key that is too long": (
        {"orderId": {"S": "x" * 2049}},
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
    ),
    "39 digits": (item | {"n": {"N": "1" * 39}}, "Attempting to store more than 38 significant digits in a Number"),
    "a number too large": (item | {"n": {"N": "1E126"}}, "Number overflow."),
    "a number too small": (item | {"n": {"N": "1E-131"}}, "Number underflow."),
    "no number": (item | {"n": {"N": "abc"}}, "The parameter cannot be converted to a numeric value: abc"),
    "an empty set": (item | {"n": {"SS": []}}, "An string set  may not be empty"),
    "a set with a value twice": (item | {"n": {"SS": ["a", "a"]}}, "contains duplicates."),
    "nought times a power of ten that is too large": (item | {"n": {"N": "0e126"}}, "Number overflow."),
    "a power of ten beyond all": (
        item | {"n": {"N": "1e9223372036854775808"}}, "The parameter cannot be converted to a numeric value"),
    "a NULL that is false": (item | {"n": {"NULL": False}}, "Null attribute value types must have the value of true"),
    "a value without a type": (item | {"n": {}}, "Supplied AttributeValue is empty"),
    "a value with two types": (item | {"n": {"S": "a", "N": "1"}}, "Supplied AttributeValue has more than one datatypes set"),
    "an item that is too large": (item | {"n": {"S": "x" * 409_600}}, "Item size has exceeded the maximum allowed size"),
}
for name, (bad, text) in refusals.items():
    refuses(f"PutItem with {name} is refused", lambda: put(bad), "ValidationException", text)
nested = {"S": "deep"}
for _ in range(31):
    nested = {"M": {"n": nested}}
equal("an attribute may have 32 levels", bare(put(key("T-DEEP") | {"n": nested})), {})
refuses("PutItem with a value too deep is refused", lambda: put(item | {"n": {"M": {"n": nested}}}), "ValidationException",
        "nested levels beyond supported limit")
equal("and nothing of it is written", bare(get("T-BAD")), {})
for name, call in {
    "PutItem": lambda: dynamodb.put_item(TableName="Nowhere", Item=item),
    "GetItem": lambda: dynamodb.get_item(TableName="Nowhere", Key=item),
    "DeleteItem": lambda: dynamodb.delete_item(TableName="Nowhere", Key=item),
}.items():
    refuses(f"{name} on no table is refused", call, "ResourceNotFoundException", "Requested resource not found",
            kind="ResourceNotFoundException")
refuses("GetItem with another key is refused",
        lambda: dynamodb.get_item(TableName=TABLE, Key={"other": {"S": "x"}}),
        "ValidationException", "The provided key element does not match the schema")
refuses("DeleteItem with more than the key is refused",
        lambda: dynamodb.delete_item(TableName=TABLE, Key=item | {"more": {"S": "x"}}), "ValidationException", "key")
refuses("PutItem that wants ALL_NEW back is refused", lambda: put(item, ReturnValues="ALL_NEW"),
        "ValidationException", "ReturnValues can only be ALL_OLD or NONE")
refuses("a table's name that is too short is refused", lambda: dynamodb.describe_table(TableName="ab"),
        "ValidationException", "Member must have length greater than or equal to 3")
refuses("a request without its table is refused", lambda: dynamodb.get_item(Key=item), "ValidationException", "tableName")

# What is not handled is refused by name: the older language.
unhandled = {
    "Expected": lambda: put(item, Expected={"orderId": {"Exists": False}}),
    "AttributesToGet": lambda: get("T-ONE", AttributesToGet=["orderId"]),
    "ScanFilter": lambda: dynamodb.scan(TableName=TABLE, ScanFilter={"a": {"ComparisonOperator": "NOT_NULL"}}),
    "AttributeUpdates": lambda: dynamodb.update_item(TableName=TABLE, Key=item, AttributeUpdates={"a": {"Action": "DELETE"}}),
}
for member, call in unhandled.items():
    refuses(f"{member}, which is not handled, is refused by name", call, "ValidationException", member)
equal("and nothing of them is written", bare(get("T-BAD")), {})

# Queries, as boto3 itself writes them and by hand.
for order in ("T-Q1", "T-Q2"):
    put(key(order) | {"status": {"S": "pending"}, "lines": {"L": [{"S": "a"}, {"S": "b"}]}})


def query(condition="orderId = :o", order="T-Q1", **more):
    values = {":o": {"S": order}}
    return dynamodb.query(TableName=TABLE, KeyConditionExpression=condition, ExpressionAttributeValues=values, **more)


equal("Query by the key finds its item", bare(query())["Items"], [bare(get("T-Q1"))["Item"]])
equal("Query of none finds nothing", bare(query(order="T-NONE")), {"Items": [], "Count": 0, "ScannedCount": 0})
equal("Query says what was asked for", bare(query(Limit=1, ProjectionExpression="#l[1]", ExpressionAttributeNames={"#l": "lines"})),
      {"Items": [{"lines": {"L": [{"S": "b"}]}}], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": key("T-Q1")})
equal("Query goes on after the last key", bare(query(ExclusiveStartKey=key("T-Q1")))["Count"], 0)
equal("Query counts", bare(query(Select="COUNT")), {"Count": 1, "ScannedCount": 1})
resource = boto3.resource("dynamodb").Table(TABLE)
equal("Query with the resource's conditions", resource.query(KeyConditionExpression=Key("orderId").eq("T-Q2"))["Count"], 1)
pages = dynamodb.get_paginator("query").paginate(
    TableName=TABLE, KeyConditionExpression="orderId = :o", ExpressionAttributeValues={":o": {"S": "T-Q1"}},
    PaginationConfig={"PageSize": 1})
equal("Query in pages comes to its end", sum(page["Count"] for page in pages), 1)
queries = {
    "an operator that keys do not have": (lambda: query("orderId <> :o"), "Invalid operator used in KeyConditionExpression: <>"),
    "a range of the hash": (lambda: query("orderId > :o"), "Query key condition not supported"),
    "another attribute": (lambda: query("tier = :o"), "Query condition missed key schema element: orderId"),
    "a reserved word": (lambda: query("status = :o"), "reserved keyword: status"),
    "half an expression": (lambda: query("orderId ="), 'Syntax error; token: "<EOF>"'),
    "an index that is not there": (lambda: query(IndexName="nothing"), "The table does not have the specified index: nothing"),
    "another's start": (lambda: query(ExclusiveStartKey=key("T-Q2")), "The provided starting key is outside query boundaries"),
}
for name, (call, text) in queries.items():
    refuses(f"Query with {name} is refused", call, "ValidationException", text)
equal("no item expires", bare(dynamodb.describe_time_to_live(TableName=TABLE)),
      {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}})
refuses("UpdateTimeToLive of what is so already is refused",
        lambda: dynamodb.update_time_to_live(TableName=TABLE, TimeToLiveSpecification={"AttributeName": "x", "Enabled": False}),
        "ValidationException", "TimeToLive is already disabled")

unknown = {
    "TransactWriteItems": lambda: dynamodb.transact_write_items(TransactItems=[]),
    "CreateTable": lambda: dynamodb.create_table(TableName="New"),
    "DeleteTable": lambda: dynamodb.delete_table(TableName=TABLE),
}
for operation, call in unknown.items():
    refuses(f"{operation}, which is not run, is refused", call, "UnknownOperationException", operation)
contains("and the table is still there", str(dynamodb.list_tables()["TableNames"]), TABLE)
