"""The page of a report, from its template and what it shows."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from paoding_onnx.evaluation.outlook import in_words
from paoding_onnx.model.machine import machine_document
from paoding_onnx.report.chain import chain
from paoding_onnx.report.charts import bar, heat_map, line_chart, shortened
from paoding_onnx.report.command import command_of, pieces
from paoding_onnx.report.documents.prune import next_of, plan_of_result, warnings
from paoding_onnx.report.html.extent import links_of, operators_of, trade_of
from paoding_onnx.report.html.facts import (
    Panel,
    cards_of,
    compact,
    files_of,
    lost_of,
    panels_of,
    reasons_of,
    rows_of,
    verdict_of,
    versions,
)
from paoding_onnx.report.next_step import verdict_in_words
from paoding_onnx.report.printable import printable
from paoding_onnx.report.trade import trade_chart
from paoding_onnx.report.words import milliseconds
from paoding_onnx.result import Pruned
from paoding_onnx.selection.curve import Sensitivity

MOST_BYTES = 1_000_000
"""A page is never larger; what is left beside the tables is for the plan."""
MOST_ROWS = 300
"""Longer lists are cut, and the page says so."""
ROWS_OF_A_MAP = 30
"""A heat map goes on in another one after these many groups, so that it fits on paper."""
MOST_LETTERS = 160
"""Longer names lose their middle."""
LONG_PLAN = 200_000
"""Bytes of a plan beyond which it is handed out packed."""


def html_page(result: Pruned, *, staged: Callable[[Path], Path] = lambda path: path) -> str:
    """The page for a result.

    Same result, same page, but for what was measured with a clock. `staged` says where a file lies that does not have
    its name yet.
    """
    source, target = next(iter(result.original.files), None), result.run.output
    name, step = source.name if source else "The model", next_of(result)
    plan = json.dumps(plan_of_result(result, staged), separators=(",", ":"))
    values = {
        "name": name,
        "result": result,
        "verdict": verdict_of(result, name),
        "word": verdict_in_words(result.measured),
        "next": (step, pieces(step.command)),
        "outlook": in_words(result.measured),
        "links": links_of(result),
        "chain": Markup(chain(links_of(result))),  # escaped there
        "trade": _trade(result),
        "operators": operators_of(result),
        "warnings": warnings(result),
        "cards": cards_of(result),
        "rows": rows_of(result, MOST_ROWS),
        "panels": [(panel, Markup(_chart(panel, result))) for panel in panels_of(result)],  # escaped there
        "maps": _maps(result),
        "reasons": reasons_of(result.trace.refusals[:MOST_ROWS]),
        "command": pieces(command_of(result.run.options, source, target)),
        "files": list(files_of(result, staged)),
        "versions": versions(),
        "machine": machine_document(),
        "most": MOST_ROWS,
        "infinity": math.inf,
    }
    page = _render({**values, "plan": None})
    link = _plan_link(plan, MOST_BYTES - len(page.encode()) - 2000)
    return _render({**values, "plan": link}) if link else page


def _render(values: dict[str, object]) -> str:
    """The page with these values; whatever is no markup of ours is escaped."""
    folder = files(__package__)
    script = folder.joinpath("page.js").read_text("utf-8").strip()
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, finalize=_shown
    )
    environment.filters.update(compact=compact, brief=brief, breakable=breakable, milliseconds=milliseconds)
    environment.globals.update(bar=lambda *amounts: Markup(bar(*amounts)))  # numbers only
    return environment.from_string(folder.joinpath("page.html").read_text("utf-8")).render(
        **values,
        style=Markup(folder.joinpath("page.css").read_text("utf-8").strip()),  # ours
        script=Markup(script),  # ours
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _shown(value: object) -> object:
    """What a page may hold: text without control characters, all else as it is."""
    return printable(value) if type(value) is str else value


def brief(text: str) -> str:
    """The text without control characters, its middle left out if it is long."""
    return shortened(printable(text), MOST_LETTERS)


def breakable(text: str) -> Markup:
    """A name that may go on in the next line after the signs that join its parts.

    >>> breakable("a.b<c")
    Markup('a.<wbr>b&lt;c')
    """
    return Markup("<wbr>").join(re.split(r"(?<=[./_:-])(?=\w)", brief(text)))


def _chart(panel: Panel, result: Pruned) -> str:
    label = f"share of {result.run.options.budget} asked for"
    return line_chart(panel.lines, title=panel.title, x_label=label, is_share=panel.is_share)


def _trade(result: Pruned) -> tuple[str, Markup] | None:
    """The chart of what is kept against size, with its title; `None` where nothing of it was measured."""
    found = trade_of(result)
    if found is None:
        return None
    return found.title, Markup(trade_chart(found.tried, whole=found.whole, title=found.title))  # escaped there


def _maps(result: Pruned) -> list[Markup]:
    """The heat maps, each of as many groups as fit on paper; none if sensitivity was not measured."""
    recovery = result.run.recovery
    sensitivities: Sequence[Sensitivity] = recovery.sensitivities[:MOST_ROWS] if recovery else ()
    starts = range(0, len(sensitivities), ROWS_OF_A_MAP)
    lost = lost_of(result)
    parts = (heat_map(sensitivities[start : start + ROWS_OF_A_MAP], lost, has_legend=start == 0) for start in starts)
    return [Markup(part) for part in parts]  # escaped there


def _plan_link(plan: str, room: int) -> tuple[str, str] | None:
    """The name and address of the plan as a download, packed if it is long; `None` if there is no room for it."""
    content, name = (plan + "\n").encode(), "plan.json"
    kind = "application/json"
    if len(content) > LONG_PLAN:
        content, name, kind = gzip.compress(content, mtime=0), "plan.json.gz", "application/gzip"
    address = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return (name, address) if len(address) <= room else None
