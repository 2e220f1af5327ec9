"""Public models of images, small: of windows, of pyramids, and segmentation that goes back to the image's size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torchvision
from torch import Tensor, nn
from torchvision.models.segmentation.lraspp import LRASPP

from scripts.zoo.open_axes.model import Input, OpenModel, sizes
from scripts.zoo.open_axes.sizes import ODD, images
from scripts.zoo.open_axes.wrapping import First, small

BATCHES = sizes(batch=(3, 1, 4, 5, 7))
HF_SWIN = {"embed_dim": 24, "depths": (2, 2), "num_heads": (2, 4), "window_size": 7, "image_size": 224}
SEGFORMER = {"hidden_sizes": (16, 32, 48, 64), "depths": (1, 1, 1, 1), "decoder_hidden_size": 48, "num_labels": 5}


class Named(nn.Module):
    """The output of the name of a model that gives a mapping."""

    def __init__(self, model: nn.Module, name: str) -> None:
        super().__init__()
        self.model = model
        self.name = name

    def forward(self, image: Tensor) -> Tensor:
        """The one output."""
        return self.model(image)[self.name]


def _tv_swin() -> nn.Module:
    given = {"embed_dim": 24, "depths": [2, 2], "num_heads": [2, 4], "window_size": [7, 7], "num_classes": 7}
    return torchvision.models.SwinTransformer([4, 4], **given)


def _tv_swin_v2() -> nn.Module:
    from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformerBlockV2

    given = {"embed_dim": 24, "depths": [2, 2], "num_heads": [2, 4], "window_size": [8, 8], "num_classes": 7}
    return torchvision.models.SwinTransformer(
        [4, 4], **given, block=SwinTransformerBlockV2, downsample_layer=PatchMergingV2
    )


def _tv_vit() -> nn.Module:
    given = {"num_layers": 2, "num_heads": 4, "hidden_dim": 48, "mlp_dim": 96, "num_classes": 7}
    return torchvision.models.VisionTransformer(64, 16, **given)


def _tv_maxvit() -> nn.Module:
    given = {"stem_channels": 16, "partition_size": 4, "block_channels": [16, 32], "block_layers": [1, 1]}
    given |= {"head_dim": 8, "stochastic_depth_prob": 0.0, "num_classes": 7}
    return torchvision.models.MaxVit((64, 64), **given)


def _deeplab() -> nn.Module:
    from torchvision.models.segmentation.deeplabv3 import DeepLabHead, DeepLabV3

    return Named(DeepLabV3(_stages(), DeepLabHead(48, 5)), "out")


def _fcn() -> nn.Module:
    from torchvision.models.segmentation.fcn import FCN, FCNHead

    return Named(FCN(_stages(), FCNHead(48, 5)), "out")


def _lraspp() -> nn.Module:
    return Named(LRASPP(_stages(), 24, 48, 5, inter_channels=32), "out")


class _Stages(nn.Module):
    """Maps at an eighth and a sixteenth of the image."""

    def __init__(self) -> None:
        super().__init__()
        units = [_unit(a, b) for a, b in ((3, 16), (16, 24), (24, 24))]
        self.low, self.high = nn.Sequential(*units), _unit(24, 48)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """By the names that segmentation asks for."""
        low = self.low(image)
        high = self.high(low)
        return {"low": low, "high": high, "out": high}


def _unit(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU())


def _stages() -> nn.Module:
    return _Stages()


def _first(family: str, ending: str, config: Mapping[str, object], **fixed: object) -> nn.Module:
    return First(small(family, ending, config), **fixed)


def _vit() -> nn.Module:
    config = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
    return _first("ViT", "Model", {**config, "image_size": 64}, interpolate_pos_encoding=True)


def _dinov2() -> nn.Module:
    config = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "mlp_ratio": 2}
    return _first("Dinov2", "Model", {**config, "image_size": 70, "patch_size": 14})


FIXED = (Input("image", ("batch", 3, 64, 64)),)
BOTH = "old new"
MODELS: Mapping[str, OpenModel] = {
    "tv_swin_window7": images(_tv_swin, exporters=BOTH),
    "tv_swin_window7_odd": images(_tv_swin, sizes=ODD),
    "tv_swin_v2_window8": images(_tv_swin_v2, exporters=BOTH, sizes=ODD),
    "hf_swin_window7": images(partial(_first, "Swin", "Model", HF_SWIN), exporters=BOTH),
    "tv_vit": OpenModel(_tv_vit, FIXED, {"batch": 2}, BATCHES, BOTH),
    "tv_maxvit_window4": OpenModel(_tv_maxvit, FIXED, {"batch": 2}, BATCHES, BOTH),
    "tv_deeplab": images(_deeplab, sizes=ODD, exporters=BOTH),
    "tv_fcn": images(_fcn, sizes=ODD, exporters=BOTH),
    "tv_lraspp": images(_lraspp, sizes=ODD, exporters=BOTH),
    "tv_mobilenet_v3": images(
        lambda: torchvision.models.mobilenet_v3_small(width_mult=0.25, num_classes=7), sizes=ODD, exporters=BOTH
    ),
    "tv_shufflenet": images(lambda: torchvision.models.shufflenet_v2_x0_5(num_classes=7), sizes=ODD, exporters=BOTH),
    "hf_segformer": images(
        partial(_first, "Segformer", "ForSemanticSegmentation", SEGFORMER), sizes=ODD, exporters=BOTH
    ),
    "hf_vit_interpolated": images(_vit, exporters=BOTH),
    "hf_dinov2_interpolated": images(_dinov2, sizes=ODD, exporters=BOTH),
}
"""Models of images by name."""
