"""Networks on signals, points, graphs and tables for structures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812, the usual name
from torch import Tensor, nn

from scripts.zoo.image_structures import BATCH
from scripts.zoo.torch_export import Built


class WaveNet(nn.Module):
    """Gated, dilated, causal convolutions; every layer adds to the sum that is read out."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Conv1d(1, 24, 1)
        self.gated = nn.ModuleList(nn.Conv1d(24, 64, 2, dilation=2**n) for n in range(3))
        self.back = nn.ModuleList(nn.Conv1d(32, 24, 1) for _ in range(3))
        self.skips = nn.ModuleList(nn.Conv1d(32, 40, 1) for _ in range(3))
        self.end = nn.Sequential(nn.ReLU(), nn.Conv1d(40, 32, 1), nn.ReLU(), nn.Conv1d(32, 12, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Scores of twelve levels at each step."""
        x, total = self.begin(x), 0
        for number, (gated, back, skip) in enumerate(zip(self.gated, self.back, self.skips, strict=True)):
            value, gate = gated(F.pad(x, (2**number, 0))).chunk(2, 1)
            mixed = value.tanh() * gate.sigmoid()
            x, total = x + back(mixed), total + skip(mixed)
        return self.end(total)


class Causal(nn.Module):
    """Padded on both sides and cut again (temporal convolutional network), weights normalised."""

    def __init__(self, n_in: int, n_out: int, dilation: int) -> None:
        super().__init__()
        make = nn.utils.parametrizations.weight_norm
        self.conv = make(nn.Conv1d(n_in, n_out, 3, padding=2 * dilation, dilation=dilation))
        self.short, self.cut = nn.Conv1d(n_in, n_out, 1), 2 * dilation

    def forward(self, x: Tensor) -> Tensor:
        """Steps of `n_out` features."""
        return F.relu(self.conv(x)[..., : -self.cut] + self.short(x))


class PointNet(nn.Module):
    """The same layers at all points, their maximum, and that beside each point again."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = nn.Sequential(
            nn.Conv1d(3, 24, 1), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(24, 9)
        )
        self.local = nn.Sequential(nn.Conv1d(3, 32, 1), nn.BatchNorm1d(32), nn.ReLU())
        self.whole = nn.Sequential(nn.Conv1d(32, 64, 1), nn.BatchNorm1d(64), nn.ReLU())
        self.end = nn.Sequential(nn.Conv1d(96, 32, 1), nn.ReLU(), nn.Conv1d(32, 5, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Scores of five classes at each point."""
        local = self.local(self.turn(x).view(-1, 3, 3) @ x)
        whole = self.whole(local).amax(2, keepdim=True).expand(-1, -1, x.shape[2])
        return self.end(torch.cat([local, whole], 1))


class GraphNet(nn.Module):
    """Sums over neighbours, then attention over neighbours, by an adjacency matrix that is an input."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.again = nn.Linear(10, 32), nn.Linear(32, 24)
        self.source, self.target, self.end = nn.Linear(24, 1), nn.Linear(24, 1), nn.Linear(24, 4)

    def forward(self, x: Tensor, near: Tensor) -> Tensor:
        """Scores of four classes at each node."""
        rows = self.again(F.relu(near @ self.begin(x)))
        scores = F.leaky_relu(self.source(rows) + self.target(rows).transpose(-1, -2))
        return self.end(F.elu(scores.masked_fill(near <= 0, -1e9).softmax(-1) @ rows))


class Recommender(nn.Module):
    """Tables of categories and a layer on numbers, products of all pairs, and layers on top (DLRM, wide and deep)."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, 16) for n in (50, 30, 20))
        self.bottom = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.wide, self.top = nn.Linear(6, 1), nn.Sequential(nn.Linear(32, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, numbers: Tensor, categories: Tensor) -> Tensor:
        """A probability for each row."""
        dense = self.bottom(numbers)
        rows = [dense, *(table(categories[:, n]) for n, table in enumerate(self.tables))]
        stacked = torch.stack(rows, 1)
        pairs = (stacked @ stacked.transpose(1, 2)).flatten(1)
        return torch.sigmoid(self.top(torch.cat([dense, pairs], 1)) + self.wide(numbers))


class Experts(nn.Module):
    """A mixture of experts whose weights are one tensor, mixed by a softmax, on a highway."""

    def __init__(self) -> None:
        super().__init__()
        self.begin, self.gate, self.end = nn.Linear(12, 32), nn.Linear(32, 3), nn.Linear(32, 5)
        self.up, self.down = (nn.Parameter(torch.randn(3, a, b) / math.sqrt(a)) for a, b in ((32, 40), (40, 32)))
        self.carry = nn.Linear(32, 32)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of five classes."""
        x = F.relu(self.begin(x))
        each = torch.relu(x @ self.up) @ self.down
        mixed = (each * self.gate(x).softmax(-1).transpose(0, 1)[..., None]).sum(0)
        carry = self.carry(x).sigmoid()
        return self.end(carry * x + (1 - carry) * mixed)


class Unrolled(nn.Module):
    """An LSTM over images written as convolutions, three steps one after the other (ConvLSTM)."""

    def __init__(self) -> None:
        super().__init__()
        self.gates, self.end = nn.Conv2d(3 + 24, 4 * 24, 3, padding=1), nn.Conv2d(24, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The image that follows `(batch, steps, 3, height, width)`."""
        hidden = cell = torch.zeros_like(x[:, 0, :1]).expand(-1, 24, -1, -1)
        for step in range(3):
            gates = self.gates(torch.cat([x[:, step], hidden], 1))
            enter, forget, leave, new = gates.chunk(4, 1)
            cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
            hidden = leave.sigmoid() * cell.tanh()
        return self.end(hidden)


def _causal() -> nn.Module:
    return nn.Sequential(Causal(6, 24, 1), Causal(24, 32, 2), Causal(32, 32, 4), nn.Conv1d(32, 5, 1))


def _graph() -> Built:
    near = (torch.rand(1, 9, 9) < 0.4).float() + torch.eye(9)
    return Built(
        GraphNet(), (torch.randn(1, 9, 10), near), ({0: "batch", 1: "nodes"}, {0: "batch", 1: "nodes", 2: "nodes"})
    )


def _recommender() -> Built:
    return Built(Recommender(), (torch.randn(1, 6), torch.randint(0, 20, (1, 3))), (BATCH, BATCH))


STEPS = {0: "batch", 2: "steps"}
"""Axes of signals that can be open."""
MODULES: Mapping[str, Callable[[], Built]] = {
    "wavenet": lambda: Built(WaveNet(), (torch.randn(1, 1, 32),), (STEPS,)),
    "causal": lambda: Built(_causal(), (torch.randn(1, 6, 32),), (STEPS,)),
    "points": lambda: Built(PointNet(), (torch.randn(1, 3, 40),), (STEPS,)),
    "graph": _graph,
    "recommender": _recommender,
    "experts": lambda: Built(Experts(), (torch.randn(1, 12),), (BATCH,)),
    "unrolled": lambda: Built(Unrolled(), (torch.randn(1, 3, 3, 16, 16),), ({0: "batch", 3: "height", 4: "width"},)),
}
"""What makes each structure, its arguments, and the axes that can be open."""
