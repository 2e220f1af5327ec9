"""Back to PyTorch: a checkpoint cut as a model was, and a module with the widths of the cut.

The only room that knows PyTorch, and one that nothing else imports: it must not be needed to prune. It needs
`pip install torch`.

    import paoding_onnx.torch

    small = paoding_onnx.torch.state("plan.json", model.state_dict(), original="model.onnx", pruned="small.onnx")
    paoding_onnx.torch.resize(model, small)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paoding_onnx.torch.checkpoint import state
    from paoding_onnx.torch.widths import resize

__all__ = ["resize", "state"]


_HOMES = {"resize": "widths", "state": "checkpoint"}


def __getattr__(name: str) -> object:
    """The function `name`, from its module, which imports PyTorch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'paoding_onnx.torch' has no attribute {name!r}")
    return getattr(import_module(f"paoding_onnx.torch.{_HOMES[name]}"), name)
