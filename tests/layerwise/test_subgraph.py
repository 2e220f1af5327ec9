"""A stretch of a model is a model of its own: what it reads are its inputs, constants go with it."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.layerwise.subgraph import reads, subgraph
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import proto_nodes
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.pruning import MLP

BRANCHES = """g (float[N,3] x, bool c) => (float[N,3] y) <float[3,3] a, float[3,3] b> {
  p = MatMul (x, a)
  y = If (c) <then_branch = t () => (float[N,3] u) { u = MatMul (p, b) },
              else_branch = e () => (float[N,3] v) { v = Identity (p) }>
}"""


def piece(subject: Model, first: int, stop: int, *, outputs: list[str], **rest: object) -> Model:
    """Nodes `first` to `stop` of a model as a model."""
    graph = observe(subject)
    return subgraph(subject, graph, proto_nodes(subject.proto, graph)[first:stop], outputs=outputs, **rest)


def names(infos: list[onnx.ValueInfoProto]) -> list[str]:
    """Names of inputs or outputs."""
    return [info.name for info in infos]


def test_stretch_reads_what_is_made_before_it():
    found = piece(model(MLP), 2, 5, outputs=["t"]).proto.graph
    assert (names(found.input), names(found.output)) == (["q"], ["t"])


def test_stretch_has_the_constants_that_it_reads_and_no_others():
    found = piece(model(MLP), 2, 5, outputs=["t"])
    assert {tensor.name for tensor in found.proto.graph.initializer} == {"b", "bb"}


def test_stretch_computes_what_the_model_does():
    subject = model(MLP)
    x = np.ones((2, 8), np.float32)
    whole = Session(subject, watch=["q", "t"]).run({"x": x})
    found = Session(piece(subject, 2, 5, outputs=["t"])).run({"q": whole["q"]})
    np.testing.assert_allclose(found["t"], whole["t"], atol=1e-6)


def test_constants_may_be_others():
    subject = model(MLP)
    found = piece(subject, 2, 5, outputs=["t"], overrides={"bb": np.full(12, -1e6, np.float32)})
    assert not Session(found).run({"q": np.ones((2, 16), np.float32)})["t"].any()


def test_free_constants_are_inputs():
    found = piece(model(MLP), 3, 5, outputs=["t"], free=["b"])
    assert names(found.proto.graph.input) == ["r", "b"]
    zero = Session(found).run({"r": np.ones((2, 16), np.float32), "b": np.zeros((16, 12), np.float32)})
    assert np.array_equal(zero["t"][0], np.maximum(constants(model(MLP))["bb"], 0))


def test_large_constants_are_not_copied_into_the_file():
    subject = model(MLP.replace("16", "64"))
    found = piece(subject, 2, 5, outputs=["t"])
    assert found.weights.keys() == {"b"}
    assert np.shares_memory(found.weights["b"], subject.weights["b"])


def test_names_that_subgraphs_read_are_read():
    node = model(BRANCHES).proto.graph.node[1]
    assert {"c", "p", "b"} <= set(reads(node))


def test_outer_tensors_of_branches_are_inputs():
    found = piece(model(BRANCHES), 1, 2, outputs=["y"]).proto.graph
    assert set(names(found.input)) == {"c", "p"}


@pytest.mark.parametrize(("ir", "wanted"), [(3, 4), (8, 8)])
def test_weights_need_not_be_inputs_whatever_the_version(ir, wanted):
    assert piece(model(MLP, ir=ir, opset=8), 0, 2, outputs=["q"]).proto.ir_version == wanted


def test_versions_of_operators_stay():
    assert piece(model(MLP, opset=11), 0, 2, outputs=["q"]).proto.opset_import[0].version == 11
