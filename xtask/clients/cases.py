"""Decides that the shop front keeps to its own OpenAPI document, by schemathesis: no 5xx, no undocumented answer.

`CLIENTS_CASES` is how many cases there must be; without it, as many are made as fit into `CLIENTS_SECONDS`.
"""

import json
import os
import subprocess
import tempfile
import urllib.request

from check import equal, said, within

SHOP = os.environ["SHOP_URL"]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Too few to have tried anything.
CASES_MIN = 500
METHODS = ("get", "put", "post", "delete", "patch", "options", "head", "trace")

wanted = os.environ.get("CLIENTS_CASES")
seconds = os.environ.get("CLIENTS_SECONDS", "170")
with urllib.request.urlopen(f"{SHOP}/openapi.json") as answer:
    document = json.load(answer)
said("the document is of OpenAPI 3.1", document["openapi"].startswith("3.1."), "3.1.x", document["openapi"])
operations = sum(method in METHODS for path in document["paths"].values() for method in path)

with tempfile.TemporaryDirectory() as directory:
    report = os.path.join(directory, "report.json")
    command = [
        os.path.join(os.environ["CLIENTS_BIN"], "schemathesis"), "run", f"{SHOP}/openapi.json", "--url", SHOP,
        "--header", f"x-api-key: {os.environ['SHOP_KEY']}", "--checks", CHECKS, "--mode", "all",
        "--continue-on-failure", "--suppress-health-check", "all", "--generation-database", "none", "--no-color",
        "--request-timeout", "30", "--report", "json", "--report-json-path", report, "--warnings", "off",
    ]
    # Each operation has its share; the phases beside fuzzing come on top.
    command += ["--max-examples", str(-(-int(wanted) // operations))] if wanted else ["--max-time", seconds]
    ended = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=3 * 3600)
    told = json.load(open(report)) if os.path.exists(report) else {}

cases = told.get("test_cases", {}).get("generated", 0)
if not said("schemathesis finds nothing", ended.returncode == 0, "no failure", f"exit status {ended.returncode}"):
    print(ended.stdout[-20_000:])
    print(ended.stderr[-2_000:])
within("and it tried enough", cases, int(wanted or CASES_MIN), 10**9)
equal("and all operations", told.get("operations", {}).get("tested"), operations)
placed = sum(phase.get("accepted", 0) for phase in told.get("valid_rates", {}).get("POST /orders", {}).values())
within("and orders that were taken in", placed, 3, 10**9)
print(f"{cases} cases of {operations} operations, {placed} orders placed, in {told.get('running_time', 0):.0f} s")
