"""What the tests of reconstruction share: networks of many structures, cut and fitted on random inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.layerwise.layers import layers_of
from paoding_onnx.layerwise.statistics import ActivationStatistics
from paoding_onnx.layerwise.weights import UnitStatistics
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.reconstruction.basis import Basis
from paoding_onnx.reconstruction.reconstruct import Reconstructed, reconstruct
from paoding_onnx.shapes.observe import first_two, observe_on
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan
from tests.pruning import CNN, MLP, feeds, traced_model

STRUCTURES = {
    "dense": MLP,
    "depthwise": CNN,
    "grouped": """g (float[N,4,6,6] x) => (float[N,3,6,6] y) <float[8,4,1,1] a, float[8,4,3,3] b, float[3,8,1,1] c> {
      p = Conv (x, a) q = Relu (p) r = Conv <group=2, pads=[1,1,1,1]> (q, b) s = Relu (r) y = Conv (s, c)
    }""",
    "transposed": """g (float[N,4,6,6] x) => (float[N,3,12,12] y)
        <float[8,4,1,1] a, float[8,6,2,2] b, float[6] k, float[3,6,1,1] c> {
      p = Conv (x, a) q = Relu (p) r = ConvTranspose <strides=[2,2]> (q, b, k) s = Relu (r) y = Conv (s, c)
    }""",
    "series": """g (float[N,4,20] x) => (float[N,3,18] y) <float[8,4,3] a, float[8] k, float[3,8,1] c> {
      p = Conv (x, a, k) q = Relu (p) y = Conv (q, c)
    }""",
    "tokens": """g (float[N,7,6] x) => (float[N,7,5] y)
        <float[6,12] a, float[12] k, float[12,16] b, float[16,5] c, float[5] h> {
      p = MatMul (x, a) n = LayerNormalization (p, k, k) q = MatMul (n, b) r = Relu (q)
      s = MatMul (r, c) y = Add (s, h)
    }""",
    "normalised": """g (float[N,3,6,6] x) => (float[N,2,6,6] y)
        <float[8,3,3,3] a, float[8] k, float[6,8,3,3] b,
         float[6] s, float[6] o, float[6] m, float[6] v, float[2,6,1,1] c> {
      p = Conv <pads=[1,1,1,1]> (x, a, k) r = Relu (p) q = Conv <pads=[1,1,1,1]> (r, b)
      n = BatchNormalization (q, s, o, m, v) t = Relu (n) y = Conv (t, c)
    }""",
    "residual": """g (float[N,3,6,6] x) => (float[N,5,6,6] y)
        <float[8,3,1,1] a, float[10,8,3,3] b, float[8,10,1,1] c, float[8] k, float[5,8,1,1] d> {
      p = Conv (x, a) q = Conv <pads=[1,1,1,1]> (p, b) r = Relu (q) s = Conv (r, c, k) t = Add (p, s) u = Relu (t)
      y = Conv (u, d)
    }""",
    "flattened": """g (float[N,3,4,4] x) => (float[N,4] y)
        <float[6,3,3,3] a, float[96,10] b, float[10] k, float[10,4] c> {
      p = Conv <pads=[1,1,1,1]> (x, a) q = Relu (p) f = Flatten (q) h = Gemm (f, b, k) r = Relu (h) y = MatMul (r, c)
    }""",
    "Einsum": """g (float[N,7,6] x) => (float[N,7,5] y) <float[6,12] a, float[12,5] b> {
      p = MatMul (x, a) q = Relu (p) y = Einsum <equation="bti,io->bto"> (q, b)
    }""",
}

NORMED = STRUCTURES["normalised"]
every_structure = pytest.mark.parametrize("name", STRUCTURES)
SIZES = (64,) * 8


def fit(
    subject: Model,
    plan: Plan,
    *,
    unit_statistics: Mapping[tuple[int, int], UnitStatistics] | None = None,
    statistics: Mapping[str, Array] | None = None,
    sizes: Sequence[int] = SIZES,
    seed: int = 0,
    room: int = 0,
) -> tuple[Model, Reconstructed]:
    """A model cut by a plan, as it is and with its layers fitted on random inputs.

    Without moments, no unit stands in for another before the fit; without room, no layer gets a bias.
    """
    trace = traced_model(subject)
    smaller = cut(subject, trace, plan)
    batches = tuple(feeds(subject, sizes, seed=seed))
    layers = {layer.index: layer for layer in layers_of(observe_on(subject, first_two(trace.graph, batches[0])))}
    seen = ActivationStatistics(unit_statistics or {}, statistics or {})
    basis = Basis(Samples(batches, "random", is_synthetic=statistics is not None), seen, layers)
    return smaller, reconstruct(subject, trace, plan, basis, Run(), room=room)


def off(before: Model, after: Model) -> float:
    """How far outputs are apart on inputs that no fit has seen."""
    return max(
        output_difference(Session(before).run(feed), Session(after).run(feed))
        for feed in feeds(before, (200,), seed=99)
    )


def fitted_names(found: Reconstructed) -> list[str]:
    """The nodes that were fitted, in order."""
    return [layer.node for layer in found.layers]


def changed(before: Model, after: Model) -> set[str]:
    """Constants that differ."""
    old, new = constants(before), constants(after)
    assert old.keys() == new.keys()
    return {name for name in old if not np.array_equal(old[name], new[name])}
