"""Outputs that callers feed back are told from those that they look at."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.evaluation.carried import carried, states_of
from paoding_onnx.model.nodes import TensorSpec
from tests.models import model

F4 = np.dtype(np.float32)


def spec(name, *dims, dtype=F4):
    return TensorSpec(name, dtype, dims)


SOUND, SCORE = spec("input", None, 512), spec("output", None, 1)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("h", "hn"),
        ("state", "stateN"),
        ("state_in", "state_out"),
        ("past_key_values.0.key", "present.0.key"),
        ("decoder_h_in", "decoder_h_out"),
    ],
)
def test_states_are_told_by_their_names_and_shapes(given, made):
    inputs, outputs = [SOUND, spec(given, 2, None, 64)], [SCORE, spec(made, 2, None, 64)]
    assert carried(inputs, outputs) == {made}


def test_lengths_along_which_keys_grow_may_have_other_symbols():
    past, present = (spec(name, "n", 4, length, 8) for name, length in (("past.0", "past"), ("present.0", "total")))
    assert carried([SOUND, past], [SCORE, present]) == {"present.0"}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (spec("h", 2, None, 64), spec("hn", 2, None, 32)),  # another size
        (spec("h", 2, None, 64), spec("hn", None, 64)),  # another rank
        (spec("noisy", None, 3, 8, 8), spec("restored", None, 3, 8, 8)),  # another name
        (spec("ids", None, 8, dtype=np.dtype(np.int64)), spec("ids_out", None, 8, dtype=np.dtype(np.int64))),
        (spec("h", None), spec("hn", None)),  # one number for each sample
    ],
)
def test_what_differs_is_no_state(given, made):
    assert carried([SOUND, given], [SCORE, made]) == frozenset()


def test_what_a_model_is_for_is_no_state():
    image, restored = spec("x", None, 3, 8, 8), spec("x_out", None, 3, 8, 8)
    assert carried([image], [restored, SCORE]) == frozenset()
    assert carried([image, SOUND], [restored]) == frozenset()


def test_each_input_belongs_to_one_output():
    inputs = [SOUND, spec("h", 2, None, 64)]
    outputs = [SCORE, spec("hn", 2, None, 64), spec("h_all", 2, None, 64)]
    assert carried(inputs, outputs) == {"hn"}


def test_results_of_branches_of_which_one_becomes_a_state_are_states_too():
    made = "float[n,9] y, float[n,4] hn, float[n,4] a, float[n,4] b"
    found = model(f"""g (float[n,9] x, float[n,4] h, bool[1] c) => ({made})
        {{ y = Relu (x) a = Relu (h) b = Neg (h) hn = Where (c, a, b) }}""")
    assert states_of(found) == {"hn", "a", "b"}
