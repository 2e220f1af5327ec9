"""What the tests of whole runs share: two models, planted weights, outputs compared on many inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.evaluation.measured import Latency, Measured
from paoding_onnx.layerwise.statistics import ActivationStatistics, observe_units
from paoding_onnx.layerwise.weights import View
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model, lift
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from paoding_onnx.pipeline import latency, prove
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan, make_plan
from tests.models import parse

Floats = NDArray[np.float32]

MLP = """g (float[N,8] x) => (float[N,4] y)
    <float[8,16] a, float[16] ab, float[16,12] b, float[12] bb, float[12,4] c, float[4] cb> {
  p = MatMul (x, a) q = Add (p, ab) r = Relu (q)
  s = Gemm (r, b, bb) t = Relu (s) u = MatMul (t, c) y = Add (u, cb)
}"""
"""Hidden groups of 16 and 12 units; 400 parameters, 368 multiply-adds."""

ONE = "g (float[1,8] x) => (float[1,4] y) <float[8,16] a, float[16,4] b> { p = MatMul (x, a) y = MatMul (p, b) }"
"""16 units of 12 parameters each, and nothing else."""

CNN = """g (float[N,3,8,8] x) => (float[N,5] y)
    <float[8,3,3,3] a, float[8] ab, float[8,1,3,3] d, float[8] db, float[16,8,1,1] e, float[10,16] f, float[5,10] h> {
  p = Conv <pads=[1,1,1,1]> (x, a, ab) q = Relu (p) r = Conv <group=8, pads=[1,1,1,1]> (q, d, db) s = Conv (r, e)
  t = Relu (s) u = GlobalAveragePool (t) v = Flatten (u) w = Gemm <transB=1> (v, f) z = Relu (w)
  y = Gemm <transB=1> (z, h)
}"""
"""Groups of 8 channels (one layer and the depthwise one behind it), 16 channels, 10 hidden units."""

BRANCHES = """g (float[1,3,4,4] x) => (float[1,5,16] y)
    <float[8,3,1,1] a, float[8,3,1,1] b, float[5,8] c, float[5,8] d, int64[3] target={0,8,16}> {
  p = Conv (x, a) q = Conv (x, b) r = Reshape (p, target) s = Reshape (q, target)
  t = MatMul (c, r) u = MatMul (d, s) y = Add (t, u)
}"""
"""Two layers of 8 channels; their Reshapes share one target."""

SHARED = """g (float[1,4,2,2] x) => (float[1,5,2,2] y)
    <float[6,4,1,1] a, float[6] k, float[6,6,1,1] b, float[5,6,1,1] c> {
  p = Conv (x, a, k) q = Relu (p) r = Conv (q, b, k) y = Conv (r, c)
}"""
"""Two layers of 6 channels that share one bias."""


def planted(text: str, plant: Callable[[dict[str, Floats]], None], seed: int = 0) -> Model:
    """The model that ONNX text describes, once `plant` has changed its seeded weights in place."""
    proto = parse(text, seed)
    weights = {tensor.name: numpy_helper.to_array(tensor).copy() for tensor in proto.graph.initializer}
    plant(weights)
    for tensor in proto.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name], tensor.name))
    return lift(proto)


def traced_model(model: Model) -> Trace:
    """The trace of a model."""
    return trace(observe(model))


def whole_view(model: Model) -> View:
    """The view of a model that has lost nothing yet."""
    found = traced_model(model)
    return View(found, nothing(found), {})


def feeds(model: Model, sizes: Sequence[int] = (64, 64, 64, 64), seed: int = 7) -> list[Mapping[str, Array]]:
    """Seeded random inputs in batches of these sizes."""
    rng = np.random.default_rng(seed)
    return [
        {
            spec.name: rng.standard_normal([d if isinstance(d, int) else size for d in spec.dims]).astype(spec.dtype)
            for spec in model.inputs
        }
        for size in sizes
    ]


def observed(
    model: Model, *, renormalise: bool = False, sizes: Sequence[int] = (64, 64, 64, 64)
) -> ActivationStatistics:
    """What the units of a model do on random inputs."""
    found = traced_model(model)
    return observe_units(model, found, feeds(model, sizes), Run(), renormalise=renormalise)


def observed_view(model: Model) -> View:
    """The view of a model that has lost nothing yet and was seen on random inputs."""
    found = traced_model(model)
    return View(found, nothing(found), {}, unit_statistics=observed(model).units)


def plan_of(trace: Trace, **units: list[int]) -> Plan:
    """The plan that removes these units (counted from 0 in each group) of the groups made at these tensors."""
    removed = nothing(trace)
    for tensor, numbers in units.items():
        (group,) = (
            group
            for group in trace.groups
            if tensor in {parameter_axis.use.tensor for parameter_axis in group.parameter_axes[:1]}
        )
        removed[group.start + np.array(numbers)] = True
    return make_plan(removed)


def without(model: Model, **units: list[int]) -> Model:
    """The model without these units of the groups made at these tensors."""
    found = traced_model(model)
    return cut(model, found, plan_of(found, **units))


def initializers(model: Model) -> dict[str, onnx.TensorProto]:
    """Initializers as the protobuf holds them, by name."""
    return {tensor.name: tensor for tensor in model.proto.graph.initializer}


def overrides(model: Model) -> Mapping[str, Array]:
    """A copy of all constants: what must be the same after a stage that promises to change nothing."""
    return {name: value.copy() for name, value in constants(model).items()}


def is_unchanged(model: Model, proto: bytes, before: Mapping[str, Array]) -> bool:
    """Whether a model still has these bytes and constants."""
    after = constants(model)
    same = after.keys() == before.keys() and all(np.array_equal(after[name], before[name]) for name in before)
    return same and model.proto.SerializeToString() == proto


def run(model: Model, batch: int = 64) -> dict[str, Array]:
    """Outputs on seeded random inputs."""
    rng = np.random.default_rng(7)
    shapes = {s.name: [d if isinstance(d, int) else batch for d in s.dims] for s in model.inputs}
    return Session(model).run({name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()})


def moved(before: Model, after: Model) -> float:
    """How far the outputs moved, relative to their size."""
    return output_difference(run(before), run(after))


def by_units(**options: object) -> Options:
    """Options of a run whose target counts units, as the tests' figures do."""
    return Options(**{"by": "units"} | options)


def skip_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare tests of other things the half second in which `prune` measures latency: it is 0.5."""
    monkeypatch.setattr(latency, "compare_latency", lambda *_, **__: Latency(2.0, 1.0, 0.5, 0.01, 1))


def skip_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare tests of other things the seconds in which `prune` compares a large model with its original."""
    nothing_seen = Measured(latency=None, output_error=0.0, agreement=None, inputs="nothing")
    monkeypatch.setattr(prove, "compare", lambda *_, **__: nothing_seen)


def files(folder: Path) -> dict[str, bytes]:
    """All files inside a folder, hidden ones and those in folders inside too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def with_constants(subject: Model, **values: Array) -> Model:
    """A copy of a model with other content in some of its initializers."""
    proto = onnx.ModelProto.FromString(subject.proto.SerializeToString())
    weights = {name: value for name, value in subject.weights.items() if name not in values}
    for tensor in proto.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values[tensor.name]), tensor.name))
    return replace(subject, proto=proto, weights=weights)


def edited(subject: Model, edit: Callable[[onnx.ModelProto], None]) -> Model:
    """A copy of a model whose protobuf `edit` has changed in place."""
    proto = onnx.ModelProto.FromString(subject.proto.SerializeToString())
    edit(proto)
    return replace(subject, proto=proto)
