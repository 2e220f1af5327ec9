"""A network run a few nodes at a time on many inputs: what later nodes read is held, all else forgotten.

So a stage can look at any tensor, and change weights before they are used, at the cost of one run of the network and
without ever holding all its activations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import overload

import numpy as np
import onnx

from paoding_onnx.context import ANYHOW, Deployment
from paoding_onnx.layerwise.subgraph import subgraph
from paoding_onnx.model.graph import Graph, needed
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import proto_nodes
from paoding_onnx.model.nodes import Array, Part
from paoding_onnx.model.scratch import Scratch
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.taps import collected

Batches = Sequence[Array]
"""A tensor's content for each batch of inputs."""
Watcher = Callable[[Array], None]
"""Called with a tensor's content, once for each batch of inputs and in their order."""
WATCHED_NUMBERS = 1 << 24
"""Numbers of one batch that watchers are shown at a time: on the way to more, nodes are run in several pieces."""


class Stream:
    """A model on its way through its nodes.

    Args:
        model: what to run; `graph` describes it.
        feeds: inputs of the model, a mapping for each batch.
        contents: constants that differ from the file's.
        memory: bytes of activations to hold; what is more goes to files in a temporary folder.
        on: on what onnxruntime runs.
    """

    def __init__(
        self,
        model: Model,
        graph: Graph,
        feeds: Sequence[Mapping[str, Array]],
        *,
        overrides: Mapping[str, Array] | None = None,
        memory: int = 1 << 30,
        on: Deployment = ANYHOW,
    ) -> None:
        self.graph = graph
        self.position = 0
        self.n_batches = len(feeds)
        self._model = model
        self._on = on
        self._nodes = proto_nodes(model.proto, graph)
        self._overrides = dict(overrides or {})
        self._last_read = _last_read(graph)
        self._held = _Store(memory)
        self._growth = _growth(graph, feeds)
        for name in graph.inputs:
            for feed in feeds:
                self._held.append(name, feed[name])

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def override(self, overrides: Mapping[str, Array]) -> None:
        """Let nodes that are still to come read other constants."""
        self._overrides.update(overrides)

    def keep(self, names: Iterable[str]) -> None:
        """Hold tensors until `drop`, even if no later node reads them."""
        self._last_read.update(dict.fromkeys(names, len(self._nodes)))

    def drop(self, name: str) -> None:
        """Forget a tensor that `keep` held, unless later nodes read it."""
        readers = _last_read(self.graph).get(name, -1)
        self._last_read[name] = readers
        if readers < self.position:
            self._held.drop(name)

    def value(self, name: str) -> Batches:
        """A tensor that is held."""
        return self._held.get(name)

    def advance(self, stop: int, watchers: Mapping[str, Watcher] = MappingProxyType({})) -> None:
        """Run the nodes before node number `stop`; tensors that are made on the way are shown to their `watchers`.

        None of these is held longer than that unless later nodes read it. One in a body is shown as it was at all
        steps, with these as its first axis.
        """
        while self.position < stop:
            self._advance(self._end_of_piece(stop, watchers), watchers)

    def _end_of_piece(self, stop: int, watchers: Mapping[str, Watcher]) -> int:
        """How far to run at a time: as far as what is watched on the way is not too much."""
        shown = 0.0
        for index in range(self.position, stop):
            watched = [t for t in self.graph.nodes[index].outputs if t is not None and t.name in watchers]
            more = self._growth * sum(math.prod(t.shape or ()) for t in watched)
            if shown and shown + more > WATCHED_NUMBERS:
                return index
            shown += more
        return stop

    def _advance(self, stop: int, watchers: Mapping[str, Watcher]) -> None:
        places = [place for place in range(self.position, stop) if self._nodes[place] is not None]
        made = [t.name for place in places for t in self.graph.nodes[place].outputs if t is not None]
        held = [name for name in made if self._last_read.get(name, -1) >= stop]
        shown = [*made, *self._inside(self.position, stop)]
        if wanted := list(dict.fromkeys((*held, *(name for name in shown if name in watchers)))):
            for made_of_batch in self._made(stop, wanted):
                for name in held:
                    self._held.append(name, made_of_batch[name])
                for name in wanted:
                    if name in watchers:
                        watchers[name](made_of_batch[name])
        self.position = stop
        for name in self._held.names():
            if self._last_read.get(name, -1) < stop:
                self._held.drop(name)

    def _inside(self, start: int, stop: int) -> list[str]:
        """Names of the tensors in those bodies that are run between two nodes."""
        left = {node.first_output.name for node in self.graph.nodes[start:stop] if node.part is Part.EXIT}
        return [name for name, runner in self.graph.stepwise.items() if runner in left]

    def peek(self, stop: int, name: str, batches: Sequence[int] | None = None) -> Iterator[Array]:
        """What tensor `name`, made before node number `stop`, would be if the nodes ran on as they are now.

        One batch after the other, of all or of those with these numbers; none is held.
        """
        return (made[name] for made in self._made(stop, [name], batches))

    def rest(self, free: Sequence[str]) -> Callable[[Mapping[str, Array]], dict[str, list[Array]]]:
        """The remaining nodes as a function from the constants in `free` to the model's outputs, batch by batch.

        What is watched beside these counts as an output.
        """
        wanted = tuple(dict.fromkeys((*self.graph.outputs, *self.graph.watched)))
        nodes = self._needed(len(self._nodes), wanted)
        made = {name for node in nodes for name in node.output}
        outputs = [name for name in wanted if name in made]
        piece = subgraph(self._model, self.graph, nodes, outputs=outputs, overrides=self._overrides, free=free)
        session = Session(piece, optimise=True, on=self._on)
        names = [info.name for info in piece.proto.graph.input]

        def run(constants: Mapping[str, Array]) -> dict[str, list[Array]]:
            """Outputs with these constants."""
            found: dict[str, list[Array]] = {name: [] for name in outputs}
            for batch in range(self.n_batches):
                held = {name: self._held.get(name)[batch] for name in names if name not in free}
                made = session.run({**held, **{name: constants[name] for name in names if name in free}})
                for name in outputs:
                    found[name].append(made[name])
            return found

        return run

    def _made(
        self, stop: int, wanted: Sequence[str], batches: Sequence[int] | None = None
    ) -> Iterator[dict[str, Array]]:
        """The tensors `wanted`, made by nodes before node number `stop`, batch by batch."""
        inside = set(self._inside(self.position, stop)) & set(wanted)
        outer = [name for name in wanted if name not in inside] or self._left_with(inside)
        nodes = self._needed(stop, [*outer, *self._left_with(inside)])
        piece = subgraph(self._model, self.graph, nodes, outputs=outer, overrides=self._overrides)
        piece, steps = collected(piece, inside) if inside else (piece, {})
        session = Session(piece, watch=tuple(steps.values()), optimise=True, on=self._on)
        feeds = [info.name for info in piece.proto.graph.input]
        for batch in range(self.n_batches) if batches is None else batches:
            run = session.run({name: self._held.get(name)[batch] for name in feeds})
            yield run | {name: run[watched] for name, watched in steps.items()}

    def _left_with(self, names: Collection[str]) -> list[str]:
        """The first output of each node in whose body some tensors are."""
        return list(dict.fromkeys(runner for name, runner in self.graph.stepwise.items() if name in names))

    def _needed(self, stop: int, wanted: Sequence[str]) -> list[onnx.NodeProto]:
        """The nodes before node number `stop` that are still to come and needed for `wanted`."""
        places = needed(self.graph.nodes[self.position : stop], wanted)
        found = (self._nodes[self.position + place] for place in places)
        return [node for node in found if node is not None]


