"""The measured part of docs/results/peers.md; every figure and every list of models comes from the rows."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Mapping, Sequence

from scripts.benchmarks.coverage.measure import OK
from scripts.benchmarks.page import table
from scripts.benchmarks.peers.measure import OURS, TOOLS, Row

NAMES = {
    OURS: "paoding_onnx",
    "onnxsim": "onnxsim, as exported",
    "onnxsim_helped": "onnxsim, helped",
    "torch_pruning": "Torch-Pruning",
}
PEERS = tuple(tool for tool in TOOLS if tool != OURS)
_COMPLETE = (OURS, "onnxsim_helped", "torch_pruning")
"""What must have succeeded on a model that "all manage"; what onnxsim does unhelped is a column of its own."""
_MARGIN = 0.005
"""Shares of parameters that differ by less are called equal."""
Cells = Mapping[tuple[str, str], Row]


def markdown(rows: Sequence[Row], limits: str) -> str:
    """All that is generated; `limits` are those of a process, in words."""
    cells = {(row.model, row.tool): row for row in rows}
    models = sorted({row.model for row in rows})
    parts = (
        f"{_circumstances(rows)} Each process had {limits}.",
        "## Summary",
        *_summary(cells, models),
        "## Where who does better",
        "\n".join(f"- **{NAMES[tool]}** {_against(cells, models, tool)}" for tool in PEERS),
        "## All models",
        _table(cells, models),
        "## Failures",
        "\n".join(f"- {row.model}, {NAMES[row.tool]}: {row.status}" for row in rows if row.status != OK),
    )
    return "\n\n".join(parts)


def _circumstances(rows: Sequence[Row]) -> str:
    """Dates, versions and the machine."""
    dates = sorted({row.date for row in rows})
    versions = sorted({f"{row.tool.removesuffix('_helped')} {row.version}" for row in rows if row.version})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{when}; {', '.join(versions)}; a virtual machine with {os.cpu_count()} cores, shared with other work."


def _summary(cells: Cells, models: Sequence[str]) -> Iterable[str]:
    """Successes and medians, a line for each tool."""
    common = [name for name in models if all(_share(cells, name, tool) is not None for tool in _COMPLETE)]
    yield f"{len(models)} models; {len(common)} of them are pruned by all three tools, onnxsim helped."
    heads = (
        "tool",
        "models ok",
        "left, median of those",
        "left, median of the common ones",
        "CPU s, median",
        "largest",
    )
    lines = []
    for tool in TOOLS:
        measured = [cells[name, tool] for name in models if (name, tool) in cells]
        done = [row for row in measured if row.status == OK]
        if done:
            seconds = [row.seconds for row in done]
            whole = "" if tool == OURS else f" (process {_median([row.process_seconds for row in done], 1)})"
            lines.append(
                (
                    NAMES[tool],
                    f"{len(done)} of {len(measured)}",
                    _median([row.share for row in done], 3),
                    _median([row.share for row in done if row.model in common], 3),
                    f"{_median(seconds, 2)}{whole}",
                    f"{max(seconds):.1f}",
                )
            )
    yield table(heads, lines)


def _against(cells: Cells, models: Sequence[str], tool: str) -> str:
    """What one peer leaves, manages and takes, against paoding_onnx on the same models."""
    pairs = [(cells[name, OURS], cells[name, tool]) for name in models if {(name, OURS), (name, tool)} <= cells.keys()]
    both = [(own, peer) for own, peer in pairs if own.share is not None and peer.share is not None]
    smaller = [peer.model for own, peer in both if peer.share < own.share - _MARGIN]
    larger = [peer.model for own, peer in both if peer.share > own.share + _MARGIN]
    alone = [peer.model for own, peer in pairs if peer.status == OK != own.status]
    ours = [peer.model for own, peer in pairs if own.status == OK != peer.status]
    equal = len(both) - len(smaller) - len(larger)
    return (
        f"leaves fewer parameters than paoding_onnx on {len(smaller)} of {len(both)} models{_listed(smaller)}, "
        f"as many (within {_MARGIN}) on {equal}, more on {len(larger)}. "
        f"It manages {len(alone)} that paoding_onnx does not{_listed(alone)}; "
        f"paoding_onnx manages {len(ours)} that it does not{_listed(ours)}. "
        f"Its pruning takes {_median([peer.seconds for _, peer in both], 2)} CPU s (median), "
        f"the whole command of paoding_onnx {_median([own.seconds for own, _ in both], 2)}."
    )


def _table(cells: Cells, models: Sequence[str]) -> str:
    """One line a model, in the order of names."""
    heads = ("model", "parameters", "ours", "MACs", "proven", "s", "onnxsim", "s", "helped", "s", "Torch-Pruning", "s")
    lines = []
    for name in models:
        size = next((row.parameters for tool in TOOLS if (row := cells.get((name, tool))) and row.parameters), None)
        own = cells.get((name, OURS))
        macs = "-" if own is None or own.macs_left is None else f"{own.macs_left:.3f}"
        proven = "-" if own is None or own.proven is None else ("yes" if own.proven else "NO")
        left, seconds = _cells(own)
        peers = [cell for tool in PEERS for cell in _cells(cells.get((name, tool)))]
        lines.append((name, f"{size or 0:,}", left, macs, proven, seconds, *peers))
    return table(heads, lines, align="lrrrlr")


def _cells(row: Row | None) -> tuple[str, str]:
    """Share left and seconds of a run, or a word for what came of it."""
    if row is None:
        return "not run", ""
    return ("failed", "") if row.share is None else (f"{row.share:.3f}", f"{row.seconds:.2f}")


def _share(cells: Cells, model: str, tool: str) -> float | None:
    row = cells.get((model, tool))
    return None if row is None else row.share


def _median(values: Sequence[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f}" if values else "-"


def _listed(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""
