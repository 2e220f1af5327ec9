"""Models without the content of their weights, small enough to keep beside the tests.

    python -m scripts.zoo.skeletons ZOO OUT [NAME ...]

Writes OUT/NAME.onnx.gz for each ZOO/NAME.onnx; without names, anew for those that are in OUT. A float tensor of many
elements keeps its name, type and shape; in place of its content its `doc_string` holds four numbers: smallest and
largest value, mean and standard deviation, from which `tests/skeletons.py` draws new content. All integers stay, as do
short tensors and those of few values, such as masks.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import Message
from onnx import numpy_helper

LONG = 32
"""Tensors of at most this many elements keep their content."""
FEW = 16
"""So do those of at most this many different values, which compress well."""
HUGE = 1e4
"""So do those with larger values: they hide entries, or are sizes."""


def main() -> None:
    """Write the skeletons, and a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zoo", metavar="ZOO", type=Path)
    parser.add_argument("out", metavar="OUT", type=Path)
    parser.add_argument("names", metavar="NAME", nargs="*")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or sorted(path.name.removesuffix(".onnx.gz") for path in arguments.out.glob("*.gz")):
        target = arguments.out / f"{name}.onnx.gz"
        target.write_bytes(skeleton(arguments.zoo / f"{name}.onnx"))
        print(f"{name}: {target.stat().st_size / 1e3:.1f} kB")


def skeleton(path: Path) -> bytes:
    """The packed model at a path, with empty weights and without notes; the same bytes every time."""
    model = onnx.load(path)
    for tensor in _tensors(model):
        _empty(tensor)
    _drop_notes(model)
    return gzip.compress(model.SerializeToString(deterministic=True), 9, mtime=0)


def _tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Every tensor that a message holds, however deep."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for inner in _messages(message):
        yield from _tensors(inner)


def _messages(message: Message) -> Iterator[Message]:
    for field, value in message.ListFields():
        if field.message_type is not None:
            yield from (value,) if isinstance(value, Message) else value


def _empty(tensor: onnx.TensorProto) -> None:
    """Replace the content of a float tensor by what is needed to draw it anew."""
    value = numpy_helper.to_array(tensor)
    if value.dtype.kind != "f" or value.size <= LONG:
        return
    if not np.isfinite(value).all() or np.abs(value).max() > HUGE or np.unique(value).size <= FEW:
        return
    exact = value.astype(np.float64)
    numbers = (exact.min(), exact.max(), exact.mean(), exact.std())
    bare = onnx.TensorProto(name=tensor.name, dims=tensor.dims, data_type=tensor.data_type)
    bare.doc_string = " ".join(f"{number:.5g}" for number in numbers)
    tensor.CopyFrom(bare)


def _drop_notes(message: Message) -> None:
    """Remove what exporters note down about the program that made the model; tensors hold none."""
    for name in ("doc_string", "metadata_props"):
        if name in message.DESCRIPTOR.fields_by_name:
            message.ClearField(name)
    for inner in _messages(message):
        if not isinstance(inner, onnx.TensorProto):
            _drop_notes(inner)


if __name__ == "__main__":
    main()
