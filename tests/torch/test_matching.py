"""Constants of a file are found in a checkpoint by what they hold, whatever their names have become."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.torch.matching import Match, Place, Use, matched

RNG = np.random.default_rng(0)
EPSILON = 1e-5


def numbers(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def norm(name, n):
    """A normalization with statistics of its own."""
    return {
        f"{name}.weight": numbers(n),
        f"{name}.bias": numbers(n),
        f"{name}.running_mean": numbers(n),
        f"{name}.running_var": np.abs(numbers(n)) + 0.5,
    }


def fresh(name, n):
    """A normalization that was never trained."""
    ones, zeros = np.ones(n, np.float32), np.zeros(n, np.float32)
    return dict(zip(norm(name, n), (ones, zeros, zeros, ones), strict=True))


def factor(held, name, epsilon=EPSILON):
    return held[f"{name}.weight"] / np.sqrt(held[f"{name}.running_var"] + epsilon)


def keys(uses, held, parameters):
    found = matched([Use(use) for use in uses], held, parameters)
    return {(place.node, place.operand): match.key for place, match in found.items()}


def test_equal_content_is_found_under_another_name():
    held = {"val_7": numbers(4, 3), "val_8": numbers(4)}
    parameters = {"fc.weight": held["val_7"].copy(), "fc.bias": held["val_8"].copy(), "other.weight": numbers(4, 3)}
    assert keys([{1: "val_7", 2: "val_8"}], held, parameters) == {(0, 1): "fc.weight", (0, 2): "fc.bias"}


def test_transposed_matrix_is_found_with_its_axes():
    held = {"val_7": numbers(3, 4)}
    found = matched([Use({1: "val_7"})], held, {"fc.weight": held["val_7"].T.copy()})
    assert found == {Place(0, 1): Match("fc.weight", (1, 0))}


@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
@pytest.mark.parametrize("axis", [0, 1])
def test_normalization_that_was_folded_is_found(axis, epsilon):
    weight, n = numbers(4, 6, 3, 3), (4, 6)[axis]
    parameters = {"conv.weight": weight, **norm("bn", n), **norm("later", n)}
    shape = (-1, 1, 1, 1) if axis == 0 else (1, -1, 1, 1)
    held = {"w": weight * factor(parameters, "bn", epsilon).reshape(shape)}
    (match,) = matched([Use({1: "w"})], held, parameters).values()
    assert (match.key, match.norm.name, match.norm.axis) == ("conv.weight", "bn", axis)
    assert np.allclose(match.norm.factor, factor(parameters, "bn", epsilon))


def test_bias_that_is_left_of_a_normalization_is_no_parameter():
    weight = numbers(4, 3)
    parameters = {"fc.weight": weight, **fresh("bn", 4)}
    held = {"w": weight * factor(parameters, "bn")[:, None], "b": np.zeros(4, np.float32)}
    assert keys([{1: "w", 2: "b"}], held, parameters) == {(0, 1): "fc.weight"}


def test_normalizations_that_were_never_trained_are_taken_in_order():
    parameters, held, uses = {}, {}, []
    for name in ("a", "b", "c"):
        parameters |= {f"{name}.conv.weight": numbers(4, 4), **fresh(f"{name}.bn", 4)}
        held[f"w_{name}"] = parameters[f"{name}.conv.weight"] * factor(parameters, f"{name}.bn")[:, None]
        uses.append(Use({1: f"w_{name}"}))
    found = matched(uses, held, parameters)
    assert [match.norm.name for match in found.values()] == ["a.bn", "b.bn", "c.bn"]


def test_equal_vectors_go_to_modules_in_their_order():
    parameters = {"one.weight": numbers(4, 3), **fresh("bn1", 4), "two.weight": numbers(4, 4), **fresh("bn2", 4)}
    held = {"w1": parameters["one.weight"], "w2": parameters["two.weight"], "ones": np.ones(4, np.float32)}
    held["zeros"] = np.zeros(4, np.float32)
    stored_once = {1: "ones", 2: "zeros", 3: "zeros", 4: "ones"}
    found = keys([{1: "w1"}, stored_once, {1: "w2"}, stored_once], held, parameters)
    assert {key.split(".")[0] for (node, _), key in found.items() if node == 1} == {"bn1"}
    assert {key.split(".")[0] for (node, _), key in found.items() if node == 3} == {"bn2"}
    assert len(set(found.values())) == len(found) == 10


def test_bias_is_taken_from_the_module_of_the_weight():
    zeros = np.zeros(4, np.float32)
    parameters = {"a.bias": zeros, "b.weight": numbers(4, 4), "b.bias": zeros, "c.bias": zeros}
    assert keys([{1: "w", 2: "z"}], {"w": parameters["b.weight"], "z": zeros}, parameters)[0, 2] == "b.bias"


def test_weight_that_is_read_twice_is_one_parameter():
    parameters = {"a.weight": numbers(4, 4), "b.weight": numbers(4, 4)}
    assert keys([{1: "w"}, {1: "w"}], {"w": parameters["b.weight"]}, parameters) == {
        (0, 1): "b.weight",
        (1, 1): "b.weight",
    }


def test_content_that_no_parameter_has_is_left_out():
    parameters = {"a.weight": numbers(4, 4), **norm("bn", 4)}
    assert matched([Use({1: "w", 2: "v"})], {"w": numbers(4, 4), "v": numbers(4)}, parameters) == {}
