"""A network run piece by piece gives what it gives run whole, with little memory and nothing left behind."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.layerwise import stream as layerwise_stream
from paoding_onnx.layerwise.stream import Stream, Watcher
from paoding_onnx.model.compare import relative_error
from paoding_onnx.model.graph import Graph, needed
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import computed_names, constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.lifting import lifted
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.cut import reweigh
from tests.bodies import TEXTS as BODIES
from tests.models import model
from tests.pruning import CNN, MLP, files

MODELS = {
    "rows": MLP,
    "images": CNN,
    "residual": """g (float[N,3,8,8] x) => (float[N,5,8,8] y, float[N,8,8,8] t)
        <float[8,3,1,1] a, float[6,8,3,3] b, float[8,6,1,1] c, float[8] k, float[5,8,1,1] d> {
      p = Conv (x, a) n = BatchNormalization (p, k, k, k, k) q = Conv <pads=[1,1,1,1]> (n, b) r = Relu (q)
      s = Conv (r, c) t = Add (n, s) u = Relu (t) y = Conv (u, d)
    }""",
    "subgraph": """g (float[N,3] x) => (float[N,3] y) <float[3,3] a, float[3,3] b, float[3] h> {
      p = MatMul (x, a) q = Relu (p) s = ReduceSum <keepdims=0> (q) z = Constant <value = float {1.0}> ()
      k = Greater (s, z)
      r = If (k) <then_branch = t () => (float[d,3] u) { u = MatMul (p, b) },
                  else_branch = e () => (float[d,3] v) { v = Add (p, h) }>
      y = Add (r, q)
    }""",
    "several outputs": """g (float[N,6] x) => (float[N,3] y, float[N,3] z) <int64[2] k = {3, 3}, float[3,3] a> {
      p, q = Split <axis=1> (x, k) r = MatMul (p, a) y = Add (r, q) z = Relu (q)
    }""",
    "two inputs": """g (float[N,3] x, float[N,3] w) => (float[N,3] y) <float[3,3] a> {
      p = MatMul (x, a) q = MatMul (w, p2) p2 = Neg (a) y = Add (p, q)
    }""".replace("q = MatMul (w, p2) p2 = Neg (a)", "p2 = Neg (a) q = MatMul (w, p2)"),
    "shape arithmetic": """g (float[N,4,6] x) => (float[N,3,8] y) <float[24,24] a> {
      f = Flatten (x) p = MatMul (f, a) s = Shape (x) z = Constant <value = int64[1] {0}> () n = Gather (s, z)
      t = Constant <value = int64[2] {3, 8}> () g1 = Concat <axis=0> (n, t) y = Reshape (p, g1)
    }""",
    "half precision": MLP.replace("float[", "float16["),
}
every_model = pytest.mark.parametrize("name", MODELS)


def feeds_of(graph: Graph, sizes: tuple[int, ...] = (3, 3, 2)) -> list[Mapping[str, Array]]:
    """Random inputs, in batches of these sizes."""
    rng = np.random.default_rng(3)
    return [
        {
            name: rng.standard_normal((size, *(graph.tensors[name].shape or ())[1:])).astype(graph.tensors[name].dtype)
            for name in graph.inputs
        }
        for size in sizes
    ]


def studied(text: str, **versions: int) -> tuple[Model, Graph, list[Mapping[str, Array]]]:
    """The model in a text, what it consists of, and inputs for it."""
    subject = model(text, **versions)
    graph = observe(subject)
    return subject, graph, feeds_of(graph)


def whole(subject: Model, feeds: list[Mapping[str, Array]]) -> list[Mapping[str, Array]]:
    """Every tensor of the model, run as a whole, batch by batch."""
    session = Session(subject, watch=computed_names(subject))
    return [session.run(feed) for feed in feeds]


def worst(stream: Stream, name: str, wanted: list[Mapping[str, Array]]) -> float:
    """The largest difference between what a stream holds and what is wanted."""
    pairs = list(zip(stream.value(name), wanted, strict=True))
    assert all(got.shape == batch[name].shape for got, batch in pairs)
    return max(float(np.abs(np.asarray(got, np.float64) - batch[name]).max(initial=0)) for got, batch in pairs)


def refused(run: Callable[[], None]) -> None:
    """See to it that a model does not run."""
    with pytest.raises(ModelError, match="does not run the model"):
        run()


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> Path:
    """The folder that temporary files go to."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def noted(seen: list[Array]) -> Watcher:
    """A watcher that notes what it is shown, which has to come in the order of the batches."""

    def show(value: Array, batch: int) -> None:
        assert batch == len(seen)
        seen.append(value)

    return show


