"""Models of timm, narrow and shallow, for images of any size or of multiples of 32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import timm
from timm.models.focalnet import FocalNet
from torch import Tensor, nn

from scripts.zoo.open_axes.model import OpenModel, Size, sizes
from scripts.zoo.open_axes.sizes import ODD, images

BOTH = "old new"
FOUR = (1, 1, 1, 1)
WIDTHS = (16, 24, 32, 48)
VIT = {"embed_dim": 48, "depth": 2, "num_heads": 4, "img_size": 64, "dynamic_img_size": True}
SWIN = {"embed_dim": 24, "depths": (2, 2), "num_heads": (2, 4), "strict_img_size": False}
MAXVIT = {"embed_dim": (32, 32, 64, 64), "depths": FOUR, "img_size": 64}
BLOCKS: Size = {"batch": 2, "height": 64, "width": 128}
BY_64 = sizes(batch=(3, 1, 5, 4, 6), height=(192, 128, 256, 320, 384), width=(320, 64, 192, 256, 448))
"""For models that need whole windows at every scale."""


class Features(nn.Module):
    """Maps at several scales as the outputs of convolutions that do not pin their widths."""

    def __init__(self, model: nn.Module, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.model = model
        self.heads = nn.ModuleList(nn.Conv2d(width, 5, 1) for width in widths)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Five channels at each scale."""
        return tuple(head(maps) for head, maps in zip(self.heads, self.model(image), strict=True))


def _timm(name: str, **chosen: object) -> Callable[[], nn.Module]:
    return lambda: timm.create_model(name, pretrained=False, num_classes=7, **chosen)


def _features(name: str, **chosen: object) -> nn.Module:
    model = timm.create_model(name, pretrained=False, features_only=True, **chosen)
    return Features(model, tuple(model.feature_info.channels()))


MODELS: Mapping[str, OpenModel] = {
    "timm_swin_window7": images(_timm("swin_tiny_patch4_window7_224", **SWIN), exporters=BOTH, sizes=ODD),
    "timm_swinv2_window8": images(_timm("swinv2_tiny_window8_256", **SWIN), sizes=ODD),
    "timm_convnext": images(_timm("convnext_atto", depths=(1, 1, 2, 1), dims=WIDTHS), exporters=BOTH),
    "timm_convnext_features": images(partial(_features, "convnext_atto", depths=FOUR, dims=WIDTHS), sizes=ODD),
    "timm_mobilenet_v3_features": images(partial(_features, "mobilenetv3_small_050"), sizes=ODD),
    "timm_efficientnet": images(_timm("test_efficientnet"), sizes=ODD, exporters=BOTH),
    "timm_mobilenet_v3_same": images(_timm("tf_mobilenetv3_small_minimal_100"), sizes=ODD),
    "timm_regnet": images(_timm("regnety_002"), sizes=ODD, exporters=BOTH),
    "timm_resnest": images(_timm("resnest14d", stem_width=8, base_width=16), sizes=ODD),
    "timm_xcit": images(_timm("xcit_nano_12_p16_224", embed_dim=48, depth=2, num_heads=4), exporters=BOTH),
    "timm_pvt_v2": images(_timm("pvt_v2_b0", depths=FOUR), exporters=BOTH),
    "timm_maxvit": images(_timm("maxvit_rmlp_pico_rw_256", **MAXVIT), traced=BLOCKS, sizes=BY_64),
    "timm_coatnet": images(_timm("coatnet_nano_cc_224", embed_dim=WIDTHS, depths=FOUR)),
    "timm_edgenext": images(_timm("edgenext_xx_small", depths=FOUR, dims=WIDTHS), exporters=BOTH),
    "timm_mobilevit_v2": images(_timm("mobilevitv2_050"), exporters="new"),
    "timm_focalnet": images(lambda: FocalNet(embed_dim=16, depths=FOUR, num_classes=7), exporters=BOTH),
    "timm_vit_dynamic": images(_timm("vit_tiny_patch16_224", **VIT), exporters="new"),
    "timm_vit_padded": images(_timm("vit_tiny_patch16_224", **VIT, dynamic_img_pad=True), sizes=ODD, exporters="new"),
    "timm_repvit": images(_timm("repvit_m0_9", depth=(1, 1, 2, 1), embed_dim=WIDTHS), sizes=ODD),
    "timm_ghostnet": images(_timm("ghostnet_050"), sizes=ODD),
}
"""Models of timm by name."""
