"""Results for a page: an ordinary one, and one with more groups than are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.api import prune
from paoding_onnx.options import Options
from paoding_onnx.report.html.page import MOST_ROWS
from tests.models import model
from tests.pruning import MLP, skip_latency
from tests.report.runs import looked_at


@pytest.fixture(scope="module")
def result():
    with pytest.MonkeyPatch.context() as patch:
        skip_latency(patch)
        return prune(model(MLP), options=Options(method="paoding", target=0.5, step=0.1))


@pytest.fixture(scope="module")
def large():
    """A result with more groups than are shown, with names as long as some exporters write them."""
    n_layers = MOST_ROWS + 6
    weights = ", ".join(f"float[2,2] w{k}" for k in range(n_layers))
    nodes = " ".join(f"m{k} = MatMul (x{k}, w{k}) x{k + 1} = Relu (m{k})" for k in range(n_layers))
    text = f"g (float[1,2] x0) => (float[1,2] x{n_layers}) <{weights}> {{ {nodes} }}"
    with pytest.MonkeyPatch.context() as patch:
        skip_latency(patch)
        found = prune(model(text), options=Options(method="magnitude", round_to=1))
    names = ("/a/rather/long/name/of/a/node/as/exporters/write/them/encoder/layer.{}/attention/self/query/MatMul",)
    groups = tuple(replace(g, name=names[0].format(k)) for k, g in enumerate(found.trace.groups))
    return looked_at(replace(found, trace=replace(found.trace, groups=groups)))
