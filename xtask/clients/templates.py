"""Decides that our stacks are templates that CloudFormation takes: cfn-lint finds no error in any of them."""

import glob
import os
import subprocess

from check import said

stacks = sorted(glob.glob("stacks/*.yaml"))
said("there are stacks", len(stacks) >= 2, "two at least", stacks)
for stack in stacks:
    linted = subprocess.run([os.path.join(os.environ["CLIENTS_BIN"], "cfn-lint"), stack], capture_output=True, text=True)
    said(f"cfn-lint finds nothing in {stack}", linted.returncode == 0, "no findings", linted.stdout + linted.stderr)
