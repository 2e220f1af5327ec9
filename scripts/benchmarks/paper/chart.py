"""The picture in the manner of the paper's Figure 2: size, accuracy and robustness step by step, a column per model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from scripts.benchmarks.paper.claims import HALF, QUARTER, Course, courses
from scripts.benchmarks.paper.measure import EPSILONS, SUBJECTS, WAYS, Row, Subject

STYLE = {
    "svg.hashsalt": "paper",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""Fonts that come with matplotlib and a fixed salt: the same rows give the same bytes."""
LOOKS = {
    "paoding": ("#e69f00", "o", "-", 7),
    "reconstruction": ("#0072b2", "s", "-", 4.5),
    "reconstruction, uniform": ("#000000", "x", "", 7),
}
"""Colour, mark, line and size of each method: told apart without colours, in grey, and where they coincide."""
PAPER_SIZES = {QUARTER: (1 - 0.494, 1 - 0.365), HALF: (1 - 0.781, 1 - 0.639)}
"""Least and most that the paper says is left of the parameters of its models."""
PAPER, BOUND = "#8a8a8a", "half of the whole model's"


@dataclass(frozen=True, slots=True)
class Band:
    """A row of panels: its words, what is drawn, and whether the paper bounds it by half of what it was."""

    words: str
    value: Callable[[Row, Row], float]
    is_bounded: bool = True


BANDS = (
    Band("(a) file size,\n% of the whole model's", lambda row, whole: row.file_bytes / whole.file_bytes, False),
    Band("(b) accuracy,\n% of the test samples", lambda row, _: row.accuracy),
    *(
        Band(f"(c) robust, ε = {epsilon:g},\n% of the test samples", lambda row, _, k=k: row.robust[k])
        for k, epsilon in enumerate(EPSILONS)
    ),
)


def draw(rows: Sequence[Row], folder: Path) -> None:
    """Write paper.svg and paper.png into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        figure = _figure(rows)
        figure.savefig(folder / "paper.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(folder / "paper.png", dpi=150, metadata={"Software": None})


def _figure(rows: Sequence[Row]) -> Figure:
    """All panels; the columns are the models that were measured."""
    found = {method: courses(rows, method) for method in WAYS}
    subjects = [subject for subject in SUBJECTS if any(subject.name in own for own in found.values())]
    figure = Figure(figsize=(1.2 + 2.2 * max(len(subjects), 3), 8.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(BANDS), len(subjects), sharex=True, sharey=True, squeeze=False)
    for column, subject in enumerate(subjects):
        own = {method: found[method][subject.name] for method in WAYS if subject.name in found[method]}
        for axes, band in zip(panels[:, column], BANDS, strict=True):
            _panel(axes, band, own)
        panels[0, column].set_title(_title(subject), fontweight="bold", fontsize=10)
        panels[-1, column].set_xlabel("units removed, %")
    for axes, band in zip(panels[:, 0], BANDS, strict=True):
        axes.set_ylabel(band.words)
    _legend(figure, *panels[:2, 0])
    return figure


def _title(subject: Subject) -> str:
    """The model's number in the paper, and its name."""
    return f"#{subject.number} {subject.name}"


def _panel(axes: Axes, band: Band, own: dict[str, Course]) -> None:
    """One measure of one model: a line for each method."""
    whole = next(iter(own.values()))[0]
    if band.is_bounded:
        axes.axhline(band.value(whole, whole) / 2, color=PAPER, linewidth=1, linestyle="--", label=BOUND)
    else:
        for share, ends in PAPER_SIZES.items():
            label = "the paper, lowest to highest of its models" if share == HALF else None
            axes.plot([share, share], ends, color=PAPER, linewidth=7, alpha=0.55, solid_capstyle="butt", label=label)
    for method, course in own.items():
        colour, mark, line, size = LOOKS[method]
        shares = [share for share in sorted(course) if share or line]
        values = [band.value(course[share], whole) for share in shares]
        axes.plot(shares, values, color=colour, marker=mark, linestyle=line, markersize=size, label=method)
    axes.set_xlim(-0.02, 0.53)
    axes.set_ylim(-0.03, 1.05)
    axes.set_xticks([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    axes.grid(color="#e3e3e3", linewidth=0.7)
    axes.set_axisbelow(True)


def _legend(figure: Figure, *panels: Axes) -> None:
    """One legend for all panels, above them."""
    entries = {name: mark for axes in panels for mark, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    order = [*(name for name in WAYS if name in entries), *(name for name in entries if name not in WAYS)]
    figure.legend([entries[n] for n in order], order, loc="outside upper center", ncols=3, frameon=False)
