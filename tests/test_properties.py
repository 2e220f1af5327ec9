"""Random networks, pruned at random, satisfy every proof; and no stage changes what it was given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.model.load import Model
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import make_plan
from paoding_onnx.verification.masked import mask
from tests.models import model, prune_randomly, random_plan, zeroed_and_cut

pytestmark = pytest.mark.slow

CHANNELS = st.sampled_from([2, 3, 4, 6])
ACTIVATIONS = st.sampled_from(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Neg", "HardSwish"])


@dataclass
class Network:
    """ONNX text in the making: lines, weights, and the channels of each tensor of 6x6 pixels so far."""

    lines: list[str] = field(default_factory=list)
    weights: list[str] = field(default_factory=list)
    channels: dict[str, int] = field(default_factory=lambda: {"x": 3})

    def weight(self, *shape: int) -> str:
        """The name of a new weight."""
        name = f"w{len(self.weights)}"
        self.weights.append(f"float[{','.join(map(str, shape))}] {name}")
        return name

    def integers(self, *entries: int) -> str:
        """The name of a new constant."""
        name = f"w{len(self.weights)}"
        self.weights.append(f"int64[{len(entries)}] {name} = {{{','.join(map(str, entries))}}}")
        return name

    def add(self, channels: int, call: str) -> str:
        """The name of a new tensor that `call` makes."""
        name = f"t{len(self.channels)}"
        self.lines.append(f"{name} = {call}")
        self.channels[name] = channels
        return name

    def split(self, channels: tuple[int, ...], call: str) -> None:
        """New tensors that `call` makes all at once."""
        names = [f"t{len(self.channels) + k}" for k in range(len(channels))]
        self.lines.append(f"{', '.join(names)} = {call}")
        self.channels |= dict(zip(names, channels, strict=True))

    def text(self, last: str) -> str:
        """The whole model; it classifies what `last` holds."""
        flat = self.channels[last] * 36
        dense, bias = self.weight(7, flat), self.weight(7)
        out = self.weight(7, 4)
        tail = f"f = Flatten ({last}) h = Gemm <transB=1> (f, {dense}, {bias}) r = Relu (h) y = MatMul (r, {out})"
        body = "\n".join(self.lines)
        return f"g (float[N,3,6,6] x) => (float[N,4] y) <{', '.join(self.weights)}> {{\n{body}\n{tail}\n}}"


def conv(draw: st.DrawFn, net: Network, source: str) -> None:
    channels, kernel = draw(CHANNELS), draw(st.sampled_from([1, 3]))
    weight, pads = net.weight(channels, net.channels[source], kernel, kernel), [kernel // 2] * 4
    bias = f", {net.weight(channels)}" if draw(st.booleans()) else ""
    net.add(channels, f"Conv <pads={pads}> ({source}, {weight}{bias})")


def depthwise(draw: st.DrawFn, net: Network, source: str) -> None:
    channels, times = net.channels[source], draw(st.sampled_from([1, 2]))
    weight = net.weight(channels * times, 1, 3, 3)
    net.add(channels * times, f"Conv <group={channels}, pads=[1,1,1,1]> ({source}, {weight})")


def grouped(draw: st.DrawFn, net: Network, source: str) -> None:
    channels = net.channels[source]
    group = 2 if channels % 2 == 0 else 1
    weight = net.weight(2 * draw(CHANNELS), channels // group, 1, 1)
    net.add(int(net.weights[-1].split("[")[1].split(",")[0]), f"Conv <group={group}> ({source}, {weight})")


def norm(draw: st.DrawFn, net: Network, source: str) -> None:
    channels = net.channels[source]
    weights = ", ".join(net.weight(channels) for _ in range(4))
    net.add(channels, f"BatchNormalization ({source}, {weights})")


def activation(draw: st.DrawFn, net: Network, source: str) -> None:
    net.add(net.channels[source], f"{draw(ACTIVATIONS)} ({source})")


def pool(draw: st.DrawFn, net: Network, source: str) -> None:
    kind = draw(st.sampled_from(["MaxPool", "AveragePool"]))
    net.add(net.channels[source], f"{kind} <kernel_shape=[3,3], pads=[1,1,1,1]> ({source})")


def residual(draw: st.DrawFn, net: Network, source: str) -> None:
    alike = [name for name, channels in net.channels.items() if channels == net.channels[source]]
    operator = draw(st.sampled_from(["Add", "Mul", "Max", "Sub"]))
    net.add(net.channels[source], f"{operator} ({source}, {draw(st.sampled_from(alike))})")


def concat(draw: st.DrawFn, net: Network, source: str) -> None:
    others = draw(st.lists(st.sampled_from(list(net.channels)), min_size=1, max_size=2))
    channels = sum(net.channels[name] for name in (source, *others))
    net.add(channels, f"Concat <axis=1> ({', '.join((source, *others))})")


def split(draw: st.DrawFn, net: Network, source: str) -> None:
    channels = net.channels[source]
    if channels % 2:
        return
    net.split((channels // 2, channels // 2), f"Split <axis=1> ({source})")


def gate(draw: st.DrawFn, net: Network, source: str) -> None:
    channels = net.channels[source]
    down, up = net.weight(2, channels, 1, 1), net.weight(channels, 2, 1, 1)
    number = len(net.channels)
    net.lines.append(f"p{number} = GlobalAveragePool ({source}) q{number} = Conv (p{number}, {down})")
    net.lines.append(f"r{number} = Conv (q{number}, {up}) s{number} = Sigmoid (r{number})")
    net.add(channels, f"Mul ({source}, s{number})")


def shuffle(draw: st.DrawFn, net: Network, source: str) -> None:
    channels = net.channels[source]
    if channels % 2:
        return
    apart, together = net.integers(0, 2, channels // 2, 6, 6), net.integers(0, channels, 6, 6)
    number = len(net.channels)
    net.lines.append(f"u{number} = Reshape ({source}, {apart}) v{number} = Transpose <perm=[0,2,1,3,4]> (u{number})")
    net.add(channels, f"Reshape (v{number}, {together})")


def shift(draw: st.DrawFn, net: Network, source: str) -> None:
    """Drop the first channel, or put one or two of zeros around the others."""
    channels, number = net.channels[source], draw(st.sampled_from([-1, 1, 2]))
    if channels + number < 2:
        return
    if number < 0:
        parameter_axes = ", ".join(net.integers(entry) for entry in (1, 99, 1))
        net.add(channels - 1, f"Slice ({source}, {parameter_axes})")
    else:
        net.add(channels + number, f"Pad ({source}, {net.integers(0, 1, 0, 0, 0, number - 1, 0, 0)})")


LAYERS = (conv, conv, depthwise, grouped, norm, activation, pool, residual, concat, split, gate, shuffle, shift)


@st.composite
def networks(draw: st.DrawFn) -> str:
    """ONNX text of a random network that begins with a convolution."""
    net = Network()
    conv(draw, net, "x")
    for layer in draw(st.lists(st.sampled_from(LAYERS), min_size=1, max_size=7)):
        recent = [name for name in net.channels if name != "x"][-3:]
        layer(draw, net, draw(st.sampled_from(recent)))
    return net.text(list(net.channels)[-1])


@given(networks(), st.integers(0, 3), st.sampled_from([0.25, 0.5, 0.9]))
def test_random_network_is_pruned_exactly(text, seed, share):
    trial = prune_randomly(model(text, seed), seed, share)
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    feeds = {"x": np.random.default_rng(seed).standard_normal((3, 3, 6, 6)).astype(np.float32)}
    zeroed, pruned = zeroed_and_cut(trial, feeds)
    np.testing.assert_allclose(zeroed, pruned, rtol=1e-3, atol=1e-4 * np.abs(zeroed).max())


@given(networks())
def test_last_dense_layer_can_always_be_pruned(text):
    found = trace(observe(model(text)))
    assert 7 in {group.n_units for group in found.groups}
    assert all(group.is_exact for group in found.groups)


@given(networks(), st.integers(0, 3))
def test_removing_more_never_costs_more(text, seed):
    found = trace(observe(model(text)))
    rng = np.random.default_rng(seed)
    some = random_plan(found, seed, 0.3).removed
    more = some | random_plan(found, int(rng.integers(99)), 0.3).removed
    costs = [cost(found, removed) for removed in (nothing(found), some, more)]
    assert [c.parameters for c in costs] == sorted((c.parameters for c in costs), reverse=True)
    assert [c.macs for c in costs] == sorted((c.macs for c in costs), reverse=True)


@given(networks())
def test_removing_nothing_changes_nothing(text):
    subject = model(text)
    found = trace(observe(subject))
    same = cut(subject, found, make_plan(nothing(found)))
    assert same.proto == subject.proto
    assert all(same.weights[name] is array for name, array in subject.weights.items())


def state(subject: Model) -> tuple[bytes, dict[str, bytes]]:
    return subject.proto.SerializeToString(), {name: array.tobytes() for name, array in subject.weights.items()}


STAGES = {
    "observe": lambda subject, found, plan: observe(subject),
    "trace": lambda subject, found, plan: trace(found.graph),
    "cut": cut,
    "mask": mask,
}


@pytest.mark.parametrize("stage", STAGES)
def test_stage_leaves_its_input_alone(stage):
    subject = model("""g (float[N,3,6,6] x) => (float[N,5] y) <float[16,3,3,3] a, float[16] k, float[256,5] b> {
      h = Conv (x, a, k) n = BatchNormalization (h, k, k, k, k) f = Flatten (n) y = MatMul (f, b)
    }""")
    before = state(subject)
    found = trace(observe(subject))
    plan = random_plan(found)
    units = {key: ids.copy() for key, ids in found.units.items()}
    assert subject.weights.keys() == {"a", "b"}
    STAGES[stage](subject, found, plan)
    assert state(subject) == before
    assert all(np.array_equal(found.units[key], ids) for key, ids in units.items())
    assert np.array_equal(plan.removed, random_plan(found).removed)
