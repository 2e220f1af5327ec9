"""Matrix products take as many threads as they were told to, and afterwards as many as before."""

from __future__ import annotations

import pytest

from paoding_onnx.layerwise import blas
from paoding_onnx.layerwise.blas import products_alone, products_together


@pytest.fixture
def told(monkeypatch):
    """What a library that began with four threads was told, in order."""
    said = [4]
    monkeypatch.setattr(blas, "_LIBRARY", blas._Library(lambda: said[-1], said.append, 4))
    return said


def test_small_products_are_left_to_one_thread_and_large_ones_among_them_to_all(told):
    with products_alone():
        with products_together():
            assert told[-1] == 4
        assert told[-1] == 1
    assert told == [4, 1, 4, 1, 4]


def test_an_error_leaves_the_number_as_it_was(told):
    with pytest.raises(ZeroDivisionError), products_alone():
        raise ZeroDivisionError
    assert told[-1] == 4


def test_another_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(blas, "_LIBRARY", None)
    with products_alone(), products_together():
        pass
    assert blas._LIBRARY is None
