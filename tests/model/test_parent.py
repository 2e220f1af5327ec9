"""A process ends with its parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

CHILD = "from paoding_onnx.model.parent import end_with_parent; end_with_parent(); import time; time.sleep(60)"
PARENT = f"""
import subprocess, sys, os, time
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}])
print(child.pid, flush=True)
time.sleep(float(sys.argv[1]))
"""


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_process_does_not_outlive_the_one_that_was_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT, "60"], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        time.sleep(0.5)
        assert is_alive(pid)
        os.kill(parent.pid, 9)
    end = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_alive(pid)
