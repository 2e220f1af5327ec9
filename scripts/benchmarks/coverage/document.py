"""The measured part of docs/results/coverage.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from scripts.benchmarks.coverage.measure import LIMITS, OK, PRUNE, Row, is_much
from scripts.page import table

NEAR = 0.03
"""A model that keeps no more above the least that can be left is as small as it gets."""
HEADS = (
    *("model", "kind", "parameters", "left", "MACs left", "prune", "groups (inexact)"),
    *("open axes", "sizes", "refusals, commonest reasons", "oracle", "s"),
)
ABOVE = ("model", "kind", "left", "least", "above it", "what holds most")


def markdown(rows: Sequence[Row], date: str, versions: Mapping[str, str]) -> str:
    """All that is generated."""
    done = [row for row in rows if row.status == OK]
    parts = (
        f"{date}; " + ", ".join(f"{name} {version}" for name, version in versions.items()),
        f"Each model was given to `paoding_onnx prune MODEL {' '.join(PRUNE)}`.",
        "\n".join(_summary(rows)),
        "*left*: share of parameters or multiply-adds that is left. *prunable*: share of parameters with a unit on an "
        "axis.\n*open axes*: axes of inputs whose size the user chooses; *sizes*: sizes of the inputs at which the\n"
        "proof compared the pruned model with the masked original. *oracle*: their largest difference, relative to the "
        "tensor.",
        table(HEADS, [_cells(row) for row in sorted(done, key=lambda row: row.model)], align="llrrrrrrrlrr"),
        "## Not pruned",
        "\n".join(f"- {row.model}: {row.status}" for row in rows if row.status != OK) or "None.",
        "## More left than expected",
        f"Above {LIMITS['CNN']:.2f} of the parameters (CNN, MLP) or {LIMITS['transformer']:.2f} (others).\n"
        "*least*: what would be left were every axis halved that is not as long as an input, an output, a table of\n"
        "ids, a kernel or a number of positions says: the weights of a last layer of 1,000 classes, for instance,\n"
        "can only be halved, not quartered.\n"
        "*what holds most*: each reason with the share of all parameters that would go besides, were it not for it.",
        table(ABOVE, list(_above(done)), align="llrrrl") if any(_above(done)) else "None.",
    )
    return "\n\n".join(parts)


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    outcomes = Counter(row.status.split(":")[0] for row in rows)
    yield f"{len(rows)} models: " + ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common()) + ".\n"
    for kind in ("CNN", "transformer", "recurrent"):
        shares = sorted(row.parameters_left for row in rows if row.kind == kind and row.parameters_left is not None)
        if shares:
            above = _summed(kind, [row for row in rows if row.kind == kind and is_much(kind, row.parameters_left)])
            yield f"- {kind}: {len(shares)} pruned, median {shares[len(shares) // 2]:.3f} of the parameters left{above}"
    opened = [row for row in rows if row.open_axes and row.status == OK]
    sizes = sorted(row.proven_sizes or 0 for row in opened)
    told = f"; proven at {sizes[0]} to {sizes[-1]} sizes, median {sizes[len(sizes) // 2]}" if sizes else ""
    yield f"- models with open axes: {len(opened)}{told}"
    crashes = [row.model for row in rows if row.status.startswith("CRASH")]
    wrong = [row.model for row in rows if row.status.startswith("failed 1")]
    yield f"- crashes: {', '.join(crashes) or 'none'}"
    yield f"- proofs that failed (nothing written): {', '.join(wrong) or 'none'}"


def _summed(kind: str, much: Sequence[Row]) -> str:
    """How many of a kind keep much, and how many of these more than they have to."""
    if kind not in LIMITS:
        return ""
    far = sum((_excess(row) or 0.0) > NEAR for row in much)
    return f", {len(much)} above {LIMITS[kind]:.2f}, of which {far} are more than {NEAR:.2f} above the least"


def _cells(row: Row) -> tuple[str, ...]:
    """The line of a model."""
    return (
        row.model,
        row.kind,
        f"{row.parameters:,}",
        f"{row.parameters_left:.3f}",
        f"{row.macs_left:.3f}" if row.macs_left is not None else "-",
        f"{row.prunable:.3f}" if row.prunable is not None else "-",
        f"{(row.exact_groups or 0) + (row.inexact_groups or 0)} ({row.inexact_groups})",
        str(row.open_axes),
        str(row.proven_sizes),
        f"{row.refusals}: {row.reasons}",
        f"{row.oracle_error:.0e}" if row.oracle_error is not None else "-",
        f"{row.seconds:.0f}",
    )


def _above(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """The lines of models that keep much, most first."""
    for row in sorted(rows, key=lambda row: -(row.parameters_left or 0)):
        if is_much(row.kind, row.parameters_left):
            figures = (row.parameters_left, row.least, _excess(row))
            yield row.model, row.kind, *("-" if x is None else f"{x:.3f}" for x in figures), row.held


def _excess(row: Row) -> float | None:
    """How much is left above the least."""
    return None if row.least is None or row.parameters_left is None else max(row.parameters_left - row.least, 0.0)
