"""EDITS: what a plan changes in a file: constants, operands of single nodes, sizes that nodes hold as numbers."""

from __future__ import annotations

import numpy as np

from paoding_onnx.model.read import constants
from tests.models import model
from tests.pruning import BRANCHES, CNN, SHARED, initializers, without


def test_group_of_a_depthwise_layer_follows():
    node = without(model(CNN), a=[0, 1, 2]).proto.graph.node[2]
    assert {a.name: a.i for a in node.attribute}["group"] == 5


def test_target_of_a_reshape_follows():
    pruned = without(model(BRANCHES), a=[0], b=[7])
    assert constants(pruned)["target"].tolist() == [0, 7, 16]
    assert set(initializers(pruned)) == {"a", "b", "c", "d", "target"}


def test_target_is_copied_for_reshapes_that_disagree():
    subject = model(BRANCHES)
    pruned = without(subject, a=[0, 1], b=[2, 3, 4])
    found = constants(pruned)
    targets = [found[node.input[1]].tolist() for node in pruned.proto.graph.node if node.op_type == "Reshape"]
    assert targets == [[0, 6, 16], [0, 5, 16]]
    assert "target" not in found


def test_target_stays_for_the_reshape_that_loses_nothing():
    pruned = without(model(BRANCHES), a=[0])
    found = constants(pruned)
    targets = [found[node.input[1]].tolist() for node in pruned.proto.graph.node if node.op_type == "Reshape"]
    assert targets == [[0, 7, 16], [0, 8, 16]]
    assert found["target"].tolist() == [0, 8, 16]


def test_shared_bias_stays_shared_where_both_layers_lose_the_same():
    pruned = without(model(SHARED), a=[2, 4], b=[2, 4])
    assert set(initializers(pruned)) == {"a", "k", "b", "c"}
    assert constants(pruned)["k"].size == 4


def test_shared_bias_is_copied_for_layers_that_lose_different_units():
    subject = model(SHARED)
    pruned = without(subject, a=[0], b=[1, 2])
    whole, found = constants(subject)["k"], constants(pruned)
    first, second = (found[pruned.proto.graph.node[index].input[2]] for index in (0, 2))
    assert first.tolist() == np.delete(whole, [0]).tolist()
    assert second.tolist() == np.delete(whole, [1, 2]).tolist()
    assert "k" not in found