@every_model
@pytest.mark.parametrize("memory", [1 << 30, 1], ids=["in memory", "on disk"])
def test_every_tensor_is_what_the_whole_model_gives(name, memory):
    subject, graph, feeds = studied(MODELS[name])
    wanted = whole(subject, feeds)
    made = [t.name for node in graph.nodes for t in node.outputs if t is not None and not t.is_constant]
    with Stream(subject, graph, feeds, memory=memory) as stream:
        stream.keep(made)
        for stop in range(1, len(graph.nodes) + 1):
            stream.advance(stop)
        assert max(worst(stream, tensor, wanted) for tensor in made) < (1e-2 if name == "half precision" else 1e-5)


@every_model
@pytest.mark.parametrize("most", [1 << 24, 1], ids=["in one piece", "a few nodes at a time"])
def test_watchers_see_every_tensor_batch_by_batch(name, most, monkeypatch):
    monkeypatch.setattr(layerwise_stream, "WATCHED_NUMBERS", most)
    subject, graph, feeds = studied(MODELS[name])
    wanted = whole(subject, feeds)
    made = [t.name for node in graph.nodes for t in node.outputs if t is not None and not t.is_constant]
    seen: dict[str, list[Array]] = {tensor: [] for tensor in made}
    with Stream(subject, graph, feeds) as stream:
        stream.advance(len(graph.nodes), {tensor: noted(seen[tensor]) for tensor in made})
    tolerance = 1e-2 if name == "half precision" else 1e-5
    for tensor, batches in seen.items():
        assert len(batches) == len(feeds)
        assert max(relative_error(batch[tensor], got) for got, batch in zip(batches, wanted, strict=True)) < tolerance


def test_what_is_watched_alone_is_not_held():
    subject, graph, feeds = studied(MLP)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(4, {"r": lambda _value, _batch: None})
        with pytest.raises(KeyError):
            stream.value("r")


@every_model
def test_what_is_held_keeps_none_of_the_memory_that_a_run_took(name):
    subject, graph, feeds = studied(MODELS[name])
    made = [t.name for node in graph.nodes for t in node.outputs if t is not None and not t.is_constant]
    with Stream(subject, graph, feeds) as stream:
        stream.keep(made)
        stream.advance(len(graph.nodes))
        assert all(value.base is None for tensor in made for value in stream.value(tensor))


@every_model
@pytest.mark.parametrize("pace", [1, 2, 100])
def test_outputs_do_not_depend_on_the_pace(name, pace):
    subject, graph, feeds = studied(MODELS[name])
    wanted = whole(subject, feeds)
    with Stream(subject, graph, feeds) as stream:
        for stop in [*range(0, len(graph.nodes), pace), len(graph.nodes)]:
            stream.advance(stop)
        assert max(worst(stream, tensor, wanted) for tensor in graph.outputs) < 1e-2


@every_model
def test_remaining_nodes_give_the_outputs(name):
    subject, graph, feeds = studied(MODELS[name])
    wanted = whole(subject, feeds)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(1)
        found = stream.rest(())({})
    for output, batches in found.items():
        for got, batch in zip(batches, wanted, strict=True):
            np.testing.assert_allclose(got, batch[output], atol=1e-2 if got.dtype == np.float16 else 1e-5)
    assert found.keys() == set(graph.outputs)


def test_wrong_constant_would_be_noticed():
    subject, graph, feeds = studied(CNN)
    wrong = {"a": constants(subject)["a"][::-1].copy()}
    with Stream(subject, graph, feeds, overrides=wrong) as stream:
        stream.advance(len(graph.nodes))
        assert worst(stream, "y", whole(subject, feeds)) > 1e-2


