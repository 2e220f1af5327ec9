"""The measured part of docs/results/coverage.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from scripts.benchmarks.coverage.measure import OK, PRUNE, Row
from scripts.page import table

LIMITS = {"CNN": 0.30, "transformer": 0.35}
"""Shares of parameters left above which a model of a kind is listed with the reason."""
HEADS = (
    *("model", "kind", "parameters", "left", "MACs left", "prune", "groups (inexact)"),
    *("open axes", "sizes", "refusals, commonest reasons", "oracle", "s"),
)


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
        f"Above {LIMITS['CNN']:.2f} of the parameters (CNN, MLP) or {LIMITS['transformer']:.2f} (transformer), with "
        "the share of the\nparameters that have one free axis by nature, and the refusal at the most other weights:",
        "\n".join(_above(done)) or "None.",
    )
    return "\n\n".join(parts)


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    outcomes = Counter(row.status.split(":")[0] for row in rows)
    yield f"{len(rows)} models: " + ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common()) + ".\n"
    for kind in ("CNN", "transformer", "recurrent"):
        shares = sorted(row.parameters_left for row in rows if row.kind == kind and row.parameters_left is not None)
        if shares:
            limit = LIMITS.get(kind)
            above = f", {sum(share > limit for share in shares)} above {limit:.2f}" if limit else ""
            yield f"- {kind}: {len(shares)} pruned, median {shares[len(shares) // 2]:.3f} of the parameters left{above}"
    opened = [row for row in rows if row.open_axes and row.status == OK]
    sizes = sorted(row.proven_sizes or 0 for row in opened)
    told = f"; proven at {sizes[0]} to {sizes[-1]} sizes, median {sizes[len(sizes) // 2]}" if sizes else ""
    yield f"- models with open axes: {len(opened)}{told}"
    crashes = [row.model for row in rows if row.status.startswith("CRASH")]
    wrong = [row.model for row in rows if row.status.startswith("failed 1")]
    yield f"- crashes: {', '.join(crashes) or 'none'}"
    yield f"- proofs that failed (nothing written): {', '.join(wrong) or 'none'}"


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


def _above(rows: Sequence[Row]) -> Iterator[str]:
    for row in sorted(rows, key=lambda row: -(row.parameters_left or 0)):
        if (row.parameters_left or 0) > LIMITS.get(row.kind, LIMITS["transformer"]):
            yield f"- {row.model} ({row.kind}, {row.parameters_left:.3f}): {row.weightiest}"
