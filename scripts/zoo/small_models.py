"""Public architectures at a fraction of their width and depth: the structures of the large ones, fast to test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import timm
import torch
from timm.models.convmixer import ConvMixer
from timm.models.hrnet import HighResolutionNet
from timm.models.metaformer import MetaFormer
from timm.models.mlp_mixer import GatedMlp, MlpMixer, SpatialGatingBlock
from timm.models.nest import Nest
from timm.models.pvt_v2 import PyramidVisionTransformerV2
from timm.models.volo import VOLO
from torch import nn
from torchvision.models import (
    convnext,
    densenet,
    efficientnet,
    mobilenetv2,
    mobilenetv3,
    regnet,
    resnet,
    shufflenetv2,
    swin_transformer,
)
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.googlenet import GoogLeNet
from torchvision.models.maxvit import MaxVit
from torchvision.models.mnasnet import MNASNet
from torchvision.models.segmentation.deeplabv3 import DeepLabHead, DeepLabV3
from torchvision.models.segmentation.fcn import FCN, FCNHead
from torchvision.models.segmentation.lraspp import LRASPP
from torchvision.models.squeezenet import SqueezeNet
from torchvision.models.vision_transformer import VisionTransformer

from scripts.zoo.entry import Entry
from scripts.zoo.torch_export import Built, entries
from scripts.zoo.torchvision_models import MainOutput

CLASSES = 7
FOUR = (16, 32, 48, 64)
ONCE = (1, 1, 1, 1)
_ROWS = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 2, "num_heads": 4}
_MIXER = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "num_blocks": 2, "num_classes": CLASSES}
_WINDOWS = {"img_size": 32, "patch_size": 2, "window_size": 4, "embed_dim": 16, "depths": (2, 2), "num_heads": (2, 4)}
TIMM: Mapping[str, tuple[str, int, Mapping[str, object]]] = {
    "resnet_d": ("resnet10t", 32, {"stem_width": 16, "channels": (16, 24, 32, 48)}),
    "resnet_v2": ("resnetv2_18", 32, {"layers": ONCE, "channels": (16, 24, 32, 48), "stem_chs": 16}),
    "byobnet": ("test_byobnet", 32, {}),
    "nfnet": ("test_nfnet", 32, {}),
    "mambaout": ("test_mambaout", 32, {}),
    "convnext_v2": ("test_convnext2", 32, {}),
    "efficientnet_gn": ("test_efficientnet_gn", 32, {}),
    "cait": ("cait_xxs24_224", 32, {**_ROWS, "depth_token_only": 1}),
    "xcit": ("xcit_nano_12_p16_224", 32, {**_ROWS, "cls_attn_layers": 1}),
    "beit": ("beit_base_patch16_224", 32, _ROWS),
    "eva02": ("eva02_tiny_patch14_224", 32, _ROWS),
    "tnt": (
        "tnt_s_patch16_224",
        32,
        {"img_size": 32, "embed_dim": 48, "inner_dim": 12, "depth": 2, "num_heads_inner": 2, "num_heads_outer": 4},
    ),
    "swin_v2_timm": ("swinv2_tiny_window8_256", 32, _WINDOWS),
    "twins": ("twins_svt_small", 32, {"img_size": 32, "embed_dims": FOUR, "depths": ONCE, "num_heads": (1, 2, 3, 4)}),
    "levit": (
        "levit_128s",
        64,
        {"img_size": 64, "embed_dim": (32, 48, 64), "key_dim": 8, "depth": (1, 1, 1), "num_heads": (2, 3, 4)},
    ),
    "mobilevit": ("mobilevit_xxs", 32, {}),
    "edgenext": ("edgenext_xx_small", 32, {"dims": (16, 24, 32, 48), "depths": (1, 1, 2, 1)}),
    "coatnet": (
        "coatnet_pico_rw_224",
        64,
        {"img_size": 64, "embed_dim": (16, 32, 32, 64), "depths": ONCE, "stem_width": (16, 16)},
    ),
    "crossvit": (
        "crossvit_9_240",
        48,
        {
            "embed_dim": (32, 48),
            "depth": ((1, 1, 0),),
            "num_heads": (4, 4),
            "img_size": 48,
            "img_scale": (1.0, 1.0),
            "patch_size": (8, 16),
            "mlp_ratio": (3, 3, 1),
        },
    ),
    "dla": ("dla34", 32, {"channels": (8, 8, 16, 24, 32, 48), "levels": (1, 1, 1, 2, 1, 1)}),
    "cspnet": ("cs3darknet_s", 32, {}),
    "vovnet": ("ese_vovnet19b_slim_dw", 32, {}),
    "ghostnet": ("ghostnet_050", 32, {}),
    "repvit": ("repvit_m0_9", 32, {"embed_dim": FOUR, "depth": ONCE}),
    "sequencer": (
        "sequencer2d_s",
        56,
        {
            "layers": ONCE,
            "embed_dims": (16, 32, 32, 32),
            "img_size": 56,
            "hidden_sizes": (8, 16, 16, 16),
            "patch_sizes": (7, 2, 1, 1),
        },
    ),
    "starnet": ("starnet_s050", 32, {}),
}
"""By name: a model of timm, the side of its images, and what makes it small."""


def _high_resolution() -> nn.Module:
    """Four branches of HRNet, one block each."""
    stages: dict[str, object] = {"stem_width": 16}
    for n in range(1, 5):
        kind = "BOTTLENECK" if n == 1 else "BASIC"
        chosen = {"num_modules": 1, "num_branches": n, "block_type": kind, "num_blocks": (1,) * n}
        stages[f"stage{n}"] = {**chosen, "num_channels": (8, 12, 16, 24)[:n], "fuse_method": "SUM"}
    return HighResolutionNet(stages, num_classes=CLASSES, head="classification")


def _regnet(se_ratio: float | None) -> nn.Module:
    params = regnet.BlockParams.from_init_params(6, 16, 16.0, 2.0, 8, se_ratio=se_ratio)
    return regnet.RegNet(params, num_classes=CLASSES, stem_width=16)


def _swin(**parts: object) -> nn.Module:
    return swin_transformer.SwinTransformer([2, 2], 16, [2, 2], [2, 4], [4, 4], num_classes=CLASSES, **parts)


def _convnext() -> nn.Module:
    config = convnext.CNBlockConfig
    return convnext.ConvNeXt([config(16, 32, 1), config(32, 48, 2), config(48, None, 1)], num_classes=CLASSES)


def _efficientnet() -> nn.Module:
    config, _ = efficientnet._efficientnet_conf("efficientnet_b0", width_mult=0.35, depth_mult=0.4)
    return efficientnet.EfficientNet(config, 0.2, num_classes=CLASSES, last_channel=64)


def _mobilenet_v3() -> nn.Module:
    config, _ = mobilenetv3._mobilenet_v3_conf("mobilenet_v3_small", width_mult=0.5)
    return mobilenetv3.MobileNetV3(config, 64, num_classes=CLASSES)


def _backbone(**layers: str) -> nn.Module:
    """The first layers of MobileNetV2, narrow: 8 channels at layer 2, 16 at layer 5."""
    features = mobilenetv2.MobileNetV2(width_mult=0.35).features[:7]
    return IntermediateLayerGetter(features, {number: name for name, number in layers.items()})


def _metaformer() -> nn.Module:
    return MetaFormer(depths=ONCE, dims=FOUR, use_mlp_head=False, downsample_norm=None, num_classes=CLASSES)


def _volo() -> nn.Module:
    first = (True, False, False, False)
    sizes = {"embed_dims": (24, 48, 48, 48), "num_heads": (2, 4, 4, 4), "mlp_ratio": 3, "img_size": 64}
    return VOLO(ONCE, **sizes, downsamples=first, outlook_attention=first, post_layers=("ca",), num_classes=CLASSES)


OTHERS: Mapping[str, tuple[int, Callable[[], nn.Module]]] = {
    "resnet": (32, lambda: resnet.ResNet(resnet.BasicBlock, [1, 1, 1, 1], num_classes=CLASSES)),
    "resnext": (
        32,
        lambda: resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1], groups=8, width_per_group=4, num_classes=CLASSES),
    ),
    "mobilenet_v2": (32, lambda: mobilenetv2.MobileNetV2(num_classes=CLASSES, width_mult=0.35)),
    "mobilenet_v3": (32, _mobilenet_v3),
    "efficientnet": (32, _efficientnet),
    "regnet_x": (32, lambda: _regnet(None)),
    "regnet_y": (32, lambda: _regnet(0.25)),
    "densenet": (32, lambda: densenet.DenseNet(8, (2, 2, 2, 2), 16, num_classes=CLASSES)),
    "shufflenet": (32, lambda: shufflenetv2.ShuffleNetV2([2, 2, 2], [24, 24, 48, 96, 64], num_classes=CLASSES)),
    "mnasnet": (32, lambda: MNASNet(0.35, num_classes=CLASSES)),
    "squeezenet": (32, lambda: SqueezeNet("1_1", num_classes=CLASSES)),
    "googlenet": (64, lambda: GoogLeNet(CLASSES, aux_logits=False, init_weights=False)),
    "vit": (32, lambda: VisionTransformer(32, 8, 2, 4, 48, 96, num_classes=CLASSES)),
    "convnext": (32, _convnext),
    "swin": (32, _swin),
    "swin_v2": (
        32,
        lambda: _swin(block=swin_transformer.SwinTransformerBlockV2, downsample_layer=swin_transformer.PatchMergingV2),
    ),
    "maxvit": (32, lambda: MaxVit((32, 32), 16, 4, [16, 32], [1, 1], 8, 0.0, num_classes=CLASSES)),
    "fcn": (64, lambda: MainOutput(FCN(_backbone(out="5"), FCNHead(16, CLASSES)))),
    "deeplab": (64, lambda: MainOutput(DeepLabV3(_backbone(out="5"), DeepLabHead(16, CLASSES)))),
    "lraspp": (64, lambda: MainOutput(LRASPP(_backbone(low="2", high="5"), 8, 16, CLASSES, 32))),
    "mixer": (32, lambda: MlpMixer(**_MIXER)),
    "gmlp": (32, lambda: MlpMixer(**_MIXER, mlp_ratio=4, block_layer=SpatialGatingBlock, mlp_layer=GatedMlp)),
    "poolformer": (32, _metaformer),
    "convmixer": (32, lambda: ConvMixer(dim=48, depth=3, kernel_size=5, patch_size=4, num_classes=CLASSES)),
    "nest": (32, lambda: Nest(32, 3, 2, 2, (16, 32), (2, 4), (1, 1), num_classes=CLASSES)),
    "volo": (64, _volo),
    "pvt_v2": (
        32,
        lambda: PyramidVisionTransformerV2(embed_dims=FOUR, depths=ONCE, num_heads=(1, 2, 3, 4), num_classes=CLASSES),
    ),
    "hrnet": (64, _high_resolution),
}
"""By name: the side of its images, and what makes it."""
DYNAMO = """
volo resnet mobilenet_v3 efficientnet regnet_y densenet shufflenet googlenet vit convnext swin swin_v2 maxvit deeplab
cait xcit levit mobilevit edgenext coatnet cspnet pvt_v2 gmlp
"""


def catalogue() -> tuple[Entry, ...]:
    """All entries; by the new exporter those of `DYNAMO`, by it alone the one that the old exporter cannot write."""
    found: list[Entry] = []
    for name, (side, make) in (_timm() | dict(OTHERS)).items():
        build = lambda side=side, make=make: Built(_quiet(make), (torch.randn(1, 3, side, side),))  # noqa: E731
        found += entries(f"small_{name}", build, dynamo=name in DYNAMO.split(), torchscript=name != "volo")
    return tuple(found)


def _quiet(make: Callable[[], nn.Module]) -> nn.Module:
    timm.layers.set_fused_attn(False)  # the old exporter cannot write the fused one where its flag is computed
    return make()


def _timm() -> dict[str, tuple[int, Callable[[], nn.Module]]]:
    create = partial(timm.create_model, num_classes=CLASSES)
    return {name: (side, partial(create, model, **sizes)) for name, (model, side, sizes) in TIMM.items()}
