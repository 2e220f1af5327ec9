"""One model, pruned by the command line and run at all its sizes beside the reference, as one row for each way."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, numpy_helper

from scripts.benchmarks.open_axes.distance import farthest, finite_fault, rows_fault, shape_fault
from scripts.benchmarks.open_axes.draws import steadied
from scripts.benchmarks.open_axes.reference import PlanError, zeroed
from scripts.benchmarks.processes import Done, Limits, run
from scripts.zoo.open_axes.feeds import Array, feed

PRUNE = ("--target", "0.5", "--method", "magnitude", "--round-to", "1", "--json")
WAYS: Mapping[str, tuple[str, ...]] = {"exact": ("--exact-only",), "all": ()}
"""Ways to prune: exact units alone, so that numbers can be compared, and all units, of which shapes can be."""
RIGHT, WRONG, REFUSED, CRASH, UNKNOWN = "right", "wrong", "refused", "crash", "not judged"
OUTCOMES = (RIGHT, WRONG, REFUSED, CRASH, UNKNOWN)
REFUSALS = (1, 2, 3, 4, 5)
"""Exit statuses that are spoken of in the help; 1 is a proof of the package's own that failed."""
SECONDS = 300
TOLERANCE = 1e-4
NOISE_FACTOR = 20
"""Times the difference that onnxruntime's own rearrangements make: what is closer than that is rounding."""
Outputs = list[Array]


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one model pruned in one way.

    `outcome` is one of `OUTCOMES`; `detail` says what went wrong at which size, or what was said. `compared` is
    "numbers", "rows" (as a set) or "shapes"; `farthest` is the largest difference, `None` where no numbers were
    compared; `parameters_left` is a share.
    """

    model: str
    way: str
    outcome: str
    compared: str
    farthest: float | None
    parameters: int | None
    parameters_left: float | None
    seconds: float
    detail: str


def judge(path: Path, way: str) -> Row:
    """The row of one file with its JSON file beside it, pruned in one of `WAYS`."""
    with tempfile.TemporaryDirectory() as scratch:
        pruned, plan = Path(scratch) / "pruned.onnx", Path(scratch) / "plan.json"
        words = ("-o", str(pruned), "--plan", str(plan), *PRUNE, *WAYS[way])
        done = run("paoding_onnx", "prune", str(path.resolve()), *words, limits=Limits(seconds=SECONDS), threads=1)
        if done.code != 0 or not pruned.exists():
            return Row(path.stem, way, *_unpruned(done, path))
        told = json.loads(done.out)
        before, after = (told["sizes"][when]["parameters"] for when in ("before", "after"))
        is_exact = all(group["exact"] for group in told["groups"])
        described = json.loads(path.with_suffix(".json").read_text())
        compared = ("rows" if described["compare"] != "plain" else "numbers") if is_exact else "shapes"
        found = _verdict(onnx.load(path), onnx.load(pruned), json.loads(plan.read_text()), described, compared)
    return Row(path.stem, way, found[0], compared, found[1], before, after / before, round(done.seconds, 1), found[2])


def _unpruned(done: Done, path: Path) -> tuple[str, str, None, None, None, float, str]:
    """The rest of the row of a model that was not pruned."""
    is_crash = "Traceback" in done.err or done.code not in REFUSALS
    message = done.message.replace(f"{path.resolve().parent}/", "")
    outcome = CRASH if is_crash else REFUSED
    return outcome, "", None, None, None, round(done.seconds, 1), f"exit {done.code}: {message}"


def _verdict(
    original: ModelProto, pruned: ModelProto, plan: Mapping[str, Any], described: Mapping[str, Any], compared: str
) -> tuple[str, float | None, str]:
    """Outcome, largest difference, and what is wrong at which size."""
    try:
        reference = zeroed(original, plan) if compared != "shapes" else original
    except PlanError as error:
        return UNKNOWN, None, str(error)
    steadied(reference)
    steadied(pruned)
    try:
        other = _session(pruned)
    except Exception as error:  # noqa: BLE001, onnxruntime's errors share no other parent
        return WRONG, None, f"onnxruntime refuses the file: {_said(error)}"
    comparison = _Comparison(reference, _session(reference), other, described["compare"], compared)
    differences, faults = [0.0], []
    for number, (size, feeds) in enumerate(zip(described["sizes"], described["feeds"], strict=True)):
        difference, fault = comparison.at(feed(feeds, number))
        differences.append(difference)
        faults += [f"{_size(size)}: {fault}"] if fault else []
    largest = max(differences) if compared == "numbers" else None
    detail = f"at {len(faults)} of {len(described['sizes'])} sizes, first {faults[0]}" if faults else ""
    return (WRONG if faults else RIGHT), largest, detail


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two models that can be run, and how their outputs are compared."""

    model: ModelProto
    reference: onnxruntime.InferenceSession
    pruned: onnxruntime.InferenceSession
    rule: str
    compared: str

    def at(self, given: Mapping[str, Array]) -> tuple[float, str]:
        """How far they differ for one set of inputs, and what is wrong, if anything."""
        wanted = _run(self.reference, given)
        try:
            found = _run(self.pruned, given)
        except Exception as error:  # noqa: BLE001, onnxruntime's errors share no other parent
            return 0.0, f"fails, the original does not: {_said(error)}"
        n_free = 0 if self.rule == "plain" else int(self.rule.split()[1])
        fault = shape_fault(wanted, found, n_free) or finite_fault(wanted, found)
        if self.compared == "shapes" and fault:
            return 0.0, "" if self._decides_sizes(given, wanted) else fault
        if fault or self.compared == "shapes":
            return 0.0, fault
        if self.compared == "rows":
            return 0.0, rows_fault(wanted, found, n_free)
        far = farthest(wanted, found)
        is_rounding = far <= TOLERANCE or far <= NOISE_FACTOR * self._noise(given, wanted)
        return far, "" if is_rounding else f"differs by {far:.2g}"

    def _decides_sizes(self, given: Mapping[str, Array], wanted: Outputs) -> bool:
        """Whether other contents give the original's outputs other shapes: then so may other weights."""
        turned = {name: np.flip(value, -1) if value.ndim else value for name, value in given.items()}
        more = ({n: np.full_like(v, k) if v.dtype.kind in "iu" and v.ndim > 1 else v for n, v in given.items()} for k in
                (1, 3, 7, 11))  # fmt: skip
        return any(shape_fault(wanted, _run(self.reference, other), 0) for other in (turned, *more))

    def _noise(self, given: Mapping[str, Array], wanted: Outputs) -> float:
        """How far the reference is from itself when onnxruntime rearranges it, or its weights are rounded again."""
        others = (_session(self.model, rearranged=True), _session(_nudged(self.model)))
        return max(farthest(wanted, _run(session, given)) for session in others)


def _nudged(model: ModelProto) -> ModelProto:
    """The model with every weight changed by the spacing of float32, up or down."""
    rng, copy = np.random.default_rng(0), ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) > 1:
            value = numpy_helper.to_array(tensor)
            factors = rng.choice(np.array([1 - 1.2e-7, 1 + 1.2e-7], np.float32), value.shape)
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(value * factors, np.float32), tensor.name))
    return copy


def _session(model: ModelProto, *, rearranged: bool = False) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if rearranged else levels.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, given: Mapping[str, Array]) -> Outputs:
    names = {wanted.name for wanted in session.get_inputs()}
    return list(session.run(None, {name: value for name, value in given.items() if name in names}))


def _size(size: Mapping[str, int]) -> str:
    return " ".join(f"{axis} {n}" for axis, n in size.items())


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[-160:]


def n_of(rows: Sequence[Row], outcome: str) -> int:
    """How many rows have an outcome."""
    return sum(row.outcome == outcome for row in rows)
