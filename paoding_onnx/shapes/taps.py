"""TAPS: what the tensors in bodies hold at the last step, as tensors of the main graph, to be looked at.

Each is collected over the steps as one more output of its node, of which the last entry is taken. Where tensors change
their size from step to step they are handed on instead, as states that nothing reads: that takes their types to be
known, which a first step alone shows. Nothing runs here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.nodes import Array, Origin, Tensor
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.model.tensors import STORED_APART
from paoding_onnx.rules.bodies import longer_output, most_steps, n_states
from paoding_onnx.rules.forms import PASS_ON, TAKE, take_along
from paoding_onnx.shapes.steps import body_of, handed_names


@dataclass(frozen=True, slots=True)
class Tapped:
    """A model in which tensors in bodies can be looked at.

    `last` has the name of what each of them holds at the last step, `steps` that of what is collected of the first
    tensor that a body is handed: as long as there are steps. `handed` are all that bodies are handed.
    """

    model: Model
    last: Mapping[str, str]
    steps: Mapping[str, str]
    handed: tuple[str, ...]

    @property
    def watch(self) -> tuple[str, ...]:
        """All tensors of the main graph that were added."""
        return tuple(dict.fromkeys((*self.last.values(), *self.steps.values())))

    def seen(self, run: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors in bodies as a run of the model with taps shows them."""
        handed = set(self.handed)
        origins = {True: Origin.STEP, False: Origin.COMPUTED}
        pairs = ((name, run[watched]) for name, watched in self.last.items() if watched in run)
        return {name: replace(tensor, name=name, origin=origins[name in handed]) for name, tensor in pairs}

    def counted(self, run: Mapping[str, Tensor]) -> dict[str, int]:
        """How many steps each body took in a run, by the first tensor that it is handed."""
        shapes = {name: run[watched].shape for name, watched in self.steps.items() if watched in run}
        return {name: shape[0] for name, shape in shapes.items() if shape}


