"""Standard streams that are closed, or that nobody reads, change nothing about what is done."""

from __future__ import annotations

import subprocess
import sys

CLOSED = """
import os
from paoding_onnx.cli.streams import open_streams
os.close(0)
os.close(1)
open_streams()
print(os.open("/dev/null", os.O_RDONLY) > 2, file=__import__("sys").stderr)
"""


def test_file_does_not_take_the_place_of_a_closed_stream():
    done = subprocess.run([sys.executable, "-c", CLOSED], capture_output=True, text=True, check=True)
    assert done.stderr == "True\n"


def test_silence_lets_the_output_lead_nowhere():
    code = "from paoding_onnx.cli.streams import silence; silence(); print('a', flush=True)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_complaint_that_nobody_can_read_is_no_error():
    code = "import os; from paoding_onnx.cli.streams import complain; os.close(2); complain('a')"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
