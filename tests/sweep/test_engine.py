"""Runs are submitted to an executor, of this process or of dask."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.sweep.engine import executor


def test_threads_of_this_process_do_the_work():
    with executor(2) as pool:
        assert [future.result() for future in [pool.submit(pow, 2, k) for k in range(4)]] == [1, 2, 4, 8]


def test_what_was_not_begun_is_left_undone_when_the_sweep_ends():
    with executor(1) as pool:
        futures = [pool.submit(__import__("time").sleep, 0.05) for _ in range(50)]
    assert futures[-1].cancelled()


@pytest.mark.skipif(find_spec("distributed") is not None, reason="dask is installed")
def test_cluster_without_dask_names_what_to_install():
    with pytest.raises(UsageError, match=r"pip install 'paoding_onnx\[cluster\]'"), executor(1, "local"):
        pass


@pytest.mark.slow
@pytest.mark.skipif(find_spec("distributed") is None, reason="dask is not installed")
def test_cluster_of_this_machine_does_the_work():
    with executor(1, "local") as pool:
        assert pool.submit(pow, 2, 5).result() == 32
