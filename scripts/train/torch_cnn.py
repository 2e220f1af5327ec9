"""The plain convolutional network of the paper for small pictures; knows no particular application."""

from __future__ import annotations

from torch import nn


def plain_cnn(n_channels: int, *, is_normalised: bool = False, dropout: float | None = None) -> nn.Sequential:
    """Return the untrained network; it maps pictures (n, n_channels, 28..35, 28..35) to logits (n, 10).

    `is_normalised` puts a BatchNormalization behind the last convolution; `dropout` is the rate of one before the dense
    layer of 128, None for none.
    """
    network = nn.Sequential(
        *_convolution(n_channels, 64),
        *_convolution(64, 64),
        nn.MaxPool2d(2),
        *_convolution(64, 128),
        *_convolution(128, 128),
        nn.MaxPool2d(2),
        *_convolution(128, 256),
        *([nn.BatchNorm2d(256)] if is_normalised else []),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 512),
        nn.ReLU(),
        *([nn.Dropout(dropout)] if dropout is not None else []),
        nn.Linear(512, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    return network.apply(_initialise)


def _convolution(n_inputs: int, n_outputs: int) -> tuple[nn.Module, nn.Module]:
    """Return a valid 3x3 convolution and its activation."""
    return nn.Conv2d(n_inputs, n_outputs, 3), nn.ReLU()


def _initialise(layer: nn.Module) -> None:
    """Draw weights that keep the variance through ReLU layers: without it the deep plain stack starts slowly."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
