"""A module takes the widths of a checkpoint, or stays as it was."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from paoding_onnx.errors import UsageError  # noqa: E402
from paoding_onnx.torch import resize  # noqa: E402


def network(a=8, b=6, groups=1, *, bias=True):
    return nn.Sequential(
        nn.Conv2d(3, a, 3, bias=bias),
        nn.BatchNorm2d(a),
        nn.Conv2d(a, a, 3, groups=groups),
        nn.PReLU(a),
        nn.ConvTranspose2d(a, b, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.LayerNorm(b),
        nn.Linear(b, 2),
    )


@pytest.mark.parametrize("groups", [1, 8])
def test_every_layer_gets_the_widths_of_the_checkpoint(groups):
    smaller = network(5, 4, groups=5 if groups == 8 else 1).eval()
    made = resize(network(groups=groups), smaller.state_dict()).eval()
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(made(x), smaller(x))
    assert repr(made) == repr(smaller)


def test_channels_of_each_group_may_go_and_the_groups_stay():
    layer = resize(nn.Conv2d(8, 8, 1, groups=2), nn.Conv2d(4, 6, 1, groups=2).state_dict())
    assert (layer.groups, layer.in_channels, layer.out_channels) == (2, 4, 6)


def test_module_can_be_trained_afterwards():
    made = resize(network(), network(5, 4).state_dict())
    made(torch.rand(2, 3, 8, 8)).sum().backward()
    assert all(parameter.grad is not None for parameter in made.parameters())


def test_layer_without_a_bias_gets_the_one_of_the_checkpoint():
    made = resize(network(bias=False), network(5, 4).state_dict())
    assert made[0].bias.shape == (5,)
    assert len(list(made.parameters())) == len(list(network().parameters()))


def test_frozen_parameters_stay_frozen():
    module = network()
    module[0].weight.requires_grad_(False)
    assert not resize(module, network(5, 4).state_dict())[0].weight.requires_grad


@pytest.mark.parametrize(
    ("change", "said"), [("less", "has no '8.bias', which the module has"), ("more", "has no 'x'")]
)
def test_checkpoint_of_another_module_is_refused_and_nothing_is_changed(change, said):
    module, state = network(), dict(network(5, 4).state_dict())
    if change == "less":
        del state["8.bias"]
    else:
        state["x"] = torch.zeros(1)
    with pytest.raises(UsageError, match=said):
        resize(module, state)
    assert module[0].weight.shape == (8, 3, 3, 3)


def test_layer_that_knows_its_sizes_elsewhere_is_named():
    with pytest.raises(UsageError, match="MultiheadAttention cannot be resized here"):
        resize(nn.MultiheadAttention(8, 2), nn.MultiheadAttention(4, 2).state_dict())
