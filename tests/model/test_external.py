"""External data is found wherever a model has tensors, in the folder of the model alone, and taken in."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from paoding_onnx.api import prune
from paoding_onnx.errors import ModelError
from paoding_onnx.model import load as load_module
from paoding_onnx.model.external import inner_tensors, is_external, mark_external
from paoding_onnx.model.load import load
from paoding_onnx.model.read import constants
from paoding_onnx.model.save import save_model
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from tests.models import model, parse, save
from tests.pruning import skip_latency

TEXT = """<ir_version: 9, opset_import: ["" : 17, "own" : 1]>
g (float[N,16] x) => (float[N,4] y) <float[16,32] w, float[32] b, float[32,4] v, bool c = {1}> {
  h = MatMul (x, w) a = Add (h, b) r = own.shifted (a)
  k = Constant <value = float[4] {1, 2, 3, 4}> ()
  m = MatMul (r, v) s = Add (m, k)
  y = If (c) <then_branch = t () => (float[N,4] p) { q = Constant <value = float[4] {5, 6, 7, 8}> () p = Mul (s, q) },
              else_branch = e () => (float[N,4] z) <float[4] i = {9, 10, 11, 12}> { z = Mul (s, i) }>
}
<domain: "own", opset_import: ["" : 17]>
shifted (u) => (o) { d = Constant <value = float[1] {0.5}> () e = Add (u, d) o = Relu (e) }"""
"""Tensors in initializers, a node, both branches of an If (one with an initializer), and a local function."""

FEEDS = {"x": np.random.default_rng(0).standard_normal((3, 16)).astype(np.float32)}


@pytest.fixture
def scattered(tmp_path):
    """A model file all of whose tensors keep their content in the file `weights.bin` beside it."""
    return scatter(parse(TEXT), tmp_path / "there")


def scatter(proto: onnx.ModelProto, folder: Path, place: str = "weights.bin") -> Path:
    """The model in a new folder, the content of every tensor in a file of its own."""
    folder.mkdir()
    content = b""
    for tensor in (*proto.graph.initializer, *inner_tensors(proto)):
        raw = onnx.numpy_helper.to_array(tensor).tobytes()
        for field in ("raw_data", "float_data", "int32_data", "int64_data"):
            tensor.ClearField(field)
        mark_external(tensor, place)
        tensor.external_data.add(key="offset", value=str(len(content)))
        tensor.external_data.add(key="length", value=str(len(raw)))
        content += raw
    (folder / place).write_bytes(content)
    return save(proto, folder / "model.onnx")


def inline() -> np.ndarray:
    """What the same model computes, all content inside."""
    return Session(model(TEXT)).run(FEEDS)["y"]


def test_tensors_are_found_wherever_they_are():
    proto = parse(TEXT)
    assert [tuple(tensor.dims) for tensor in inner_tensors(proto)] == [(4,), (4,), (4,), (1,)]


def test_sparse_tensors_are_found():
    proto = parse(TEXT)
    proto.graph.sparse_initializer.add(dims=[4])
    proto.graph.node[0].attribute.add(name="a").sparse_tensor.dims.append(4)
    proto.graph.node[0].attribute.add(name="b").sparse_tensors.add(dims=[4])
    assert len(list(inner_tensors(proto))) == 4 + 2 * 3


def test_external_data_is_read(scattered):
    loaded, wanted = load(scattered), constants(model(TEXT))
    assert loaded.external
    assert all(np.array_equal(value, wanted[name]) for name, value in constants(loaded).items())


def test_nothing_but_lifted_weights_is_external_any_more(scattered):
    loaded = load(scattered)
    tensors = (*loaded.proto.graph.initializer, *inner_tensors(loaded.proto))
    assert {tensor.name for tensor in tensors if is_external(tensor)} == {"w"} == set(loaded.weights)
    assert sum(len(tensor.external_data) for tensor in tensors) == 1


def test_external_data_in_nodes_and_subgraphs_is_found_from_another_folder(scattered, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(Session(load(scattered)).run(FEEDS)["y"], inline())


def test_file_of_the_same_name_in_the_working_directory_is_not_read(scattered, tmp_path, monkeypatch):
    (tmp_path / "weights.bin").write_bytes(bytes(len((scattered.parent / "weights.bin").read_bytes())))
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(Session(load(scattered)).run(FEEDS)["y"], inline())


def test_model_with_external_data_in_nodes_is_pruned_from_another_folder(scattered, tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    result = prune(scattered, "small.onnx", Options(target=0.5, method="magnitude", round_to=1))
    (scattered.parent / "weights.bin").unlink()
    assert result.sizes.after.parameters < result.sizes.before.parameters
    wanted = prune(model(TEXT), None, Options(target=0.5, method="magnitude", round_to=1)).model
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(
        Session(tmp_path / "out" / "small.onnx").run(FEEDS)["y"], Session(wanted).run(FEEDS)["y"]
    )


def test_what_is_written_needs_no_file_of_the_original(scattered, tmp_path):
    (tmp_path / "out").mkdir()
    save_model(load(scattered), tmp_path / "out" / "m.onnx")
    (scattered.parent / "weights.bin").unlink()
    np.testing.assert_array_equal(Session(tmp_path / "out" / "m.onnx").run(FEEDS)["y"], inline())


def test_files_of_tensors_in_nodes_belong_to_the_model(tmp_path):
    proto = parse("g (float[2] x) => (float[2] y) { k = Constant <value = float[2] {3, 4}> () y = Add (x, k) }")
    path = scatter(proto, tmp_path / "there", "k.bin")
    assert load(path).files == (path, path.parent / "k.bin")
    assert not load(path).external


def test_missing_external_data_is_a_model_error(scattered):
    (scattered.parent / "weights.bin").unlink()
    with pytest.raises(ModelError, match=r"keeps '.*' in 'weights\.bin', which cannot be read"):
        load(scattered)


def test_short_external_data_is_a_model_error(scattered):
    (scattered.parent / "weights.bin").write_bytes(b"short")
    with pytest.raises(ModelError, match="cannot be read"):
        load(scattered)


def places() -> list[str]:
    """The tensors in the model, told apart by where they are."""
    proto = parse(TEXT)
    initializers = [tensor.name for tensor in proto.graph.initializer]
    return [*initializers, *(f"inner {number}" for number, _ in enumerate(inner_tensors(proto)))]


@pytest.mark.parametrize("number", range(len(places())), ids=places())
@pytest.mark.parametrize("place", ["../secret.bin", "/etc/hostname", "", ".", "link.bin"])
def test_external_data_outside_the_folder_is_refused_wherever_it_is(place, number, tmp_path):
    proto = parse(TEXT)
    (tmp_path / "secret.bin").write_bytes(bytes(4096))
    tensor = (*proto.graph.initializer, *inner_tensors(proto))[number]
    for field in ("raw_data", "float_data", "int32_data"):
        tensor.ClearField(field)
    mark_external(tensor, place)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "link.bin").symlink_to(tmp_path / "secret.bin")
    path = save(proto, tmp_path / "inner" / "model.onnx")
    with pytest.raises(ModelError, match=f"in {place!r}, which cannot be read"):
        load(path)


def test_file_with_several_hard_links_is_refused_in_a_node(tmp_path):
    proto = parse("g (float[2] x) => (float[2] y) { k = Constant <value = float[2] {3, 4}> () y = Add (x, k) }")
    path = scatter(proto, tmp_path / "there")
    os.link(path.parent / "weights.bin", tmp_path / "other.bin")
    with pytest.raises(ModelError, match="cannot be read"):
        load(path)


def test_unknown_words_about_external_data_are_passed_over(scattered):
    proto = onnx.load(scattered, load_external_data=False)
    proto.graph.initializer[0].external_data.add(key="colour", value="red")
    assert set(load(save(proto, scattered)).weights) == {"w"}


def test_more_external_data_than_a_protobuf_holds_is_a_model_error(scattered, monkeypatch):
    monkeypatch.setattr(load_module, "MOST_KEPT", 100)
    with pytest.raises(ModelError, match="holds more than 2 GB apart from the weights that its nodes read"):
        load(scattered)


def test_file_of_a_terabyte_is_not_read_for_a_few_weights(scattered):
    with (scattered.parent / "weights.bin").open("r+b") as file:
        file.truncate(1 << 40)
    proto = onnx.load(scattered, load_external_data=False)
    for tensor in proto.graph.initializer:
        del tensor.external_data[1:]
    with pytest.raises(ModelError, match="which cannot be read: it has 1,099,511,627,776 bytes for"):
        load(save(proto, scattered))


def test_pipe_that_is_named_for_weights_is_not_waited_for(scattered):
    (scattered.parent / "weights.bin").unlink()
    os.mkfifo(scattered.parent / "weights.bin")
    with pytest.raises(ModelError, match="which cannot be read: it is a pipe, not a file"):
        load(scattered)
