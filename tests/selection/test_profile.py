"""A profile names the layers of its model, on samples of which one half judges what the other tells."""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.selection.profile import in_two, layers_on
from tests.models import model
from tests.pruning import MLP, traced_model


def samples(*sizes: int) -> Samples:
    """Rows of numbers in batches of these sizes."""
    return Samples(tuple({"x": np.ones((size, 8), np.float32)} for size in sizes), "ones")


def test_one_batch_becomes_two():
    assert [len(feed["x"]) for feed in in_two(model(MLP), samples(5)).batches] == [3, 2]


def test_several_batches_and_single_samples_stay():
    for given in (samples(4, 4), samples(1)):
        assert in_two(model(MLP), given) is given


def test_a_batch_of_one_size_stays():
    given = samples(4)
    assert in_two(model(MLP.replace("float[N,8]", "float[4,8]").replace("float[N,4]", "float[4,4]")), given) is given


def test_layers_are_given_by_their_nodes():
    subject = model(MLP)
    found = layers_on(subject, traced_model(subject), samples(4))
    assert [layer.weight for _, layer in sorted(found.items())] == ["a", "b", "c"]
    assert all(index == layer.index for index, layer in found.items())
