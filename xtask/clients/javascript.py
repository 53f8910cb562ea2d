"""Decides that AWS's SDK for JavaScript gets on with the server, by `javascript.cjs`, whose lines are handed through.

The SDK speaks CBOR to CloudWatch, and looks at the checksums of messages and answers, which boto3 does not.
"""

import os
import subprocess
import sys

script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "javascript.cjs")
environment = os.environ | {"NODE_NO_WARNINGS": "1", "AWS_REGION": os.environ["AWS_DEFAULT_REGION"]}
sys.exit(subprocess.run(["node", script], env=environment, timeout=300).returncode)
