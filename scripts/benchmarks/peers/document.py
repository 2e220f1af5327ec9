"""The comparison as Markdown; every figure and every list of models comes from the rows."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Mapping, Sequence

from scripts.benchmarks.coverage.measure import OK, PRUNE
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

INTRODUCTION = """\
# Peers

Three structural pruners remove half of the channels of every torchvision classifier, without data and without training:
this one, Torch-Pruning (PyTorch modules) and the pruning module of onnxsim (ONNX files). The command is below.
Weights are random: this compares what is pruned and what still runs, not accuracy.

- **paoding_onnx**: `paoding_onnx prune MODEL {options}`. Succeeds if all its proofs hold.
- **Torch-Pruning**, as its quick start shows: `BasePruner(model, image, GroupMagnitudeImportance(p=2),
  pruning_ratio=0.5, global_pruning=False, ignored_layers=[classifier])` on the torchvision module. It can be told more
  than that, such as numbers of heads, and then manages some models that it does not manage here.
- **onnxsim**: `apply_structured_pruning(sparsity=0.5)`, then `apply_attention_head_pruning(sparsity=0.5)`, on the same
  file as paoding_onnx. *Helped*: the file is simplified by onnxsim first, and every use of an initializer gets a copy
  of its own. Hardly any of these files shares initializers between layers, so what helps is the simplifying.

A peer succeeds if the result runs, its output keeps its shape, and it has fewer parameters. Neither peer proves that
the result computes what the original computes without the removed channels; neither was checked for that here.

*left*: share of the parameters that is left: for ONNX files elements of float constants, of the file as exported; for
modules elements of parameters, which are a little more because exporting folds BatchNormalization into convolutions.
*CPU s*: for the peers, what their pruning functions take on a model already loaded, in *helped* with simplifying. For
paoding_onnx, **the whole command**: start, reading, tracing, pruning, proofs, timing before and after. The summary adds
the whole process of the peers, which for Torch-Pruning builds the model. Each process had {limits}.

```
python -m scripts.zoo ZOO --only 'tv_*' --big
python -m scripts.benchmarks.peers ZOO --csv peers.csv --out docs/results/peers.md \\
    --torch-python PYTHON --onnxsim-python PYTHON
```
"""


def markdown(rows: Sequence[Row], limits: str) -> str:
    """The whole document; `limits` are those of a process, in words."""
    cells = {(row.model, row.tool): row for row in rows}
    models = sorted({row.model for row in rows})
    parts = (
        INTRODUCTION.format(options=" ".join(PRUNE), limits=limits),
        _circumstances(rows),
        "\n".join(_summary(cells, models)),
        "\n".join(_better(cells, models)),
        "## All models\n",
        "\n".join(_table(cells, models)) + "\n",
        "## Failures\n",
        "\n".join(f"- {row.model}, {NAMES[row.tool]}: {row.status}" for row in rows if row.status != OK),
    )
    return "\n".join(parts) + "\n"


def _circumstances(rows: Sequence[Row]) -> str:
    """Dates, versions and the machine."""
    dates = sorted({row.date for row in rows})
    versions = sorted({f"{row.tool.removesuffix('_helped')} {row.version}" for row in rows if row.version})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{when}; {', '.join(versions)}; a virtual machine with {os.cpu_count()} cores, shared with other work.\n"


def _summary(cells: Cells, models: Sequence[str]) -> Iterable[str]:
    """One line a tool: successes and medians."""
    common = [name for name in models if all(_share(cells, name, tool) is not None for tool in _COMPLETE)]
    yield "## Summary\n"
    yield f"{len(models)} models; {len(common)} of them are pruned by all three tools, onnxsim helped.\n"
    yield "| tool | models ok | left, median of those | left, median of the common ones | CPU s, median | largest |"
    yield "|---|--:|--:|--:|--:|--:|"
    for tool in TOOLS:
        measured = [cells[name, tool] for name in models if (name, tool) in cells]
        done = [row for row in measured if row.status == OK]
        if done:
            shared = [row.share for row in done if row.model in common]
            seconds = [row.seconds for row in done]
            whole = "" if tool == OURS else f" (process {_median([row.process_seconds for row in done], 1)})"
            yield (
                f"| {NAMES[tool]} | {len(done)} of {len(measured)} | {_median([row.share for row in done], 3)} "
                f"| {_median(shared, 3)} | {_median(seconds, 2)}{whole} | {max(seconds):.1f} |"
            )
    yield ""


def _better(cells: Cells, models: Sequence[str]) -> Iterable[str]:
    """Where each peer does better than paoding_onnx, and where worse."""
    yield "## Where who does better\n"
    for tool in PEERS:
        yield f"- **{NAMES[tool]}** {_against(cells, models, tool)}"
    yield ""


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


def _table(cells: Cells, models: Sequence[str]) -> Iterable[str]:
    """One line a model, in the order of names."""
    yield "| model | parameters | ours | MACs | proven | s | onnxsim | s | helped | s | Torch-Pruning | s |"
    yield "|---|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|"
    for name in models:
        size = next((row.parameters for tool in TOOLS if (row := cells.get((name, tool))) and row.parameters), None)
        own = cells.get((name, OURS))
        macs = "-" if own is None or own.macs_left is None else f"{own.macs_left:.3f}"
        proven = "-" if own is None or own.proven is None else ("yes" if own.proven else "NO")
        peers = " | ".join(_cell(cells.get((name, tool))) for tool in PEERS)
        left, seconds = _cell(own).split(" | ")
        yield f"| {name} | {size or 0:,} | {left} | {macs} | {proven} | {seconds} | {peers} |"


def _cell(row: Row | None) -> str:
    """Share left and seconds of a run, or a word for what came of it."""
    if row is None:
        return "not run | "
    return "failed | " if row.share is None else f"{row.share:.3f} | {row.seconds:.2f}"


def _share(cells: Cells, model: str, tool: str) -> float | None:
    row = cells.get((model, tool))
    return None if row is None else row.share


def _median(values: Sequence[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f}" if values else "-"


def _listed(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""
