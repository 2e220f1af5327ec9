"""Sessions that note what each node takes, and those notes read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paoding_onnx.context import ANYHOW, Deployment
from paoding_onnx.model.load import Model
from paoding_onnx.model.session import DeployedSession

_KERNEL = "_kernel_time"
"""How onnxruntime's notes of nodes end."""


@dataclass(frozen=True, slots=True)
class NodeTime:
    """Milliseconds that a node took in each run, the first one included; its name is onnxruntime's if it fused it."""

    name: str
    operator: str
    milliseconds: tuple[float, ...]

    @property
    def typical(self) -> float:
        """What it takes when nothing disturbs it: the mean of the fastest quarter of the runs, the first left out.

        >>> NodeTime("n", "any", (9.0, 1.0, 2.0, 8.0, 3.0)).typical
        1.0
        """
        spent = np.sort(np.array(self.milliseconds[1:] or self.milliseconds))
        return float(spent[: max(len(spent) // 4, 1)].mean())


class TrailedSession(DeployedSession):
    """A session to be timed that notes what each node takes, in a file whose name begins as `trail`."""

    def __init__(self, model: Model | Path, trail: Path, *, on: Deployment = ANYHOW) -> None:
        self._trail = trail
        super().__init__(model, optimise=True, on=on)

    def times(self) -> tuple[NodeTime, ...]:
        """What the nodes took so far, as onnxruntime runs them; nothing is noted from here on."""
        events = json.loads(Path(self._session.end_profiling()).read_text("utf-8", "replace"))
        found: dict[tuple[str, str, str], list[float]] = {}
        for event in events:
            name, told = str(event.get("name", "")), event.get("args", {})
            if event.get("cat") == "Node" and name.endswith(_KERNEL):
                key = name.removesuffix(_KERNEL), str(told.get("op_name", "")), str(told.get("node_index", ""))
                found.setdefault(key, []).append(event["dur"] / 1e3)
        return tuple(NodeTime(name, operator, tuple(spent)) for (name, operator, _), spent in found.items())


def by_operator(nodes: Iterable[NodeTime]) -> dict[str, float]:
    """Milliseconds that all nodes of each operator typically take in a run.

    >>> by_operator([NodeTime("a", "Conv", (9.0, 1.0)), NodeTime("b", "Conv", (9.0, 2.0))])
    {'Conv': 3.0}
    """
    spent: dict[str, float] = {}
    for node in nodes:
        spent[node.operator] = spent.get(node.operator, 0.0) + node.typical
    return spent
