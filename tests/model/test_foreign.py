"""Files that are no ONNX model are named, with the command that makes one of them or fetches it."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from pathlib import PurePath

import numpy as np
import onnx
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.model.foreign import what_it_is
from paoding_onnx.model.load import load
from tests.models import parse
from tests.pruning import MLP


def archive() -> bytes:
    """What PyTorch saves: an archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as held:
        held.writestr("archive/data.pkl", pickle.dumps({"a": 1}))
    return content.getvalue()


CASES = {
    "lfs.onnx": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "`git lfs pull`"),
    "page.onnx": (b"\n<!DOCTYPE html><html><body>Not found</body></html>", "a page of the web"),
    "model.pt": (archive(), "torch.onnx.export"),
    "model.zip": (archive(), "torch.onnx.export"),
    "old.pth": (pickle.dumps({"a": [1, 2]}, protocol=2), "torch.onnx.export"),
    "model.h5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "model.export('model.onnx', format='onnx')"),
    "model.tflite": (b"\x1c\x00\x00\x00TFL3" + bytes(64), "python -m tf2onnx.convert --tflite"),
    "saved_model.pb": (b"\x08\x01\x12\x8a\x01nonsense", "python -m tf2onnx.convert --saved-model"),
    "model.onnx.gz": (gzip.compress(parse(MLP).SerializeToString()), "`gunzip`"),
    "model.ort": (b"\x18\x00\x00\x00ORTM" + bytes(64), "onnxruntime's own format"),
    "model.gguf": (b"GGUF" + bytes(64), "optimum-cli export onnx"),
    "x.npy": (b"\x93NUMPY" + bytes(64), "an array of numpy"),
    "model.onnx.txt": (onnx.printer.to_text(parse(MLP)).encode(), "onnx.parser.parse_model"),
    "model.textproto": (str(parse(MLP)).encode(), "format='textproto'"),
    "model.json": (b'{"irVersion": "8"}', "format='json'"),
}


@pytest.mark.parametrize("name", CASES)
def test_file_of_another_format_is_named_with_what_to_do(name, tmp_path):
    content, words = CASES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match="is not an ONNX model, but ") as caught:
        load(tmp_path / name)
    assert words in str(caught.value)


def test_nothing_is_guessed_of_a_file_that_is_like_none():
    assert what_it_is(PurePath("m.onnx"), np.random.default_rng(0).bytes(100)) == ""
    assert what_it_is(PurePath("m"), b"") == ""
