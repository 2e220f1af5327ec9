"""Models of transformers as functions of tensors to tensors."""

from __future__ import annotations

from collections.abc import Mapping

import transformers
from torch import Tensor, nn


def small(family: str, ending: str, config: Mapping[str, object]) -> nn.Module:
    """The model `family + ending` of a configuration, with plain attention."""
    made = getattr(transformers, f"{family}Config")(**config)
    made._attn_implementation = "eager"
    return getattr(transformers, f"{family}{ending}")(made).eval()


class First(nn.Module):
    """The first output of a model that takes its inputs by the names given here, or by place without names."""

    def __init__(self, model: nn.Module, *names: str, **fixed: object) -> None:
        super().__init__()
        self.model = model
        self.names = names
        self.fixed = {"return_dict": False, **fixed}

    def forward(self, *given: Tensor) -> Tensor:
        """The first of the model's outputs."""
        if self.names:
            return self.model(**dict(zip(self.names, given, strict=True)), **self.fixed)[0]
        return self.model(*given, **self.fixed)[0]
