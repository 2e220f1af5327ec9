"""A random network is pruned at random, and compared at other sizes with itself, removed slices of weights zeroed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

from paoding_onnx.dependency.groups import trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import plan_document
from tests.models import parse, random_plan
from tests.open_axes.graphs import Drawn

RIGHT, REFUSED, BARE = "right", "refused", "nothing to remove"
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Judged:
    """What became of a network: `RIGHT`, `REFUSED`, `BARE`, or what is wrong with it."""

    outcome: str
    detail: str = ""


def judge(drawn: Drawn, seed: int, share: float) -> Judged:
    """Prune a network at random, and compare it with what it must compute, at all sizes drawn."""
    original = parse(drawn.text, seed)
    subject = lift(parse(drawn.text, seed))
    try:
        found = trace(observe(subject))
    except ModelError as error:
        return Judged(REFUSED, str(error))
    if not found.groups:
        return Judged(BARE)
    plan = random_plan(found, seed, share)
    pruned = cut(subject, found, plan)
    masked = session(zeroed(original, plan_document(found, plan)))
    smaller = Session(pruned)
    for number, sizes in enumerate(drawn.sizes):
        feeds = drawn.feeds(sizes, number)
        (wanted,) = masked.run(None, feeds)
        try:
            got = smaller.run(feeds)["y"]
        except ModelError as error:
            return Judged(f"fails at {sizes}", str(error))
        if got.shape != wanted.shape:
            return Judged(f"shape {got.shape} and not {wanted.shape} at {sizes}")
        far = float(np.abs(got - wanted).max(initial=0)) / max(float(np.abs(wanted).max(initial=0)), 1e-3)
        if not far <= TOLERANCE:
            return Judged(f"differs by {far:.1e} at {sizes}")
    return Judged(RIGHT)


def zeroed(original: onnx.ModelProto, document: Mapping[str, object]) -> onnx.ModelProto:
    """A model with the slices of weights set to zero that a plan removes; a copy of its own for each use it names."""
    stored = {tensor.name: tensor for tensor in original.graph.initializer}
    entries: dict[tuple[str, str | None, int | None], list[Mapping[str, object]]] = {}
    for entry in document["axes"]:
        entries.setdefault((entry["initializer"], entry.get("node"), entry.get("operand")), []).append(entry)
    for (name, node, operand), axes in entries.items():
        if name not in stored or stored[name].data_type != onnx.TensorProto.FLOAT:
            continue
        value = numpy_helper.to_array(stored[name]).copy()
        for entry in axes:
            place = [slice(None)] * value.ndim
            place[entry["axis"]] = np.setdiff1d(np.arange(entry["size"]), entry["kept"])
            value[tuple(place)] = 0
        if node is None:
            stored[name].CopyFrom(numpy_helper.from_array(value, name))
            continue
        copy = f"{name}_{node}_{operand}"
        original.graph.initializer.append(numpy_helper.from_array(value, copy))
        next(user for user in original.graph.node if user.name == node).input[operand] = copy
    return original


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    """A session of onnxruntime itself, which changes nothing to be faster."""
    options = ort.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