def test_what_no_later_node_reads_is_forgotten():
    subject, graph, feeds = studied(MLP)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(3)
        assert stream.value("r")
        for gone in ("x", "p", "q"):
            with pytest.raises(KeyError):
                stream.value(gone)


def test_kept_tensor_is_held_until_it_is_dropped():
    subject, graph, feeds = studied(MLP)
    with Stream(subject, graph, feeds) as stream:
        stream.keep(["p"])
        stream.advance(5)
        assert len(stream.value("p")) == 3
        stream.drop("p")
        with pytest.raises(KeyError):
            stream.value("p")


def test_dropped_tensor_stays_while_later_nodes_read_it():
    subject, graph, feeds = studied(MODELS["residual"])
    with Stream(subject, graph, feeds) as stream:
        stream.keep(["n"])
        stream.advance(3)
        stream.drop("n")
        assert len(stream.value("n")) == 3
        stream.advance(6)
        with pytest.raises(KeyError):
            stream.value("n")


def test_changed_constant_counts_for_nodes_to_come():
    subject, graph, feeds = studied(MLP)
    new = {"c": 2 * constants(subject)["c"]}
    with Stream(subject, graph, feeds) as stream:
        stream.advance(3)
        stream.override(new)
        stream.advance(len(graph.nodes))
        assert worst(stream, "y", whole(reweigh(subject, new), feeds)) < 1e-5


def test_changed_constant_does_not_count_for_nodes_that_ran():
    subject, graph, feeds = studied(MLP)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(3)
        stream.override({"a": 0 * constants(subject)["a"]})
        stream.advance(len(graph.nodes))
        assert worst(stream, "y", whole(subject, feeds)) < 1e-5


def test_peek_runs_on_but_does_not_move():
    subject, graph, feeds = studied(MLP)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(2)
        seen = list(stream.peek(5, "t"))
        assert stream.position == 2
        assert stream.value("q")
    for got, batch in zip(seen, whole(subject, feeds), strict=True):
        np.testing.assert_allclose(got, batch["t"], atol=1e-5)


def test_peek_may_look_at_some_batches_alone():
    subject, graph, feeds = studied(MLP)
    with Stream(subject, graph, feeds) as stream:
        (seen,) = stream.peek(5, "t", [2])
    np.testing.assert_allclose(seen, whole(subject, feeds)[2]["t"], atol=1e-5)


@every_model
@pytest.mark.parametrize("ahead", [[0], [1, 2], [2, 0]], ids=str)
def test_batches_that_go_ahead_change_nothing_for_the_others(name, ahead):
    subject, graph, feeds = studied(MODELS[name])
    wanted = whole(subject, feeds)
    with Stream(subject, graph, feeds) as stream:
        for stop in range(1, len(graph.nodes)):
            stream.advance(stop, batches=ahead)
        assert stream.position == 0
        stream.advance(len(graph.nodes))
        assert max(worst(stream, tensor, wanted) for tensor in graph.outputs) < 1e-2


def test_batches_that_follow_run_with_the_constants_that_were_changed_meanwhile():
    subject, graph, feeds = studied(MLP)
    new = {"a": 2 * constants(subject)["a"]}
    with Stream(subject, graph, feeds) as stream:
        stream.advance(3, batches=[1])
        stream.override(new)
        stream.advance(len(graph.nodes))
        got = stream.value("y")
        np.testing.assert_allclose(got[1], whole(subject, feeds)[1]["y"], atol=1e-5)
        np.testing.assert_allclose(got[0], whole(reweigh(subject, new), feeds)[0]["y"], atol=1e-4)


def test_batches_are_peeked_at_from_where_they_are():
    subject, graph, feeds = studied(MLP)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(3, batches=[0, 2])
        seen = list(stream.peek(5, "t", [2, 1, 0]))
    for got, batch in zip(seen, [2, 1, 0], strict=True):
        np.testing.assert_allclose(got, whole(subject, feeds)[batch]["t"], atol=1e-5)


