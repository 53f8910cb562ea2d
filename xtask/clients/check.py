"""Decides how a check is said: one line each, `ok NAME` or `FAILED NAME` with what was expected and what was seen; and how
what comes in its own time is waited for.

A check that fails does not end its script: the next ones may say why. Whatever else goes wrong does end it, and counts
as a failure too.
"""

import time

from botocore.exceptions import ClientError


def said(name, passed, expected, seen):
    """Says how a check went, and gives that back."""
    if passed:
        print(f"ok {name}")
    else:
        print(f"FAILED {name}: expected {expected!r}, saw {seen!r}")
    return passed


def equal(name, seen, expected):
    """What was seen is exactly this."""
    return said(name, seen == expected, expected, seen)


def contains(name, seen, *expected):
    """A text has each of these in it."""
    missing = [part for part in expected if part not in seen]
    return said(name, not missing, missing, seen)


def within(name, seen, low, high):
    """A number is at least this and at most that."""
    return said(name, low <= seen <= high, f"{low} to {high}", seen)


def refuses(name, call, code, text, status=400, kind="ClientError"):
    """A call is refused: with this error code, this text in its message, this status, as this class."""
    try:
        answer = call()
    except ClientError as error:
        seen = (
            error.response["Error"]["Code"],
            error.response["Error"].get("Message", ""),
            error.response["ResponseMetadata"]["HTTPStatusCode"],
            type(error).__name__,
        )
        expected = (code, text, status, kind)
        passed = seen[0] == code and text in seen[1] and seen[2] == status and seen[3] == kind
        return said(name, passed, expected, seen)
    return said(name, False, f"{code}: {text}", f"no refusal, but {answer}")


def soon(name, look, wanted, seconds=10):
    """What is looked at becomes what is wanted; what was seen last is given back."""
    until = time.monotonic() + seconds
    while True:
        seen = look()
        if wanted(seen):
            said(name, True, None, None)
            return seen
        if time.monotonic() > until:
            said(name, False, f"it within {seconds} s", seen)
            return seen
        time.sleep(0.05)


def take(sqs, url, count=1):
    """Waits for messages and takes them out of their queue; nothing is there for those that do not come."""
    taken = []

    def look():
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"],
                                   MessageAttributeNames=["All"])
        for message in told.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken.append(message)
        return len(taken)

    soon(f"{count} to receive from {url.rsplit('/', 1)[1]}", look, lambda seen: seen >= count)
    return taken
