"""Arrays in files, and which input each of them is for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from paoding_onnx.calibration.arrays import arrays_of_inputs, read_arrays, scale_of
from paoding_onnx.errors import UsageError

FILE = Path("a.npz")
A, B = np.zeros(2), np.ones(3)


def test_archive_is_read_by_name(tmp_path):
    np.savez(tmp_path / "a.npz", x=A, y=B)
    found = read_arrays(tmp_path / "a.npz")
    assert {name: array.tolist() for name, array in found.items()} == {"x": [0, 0], "y": [1, 1, 1]}


def test_single_array_is_the_main_input(tmp_path):
    np.save(tmp_path / "a.npy", B)
    assert {name: array.tolist() for name, array in read_arrays(tmp_path / "a.npy").items()} == {"x": [1, 1, 1]}


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 cut off"])
def test_file_that_is_not_an_archive_is_a_usage_error(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot read inputs from .*a\.npz: ."):
        read_arrays(tmp_path / "a.npz")


def test_missing_file_is_a_usage_error_with_the_systems_reason(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read inputs from .*a\.npz: No such file or directory$"):
        read_arrays(tmp_path / "a.npz")


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([{}], object))
    with pytest.raises(UsageError, match="cannot read inputs from"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("held", "names", "wanted"),
    [
        ({"a": A, "b": B, "y": A}, ["a", "b"], {"a": A, "b": B}),
        ({"a": A, "x": B}, ["a", "b"], {"a": A}),
        ({"x": B, "other": A}, ["a", "b"], {"a": B}),
        ({"images": B, "labels": A, "classes": A, "scale": A}, ["a", "b"], {"a": B}),
        ({"y": B}, ["y"], {"y": B}),
    ],
    ids=["all by name", "some by name", "x", "the only one", "input called like labels"],
)
def test_arrays_go_to_inputs_by_name_or_to_the_main_one(held, names, wanted):
    assert arrays_of_inputs(FILE, held, names, "a") == wanted


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"p": A, "q": B}, r"a\.npz holds p, q; it should hold 'a', 'b', or one array, or x"),
        ({"y": A, "scale": B}, "holds y, scale; it should hold"),
        ({}, "holds nothing; it should hold"),
    ],
)
def test_arrays_that_could_be_anything_are_a_usage_error(held, words):
    with pytest.raises(UsageError, match=words):
        arrays_of_inputs(FILE, held, ["b", "a"], "a")


@pytest.mark.parametrize("scale", [255, np.float32(255), [255]])
def test_scale_is_one_number(scale):
    assert scale_of(FILE, {"scale": np.array(scale)}, ["x"]) == 255


def test_without_a_scale_nothing_is_divided():
    assert scale_of(FILE, {"x": A}, ["x"]) is None


def test_scale_may_be_the_name_of_an_input():
    assert scale_of(FILE, {"scale": A}, ["x", "scale"]) is None


@pytest.mark.parametrize("scale", [0, -1, np.nan, [1, 2], [], "a"])
def test_scale_that_is_not_a_number_above_zero_is_a_usage_error(scale):
    with pytest.raises(UsageError, match=r"holds a 'scale' that is not a number above zero"):
        scale_of(FILE, {"scale": np.array(scale)}, ["x"])


def npy(header: str, n_bytes: int) -> bytes:
    """A .npy file that says something about itself, and holds so many bytes."""
    words = header.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(words).to_bytes(2, "little") + words + bytes(n_bytes)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000000, 3), }", "it says that it holds"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (9, 9, 9, 9), }", "26,244 bytes, but has 64"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-4, 3), }", "cannot read inputs"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': ((((((((", "cannot read inputs"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (4,), }", "cannot read inputs"),
        ("no header", "cannot read inputs"),
    ],
)
def test_header_that_lies_is_refused_before_memory_is_taken(tmp_path, header, words):
    (tmp_path / "x.npy").write_bytes(npy(header, 64))
    with pytest.raises(UsageError, match=words):
        read_arrays(tmp_path / "x.npy")


def test_archive_of_next_to_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("paoding_onnx.calibration.arrays.MOST_UNPACKED", 1000)
    np.savez_compressed(tmp_path / "bomb.npz", x=np.zeros(1_000_000))
    with pytest.raises(UsageError, match="unpack to 8,000,128; save it again without compression"):
        read_arrays(tmp_path / "bomb.npz")


@pytest.mark.parametrize("place", range(0, 250, 7))
def test_damaged_archive_is_a_usage_error_or_an_array(tmp_path, place):
    np.savez(tmp_path / "x.npz", x=np.zeros(4))
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[place] ^= 0xFF
    (tmp_path / "x.npz").write_bytes(content)
    with suppress(UsageError):
        read_arrays(tmp_path / "x.npz")
