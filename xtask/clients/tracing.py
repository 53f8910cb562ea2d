"""Decides that traces leave as OpenTelemetry's own libraries understand them, and that theirs come in.

Messages are read by the schema of the specification (opentelemetry-proto), and the trace that a client begins is one of
opentelemetry-sdk's. The server is one of this script's own, as the collector is.
"""

import base64
import http.server
import json
import os
import signal
import subprocess
import tempfile
import threading
import urllib.request

import boto3
from botocore.config import Config
from check import equal, said, soon
from google.protobuf import json_format
from opentelemetry import trace
from opentelemetry.propagate import inject
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace import TracerProvider

spans, faults, headers = [], [], []


def bytes_of_ids(message):
    """In OTLP's JSON ids are hexadecimal; protobuf's own JSON would have base64 there, and all else is the same."""
    if isinstance(message, dict):
        return {
            name: base64.b64encode(bytes.fromhex(value)).decode() if name in ("traceId", "spanId", "parentSpanId") else bytes_of_ids(value)
            for name, value in message.items()
        }
    return [bytes_of_ids(part) for part in message] if isinstance(message, list) else message


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers.append((self.path, dict(self.headers)))
        try:
            # A member that the schema does not have is a fault.
            message = json_format.ParseDict(bytes_of_ids(json.loads(body)), ExportTraceServiceRequest())
            for resource in message.resource_spans:
                names = {fact.key: fact.value.string_value for fact in resource.resource.attributes}
                spans.extend((names["service.name"], span) for scope in resource.scope_spans for span in scope.spans)
        except Exception as error:
            faults.append(repr(error))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=collector.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{collector.server_port}"
data = tempfile.mkdtemp(prefix="tracing-", dir=os.environ["ORDERFLOW_DATA"])
server = subprocess.Popen(
    [os.environ["ORDERFLOW"], "up", "stacks/commerce.yaml", "--json", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0",
     "--data-dir", data, "--otlp", here],
    stdout=subprocess.PIPE, env={**os.environ, "OTEL_SERVICE_NAME": "shop", "OTEL_BSP_SCHEDULE_DELAY": "100",
                                 "OTEL_EXPORTER_OTLP_HEADERS": "x-team=a%2Cb"})
told = json.loads(server.stdout.readline())
key = open(os.path.join(data, "api-key")).read().strip()

# A trace that a client's own library begins goes through to the last handler.
tracer = trace.get_tracer("client", tracer_provider=TracerProvider())
order = {"customerId": "C-1", "customerEmail": "ann@shop.example",
         "items": [{"sku": "TEA-1", "name": "Tea", "quantity": 1, "price": "150.00"}]}
with tracer.start_as_current_span("buy") as buying:
    carrier = {"content-type": "application/json", "x-api-key": key}
    inject(carrier)
    request = urllib.request.Request(f"{told['public']}/orders", json.dumps(order).encode(), carrier)
    with urllib.request.urlopen(request) as answer:
        equal("the order is taken in", answer.status, 201)
    context = buying.get_span_context()


def of_trace(trace_id):
    wanted = trace_id.to_bytes(16, "big")
    return [span for _, span in spans if span.trace_id == wanted]


def chain(span, known):
    """Names from the client's span down to this one."""
    by_id = {one.span_id: one for one in known}
    names = [span.name]
    while span.parent_span_id in by_id:
        span = by_id[span.parent_span_id]
        names.insert(0, span.name)
    return span.parent_span_id, names


found = soon("the order's last change reaches its handler",
             lambda: of_trace(context.trace_id),
             lambda seen: sum(span.name == "StandardOrderFunction" for span in seen) == 2, 30)
chains = sorted(chain(span, found)[1] for span in found if span.name == "StandardOrderFunction")
equal("the two ways of the order through its trace", chains, [
    ["POST /orders", "OrdersApi", "commit order", "pipe commerce-standard-orders", "StandardOrderFunction"],
    ["POST /orders", "OrdersApi", "commit order", "queue OrderQueue", "OrderWorker", "step FULFILLMENT",
     "pipe commerce-standard-orders", "StandardOrderFunction"]])
roots = {chain(span, found)[0] for span in found}
equal("all of it is below the client's own span", roots, {context.span_id.to_bytes(8, "big")})
kinds = {span.name: Span.SpanKind.Name(span.kind) for span in found}
equal("kinds", [kinds["POST /orders"], kinds["commit order"], kinds["OrderWorker"]],
      ["SPAN_KIND_SERVER", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"])
said("each span ends after it began", all(0 < span.start_time_unix_nano <= span.end_time_unix_nano for span in found), True, found)
said("nothing failed", all(span.status.code == Status.STATUS_CODE_UNSET for span in found), True, found)
equal("the service", {name for name, _ in spans}, {"shop"})
path, sent = headers[0]
equal("where to, and with what", (path, sent["content-type"], sent["x-team"]), ("/v1/traces", "application/json", "a,b"))

# So does an item that boto3 writes, with no trace of its own: one begins here.
dynamodb = boto3.client("dynamodb", endpoint_url=told["admin"], config=Config(parameter_validation=False))
item = {name: {"S": value} for name, value in {
    "orderId": "01890a5d-ac96-774b-bcce-b302099a8057", "status": "PENDING", "tier": "standard", "customerEmail": "a@b.example",
    "tenant": "demo", "customerId": "C-2", "currency": "USD", "createdAt": "2026-01-01T00:00:00.000Z",
    "customerKey": "demo#C-2"}.items()}
dynamodb.put_item(TableName="Orders", Item={**item, "test": {"BOOL": False}, "amountMinor": {"N": "15000"}, "version": {"N": "1"}})


def put():
    return [span for _, span in spans if span.name == "PutItem"]


soon("PutItem is a span", put, len, 10)
below = soon("and a pipe and a function are below it",
             lambda: [chain(span, of_trace(int.from_bytes(put()[0].trace_id, "big")))[1] for span in of_trace(int.from_bytes(put()[0].trace_id, "big"))],
             lambda seen: ["PutItem", "pipe commerce-standard-orders", "StandardOrderFunction"] in seen, 20)
server.send_signal(signal.SIGTERM)
equal("it stops", server.wait(20), 0)
equal("every message was of the schema", faults, [])
