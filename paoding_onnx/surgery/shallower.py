"""SHALLOWER: a model that was looked at, and the same one without some of its residual branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.residuals import Residual, residuals_of
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import UsageError
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model
from paoding_onnx.shapes.choices import closed, settled
from paoding_onnx.shapes.observe import NOTHING_GIVEN
from paoding_onnx.shapes.study import Study, study
from paoding_onnx.surgery.bypass import bypassed

ENTRY = "depth"


@dataclass(frozen=True, slots=True)
class Deep:
    """A model with residual branches that can go; `trace` is that of what was found out about it."""

    model: Model
    study: Study
    trace: Trace
    residuals: tuple[Residual, ...]

    def without(self, gone: Sequence[Residual]) -> Model:
        """The model without some of them, for its file."""
        found = bypassed(self.study.folded, self.trace.graph, gone)
        return replace(closed(settled(found, self.study.choices), self.study.choices), files=self.model.files)


def deep(model: Model, given: Given = NOTHING_GIVEN, *, verbose: bool = False) -> Deep:
    """What can be removed whole of a model.

    Raises:
        ModelError: if it cannot be run.
    """
    found = study(model, given, verbose=verbose)
    traced = trace(found.graph)
    return Deep(model, found, traced, residuals_of(found.graph, traced.bound_nodes))


def gone_by(document: object) -> tuple[str, ...]:
    """The sums that lose their residual branch by a recorded plan, by what they make; none where it says nothing.

    Raises:
        UsageError: if it says so in another way than plans do.
    """
    said = document.get(ENTRY) if isinstance(document, Mapping) else None
    if said is None:
        return ()
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise UsageError(f"the plan's entry {ENTRY!r} is no list of names")
    return tuple(said)


def named(found: Deep, totals: Sequence[str]) -> tuple[Residual, ...]:
    """The residual branches of these sums.

    Raises:
        UsageError: if one of them has none.
    """
    known = {residual.total: residual for residual in found.residuals}
    if strange := [total for total in totals if total not in known]:
        raise UsageError(f"the plan does not fit the model: {strange[0]!r} is no sum with a branch that could go whole")
    return tuple(known[total] for total in totals)
