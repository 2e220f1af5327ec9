"""Where runs are done: by processes of this machine, or by the workers of a dask cluster. Both are executors alike."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from paoding_onnx.errors import UsageError

LOCAL = "local"
"""A scheduler of that name is a dask cluster of this machine."""
_RETRIES = 3
"""So often a run is done again whose worker went away."""
_PATIENCE = 10
"""Seconds for a scheduler to answer."""


@contextmanager
def executor(jobs: int = 0, scheduler: str | None = None) -> Iterator[Executor]:
    """Something to submit runs to, `jobs` at a time (0: as many as there are processors).

    Without a `scheduler`, threads of this process wait for the processes that do the work. Else dask does it: at the
    address of a scheduler, such as ``tcp://10.0.0.1:8786``, or on a cluster of this machine (``local``).

    Raises:
        UsageError: if dask is asked for and not installed, or its scheduler does not answer.
    """
    count = jobs or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))
    if scheduler is None:
        pool = ThreadPoolExecutor(count)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
        return
    with _dask(scheduler, count) as found:
        yield found


@contextmanager
def _dask(scheduler: str, count: int) -> Iterator[Executor]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise UsageError("--scheduler needs dask: pip install 'paoding_onnx[cluster]'") from error
    with ExitStack() as held:
        address: Any = scheduler
        if scheduler == LOCAL:
            settings = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": None}
            address = held.enter_context(distributed.LocalCluster(**settings))
        try:
            client = held.enter_context(distributed.Client(address, timeout=_PATIENCE))
        except (OSError, ValueError) as error:
            raise UsageError(f"no dask scheduler answers at {scheduler}: {error}") from error
        pool: Executor = client.get_executor(retries=_RETRIES, pure=False)
        yield pool
