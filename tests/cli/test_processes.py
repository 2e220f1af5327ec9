"""What processes take, as far as the system says."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from paoding_onnx.cli.processes import available_bytes, family, kill, resident_bytes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, locks and pipes are other things there")


def test_memory_that_is_free_is_less_than_there_is():
    free = available_bytes()
    assert free is None or 0 < free <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform == "win32", reason="not known there")
def test_memory_of_a_process_grows_with_what_it_holds():
    before = resident_bytes([os.getpid()])
    held = np.ones(1 << 25, np.uint8)
    assert resident_bytes([os.getpid()]) - before > held.nbytes // 2


def test_memory_of_a_process_that_is_no_more_is_nothing():
    assert resident_bytes([1 << 22]) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="not known there")
def test_family_is_a_process_and_what_came_of_it():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        assert child.pid in family(os.getpid())
        kill(family(child.pid))
        assert child.wait() == -9
