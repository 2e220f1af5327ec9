"""LSTM and GRU networks, in one or both directions, stacked or not."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scripts.zoo.entry import Entry
from scripts.zoo.torch_export import Built, entries


class Recurrent(nn.Module):
    """A recurrent layer on projected features, and a classifier on its last step."""

    def __init__(self, cell: type[nn.RNNBase], n_layers: int, is_bidirectional: bool) -> None:
        super().__init__()
        self.project = nn.Linear(24, 48)
        self.cell = cell(48, 64, n_layers, batch_first=True, bidirectional=is_bidirectional)
        self.classify = nn.Sequential(nn.Linear(128 if is_bidirectional else 64, 32), nn.ReLU(), nn.Linear(32, 5))

    def forward(self, x: Tensor) -> Tensor:
        """Scores of the classes, `(batch, 5)`."""
        return self.classify(self.cell(torch.relu(self.project(x)))[0][:, -1])


class Tagger(nn.Module):
    """Tokens to tags: an embedding, a bidirectional LSTM, a classifier on every step."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(200, 40)
        self.cell = nn.LSTM(40, 32, bidirectional=True)
        self.classify = nn.Linear(64, 7)

    def forward(self, tokens: Tensor) -> Tensor:
        """Scores of the tags, `(steps, batch, 7)`."""
        return self.classify(self.cell(self.embed(tokens))[0])


class TextReader(nn.Module):
    """Image rows to characters: convolutions, whose columns become the steps of a GRU."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, 2, 1)
        )
        self.cell = nn.GRU(32 * 8, 48, bidirectional=True)
        self.classify = nn.Linear(96, 11)

    def forward(self, image: Tensor) -> Tensor:
        """Scores of the characters, `(steps, batch, 11)`."""
        maps = torch.relu(self.features(image))
        return self.classify(self.cell(maps.flatten(1, 2).permute(2, 0, 1))[0])


def catalogue() -> tuple[Entry, ...]:
    """All entries; by the new exporter those with two layers in both directions."""
    found: list[Entry] = []
    for cell in (nn.LSTM, nn.GRU, nn.RNN):
        for n_layers in (1, 2):
            for both in (False, True):
                name = f"rnn_{cell.__name__.lower()}_{n_layers}{'_bi' if both else ''}"
                given = (cell, n_layers, both)
                found += entries(name, lambda given=given: _built(*given), dynamo=both and n_layers == 2)
    found += entries("rnn_tagger", lambda: Built(Tagger(), (torch.randint(0, 200, (9, 1)),)), dynamo=True)
    found += entries("rnn_text_reader", lambda: Built(TextReader(), (torch.randn(1, 1, 32, 64),)), dynamo=False)
    return tuple(found)


def _built(cell: type[nn.RNNBase], n_layers: int, both: bool) -> Built:
    return Built(Recurrent(cell, n_layers, both), (torch.randn(1, 12, 24),))
