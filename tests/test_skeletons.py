"""Public architectures as exporters write them, at half their units: all proofs hold, no less goes than once did."""

from __future__ import annotations

import pytest

from tests.pruning import skip_comparison
from tests.skeletons import figures, halve, names, parameters_left, unpack

pytestmark = pytest.mark.slow

SLACK = 0.001
"""The figures are rounded, and what counts as a parameter may shift by a table."""


def test_every_model_has_a_figure():
    assert names() == list(figures())


def test_weights_are_drawn_alike_every_time():
    assert unpack("small_vit.dynamo") == unpack("small_vit.dynamo")


@pytest.mark.parametrize("name", names())
def test_half_of_the_units_go_with_all_proofs(name, tmp_path, monkeypatch):
    skip_comparison(monkeypatch)
    pruned = halve(name, tmp_path)
    assert all(verdict.passed for verdict in pruned.proofs)
    assert parameters_left(pruned) <= figures()[name] + SLACK
