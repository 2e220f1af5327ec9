"""What is assumed about each input of a model where nobody says anything: for users, who may know better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paoding_onnx.calibration.file_hints import options_said
from paoding_onnx.calibration.input_kinds import InputRole, Kind, batch_for, main_input, roles_of
from paoding_onnx.calibration.likely_sizes import counts_likely
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.calibration.sources import NEARLY, source_of
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.shapes.observe import runnable_shapes

_HOLDS = {
    Kind.ONES: "ones",
    Kind.ZEROS: "zeros",
    Kind.POSITIONS: "0, 1, 2, ...",
    Kind.NOISE: "normal numbers",
}


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed of one input: that it `holds` something, at this shape of one sample, and `why`.

    `others` are guesses that are nearly as likely; `prune` asks the model's predictions, and mixes what is left open.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    holds: str
    others: tuple[str, ...]
    why: str


def assumed_inputs(model: Model, graph: Graph, options: InputOptions) -> tuple[Assumed, ...]:
    """What is assumed about the inputs, in their order; `graph` is the model as it was observed.

    Raises:
        UsageError: if `options` do not fit the model.
    """
    shapes = runnable_shapes(graph)
    options = options_said(model, options)
    main = main_input(model.inputs, shapes)
    roles = roles_of(model.inputs, graph, shapes, options, batch=batch_for(graph))
    counts = counts_likely(model)
    return tuple(_main(role, graph, options) if k == main else _beside(role, counts) for k, role in enumerate(roles))


def _main(role: InputRole, graph: Graph, options: InputOptions) -> Assumed:
    source = source_of(role, graph, options)
    ordered = sorted(source.guesses, key=lambda guess: -guess.weight)
    likely = [guess for guess in ordered if guess.weight >= NEARLY * ordered[0].weight]
    holds, others = likely[0].description or ", ".join(source.families), tuple(guess.own for guess in likely[1:])
    return Assumed(role.spec.name, role.shape_of(1), str(role.kind), holds, others, role.why)


def _beside(role: InputRole, counts: Mapping[str, int]) -> Assumed:
    """What goes along with the main input; `counts` are numbers of steps that nobody has to give."""
    is_one = role.content is not None and role.content.size == 1
    if role.content is not None:
        holds = f"{role.content.reshape(-1)[0].item():g}" if is_one else f"{len(role.content)} rows that were given"
    elif role.kind is Kind.TOKENS:
        holds = f"tokens out of {role.vocabulary}"
    elif role.kind is Kind.NOISE and role.spec.dtype is not None and role.spec.dtype.kind in "iu":
        holds = "zeros and ones"
    else:
        holds = _HOLDS.get(role.kind, str(role.kind))
    is_count = is_one and role.content is not None and role.content.item() == counts.get(role.spec.name)
    why = "it says how many steps a loop makes" if is_count else role.why
    return Assumed(role.spec.name, role.shape_of(1), str(role.kind), holds, (), why)
