"""Fitting with one fault each: weights that are not what least squares found, or stand elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import pairwise
from unittest.mock import patch

import numpy as np

from paoding_onnx.api import prune
from paoding_onnx.errors import PaodingError
from paoding_onnx.model.load import Model, lift
from paoding_onnx.model.nodes import Array
from paoding_onnx.options import Options
from paoding_onnx.pipeline import latency
from paoding_onnx.reconstruction import fit_layers as fitting
from paoding_onnx.reconstruction import reconstruct as whole_fit
from paoding_onnx.reconstruction.fit_layers import LayerFits
from paoding_onnx.surgery.cut import cut, reweigh
from scripts.fuzz.mutants_judge import CAUGHT, EQUAL, LESS, MISSED, SAME, Judged, whole
from scripts.fuzz.mutants_oracle import distance
from tests.models import parse
from tests.pruning import CNN, MLP, SHARED

Plant = Callable[[], AbstractContextManager[object]]
CHAIN = """g (float[N,3,8,8] x) => (float[N,5,8,8] y) <float[8,3,3,3] a, float[8] ab, float[8,8,3,3] b, float[8] bb,
    float[8,8,3,3] c, float[8] cb, float[8,8,3,3] d, float[8] db, float[5,8,1,1] e> {
  p = Conv <pads=[1,1,1,1]> (x, a, ab) q = Relu (p) r = Conv <pads=[1,1,1,1]> (q, b, bb) s = Relu (r)
  t = Conv <pads=[1,1,1,1]> (s, c, cb) u = Relu (t) v = Conv <pads=[1,1,1,1]> (u, d, db) w = Relu (v) y = Conv (w, e)
}"""
"""Layers whose weights have the same shape."""
NETWORKS = {"mlp": MLP, "cnn": CNN, "shared bias": SHARED, "chain": CHAIN}
OPTIONS = Options(target=0.5, round_to=1, effort="fast")
HARMLESS = 1.1
"""How much farther from the original a model may be than one that was fitted without a fault."""


@dataclass(frozen=True, slots=True)
class FitFault:
    """A fault of the fitting."""

    kind: str
    network: str
    plant: Plant


def fit_faults() -> Iterator[FitFault]:
    """Every fault in every network."""
    for network in NETWORKS:
        for kind, (place, name, wrong) in _FAULTS.items():
            yield FitFault(f"fitting: {kind}", network, _planted(place, name, wrong))


def judge_fit(fault: FitFault, seed: int) -> Judged:
    """What becomes of a network that is fitted with a fault planted, on inputs that no fit saw.

    It is caught if what is wrong was not kept: solutions were taken back, or all fitted weights were. As near to the
    original as without the fault is equal. Farther than that, but nearer than with the weights it was cut with: it
    helps less, which is all that is promised.
    """
    subject = lift(parse(NETWORKS[fault.network], seed))
    with patch.object(latency, "compare_latency", lambda *_, **__: None):
        right = prune(subject, options=OPTIONS)
        with patch.object(fitting, "solve", lambda *_, **__: None):
            unsolved = prune(subject, options=OPTIONS)
        try:
            with fault.plant():
                wrong = prune(subject, options=OPTIONS)
        except PaodingError as error:
            return Judged(CAUGHT, f"refused: {error}")
        except Exception as error:  # noqa: BLE001 - a run that breaks writes nothing
            return Judged(CAUGHT, f"raised {type(error).__name__}: {error}")
    if whole(right.model) == whole(wrong.model):
        return Judged(SAME)
    plain = cut(subject, right.trace, right.plan)
    if whole(wrong.model) in (whole(plain), whole(unsolved.model)):
        return Judged(CAUGHT, "not kept")
    first, second, third = (distance(whole(subject), whole(model)) for model in (right.model, wrong.model, plain))
    outcome = EQUAL if second <= HARMLESS * first else LESS if second <= third else MISSED
    return Judged(outcome, f"{second:.3g} from the original, without the fault {first:.3g}, not fitted {third:.3g}")


def _planted(place: object, name: str, wrong: Callable[..., object]) -> Plant:
    """A fault in what a function returns."""
    right = getattr(place, name)
    return lambda: patch.object(place, name, lambda *given, **more: wrong(right(*given, **more), *given))


def _negated(solution: object, *_: object) -> object:
    return solution if solution is None else replace(solution, weight=-solution.weight, shift=-solution.shift)


def _shifted(solution: object, *_: object) -> object:
    return solution if solution is None else replace(solution, shift=solution.shift + 1)


def _scaled(solution: object, *_: object) -> object:
    return solution if solution is None else replace(solution, weight=10 * solution.weight)


def _turned(solution: object, *_: object) -> object:
    return solution if solution is None else replace(solution, weight=solution.weight[:, ::-1])


def _exchanged(found: LayerFits, *_: object) -> LayerFits:
    """Weights of one shape, each in the place of the next."""
    names = sorted(found.weights)
    for one, other in pairwise(names):
        if found.weights[one].shape == found.weights[other].shape:
            found.weights[one], found.weights[other] = found.weights[other], found.weights[one]
    return found


def _opposite(found: LayerFits, *_: object) -> LayerFits:
    """Every fitted weight negated."""
    found.weights.update({name: -value for name, value in found.weights.items()})
    return found


def _undone(overrides: Mapping[str, Array], *_: object) -> Mapping[str, Array]:
    return {name: -value for name, value in overrides.items()}


def _last_lost(_: Model, subject: Model, overrides: Mapping[str, Array]) -> Model:
    """One constant less than was decided."""
    return reweigh(subject, dict(list(overrides.items())[:-1]))


def _rotten(model: Model, subject: Model, overrides: Mapping[str, Array]) -> Model:
    """One number of one constant is another."""
    if not overrides:
        return model
    name, value = next(iter(overrides.items()))
    other = np.array(value)
    other.flat[0] += 1
    return reweigh(subject, {**overrides, name: other})


_FAULTS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "solutions negated": (fitting, "solve", _negated),
    "solutions ten times as large": (fitting, "solve", _scaled),
    "solutions for other features": (fitting, "solve", _turned),
    "shifts by one more": (fitting, "solve", _shifted),
    "weights of other layers": (whole_fit, "fit_layers", _exchanged),
    "weights negated": (whole_fit, "fit_layers", _opposite),
    "stand-ins negated": (whole_fit, "compensate", _undone),
    "a constant not written": (whole_fit, "reweigh", _last_lost),
    "one number changed": (whole_fit, "reweigh", _rotten),
}
