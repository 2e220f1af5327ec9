"""A pruned model goes on to int8, float16 and `.ort`, and computes nearly the same in each."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import paoding_onnx
from scripts.benchmarks.edge import __main__ as edge_formats
from scripts.benchmarks.edge import formats
from scripts.benchmarks.edge.document import Row, markdown, summary
from scripts.benchmarks.edge.measure import Network, accuracy, drawn, feeds, median_seconds, outputs, synthetic
from scripts.train.datasets import read_sample
from tests.models import parse, save

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CNN = """g (float[N,3,16,16] image) => (float[N,10] y)
    <float[16,3,3,3] w, float[16] wb, float[24,16,3,3] v, float[24] vb, float[10,24] u, float[10] ub> {
  a = Conv <pads = [1,1,1,1]> (image, w, wb) b = Relu (a)
  c = Conv <pads = [1,1,1,1]> (b, v, vb) d = Relu (c)
  e = GlobalAveragePool (d) f = Flatten (e) y = Gemm <transB = 1> (f, u, ub)
}"""
TOLERANCES = {
    "float32": 0.0,
    "float32 `.ort`": 1e-5,
    "float16": 5e-3,
    "float16 `.ort`": 5e-3,
    "int8 dynamic": 0.1,
    "int8 static, synthetic inputs": 0.1,
    "int8 static, synthetic inputs `.ort`": 0.1,
    "int8 static, real images": 0.1,
}
"""How far outputs may move, as a share of the largest float32 output.

In int8 it is 0.012 where sums of products of 8 bits are right, and up to 0.055 on x86 without VNNI, where they
overflow.
"""


def small_cnn(path: Path) -> Path:
    """A CNN that declares the shape of its transposed weight, as PyTorch's newer exporter does."""
    proto = parse(CNN)
    proto.graph.value_info.append(onnx.helper.make_tensor_value_info("u", onnx.TensorProto.FLOAT, [10, 24]))
    return save(proto, path)


@pytest.fixture(scope="module")
def pruned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edge")
    original, small = small_cnn(folder / "original.onnx"), folder / "small.onnx"
    paoding_onnx.prune(original, small, paoding_onnx.Options(target=0.25, by="parameters"))
    return small


@pytest.fixture(scope="module")
def inputs(pruned):
    return synthetic(Network("small", pruned, 255), 64, seed=1)


@pytest.fixture(scope="module")
def files(pruned, inputs):
    made = synthetic(Network("small", pruned, 255), 64, seed=0)
    return edge_formats.converted(pruned, pruned.parent / "formats", made, inputs)


def difference(files, name, inputs):
    want = outputs(files["float32"], inputs)
    return np.abs(outputs(files[name], inputs) - want).max() / np.abs(want).max()


def test_every_format_is_made_and_has_a_tolerance(files):
    assert files.keys() == TOLERANCES.keys()


@pytest.mark.parametrize("name", TOLERANCES)
def test_outputs_of_a_pruned_model_are_close_in_every_format(files, inputs, name):
    assert difference(files, name, inputs) <= TOLERANCES[name]


@pytest.mark.parametrize("name", ["float16", "int8 dynamic", "int8 static, synthetic inputs"])
def test_formats_really_round(files, inputs, name):
    assert difference(files, name, inputs) > 1e-6


def test_calibration_on_inputs_of_the_wrong_range_is_noticed(pruned, files, inputs):
    dark = [{"image": feed["image"] / 100} for feed in inputs]
    wrong = formats.int8_static(pruned, pruned.parent / "wrong.onnx", dark)
    assert difference({**files, "wrong": wrong}, "wrong", inputs) > TOLERANCES["int8 static, real images"]


def test_without_real_images_their_row_is_left_out(pruned, inputs):
    names = edge_formats.converted(pruned, pruned.parent / "made", inputs, ())
    assert names.keys() == TOLERANCES.keys() - {"int8 static, real images"}


def types_of_weights(path):
    return {tensor.data_type for tensor in onnx.load(path).graph.initializer if len(tensor.dims) > 1}


def test_weights_have_the_type_of_the_format(files):
    kind = onnx.TensorProto
    assert types_of_weights(files["float16"]) == {kind.FLOAT16}
    assert types_of_weights(files["int8 dynamic"]) == {kind.UINT8}
    assert types_of_weights(files["int8 static, synthetic inputs"]) == {kind.INT8}


def test_ort_files_are_in_onnxruntimes_own_format(files):
    for name in (name for name in files if name.endswith("`.ort`")):
        assert files[name].read_bytes()[4:8] == b"ORTM"
        assert list(files[name].parent.glob(f"{files[name].stem}.required_operators.config"))


