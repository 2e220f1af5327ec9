"""What goes through the pipeline knows what it costs."""

from __future__ import annotations

from dataclasses import replace

from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.options import Options
from paoding_onnx.pipeline.shrink import shrink
from paoding_onnx.pipeline.values import Job
from paoding_onnx.result import Recovery
from tests.models import model
from tests.pruning import MLP


def test_added_biases_count_as_parameters_of_the_smaller_model():
    shrunk = shrink(Job(model(MLP), None, None, Options(method="magnitude"), Run()))
    assert shrunk.before == cost(shrunk.prepared.trace, nothing(shrunk.prepared.trace))
    assert shrunk.after == cost(shrunk.prepared.trace, shrunk.plan.removed)
    more = replace(shrunk, fitted=replace(shrunk.fitted, recovery=Recovery("rows", 8, (), (), n_added=5)))
    assert more.after.parameters == shrunk.after.parameters + 5
