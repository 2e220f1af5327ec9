"""Comparison points: where branches are summed up, after the activation; else where layers end."""

from __future__ import annotations

from paoding_onnx.recovery.points import points_of, shared_points
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.pruning import MLP
from tests.reconstruction.fitted import STRUCTURES


def test_sums_of_branches_are_compared_after_the_activation():
    assert points_of(observe(model(STRUCTURES["residual"])), 0) == ("u",)


def test_layers_are_compared_where_there_are_no_sums():
    assert points_of(observe(model(MLP)), 0) == ("r", "t")


def test_what_comes_before_the_tail_is_not_compared():
    assert points_of(observe(model(MLP)), 3) == ("t",)


def test_outputs_are_no_points():
    assert "y" not in points_of(observe(model(STRUCTURES["dense"])), 0)


def test_points_are_what_both_networks_have():
    assert list(shared_points(("r", "none"), observe(model(MLP)))) == ["r"]
