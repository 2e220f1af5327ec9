"""What was fitted on the twin of a quantized model in floats goes back to integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.pipeline.values import Fitted, Prepared
from paoding_onnx.quantized.packed import packed_in
from paoding_onnx.selection.renumber import renumbered_plan
from paoding_onnx.shapes.observe import first_two, observe_on
from paoding_onnx.surgery.cut import cut, reweigh
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.fitting import Judged, check_fitting, looked_at
from paoding_onnx.verification.written import refitted

NO_HELP = "fitted weights did not help once they were integers again, so none were kept"

OTHER_UNITS = "units are in another order where weights are floats, so none were fitted"


def plan_on_studied(prepared: Prepared, plan: Plan) -> Plan:
    """The plan for the model on which units are looked at."""
    return plan if prepared.twin is None else renumbered_plan(plan, prepared.trace, prepared.twin.trace)


def on_integers(prepared: Prepared, plan: Plan, fitted: Fitted) -> Fitted:
    """What was fitted on the twin as integers of the quantized model; the cut one, with the reason, if that is no help.

    The model itself is `fitted` where there is no twin.
    """
    if prepared.twin is None:
        return fitted
    plain = cut(prepared.folded, prepared.trace, plan)
    if fitted.judged is None:  # nothing was fitted
        return Fitted(plain, None, fitted.notes)
    there = cut(prepared.twin.folded, prepared.twin.trace, plan_on_studied(prepared, plan))
    packed = packed_in(observe_on(plain, first_two(prepared.trace.graph, fitted.judged.batches[0])))
    stored, floats, before = constants(plain), constants(fitted.model), constants(there)
    pairs = ((one.pack(before[name]), stored[one.integers]) for name, one in packed.items() if name in before)
    if not all(np.array_equal(*pair) for pair in pairs):
        return Fitted(plain, None, (*fitted.notes, OTHER_UNITS))
    decided: dict[str, Array] = {}
    for name in refitted(fitted.model, there):
        if name in packed:
            decided[packed[name].integers] = packed[name].pack(floats[name])
        elif name in stored:
            decided[name] = floats[name].astype(stored[name].dtype)
    model = reweigh(plain, decided)
    judged = _judged(prepared, plan, plain, fitted.judged)
    helps = check_fitting(judged, model)
    if not helps.passed:
        return Fitted(plain, None, (*fitted.notes, f"{NO_HELP}: {helps.detail}"))
    return replace(fitted, model=model, fits={name: (value,) for name, value in decided.items()}, judged=judged)


def _judged(prepared: Prepared, plan: Plan, plain: Model, there: Judged) -> Judged:
    """What fitted integers are judged by, as floats are `there`; statistics that are integers stay as they are."""
    whole, small = constants(prepared.folded), constants(plain)
    statistics = {name: value for name, value in there.statistics.items() if name in whole}
    own = {name: value for name, value in there.own_statistics.items() if name in small}
    where = replace(there, original=prepared.folded, plain=plain, trace=prepared.trace, plan=plan)
    return looked_at(replace(where, statistics=statistics, own_statistics=own, reached={}, seen=None))
