"""Encoders of sound with their real strides, and what speaks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from torch import Tensor, nn

from scripts.zoo.open_axes.model import Input, OpenModel, sizes
from scripts.zoo.open_axes.sizes import SOUND, SOUND_TRACED
from scripts.zoo.open_axes.wrapping import First, small

SPEECH = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
SPEECH |= {"vocab_size": 32, "conv_dim": (24,) * 7, "num_conv_pos_embeddings": 128, "num_conv_pos_embedding_groups": 4}
SPEECH |= {"num_feat_extract_layers": 7}
"""Strides and kernels of the convolutions are the defaults: 5, 2, 2, 2, 2, 2, 2."""
WHISPER = {"d_model": 48, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "vocab_size": 300}
WHISPER |= {"decoder_attention_heads": 4, "encoder_ffn_dim": 96, "decoder_ffn_dim": 96, "max_source_positions": 200}
WHISPER |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1, "num_mel_bins": 80}
WHISPER |= {"begin_suppress_tokens": None, "suppress_tokens": None, "use_cache": False}
WORDS = (Input("words", ("batch", "length"), "ids 3 300"), Input("mask", ("batch", "length"), "ones"))


class WhisperDecoder(nn.Module):
    """The decoder of Whisper, without a past, behind sound that is encoded already."""

    def __init__(self) -> None:
        super().__init__()
        self.model = small("Whisper", "ForConditionalGeneration", WHISPER)

    def forward(self, words: Tensor, mask: Tensor, sound: Tensor) -> Tensor:
        """Logits of words `(batch, length, vocabulary)`."""
        given = {"input_ids": words, "attention_mask": mask, "encoder_hidden_states": sound, "return_dict": False}
        return self.model.proj_out(self.model.model.decoder(**given)[0])


def _sound(family: str, ending: str, **more: object) -> OpenModel:
    """A model of raw sound."""
    make = partial(_first, family, ending, {**SPEECH, **more})
    return OpenModel(make, (Input("sound", ("batch", "samples")),), SOUND_TRACED, SOUND, exporters="old new")


def _first(family: str, ending: str, config: Mapping[str, object]) -> nn.Module:
    return First(small(family, ending, config))


def _whisper_encoder() -> nn.Module:
    return First(small("Whisper", "Model", WHISPER).encoder)


MODELS: Mapping[str, OpenModel] = {
    "wav2vec2": _sound("Wav2Vec2", "ForCTC"),
    "wav2vec2_stable": _sound("Wav2Vec2", "Model", do_stable_layer_norm=True, feat_extract_norm="layer"),
    "hubert": _sound("Hubert", "Model"),
    "wavlm": _sound("WavLM", "Model"),
    "whisper_encoder": OpenModel(
        _whisper_encoder,
        (Input("mel", ("batch", 80, 400)),),
        {"batch": 2},
        sizes(batch=(3, 1, 4, 5, 6)),
        exporters="old new",
    ),
    "whisper_decoder": OpenModel(
        WhisperDecoder,
        (*WORDS, Input("sound", ("batch", "frames", 48))),
        {"batch": 2, "length": 5, "frames": 40},
        sizes(batch=(3, 1, 4, 5, 6), length=(8, 200, 17, 1, 3), frames=(1500, 100, 7, 33, 75)),
        exporters="old new",
    ),
}
"""Models of sound by name."""