def collected(model: Model, wanted: Collection[str]) -> tuple[Model, dict[str, str]]:
    """The model with what tensors of its outermost bodies hold at each step as tensors of the main graph.

    Their names, by those of the tensors; a tensor that no such body has is left out.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    taps = _Taps(replace(model, proto=proto))
    found: dict[str, str] = {}
    for node in proto.graph.node:
        body = body_of(node, proto)
        own = {name for inner in body.node for name in inner.output} if body is not None else set()
        if body is not None:
            own |= {info.name for info in body.input}
            found |= {name: taps.collect(node, body, name) for name in sorted(own & set(wanted))}
    return replace(model, proto=proto), found


def runners(model: Model) -> tuple[str, ...]:
    """The first output of each node of the main graph that repeats a body."""
    return tuple(node.output[0] for node in model.proto.graph.node if body_of(node, model.proto) is not None)


def tapped(
    model: Model, only: str = "", *, once: bool = False, types: Mapping[str, np.dtype[np.generic]] | None = None
) -> Tapped | None:
    """The model with taps in its bodies, or in that of the runner `only`; `None` if it has no body.

    With `once` each loop takes one step at most, and nothing is computed from what they make. With `types` tensors of
    which these are known, and no others, are handed on from step to step where that can be done, and may have another
    size at each.
    """
    if model.proto.ir_version < STORED_APART or not runners(model):
        return None
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    taps = _Taps(replace(model, proto=proto), once=once, types=types)
    names = taps.tap(proto.graph, only)
    steps = {inner: names.pop(collected) for inner, collected in taps.collected.items()}
    if once:
        _keep_for(proto.graph, {*names.values(), *steps.values()})
    return Tapped(replace(model, proto=proto), names, steps, tuple(handed_names(model.proto.graph, model.proto)))


def _keep_for(graph: onnx.GraphProto, wanted: set[str]) -> None:
    """Keep the nodes without which the tensors `wanted` could not be made, and no outputs."""
    del graph.output[:]
    wanted = set(wanted)
    for place in reversed(range(len(graph.node))):
        node = graph.node[place]
        if wanted.isdisjoint(node.output):
            del graph.node[place]
        else:
            wanted |= {*node.input, *captures(node)}


class _Taps:
    """A model that gets taps, in place."""

    def __init__(
        self, model: Model, *, once: bool = False, types: Mapping[str, np.dtype[np.generic]] | None = None
    ) -> None:
        self.collected: dict[str, str] = {}
        self._model = model
        self._once = once
        self._types = types
        self._constants: dict[str, str] = {}
        self._taken = names_in(model.proto)
        self._last = self._constant("last_step", np.array(-1, np.int64))

    def tap(self, graph: onnx.GraphProto, only: str = "") -> dict[str, str]:
        """Names of the tensors in the bodies of a graph, or of one node, each with that of what the last step holds."""
        found: dict[str, str] = {}
        fresh: list[onnx.NodeProto] = []
        for written in graph.node:
            node = onnx.NodeProto()
            node.CopyFrom(written)
            fresh.append(node)
            body = body_of(node, self._model.proto)
            if body is None or (only and only != node.output[0]):
                continue
            most = most_steps(node.op_type)
            if self._once and most is not None:
                node.input[most] = self._constant("one_step", np.array(1, np.int64))
            made = [name for inner in body.node for name in inner.output if name]
            own = {name: name for name in (*(info.name for info in body.input), *made)}
            counter = body.input[0].name
            inner = own | self.tap(body)
            collected = self.collect(node, body, counter)
            self.collected[counter] = found[collected] = collected
            for name, here in inner.items():
                if self._types is not None and most is not None:
                    if name in self._types:
                        found[name] = self._hand_on(node, body, here, self._types[name])
                    continue
                fresh.append(self._take_last(self.collect(node, body, here)))
                found[name] = fresh[-1].output[0]
        del graph.node[:]
        graph.node.extend(fresh)
        return found

    def collect(self, node: onnx.NodeProto, body: onnx.GraphProto, name: str) -> str:
        """A new output of a node: what `name`, in its body, holds at each step."""
        passed = free_name(f"{name}_passed", self._taken)
        body.node.append(onnx.helper.make_node(PASS_ON, [name], [passed]))
        body.output.add(name=passed)
        collected = free_name(f"{name}_steps", self._taken)
        node.output.append(collected)
        names = set(longer_output(node.op_type))
        for attribute in (attribute for attribute in node.attribute if attribute.name in names):
            attribute.ints.append(0)
        return collected

    def _hand_on(self, node: onnx.NodeProto, body: onnx.GraphProto, name: str, dtype: np.dtype[np.generic]) -> str:
        """A new output of a node: what `name`, in its body, held at the last step, a state that nothing reads."""
        passed, before = (free_name(f"{name}_{word}", self._taken) for word in ("passed", "before"))
        last = free_name(f"{name}_last", self._taken)
        place = n_states(len(node.input))
        node.input.append(self._constant(f"no_{dtype.name}", np.zeros((), dtype)))
        node.output.insert(place, last)
        body.node.append(onnx.helper.make_node(PASS_ON, [name], [passed]))
        body.input.append(onnx.helper.make_tensor_value_info(before, onnx.helper.np_dtype_to_tensor_dtype(dtype), None))
        body.output.insert(place + 1, onnx.ValueInfoProto(name=passed))
        return last

    def _constant(self, name: str, value: Array) -> str:
        """The name of a constant of the main graph, the same for the same `name`."""
        if name not in self._constants:
            self._constants[name] = free_name(name, self._taken)
            self._model.proto.graph.initializer.append(numpy_helper.from_array(value, self._constants[name]))
        return self._constants[name]

    def _take_last(self, collected: str) -> onnx.NodeProto:
        node = onnx.helper.make_node(TAKE, [collected, self._last], [free_name(f"{collected}_last", self._taken)])
        form = take_along(0)
        node.attribute.extend(onnx.helper.make_attribute(name, value) for name, value in form.attributes.items())
        return node