def test_watchers_are_not_shown_what_they_skip():
    subject, graph, feeds = studied(MLP)
    seen: list[tuple[str, int]] = []
    watchers = {name: lambda _, batch, name=name: seen.append((name, batch)) for name in ("r", "t")}
    with Stream(subject, graph, feeds) as stream:
        stream.advance(5, watchers, skips=lambda name, batch: name == "r" and batch > 0)
    assert seen == [("r", 0), ("t", 0), ("t", 1), ("t", 2)]


def test_rest_is_a_function_of_free_constants():
    subject, graph, feeds = studied(MLP)
    new = {"c": np.ones((12, 4), np.float32)}
    with Stream(subject, graph, feeds) as stream:
        stream.advance(2)
        run = stream.rest(("c",))
        old, changed = run({"c": constants(subject)["c"]}), run(new)
    for given, found in ((subject, old), (reweigh(subject, new), changed)):
        for got, batch in zip(found["y"], whole(given, feeds), strict=True):
            np.testing.assert_allclose(got, batch["y"], atol=1e-5)


def test_rest_counts_what_is_watched_as_outputs():
    subject = model(MODELS["residual"])
    graph = replace(observe(subject), watched=("r", "n"))
    feeds = [{"x": np.ones((2, 3, 8, 8), np.float32)}]
    with Stream(subject, graph, feeds) as stream:
        stream.advance(2)
        found = stream.rest(("c",))({"c": constants(subject)["c"]})
    assert list(found) == ["y", "t", "r"]
    np.testing.assert_allclose(found["r"][0], Session(subject, watch=["r"]).run(feeds[0])["r"], rtol=1e-5, atol=1e-6)


def test_rest_leaves_out_outputs_that_exist_already():
    subject, graph, feeds = studied(MODELS["residual"])
    with Stream(subject, graph, feeds) as stream:
        stream.advance(6)
        assert stream.rest(())({}).keys() == {"y"}


def test_large_constants_are_free_too():
    text = "g (float[N,8] x) => (float[N,4] y) <float[8,64] a, float[64,4] b> { p = MatMul (x, a) y = MatMul (p, b) }"
    subject = model(text)
    assert subject.weights.keys() == {"a", "b"}
    graph = observe(subject)
    with Stream(subject, graph, feeds_of(graph)) as stream:
        found = stream.rest(("b",))({"b": np.zeros((64, 4), np.float32)})
    assert not any(batch.any() for batch in found["y"])


def test_advancing_backwards_does_nothing():
    subject, graph, feeds = studied(MLP)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(3)
        stream.advance(1)
        assert stream.position == 3
        assert stream.value("r")


def test_nothing_is_written_while_memory_suffices(scratch):
    subject, graph, feeds = studied(CNN)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(4)
        assert files(scratch) == {}


def test_tensors_beyond_the_memory_are_in_files(scratch):
    subject, graph, feeds = studied(CNN)
    with Stream(subject, graph, feeds, memory=100) as stream:
        stream.advance(4)
        assert len(files(scratch)) == 3


def test_files_of_forgotten_tensors_are_removed_at_once(scratch):
    subject = model(CNN)
    graph = observe(subject)
    most = 0
    with Stream(subject, graph, feeds_of(graph), memory=1) as stream:
        for stop in range(1, len(graph.nodes) + 1):
            stream.advance(stop)
            most = max(most, len(files(scratch)))
    assert most == 3


def test_no_file_is_left_behind(scratch):
    subject, graph, feeds = studied(CNN)
    with Stream(subject, graph, feeds, memory=1) as stream:
        stream.advance(4)
    assert list(scratch.iterdir()) == []


def test_no_file_is_left_behind_by_an_error(scratch):
    subject = model(CNN)
    graph = observe(subject)
    with suppress(ModelError), Stream(subject, graph, feeds_of(graph), memory=1) as stream:
        stream.advance(4)
        raise ModelError("on the way")
    assert list(scratch.iterdir()) == []


