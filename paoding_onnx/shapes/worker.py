"""The process in which models are tried: reads requests from standard input, writes answers to standard output.

onnxruntime may crash at sizes that a model was never meant for; here, that ends nothing but this process. Only
`paoding_onnx.shapes.trials` talks to it; it must not decide anything.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from types import MappingProxyType
from typing import BinaryIO

import onnx

from paoding_onnx.errors import ModelError
from paoding_onnx.model.garbage import collect_seldom
from paoding_onnx.model.load import Model
from paoding_onnx.model.parent import end_with_parent
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.observations import observed
from paoding_onnx.shapes.requests import ForgetRequest, LoadRequest, RunRequest

MANY_BYTES = 1 << 27
"""What a process that held more than this for a run would keep of it is worth that the next model waits for another."""


def main() -> None:
    """Answer requests until there are no more."""
    end_with_parent()
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all: what it means, the parent decides
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not get between the answers
    serve(sys.stdin.buffer, answers)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each request with what was observed, with `None`, or with the `ModelError` that came of it.

    When the model is to be forgotten, the answer is whether this process ends, as its runs took much memory.
    """
    loud = os.dup(sys.stderr.fileno())
    session: Session | None = None
    most = 0
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        answer: object = None
        try:
            match request:
                case LoadRequest():
                    _hush(None if request.verbose else os.devnull, loud)
                    session = None  # frees the model before, so that two are never held at once
                    session = _session(request)
                case RunRequest() if session is not None:
                    values = session.run(request.feeds)
                    most = max(most, sum(value.nbytes for value in values.values()))
                    answer = observed(values)
                    del values  # before the next run
                case ForgetRequest():
                    session = None
                    answer = most > MANY_BYTES
        except ModelError as error:
            answer = error
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()
        if answer is True:
            return


def _hush(path: str | None, loud: int) -> None:
    """Send what libraries write to standard error, such as their last words, to `path`, or where it went before."""
    target = loud if path is None else os.open(path, os.O_WRONLY)
    os.dup2(target, sys.stderr.fileno())
    if path is not None:
        os.close(target)


def _session(request: LoadRequest) -> Session:
    model = Model(onnx.ModelProto.FromString(request.proto), MappingProxyType(dict(request.weights)))
    return Session(model, watch=request.watch, verbose=request.verbose)
