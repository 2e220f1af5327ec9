"""Layers that multiply integers made while a model runs are found, if nothing else reads these."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.session import Session
from paoding_onnx.quantized.dynamic import integer_layers
from paoding_onnx.quantized.packed import packed_in
from paoding_onnx.quantized.twin import twin
from paoding_onnx.shapes.observe import observe
from tests.models import model, parse, save
from tests.pruning import MLP
from tests.quantized.nets import RESIDUAL, dynamic, images

SCALED = """q, s, z = DynamicQuantizeLinear (x) p = MatMulInteger (q, a, z, az) c = Cast <to=1> (p)
  m = Mul (s, as) u = Mul (c, m)"""
TEXT = f"g (float[N,8] x) => (float[N,4] u) <int8[8,4] a, int8 az = {{3}}, float as = {{0.02}}> {{ {SCALED} }}"


def test_layer_is_found_with_what_its_integers_are_made_of():
    (layer,) = integer_layers(observe(model(TEXT)))
    assert (layer.source, layer.scale, layer.weight.name, layer.operator) == ("x", "s", "a", "MatMul")


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("=> (float[N,4] u)", "=> (float[N,4] u, uint8[N,8] q)"),
        TEXT.replace("=> (float[N,4] u)", "=> (float[N,4] u, float[N,8] y)").replace(
            "m = Mul", "y = Cast <to=1> (q) m = Mul"
        ),
        TEXT.replace("(q, a, z, az)", "(q, a, zz, az)").replace("int8 az", "uint8 zz = {0}, int8 az"),
    ],
    ids=["integers are an output", "integers are read elsewhere", "zero of its own"],
)
def test_integers_that_others_read_too_stay(text):
    assert not list(integer_layers(observe(model(text))))


def test_network_of_floats_has_none():
    assert not list(integer_layers(observe(model(MLP))))


@pytest.mark.parametrize("text", [MLP, RESIDUAL], ids=["rows", "images"])
def test_twin_of_dynamic_quantization_computes_the_same_but_for_rounding(text, tmp_path):
    subject = dynamic(save(parse(text), tmp_path / "m.onnx"))
    graph = observe(subject)
    assert len(list(integer_layers(graph))) >= 3
    (name,) = graph.inputs
    x = images() if text is RESIDUAL else np.random.default_rng(0).standard_normal((16, 8)).astype(np.float32)
    (wanted,), (got,) = (Session(one).run({name: x}).values() for one in (subject, twin(subject, graph)))
    assert 0 < np.abs(wanted - got).max() < 0.1 * np.abs(wanted).max()


def test_integers_come_back_from_the_floats_of_the_twin():
    (packed,) = packed_in(observe(model(TEXT))).values()
    whole = np.arange(-128, 128, 8, np.int8).reshape(8, 4)
    assert np.array_equal(packed.pack(packed.floats(whole)), whole)
    assert packed.floats(whole)[0, 0] == -131
