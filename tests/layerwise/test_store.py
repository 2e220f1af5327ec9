"""Batches of tensors are held in memory as far as that is allowed, else in files, and forgotten one by one."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest

from paoding_onnx.layerwise.store import Store


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_batches_come_back_by_their_numbers_in_any_order():
    store = Store(1 << 20)
    for batch in (2, 0):
        store.put("x", batch, np.full(3, batch))
    held = store.get("x")
    assert len(held) == 2
    assert [held[2][0], held[0][0]] == [2, 0]
    with pytest.raises(IndexError):
        held[1]


def test_tensor_is_gone_with_its_last_batch():
    store = Store(1 << 20)
    for batch in (0, 1):
        store.put("x", batch, np.ones(3))
    store.drop("x", 0)
    assert store.names() == ("x",)
    store.drop("x", 0)
    store.drop("x", 1)
    store.drop("y", 0)
    assert store.names() == ()
    with pytest.raises(KeyError):
        store.get("x")


def test_what_is_too_much_is_in_files_until_it_is_dropped(scratch):
    store = Store(30)
    for batch in (0, 1):
        store.put("x", batch, np.full(3, batch, np.float64))
    (file,) = scratch.rglob("*.npy")
    assert [array.tolist() for array in store.get("x")] == [[0.0] * 3, [1.0] * 3]
    store.drop("x", 1)
    assert not file.exists()
    store.put("x", 2, np.ones(3))
    store.close()
    assert not list(scratch.iterdir())


def test_room_of_what_was_dropped_is_used_again(scratch):
    store = Store(30)
    for batch in range(4):
        store.put("x", batch, np.ones(3))
        store.drop("x", batch)
    assert not list(scratch.iterdir())
