"""The judge: a network pruned at random must pass every proof, and must not make the pruner stumble."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from paoding_onnx.api import prune
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import PaodingError, TargetError, UsageError
from paoding_onnx.model.load import Model, lift
from paoding_onnx.model.read import constants
from paoding_onnx.model.save import write_model
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from paoding_onnx.pipeline import latency
from paoding_onnx.samplers import METHODS
from paoding_onnx.shapes.choices import Choice, closed, settled
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import observe, sizes_of
from paoding_onnx.shapes.study import study
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan, make_plan
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.proofs import Asked, check_file
from paoding_onnx.verification.simplified import check_closed, check_simplified
from scripts.fuzz.second import second_opinion
from scripts.fuzz.text import from_text

PRUNED, NOTHING, INVALID, CHANCE = "pruned", "nothing to prune", "invalid", "rounding by chance"
WRONG = "wrong output"
SMALL = 1e-3
"""Differences below this may be sums that nearly cancel; then other weights must show them too."""
LARGEST = 1e6
"""Tensors with larger values are out of the range in which sums are compared."""
_ORT_ERRORS = tuple(e for e in vars(ort_errors).values() if isinstance(e, type) and issubclass(e, Exception))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a network: `kind` is one of the four above or names a failure, `detail` says what was seen."""

    kind: str
    detail: str = ""
    n_units: int = 0
    n_removed: int = 0

    @property
    def is_failure(self) -> bool:
        """Whether the pruner did something wrong."""
        return self.kind not in (PRUNED, NOTHING, INVALID, CHANCE)


def judge(text: str, seed: int) -> Outcome:
    """What becomes of the network that a text describes.

    A small difference counts as wrong only if the same plan shows one with other weights too.
    """
    outcome = _judge(text, seed, seed)
    found = re.match(r"largest difference (\S+)", outcome.detail)
    if outcome.kind != WRONG or found is None or float(found[1]) > SMALL:
        return outcome
    if any(_judge(text, other, seed).is_failure for other in (seed + 1, seed + 2)):
        return outcome
    return replace(outcome, kind=CHANCE)


def _judge(text: str, seed: int, plan_seed: int) -> Outcome:
    """What becomes of a network with the weights of one seed and the plan of another."""
    try:
        proto = from_text(text, seed)
    except onnx.parser.ParseError as error:
        return Outcome(INVALID, f"text: {_line(error)}")
    fault = invalid(proto)
    if fault:
        return Outcome(INVALID, fault)
    try:
        return _prune(lift(proto), plan_seed)
    except PaodingError as error:
        return Outcome("refused", f"{type(error).__name__}: {_line(error)}")
    except Exception as error:  # noqa: BLE001 - any exception is a finding
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.name}"
        return Outcome("raised", f"{type(error).__name__} in {where}: {_line(error)}")


def invalid(proto: onnx.ModelProto) -> str:
    """Why a network is no fair question: no valid ONNX, not run by onnxruntime, or its numbers out of range."""
    try:
        onnx.checker.check_model(proto, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, RuntimeError) as error:
        return f"checker: {_line(error)}"
    watched = onnx.ModelProto()
    watched.CopyFrom(proto)
    known = {info.name for info in proto.graph.output}
    inner = dict.fromkeys(name for node in proto.graph.node for name in node.output if name and name not in known)
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in inner)
    try:
        session = _session(watched.SerializeToString())
        values = session.run(None, _feeds(session))
    except _ORT_ERRORS as error:
        return f"onnxruntime: {_line(error)}"
    names = [output.name for output in session.get_outputs()]
    return _out_of_range(dict(zip(names, values, strict=True)), known)


def _out_of_range(values: dict[str, object], outputs: set[str]) -> str:
    """Why some tensor's numbers are out of range, or ""."""
    for name, value in values.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not value.size:
            continue
        found = value.astype(np.float64)
        finite = found[np.isfinite(found)]
        if finite.size and np.abs(finite).max() > LARGEST:
            return "range: a tensor is too large"
        if name in outputs and (finite.size < found.size or np.abs(found).max() < 1e-6):
            return "range: an output is not finite, or zero"
    return ""


def _session(content: bytes) -> ort.InferenceSession:
    """A session without any optimisation."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _feeds(session: ort.InferenceSession) -> dict[str, np.ndarray]:
    """Inputs with open batches of 1 and other open axes of 64, the first sizes that the pruner tries."""
    rng = np.random.default_rng(0)
    feeds = {}
    for info in session.get_inputs():
        shape = [d if isinstance(d, int) else 64 if axis else 1 for axis, d in enumerate(info.shape)]
        dtype = {"tensor(float)": "f4", "tensor(double)": "f8", "tensor(float16)": "f2", "tensor(bool)": "?"}
        if info.type in dtype:
            feeds[info.name] = rng.standard_normal(shape).astype(dtype[info.type])
        else:
            feeds[info.name] = rng.integers(0, 2, shape).astype("i4" if "int32" in info.type else "i8")
    return feeds


def random_plan(found: Trace, rng: np.random.Generator) -> Plan:
    """A random subset of each group's units, of which as many stay as must."""
    removed = nothing(found)
    for group in found.groups:
        count = int(rng.integers(0, group.most + 1))
        if not removed.any() and group is found.groups[-1]:
            count = max(count, 1)
        removed[group.start + rng.choice(group.n_units, count, replace=False)] = True
    return make_plan(found.without_gaps(removed, nothing(found)))


