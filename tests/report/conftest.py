"""A result to report on."""

from __future__ import annotations

import pytest

from paoding_onnx.api import prune
from paoding_onnx.options import Options
from tests.models import model
from tests.pruning import MLP, skip_latency


@pytest.fixture
def result(monkeypatch):
    skip_latency(monkeypatch)
    return prune(model(MLP), options=Options(by="units", allocation="uniform"))
