"""Documents as files: the plan and the report as JSON, the report as a page where its name asks for one."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from paoding_onnx.report.documents.prune import plan_of_result, prune_document
from paoding_onnx.report.files import json_text, plan_text, report_text


@pytest.mark.parametrize("name", ["r.html", "r.HTM"])
def test_report_is_a_page_where_its_name_asks_for_one(result, name):
    assert report_text(result, Path(name)).startswith("<!doctype html>")


@pytest.mark.parametrize("name", ["r.json", "r.txt", "html"])
def test_report_is_json_under_any_other_name(result, name):
    assert report_text(result, Path(name)) == json_text(prune_document(result))


def test_plan_is_json(result):
    assert json.loads(plan_text(result)) == json.loads(json.dumps(plan_of_result(result)))
    assert plan_text(result).endswith("}\n")


def test_numbers_that_json_does_not_have_are_null():
    document = {"a": [math.nan, (math.inf, 1.5)], "b": {"c": -math.inf}}
    assert json.loads(json_text(document)) == {"a": [None, [None, 1.5]], "b": {"c": None}}
