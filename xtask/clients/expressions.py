"""Decides that conditions, updates, filters, projections and scans answer boto3 as DynamoDB does.

What is expected here is from DynamoDB's documentation: the developer guide's chapter on expressions (its operators, its
functions, its examples of SET, REMOVE, ADD and DELETE) and the reference of the operations.
"""

import boto3
from boto3.dynamodb.conditions import Attr
from botocore.config import Config
from botocore.exceptions import ClientError
from check import equal, refuses, said

# Without the client's own checks, so that the server's are seen.
dynamodb = boto3.client("dynamodb", config=Config(parameter_validation=False, retries={"max_attempts": 0}))
TABLE = "NewOrders"


def key(order):
    return {"orderId": {"S": order}}


def bare(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def put(order, **attributes):
    dynamodb.put_item(TableName=TABLE, Item=key(order) | attributes)


def stored(order):
    item = dynamodb.get_item(TableName=TABLE, Key=key(order), ConsistentRead=True).get("Item")
    return None if item is None else {name: value for name, value in item.items() if name != "orderId"}


def update(order, expression, values=None, names=None, **more):
    if values:
        more["ExpressionAttributeValues"] = values
    if names:
        more["ExpressionAttributeNames"] = names
    return bare(dynamodb.update_item(TableName=TABLE, Key=key(order), UpdateExpression=expression, **more))


# Conditions of writes: each is asked of one item and either lets a write through or does not.
SUBJECT = {
    "price": {"N": "500"},
    "brand": {"S": "Acme"},
    "tags": {"SS": ["red", "blue"]},
    "sizes": {"L": [{"N": "40"}, {"N": "41"}]},
    "maker": {"M": {"town": {"S": "Basel"}, "founded": {"N": "1901"}}},
    "picture": {"B": b"\x01\x02\x03"},
    "stocked": {"BOOL": True},
    "nothing": {"NULL": True},
}
VALUES = {
    ":low": {"N": "400"}, ":price": {"N": "500.0"}, ":high": {"N": "600"}, ":text": {"S": "500"},
    ":brand": {"S": "Acme"}, ":ac": {"S": "Ac"}, ":cm": {"S": "cm"}, ":red": {"S": "red"}, ":green": {"S": "green"},
    ":forty": {"N": "40"}, ":two": {"N": "2"}, ":four": {"N": "4"}, ":map": {"S": "M"}, ":number": {"S": "N"},
    ":town": {"S": "Basel"}, ":yes": {"BOOL": True}, ":null": {"NULL": True}, ":three": {"N": "3"},
    ":sizes": {"L": [{"N": "40"}, {"N": "41"}]}, ":tags": {"SS": ["blue", "red"]}, ":bytes": {"B": b"\x01"},
}


def used(expression):
    words = expression.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return {name: value for name, value in VALUES.items() if name in words}


def allows(expression, order="E-SUBJECT"):
    """Whether a write is done under this condition."""
    values = used(expression)
    more = {"ExpressionAttributeValues": values} if values else {}
    try:
        dynamodb.put_item(TableName=TABLE, Item=key(order) | SUBJECT, ConditionExpression=expression, **more)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


put("E-SUBJECT", **SUBJECT)
conditions = {
    "price = :price": True,  # 500 and 500.0 are one number.
    "price = :text": False,  # A number is no text.
    "price <> :text": True,
    "price < :high": True,
    "price > :high": False,
    "price <= :price": True,
    "price >= :price AND price <= :price": True,
    "price BETWEEN :low AND :high": True,
    "price BETWEEN :price AND :high": True,
    "NOT price BETWEEN :low AND :high": False,
    "brand IN (:red, :brand)": True,
    "brand IN (:red, :green)": False,
    "attribute_exists(price)": True,
    "attribute_exists(colour)": False,
    "attribute_not_exists(colour)": True,
    "attribute_not_exists(maker.street)": True,
    "attribute_exists(maker.town)": True,
    "attribute_exists(sizes[1])": True,
    "attribute_exists(sizes[2])": False,
    "attribute_type(maker, :map)": True,
    "attribute_type(price, :map)": False,
    "attribute_type(price, :number)": True,
    "begins_with(brand, :ac)": True,
    "begins_with(brand, :cm)": False,
    "begins_with(picture, :bytes)": True,
    "contains(brand, :cm)": True,
    "contains(tags, :red)": True,
    "contains(tags, :green)": False,
    "contains(sizes, :forty)": True,
    "contains(sizes, :red)": False,
    "size(brand) = :four": True,
    "size(picture) = :three": True,
    "size(tags) = :two": True,
    "size(sizes) = :two": True,
    "size(maker) > :two": False,
    "maker.town = :town": True,
    "sizes[0] = :forty": True,
    "sizes = :sizes": True,
    "tags = :tags": True,  # Sets have no order.
    "stocked = :yes": True,
    "nothing = :null": True,
    "colour = :red": False,
    "colour < :red": False,
    # AND binds before OR, NOT before both.
    "price > :high AND brand = :brand OR stocked = :yes": True,
    "price > :high AND (brand = :brand OR stocked = :yes)": False,
    "NOT price > :high AND stocked = :yes": True,
    "NOT (price > :high OR stocked = :yes)": False,
    "attribute_exists(price) and not attribute_exists(colour)": True,  # Keywords in any case.
}
for expression, expected in conditions.items():
    equal(f"condition: {expression}", allows(expression), expected)
equal("a first write goes through under attribute_not_exists", allows("attribute_not_exists(orderId)", "E-FIRST"), True)
equal("a second one does not", allows("attribute_not_exists(orderId)", "E-FIRST"), False)
refuses("a condition that does not hold", lambda: dynamodb.put_item(
    TableName=TABLE, Item=key("E-FIRST"), ConditionExpression="attribute_not_exists(orderId)"),
    "ConditionalCheckFailedException", "The conditional request failed", kind="ConditionalCheckFailedException")
try:
    dynamodb.delete_item(TableName=TABLE, Key=key("E-SUBJECT"), ConditionExpression="attribute_exists(colour)",
                         ReturnValuesOnConditionCheckFailure="ALL_OLD")
    said("a delete under a condition that does not hold", False, "a refusal", "none")
except ClientError as error:
    equal("the item comes with the refusal when asked for", error.response.get("Item", {}).get("brand"), {"S": "Acme"})
dynamodb.delete_item(TableName=TABLE, Key=key("E-FIRST"), ConditionExpression="price = :p",
                     ExpressionAttributeValues={":p": {"N": "500"}})
equal("a delete under a condition that holds", stored("E-FIRST"), None)

# Updates: SET.
ONE, FIVE = {":one": {"N": "1"}}, {":five": {"N": "5"}}
equal("UpdateItem of what is not there makes it", (update("E-NEW", "SET a = :one", ONE), stored("E-NEW")), ({}, {"a": {"N": "1"}}))
dynamodb.update_item(TableName=TABLE, Key=key("E-BARE"))
equal("UpdateItem without an expression makes an item of the key alone", stored("E-BARE"), {})


def after(expression, values=None, names=None, **before):
    """What an update makes of an item."""
    put("E-U", **before)
    update("E-U", expression, values, names)
    return stored("E-U")


A5 = {"a": {"N": "5"}}
LIST = {"l": {"L": [{"S": "x"}, {"S": "y"}, {"S": "z"}]}}
results = {
    "SET adds": (after("SET a = a + :one", ONE, **A5), {"a": {"N": "6"}}),
    "SET subtracts below nought": (after("SET a = :one - a", ONE, **A5), {"a": {"N": "-4"}}),
    "SET of several": (after("SET a = :one, b = :five", ONE | FIVE, **A5), {"a": {"N": "1"}, "b": {"N": "5"}}),
    "SET reads what was before, whatever the order": (
        after("SET a = b, b = a", a={"S": "left"}, b={"S": "right"}), {"a": {"S": "right"}, "b": {"S": "left"}}),
    "if_not_exists keeps what is there": (after("SET a = if_not_exists(a, :one)", ONE, **A5), A5),
    "if_not_exists sets what is not": (after("SET b = if_not_exists(b, :one)", ONE, **A5), A5 | {"b": {"N": "1"}}),
    "if_not_exists counts from nothing": (
        after("SET b = if_not_exists(b, :zero) + :one", ONE | {":zero": {"N": "0"}}), {"b": {"N": "1"}}),
    "list_append at the end": (
        after("SET l = list_append(l, :more)", {":more": {"L": [{"S": "w"}]}}, **LIST),
        {"l": {"L": [{"S": each} for each in "xyzw"]}}),
    "list_append at the front": (
        after("SET l = list_append(:more, l)", {":more": {"L": [{"S": "w"}]}}, **LIST),
        {"l": {"L": [{"S": each} for each in "wxyz"]}}),
    "SET of an element": (after("SET l[1] = :one", ONE, **LIST), {"l": {"L": [{"S": "x"}, {"N": "1"}, {"S": "z"}]}}),
    "SET behind the end appends": (
        after("SET l[9] = :one", ONE, **LIST), {"l": {"L": [{"S": "x"}, {"S": "y"}, {"S": "z"}, {"N": "1"}]}}),
    "SET of a field in a map": (
        after("SET m.b = :one", ONE, m={"M": {"a": {"S": "x"}}}), {"m": {"M": {"a": {"S": "x"}, "b": {"N": "1"}}}}),
    "SET by a name's stand-in": (after("SET #s = :one", ONE, {"#s": "status"}), {"status": {"N": "1"}}),
    "a stand-in may have a dot in it": (after("SET #s = :one", ONE, {"#s": "a.b"}), {"a.b": {"N": "1"}}),
    "REMOVE of an attribute": (after("REMOVE a", b={"S": "x"}, **A5), {"b": {"S": "x"}}),
    "REMOVE of what is not there": (after("REMOVE b", **A5), A5),
    "REMOVE of an element closes the gap": (after("REMOVE l[0], l[1]", **LIST), {"l": {"L": [{"S": "z"}]}}),
    "ADD to a number": (after("ADD a :five", FIVE, **A5), {"a": {"N": "10"}}),
    "ADD to nothing begins at nought": (after("ADD b :five", FIVE, **A5), A5 | {"b": {"N": "5"}}),
    "ADD to a set": (after("ADD s :more", {":more": {"NS": ["2", "3"]}}, s={"NS": ["2"]}), {"s": {"NS": ["2", "3"]}}),
    "DELETE from a set": (after("DELETE s :less", {":less": {"SS": ["x", "y"]}}, s={"SS": ["x", "z"]}), {"s": {"SS": ["z"]}}),
    "DELETE of a set's last": (after("DELETE s :less", {":less": {"SS": ["x"]}}, s={"SS": ["x"]}, **A5), A5),
    "all four clauses": (
        after("SET b = :one REMOVE c ADD a :five DELETE s :less", ONE | FIVE | {":less": {"SS": ["x"]}},
              c={"S": "goes"}, s={"SS": ["x", "y"]}, **A5),
        {"a": {"N": "10"}, "b": {"N": "1"}, "s": {"SS": ["y"]}}),
}
for name, (seen, expected) in results.items():
    # Sets come in any order.
    for value in seen.values():
        for kind in value.keys() & {"SS", "NS"}:
            value[kind].sort()
    equal(name, seen, expected)

# What an update gives back.
wanted = {
    "NONE": None,
    "ALL_OLD": key("E-R") | {"a": {"N": "5"}, "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}},
    "UPDATED_OLD": {"a": {"N": "5"}},
    "ALL_NEW": key("E-R") | {"a": {"N": "6"}, "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, "b": {"N": "1"}},
    "UPDATED_NEW": {"a": {"N": "6"}, "b": {"N": "1"}},
}
for values, expected in wanted.items():
    put("E-R", m={"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, **A5)
    equal(f"ReturnValues {values}", update("E-R", "SET a = a + :one, b = :one", ONE, ReturnValues=values).get("Attributes"), expected)
equal("ReturnValues UPDATED_NEW of a field is the field in its map",
      update("E-R", "SET m.x = :one", {":one": {"N": "7"}}, ReturnValues="UPDATED_NEW").get("Attributes"), {"m": {"M": {"x": {"N": "7"}}}})
equal("of what was not there nothing comes back", update("E-R2", "SET a = :one", ONE, ReturnValues="ALL_OLD"), {})
equal("an update says what it cost", update("E-R", "SET a = :one", ONE, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"],
      {"TableName": TABLE, "CapacityUnits": 1.0})
refuses("an update under a condition that does not hold",
        lambda: update("E-R", "SET a = :one", ONE, ConditionExpression="attribute_not_exists(a)"),
        "ConditionalCheckFailedException", "The conditional request failed", kind="ConditionalCheckFailedException")

# Updates that cannot be done.
before = stored("E-R")
faults = {
    "of the key": ("SET orderId = :v", "Cannot update attribute orderId. This attribute is part of the key"),
    "under a parent that is not there": ("SET q.r = :v", "The document path provided in the update expression is invalid for update"),
    "that reads what is not there": ("SET a = q + :v", "The provided expression refers to an attribute that does not exist in the item"),
    "that adds a number to a map": ("SET a = m + :v", "An operand in the update expression has an incorrect data type"),
    "that is empty": ("", "Invalid UpdateExpression: The expression can not be empty;"),
    "that is cut off": ("SET a =", 'Invalid UpdateExpression: Syntax error; token: "<EOF>"'),
    "of a reserved word": ("SET status = :v", "Attribute name is a reserved keyword; reserved keyword: status"),
    "with two SETs": ("SET a = :v SET b = :v", 'The "SET" section can only be used once in an update expression;'),
    "of two overlapping paths": ("SET m = :v, m.x = :v",
                                 "Two document paths overlap with each other; must remove or rewrite one of these paths"),
    "with a function that there is not": ("SET a = plus(:v, :v)", "Invalid function name; function: plus"),
    "with a value that nobody gave": ("SET a = :w", "An expression attribute value used in expression is not defined; attribute value: :w"),
    "with a name that nobody gave": ("SET #n = :v", "An expression attribute name used in the document path is not defined; attribute name: #n"),
    "that ADDs a text": ("ADD a :s", "Incorrect operand type for operator or function; operator: ADD, operand type: STRING"),
}
for name, (expression, text) in faults.items():
    values = {":s": {"S": "x"}} if ":s" in expression else {":v": {"N": "1"}}
    refuses(f"an update {name}", lambda: update("E-R", expression, values), "ValidationException", text)
refuses("a value that no expression uses", lambda: update("E-R", "SET a = :v", {":v": {"N": "1"}, ":w": {"N": "1"}}),
        "ValidationException", "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}")
refuses("a name that no expression uses", lambda: update("E-R", "REMOVE a", names={"#w": "w"}),
        "ValidationException", "Value provided in ExpressionAttributeNames unused in expressions: keys: {#w}")
refuses("values without an expression", lambda: dynamodb.put_item(
    TableName=TABLE, Item=key("E-R"), ExpressionAttributeValues={":a": {"S": "b"}}),
    "ValidationException", "ExpressionAttributeValues can only be specified when using expressions")
refuses("IN with more than a hundred values", lambda: dynamodb.scan(
    TableName=TABLE, FilterExpression=f"a IN ({', '.join([':a'] * 163)})", ExpressionAttributeValues={":a": {"S": "b"}}),
    "ValidationException", "The IN operator is provided with too many operands; number of operands: 163")
refuses("the older language beside an expression",
        lambda: update("E-R", "REMOVE a", Expected={"a": {"Exists": False}}),
        "ValidationException", "Can not use both expression and non-expression parameters in the same request")
equal("and nothing of them is written", stored("E-R"), before)

# Projections.
item = lambda projection, **more: bare(dynamodb.get_item(
    TableName=TABLE, Key=key("E-SUBJECT"), ProjectionExpression=projection, **more)).get("Item")
equal("a projection", item("price, maker.town, sizes[1]"),
      {"price": {"N": "500"}, "maker": {"M": {"town": {"S": "Basel"}}}, "sizes": {"L": [{"N": "41"}]}})
equal("of what is not there nothing comes", item("colour, price"), {"price": {"N": "500"}})
equal("a projection by a stand-in", item("#m.#t", ExpressionAttributeNames={"#m": "maker", "#t": "town"}),
      {"maker": {"M": {"town": {"S": "Basel"}}}})
refuses("overlapping projections", lambda: item("maker, maker.town"), "ValidationException",
        "Invalid ProjectionExpression: Two document paths overlap with each other")
refuses("a condition with a function that takes one path more", lambda: allows("begins_with(brand)"), "ValidationException",
        "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1")
refuses("size as a condition", lambda: allows("size(brand)"), "ValidationException",
        "The function is not allowed to be used this way in an expression; function: size")
refuses("redundant parentheses", lambda: allows("((price = :price))"), "ValidationException",
        "The expression has redundant parentheses;")
refuses("bounds the wrong way round", lambda: allows("price BETWEEN :high AND :low"), "ValidationException",
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound")

# Scans.
for at in range(12):
    put(f"E-S{at:02}", status={"S": "NEW" if at % 3 else "PROCESSED"}, at={"N": str(at)}, scanned={"BOOL": True})
MINE = "scanned = :mine"
TRUE = {":mine": {"BOOL": True}}


def scan(**more):
    return bare(dynamodb.scan(TableName=TABLE, **more))


def orders(items):
    return sorted(item["orderId"]["S"] for item in items)


everything = scan()
equal("Scan finds as many as it says", (everything["Count"], everything["ScannedCount"]), (len(everything["Items"]),) * 2)
all_mine = [f"E-S{at:02}" for at in range(12)]
found = scan(FilterExpression=MINE, ExpressionAttributeValues=TRUE)
equal("Scan with a filter", orders(found["Items"]), all_mine)
equal("counts what it keeps and what it read", (found["Count"], found["ScannedCount"]), (12, everything["ScannedCount"]))
processed = scan(FilterExpression="#status = :status AND scanned = :mine", ExpressionAttributeNames={"#status": "status"},
                 ExpressionAttributeValues={":status": {"S": "PROCESSED"}} | TRUE)
equal("Scan by a reserved word's stand-in", orders(processed["Items"]), ["E-S00", "E-S03", "E-S06", "E-S09"])
equal("Scan that counts", scan(Select="COUNT", FilterExpression=MINE, ExpressionAttributeValues=TRUE),
      {"Count": 12, "ScannedCount": everything["ScannedCount"]})
only = scan(FilterExpression=MINE, ExpressionAttributeValues=TRUE, ProjectionExpression="#at", ExpressionAttributeNames={"#at": "at"})
equal("Scan with a projection", sorted(int(i["at"]["N"]) for i in only["Items"]), list(range(12)))
equal("and nothing else", {tuple(i) for i in only["Items"]}, {("at",)})
page = scan(Limit=2)
equal("Scan in pages says where it stopped", (page["ScannedCount"], sorted(page["LastEvaluatedKey"])), (2, ["orderId"]))
pages = list(dynamodb.get_paginator("scan").paginate(
    TableName=TABLE, FilterExpression=MINE, ExpressionAttributeValues=TRUE, PaginationConfig={"PageSize": 3}))
equal("Scan page by page finds each once", orders(i for p in pages for i in p["Items"]), all_mine)
said("a page may be empty and go on", any(not p["Items"] and "LastEvaluatedKey" in p for p in pages), "an empty page",
     [p["Count"] for p in pages])
parts = [orders(scan(Segment=n, TotalSegments=4, FilterExpression=MINE, ExpressionAttributeValues=TRUE)["Items"]) for n in range(4)]
equal("Scan in four parts finds each once", sorted(order for part in parts for order in part), all_mine)
resource = boto3.resource("dynamodb").Table(TABLE)
found = resource.scan(FilterExpression=Attr("scanned").eq(True) & Attr("at").between(3, 5) & ~Attr("status").eq("PROCESSED"))
equal("Scan with the resource's own conditions", sorted(i["orderId"] for i in found["Items"]), ["E-S04", "E-S05"])
equal("a query's filter is asked of what the key found", bare(dynamodb.query(
    TableName=TABLE, KeyConditionExpression="orderId = :o", FilterExpression="#s = :s", ExpressionAttributeNames={"#s": "status"},
    ExpressionAttributeValues={":o": {"S": "E-S01"}, ":s": {"S": "PROCESSED"}})), {"Items": [], "Count": 0, "ScannedCount": 1})
refuses("Scan of no table", lambda: dynamodb.scan(TableName="Nowhere"), "ResourceNotFoundException",
        "Requested resource not found", kind="ResourceNotFoundException")
refuses("Scan of a part that there is not", lambda: scan(Segment=3, TotalSegments=2), "ValidationException",
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 3 is not less than "
        "TotalSegments: 2")
refuses("Scan of a part without their number", lambda: scan(Segment=1), "ValidationException", "TotalSegments")
refuses("Scan with a filter that is cut off", lambda: scan(FilterExpression="at ="), "ValidationException",
        "Invalid FilterExpression: ")
refuses("Query that filters by its key", lambda: dynamodb.query(
    TableName=TABLE, KeyConditionExpression="orderId = :o", FilterExpression="orderId = :o",
    ExpressionAttributeValues={":o": {"S": "E-S01"}}), "ValidationException",
    "Filter Expression can only contain non-primary key attributes: Primary key attribute: orderId")
