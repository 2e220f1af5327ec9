"""Models of public architectures whose weights are drawn anew: `scripts/zoo/skeletons.py` took them out.

`python -m tests.skeletons` measures anew what pruning leaves of each, and writes `figures.csv`.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from google.protobuf.message import Message
from onnx import numpy_helper

from paoding_onnx import Options, Pruned, prune

FOLDER = Path(__file__).parent / "skeletons"
"""Where the packed models are."""
FIGURES = FOLDER / "figures.csv"
"""The share of the parameters that is left of each: at most that much must be left today."""
ENDING = ".onnx.gz"
HALF = Options(target=0.5, method="magnitude", round_to=1)
"""Half of the units of every group go."""


def names() -> list[str]:
    """The models there are, in order."""
    return sorted(path.name.removesuffix(ENDING) for path in FOLDER.glob(f"*{ENDING}"))


def figures() -> dict[str, float]:
    """The recorded shares, by name."""
    with FIGURES.open(newline="") as file:
        return {row["model"]: float(row["parameters_left"]) for row in csv.DictReader(file)}


def halve(name: str, folder: Path) -> Pruned:
    """What `prune` makes of a model, once it is unpacked to a file in a folder."""
    path = folder / f"{name}.onnx"
    onnx.save(unpack(name), path)
    return prune(path, options=HALF)


def parameters_left(pruned: Pruned) -> float:
    """The share of the parameters that is left."""
    return pruned.sizes.after.parameters / pruned.sizes.before.parameters


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


def _record() -> None:
    """Write the figures of all models."""
    with TemporaryDirectory() as folder, FIGURES.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("model", "parameters_left"))
        writer.writerows((name, f"{parameters_left(halve(name, Path(folder))):.4f}") for name in names())


if __name__ == "__main__":
    _record()
