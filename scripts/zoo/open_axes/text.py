"""Encoders of text, some with windows, blocks or buckets of relative positions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn

from scripts.zoo.open_axes.model import Input, OpenModel, Size, sizes
from scripts.zoo.open_axes.sizes import TEXT, TEXT_TRACED, ids
from scripts.zoo.open_axes.wrapping import First, small

WIDE = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
WIDE |= {"vocab_size": 300, "max_position_embeddings": 1030, "pad_token_id": 0}
DISTIL = {"dim": 48, "n_layers": 2, "n_heads": 4, "hidden_dim": 96, "vocab_size": 300, "max_position_embeddings": 1024}
T5 = {"d_model": 48, "d_kv": 12, "d_ff": 96, "num_layers": 2, "num_heads": 4, "vocab_size": 300, "pad_token_id": 0}
BART = {"d_model": 48, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "vocab_size": 300}
BART |= {"decoder_attention_heads": 4, "encoder_ffn_dim": 96, "decoder_ffn_dim": 96, "use_cache": False}
BART |= {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
DEBERTA = {**WIDE, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "max_relative_positions": 64}
LONGFORMER = {
    **WIDE,
    "onnx_export": True,
    "attention_window": [16, 16],
    "bos_token_id": 1,
    "eos_token_id": 2,
    "sep_token_id": 2,
}
BIGBIRD = {**WIDE, "attention_type": "original_full", "block_size": 8, "num_random_blocks": 2}
LONG_T5 = {**T5, "encoder_attention_type": "local", "local_radius": 7}
BY_8 = sizes(batch=(3, 1, 4, 5, 6), length=(48, 600, 32, 104, 8))
WINDOWS_TRACED: Size = {"batch": 2, "length": 40}
"""Texts of more than one block of eight."""
BY_32 = sizes(batch=(3, 1, 4, 5, 6), length=(96, 608, 160, 32, 256))
BOTH = "old new"
NAMES = ("input_ids", "attention_mask")


class Encoder(nn.Module):
    """The encoder of an encoder and decoder, whose first output is what it makes of words and mask."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.encoder = model.get_encoder()

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """Hidden states `(batch, length, width)`."""
        return self.encoder(input_ids=words, attention_mask=mask, return_dict=False)[0]


class Longformer(nn.Module):
    """The layers of Longformer on texts of whole windows, without global words, whose search no exporter can write."""

    def __init__(self) -> None:
        super().__init__()
        self.model = small("Longformer", "Model", LONGFORMER)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Hidden states `(batch, length, width)`."""
        x = self.model.embeddings(input_ids=input_ids)
        shown = torch.zeros_like(input_ids, dtype=torch.float32)
        none = {"is_index_masked": shown < 0, "is_index_global_attn": shown > 0, "is_global_attn": False}
        for layer in self.model.encoder.layer:
            x = layer(x, attention_mask=shown, **none)[0]
        return x


class Both(nn.Module):
    """Encoder and decoder, with texts of their own lengths."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, words: Tensor, mask: Tensor, said: Tensor, said_mask: Tensor) -> Tensor:
        """The first output: hidden states or logits of the words said."""
        given = {"input_ids": words, "attention_mask": mask, "decoder_input_ids": said, "return_dict": False}
        return self.model(**given, decoder_attention_mask=said_mask, use_cache=False)[0]


MASK = Input("attention_mask", ("batch", "length"), "prefix")
WHOLE = Input("attention_mask", ("batch", "length"), "ones")
TYPES = Input("token_type_ids", ("batch", "length"), "zeros")
SAID = Input("decoder_input_ids", ("batch", "said"), "ids 3 300")
SAID_MASK = Input("decoder_attention_mask", ("batch", "said"), "ones")


def _text(family: str, ending: str, config: Mapping[str, object], exporters: str = BOTH) -> OpenModel:
    """A model of words and a mask."""
    make = partial(_named, family, ending, config, NAMES)
    return OpenModel(make, (ids(), MASK), TEXT_TRACED, TEXT, exporters=exporters)


def _named(family: str, ending: str, config: Mapping[str, object], names: tuple[str, ...]) -> nn.Module:
    return First(small(family, ending, config), *names)


def _encoder(family: str, ending: str, config: Mapping[str, object], exporters: str = BOTH) -> OpenModel:
    def make() -> nn.Module:
        return Encoder(small(family, ending, config))

    return OpenModel(make, (ids(), MASK), TEXT_TRACED, TEXT, exporters=exporters)


def _both(family: str, ending: str, config: Mapping[str, object]) -> OpenModel:
    def make() -> nn.Module:
        return Both(small(family, ending, config))

    lengths = sizes(batch=(3, 1, 4, 5, 6), length=(40, 600, 7, 64, 1), said=(8, 30, 100, 1, 2))
    return OpenModel(make, (ids(), MASK, SAID, SAID_MASK), {**TEXT_TRACED, "said": 5}, lengths, exporters=BOTH)


def _typed(ending: str) -> OpenModel:
    make = partial(_named, "Bert", ending, WIDE, ("input_ids", "attention_mask", "token_type_ids"))
    return OpenModel(make, (ids(), MASK, TYPES), TEXT_TRACED, TEXT, exporters=BOTH)


MODELS: Mapping[str, OpenModel] = {
    "bert": _typed("Model"),
    "bert_classify": _typed("ForSequenceClassification"),
    "distilbert": _text("DistilBert", "ForTokenClassification", DISTIL),
    "roberta": _text("Roberta", "Model", WIDE),
    "deberta_v2": _text("DebertaV2", "Model", DEBERTA),
    "mpnet": _text("MPNet", "Model", WIDE),
    "modernbert": _text("ModernBert", "Model", {**WIDE, "local_attention": 16}),
    "t5_encoder": _encoder("T5", "EncoderModel", T5),
    "t5": _both("T5", "ForConditionalGeneration", {**T5, "decoder_start_token_id": 0}),
    "bart": _both("Bart", "Model", BART),
    "longformer": OpenModel(Longformer, (ids(),), {"batch": 2, "length": 64}, BY_32, "new"),
    "longt5_local": OpenModel(
        lambda: Encoder(small("LongT5", "EncoderModel", LONG_T5)), (ids(), WHOLE), WINDOWS_TRACED, BY_8, BOTH
    ),
    "bigbird_full": _text("BigBird", "Model", BIGBIRD),
    "fnet": OpenModel(partial(_named, "FNet", "Model", WIDE, NAMES[:1]), (ids(),), TEXT_TRACED, TEXT, "new"),
    "nystromformer": _text("Nystromformer", "Model", {**WIDE, "num_landmarks": 4, "segment_means_seq_len": 4}),
    "clip_text": _text("CLIPText", "Model", {**WIDE, "bos_token_id": 1, "eos_token_id": 2}),
}
"""Encoders by name."""
