"""The document of `profile`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from paoding_onnx.report.documents.profile import profile_document
from paoding_onnx.timing.table import LatencyTable, Times


def test_document_tells_what_operators_take():
    table = LatencyTable({"one": Times(((4, 8),), np.ones(2))}, {"Relu": 0.5, "Conv": 1.5}, ("other",))
    found = json.loads(json.dumps(profile_document(table, Path("a/m.onnx"), Path("b/t.json"))))
    assert found["format"] == "paoding_onnx profile 1"
    assert (found["milliseconds"], found["layers"], found["inseparable"]) == (2.0, 1, ["other"])
    assert found["operators"] == {"Conv": 1.5, "Relu": 0.5}
    assert (found["model"]["file"], found["output"]["file"]) == ("m.onnx", "t.json")
