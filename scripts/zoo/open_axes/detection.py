"""Detectors, which resize the image themselves, and end in TopK and NonMaxSuppression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator

from scripts.zoo.open_axes.model import Input, OpenModel
from scripts.zoo.open_axes.sizes import ONE_IMAGE, ONE_IMAGE_TRACED

CLASSES = 5
SHORT, LONG = 96, 192
"""Sides that images are resized to."""


class Backbone(nn.Module):
    """Maps of `WIDTH` channels at a fourth, an eighth, .. of the image, as many as asked for."""

    WIDTH = 32

    def __init__(self, n_scales: int) -> None:
        super().__init__()
        self.out_channels = self.WIDTH
        self.begin = _unit(3, 16, 2)
        widths = (16, 24, 32, 40, 48)[: n_scales + 1]
        self.stages = nn.ModuleList(_unit(a, b, 2) for a, b in pairwise(widths))
        self.pyramid = torchvision.ops.FeaturePyramidNetwork(list(widths[1:]), self.WIDTH)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Maps by scale."""
        x, maps = self.begin(x), {}
        for number, stage in enumerate(self.stages):
            x = maps[str(number)] = stage(x)
        return self.pyramid(maps)


class OneImage(nn.Module):
    """A detector as a function of one image to boxes, labels, scores, and masks if it makes them."""

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """What is found in an image `(3, height, width)`."""
        return tuple(self.detector([image])[0].values())


def _unit(n_in: int, n_out: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU())


def _anchors(n_scales: int, ratios: tuple[float, ...] = (0.5, 1.0, 2.0)) -> AnchorGenerator:
    return AnchorGenerator(tuple((16 * 2**k,) for k in range(n_scales)), (ratios,) * n_scales)


def _retinanet() -> nn.Module:
    given = {"min_size": SHORT, "max_size": LONG, "detections_per_img": 20, "topk_candidates": 50}
    anchors = {"anchor_generator": _anchors(3), "score_thresh": 0.01}
    return _spread(OneImage(detection.RetinaNet(Backbone(3), CLASSES, **given, **anchors)))


def _fcos() -> nn.Module:
    given = {"min_size": SHORT, "max_size": LONG, "detections_per_img": 20, "topk_candidates": 50}
    anchors = {"anchor_generator": _anchors(3, (1.0,)), "score_thresh": 0.01}
    return _spread(OneImage(detection.FCOS(Backbone(3), CLASSES, **given, **anchors)))


def _two_stages(make: Callable[..., nn.Module], score: float = 0.05) -> nn.Module:
    """With few proposals and the box head and mask head of the originals, narrower."""
    pool = torchvision.ops.MultiScaleRoIAlign(["0", "1", "2"], 7, 2)
    given: dict[str, Any] = {"min_size": SHORT, "max_size": LONG, "box_score_thresh": score, "box_roi_pool": pool}
    given |= {"rpn_pre_nms_top_n_test": 60, "rpn_post_nms_top_n_test": 30, "box_detections_per_img": 10}
    given |= {"box_head": detection.faster_rcnn.TwoMLPHead(32 * 49, 48)}
    given |= {"box_predictor": detection.faster_rcnn.FastRCNNPredictor(48, CLASSES)}
    given |= {"rpn_anchor_generator": _anchors(3), "rpn_head": detection.rpn.RPNHead(32, 3)}
    if make is detection.MaskRCNN:
        given |= {"mask_roi_pool": torchvision.ops.MultiScaleRoIAlign(["0", "1", "2"], 14, 2)}
        given |= {"mask_head": detection.mask_rcnn.MaskRCNNHeads(32, (24, 24), 1)}
        given |= {"mask_predictor": detection.mask_rcnn.MaskRCNNPredictor(24, 24, CLASSES)}
    if make is detection.KeypointRCNN:
        given |= {"keypoint_roi_pool": torchvision.ops.MultiScaleRoIAlign(["0", "1", "2"], 14, 2)}
        given |= {"keypoint_head": detection.keypoint_rcnn.KeypointRCNNHeads(32, (32, 24))}
        given |= {"keypoint_predictor": detection.keypoint_rcnn.KeypointRCNNPredictor(24, 6)}
    return _spread(OneImage(make(Backbone(3), None, **given)))


def _ssd() -> nn.Module:
    generator = DefaultBoxGenerator([[2], [2, 3], [2]], scales=[0.1, 0.3, 0.6, 0.9])
    given = {"score_thresh": 0.05, "nms_thresh": 0.4, "detections_per_img": 20, "topk_candidates": 50}
    head = detection.ssd.SSDHead([32] * 3, generator.num_anchors_per_location(), CLASSES)
    return _spread(OneImage(detection.ssd.SSD(Backbone(3), generator, (128, 160), CLASSES, head=head, **given)))


def _ssdlite() -> nn.Module:
    given = {"weights": None, "weights_backbone": None, "num_classes": CLASSES, "width_mult": 0.25}
    given |= {"detections_per_img": 20, "topk_candidates": 50, "score_thresh": 0.05}
    return _spread(OneImage(detection.ssdlite320_mobilenet_v3_large(**given)))


def _spread(detector: nn.Module) -> nn.Module:
    """With scores and offsets that differ from place to place; heads start almost at zero."""
    with torch.no_grad():
        for name, parameter in detector.named_parameters():
            if ("head" in name or "rpn" in name) and parameter.ndim > 1:
                parameter.mul_(1 if float(parameter.std()) > 0.05 else 3)
            elif "cls_logits.bias" in name:
                parameter.zero_()
    return detector


def _detector(make: Callable[[], nn.Module]) -> OpenModel:
    given = (Input("image", (3, "height", "width"), "uniform"),)
    return OpenModel(make, given, ONE_IMAGE_TRACED, ONE_IMAGE, compare="rows 1")


MODELS: Mapping[str, OpenModel] = {
    "retinanet": _detector(_retinanet),
    "fcos": _detector(_fcos),
    "fasterrcnn": _detector(partial(_two_stages, detection.FasterRCNN)),
    "fasterrcnn_nothing_found": _detector(partial(_two_stages, detection.FasterRCNN, 0.999)),
    "maskrcnn": _detector(partial(_two_stages, detection.MaskRCNN)),
    "keypointrcnn": _detector(partial(_two_stages, detection.KeypointRCNN)),
    "ssd": _detector(_ssd),
    "ssdlite": _detector(_ssdlite),
}
"""Detectors by name."""
