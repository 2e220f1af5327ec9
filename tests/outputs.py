"""Outputs of many kinds, for tests."""

from __future__ import annotations

import numpy as np

from paoding_onnx.model.compare import softmax

RNG = np.random.default_rng(0)
LOGITS = 3 * RNG.standard_normal((60, 10))
SEQUENCES = softmax(4 * RNG.standard_normal((30 * 20, 12))).reshape(30, 20, 12)
EMBEDDINGS = RNG.standard_normal((40, 64))
UNIT = EMBEDDINGS / np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)
POINTS = 96 * RNG.standard_normal((1, 50, 3)) + 5 * RNG.standard_normal((30, 50, 3))
RAW_BOXES = np.concatenate([RNG.standard_normal((30, 50, 4)), RNG.random((30, 50, 2))], axis=2)
DETECTIONS = np.concatenate([300 * RNG.random((8, 4, 50)), 1e-3 * RNG.random((8, 3, 50))], axis=1)
