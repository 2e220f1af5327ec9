"""Small models from ONNX text, with seeded random weights, and one way to prune them at random and judge the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.dependency.cost import Cost, cost, nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.scope import Scope
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.exact import exact
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model, lift
from paoding_onnx.shapes.observe import observe, runnable_shapes
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan, make_plan
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.masked import mask
from paoding_onnx.verification.verdict import Verdict

IMAGES = "g (float[2,3,4,4] x) => (float[2,5,4,4] y) "
"""Head of a text whose model turns images of 3 channels into 5."""
ROWS = "g (float[2,3] x) => (float[2,5] y) "
"""Head of a text whose model turns rows of 3 features into 5."""

NET = """g (float[N,3,8,8] x) => (float[N,5] y)
    <float[4,3,3,3] a, float[4] ab, float[4] s, float[4] t, float[4] m, float[4] v, float[6,4,3,3] b, float[96,5] c> {
  [first] h = Conv (x, a, ab)
  [norm] n = BatchNormalization (h, s, t, m, v)
  [second] p = Conv (n, b)
  [flat] f = Flatten (p)
  [last] y = MatMul (f, c)
}"""
"""Two groups, of 4 and 6 channels; the second is flattened to 96 columns."""


def parse(text: str, seed: int = 0, *, opset: int = 17, ir: int = 8) -> onnx.ModelProto:
    """The model that ONNX text describes; weights declared without a value get seeded random content.

    Vectors are drawn from (0.5, 1.5), so that they serve as variances too; matrices and kernels are normal, scaled by
    their fan-in; integers of less than 64 bits lie below 100. A text that starts with ``<`` brings its own header.

    >>> proto = parse("g (float[1,4] x) => (float[1,2] y) <float[4,2] w> { y = MatMul (x, w) }")
    >>> [(tensor.name, tuple(tensor.dims)) for tensor in proto.graph.initializer]
    [('w', (4, 2))]
    """
    header = "" if text.lstrip().startswith("<") else f'<ir_version: {ir}, opset_import: ["" : {opset}]>\n'
    proto = onnx.parser.parse_model(header + text)
    rng = np.random.default_rng(seed)
    made = {name for node in proto.graph.node for name in node.output}
    for info in [info for info in proto.graph.value_info if info.name not in made]:
        proto.graph.initializer.append(numpy_helper.from_array(_content(info, rng), info.name))
        proto.graph.value_info.remove(info)
    return proto


def model(text: str, seed: int = 0, *, opset: int = 17, ir: int = 8) -> Model:
    """What `load` would return for a file with the model of `parse`."""
    return lift(parse(text, seed, opset=opset, ir=ir))


def save(proto: onnx.ModelProto, path: Path) -> Path:
    """`path`, where `proto` has been written."""
    path.write_bytes(proto.SerializeToString())
    return path


def traced(text: str, *, exclude: Sequence[str] = (), only: Sequence[str] = (), opset: int = 17) -> Trace:
    """The trace of the model that ONNX text describes."""
    return trace(observe(model(text, opset=opset)), Scope(exclude=tuple(exclude), only=tuple(only)))


def random_plan(trace: Trace, seed: int = 0, share: float = 0.5) -> Plan:
    """A plan that removes `share` of each group's units (rounded up, but never all), drawn at random."""
    rng = np.random.default_rng(seed)
    removed = nothing(trace)
    for group in trace.groups:
        count = min(int(np.ceil(share * group.n_units)), group.most)
        removed[group.start + rng.choice(group.n_units, count, replace=False)] = True
    return make_plan(removed)


@dataclass(frozen=True)
class Trial:
    """A model pruned by a plan: the smaller model, the oracle's word, and the cost predicted and counted again."""

    original: Model
    trace: Trace
    plan: Plan
    pruned: Model
    verdict: Verdict
    predicted: Cost
    recounted: Cost

    @property
    def n_removed(self) -> int:
        """How many units went."""
        return int(np.count_nonzero(self.plan.removed))


def prune_randomly(model: Model, seed: int = 0, share: float = 0.5) -> Trial:
    """`model` after losing `share` of each group's units at random, under every proof there is."""
    found = trace(observe(model))
    plan = random_plan(found, seed, share)
    pruned = cut(model, found, plan)
    recounted = trace(observe(pruned, Given(runnable_shapes(found.graph))))
    return Trial(
        original=model,
        trace=found,
        plan=plan,
        pruned=pruned,
        verdict=check_surgery(model, found, plan),
        predicted=cost(found, plan.removed),
        recounted=cost(recounted, nothing(recounted)),
    )


def zeroed_and_cut(trial: Trial, feeds: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """First output of the original with its removed units zeroed, and of the pruned model, on any inputs."""
    zeroed = mask(trial.original, trial.trace, trial.plan)
    first, second = (exact(subject).run(feeds) for subject in (zeroed, trial.pruned))
    name = trial.trace.graph.outputs[0]
    return first[name], second[name]


def _content(info: onnx.ValueInfoProto, rng: np.random.Generator) -> np.ndarray:
    shape = tuple(dim.dim_value for dim in info.type.tensor_type.shape.dim)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
    if dtype.kind in "iu" and dtype.itemsize < 8:
        low = 0 if dtype.kind == "u" else -100
        return rng.integers(low, 100, shape).astype(dtype)
    if len(shape) < 2:
        return rng.uniform(0.5, 1.5, shape).astype(dtype)
    return (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(dtype)
