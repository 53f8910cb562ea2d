"""Decides that a client is told who it is, and that services which are not here say so at once."""

import boto3
from botocore.config import Config
from check import equal, refuses

config = Config(parameter_validation=False, retries={"max_attempts": 0})
sts = boto3.client("sts", config=config)
told = sts.get_caller_identity()
equal("GetCallerIdentity", (told["Account"], told["UserId"], told["Arn"]),
      ("000000000000", "000000000000", "arn:aws:iam::000000000000:root"))
refuses("GetSessionToken is not run", lambda: sts.get_session_token(), "InvalidAction", "GetSessionToken")
for service, operation, call in (
    ("events", "ListEndpoints", lambda client: client.list_endpoints()),
    ("dynamodbstreams", "ListStreams", lambda client: client.list_streams()),
    ("stepfunctions", "ListStateMachines", lambda client: client.list_state_machines()),
):
    client = boto3.client(service, config=config)
    refuses(f"{service} {operation} is refused", lambda: call(client), "UnknownOperationException", "")
