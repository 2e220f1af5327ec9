"""More encoders of text, of rarer structure, and decoders with a past that also attend to an encoder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from torch import Tensor, nn
from transformers import DynamicCache, EncoderDecoderCache

from scripts.zoo.open_axes.model import Input, OpenModel, Size, sizes
from scripts.zoo.open_axes.sizes import TEXT, TEXT_TRACED, ids
from scripts.zoo.open_axes.text import BART, BOTH, MASK, NAMES, T5, WHOLE, WIDE
from scripts.zoo.open_axes.wrapping import First, small

LAYERS, HEADS, HEAD_WIDTH = 2, 4, 12
XLNET = {"d_model": 48, "n_layer": 2, "n_head": 4, "d_inner": 96, "vocab_size": 300}
MOBILE = {**WIDE, "embedding_size": 24, "intra_bottleneck_size": 24, "true_hidden_size": 24, "intermediate_size": 48}
CONV = {**WIDE, "embedding_size": 48, "head_ratio": 2, "conv_kernel_size": 5, "num_groups": 1}
SQUEEZE = {**WIDE, "embedding_size": 48, "q_groups": 4, "k_groups": 4, "v_groups": 4, "intermediate_groups": 4}
SQUEEZE |= {"output_groups": 4, "post_attention_groups": 1}


class CrossDecoder(nn.Module):
    """A decoder with past keys and values of its own words, behind an encoder's hidden states."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.decoder = model.get_decoder()
        self.head = nn.Linear(HEADS * HEAD_WIDTH, 300)

    def forward(self, input_ids: Tensor, mask: Tensor, hidden: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        """Logits `(batch, length, vocabulary)`, and for each layer a key and a value."""
        pairs = list(zip(past[::2], past[1::2], strict=True))
        cache = EncoderDecoderCache(DynamicCache(pairs), DynamicCache())
        given = {"attention_mask": mask, "encoder_hidden_states": hidden, "past_key_values": cache, "use_cache": True}
        found = self.decoder(input_ids=input_ids, **given)
        present = found.past_key_values.self_attention_cache.layers
        logits = self.head(found.last_hidden_state)
        return logits, *(tensor for layer in present for tensor in (layer.keys, layer.values))


def _cross(family: str, config: Mapping[str, object]) -> OpenModel:
    def make() -> nn.Module:
        return CrossDecoder(small(family, "Model", {**config, "use_cache": True}))

    parts = [f"{layer}.decoder.{part}" for layer in range(LAYERS) for part in ("key", "value")]
    given = [ids(name="decoder_input_ids"), Input("decoder_attention_mask", ("batch", "past+length"), "ones")]
    given.append(Input("encoder_hidden_states", ("batch", "frames", HEADS * HEAD_WIDTH)))
    given += [Input(f"past_key_values.{part}", ("batch", HEADS, "past", HEAD_WIDTH)) for part in parts]
    names = ("logits", *(f"present.{part}" for part in parts))
    return OpenModel(make, tuple(given), CROSS_TRACED, CROSS, exporters=BOTH, outputs=names)


def _text(family: str, config: Mapping[str, object], ending: str = "Model", **chosen: object) -> OpenModel:
    make = partial(_first, family, ending, config, NAMES)
    given = {"inputs": (ids(), WHOLE), "traced": TEXT_TRACED, "sizes": TEXT, "exporters": BOTH} | chosen
    return OpenModel(make, **given)  # type: ignore[arg-type]


def _first(family: str, ending: str, config: Mapping[str, object], names: tuple[str, ...]) -> nn.Module:
    return First(small(family, ending, config), *names)


BLOCKS = {**WIDE, "attention_type": "block_sparse", "block_size": 8, "num_random_blocks": 2}
FIXED = (Input("input_ids", ("batch", 128), "ids 3 300"), Input("attention_mask", ("batch", 128), "ones"))
"""Sixteen blocks, whose plan is made at the export."""
BATCHES = sizes(batch=(3, 1, 4, 5, 7))
CROSS_TRACED: Size = {"batch": 2, "length": 5, "past": 4, "frames": 9}
CROSS = sizes(batch=(3, 1, 4, 5, 6), length=(8, 1, 6, 1, 2), past=(7, 0, 0, 33, 130), frames=(40, 600, 7, 33, 1))
MODELS: Mapping[str, OpenModel] = {
    "xlnet": _text("XLNet", XLNET, exporters="old"),
    "mobilebert": _text("MobileBert", MOBILE),
    "convbert": _text("ConvBert", CONV),
    "squeezebert": _text("SqueezeBert", SQUEEZE),
    "roformer": _text("RoFormer", {**WIDE, "embedding_size": 48}),
    "esm": _text("Esm", {**WIDE, "position_embedding_type": "rotary", "mask_token_id": 299}),
    "xlm": _text(
        "XLM",
        {
            "emb_dim": 48,
            "n_layers": 2,
            "n_heads": 4,
            "vocab_size": 300,
            "n_words": 300,
            "max_position_embeddings": 1024,
        },
    ),
    "gpt2_classify": _text(
        "GPT2",
        {"n_embd": 48, "n_layer": 2, "n_head": 4, "vocab_size": 300, "n_positions": 1024, "pad_token_id": 0},
        "ForSequenceClassification",
        inputs=(ids(), MASK),
    ),
    "bigbird_blocks": _text("BigBird", BLOCKS, inputs=FIXED, traced={"batch": 2}, sizes=BATCHES, exporters="old"),
    "bart_decoder_past": _cross("Bart", BART),
    "t5_decoder_past": _cross("T5", T5),
}
"""Models of text by name."""
