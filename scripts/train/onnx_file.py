"""Care of an exported ONNX file: no machine paths inside, and proof that it runs; never changes what it computes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import Message
from numpy.typing import NDArray

# two or more components under a root, as in a stack trace: File "/opt/...", or a Windows drive
MACHINE_PATH = re.compile(r"""(^|["'\s(=])(/[\w.+-]+){2,}|\b[A-Za-z]:[\\/]""")
TOLERANCE = 1e-5


class ExportError(Exception):
    """An exported file does not compute what it should."""


def remove_machine_paths(path: Path) -> int:
    """Rewrite the file without the documentation and metadata entries that name a path; return how many went."""
    model = onnx.load(path)
    n_removed = sum(_remove_paths_from(message) for message in _messages(model))
    onnx.save(model, path)
    return n_removed


def _messages(message: Message) -> Iterator[Message]:
    """Yield the message and all messages inside it, save tensors, whose bytes are weights."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None or isinstance(value, onnx.TensorProto):
            continue
        for child in value if not isinstance(value, Message) else (value,):
            yield from _messages(child)


def _remove_paths_from(message: Message) -> int:
    """Clear the message's own entries that name a path, not those of messages inside it; return how many went."""
    n_removed = 0
    if MACHINE_PATH.search(getattr(message, "doc_string", "")):
        message.ClearField("doc_string")
        n_removed += 1
    entries = getattr(message, "metadata_props", [])
    for entry in [entry for entry in entries if MACHINE_PATH.search(entry.value)]:
        entries.remove(entry)
        n_removed += 1
    return n_removed


def n_parameters(path: Path) -> int:
    """Return the number of floating-point weights, counted over the initializers of the graph."""
    tensors = onnx.load(path).graph.initializer
    return sum(int(np.prod(tensor.dims)) for tensor in tensors if tensor.data_type == onnx.TensorProto.FLOAT)


def check(path: Path, x: NDArray[np.float32]) -> None:
    """Check that the file is valid ONNX and that samples give the same output alone and in batches of seven.

    Raises:
        ExportError: if the outputs differ.
    """
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    alone, together = (
        np.concatenate([session.run(None, {name: x[start : start + size]})[0] for start in range(0, len(x), size)])
        for size in (1, 7)
    )
    if not np.allclose(alone, together, rtol=TOLERANCE, atol=TOLERANCE):
        difference = np.abs(alone - together).max()
        raise ExportError(f"{path}: outputs at batch sizes 1 and 7 differ by {difference:.3g}, wanted {TOLERANCE:g}")
