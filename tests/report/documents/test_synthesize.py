"""The document of `synthesize`: what was written, array by array."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.report.documents.synthesize import synthesize_document


def test_arrays_are_named_with_their_shapes_and_types():
    samples = Samples(({"x": np.zeros((4, 3), np.float32)}, {"x": np.ones((2, 3), np.float32)}), "rows")
    document = json.loads(json.dumps(synthesize_document(samples, Path("a/m.onnx"), Path("b/x.npz"))))
    assert document["format"] == "paoding_onnx synthetic inputs 1"
    assert (document["model"]["file"], document["output"]["file"]) == ("m.onnx", "x.npz")
    assert (document["samples"], document["description"]) == (6, "rows")
    assert document["inputs"] == {"x": {"shape": [6, 3], "dtype": "float32"}}
