"""The table of times as a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.timing.table import LatencyTable, Times, read_table, table_text

TABLE = LatencyTable(
    {"one": Times(((4, 8), (2, 3, 6)), np.arange(6.0).reshape(2, 3) / 8), "none": Times((), np.array(0.25))},
    {"Conv": 1.5, "Relu": 0.5},
    ("other",),
    {"threads": 1},
)


def written(folder, **changes):
    path = folder / "t.json"
    path.write_text(json.dumps(json.loads(table_text(TABLE)) | changes))
    return path


def test_table_comes_back_from_its_file(tmp_path):
    found = read_table(written(tmp_path))
    assert (found.operators, found.inseparable, found.made) == (TABLE.operators, TABLE.inseparable, TABLE.made)
    assert found.whole == 2.0
    for key, times in TABLE.layers.items():
        assert found.layers[key].sizes == times.sizes
        np.testing.assert_array_equal(found.layers[key].milliseconds, times.milliseconds)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "paoding_onnx latency table 0"},
        {"layers": None},
        {"layers": {"one": {"sizes": [[4, 8]], "milliseconds": [1.0]}}},
        {"layers": {"one": {"sizes": [[8, 4]], "milliseconds": [1.0, 2.0]}}},
        {"layers": {"one": {"sizes": [[4, 8]], "milliseconds": [1.0, -2.0]}}},
        {"layers": {"one": {"sizes": [[4, 8]], "milliseconds": [1.0, float("nan")]}}},
        {"layers": {"one": {"sizes": [[4, 8]]}}},
        {"operators": {"Conv": float("inf")}},
        {"operators": [1]},
    ],
)
def test_other_content_is_refused(changes, tmp_path):
    with pytest.raises(UsageError, match="is no latency table that `paoding_onnx profile` wrote"):
        read_table(written(tmp_path, **changes))


def test_file_that_is_not_json_or_not_there_is_refused(tmp_path):
    (tmp_path / "t.json").write_text("{")
    with pytest.raises(UsageError, match="is not JSON"):
        read_table(tmp_path / "t.json")
    with pytest.raises(UsageError, match="cannot read"):
        read_table(tmp_path / "nothing.json")


def test_what_is_no_file_is_refused_unread(tmp_path):
    with pytest.raises(UsageError, match="it is a device, not a file"):
        read_table(Path("/dev/zero"))
    with pytest.raises(UsageError, match="it is a folder, not a file"):
        read_table(tmp_path)
