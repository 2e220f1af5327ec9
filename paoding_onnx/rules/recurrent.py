"""Recurrent layers, whose hidden units are made and consumed by the same node: RNN, GRU, LSTM."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import axis
from paoding_onnx.rules.facts import Contracts
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Fit, Rule, register

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_STEPS_FIRST = "t n I, d (q H) I, d (q H) H, d (p H), _, d n H, d n H, d (v H) -> t d n H, d n H, d n H"
_BATCH_FIRST = "n t I, d (q H) I, d (q H) H, d (p H), _, n d H, n d H, d (v H) -> n t d H, n d H, n d H"


@register("RNN", "GRU", "LSTM", read=22)
def recurrent(node: Node) -> Rule:
    """ONNX RNN-22, GRU-22, LSTM-22: the gates of a hidden unit are rows of W and R, and R has its column too."""
    gates = _GATES[node.operator]
    return Rule(
        parse(_BATCH_FIRST if node.integer("layout", 0) else _STEPS_FIRST),
        sizes={"q": gates, "p": 2 * gates, "v": 3},
        fits=(Fit("hidden_size", {0: axis("H")}),),
        contracts=Contracts((("t", "n", "d", "q", "H", "I"), ("t", "n", "d", "q", "H", "H"))),
    )