def _prune(model: Model, seed: int) -> Outcome:
    """The model pruned at random, and what the proofs say."""
    studied = study(model)
    found = trace(studied.graph)
    for verdict in check_simplified(model, studied.simplified, found, studied.choices):
        if not verdict.passed:
            return Outcome(WRONG, f"{verdict.name}: {verdict.detail}")
    if not found.groups:
        return Outcome(NOTHING)
    plan = random_plan(found, np.random.default_rng(seed))
    pruned = settled(cut(studied.folded, found, plan), studied.choices)
    whole = (found.n_units, int(plan.removed.sum()))
    file, repeatable = partial(_file, studied.choices), partial(_repeatable, studied.choices)
    for proof in (_equivalence, _by_hand, file, _outputs, *([repeatable, _pipeline] if seed % RARELY == 0 else [])):
        kind, detail = proof(model if proof in (file, _pipeline) else studied.folded, found, plan, pruned)
        if detail:
            return Outcome(kind, detail, *whole)
    return Outcome(PRUNED, "", *whole)


RARELY = 8
"""One network in so many is cut twice, and goes through a whole run of the program."""
Proof = Callable[[Model, Trace, Plan, Model], tuple[str, str]]
"""The name of what may fail, and what did: nothing if all is well."""


def _equivalence(model: Model, found: Trace, plan: Plan, pruned: Model) -> tuple[str, str]:
    """The package's own proof: cut equals masked."""
    verdict = check_surgery(model, found, plan, pruned)
    return WRONG, "" if verdict.passed else verdict.detail


def _file(choices: Sequence[Choice], model: Model, found: Trace, plan: Plan, pruned: Model) -> tuple[str, str]:
    """The proofs on a written file: checker, onnxruntime, recount, interface, and that its choices are closed right."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pruned.onnx"
        shut = closed(pruned, choices)
        write_model(shut, path)
        left = partial(found.shapes_left, plan.removed)
        verdicts = check_file(
            model, path, Asked(cost(found, plan.removed), sizes_of(found.graph), left, tuple(choices))
        )
        verdicts += tuple(check_closed(shut, pruned, found, choices))
    failed = next((verdict for verdict in verdicts if not verdict.passed), None)
    return (failed.name, failed.detail) if failed else ("", "")


def _by_hand(model: Model, found: Trace, plan: Plan, pruned: Model) -> tuple[str, str]:
    """What a proof that shares nothing with the package's says."""
    return "second opinion", second_opinion(model, found, plan, pruned)


def _outputs(model: Model, found: Trace, _plan: Plan, pruned: Model) -> tuple[str, str]:
    """Shapes of outputs; the first proof compares those of exact networks already."""
    if all(group.is_exact for group in found.groups):
        return "", ""
    feeding, shapes = sizes_of(found.graph).measured, sizes_of(found.graph).shapes
    for name, value in Session(pruned).run(random_feeds(model.inputs, feeding, np.random.default_rng(0))).items():
        if value.shape != shapes[name]:
            return "output shape", f"{name!r} was {shapes[name]}, is {value.shape}"
    return "", ""


def _repeatable(choices: Sequence[Choice], model: Model, _found: Trace, plan: Plan, pruned: Model) -> tuple[str, str]:
    """Whether a second trace and surgery give the same bytes."""
    again = settled(cut(model, trace(observe(model)), plan), choices)
    same = again.proto.SerializeToString() == pruned.proto.SerializeToString()
    same &= all(np.array_equal(again.weights[name], value) for name, value in pruned.weights.items())
    return "bytes", "" if same else "a second surgery made another model"


def _pipeline(model: Model, found: Trace, plan: Plan, _pruned: Model) -> tuple[str, str]:
    """A whole run of `prune` with random options; its clock is not asked. What is excluded must keep its shape."""
    rng = np.random.default_rng(int(plan.removed.sum()) + found.n_units)
    before = constants(model)
    names = sorted(name for name in before if before[name].ndim > 1)
    options = Options(
        target=float(rng.choice([0.2, 0.5, 0.8])),
        by=("units", "parameters", "macs")[rng.integers(3)],
        step=float(rng.choice([0.1, 0.3, 1.0])),
        method=str(rng.choice(sorted(METHODS))),
        round_to=int(rng.choice([0, 1, 4])),
        exclude=(str(rng.choice(names)),) if names and rng.random() < 0.3 else (),
    )
    with patch.object(latency, "compare_latency", lambda *_, **__: None), suppress(TargetError, UsageError):
        after = constants(prune(model, options=options).model)
        for name in options.exclude:
            if after[name].shape != before[name].shape:
                return "excluded", f"{name!r} was {before[name].shape}, is {after[name].shape}"
    return "", ""


def _line(error: Exception) -> str:
    """A message on one line, shortened in the middle."""
    words = " ".join(str(error).split())
    return words if len(words) < 300 else f"{words[:120]} ... {words[-170:]}"
