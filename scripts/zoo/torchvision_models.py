"""Every classification and segmentation model of torchvision."""

from __future__ import annotations

from torch import Tensor, nn
from torchvision import models

from scripts.zoo.entry import Entry
from scripts.zoo.torch_export import Built, entries, image_module

DYNAMO = """
resnet18 mobilenet_v2 mobilenet_v3_small shufflenet_v2_x0_5 squeezenet1_1 densenet121 efficientnet_b0 regnet_y_400mf
convnext_tiny googlenet swin_t lraspp_mobilenet_v3_large
"""
_SIZES = {"alexnet": (224,), "vgg": (224,), "vit": (224,), "swin": (224,), "maxvit": (224,), "inception": (128, 299)}
"""Sizes to try by the first letters of a name: adaptive pooling exports only where it divides the map evenly."""


class MainOutput(nn.Module):
    """The `out` of a segmentation model, without its dictionary."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of every pixel."""
        return self.model(x)["out"]


def catalogue() -> tuple[Entry, ...]:
    """All entries, smaller models first as far as torchvision's own counts tell."""
    found: list[Entry] = []
    for name in sorted(models.list_models(module=models), key=_n_parameters):
        found += entries(f"tv_{name}", lambda name=name: _classifier(name), dynamo=name in DYNAMO.split())
    for name in sorted(models.list_models(module=models.segmentation), key=_n_parameters):
        found += entries(f"tv_{name}", lambda name=name: _segmenter(name), dynamo=name in DYNAMO.split())
    return tuple(found)


def _n_parameters(name: str) -> int:
    return models.get_model_weights(name).DEFAULT.meta["num_params"]


def _classifier(name: str) -> Built:
    plain = {"googlenet": {"aux_logits": False}, "inception_v3": {"aux_logits": False}}.get(name, {})
    sizes = next((sizes for start, sizes in _SIZES.items() if name.startswith(start)), (128, 224))
    return image_module(lambda: models.get_model(name, weights=None, **plain), sizes)


def _segmenter(name: str) -> Built:
    plain = {} if "lraspp" in name else {"aux_loss": False}
    make = lambda: MainOutput(models.get_model(name, weights=None, weights_backbone=None, **plain))  # noqa: E731
    return image_module(make, (128, 224))
