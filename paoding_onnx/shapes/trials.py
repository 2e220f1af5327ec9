"""Runs at sizes that a model may not take, in a process of their own: a crash inside onnxruntime is survived."""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import RLock

from paoding_onnx.errors import ModelError
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, Tensor
from paoding_onnx.shapes.observations import observed
from paoding_onnx.shapes.requests import ForgetRequest, LoadRequest, RunRequest

_START = "from paoding_onnx.shapes.worker import main; main()"


class Trials:
    """A model to be run at sizes that it may not take.

    Args:
        model: the model.
        watch: names of inner tensors to look at besides the outputs.
        verbose: let onnxruntime print its own warnings.

    Raises:
        ModelError: if onnxruntime does not load the model.
    """

    def __init__(self, model: Model, watch: Sequence[str] = (), *, verbose: bool = False) -> None:
        self._load = LoadRequest(model.proto.SerializeToString(), dict(model.weights), tuple(watch), verbose)
        _WORKER.load(self._load)

    def run(self, feeds: Mapping[str, Array], sizes: str) -> dict[str, Tensor]:
        """What is seen of a run, inputs included; an error names the `sizes`.

        Raises:
            ModelError: if the model does not run on these inputs, or takes onnxruntime with it.
        """
        return _WORKER.run(self._load, RunRequest(feeds), sizes) | observed(feeds)


@contextmanager
def trials(model: Model, watch: Sequence[str] = (), *, verbose: bool = False) -> Iterator[Trials]:
    """`Trials` of a model that is forgotten afterwards."""
    found = Trials(model, watch, verbose=verbose)
    try:
        yield found
    finally:
        _WORKER.forget()


class _Worker:
    """The one process for all trials of this one: started when first needed, and again after it died."""

    def __init__(self) -> None:
        self._model: LoadRequest | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = RLock()

    def load(self, model: LoadRequest) -> None:
        """Hold this model from now on."""
        with self._lock:
            self._ask(model, "while it loaded the model")
            self._model = model

    def run(self, model: LoadRequest, request: RunRequest, sizes: str) -> dict[str, Tensor]:
        """What is seen of a run of this model, which is loaded again if the process held another one, or died."""
        with self._lock:
            self._running()  # a new process holds no model
            if self._model is not model:
                self.load(model)
            seen = self._ask(request, f"at sizes {sizes}")
            return seen if isinstance(seen, dict) else {}

    def forget(self) -> None:
        """Free the model; a process that would keep much memory of it ends."""
        with self._lock, suppress(ModelError):
            if self._model is not None:
                self._model = None
                ends = self._ask(ForgetRequest(), "while it freed the model") is True
                if ends and self._process is not None:
                    with self._process:  # waits, and closes the pipes
                        self._process = None

    def _ask(self, request: LoadRequest | RunRequest | ForgetRequest, what: str) -> object:
        """The answer to a request; `what` says in an error what was being done."""
        process = self._running()
        is_answered = False
        try:
            answer = _exchange(process, request)
            is_answered = True
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise ModelError(f"onnxruntime crashed {what} ({_died(process.wait())}); other sizes may run") from error
        finally:
            if not is_answered:  # an answer that comes after an interrupt must never be taken for that of another run
                process.kill()
                self._process = self._model = None
        if isinstance(answer, ModelError):
            raise answer
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        is_ours = self._owner == os.getpid()  # after a fork, it would be the parent's
        if self._process is None or not is_ours or self._process.poll() is not None:
            self._model = None
            path = os.pathsep.join(part or os.getcwd() for part in sys.path)
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
            )
            atexit.register(_end, self._process, self._owner)
        return self._process


def _exchange(process: subprocess.Popen[bytes], request: object) -> object:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    pickle.dump(request, process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
    process.stdin.flush()
    answer: object = pickle.load(process.stdout)
    return answer


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    """Let a worker end with the process that started it."""
    if owner == os.getpid() and process.poll() is None and process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
        process.wait()


def _died(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"


_WORKER = _Worker()