def _growth(graph: Graph, feeds: Sequence[Mapping[str, Array]]) -> float:
    """How many times as large as what `graph` was seen on a batch is."""
    seen = sum(math.prod(graph.tensors[name].shape or ()) for name in graph.inputs)
    return sum(feeds[0][name].size for name in graph.inputs) / max(seen, 1) if feeds else 1.0


def _last_read(graph: Graph) -> dict[str, int]:
    """Number of the last node that reads each tensor; beyond all nodes for the model's outputs.

    What is read in a body, or handed to one, is read where it is left: there it runs.
    """
    left_at = {node.first_output.name: index for index, node in enumerate(graph.nodes)}
    found = {
        name: left_at.get(node.within, index)
        for index, node in enumerate(graph.nodes)
        for name in (*(t.name for t in node.inputs if t is not None), *node.captures)
    }
    return found | dict.fromkeys(graph.outputs, len(graph.nodes))


class _Store:
    """Tensors by name, in memory as far as allowed, else in files."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._values: dict[str, list[Array | Path]] = {}
        self._folder: Scratch | None = None
        self._n_files = 0
        self._n_bytes = 0

    def names(self) -> tuple[str, ...]:
        """Names of all tensors, in the order in which they came."""
        return tuple(self._values)

    def get(self, name: str) -> Batches:
        """All batches of a tensor."""
        return _Held(self._values[name])

    def append(self, name: str, array: Array) -> None:
        """Add a batch of a tensor."""
        is_full = self._n_bytes + array.nbytes > self._memory and array.ndim > 0
        self._n_bytes += 0 if is_full else array.nbytes
        self._values.setdefault(name, []).append(self._on_disk(array) if is_full else array)

    def drop(self, name: str) -> None:
        """Forget a tensor."""
        for held in self._values.pop(name):
            if isinstance(held, Path):
                held.unlink()
            else:
                self._n_bytes -= held.nbytes

    def close(self) -> None:
        """Forget everything."""
        self._values.clear()
        if self._folder is not None:
            self._folder.close()

    def _on_disk(self, array: Array) -> Path:
        self._folder = self._folder or Scratch()
        self._n_files += 1
        path = self._folder.path / f"{self._n_files}.npy"
        np.save(path, array)
        return path


class _Held(Sequence[Array]):
    """Batches of which some are in files: those are read when they are asked for, and never mapped.

    Pages of a mapped file count as memory of the process for as long as the system has no better use for them.
    """

    def __init__(self, batches: Sequence[Array | Path]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    @overload
    def __getitem__(self, key: int) -> Array: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Array]: ...
    def __getitem__(self, key: int | slice) -> Array | Sequence[Array]:
        if isinstance(key, slice):
            return _Held(self._batches[key])
        held = self._batches[key]
        return np.load(held) if isinstance(held, Path) else held
