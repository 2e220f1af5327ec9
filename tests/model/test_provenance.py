"""A file tells what made it, keeps what else it tells, and never tells more than there is room for."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError

import pytest

from paoding_onnx.model import provenance
from paoding_onnx.model.load import lift
from paoding_onnx.model.provenance import FORMAT, KEY, MOST_EARLIER, MOST_LETTERS, provenance_of, signed
from tests.models import model, parse

TEXT = "g (float[1,4] x) => (float[1,2] y) <float[4,2] a> { y = MatMul (x, a) }"


def told(number, **more):
    return {"format": FORMAT, "seed": number, **more}


def telling(*entries):
    """A model with these entries in its metadata."""
    proto = parse(TEXT)
    for key, value in entries:
        proto.metadata_props.add(key=key, value=value)
    return lift(proto)


def entries(found):
    return [(entry.key, entry.value) for entry in found.proto.metadata_props]


def test_record_can_be_read_again():
    assert provenance_of(signed(model(TEXT), told(1))) == told(1)


def test_other_metadata_stays_in_its_order():
    found = signed(telling(("author", "me"), ("note", "x")), told(1))
    assert entries(found)[:2] == [("author", "me"), ("note", "x")]


def test_model_that_is_signed_is_not_changed():
    subject = model(TEXT)
    signed(subject, told(1))
    assert entries(subject) == []


def test_record_before_goes_on_as_an_earlier_one():
    found = signed(signed(signed(model(TEXT), told(1)), told(2)), told(3))
    assert provenance_of(found) == told(3, earlier=[told(2), told(1)])
    assert len(entries(found)) == 1


def test_many_records_are_forgotten_and_counted():
    found = model(TEXT)
    for number in range(MOST_EARLIER + 4):
        found = signed(found, told(number))
    record = provenance_of(found)
    assert [entry["seed"] for entry in record["earlier"]] == list(range(MOST_EARLIER + 2, 2, -1))
    assert record["forgotten"] == 3


def test_long_record_of_somebody_else_is_forgotten():
    long = signed(model(TEXT), told(1, options="x" * MOST_LETTERS))
    assert provenance_of(signed(long, told(2))) == told(2, earlier=[], forgotten=1)


def test_file_without_a_record_tells_nothing():
    assert signed(signed(telling(("author", "me")), told(1)), None).proto.metadata_props[0].key == "author"
    assert provenance_of(signed(signed(model(TEXT), told(1)), None)) is None


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", "[" * 100_000, '{"format": "something else"}', "null"])
def test_what_is_no_record_is_none(text):
    subject = telling((KEY, text))
    assert provenance_of(subject) is None
    assert provenance_of(signed(subject, told(1))) == told(1)


@pytest.mark.parametrize("earlier", ["text", 3, {"a": 1}, None])
def test_strange_history_is_left_out(earlier):
    subject = telling((KEY, json.dumps(told(1, earlier=earlier, forgotten="many"))))
    assert provenance_of(signed(subject, told(2))) == told(2, earlier=[told(1)])


def test_version_of_a_package_under_another_name(monkeypatch):
    monkeypatch.setattr(provenance, "packages_distributions", lambda: {"onnxruntime_of_a_card": ["numpy"]})
    assert provenance.version_of("onnxruntime_of_a_card") == provenance.version_of("numpy")
    with pytest.raises(PackageNotFoundError):
        provenance.version_of("no_package_of_this_name")
