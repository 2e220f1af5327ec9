"""A trace of rows knows what goes with each row, and nothing else."""

from __future__ import annotations

import numpy as np

from paoding_onnx.dependency.coupling import Lifted, couple
from paoding_onnx.dependency.rows import trace_of_rows
from paoding_onnx.rules.binding import TensorUse
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.tokens import TIED


def test_rows_of_a_table_go_with_columns_of_its_head():
    graph = observe(model(TIED))
    coupling = couple(graph, lifted=Lifted(frozenset({(0, "v")}), frozenset({("y", 2)})))
    found = trace_of_rows(graph, coupling, [coupling.factors[0]["v"]])
    removed = np.arange(12) % 3 > 0
    assert np.flatnonzero(found.kept(TensorUse("table"), 0, removed)).tolist() == [0, 3, 6, 9]
    assert np.flatnonzero(found.kept(TensorUse("y"), 2, removed)).tolist() == [0, 3, 6, 9]
    assert found.kept(TensorUse("table"), 1, removed).all()
    assert found.kept(TensorUse("h"), 2, removed).all()


def test_nothing_is_lifted_unless_it_is_asked_for():
    coupling = couple(observe(model(TIED)))
    assert (coupling.causes[coupling.factors[0]["v"]] >= 0).all()
