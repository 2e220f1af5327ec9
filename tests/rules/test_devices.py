"""What devices like: every figure with a source, and the guide says the same."""

from __future__ import annotations

import re

import pytest

from paoding_onnx.names import DEVICES as NAMES
from paoding_onnx.rules.devices import DEVICES
from paoding_onnx.rules.kernels import DENSE_MULTIPLE, DEPTHWISE_MULTIPLE
from scripts import ROOT

every_device = pytest.mark.parametrize("name", NAMES)


def test_every_name_has_its_facts():
    assert tuple(DEVICES) == NAMES


@every_device
def test_every_figure_has_a_source(name):
    device = DEVICES[name]
    assert device.facts
    assert all(fact.text and fact.source for fact in device.facts)
    published = [fact for fact in device.facts if "no published figure" not in fact.text]
    has_figures = max(device.dense, device.depthwise, device.matrix) > 1
    assert published if has_figures else "no published figure" in device.facts[0].text


@every_device
def test_channels_follow_the_strictest_layer_that_they_meet(name):
    device = DEVICES[name]
    assert device.multiple((DENSE_MULTIPLE,)) == device.dense
    assert device.multiple((DEPTHWISE_MULTIPLE,)) == device.depthwise
    assert device.multiple((DEPTHWISE_MULTIPLE, DENSE_MULTIPLE)) == max(device.dense, device.depthwise)
    assert device.multiple(()) == device.matrix


@every_device
def test_guide_has_the_same_figures(name):
    device = DEVICES[name]
    guide = (ROOT / "docs" / "guides" / "budget.md").read_text()
    (row,) = re.findall(rf"^\| `{name}` \|(.*)$", guide, re.MULTILINE)
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[:3] == [str(value) if value > 1 else "" for value in (device.dense, device.depthwise, device.matrix)]
