"""Decides that clients who are slow on purpose harm nobody: slowhttptest attacks, and a healthy client goes on.

The attacks are slow headers, slow bodies and slow reads, each with more connections than the server gives to customers
at once. Those with bodies and reads hold a good key, because without one nobody gets so far.
"""

import http.client
import json
import os
import shutil
import subprocess
import threading
import time

from check import said, within

SHOP, KEY = os.environ["SHOP_URL"], os.environ["SHOP_KEY"]
HOST = SHOP.removeprefix("http://")
CONNECTIONS = 2_500
SECONDS = 20
# How long the slowest of a hundred healthy requests may take on a machine that is busy with the attack itself.
SLOW_MS = 250
ORDER = json.dumps({"customerId": "C-slow", "customerEmail": "healthy@example.com",
                    "items": [{"sku": "TEA", "name": "Tea", "quantity": 1, "price": "1.00"}]})


def healthy(stop):
    """Orders and looks until it is told to stop; answers how long each took, in ms, and what went wrong."""
    took, wrong, connection = [], [], None
    headers = {"x-api-key": KEY, "content-type": "application/json"}
    while not stop.is_set():
        begun = time.monotonic()
        try:
            # A new connection for every other request: getting one is what an attack tries to prevent.
            if connection is None:
                connection = http.client.HTTPConnection(HOST, timeout=10)
            connection.request("POST", "/orders", ORDER, headers)
            answer = connection.getresponse()
            location = answer.getheader("location")
            answer.read()
            if answer.status != 201:
                raise AssertionError(f"the order was answered with {answer.status}")
            connection.request("GET", location, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise AssertionError(f"the look was answered with {answer.status}")
            if len(took) % 2:
                connection.close()
                connection = None
        except (OSError, http.client.HTTPException, AssertionError) as error:
            wrong.append(repr(error))
            connection = None
        took.append((time.monotonic() - begun) * 1000)
        time.sleep(0.01)
    return took, wrong


def beside(attack):
    """Runs an attack, and a healthy client beside it."""
    stop, results = threading.Event(), []
    client = threading.Thread(target=lambda: results.append(healthy(stop)))
    client.start()
    ended = attack()
    stop.set()
    client.join()
    took, wrong = results[0]
    took.sort()
    return took, wrong, ended


def p(took, share):
    return took[min(len(took) - 1, int(len(took) * share))]


program = shutil.which("slowhttptest")
if not said("slowhttptest is there", program is not None, "it on the PATH", "nothing; install it with `apt-get install slowhttptest`"):
    raise SystemExit(0)
took, wrong, _ = beside(lambda: time.sleep(5))
said("the healthy client is served without an attack", not wrong, "no failure", wrong[:3])
print(f"without an attack: {len(took)} rounds, median {p(took, 0.5):.1f} ms, p99 {p(took, 0.99):.1f} ms")

keyed = f"application/json\r\nx-api-key: {KEY}"
attacks = {
    "slow headers": ["-H", "-u", f"{SHOP}/orders", "-t", "POST"],
    "slow bodies": ["-B", "-u", f"{SHOP}/orders", "-t", "POST", "-s", "9000", "-f", keyed],
    "slow reads": ["-X", "-u", f"{SHOP}/customers/C-slow/orders?limit=100", "-m", f"*/*\r\nx-api-key: {KEY}", "-k", "10",
                   "-w", "1", "-y", "64", "-n", "2", "-z", "8"],
}
for name, options in attacks.items():
    def attack():
        command = [program, *options, "-c", str(CONNECTIONS), "-r", "1000", "-i", "1", "-l", str(SECONDS), "-p", "3"]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS * 5)

    took, wrong, ended = beside(attack)
    said(f"{name}: the attack took place", ended.returncode == 0 and "slow" in ended.stdout.lower(), "exit status 0",
         (ended.returncode, ended.stdout[-500:], ended.stderr[-500:]))
    said(f"{name}: the healthy client is served", not wrong, "no failure", (len(wrong), wrong[:3]))
    within(f"{name}: the healthy client's p99 in ms", p(took, 0.99), 0, SLOW_MS)
    print(f"{name}: {len(took)} rounds, median {p(took, 0.5):.1f} ms, p99 {p(took, 0.99):.1f} ms")
