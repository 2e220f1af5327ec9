"""Decoders of text with past keys and values as inputs, and present ones as outputs, by their usual names."""

from __future__ import annotations

from collections.abc import Mapping

import transformers
from torch import Tensor, nn
from transformers import DynamicCache

from scripts.zoo.open_axes.model import Input, OpenModel
from scripts.zoo.open_axes.sizes import PAST, PAST_TRACED, ids

BOTH, NEW = "old new", "new"
ONLY_NEW = ("Cohere",)
"""Of which the old exporter cannot write the interleaved rotations."""
LAYERS, HEADS, WIDTH = 2, 4, 12
TEXT = {"hidden_size": HEADS * WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "vocab_size": 300}
TEXT |= {"intermediate_size": 96, "max_position_embeddings": 1024, "pad_token_id": 0, "bos_token_id": 1}
TEXT |= {"eos_token_id": 2}
SHARED = {**TEXT, "num_key_value_heads": 2}
FAMILIES: Mapping[str, Mapping[str, object]] = {
    "Llama": SHARED,
    "Mistral": {**SHARED, "sliding_window": 32},
    "Qwen2": SHARED,
    "Qwen3": {**SHARED, "head_dim": WIDTH},
    "Gemma": {**SHARED, "head_dim": WIDTH},
    "Gemma2": {**SHARED, "head_dim": WIDTH, "sliding_window": 32},
    "Gemma3Text": {**SHARED, "head_dim": WIDTH, "sliding_window": 32},
    "Phi": TEXT,
    "Phi3": SHARED,
    "Falcon": {**TEXT, "new_decoder_architecture": False, "multi_query": True, "alibi": False},
    "Bloom": {**TEXT, "n_layer": LAYERS, "n_head": HEADS},
    "OPT": {**TEXT, "ffn_dim": 96, "word_embed_proj_dim": HEADS * WIDTH},
    "GPTNeoX": TEXT,
    "GPTJ": {**TEXT, "n_embd": HEADS * WIDTH, "n_layer": LAYERS, "n_head": HEADS, "rotary_dim": 8, "n_positions": 1024},
    "GPT2": {**TEXT, "n_embd": HEADS * WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": 1024},
    "GPTNeo": {
        **TEXT,
        "num_layers": LAYERS,
        "num_heads": HEADS,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 32,
    },
    "StableLm": {**SHARED, "partial_rotary_factor": 0.5},
    "Cohere": SHARED,
    "Olmo2": SHARED,
    "GPTBigCode": {**TEXT, "n_embd": HEADS * WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": 1024},
    "Starcoder2": {**SHARED, "sliding_window": None},
}
"""Sizes by the name of the configuration."""
CLASSES = {"GPT2": "GPT2LMHeadModel", "Gemma3Text": "Gemma3ForCausalLM"}
WITHOUT_POSITIONS = ("Bloom", "OPT")
"""Which count positions by the mask."""


class Decoder(nn.Module):
    """Words, mask, positions if it takes them, and past keys and values to logits and present keys and values."""

    def __init__(self, model: nn.Module, *, has_positions: bool) -> None:
        super().__init__()
        self.model = model
        self.has_positions = has_positions

    def forward(self, input_ids: Tensor, attention_mask: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """Logits `(batch, length, vocabulary)`, and for each layer a key and a value."""
        positions, past = ({"position_ids": rest[0]}, rest[1:]) if self.has_positions else ({}, rest)
        pairs = list(zip(past[::2], past[1::2], strict=True))
        cache = DynamicCache(pairs)
        given = {"attention_mask": attention_mask, "past_key_values": cache, "use_cache": True, "return_dict": True}
        found = self.model(input_ids, **given, **positions)
        present = found.past_key_values
        return found.logits, *(t for layer in present.layers for t in (layer.keys, layer.values))


def _make(family: str) -> nn.Module:
    config = getattr(transformers, f"{family}Config")(**FAMILIES[family])
    config._attn_implementation = "eager"
    model = getattr(transformers, CLASSES.get(family, f"{family}ForCausalLM"))(config).eval()
    return Decoder(model, has_positions=family not in WITHOUT_POSITIONS)


def _decoder(family: str, exporters: str) -> OpenModel:
    config = FAMILIES[family]
    n_heads = config.get("num_key_value_heads", 1 if config.get("multi_query") or family == "GPTBigCode" else HEADS)
    given = [ids(), Input("attention_mask", ("batch", "past+length"), "ones")]
    if family not in WITHOUT_POSITIONS:
        given.append(Input("position_ids", ("batch", "length"), "positions past"))
    parts = [f"{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]
    given += [Input(f"past_key_values.{part}", ("batch", n_heads, "past", WIDTH)) for part in parts]
    names = ("logits", *(f"present.{part}" for part in parts))
    return OpenModel(lambda: _make(family), tuple(given), PAST_TRACED, PAST, exporters=exporters, outputs=names)


MODELS: Mapping[str, OpenModel] = {
    f"{family.lower()}_past": _decoder(family, NEW if family in ONLY_NEW else BOTH) for family in FAMILIES
}
"""Decoders by name."""
