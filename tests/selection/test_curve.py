"""The sensitivity of a group, as a value that reports and allocation share."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from paoding_onnx.selection.curve import Sensitivity


def test_sensitivity_cannot_be_changed():
    found = Sensitivity("g", (1, 2), (0.5, 0.7))
    with pytest.raises(FrozenInstanceError):
        found.values = (0.0, 0.0)


def test_sensitivities_are_equal_if_they_say_the_same():
    first, same, other = (Sensitivity("g", (1, 2), (0.5, last)) for last in (0.7, 0.7, 0.8))
    assert first == same != other
    assert len({first, same, other}) == 2
