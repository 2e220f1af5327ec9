"""Faces on pictures: networks of MTCNN on crops, a classifier of emotions, and two small detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from scripts.benchmarks.real import drawn, metrics
from scripts.benchmarks.real.packages import exported, installed
from scripts.benchmarks.real.subject import Answers, Array, Place, RealSet, Subject, UnavailableError, split
from scripts.benchmarks.real.tasks import pictures
from scripts.benchmarks.real.tasks.text import first_choice

PACKAGE = "facenet-pytorch"
N_OTHERS = 180
FACE, NEAR = 0.7, 0.05
"""Least probability of a face; most mean distance of landmarks or corners, in sides of the crop."""
LEAST = 0.6
LARGEST = 640
"""Longest side of a picture when faces are looked for."""


def network(place: Place, name: str) -> Path:
    """R-Net or O-Net."""
    return exported(place, f"mtcnn_{name}", ("mtcnn", name, "OUT"), (PACKAGE,))


def found_faces(place: Place) -> list[tuple[Path, Array]]:
    """Pictures and boxes (left, top, right, bottom), where all three networks see a face."""
    folder = pictures.files(place)[0].parent
    with np.load(exported(place, "faces.npz", ("mtcnn", "faces", "OUT", str(folder)), (PACKAGE,))) as archive:
        return [(folder / str(name), box) for name, box in zip(archive["names"], archive["boxes"], strict=True)]


def opened(path: Path) -> Image.Image:
    """The picture at the size at which faces were looked for."""
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((LARGEST, LARGEST))
    return picture


def square(box: Array, rng: np.random.Generator, wobble: float) -> tuple[float, float, float, float]:
    """A square about a box, a little off it."""
    side = float(max(box[2] - box[0], box[3] - box[1])) * (1 + rng.uniform(-wobble, wobble))
    x, y = (float(box[k] + box[k + 2]) / 2 + rng.uniform(-wobble, wobble) * side for k in (0, 1))
    return (x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def crops(place: Place, side: int) -> RealSet:
    """Squares about faces, and others from the same and other pictures, in [-1, 1]."""
    rng, rows, faces = np.random.default_rng(10), [], found_faces(place)
    for path, box in faces:
        rows.append(_crop(opened(path), square(box, rng, 0.12), side))
    paths = pictures.files(place)
    for k in rng.integers(0, len(paths), N_OTHERS):
        picture = opened(paths[k])
        width = rng.uniform(0.1, 0.5) * min(picture.size)
        x, y = rng.uniform(0, picture.width - width), rng.uniform(0, picture.height - width)
        box = np.array([x, y, x + width, y + width])
        if not any(path == paths[k] for path, _ in faces):
            rows.append(_crop(picture, (x, y, x + width, y + width), side))
    return split({"face": np.stack(rows)})


def _crop(picture: Image.Image, box: tuple[float, ...], side: int) -> Array:
    whole = tuple(round(value) for value in box)
    cut = picture.crop((whole[0], whole[1], whole[2], whole[3]))
    return (drawn.planes(cut.resize((side, side), Image.Resampling.BOX)) - 127.5) / 128


def seen(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """The places (n, 2) of corners, and of landmarks if the network says them; none of what it takes for no face."""
    sure = outputs[-1][:, 1] >= FACE
    return [[values[row].reshape(-1) for values in outputs[:-1]] if sure[row] else [] for row in range(len(outputs[0]))]


def faces_right(answers: Answers, wanted: Answers) -> float:
    """Share of crops with the same decision, and, of faces, with corners and landmarks in about the same places."""
    right = [
        len(found) == len(there)
        and all(np.abs(one - other).mean() <= NEAR for one, other in zip(found, there, strict=True))
        for found, there in zip(answers, wanted, strict=True)
    ]
    return 100 * sum(right) / len(right)


def emotions(place: Place) -> Path:
    """The mini-Xception of `fer`."""
    site = installed(place, "h5py")
    return exported(place, "fer_emotion", ("mini_xception", "OUT"), ("fer",), site=site)


def grey_faces(place: Place) -> RealSet:
    """Faces at 64 x 64, grey, in [-1, 1], each twice, the second time mirrored."""
    rng, rows = np.random.default_rng(11), []
    for path, box in found_faces(place):
        corners = tuple(round(value) for value in square(box, rng, 0.05))
        cut = opened(path).crop((corners[0], corners[1], corners[2], corners[3])).convert("L").resize((64, 64))
        grey = np.asarray(cut, np.float32)[:, :, None] / 127.5 - 1
        rows += [grey, grey[:, ::-1]]
    return split({"input_1": np.stack(rows)})


def given(place: Place, name: str) -> Path:
    """A file of the folder of further models.

    Raises:
        UnavailableError: if it is not there.
    """
    path = place.more / name if place.more else Path()
    if not path.is_file():
        raise UnavailableError(f"{name}: --more")
    return path


def scenes(place: Place, name: str, size: tuple[int, int], offset: float, scale: float, order: int) -> RealSet:
    """Pictures with faces and some without, (value - offset) / scale; `order` -1 for blue first."""
    paths = dict.fromkeys([path for path, _ in found_faces(place)] + pictures.files(place)[::25])
    rows = [(drawn.planes(opened(path).resize(size))[::order] - offset) / scale for path in paths]
    return split({name: np.ascontiguousarray(np.stack(rows))})


def yunet_boxes(outputs: Sequence[Array], inputs: Mapping[str, Array]) -> Answers:
    """Boxes of each row, from scores of classes and objects and boxes of three strides."""
    height, width = inputs["input"].shape[2:]
    answers = []
    for row in range(len(outputs[0])):
        boxes, scores = [], []
        for k, stride in enumerate((8, 16, 32)):
            cells = np.stack(np.meshgrid(range(width // stride), range(height // stride)), -1).reshape(-1, 2)
            values = outputs[6 + k][row]
            centres, sizes = (cells + values[:, :2]) * stride, np.exp(np.minimum(values[:, 2:4], 10)) * stride
            boxes.append(np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1))
            scores.append(np.sqrt(np.clip(outputs[k][row, :, 0] * outputs[3 + k][row, :, 0], 0, 1)))
        answers.append(_sure(np.concatenate(boxes), np.concatenate(scores)))
    return answers


def rfb_boxes(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """Boxes of each row, which the network has already placed."""
    return [_sure(boxes, scores[:, 1]) for scores, boxes in zip(*outputs, strict=True)]


def _sure(boxes: Array, scores: Array) -> Array:
    kept = np.flatnonzero(scores > LEAST)
    return boxes[kept][metrics.strongest(boxes[kept], scores[kept], 0.3)]


BOXES = "F1 of boxes against the original"
_YUNET = partial(scenes, name="input", size=(320, 320), offset=0, scale=1, order=-1)
_RFB = partial(scenes, name="input", size=(320, 240), offset=127, scale=128, order=1)
SUBJECTS = (
    *(
        Subject(f"mtcnn_{name}", "same faces and places", partial(network, name=name), partial(crops, side=side),
                seen, faces_right, batch=32)
        for name, side in (("onet", 48), ("rnet", 24))
    ),
    Subject("fer_emotion", "same emotion as the original", emotions, grey_faces, first_choice, metrics.same_share,
            batch=16),
    Subject("yunet", BOXES, partial(given, name="yunet_n_dynamic.onnx"), _YUNET, yunet_boxes, metrics.boxes_f1),
    Subject("ultraface_rfb", BOXES, partial(given, name="version-RFB-320.onnx"), _RFB, rfb_boxes, metrics.boxes_f1),
)  # fmt: skip
