"""Models of public architectures whose weights are drawn anew: `scripts/make_skeletons.py` took them out."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import Message
from onnx import numpy_helper

FOLDER = Path(__file__).parent / "skeletons"
"""Where the packed models are."""
ENDING = ".onnx.gz"


def names() -> list[str]:
    """The models there are, in order."""
    return sorted(path.name.removesuffix(ENDING) for path in FOLDER.glob(f"*{ENDING}"))


def unpack(name: str) -> onnx.ModelProto:
    """A model with seeded weights: each tensor as small, as large and as spread as it was."""
    proto = onnx.load_from_string(gzip.decompress((FOLDER / f"{name}{ENDING}").read_bytes()))
    for number, tensor in enumerate(_empty_tensors(proto)):
        seed = zlib.crc32(f"{number} {tensor.name}".encode())
        filled = numpy_helper.from_array(_draw(tensor, np.random.default_rng(seed)), tensor.name)
        tensor.CopyFrom(filled)
    return proto


def _draw(tensor: onnx.TensorProto, rng: np.random.Generator) -> np.ndarray:
    """Content between the smallest and largest value it had: normal, or even where all were above zero."""
    low, high, mean, deviation = map(float, tensor.doc_string.split())
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    if low > 0:
        return rng.uniform(low, high, tensor.dims).astype(dtype)
    drawn = rng.standard_normal(tuple(tensor.dims), np.float32) * deviation + mean
    return drawn.clip(low, high).astype(dtype)


def _empty_tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Every tensor without content that a message holds, however deep."""
    if isinstance(message, onnx.TensorProto):
        if message.doc_string:
            yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in (value,) if isinstance(value, Message) else value:
                yield from _empty_tensors(inner)
