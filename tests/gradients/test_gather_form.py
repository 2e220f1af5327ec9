"""Nodes that only select and rearrange, as lookups of positions: the same content, and none for nodes that compute."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.gradients import gather_form
from paoding_onnx.gradients.freeze import freeze
from paoding_onnx.gradients.gather_form import as_lookup
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from tests.slopes import studied

X = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
HEAD = "g (float[2,3,4] x) => (float[d,e,f] y) "
SELECTING = [
    "{ y = Transpose <perm=[2,0,1]> (x) }",
    "<int64[2] start={2,0}, int64[2] end={-99,9}, int64[2] axes={1,2}, int64[2] steps={-2,3}> "
    "{ y = Slice (x, start, end, axes, steps) }",
    "<int64[1] sides={3}> { y = Identity (x) }",
    "<int64[3] times={1,2,1}> { y = Tile (x, times) }",
    "<int64[2] rows={1,1}> { y = Gather <axis=1> (x, rows) }",
]
COMPUTING = [
    "{ y = Neg (x) }",
    "{ y = Floor (x) }",
    "{ y = Add (x, x) }",
    "<int64[6] pads={0,0,1,0,0,1}> { y = Pad (x, pads) }",
    "{ y = CumSum (x, axis) }",
    "<int64[2] axes={0,1}> { y = ReduceMax <axes=[1]> (x) }",
]


def frozen(text):
    """The frozen model of one node, and the node."""
    text = text.replace("{ y = CumSum", "<int64 axis={1}> { y = CumSum")
    proto = freeze(studied(HEAD + text, X), "y")
    (node,) = proto.graph.node
    return proto, node


def rewritten(proto, node):
    """The model with its node written as a lookup."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    nodes = as_lookup(copy, node)
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


@pytest.mark.parametrize("text", SELECTING)
def test_lookup_hands_out_what_the_node_did(text):
    proto, node = frozen(text)
    wanted, found = (Session(lift(one)).run({"x": X})["y"] for one in (proto, rewritten(proto, node)))
    np.testing.assert_array_equal(found, wanted)


def test_lookup_has_its_shapes_written():
    copy = rewritten(*frozen(SELECTING[1]))
    sizes = {info.name: info.type.tensor_type.shape.dim[0].dim_value for info in copy.graph.value_info}
    assert [sizes[name] for node in copy.graph.node[:2] for name in node.output] == [24, 2 * 2 * 2]


@pytest.mark.parametrize("text", COMPUTING)
def test_node_that_computes_is_no_lookup(text):
    assert as_lookup(*frozen(text)) == ()


def test_node_that_reads_two_computed_tensors_is_no_lookup():
    proto = freeze(studied("g (float[2,3,4] x) => (float[d,e,f] y) { a = Neg (x) y = Concat <axis=0> (x, a) }", X), "y")
    assert as_lookup(proto, proto.graph.node[1]) == ()


def test_second_lookup_shares_its_constants_with_the_first():
    proto, node = frozen(SELECTING[0])
    as_lookup(proto, node)
    before = [tensor.name for tensor in proto.graph.initializer]
    as_lookup(proto, node)
    assert [tensor.name for tensor in proto.graph.initializer] == before
    assert len(before) == len(set(before))


def test_node_without_a_kernel_in_double_precision_is_no_lookup(monkeypatch):
    proto, node = frozen(SELECTING[0])

    def refuse(*_):
        raise ModelError("no kernel")

    monkeypatch.setattr(gather_form, "Session", refuse)
    assert as_lookup(proto, node) == ()
