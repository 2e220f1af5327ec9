"""What attacks found, as a JSON-ready document and as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.table import Table

from paoding_onnx.report.documents import Document, number
from paoding_onnx.robustness.evaluate import Robustness


def robustness_document(found: Robustness) -> Document:
    """Everything that was measured; `robust` counts samples that were right before the attack and after it."""
    return {
        "attack": found.kind,
        "gradient": "exact" if found.is_exact else "black-box estimate",
        "gradient_disagreement": number(found.disagreement),
        "range": [found.lowest, found.highest],
        "samples": found.samples,
        "right_before": found.correct,
        "flat": found.flat,
        "epsilons": [
            {"epsilon": one.epsilon, "robust": one.robust, "adversarial_accuracy": one.adversarial_accuracy}
            for one in found.survivals
        ],
    }


def robustness_lines(found: Robustness, original: Robustness | None = None) -> Iterator[RenderableType]:
    """What `evaluate` prints of an attack: how it was made, then what is left at each epsilon."""
    how = "exact gradient" if found.is_exact else "BLACK-BOX ESTIMATE of the gradient: the true robustness is lower"
    yield (
        f"{found.kind} attack, {how}; epsilon is a share of the input's range {found.lowest:.4g} to {found.highest:.4g}"
    )
    yield _table(found, original)
    yield "robust: right before the attack and after it; adversarial accuracy: right after it, of all samples"
    if found.flat:
        yield f"{found.flat:,} samples have no slope to follow: they count as robust if right, and prove nothing"


def _table(found: Robustness, original: Robustness | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    columns = ["robust", "adversarial accuracy"]
    names = columns if original is None else [f"{name}, {who}" for who in ("original", "model") for name in columns]
    for name in ("epsilon", *names):
        table.add_column(name, justify="right", overflow="fold")
    both = [found] if original is None else [original, found]
    table.add_row("0", *(cell for one in both for cell in _row(one.correct, one.samples, one.accuracy)))
    for index, survival in enumerate(found.survivals):
        left = [(one, one.survivals[index]) for one in both]
        cells = (cell for one, s in left for cell in _row(s.robust, one.samples, s.adversarial_accuracy))
        table.add_row(f"{survival.epsilon:g}", *cells)
    return table


def _row(robust: int, samples: int, accuracy: float) -> tuple[str, str]:
    return f"{robust:,} of {samples:,}", f"{accuracy:.1%}"