def test_the_pruned_file_is_not_touched(pruned, inputs):
    before = pruned.read_bytes()
    edge_formats.converted(pruned, pruned.parent / "again", inputs, ())
    assert pruned.read_bytes() == before


def test_images_are_fed_as_the_network_reads_them(tmp_path):
    text = "g (float[N,{}] image) => (float[N,10] y) <float[48,10] w> {{ a = Flatten (image) y = MatMul (a, w) }}"
    images = np.arange(96, dtype=np.uint8).reshape(2, 3, 4, 4)
    for sizes, want in (("3,4,4", images), ("4,4,3", images.transpose(0, 2, 3, 1))):
        network = Network("net", save(parse(text.format(sizes)), tmp_path / "net.onnx"), 2)
        (feed,) = feeds(network, images)
        assert np.array_equal(feed["image"], want / np.float32(2))


def test_accuracy_is_the_share_of_right_answers(tmp_path):
    text = "g (float[N,3] x) => (float[N,3] y) { y = Identity (x) }"
    path = save(parse(text), tmp_path / "same.onnx")
    assert accuracy(path, [{"x": np.eye(3, dtype=np.float32)}], np.array([0, 1, 0])) == pytest.approx(2 / 3)


def test_more_work_takes_longer(tmp_path):
    text = "g (float[N,256] x) => (float[N,256] y) <float[256,256] w> {{ a0 = Identity (x) {} y = Identity (a{}) }}"
    paths = {}
    for count in (1, 40):
        layers = " ".join(f"a{k + 1} = MatMul (a{k}, w)" for k in range(count))
        paths[str(count)] = save(parse(text.format(layers, count)), tmp_path / f"{count}.onnx")
    seconds = median_seconds(paths, {"x": np.ones((32, 256), np.float32)}, threads=1, rounds=5)
    assert seconds["40"] > seconds["1"] > 0


def test_test_images_are_drawn_with_their_labels():
    whole = read_sample(ROOT / "models" / "cifar10_cnn_test.npz")
    some = drawn(whole, 20, seed=0)
    assert some.x_test.shape == (20, 3, 32, 32)
    rows = [int(np.flatnonzero((whole.x_test == image).all((1, 2, 3)))[0]) for image in some.x_test]
    assert np.array_equal(whole.y_test[rows], some.y_test)
    assert len(drawn(whole, 0, seed=0).y_test) == len(whole.y_test)


def test_table_says_where_a_format_is_slower():
    rows = [Row("net", 1.0, "float32", 0.5, 4000, 1.0, 1.0), Row("net", 0.5, "float16", 0.5, 2000, 0.7, 1.4)]
    assert markdown(rows).splitlines()[2:] == [
        "| net | 100% | float32 | 50.0% | 4 | x 1.00 | x 1.00 |",
        "| net | 50% | float16 | 50.0% | 2 | x 0.70 | x 1.40 **slower** |",
    ]


def test_summary_is_about_the_smallest_file_of_a_format():
    rows = [
        Row("net", 1.0, "float32", 0.8, 4000, 1.0, 1.0),
        Row("net", 1.0, "int8", 0.79, 1000, 0.5, 0.5),
        Row("net", 0.5, "float32", 0.75, 2000, 0.7, 1.0),
        Row("net", 0.5, "int8", 0.74, 500, 0.25, 0.36),
    ]
    want = "- `net` with 50% of its parameters, as int8: 12% of the file, 0.25 of the time, accuracy 80.0% -> 74.0%."
    assert summary(rows, "int8") == want


def test_steps_in_the_document_run_as_they_stand(tmp_path):
    steps = (ROOT / "docs" / "guides" / "edge.md").read_text().split("## Step by step")[1].split("\n## ")[0]
    original = small_cnn(tmp_path / "original.onnx")
    blocks = re.findall(r"```(sh|python)\n(.*?)```", steps.replace("models/cifar10_cnn.onnx", str(original)), re.DOTALL)
    shell = [text.split() for kind, text in blocks if kind == "sh"]
    assert [words[0] for words in shell] == ["paoding_onnx", "python"]
    code = "\n".join(text for kind, text in blocks if kind == "python")
    for words in (["-m", *shell[0]], ["-c", code], shell[1][1:]):
        subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True
        )
    inputs = synthetic(Network("small", tmp_path / "small.onnx", 255), 32, seed=1)
    names = {"float32": "small.onnx", "float16": "small.float16.onnx", "int8 dynamic": "small.dynamic.onnx"}
    names |= {
        "int8 static, synthetic inputs": "small.static.onnx",
        "int8 static, synthetic inputs `.ort`": "small.static.ort",
    }
    found = {name: tmp_path / file for name, file in names.items()}
    moved = {name: difference(found, name, inputs) for name in found}
    assert [name for name in found if moved[name] > TOLERANCES[name]] == []
