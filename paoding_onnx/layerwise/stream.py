"""A network run a few nodes at a time on many inputs: what later nodes read is held, all else forgotten.

So a stage can look at any tensor, and change weights before they are used, at the cost of one run of the network and
without ever holding all its activations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from types import MappingProxyType, TracebackType

import onnx

from paoding_onnx.context import ANYHOW, Deployment
from paoding_onnx.layerwise.store import Batches, Store
from paoding_onnx.layerwise.subgraph import subgraph
from paoding_onnx.model.graph import Graph, needed
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import proto_nodes
from paoding_onnx.model.nodes import Array, Part
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.taps import collected

Watcher = Callable[[Array, int], None]
"""Called with a tensor's content and the number of the batch, once for each batch of inputs and in their order."""
Skips = Callable[[str, int], bool]
"""Whether the watcher of a tensor need not be called for a batch, by its number."""
WATCHED_NUMBERS = 1 << 24
"""Numbers of one batch that watchers are shown at a time: on the way to more, nodes are run in several pieces."""


def skip_none(name: str, batch: int) -> bool:  # noqa: ARG001
    """Watchers are called for all batches."""
    return False


class Stream:
    """A model on its way through its nodes. Some batches may go ahead; the others follow when they are needed.

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
        self.n_batches = len(feeds)
        self._positions = [0] * len(feeds)
        self._model = model
        self._on = on
        self._nodes = proto_nodes(model.proto, graph)
        self._overrides = dict(overrides or {})
        self._last_read = _last_read(graph)
        self._held = Store(memory)
        self._growth = _growth(graph, feeds)
        for name in graph.inputs:
            for batch, feed in enumerate(feeds):
                self._held.put(name, batch, feed[name])

    @property
    def position(self) -> int:
        """The number of the node before which the last batches are."""
        return min(self._positions, default=len(self._nodes))

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
        for batch, position in enumerate(self._positions):
            if readers < position:
                self._held.drop(name, batch)

    def value(self, name: str) -> Batches:
        """A tensor that is held."""
        return self._held.get(name)

    def advance(
        self,
        stop: int,
        watchers: Mapping[str, Watcher] = MappingProxyType({}),
        *,
        batches: Iterable[int] | None = None,
        skips: Skips = skip_none,
    ) -> None:
        """Run the nodes before node number `stop`; tensors that are made on the way are shown to their `watchers`.

        None of these is held longer than that unless later nodes read it. One in a body is shown as it was at all
        steps, with these as its first axis. Only `batches` move, if they are given.
        """
        places: dict[int, list[int]] = {}
        for batch in range(self.n_batches) if batches is None else batches:
            places.setdefault(self._positions[batch], []).append(batch)
        for start, those in sorted(places.items()):
            while start < stop:
                end = self._end_of_piece(start, stop, watchers)
                self._advance(range(start, end), those, watchers, skips)
                start = end

    def _end_of_piece(self, start: int, stop: int, watchers: Mapping[str, Watcher]) -> int:
        """How far to run at a time: as far as what is watched on the way is not too much."""
        shown = 0.0
        for index in range(start, stop):
            watched = [t for t in self.graph.nodes[index].outputs if t is not None and t.name in watchers]
            more = self._growth * sum(math.prod(t.shape or ()) for t in watched)
            if shown and shown + more > WATCHED_NUMBERS:
                return index
            shown += more
        return stop

    def _advance(self, piece: range, batches: Sequence[int], watchers: Mapping[str, Watcher], skips: Skips) -> None:
        """Run a piece of the nodes on batches that are before it."""
        nodes = [self.graph.nodes[place] for place in piece if self._nodes[place] is not None]
        made = [tensor.name for node in nodes for tensor in node.outputs if tensor is not None]
        held = [name for name in made if self._last_read.get(name, -1) >= piece.stop]
        shown = [name for name in (*made, *self._inside(piece)) if name in watchers]
        if wanted := list(dict.fromkeys((*held, *shown))):
            run = self._run_of(piece, wanted)
            for batch in batches:
                seen = [name for name in shown if not skips(name, batch)]
                made_of_batch = run(batch, {*held, *seen})
                for name in held:  # a copy, as one array keeps all the memory that onnxruntime took for the run
                    self._held.put(name, batch, made_of_batch[name].copy())
                for name in seen:
                    watchers[name](made_of_batch[name], batch)
        for batch in batches:
            self._positions[batch] = piece.stop
            for name in self._held.names():
                if self._last_read.get(name, -1) < piece.stop:
                    self._held.drop(name, batch)

    def _inside(self, piece: range) -> list[str]:
        """Names of the tensors in those bodies that are run in a piece of the nodes."""
        nodes = (self.graph.nodes[place] for place in piece)
        left = {node.first_output.name for node in nodes if node.part is Part.EXIT}
        return [name for name, runner in self.graph.stepwise.items() if runner in left]

    def peek(self, stop: int, name: str, batches: Sequence[int] | None = None) -> Iterator[Array]:
        """What tensor `name`, made before node number `stop`, would be if the nodes ran on as they are now.

        One batch after the other, of all or of those with these numbers; none is held.
        """
        chosen = range(self.n_batches) if batches is None else batches
        starts = {self._positions[batch] for batch in chosen}
        runs = {start: self._run_of(range(start, stop), [name]) for start in starts}
        return (runs[self._positions[batch]](batch, {name})[name] for batch in chosen)

    def rest(self, free: Sequence[str]) -> Callable[[Mapping[str, Array]], dict[str, list[Array]]]:
        """The remaining nodes as a function from the constants in `free` to the model's outputs, batch by batch.

        What is watched beside these counts as an output. All batches have to be in one place.
        """
        wanted = tuple(dict.fromkeys((*self.graph.outputs, *self.graph.watched)))
        nodes = self._needed(range(self.position, len(self._nodes)), wanted)
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

    def _run_of(self, piece: range, wanted: Sequence[str]) -> Callable[[int, Set[str]], dict[str, Array]]:
        """A piece of the nodes as a function from a batch before it, by its number, to some of the tensors `wanted`."""
        inside = set(self._inside(piece)) & set(wanted)
        outer = [name for name in wanted if name not in inside] or self._left_with(inside)
        nodes = self._needed(piece, [*outer, *self._left_with(inside)])
        model = subgraph(self._model, self.graph, nodes, outputs=outer, overrides=self._overrides)
        model, steps = collected(model, inside) if inside else (model, {})
        session = Session(model, watch=tuple(steps.values()), optimise=True, on=self._on)
        feeds = [info.name for info in model.proto.graph.input]

        def run(batch: int, names: Set[str]) -> dict[str, Array]:
            only = {steps.get(name, name) for name in names}
            found = session.run({name: self._held.get(name)[batch] for name in feeds}, only=only)
            return found | {name: found[watched] for name, watched in steps.items() if name in names}

        return run

    def _left_with(self, names: Collection[str]) -> list[str]:
        """The first output of each node in whose body some tensors are."""
        return list(dict.fromkeys(runner for name, runner in self.graph.stepwise.items() if name in names))

    def _needed(self, piece: range, wanted: Sequence[str]) -> list[onnx.NodeProto]:
        """The nodes of a piece that are needed for `wanted`."""
        places = needed(self.graph.nodes[piece.start : piece.stop], wanted)
        found = (self._nodes[piece.start + place] for place in places)
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
