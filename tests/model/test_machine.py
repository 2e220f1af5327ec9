"""The machine that figures were measured on."""

from __future__ import annotations

import json

from paoding_onnx.model import machine
from paoding_onnx.model.machine import machine_document


def test_machine_is_named_by_what_decides_its_speed():
    found = machine_document()
    assert found["processors"] >= 1
    assert all(isinstance(found[name], str) for name in ("system", "architecture", "cpu"))
    assert json.loads(json.dumps(found)) == found


def test_name_of_the_processor_is_the_systems(tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\n")
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "cpuinfo")
    assert machine_document()["cpu"] == "Some CPU @ 2.00GHz"


def test_system_that_names_no_processor_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "nothing")
    assert isinstance(machine_document()["cpu"], str)
