"""What becomes of a pruning with a fault planted: caught, the same as without it, equal all the same, or missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

from paoding_onnx.dependency.cost import Cost, cost, nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.scope import EVERYTHING
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import PaodingError
from paoding_onnx.model.load import Model, load
from paoding_onnx.model.save import write_model
from paoding_onnx.shapes.choices import Choice, closed, reopened, settled
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.shapes.study import study
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan, make_plan, plan_document, plan_from_document, scope_of_document
from paoding_onnx.verification.proofs import Asked, check_file
from paoding_onnx.verification.simplified import check_closed, check_simplified
from paoding_onnx.verification.slices import check_cut
from paoding_onnx.verification.verdict import Verdict
from paoding_onnx.verification.written import check_written, restored
from scripts.fuzz.mutants_oracle import counted, differs, zeroed

CAUGHT, SAME, EQUAL, LESS, MISSED = "caught", "same bytes", "equal", "helps less", "missed"
Plant = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network made ready without any fault; `zeroing` says whether zeroed weights are known to tell what is right."""

    model: Model
    folded: Model
    trace: Trace
    zeroing: bool
    choices: tuple[Choice, ...] = ()

    def closed(self, model: Model) -> Model:
        """A model as it goes to its file."""
        return closed(settled(model, self.choices), self.choices)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a mutant, and what said so."""

    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """A pruning that passed all proofs: the file as it was read again, the plan as it was recorded."""

    file: onnx.ModelProto
    document: Mapping[str, object]
    predicted: Cost


def prepared(model: Model, seed: int) -> Prepared | None:
    """The network, or `None` if it has nothing to prune."""
    studied = study(model)
    folded, found = studied.folded, trace(studied.graph)
    if not found.groups:
        return None
    plan = half(found, seed)
    reference = zeroed(whole(model), plan_document(found, plan))
    right = closed(cut(folded, found, plan), studied.choices)
    return Prepared(model, folded, found, not differs(reference, whole(right)), studied.choices)


def half(found: Trace, seed: int) -> Plan:
    """Half of the units of every group, at random."""
    rng = np.random.default_rng(seed)
    removed = nothing(found)
    for group in found.groups:
        removed[group.start + rng.choice(group.n_units, min(group.n_units // 2, group.most), replace=False)] = True
    return make_plan(removed)


def judge(subject: Prepared, seed: int, plant: Plant) -> Judged:
    """What becomes of a network that is pruned with a fault planted."""
    try:
        with plant():
            run = _run(subject, seed)
    except PaodingError as error:
        return Judged(CAUGHT, f"refused: {error}")
    except Exception as error:  # noqa: BLE001 - a run that breaks writes nothing
        return Judged(CAUGHT, f"raised {type(error).__name__}: {error}")
    if isinstance(run, str):
        return Judged(CAUGHT, run)
    right = _without_fault(subject, run.document) or _without_vectors(subject, run)
    if right is not None:
        return _beside(right, run)
    if not subject.zeroing:
        return Judged(MISSED, "the plan is another, and zeroed weights tell nothing")
    told = differs(zeroed(whole(subject.model), run.document), run.file) or _told_otherwise(subject, run)
    return Judged(MISSED, told) if told else Judged(EQUAL, "to zeroed weights")


def whole(model: Model) -> onnx.ModelProto:
    """The model as it stands in a file, weights and all."""
    with TemporaryDirectory() as folder:
        write_model(model, Path(folder) / "m.onnx")
        return onnx.load(Path(folder) / "m.onnx")


def _run(subject: Prepared, seed: int) -> _Run | str:
    """A whole pruning under all proofs; in words which of them failed."""
    studied = study(subject.model)
    folded, found = studied.folded, trace(studied.graph)
    if not found.groups:
        return "refused: nothing to prune"
    if more := _unfit(found) - _unfit(subject.trace):
        return f"refused: {min(more)}"
    plan = half(found, seed)
    plain, predicted = settled(cut(folded, found, plan), studied.choices), cost(found, plan.removed)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pruned.onnx"
        write_model(closed(plain, studied.choices), path)
        read = load(path)
        written = reopened(read, studied.choices)
        verdicts = [check_written(written, plain, plain, {})]
        if verdicts[0].passed:
            verdicts += check_simplified(subject.model, studied.simplified, found, studied.choices)
            verdicts.append(check_cut(folded, found, plan, restored(written, plain, ()), original=studied.simplified))
            verdicts += check_closed(read, written, found, studied.choices)
            left, sizes = partial(found.shapes_left, plan.removed), sizes_of(found.graph)
            verdicts += check_file(subject.model, path, Asked(predicted, sizes, left, studied.choices))
        failed: Verdict | None = next((verdict for verdict in verdicts if not verdict.passed), None)
        if failed is not None:
            return f"{failed.name}: {failed.detail}"
        return _Run(onnx.load(path), plan_document(found, plan), predicted)


def _unfit(found: Trace) -> set[str]:
    """What is said of nodes that no rule fits: their multiply-adds are not counted, and a report says so."""
    return {f"{refusal.node}: {refusal.reason}" for refusal in found.refusals if refusal.axis < 0}


def _without_fault(subject: Prepared, document: Mapping[str, object]) -> tuple[Model, Cost] | None:
    """What the recorded plan leads to without the fault, and its cost; `None` if the same positions cannot go then.

    A choice that the fault alone leaves is none without it.
    """
    for scope in (scope_of_document(document), EVERYTHING):
        with suppress(PaodingError):
            found = trace(subject.trace.graph, scope)
            plan = plan_from_document(found, document)
            if plan_document(found, plan)["axes"] == document["axes"]:
                return subject.closed(cut(subject.folded, found, plan)), cost(found, plan.removed)
    return None


def _without_vectors(subject: Prepared, run: _Run) -> tuple[Model, Cost] | None:
    """As `_without_fault`, where vectors lost other positions, but hold the same all the same: zero points of zero."""
    axes = [entry for entry in run.document["axes"] if "operand" not in entry]
    with suppress(PaodingError):
        plan = plan_from_document(subject.trace, {**run.document, "axes": axes})
        right = subject.closed(cut(subject.folded, subject.trace, plan))
        if whole(right) == run.file:
            return right, cost(subject.trace, plan.removed)
    return None


def _beside(right: tuple[Model, Cost], run: _Run) -> Judged:
    """A run beside what the same plan leads to without the fault."""
    if run.predicted != right[1]:
        return Judged(MISSED, f"it costs {right[1]}, not {run.predicted}")
    wanted = whole(right[0])
    if wanted == run.file:
        return Judged(SAME)
    told = differs(wanted, run.file)
    return Judged(MISSED, f"beside what it is without the fault, {told}") if told else Judged(EQUAL, "to no fault")


def _told_otherwise(subject: Prepared, run: _Run) -> str:
    """In what the predicted cost is not that of the file, as far as that can be counted otherwise; mostly ""."""
    parameters, macs = counted(run.file, sizes_of(subject.trace.graph).measured.shapes)
    is_right = parameters == run.predicted.parameters and macs in (None, run.predicted.macs)
    return "" if is_right else f"it costs {parameters} parameters and {macs} MACs, not {run.predicted}"
