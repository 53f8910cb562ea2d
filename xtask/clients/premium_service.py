"""Decides that premium customers are looked after as receivers of other people's making understand it.

The mail is taken by aiosmtpd and read by Python's own parser; the webhooks are verified by the library of Standard
Webhooks, under each of two secrets, as while one is replaced by the other. A server of its own runs for this, with these
receivers as its template's parameters.
"""

import email
import email.policy
import http.server
import json
import os
import socket
import subprocess
import tempfile
import threading

import boto3
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from check import contains, equal, said, soon
from standardwebhooks import Webhook, WebhookVerificationError

OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
PASSWORD = "a pass wörd"
ORDER = "VIP-größe-1"


class Webhooks(http.server.BaseHTTPRequestHandler):
    """Takes whatever it is told, but for the first of each path."""

    told, refused = [], set()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        first = self.path not in self.refused
        self.refused.add(self.path)
        if not first:
            self.told.append((self.path, dict(self.headers), body))
        self.send_response(503 if first else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Mails:
    """Takes mail from those who know the password."""

    taken, logins = [], []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 taken"

    def login(self, server, session, envelope, mechanism, data):
        self.logins.append((mechanism, data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == PASSWORD)


webhooks = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhooks)
threading.Thread(target=webhooks.serve_forever, daemon=True).start()
mails = Mails()
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    smtp_port = free.getsockname()[1]
post = Controller(mails, hostname="127.0.0.1", port=smtp_port, authenticator=mails.login, auth_required=True,
                  auth_require_tls=False)
post.start()
http_port = webhooks.server_address[1]

parameters = {
    "AccountManagerWebhookUrl": f"http://127.0.0.1:{http_port}/manager",
    "AccountManagerWebhookSecret": "TEST_MANAGER",
    "CrmUrl": f"http://127.0.0.1:{http_port}/crm",
    "CrmSecret": "TEST_CRM",
    "SmtpUrl": f"smtp://me%40shop.example@127.0.0.1:{smtp_port}?tls=none",
    "SmtpSecret": "TEST_MAIL",
    "MailFrom": "Bestellungen für Sie <orders@shop.example>",
    "MailTo": "vip@shop.example,Zoë <zoe@shop.example>",
    "AllowedAddresses": "127.0.0.1",
}
with tempfile.TemporaryDirectory() as directory:
    command = [os.environ["ORDERFLOW"], "up", "stacks/orders.yaml", "--json", "--admin", "127.0.0.1:0", "--public",
               "127.0.0.1:0", "--data-dir", directory]
    command += [word for name, value in parameters.items() for word in ("--param", f"{name}={value}")]
    secrets = {"TEST_MANAGER": f"{NEW} {OLD}", "TEST_CRM": OLD, "TEST_MAIL": PASSWORD}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **secrets})
    try:
        up = json.loads(server.stdout.readline())
        orders = boto3.resource("dynamodb", endpoint_url=up["admin"]).Table("Orders")
        orders.put_item(Item={"orderId": ORDER, "orderStatus": "pending", "orderAmount": 1500,
                              "customerEmail": "vip@example.com", "orderDate": "2025-10-31"})
        orders.update_item(Key={"orderId": ORDER}, UpdateExpression="SET orderStatus = :s",
                           ExpressionAttributeValues={":s": "shipped"})
        effects = boto3.resource("dynamodb", endpoint_url=up["admin"]).Table("PremiumService")
        names = ["shippingPriority", "managerWebhook", "managerMail", "crm"]

        def states():
            kept = effects.get_item(Key={"orderId": ORDER}, ConsistentRead=True).get("Item", {})
            return [kept.get(name, {}).get("came") for name in names]

        soon("a premium order is looked after", states, lambda seen: seen == ["done"] * 4, seconds=30)
        kept = effects.get_item(Key={"orderId": ORDER}, ConsistentRead=True)["Item"]
        equal("its priority is raised", orders.get_item(Key={"orderId": ORDER})["Item"].get("shippingPriority"), "high")
        equal("who failed first was asked again", [int(kept[name]["attempts"]) for name in names], [1, 2, 1, 2])

        told = {path: (headers, body) for path, headers, body in Webhooks.told}
        equal("each is told once", sorted(path for path, _, _ in Webhooks.told), ["/crm", "/manager"])
        for path, secrets in {"/manager": [OLD, NEW], "/crm": [OLD]}.items():
            headers, body = told[path]
            for secret in secrets:
                try:
                    event = Webhook(secret).verify(body, headers)
                    said(f"{path} is signed, as standardwebhooks sees it", True, None, None)
                    equal(f"{path} tells of the order", event["data"]["orderId"], ORDER)
                    equal(f"{path} says of what kind it is", event["type"], "order.premium_shipped")
                except WebhookVerificationError as error:
                    said(f"{path} is signed, as standardwebhooks sees it", False, "a good signature", str(error))
            try:
                Webhook("whsec_" + "A" * 32).verify(body, headers)
                said(f"{path} is not signed by another secret", False, "a refusal", "none")
            except WebhookVerificationError:
                said(f"{path} is not signed by another secret", True, None, None)
            equal(f"{path} carries its id as the key of the effect", headers["idempotency-key"], headers["webhook-id"])

        equal("one mail is taken", len(mails.taken), 1)
        equal("from whom, to whom", mails.taken[0][:2], ("orders@shop.example", ["vip@shop.example", "zoe@shop.example"]))
        equal("after a login", mails.logins[-1], ("PLAIN", "me@shop.example", PASSWORD))
        mail = email.message_from_bytes(mails.taken[0][2], policy=email.policy.default)
        equal("Python's parser finds no defect in it", [mail.defects, mail["subject"].defects, mail["from"].defects], [[], (), ()])
        equal("its subject", mail["subject"], f"Premium order {ORDER} shipped, amount 1500.0")
        equal("its sender", str(mail["from"]), "Bestellungen für Sie <orders@shop.example>")
        equal("its readers", [str(one) for one in mail["to"].addresses],
              ["vip@shop.example", "Zoë <zoe@shop.example>"])
        said("its date", mail["date"].datetime is not None, "a date", mail["date"])
        contains("its text", mail.get_content(), f"Premium order {ORDER} is on its way.", "vip@example.com", "1500.0")
        said("its id is that of the effect", kept["managerMail"]["id"] in mail["message-id"], kept["managerMail"]["id"],
             mail["message-id"])

        # The order was also processed, at both changes of its status, and that is told on the bus: customers' notifications
        # hear of what is shipped, analytics of everything. A message of EventBridge's is the whole event, or what the
        # rule's InputPath takes of it.
        sqs = boto3.client("sqs", endpoint_url=up["admin"])

        def take(name, count):
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            taken = []

            def receive():
                got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
                taken.extend(json.loads(message["Body"]) for message in got)
                return len(taken)

            soon(f"{name} has {count} messages", receive, lambda seen: seen >= count, seconds=30)
            return taken

        notified = take("OrderNotifications", 1)
        equal("who notifies hears that it is shipped", [(one["orderId"], one["status"], one["amount"]) for one in notified],
              [(ORDER, "shipped", 1500)])
        heard = sorted(take("OrderAnalytics", 2), key=lambda event: event["detail"]["change"])
        equal("analytics hears of each change, but not of the priority's",
              [(one["detail"]["change"], one["detail"]["status"]) for one in heard],
              [("INSERT", "pending"), ("MODIFY", "shipped")])
        equal("as EventBridge tells it", sorted(heard[0]), ["account", "detail", "detail-type", "id", "region", "resources",
                                                            "source", "time", "version"])
        equal("under the names of its template", (heard[0]["source"], heard[0]["detail-type"]), ("order-events", "Order Processed"))
        said("and without the customer's address", "@" not in json.dumps(heard), "no address", heard)
        # The same in numbers: CloudWatch has what the function printed in the embedded metric format.
        cloudwatch = boto3.client("cloudwatch", endpoint_url=up["admin"])
        named = lambda: sorted(one["MetricName"] for one in cloudwatch.list_metrics(Namespace="Orderflow/Orders")["Metrics"]
                               if {"Name": "Service", "Value": "order-events"} in one["Dimensions"])
        soon("its metrics are listed", named, lambda seen: seen == ["OrderAmount", "OrdersInvalid", "OrdersProcessed", "OrdersSkipped"],
             seconds=30)
    finally:
        server.terminate()
        server.wait(timeout=30)
post.stop()
webhooks.shutdown()
