"""What a user knows about inputs, said in words such as ``sr=16000``, ``image=1x3x320x320`` or ``ids=rows.npy``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.arrays import arrays_of_inputs, read_arrays
from paoding_onnx.calibration.file_hints import shapes_said
from paoding_onnx.calibration.likely_sizes import counts_likely, shapes_likely
from paoding_onnx.errors import UsageError
from paoding_onnx.model.input_sizes import Given, Shape, Shapes
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, TensorSpec

InputValue = float | tuple[float, ...] | Path
"""What an input holds: one number everywhere, numbers along its last axis, or what is in a .npy or .npz file."""
_SHAPE = re.compile(r"\d{1,9}(x\d{1,9})+")
_FILES = (".npy", ".npz")


@dataclass(frozen=True, slots=True)
class KnownInputs:
    """Shapes and values of inputs, by their names."""

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    values: Mapping[str, InputValue] = field(default_factory=dict)


def parse_inputs(texts: Iterable[str]) -> KnownInputs:
    """What texts of the form NAME=WHAT say: sizes joined by x are a shape, all else is a value.

    >>> known = parse_inputs(["sr=16000", "image=1x3x320x320", "h=zeros.npy"])
    >>> known.shapes, known.values["sr"]
    ({'image': (1, 3, 320, 320)}, 16000.0)

    Raises:
        UsageError: if a text is none of these.
    """
    shapes: dict[str, Shape] = {}
    values: dict[str, InputValue] = {}
    for text in texts:
        name, equals, what = text.partition("=")
        if not (name and equals and what):
            raise UsageError(f"--input {text!r} is not of the form NAME=VALUE, NAME=1x3x224x224 or NAME=FILE.npy")
        if _SHAPE.fullmatch(what):
            shapes[name] = tuple(int(size) for size in what.split("x"))
        else:
            values[name] = Path(what) if Path(what).suffix.lower() in _FILES else _numbers(text, what)
    return KnownInputs(shapes, values)


def input_texts(values: Mapping[str, InputValue]) -> tuple[str, ...]:
    """The texts that `parse_inputs` makes these values of.

    >>> input_texts({"sr": 16000.0, "lengths": (3.0, 5.0)})
    ('sr=16000', 'lengths=3,5')
    """
    return tuple(f"{name}={_text(value)}" for name, value in values.items())


def given_of(model: Model, known: KnownInputs, likely: Shapes = MappingProxyType({})) -> Given:
    """What is known of the inputs of `model`, read and fitted to their types and axes, and what the file itself says.

    An axis that is open gets the size of the content, but for the first one of several, which counts samples. `likely`
    shapes go before those that the file says, and before guesses.

    Raises:
        UsageError: if there is no such input, a file cannot be read, or what is said does not fit.
    """
    specs = {spec.name: spec for spec in model.inputs}
    contents = {}
    for name, value in known.values.items():
        if name not in specs:
            raise UsageError(f"no input is named {name!r}; the model has {', '.join(map(repr, specs)) or 'none'}")
        contents[name] = _content(specs[name], value)
    counts = {
        name: _content(specs[name], count) for name, count in counts_likely(model).items() if name not in contents
    }
    said = {name: of for name, of in shapes_said(model).items() if name not in likely}
    shapes = {**said, **_sizes(contents, specs), **known.shapes}
    tried = {name: of for name, of in {**shapes_likely(model), **likely}.items() if name not in shapes}
    return Given(shapes, contents, tried, counts)


def _numbers(text: str, what: str) -> InputValue:
    try:
        found = tuple(float(part) for part in what.split(","))
    except ValueError as error:
        raise UsageError(f"--input {text!r} holds no number, no shape such as 1x3x224x224 and no .npy file") from error
    return found[0] if len(found) == 1 else found


def _text(value: InputValue) -> str:
    if isinstance(value, Path):
        return value.name if value.is_absolute() else str(value)
    return ",".join(f"{number:.17g}" for number in (value if isinstance(value, tuple) else (value,)))


def _content(spec: TensorSpec, value: InputValue) -> Array:
    """A value as an array with as many axes as the input has, in the input's type."""
    if spec.dtype is None or spec.dtype.kind not in "fiub":
        raise UsageError(f"input {spec.name!r} is not a tensor of numbers: it cannot be given")
    found = _read(value, spec.name) if isinstance(value, Path) else np.asarray(value)
    n_missing = len(spec.dims) - found.ndim
    if found.size == 1:
        found = found.reshape((1,) * len(spec.dims))
    elif n_missing == 1 or (n_missing > 0 and not isinstance(value, Path)):  # the same for every sample
        found = found.reshape((1,) * n_missing + found.shape)
    fits = found.ndim == len(spec.dims) and all(
        size in (1, dim) or not isinstance(dim, int) for dim, size in zip(spec.dims, found.shape, strict=True)
    )
    if not fits or not found.size:
        raise UsageError(f"input {spec.name!r} of shape {_dims(spec)} cannot hold {found.shape} numbers")
    with np.errstate(all="ignore"):
        typed = found.astype(spec.dtype)
    if typed.dtype.kind != "f" and not np.array_equal(typed, found):
        raise UsageError(f"input {spec.name!r} holds {spec.dtype}: it cannot hold {found.reshape(-1)[0]} and the like")
    return typed


def _read(path: Path, name: str) -> Array:
    (found,) = arrays_of_inputs(path, read_arrays(path), [name], name).values()
    if found.dtype.kind not in "fiub" or (found.dtype.kind == "f" and not np.isfinite(found).all()):
        raise UsageError(f"{path} holds something else than finite numbers for input {name!r}")
    return found


def _sizes(contents: Mapping[str, Array], specs: Mapping[str, TensorSpec]) -> Shapes:
    """The shapes of inputs whose content is larger than one number."""
    found = {}
    for name, content in contents.items():
        dims = specs[name].dims
        is_by_sample = content.ndim > 1 and not isinstance(dims[0], int)
        shape = (1, *content.shape[1:]) if is_by_sample else content.shape
        if max(shape, default=1) > 1:
            found[name] = tuple(dim if isinstance(dim, int) else size for dim, size in zip(dims, shape, strict=True))
    return found


def _dims(spec: TensorSpec) -> str:
    return "x".join("?" if dim is None else str(dim) for dim in spec.dims) or "scalar"
