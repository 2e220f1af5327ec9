"""Detectors, judged by the boxes that the original finds: a YOLOX of ddddocr for characters, a YOLOv8 of nudenet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from scripts.benchmarks.real import drawn, metrics
from scripts.benchmarks.real.packages import unpacked
from scripts.benchmarks.real.subject import Answers, Array, Place, RealSet, Subject, split
from scripts.benchmarks.real.tasks import pictures

SIDE, STRIDES = 416, (8, 16, 32)
LEAST_YOLOX, LEAST_YOLOV8 = 0.1, 0.25
N_PICTURES = 200


def yolox(place: Place) -> Path:
    """The detector of characters on pictures."""
    return unpacked(place, "ddddocr") / "ddddocr" / "common_det.onnx"


def puzzles(_: Place) -> RealSet:
    """Pictures with characters, blue first, 0 to 255."""
    rng = np.random.default_rng(6)
    rows = [drawn.planes(drawn.puzzle(rng, SIDE))[::-1] for _ in range(N_PICTURES)]
    return split({"images": np.ascontiguousarray(np.stack(rows))})


def yolox_boxes(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """Boxes of each row, from centres within cells and logarithms of sizes."""
    sides = [SIDE // stride for stride in STRIDES]
    cells = np.concatenate([np.stack(np.meshgrid(range(side), range(side)), -1).reshape(-1, 2) for side in sides])
    scales = np.repeat(STRIDES, [side * side for side in sides])[:, None]
    answers = []
    for row in outputs[0]:
        centres, sizes = (row[:, :2] + cells) * scales, np.exp(np.minimum(row[:, 2:4], 10)) * scales
        answers.append(kept(centres, sizes, row[:, 4:5] * row[:, 5:], LEAST_YOLOX))
    return answers


def kept(centres: Array, sizes: Array, scores: Array, least: float) -> Array:
    """Boxes (left, top, right, bottom, class) that are sure enough and not under a surer one of any class."""
    best = scores.max(1)
    sure = np.flatnonzero(best > least)
    sure = sure[np.argsort(-best[sure], kind="stable")][:300]
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)[sure]
    chosen = metrics.strongest(boxes, best[sure])
    return np.concatenate([boxes, scores[sure].argmax(1)[:, None]], axis=1)[chosen].astype(np.float32)


def yolov8(place: Place) -> Path:
    """The detector of the package, for 320 x 320."""
    return unpacked(place, "nudenet") / "nudenet" / "320n.onnx"


def people(place: Place) -> RealSet:
    """Pictures on which the detector finds something, and a few others; padded to squares, in [0, 1]."""
    session = onnxruntime.InferenceSession(yolov8(place), providers=["CPUExecutionProvider"])
    rows = []
    for k, path in enumerate(pictures.files(place)):
        row = _padded(path, 320)
        if k % 20 == 0 or len(yolov8_boxes(session.run(None, {"images": row[None]}), {})[0]):
            rows.append(row)
    return split({"images": np.stack(rows)})


def _padded(path: Path, side: int) -> Array:
    image = Image.open(path).convert("RGB")
    image = image.resize((round(image.width * side / max(image.size)), round(image.height * side / max(image.size))))
    square = Image.new("RGB", (side, side))
    square.paste(image, (0, 0))
    return drawn.planes(square) / 255


def yolov8_boxes(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """Boxes of each row, from (4 + classes, anchors)."""
    rows = (row.T for row in outputs[0])
    return [kept(row[:, :2], row[:, 2:4], row[:, 4:], LEAST_YOLOV8) for row in rows]


SUBJECTS = (
    Subject("ddddocr_yolox", "F1 of boxes against the original", yolox, puzzles, yolox_boxes, metrics.boxes_f1),
    Subject("nudenet_yolov8", "F1 of boxes against the original", yolov8, people, yolov8_boxes, metrics.boxes_f1),
)
