"""A checkpoint is cut as the exported file was: the module then computes what the pruned file does."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from torch import nn  # noqa: E402

import paoding_onnx  # noqa: E402
from paoding_onnx.errors import UsageError  # noqa: E402
from paoding_onnx.torch import resize, state  # noqa: E402
from tests.models import parse  # noqa: E402
from tests.pruning import skip_latency  # noqa: E402

FOLDED = """g (float[N,3,8,8] x) => (float[N,5] y)
    <float[16,3,3,3] w1, float[16] b1, float[12,16,1,1] w2, float[12] b2, float[12,5] w3, float[5] b3> {
  p = Conv (x, w1, b1) q = Relu (p) r = Conv (q, w2, b2) s = Relu (r) t = GlobalAveragePool (s) f = Flatten (t)
  m = MatMul (f, w3) y = Add (m, b3)
}"""
"""What an exporter makes of the network below: normalizations folded, names lost, a matrix transposed."""


def network():
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(3, 16, 3, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 12, 1),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 5),
    )
    with torch.no_grad():
        for layer in made:
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.uniform_(-0.5, 0.5)
                layer.running_mean.uniform_(-0.5, 0.5)
                layer.running_var.uniform_(0.5, 2)
    return made.eval()


def exported(module):
    """The file that `module` is exported to."""
    proto, values = parse(FOLDED), {}
    for number, (conv, norm) in enumerate(((module[0], module[1]), (module[3], module[4])), 1):
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        bias = 0 if conv.bias is None else conv.bias
        values[f"w{number}"] = conv.weight * factor[:, None, None, None]
        values[f"b{number}"] = norm.bias + (bias - norm.running_mean) * factor
    values |= {"w3": module[8].weight.T, "b3": module[8].bias}
    for tensor in proto.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(values[tensor.name].detach().numpy().copy(), tensor.name))
    return proto


@pytest.fixture
def pruned(tmp_path, monkeypatch):
    """Prunes the network with a method, in the working directory; returns the samples it is compared on."""
    skip_latency(monkeypatch)
    monkeypatch.chdir(tmp_path)
    onnx.save(exported(network()), "model.onnx")

    def run(method, **given):
        options = paoding_onnx.Options(target=0.4, by="parameters", method=method, round_to=1, **given)
        paoding_onnx.prune("model.onnx", "small.onnx", options, documents={"plan": "plan.json"})

    return run


def difference(module):
    """How far the outputs of a module are from those of the pruned file."""
    x = torch.rand(4, 3, 8, 8)
    session = pytest.importorskip("onnxruntime").InferenceSession("small.onnx")
    (wanted,) = session.run(None, {"x": x.numpy()})
    with torch.no_grad():
        return np.abs(module.eval()(x).numpy() - wanted).max()


@pytest.mark.slow
def test_cut_weights_compute_what_the_file_does(pruned):
    pruned("magnitude")
    small = resize(network(), state("plan.json", network().state_dict(), original="model.onnx"))
    assert small[0].out_channels < 16
    assert difference(small) < 1e-5


@pytest.mark.slow
def test_fitted_weights_are_told_apart_into_weight_and_normalization(pruned):
    pruned("reconstruction")
    made = state("plan.json", network().state_dict(), original="model.onnx", pruned="small.onnx")
    small = resize(network(), made)
    assert difference(small) < 1e-5
    assert not torch.allclose(small[1].running_var, torch.ones(()))


@pytest.mark.slow
def test_checkpoint_that_was_trained_on_is_cut_like_the_one_that_was_exported(pruned):
    pruned("magnitude")
    whole, tuned = network().state_dict(), {key: value + 1 for key, value in network().state_dict().items()}
    plain = state("plan.json", whole, original="model.onnx")
    made = state("plan.json", tuned, original="model.onnx", exported=whole)
    assert all(torch.equal(made[key], plain[key] + 1) for key in plain)
    with pytest.raises(UsageError, match="give the one that the file was exported from as exported="):
        state("plan.json", tuned, original="model.onnx")


@pytest.mark.slow
def test_small_module_trains(pruned):
    pruned("magnitude")
    small = resize(network(), state("plan.json", network().state_dict(), original="model.onnx")).train()
    optimizer = torch.optim.SGD(small.parameters(), lr=0.05)
    losses = []
    for _ in range(5):
        loss = nn.functional.cross_entropy(small(torch.ones(4, 3, 8, 8)), torch.arange(4))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_tensors_of_the_checkpoint_are_not_changed(pruned):
    pruned("reconstruction")
    whole = network().state_dict()
    state("plan.json", whole, original="model.onnx", pruned="small.onnx")
    assert all(torch.equal(whole[key], value) for key, value in network().state_dict().items())


def test_plan_of_another_file_is_refused(tmp_path):
    onnx.save(exported(network()), tmp_path / "model.onnx")
    axes = [{"initializer": "elsewhere", "axis": 0, "size": 4, "kept": [0]}]
    plan = {"format": "paoding_onnx plan 2", "choices": {}, "axes": axes}
    with pytest.raises(UsageError, match="the plan does not fit the file: it has no 'elsewhere'"):
        state(plan, network().state_dict(), original=tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["default", "legacy"])
@pytest.mark.filterwarnings("ignore")
def test_resnet_of_torchvision_comes_back(kind, tmp_path, monkeypatch):
    vision = pytest.importorskip("torchvision")
    pytest.importorskip("onnxscript")
    skip_latency(monkeypatch)
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    model, x = vision.models.resnet18().train(), torch.rand(2, 3, 32, 32)
    model(torch.rand(8, 3, 32, 32))
    whole = model.eval().state_dict()
    if kind == "default":
        torch.onnx.export(model, (x,), "model.onnx", external_data=False, input_names=["x"], dynamo=True)
    else:
        torch.onnx.export(model, (x,), "model.onnx", input_names=["x"], dynamo=False)
    options = paoding_onnx.Options(target=0.3, by="parameters", method="magnitude")
    paoding_onnx.prune("model.onnx", "small.onnx", options, documents={"plan": "plan.json"})
    small = resize(vision.models.resnet18(), state("plan.json", whole, original="model.onnx")).eval()
    session = pytest.importorskip("onnxruntime").InferenceSession("small.onnx")
    with torch.no_grad():
        assert np.abs(small(x).numpy() - session.run(None, {"x": x.numpy()})[0]).max() < 1e-5
    loss = nn.functional.cross_entropy(small.train()(x), torch.tensor([0, 1]))
    loss.backward()
    assert all(parameter.grad is not None for parameter in small.parameters())
