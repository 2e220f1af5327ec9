"""Recurrent layers, whose hidden units are made and consumed by the same node: RNN, GRU, LSTM."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Rule, register

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


@register("RNN", "GRU", "LSTM", read=22)
def recurrent(node: Node) -> Rule:
    """ONNX RNN-22, GRU-22, LSTM-22: the gates of a hidden unit are rows of W and R, and R has its column too."""
    gates = _GATES[node.operator]
    x, y, state = ("n t I", "n t d H", "n d H") if node.integer("layout", 0) else ("t n I", "t d n H", "d n H")
    return Rule(
        f"{x}, d (q H) I, d (q H) H, d (p H), _, {state}, {state}, d (v H) -> {y}, {state}, {state}",
        sizes={"q": gates, "p": 2 * gates, "v": 3},
        fits=(Fit("hidden_size", {0: "H"}),),
        macs=("t", "n", "d", "q", "H", "I"),
        more_macs=("t", "n", "d", "q", "H", "H"),
    )
