"""What rules say of recurrent layers."""

from __future__ import annotations

from tests.rules.said import every, line, said_at

_LSTM = "t n I, d (q H) I, d (q H) H, d (p H), _, d n H, d n H, d (v H) -> t d n H, d n H, d n H"
LINES = [
    line("LSTM 5x2x3 1x24x3 1x24x6 1x48 -> 5x1x2x6", _LSTM, hidden_size=6, sizes="q=4 p=8 v=3",
         fits="hidden_size[0]=H", contracts="t n d q H I + t n d q H H"),
    line("GRU 5x2x3 2x18x3 2x18x6 -> 5x2x2x6", _LSTM, hidden_size=6, sizes="q=3 p=6 v=3", fits="hidden_size[0]=H",
         contracts="t n d q H I + t n d q H H"),
    line("RNN 2x5x3 1x6x3 1x6x6 -> 2x5x1x6",
         _LSTM.replace("t n I", "n t I").replace("t d n H", "n t d H").replace(" d n H", " n d H"), hidden_size=6,
         layout=1, sizes="q=1 p=2 v=3", fits="hidden_size[0]=H", contracts="t n d q H I + t n d q H H"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
