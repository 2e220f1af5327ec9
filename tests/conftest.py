"""Settings of all tests: property tests have the same examples on every run; recovery is where it is asked for."""

from __future__ import annotations

import pytest
from hypothesis import settings

from paoding_onnx.pipeline import teach

settings.register_profile("same", derandomize=True, database=None, deadline=None, max_examples=25)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def is_taught(request, monkeypatch):
    """In tests that are not marked `recovery` the original teaches nothing by default: they are about other things."""
    if not request.node.get_closest_marker("recovery"):
        monkeypatch.setitem(teach.STEPS, "normal", 0)
