"""The table of times: a value, and the file that keeps it. Measures nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import UsageError
from paoding_onnx.model.json_file import read_json

FORMAT = "paoding_onnx latency table 1"


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of a layer by the sizes of its factors: one axis for each, `sizes` are its marks, ascending."""

    sizes: tuple[tuple[int, ...], ...]
    milliseconds: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LatencyTable:
    """What was measured of a model's layers on a machine.

    Attributes:
        layers: the times of each layer by its key, see `paoding_onnx.timing.widths.TimedLayer`.
        operators: milliseconds in a run of the whole model by operator, after onnxruntime has fused what it can.
        inseparable: keys of layers that onnxruntime does not run on their own.
        made: versions, machine and number of threads.
    """

    layers: Mapping[str, Times]
    operators: Mapping[str, float]
    inseparable: tuple[str, ...] = ()
    made: Mapping[str, object] = field(default_factory=dict)

    @property
    def whole(self) -> float:
        """Milliseconds of a run of the whole model."""
        return math.fsum(self.operators.values())


def table_text(table: LatencyTable) -> str:
    """The file of a table: JSON, with a line for each layer."""
    layers = {
        key: {"sizes": times.sizes, "milliseconds": np.round(times.milliseconds, 6).tolist()}
        for key, times in sorted(table.layers.items())
    }
    head = {"format": FORMAT, "made": dict(table.made), "operators": dict(sorted(table.operators.items()))}
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(layer)}" for key, layer in layers.items())
    return f'{json.dumps({**head, "inseparable": table.inseparable})[:-1]},\n "layers": {{\n{lines}\n }}}}\n'


def read_table(path: Path) -> LatencyTable:
    """The table in a file.

    Raises:
        UsageError: if it cannot be read, or is none.
    """
    found = read_json(path)
    try:
        return table_of(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} is no latency table that `paoding_onnx profile` wrote ({error})") from error


def table_of(document: object) -> LatencyTable:
    """The table that a document holds.

    Raises:
        TypeError, ValueError, KeyError: if it holds something else.
    """
    if not isinstance(document, dict):
        raise TypeError("it is no object")
    if document.get("format") != FORMAT:
        raise ValueError(f"format is {document.get('format')!r}, not {FORMAT!r}")
    layers = {str(key): _times(layer) for key, layer in document["layers"].items()}
    operators = {str(name): float(value) for name, value in document["operators"].items()}
    if not all(math.isfinite(value) and value >= 0 for value in operators.values()):
        raise ValueError("a time is not a number above zero")
    return LatencyTable(
        layers, operators, tuple(map(str, document.get("inseparable", ()))), dict(document.get("made", {}))
    )


def _times(layer: Mapping[str, Any]) -> Times:
    sizes = tuple(tuple(int(size) for size in marks) for marks in layer["sizes"])
    milliseconds = np.array(layer["milliseconds"], np.float64)
    if milliseconds.shape != tuple(map(len, sizes)) or any(list(marks) != sorted(set(marks)) for marks in sizes):
        raise ValueError("times do not fit the sizes that they are for")
    if not np.all(np.isfinite(milliseconds) & (milliseconds >= 0)):
        raise ValueError("a time is not a number above zero")
    return Times(sizes, milliseconds)
