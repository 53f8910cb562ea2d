"""Decides that libraries on top of boto3 do with a table what they promise: PynamoDB, and the idempotency of Powertools.

What is expected is what the libraries' own documentation says of them on DynamoDB.
"""

import os
import time
import warnings

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError, IdempotencyValidationError
from check import equal, said
from pynamodb.attributes import JSONAttribute, ListAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.attributes import VersionAttribute
from pynamodb.exceptions import PutError
from pynamodb.models import Model

# What the libraries say of the versions beneath them is not looked at here.
warnings.filterwarnings("ignore")
TABLE = "NewOrders"


class Order(Model):
    class Meta:
        table_name = TABLE
        host = os.environ["AWS_ENDPOINT_URL"]
        region = "us-east-1"

    orderId = UnicodeAttribute(hash_key=True)
    total = NumberAttribute(null=True)
    tags = UnicodeSetAttribute(null=True)
    lines = ListAttribute(null=True)
    notes = JSONAttribute(null=True)
    version = VersionAttribute()


def raised(kind, call):
    """What a call raises, if it is of this kind."""
    try:
        call()
    except kind as error:
        return error
    return None


# PynamoDB: objects, their updates and versions, batches with what is left of them, pages.
order = Order("L-1", total=5, tags={"a"}, lines=[1, "x"], notes={"deep": [1, None]})
order.save()
order.update(actions=[Order.total.add(4), Order.tags.add({"b"}), Order.lines.set(Order.lines.append([True]))])
kept = Order.get("L-1", consistent_read=True)
equal("PynamoDB: an object comes back as it was changed",
      (kept.total, kept.tags, kept.lines, kept.notes, kept.version), (9, {"a", "b"}, [1, "x", True], {"deep": [1, None]}, 2))
stale = Order.get("L-1")
kept.save()
error = raised(PutError, stale.save)
equal("PynamoDB: a stale version is not saved", error and error.cause_response_code, "ConditionalCheckFailedException")
with Order.batch_write() as batch:
    for at in range(60):
        batch.save(Order(f"L-B{at:02}", total=at))
equal("PynamoDB: a batch of reads finds what a batch wrote",
      sorted(int(one.total) for one in Order.batch_get([f"L-B{at:02}" for at in range(60)])), list(range(60)))
found = Order.scan(Order.orderId.startswith("L-B") & Order.total.between(10, 19), page_size=7)
equal("PynamoDB: a scan in pages", sorted(int(one.total) for one in found), list(range(10, 20)))
with Order.batch_write() as batch:
    for at in range(60):
        batch.delete(Order(f"L-B{at:02}"))
equal("PynamoDB: a batch of deletes", list(Order.batch_get([f"L-B{at:02}" for at in range(60)])), [])

# Powertools: an effect once for each key, whatever is called twice.
calls = []


@idempotent_function(
    data_keyword_argument="payment",
    persistence_store=DynamoDBPersistenceLayer(table_name=TABLE, key_attr="orderId"),
    config=IdempotencyConfig(event_key_jmespath="id", payload_validation_jmespath="total", expires_after_seconds=60),
)
def pay(payment):
    calls.append(payment["id"])
    if payment["total"] < 0:
        raise ArithmeticError
    if payment["total"] == 7:
        return str(raised(IdempotencyAlreadyInProgressError, lambda: pay(payment=payment)) is not None)
    return {"paid": payment["id"], "call": len(calls)}


name = f"L-{time.time()}"
first = pay(payment={"id": name, "total": 1})
equal("Powertools: a second call answers as the first did", pay(payment={"id": name, "total": 1}), first)
equal("and does nothing", calls, [name])
error = raised(IdempotencyValidationError, lambda: pay(payment={"id": name, "total": 2}))
said("another payload under the same key is refused", error is not None, "IdempotencyValidationError", error)
error = raised(ArithmeticError, lambda: pay(payment={"id": name + "-f", "total": -1}))
said("what failed is raised", error is not None, "ArithmeticError", error)
equal("and may be done again", pay(payment={"id": name + "-f", "total": 3})["paid"], name + "-f")
