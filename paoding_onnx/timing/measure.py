"""The table of times of a model on this machine: its layers at several widths, and all of its operators as they are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx

from paoding_onnx.context import Deployment, Run
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import nodes_behind
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.scratch import scratch_folder
from paoding_onnx.model.trail import NodeTime, TrailedSession, by_operator
from paoding_onnx.timing.single import Bench, Sizes, bench_of, n_bytes
from paoding_onnx.timing.table import LatencyTable, Times
from paoding_onnx.timing.widths import TimedLayer, timed_layers

SECONDS_OF_LAYER, SECONDS_OF_MODEL = 0.03, 0.25
"""For about so long a layer at all its widths, and the whole model, are run over and over in each round."""
ROUNDS = 2
"""So many sessions time each: where memory lies, and other work, make some of them slower."""
FEWEST_RUNS, MOST_RUNS = 5, 200
BENCH_BYTES = 1 << 27
"""What a layer reads at the widths that are timed side by side."""


def measure_table(
    model: Model, trace: Trace, feeds: Mapping[str, Array], run: Run, *, made: Mapping[str, object]
) -> LatencyTable:
    """What the layers of `model` take by their widths, and what its operators take on `feeds`.

    Raises:
        ModelError: if onnxruntime does not run the model.
    """
    layers = {layer.key: layer for layer in timed_layers(trace)}
    nodes = nodes_behind(model.proto, [layer.bound.node for layer in layers.values()])
    run.tell("timing the model", 0.0)
    operators = _least([by_operator(_node_times(model, feeds, run.threads, SECONDS_OF_MODEL)) for _ in range(ROUNDS)])
    found: dict[str, Times] = {}
    alone = []
    for number, ((key, layer), node) in enumerate(zip(layers.items(), nodes, strict=True)):
        run.tell(f"timing layer {number + 1} of {len(layers)}", number / len(layers))
        times = _times_of(model, node, layer, run.threads)
        if times is None:
            alone.append(key)
        else:
            found[key] = times
    return LatencyTable(found, operators, tuple(alone), made)


def _times_of(model: Model, node: onnx.NodeProto, layer: TimedLayer, threads: int) -> Times | None:
    """The times of a layer over its grid; `None` if onnxruntime does not run it alone."""
    found: list[float] = []
    try:
        for points in _chunks(layer):
            bench = bench_of(model, node, layer, points)
            share = SECONDS_OF_LAYER * len(points) / max(_n_points(layer), 1)
            rounds = [_bench_times(bench, _node_times(bench.model, bench.feeds, threads, share)) for _ in range(ROUNDS)]
            found += np.min(rounds, axis=0).tolist()
    except ModelError:
        return None
    grid = layer.grid()
    return Times(grid, np.array(found).reshape([len(marks) for marks in grid]))


def _least(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The least that each operator took in any round."""
    return {name: min(spent.get(name, np.inf) for spent in rounds) for name in rounds[0]}


def _n_points(layer: TimedLayer) -> int:
    return int(np.prod([len(marks) for marks in layer.grid()]))


def _chunks(layer: TimedLayer) -> Iterator[list[Sizes]]:
    """The points of the grid, as many at a time as there is room for."""
    chunk: list[Sizes] = []
    room = BENCH_BYTES
    for sizes in layer.points():
        room -= n_bytes(layer, sizes)
        if chunk and room < 0:
            yield chunk
            chunk, room = [], BENCH_BYTES - n_bytes(layer, sizes)
        chunk.append(sizes)
    if chunk:
        yield chunk


def _bench_times(bench: Bench, nodes: Sequence[NodeTime]) -> list[float]:
    """What each layer of a bench takes, whose name onnxruntime may have made longer; nodes that it added count nothing.

    Raises:
        ModelError: if it cannot be told.
    """
    spent: dict[str, float] = {}
    for node in nodes:
        own = node.name.split("_")[0]
        spent[own] = spent.get(own, 0.0) + node.typical
    if missing := [name for name in bench.names if name not in spent]:
        raise ModelError(f"onnxruntime does not run {missing[0]} as a node of its own")
    return [spent[name] for name in bench.names]


def _node_times(model: Model, feeds: Mapping[str, Array], threads: int, seconds: float) -> tuple[NodeTime, ...]:
    with scratch_folder() as folder:
        session = TrailedSession(model, Path(folder) / "trail", on=Deployment(threads))
        end, runs = time.perf_counter() + seconds, 0
        while runs < FEWEST_RUNS or (runs < MOST_RUNS and time.perf_counter() < end):
            session.run(feeds)
            runs += 1
        return session.times()
