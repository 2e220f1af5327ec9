"""prune() by the default method: units judged on inputs, layers fitted, on all kinds of models and inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

from paoding_onnx.api import prune
from paoding_onnx.calibration.preprocess import AS_IT_IS, Preprocess
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model, lift
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.reconstruction import reconstruct
from paoding_onnx.result import Pruned
from paoding_onnx.selection import profiling
from paoding_onnx.surgery.cut import cut
from tests.models import model, parse
from tests.pruning import CNN, MLP, by_units, feeds, moved, planted, skip_latency

pytestmark = pytest.mark.slow

HALF = by_units(round_to=1)

STRUCTURES = {
    "rows": MLP,
    "images": CNN,
    "one image at a time": CNN.replace("[N,", "[1,"),
    "images of any size": CNN.replace("[N,3,8,8]", "[N,3,H,W]"),
    "batch of three": CNN.replace("[N,", "[3,"),
    "half precision": MLP.replace("float[", "float16["),
    "double precision": MLP.replace("float[", "double["),
    "two inputs": """g (float[N,8] x, float[N,6] z) => (float[N,3] y) <float[8,12] a, float[6,12] b, float[12,3] c> {
      p = MatMul (x, a) q = MatMul (z, b) r = Add (p, q) s = Relu (r) y = MatMul (s, c)
    }""",
    "tokens": """g (int64[N,T] x) => (float[N,T,5] y)
        <float[20,12] e, float[12] k, float[12,16] a, float[16,12] b, float[12,5] c> {
      h = Gather (e, x) n = LayerNormalization (h, k, k) p = MatMul (n, a) q = Relu (p) r = MatMul (q, b)
      s = Add (h, r) y = MatMul (s, c)
    }""",
    "groups": """g (float[N,4,6,6] x) => (float[N,3,6,6] y) <float[8,4,1,1] a, float[8,2,3,3] b, float[3,8,1,1] c> {
      p = Conv (x, a) q = Relu (p) r = Conv <group=4, pads=[1,1,1,1]> (q, b) s = Relu (r) y = Conv (s, c)
    }""",
    "ConvTranspose": """g (float[N,4,6,6] x) => (float[N,3,12,12] y) <float[4,8,2,2] a, float[8] k, float[3,8,1,1] c> {
      p = ConvTranspose <strides=[2,2]> (x, a, k) q = Relu (p) y = Conv (q, c)
    }""",
    "LSTM": """g (float[7,N,6] x) => (float[7,N,3] y) <float[1,32,6] w, float[1,32,8] r, float[8,3] a> {
      p = LSTM <hidden_size=8> (x, w, r) axes = Constant <value = int64[1] {1}> () q = Squeeze (p, axes)
      y = MatMul (q, a)
    }""",
    "quantized": """g (float[N,8] x) => (float[N,3] y)
        <float[8,12] a, int8[12,10] b, float sb = {0.01}, int8 zb = {0}, float[10,3] c> {
      p = MatMul (x, a) q = Relu (p) w = DequantizeLinear (b, sb, zb) r = MatMul (q, w) s = Relu (r) y = MatMul (s, c)
    }""",
    "shared weight": """g (float[N,8] x) => (float[N,8] y) <float[8,12] a, float[12,8] b> {
      p = MatMul (x, a) q = Relu (p) r = MatMul (q, b) s = MatMul (r, a) t = Relu (s) y = MatMul (t, b)
    }""",
    "subgraph": """g (float[N,8] x, bool c) => (float[N,3] y) <float[8,12] a, float[12,10] b, float[10,3] d> {
      p = MatMul (x, a) q = Relu (p)
      y = If (c) <then_branch = t () => (float[N,3] u) { i = MatMul (q, b) u = MatMul (i, d) },
                  else_branch = e () => (float[N,3] v) { j = MatMul (q, b) k = Relu (j) v = MatMul (k, d) }>
    }""",
    "one row without a batch": """g (float[8] x) => (float[4] y) <float[8,16] a, float[16,4] b> {
      p = MatMul (x, a) q = Relu (p) y = MatMul (q, b)
    }""",
    "many rows at once": MLP.replace("[N,", "[300,"),
}
"""Models of many kinds, each with something to remove."""
STAYS = 5e-3
"""How far outputs move, relative to their size, though nothing need be lost: the price of the ridge."""
ALL_LEFT_ALONE = ("subgraph",)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    skip_latency(monkeypatch)


def proven(result: Pruned) -> bool:
    """Whether all proofs hold."""
    return all(verdict.passed for verdict in result.proofs)


def apart(before: Model, after: Model) -> float:
    """How far outputs are apart on random inputs."""
    given = feeds(before, (16,))[0]
    return output_difference(Session(before).run(given), Session(after).run(given))


@pytest.mark.parametrize("name", [name for name in STRUCTURES if name not in ALL_LEFT_ALONE])
def test_half_of_the_units_go_under_all_proofs(name):
    result = prune(model(STRUCTURES[name]), options=HALF)
    assert proven(result)
    assert result.run.recovery is not None
    assert result.run.notes == ()
    assert 2 * result.plan.removed.sum() >= result.trace.n_units


@pytest.mark.parametrize("name", ["rows", "images", "two inputs", "ConvTranspose", "one image at a time"])
def test_outputs_move_less_than_if_units_were_only_cut(name):
    subject = model(STRUCTURES[name])
    said = Preprocess(range=(-1.0, 1.0)) if "image" in name else AS_IT_IS  # what it is judged on are no pictures
    result = prune(subject, options=replace(HALF, preprocess=said))
    assert moved(subject, result.model) < 0.95 * moved(subject, cut(subject, result.trace, result.plan))


@pytest.mark.parametrize("name", ["images", "groups", "tokens"])
def test_every_fitted_layer_is_nearer_to_the_original_than_before(name):
    result = prune(model(STRUCTURES[name]), options=HALF)
    layers = result.run.recovery.layers
    assert layers or result.measured.output_error < 0.05  # else there is something to win back
    assert all(layer.after < layer.before for layer in layers)


def test_units_go_where_they_do_least_harm():
    """The first hidden layer has twice the units it needs, the second none too many."""

    def plant(weights):
        weights["a"][:, 8:], weights["ab"][8:] = weights["a"][:, :8], weights["ab"][:8]

    first, second = (
        prune(planted(MLP, plant), options=by_units(target=0.28, round_to=1, allocation=allocation))
        for allocation in ("measured", "uniform")
    )
    assert [first.plan.kept_units(group) for group in first.trace.groups] == [8, 12]
    assert [second.plan.kept_units(group) for group in second.trace.groups] == [12, 9]


def test_harm_of_every_group_is_reported():
    result = prune(model(CNN), options=HALF)
    assert [sensitivity.group for sensitivity in result.run.recovery.sensitivities] == [
        group.name for group in result.trace.groups
    ]


def test_harm_is_not_measured_where_all_groups_lose_alike():
    assert prune(model(CNN), options=by_units(allocation="uniform", round_to=1)).run.recovery.sensitivities == ()


def test_methods_that_look_at_no_inputs_have_nothing_to_repair():
    assert prune(model(MLP), options=by_units(method="paoding")).run.recovery is None


def merge_targets(weights):
    """The second half of both hidden layers is the first half again."""
    weights["a"][:, 8:], weights["ab"][8:] = weights["a"][:, :8], weights["ab"][:8]
    weights["b"][:, 6:], weights["bb"][6:] = weights["b"][:, :6], weights["bb"][:6]


def silence(weights):
    """The second half of both hidden layers does nothing."""
    weights["a"][:, 8:], weights["ab"][8:] = 0, 0
    weights["b"][:, 6:], weights["bb"][6:] = 0, 0


def constant(weights):
    """The second half of both hidden layers does not depend on the input."""
    weights["a"][:, 8:], weights["ab"][8:] = 0, 1
    weights["b"][:, 6:], weights["bb"][6:] = 0, 2


def deaf(weights):
    """Nobody listens to the second half of both hidden layers."""
    weights["b"][8:] = 0
    weights["c"][6:] = 0


@pytest.mark.parametrize("plant", [silence, deaf, constant, merge_targets])
@pytest.mark.parametrize("allocation", ["measured", "uniform"])
def test_planted_redundancy_goes_and_the_outputs_stay(plant, allocation):
    subject = planted(MLP, plant)
    result = prune(subject, options=by_units(round_to=1, allocation=allocation))
    assert [result.plan.kept_units(group) for group in result.trace.groups] == [8, 6]
    assert moved(subject, result.model) < STAYS


def test_planted_combination_goes_and_the_outputs_stay():
    def plant(weights):
        weights["a"][:, 8:] = weights["a"][:, :8] @ np.random.default_rng(1).standard_normal((8, 8)) * 0.3

    text = "g (float[N,20] x) => (float[N,4] y) <float[20,16] a, float[16,4] b> { p = MatMul (x, a) y = MatMul (p, b) }"
    subject = planted(text, plant)
    assert moved(subject, prune(subject, options=HALF).model) < STAYS


def test_outputs_would_move_without_redundancy():
    subject = model(MLP)
    assert moved(subject, prune(subject, options=HALF).model) > 3 * STAYS


def save_rows(folder, rows, name="real.npz"):
    """A file of inputs for `MLP`."""
    np.savez(folder / name, x=rows.astype(np.float32))
    return folder / name


def half_blind(rows):
    """Rows in which the second half of the inputs never changes."""
    found = np.random.default_rng(5).standard_normal((rows, 8))
    found[:, 4:] = 0
    return found


def test_units_are_judged_on_the_samples_that_are_given(tmp_path):
    path = save_rows(tmp_path, half_blind(200))
    real, made_up = (
        prune(model(MLP), options=by_units(calibration=given, round_to=1, allocation="uniform"))
        for given in (path, None)
    )
    said = "160 samples from real.npz, and 96 synthetic ones that count as 4 of them"
    assert (real.run.recovery.inputs, real.run.recovery.n_samples) == (said, 256)
    assert real.plan.removed.tolist() != made_up.plan.removed.tolist()


def test_units_are_judged_on_made_up_inputs_otherwise():
    assert prune(model(MLP), options=HALF).run.recovery.inputs.startswith("rows of 8 numbers")


@pytest.mark.parametrize("count", [1, 2, 20, 33, 65])
def test_few_samples_are_enough(count, tmp_path):
    path = save_rows(tmp_path, half_blind(count))
    assert proven(prune(model(MLP), options=by_units(calibration=path, round_to=1)))


def test_fit_to_the_samples_is_better_on_their_like(tmp_path):
    subject = model(MLP)
    path = save_rows(tmp_path, half_blind(300))
    rows = {"x": half_blind(500)[300:].astype(np.float32)}
    real, made_up = (
        Session(prune(subject, options=by_units(calibration=given, round_to=1)).model).run(rows)
        for given in (path, None)
    )
    wanted = Session(subject).run(rows)
    assert output_difference(wanted, real) < 0.7 * output_difference(wanted, made_up)


@pytest.mark.parametrize("name", ["rows", "images", "tokens"])
def test_same_seed_gives_the_same_bytes(name, tmp_path):
    subject = model(STRUCTURES[name])
    for file in ("a.onnx", "b.onnx"):
        prune(subject, tmp_path / file, HALF)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_another_seed_gives_other_inputs():
    first, second = (prune(model(MLP), options=by_units(seed=seed, round_to=1)).model for seed in (0, 1))
    assert not np.array_equal(constants(first)["c"], constants(second)["c"])


def test_little_memory_gives_the_same_bytes(tmp_path, monkeypatch):
    text = CNN.replace("[N,3,8,8]", "[N,3,36,36]")
    spilled = []
    save = np.save

    def look(path, array):
        spilled.append(path)
        save(path, array)

    monkeypatch.setattr(np, "save", look)
    for file, memory in (("a.onnx", 1 << 30), ("b.onnx", 1 << 24)):
        assert not spilled
        prune(model(text), tmp_path / file, by_units(round_to=1, allocation="uniform", memory=memory))
    assert spilled
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_old_file_with_its_weights_among_the_inputs_is_pruned():
    proto = parse(MLP, opset=8, ir=3)
    for tensor in proto.graph.initializer:
        proto.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    subject = lift(proto)
    result = prune(subject, options=HALF)
    assert proven(result)
    assert result.run.recovery is not None
    assert result.model.proto.ir_version == 3


def test_stored_statistics_stay_in_the_file():
    text = """g (float[N,3,6,6] x) => (float[N,2,6,6] y)
        <float[8,3,3,3] a, float[8] k, float[8] s, float[8] o, float[8] m, float[8] v, float[2,8,1,1] c> {
      p = Conv <pads=[1,1,1,1]> (x, a, k) n = BatchNormalization (p, s, o, m, v) r = Relu (n) y = Conv (r, c)
    }"""
    subject = model(text)
    result = prune(subject, options=HALF)
    kept = ~result.plan.removed
    old, new = constants(subject), constants(result.model)
    assert np.array_equal(new["v"], old["v"][kept])
    assert np.array_equal(new["m"], old["m"][kept])


UNTYPED = """g (float[N,8] x) => (float[N,3] y) <float[8,12] a, float[12,10] b, float[10,3] c> {
  p = MatMul (x, a) q = Relu (p) s = SequenceConstruct (q, q) i = Constant <value = int64 {0}> ()
  t = SequenceAt (s, i) r = MatMul (t, b) u = Relu (r) y = MatMul (u, c)
}"""


def test_model_with_sequences_inside_is_pruned_either_way():
    result = prune(model(UNTYPED), options=HALF)
    assert proven(result)
    assert (result.run.recovery is None) == bool(result.run.notes)


def test_model_that_does_not_run_in_pieces_is_pruned_by_magnitude_with_a_note(monkeypatch):
    def refuse(*_, **__):
        raise ModelError("too tough")

    monkeypatch.setattr(profiling, "observe_units", refuse)
    result = prune(model(MLP), options=HALF)
    plain = prune(model(MLP), options=by_units(method="magnitude", round_to=1))
    assert result.plan.removed.tolist() == plain.plan.removed.tolist()
    assert result.run.notes == (
        "units were chosen by magnitude and no weight was fitted: the model does not run in pieces (too tough)",
    )
    assert result.run.recovery is None


def test_smaller_model_that_does_not_run_in_pieces_is_left_unfitted_with_a_note(monkeypatch):
    def refuse(*_, **__):
        raise ModelError("too tough")

    monkeypatch.setattr(reconstruct, "fit_layers", refuse)
    result = prune(model(MLP), options=HALF)
    assert proven(result)
    assert result.run.notes == ("no weight was fitted: the smaller model does not run in pieces (too tough)",)


def test_comparison_says_how_many_answers_are_the_same():
    subject = planted(MLP, silence)
    compared = prune(subject, options=HALF).measured
    assert compared.agreement == 1.0
    assert compared.output_error < 1e-3
    assert compared.latency.ratio == 0.5
    assert compared.inputs.startswith("rows of 8 numbers")


def test_input_model_is_not_changed():
    subject = model(CNN)
    before = subject.proto.SerializeToString(), {name: value.copy() for name, value in constants(subject).items()}
    prune(subject, options=HALF)
    assert subject.proto.SerializeToString() == before[0]
    assert all(np.array_equal(constants(subject)[name], value) for name, value in before[1].items())
