"""Small configurations of the encoders and decoders in transformers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
import transformers
from torch import Tensor, nn

from scripts.zoo.entry import Entry
from scripts.zoo.torch_export import Built, entries

TEXT = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 160,
    "vocab_size": 300,
}
DECODER = {**TEXT, "num_key_value_heads": 2, "max_position_embeddings": 64, "use_cache": False, "pad_token_id": 0}
DISTILBERT = {"dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 160, "vocab_size": 300}
T5 = {"d_model": 64, "d_kv": 16, "d_ff": 160, "num_layers": 2, "num_heads": 4, "vocab_size": 300}
BART = {
    "d_model": 64,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 160,
    "decoder_ffn_dim": 160,
    "vocab_size": 300,
    "use_cache": False,
}
IMAGE = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 160,
    "image_size": 64,
}
SPEECH = {**TEXT, "vocab_size": 32, "conv_dim": (32,) * 7, "num_conv_pos_embeddings": 16, "conv_pos_groups": 4} | {
    "num_conv_pos_embedding_groups": 4,
    "num_feat_extract_layers": 7,
}
SWIN = {"embed_dim": 24, "depths": (2, 2), "num_heads": (2, 4), "image_size": 64, "window_size": 4}
SMALL: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType(
    {
        "Bert": ("Model MaskedLM SequenceClassification", TEXT),
        "DistilBert": ("Model SequenceClassification", DISTILBERT),
        "Roberta": ("Model", TEXT),
        "Albert": ("Model", {**TEXT, "embedding_size": 32}),
        "Electra": ("Model", {**TEXT, "embedding_size": 32}),
        "MPNet": ("Model", TEXT),
        "DebertaV2": ("Model", {**TEXT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
        "ModernBert": ("Model", {**TEXT, "pad_token_id": 0}),
        "GPT2": ("Model LMHeadModel", {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 300, "use_cache": False}),
        "GPTNeoX": ("ForCausalLM", DECODER),
        "OPT": ("ForCausalLM", {**DECODER, "ffn_dim": 160, "word_embed_proj_dim": 64}),
        "Llama": ("ForCausalLM", DECODER),
        "Mistral": ("ForCausalLM", DECODER),
        "Qwen2": ("ForCausalLM", DECODER),
        "Qwen3": ("ForCausalLM", {**DECODER, "head_dim": 16}),
        "Gemma2": ("ForCausalLM", {**DECODER, "head_dim": 16}),
        "Phi3": ("ForCausalLM", DECODER),
        "T5": ("EncoderModel", T5),
        "Bart": ("Model", BART),
        "CLIPText": ("Model", {**TEXT, "max_position_embeddings": 64}),
        "CLIPVision": ("Model", IMAGE),
        "ViT": ("Model ForImageClassification", IMAGE),
        "DeiT": ("Model", IMAGE),
        "Beit": ("Model", IMAGE),
        "Dinov2": ("Model", {**IMAGE, "mlp_ratio": 2}),
        "Swin": ("Model ForImageClassification", SWIN),
        "Swinv2": ("Model", SWIN),
        "ConvNext": ("Model", {"hidden_sizes": (16, 32, 48, 64), "depths": (1, 1, 2, 1)}),
        "ResNet": ("Model", {"embedding_size": 16, "hidden_sizes": (32, 48, 64, 96), "depths": (1, 1, 2, 1)}),
        "MobileViT": ("Model", {"image_size": 64}),
        "Segformer": ("Model ForSemanticSegmentation", {"hidden_sizes": (16, 32, 48, 64), "depths": (1, 1, 1, 1)}),
        "Wav2Vec2": ("Model ForCTC", SPEECH),
        "Hubert": ("Model", SPEECH),
    }
)
"""By configuration: what follows the name of each model class, and the sizes that differ from the defaults."""
_IMAGES = "CLIPVision ViT DeiT Beit Dinov2 Swin Swinv2 ConvNext ResNet MobileViT Segformer"


MAPS = 4
"""Axes of images of features: batch, channels, height, width."""


class Classifier(nn.Module):
    """A model as a function of one tensor to one tensor; texts get a mask that hides nothing.

    A `head` of seven classes follows models without one: hidden states as outputs would pin the width of all layers.
    """

    def __init__(self, model: nn.Module, head: nn.Module, *, is_text: bool) -> None:
        super().__init__()
        self.model = model
        self.head = head
        self.is_text = is_text

    def forward(self, x: Tensor) -> Tensor:
        """The first output of the model, or what the head makes of it; maps are averaged first."""
        masks = {"attention_mask": torch.ones_like(x)} if self.is_text else {}
        first = self.model(x, return_dict=False, **masks)[0]
        has_maps = first.ndim == MAPS and not isinstance(self.head, nn.Identity)
        return self.head(first.flatten(2).mean(2) if has_maps else first)


def catalogue() -> tuple[Entry, ...]:
    """All entries."""
    found: list[Entry] = []
    for family, (endings, _) in SMALL.items():
        for ending in endings.split():
            plain = ending.startswith(("Model", "For", "Encoder", "LM"))
            name = f"{family}{ending}" if plain else f"{family}For{ending}"
            given = (family, name)
            found += entries(f"hf_{name}", lambda given=given: _built(*given), dynamo=True)
    return tuple(found)


def _built(family: str, name: str) -> Built:
    config = getattr(transformers, f"{family}Config")(**SMALL[family][1])
    config._attn_implementation = "eager"
    model = getattr(transformers, name)(config)
    if family in _IMAGES.split():
        x = torch.randn(1, 3, 64, 64)
    elif family in ("Wav2Vec2", "Hubert"):
        x = torch.randn(1, 4000)
    else:
        x = torch.randint(3, 300, (1, 16))
    plain = Classifier(model.eval(), nn.Identity(), is_text=not x.is_floating_point())
    if not name.endswith(("Model", "EncoderModel")) or name.endswith("LMHeadModel"):
        return Built(plain, (x,))
    with torch.no_grad():
        shape = plain(x).shape
    width = shape[1] if len(shape) == MAPS else shape[-1]
    return Built(Classifier(model, nn.Linear(width, 7), is_text=plain.is_text), (x,))
