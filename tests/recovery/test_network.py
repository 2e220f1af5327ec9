"""The network that is trained: its weights as the file has them."""

from __future__ import annotations

import numpy as np

from paoding_onnx.model.read import constants
from tests.pruning import MLP
from tests.recovery.lessons_for import lesson_of, student_of


def test_weights_are_those_of_the_file():
    lesson = lesson_of(MLP)
    network = student_of(lesson).network
    stored = constants(lesson.smaller)
    assert network.weights.keys() == set(network.trained.names)
    assert all(np.array_equal(value, stored[name]) for name, value in network.weights.items())