def test_memory_is_that_of_what_is_held(scratch):
    """Two batches of 8 bytes fit into 16: the third goes to a file."""
    subject = model("g (float[N] x) => (float[N] y) { p = Neg (x) y = Relu (p) }")
    graph = observe(subject)
    with Stream(subject, graph, [{"x": np.ones(2, np.float32)}] * 3, memory=16):
        assert len(files(scratch)) == 1


def test_inputs_that_do_not_fit_are_reported():
    subject = model(MLP)
    graph = observe(subject)
    with Stream(subject, graph, [{"x": np.zeros((2, 9), np.float32)}]) as stream:
        run = partial(stream.advance, 2)
        refused(run)


def test_model_is_not_changed():
    subject = model(MODELS["subgraph"])
    graph = observe(subject)
    before = subject.proto.SerializeToString()
    with Stream(subject, graph, feeds_of(graph), overrides={"b": np.zeros((3, 3), np.float32)}) as stream:
        stream.advance(len(graph.nodes))
    assert subject.proto.SerializeToString() == before


@pytest.mark.parametrize("ir", [3, 10])
def test_any_version_of_the_format_runs_in_pieces(ir):
    subject, graph, feeds = studied(MLP, ir=ir, opset=8)
    with Stream(subject, graph, feeds) as stream:
        stream.advance(4)
        stream.advance(len(graph.nodes))
        assert worst(stream, "y", whole(subject, feeds)) < 1e-5


def test_needed_nodes_are_those_on_the_way_in_their_order():
    graph = observe(model(MODELS["residual"]))
    assert needed(graph.nodes, ["t"]) == [0, 1, 2, 3, 4, 5]
    assert needed(graph.nodes[2:], ["r"]) == [0, 1]
    assert needed(graph.nodes, ["x"]) == []


def test_nodes_that_a_subgraph_reads_are_needed_for_it():
    graph = observe(model(MODELS["subgraph"]))
    first, (branching,) = graph.nodes[0], [node for node in graph.nodes if node.captures]
    assert needed([first, graph.nodes[1], branching], ["r"]) == [0, 2]


def test_many_small_batches_cost_in_proportion():
    """Ten times the batches take about ten times the looks at what is held, not a hundred times."""
    subject = model("g (float[1,2] x) => (float[1,2] y) { p = Neg (x) q = Neg (p) r = Neg (q) y = Relu (r) }")
    graph = observe(subject)

    def calls(count: int) -> int:
        profile = cProfile.Profile()
        with profile, Stream(subject, graph, [{"x": np.ones((1, 2), np.float32)}] * count) as stream:
            stream.advance(2)
        return int(pstats.Stats(profile).total_calls)

    assert calls(300) < 15 * calls(30)


def test_tensor_in_a_body_is_shown_as_it_was_at_all_steps():
    subject = lifted(model(BODIES["while"]))
    graph = observe(subject)
    feeds = [{"x": np.random.default_rng(k).standard_normal((2, 5, 4)).astype(np.float32)} for k in range(2)]
    seen: dict[str, list[Array]] = {"h2": [], "h0": []}
    with Stream(subject, graph, feeds) as stream:
        stream.advance(len(graph.nodes), {name: noted(found) for name, found in seen.items()})
        outside = [stream.value("y")[k] for k in range(2)]
    wanted = [Session(subject, watch=["all"]).run(feed) for feed in feeds]
    for k in range(2):
        np.testing.assert_allclose(seen["h2"][k], wanted[k]["all"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(seen["h0"][k][1:], wanted[k]["all"][:-1], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(outside[k], wanted[k]["y"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pace", [1, 3])
@pytest.mark.parametrize("name", ["while", "scan", "nested", "pair"])
def test_network_with_a_body_runs_in_pieces(name, pace):
    subject = lifted(model(BODIES[name]))
    graph = observe(subject)
    feed = {"x": np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)}
    with Stream(subject, graph, [feed]) as stream:
        for stop in range(pace, len(graph.nodes) + pace, pace):
            stream.advance(min(stop, len(graph.nodes)))
        found = stream.value("y")[0]
    np.testing.assert_allclose(found, Session(subject).run(feed)["y"], rtol=1e-5, atol=1e-6)
