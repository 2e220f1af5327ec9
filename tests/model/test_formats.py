"""Every form of a file: old and new opsets, number types, storage, and what is no tensor operator at all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from paoding_onnx.errors import ModelError
from paoding_onnx.model.load import lift, load
from paoding_onnx.model.save import write_model
from paoding_onnx.model.session import Session
from tests.models import Trial, model, parse, prune_randomly

OPSETS = range(7, 27)
"""From the oldest that onnxruntime promises to run to the newest that it knows."""
NEWEST_OF_ALL = 25
"""The newest that every onnxruntime knows which we support."""


def ir_version(opset: int) -> int:
    """The version of the file format that came with an opset."""
    return 3 if opset < 9 else 4 if opset < 10 else 5 if opset < 11 else 8 if opset < 21 else 10


def by_opset(opset: int, forms: Mapping[int, str]) -> str:
    """The form of an operator at an opset: that of the newest version that is not newer."""
    return forms[max(version for version in forms if version <= opset)]


def cnn(opset: int) -> str:
    """A network in the operator forms of one opset; 6 + 8 + 6 units may go, 4 of the 8 in pairs of equal halves."""
    clip = by_opset(opset, {7: "Clip <min=0.0, max=6.0> (q)", 11: "Clip (q, zero, six)"})
    pad = by_opset(opset, {7: "Pad <pads=[0,0,1,1,0,0,1,1]> (d)", 11: "Pad (d, pads)"})
    split = by_opset(opset, {7: "Split <axis=1, split=[4,4]> (r)", 13: "Split <axis=1> (r, halves)",
                             18: "Split <axis=1, num_outputs=2> (r)"})  # fmt: skip
    cut = by_opset(opset, {7: "Slice <axes=[2], starts=[1], ends=[9]> (u)", 10: "Slice (u, one, nine, two)"})
    scale = by_opset(opset, {7: "Upsample <scales=[1.0,1.0,2.0,2.0]> (g)", 9: "Upsample (g, scales)",
                             10: "Resize (g, scales)", 11: "Resize (g, roi, scales)",
                             13: "Resize (g, , scales)"})  # fmt: skip
    mean = by_opset(opset, {7: "ReduceMean <axes=[2,3], keepdims=0> (c)", 18: "ReduceMean <keepdims=0> (c, last)"})
    total = by_opset(opset, {7: "ReduceSum <axes=[2,3], keepdims=1> (k)", 13: "ReduceSum <keepdims=1> (k, last)"})
    wide = by_opset(opset, {7: "Unsqueeze <axes=[2,3]> (f)", 13: "Unsqueeze (f, last)"})
    flat = by_opset(opset, {7: "Squeeze <axes=[2,3]> (l)", 13: "Squeeze (l, last)"})
    drop = by_opset(opset, {7: "Dropout <ratio=0.5> (e)", 12: "Dropout (e, half)"})
    return f"""g (float[N,3,8,8] x) => (float[N,5] y)
    <float[6,3,3,3] a, float[6] ab, float[6] s, float[6] t, float[6] m, float[6] v, float[8,6,3,3] b, float[8] bb,
     float[6,4,1,1] w, float[6] wb, float[5,6] o, float[5] ob, float zero={{0}}, float six={{6}}, float half={{0.5}},
     int64[8] pads={{0,0,1,1,0,0,1,1}}, int64[2] halves={{4,4}}, int64[1] one={{1}}, int64[1] nine={{9}},
     int64[1] two={{2}}, float[4] scales={{1,1,2,2}}, float[0] roi, int64[2] last={{2,3}}> {{
      p = Conv <pads=[1,1,1,1]> (x, a, ab) n = BatchNormalization (p, s, t, m, v) q = Relu (n) d = {clip} e0 = {pad}
      e = MaxPool <kernel_shape=[3,3], strides=[1,1]> (e0) e1 = {drop} r = Conv <pads=[1,1,1,1]> (e1, b, bb)
      r1, r2 = {split} h = Sigmoid (r1) g = Mul (h, r2) u = {scale} c = {cut} f = {mean} k = {wide} l0 = {total}
      l = Conv (l0, w, wb) z = {flat} z1 = Tanh (z) i = Gemm <transB=1> (z1, o, ob) y = Softmax <axis=1> (i)
    }}"""


def assert_exact(trial: Trial) -> None:
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert trial.n_removed


def infos_of_initializers(proto: onnx.ModelProto) -> None:
    """Repeat every initializer among the inputs, as files of IR 3 must."""
    known = {info.name for info in proto.graph.input}
    infos = (helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in proto.graph.initializer)
    proto.graph.input.extend(info for info in infos if info.name not in known)


def skip_unknown(opset: int) -> None:
    """Skip a test where the onnxruntime at hand is too old for it."""
    try:
        Session(model("g (float[2] x) => (float[2] y) { y = Relu (x) }", opset=opset, ir=ir_version(opset)))
    except ModelError:
        if opset <= NEWEST_OF_ALL:
            raise
        pytest.skip(f"this onnxruntime does not know opset {opset}")


@pytest.mark.parametrize("opset", OPSETS)
def test_network_of_every_opset_is_pruned(opset, tmp_path):
    skip_unknown(opset)
    proto = parse(cnn(opset), opset=opset, ir=ir_version(opset))
    if proto.ir_version < 4:
        infos_of_initializers(proto)
    onnx.checker.check_model(proto, full_check=True)
    trial = prune_randomly(lift(proto))
    assert_exact(trial)
    assert trial.trace.n_units == 6 + 4 + 6
    assert not any(refusal.axis == -1 for refusal in trial.trace.refusals)
    *_, path = write_model(trial.pruned, tmp_path / "m.onnx")
    onnx.checker.check_model(str(path), full_check=True)
    assert load(path).proto.opset_import == proto.opset_import


MLP = """g ({0}[N,8] x) => ({0}[N,4] y) <{0}[8,16] a, {0}[16] ab, {0}[16,12] b, {0}[12] bb, {0}[12,4] c> {{
  p = MatMul (x, a) q = Add (p, ab) r = Relu (q) s = Gemm (r, b, bb) t = Relu (s) y = MatMul (t, c)
}}"""
SMALL_CNN = """g ({0}[N,3,8,8] x) => ({0}[N,5,8,8] y) <{0}[8,3,3,3] a, {0}[8] ab, {0}[6,8,1,1] b, {0}[5,6,1,1] c> {{
  p = Conv <pads=[1,1,1,1]> (x, a, ab) q = Relu (p) r = Conv (q, b) s = Sigmoid (r) y = Conv (s, c)
}}"""


@pytest.mark.parametrize(
    ("text", "dtype", "units"),
    [
        (MLP, "float16", 28),
        (MLP, "double", 28),
        (MLP, "float", 28),
        (SMALL_CNN, "float16", 14),
        (SMALL_CNN, "float", 14),
    ],
)
def test_network_of_every_float_type_is_pruned(text, dtype, units):
    trial = prune_randomly(model(text.format(dtype)))
    assert_exact(trial)
    assert trial.trace.n_units == units
    kinds = {tensor.data_type for tensor in trial.pruned.proto.graph.initializer}
    assert kinds == {helper.np_dtype_to_tensor_dtype(np.dtype(dtype if dtype != "float" else "float32"))}


STORED = """g (float[N,4] x) => (float[N,5] y) <{0}[4,600] a, {0}[600,5] b> {{
  af = Cast <to=1> (a) bf = Cast <to=1> (b) p = MatMul (x, af) q = Relu (p) y = MatMul (q, bf)
}}"""


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float8e4m3fn", "double", "int8"])
def test_weights_stored_in_a_type_of_fewer_bits_are_pruned_as_they_are(dtype):
    """What onnxruntime cannot compute with is stored and cast; large enough to leave the protobuf on the way."""
    before = model(STORED.format(dtype), opset=21, ir=10)
    kinds = {tensor.name: tensor.data_type for tensor in before.proto.graph.initializer}
    trial = prune_randomly(before)
    assert_exact(trial)
    assert trial.trace.n_units == 600
    after = {t.name: (t.data_type, tuple(t.dims)) for t in trial.pruned.proto.graph.initializer}
    assert after == {"a": (kinds["a"], (4, 300)), "b": (kinds["b"], (300, 5))}


def test_weights_of_four_bits_are_pruned():
    text = """g (float[N,4] x) => (float[N,5] y) <float[4,8] a, float s={0.1}, int4[8,6] w, float[6,5] c> {
      p = MatMul (x, a) q = Relu (p) d = DequantizeLinear (w, s) r = MatMul (q, d) y = MatMul (r, c)
    }"""
    trial = prune_randomly(model(text, opset=21, ir=10))
    assert_exact(trial)
    assert trial.trace.n_units == 14


@pytest.mark.parametrize(("dtype", "text"), [("bfloat16", MLP), ("double", SMALL_CNN)])
def test_type_that_onnxruntime_cannot_run_is_refused_as_such(dtype, text):
    with pytest.raises(ModelError, match="onnxruntime does not load the model"):
        prune_randomly(model(text.format(dtype)))


def sparse(proto: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """The model with one initializer stored as places and values of what is not zero."""
    (tensor,) = (t for t in proto.graph.initializer if t.name == name)
    value = numpy_helper.to_array(tensor).copy()
    value[np.abs(value) < 0.3] = 0
    places = np.flatnonzero(value)
    values = numpy_helper.from_array(value.reshape(-1)[places], name)
    proto.graph.initializer.remove(tensor)
    index = numpy_helper.from_array(places, f"{name}_places")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, index, value.shape))
    return proto


def test_sparse_initializer_stays_and_the_rest_is_pruned():
    proto = sparse(parse(MLP.format("float")), "a")
    before = proto.graph.sparse_initializer[0].SerializeToString()
    trial = prune_randomly(lift(proto))
    assert_exact(trial)
    assert [group.n_units for group in trial.trace.groups] == [12]
    assert trial.pruned.proto.graph.sparse_initializer[0].SerializeToString() == before
    assert "MatMul" in {refusal.operator for refusal in trial.trace.refusals if refusal.axis == -1}


def test_network_in_external_data_is_pruned(tmp_path):
    onnx.save(parse(cnn(17)), tmp_path / "m.onnx", save_as_external_data=True, size_threshold=0)
    trial = prune_randomly(load(tmp_path / "m.onnx"))
    assert_exact(trial)
    *_, path = write_model(trial.pruned, tmp_path / "small.onnx")
    onnx.checker.check_model(str(path), full_check=True)


LEARNING = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>\n'
_TREE = """ai.onnx.ml.TreeEnsembleRegressor <n_targets=1, nodes_falsenodeids=[2,0,0], nodes_featureids=[0,0,0],
  nodes_hitrates=[1.0,1.0,1.0], nodes_missing_value_tracks_true=[0,0,0], nodes_modes=["BRANCH_LEQ","LEAF","LEAF"],
  nodes_nodeids=[0,1,2], nodes_treeids=[0,0,0], nodes_truenodeids=[1,0,0], nodes_values=[0.5,0.0,0.0],
  target_ids=[0,0], target_nodeids=[1,2], target_treeids=[0,0], target_weights=[1.0,2.0], post_transform="NONE">"""
_LAYERS = "<float[{0},16] a, float[16] ab, float[16,6] b, float[6,4] c>"
_REST = "q = Relu (p) r = MatMul (q, b) t = Relu (r) y = MatMul (t, c)"
PREPARED = {
    "scaled, normalised, imputed": ("(float[N,8] x)", 8, """s = ai.onnx.ml.Scaler <offset=[0.5], scale=[2.0]> (x)
        n = ai.onnx.ml.Normalizer <norm="L2"> (s)
        i = ai.onnx.ml.Imputer <imputed_value_floats=[0.0], replaced_value_float=-1.0> (n) p = Gemm (i, a, ab)"""),
    "numbers as one-hot": ("(int64[N] x, float[N,8] f)", 12, """o = ai.onnx.ml.OneHotEncoder <cats_int64s=[0,1,2,3]> (x)
        j = Concat <axis=1> (o, f) p = Gemm (j, a, ab)"""),
    "trees beside": ("(float[N,8] x)", 8, f"h = {_TREE} (x) g = Gemm (x, a, ab) p = Add (g, h)"),
}  # fmt: skip


@pytest.mark.parametrize("name", PREPARED)
def test_layers_behind_nodes_of_classical_learning_are_pruned(name):
    inputs, width, body = PREPARED[name]
    trial = prune_randomly(
        model(f"{LEARNING}g {inputs} => (float[N,4] y) {_LAYERS.format(width)} {{ {body} {_REST} }}")
    )
    assert_exact(trial)
    assert [group.n_units for group in trial.trace.groups] == [16, 6]
    assert {refusal.reason for refusal in trial.trace.refusals if refusal.axis == -1} == {"no rule for this operator"}


def test_layer_that_trees_read_stays_whole():
    body = f"p = Gemm (x, a, ab) v = Relu (p) h = {_TREE} (v) {_REST.replace('y =', 'z =')} y = Add (z, h)"
    trial = prune_randomly(model(f"{LEARNING}g (float[N,8] x) => (float[N,4] y) {_LAYERS.format(8)} {{ {body} }}"))
    assert_exact(trial)
    assert [group.n_units for group in trial.trace.groups] == [6]


_HEAD = """g (float[2,8] x{0}) => (float[2,4] y)
  <float[8,16] a, float[16] ab, float[16,16] w, float[16,6] b, float[6,4] c, int64 n={{3}}, bool yes={{1}},
   float[16] z> {{
  p = Gemm (x, a, ab) q = Relu (p) """
CONTROL = {
    "If": (", bool k", """r = If (k) <then_branch = g1 () => (float[2,16] u) { u = MatMul (q, w) },
        else_branch = g2 () => (float[2,16] v) { v = Identity (q) }>"""),
    "Loop": ("", """r = Loop (n, yes, q) <body = g1 (int64 i, bool ci, float[2,16] h) => (bool co, float[2,16] ho)
        { co = Identity (ci) hm = MatMul (h, w) ho = Tanh (hm) }>"""),
    "Scan": ("", """f, r = Scan <num_scan_inputs=1, body = g1 (float[16] h, float[16] e) => (float[16] ho, float[16] o)
        { hm = MatMul (h, w) ha = Add (hm, e) ho = Tanh (ha) o = Identity (ho) }> (z, q)"""),
}  # fmt: skip


LEFT_WHOLE = "If"
"""Of nodes with subgraphs those in the middle of a network that are not looked into."""


def bodies(proto: onnx.ModelProto) -> list[bytes]:
    """All subgraphs of a model's nodes."""
    attributes = [attribute for node in proto.graph.node for attribute in node.attribute]
    return [attribute.g.SerializeToString() for attribute in attributes if attribute.HasField("g")]


def test_branches_stay_as_they_are_and_the_rest_is_pruned():
    more, node = CONTROL[LEFT_WHOLE]
    proto = parse(_HEAD.format(more) + node + " s = MatMul (r, b) t = Relu (s) y = MatMul (t, c) }")
    before = bodies(proto)
    trial = prune_randomly(lift(proto))
    assert_exact(trial)
    assert bodies(trial.pruned.proto) == before
    assert [group.n_units for group in trial.trace.groups] == [6]
    assert LEFT_WHOLE in {refusal.operator for refusal in trial.trace.refusals}
    captured = next(t for t in trial.pruned.proto.graph.initializer if t.name == "w")
    assert tuple(captured.dims) == (16, 16)


@pytest.mark.parametrize("operator", sorted(CONTROL.keys() - {LEFT_WHOLE}))
def test_what_bodies_read_is_pruned_in_them_too(operator):
    more, node = CONTROL[operator]
    trial = prune_randomly(
        lift(parse(_HEAD.format(more) + node + " s = MatMul (r, b) t = Relu (s) y = MatMul (t, c) }"))
    )
    assert_exact(trial)
    assert [group.n_units for group in trial.trace.groups] == [16, 6]
    captured = next(t for t in trial.pruned.proto.graph.initializer if t.name == "w")
    assert tuple(captured.dims) == (8, 8)


NAMED = """g (float[2,8] x) => (float[2,2] y, string[2] l)
    <float[8,16] a, float[16,2] b, string[2] names={{"cat","dog"}}> {{
  p = MatMul (x, a) q = Relu (p) y = MatMul (q, b) {0}
}}"""


@pytest.mark.parametrize(
    "body",
    [
        "l = Identity (names)",
        "i = ArgMax <axis=1, keepdims=0> (y) l = Gather (names, i)",
        'k = Constant <value_strings=["a","b"]> () l = Identity (k)',
    ],
)
def test_names_of_classes_are_kept_and_the_layers_pruned(body):
    trial = prune_randomly(model(NAMED.format(body)))
    assert_exact(trial)
    assert trial.trace.n_units == 16


def test_input_of_strings_is_refused_in_words():
    text = f"""{LEARNING}g (string[N] x, float[N,8] f) => (float[N,4] y) <float[10,16] a, float[16,4] b> {{
      o = ai.onnx.ml.OneHotEncoder <cats_strings=["a","b"]> (x) j = Concat <axis=1> (o, f)
      p = MatMul (j, a) q = Relu (p) y = MatMul (q, b)
    }}"""
    with pytest.raises(ModelError, match="input 'x' is not a tensor of numbers"):
        prune_randomly(model(text))


def test_sequence_between_layers_pins_what_it_holds():
    text = """g (float[2,8] x) => (float[2,4] y) <float[8,16] a, float[16,6] b, float[6,4] c, int64 part={8}> {
      p = MatMul (x, a) q = Relu (p) l = SplitToSequence <axis=1> (q, part) r = ConcatFromSequence <axis=1> (l)
      s = MatMul (r, b) t = Relu (s) y = MatMul (t, c)
    }"""
    trial = prune_randomly(model(text))
    assert_exact(trial)
    assert [group.n_units for group in trial.trace.groups] == [6]


def test_optional_output_is_compared_and_kept():
    text = """g (float[2,8] x) => (optional(float[2,4]) o, float[2,4] y) <float[8,16] a, float[16,4] b> {
      p = MatMul (x, a) q = Relu (p) y = MatMul (q, b) o = Optional (y)
    }"""
    trial = prune_randomly(model(text, opset=18))
    assert_exact(trial)
    assert [info.name for info in trial.pruned.proto.graph.output] == ["o", "y"]
