"""What `attack` prints."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table

from paoding_onnx.report.words import cell, plural, table
from paoding_onnx.robustness.evaluate import Robustness


def attack_lines(name: str, found: Robustness, original: Robustness | None = None) -> Iterator[RenderableType]:
    """How the attack was made, then what is left at each epsilon."""
    how = "exact gradient" if found.is_exact else "BLACK-BOX ESTIMATE of the gradient: the true robustness is lower"
    yield (
        f"{cell(name)}: {found.method} attack, {how}; epsilon is a share of the input's range {found.lowest:.4g} to "
        f"{found.highest:.4g}"
    )
    yield _table(found, original)
    yield "robust: right before the attack and after it; adversarial accuracy: right after it, of all samples"
    if found.flat:
        yield f"{plural(found.flat, 'sample')} without a gradient to follow: counted as robust if right, proves nothing"


def _table(found: Robustness, original: Robustness | None) -> Table:
    columns = ["robust", "adversarial accuracy"]
    names = columns if original is None else [f"{name}, {who}" for who in ("original", "model") for name in columns]
    made = table("epsilon", *names)
    both = [found] if original is None else [original, found]
    made.add_row("0", *(cell for one in both for cell in _row(one.correct, one.samples, one.accuracy)))
    for index, survival in enumerate(found.survivals):
        left = [(one, one.survivals[index]) for one in both]
        cells = (cell for one, s in left for cell in _row(s.robust, one.samples, s.adversarial_accuracy))
        made.add_row(f"{survival.epsilon:g}", *cells)
    return made


def _row(robust: int, samples: int, accuracy: float) -> tuple[str, str]:
    return f"{robust:,} of {samples:,}", f"{accuracy:.1%}"
