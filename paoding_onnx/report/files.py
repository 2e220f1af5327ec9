"""The documents of a pruning run as the text of files: the plan, the report as JSON or as a page."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

from paoding_onnx.report.documents.prune import plan_of_result, prune_document
from paoding_onnx.report.documents.vocabulary import vocabulary_document
from paoding_onnx.report.html.page import html_page
from paoding_onnx.result import Pruned

PAGE_SUFFIXES = (".html", ".htm")
"""Endings of files in which a report is a page; in others it is JSON."""


def report_text(result: Pruned, path: Path, staged: Callable[[Path], Path] = lambda path: path) -> str:
    """The report, as the name of its file asks for; `staged` says where a file lies that has not got its name yet."""
    if path.suffix.lower() in PAGE_SUFFIXES:
        return html_page(result, staged=staged)
    return json_text(prune_document(result, staged))


def plan_text(result: Pruned, staged: Callable[[Path], Path] = lambda path: path) -> str:
    """The plan as JSON; `staged` as in `report_text`."""
    return json_text(plan_of_result(result, staged))


def vocabulary_text(result: Pruned) -> str:
    """The table from old ids to new ones as JSON."""
    return json_text(vocabulary_document(result))


def json_text(document: object) -> str:
    """A document as text, with null for numbers that JSON does not have.

    >>> print(json_text({"a": [1, float("nan")]}), end="")
    {
     "a": [
      1,
      null
     ]
    }
    """
    return json.dumps(_finite(document), indent=1, allow_nan=False) + "\n"


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value
