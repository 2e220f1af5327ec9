"""The table of models with open axes, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scripts.benchmarks.open_axes.judge import OUTCOMES, PRUNE, RIGHT, WAYS, Row, n_of
from scripts.page import table

PROOF_FAILED = 1
"""Exit status where the package finds its own result wrong and writes nothing."""
HEADS = ("model", "parameters", "exact units", "left", "differs", "all units", "left", "s")


def markdown(rows: Sequence[Row]) -> str:
    """A summary, a line for each model, and what is not right, in words."""
    models = sorted({row.model for row in rows})
    parts = (
        f"Each model was pruned by `paoding_onnx prune MODEL {' '.join(PRUNE)}`,\nwith `--exact-only` and without,"
        " and run at five sizes that differ from the one exported at in every open axis. With\nexact units its outputs"
        " must be those of the original with the removed weights at zero; otherwise shapes are compared.",
        "\n".join(_summary(rows)),
        table(HEADS, [_cells(model, rows) for model in models], align="lrlrrlrr"),
        "\n".join(f"- {row.model}, {row.way}: {row.outcome}: {row.detail}" for row in rows if row.outcome != RIGHT)
        or "All are right.",
    )
    return "\n\n".join(parts)


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    for way in WAYS:
        of_way = [row for row in rows if row.way == way]
        counts = ", ".join(f"{n} {outcome}" for outcome in OUTCOMES if (n := n_of(of_way, outcome)))
        n_failed = sum(row.detail.startswith(f"exit {PROOF_FAILED}: ") for row in of_way)
        proofs = f" ({n_failed} by a proof that failed)" if n_failed else ""
        yield f"- {way} units, {len(of_way)} models: {counts or 'none'}{proofs}"


def _cells(model: str, rows: Sequence[Row]) -> tuple[str, ...]:
    by_way = {row.way: row for row in rows if row.model == model}
    known = [row.parameters for row in by_way.values() if row.parameters is not None]
    exact, every = by_way.get("exact"), by_way.get("all")
    differs = f"{exact.farthest:.0e}" if exact is not None and exact.farthest is not None else "-"
    seconds = sum(row.seconds for row in by_way.values())
    return (
        *(model, f"{known[0]:,}" if known else "-", *_outcome(exact), differs, *_outcome(every)),
        f"{seconds:.0f}",
    )


def _outcome(row: Row | None) -> tuple[str, str]:
    if row is None:
        return "-", "-"
    return row.outcome, "-" if row.parameters_left is None else f"{row.parameters_left:.2f}"
