"""More of transformers' models of sound and of images: conformers, codecs, speakers, detectors, depth."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from torch import Tensor, nn

from scripts.zoo.open_axes.model import Input, OpenModel, sizes
from scripts.zoo.open_axes.sizes import ODD, SOUND, SOUND_TRACED, TEXT, TEXT_TRACED, images
from scripts.zoo.open_axes.speech import SPEECH
from scripts.zoo.open_axes.text import BOTH
from scripts.zoo.open_axes.wrapping import First, small

PLAIN = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
CONFORMER = {**SPEECH, "position_embeddings_type": "relative", "conv_depthwise_kernel_size": 15}
SEW = {**PLAIN, "conv_dim": (16, 16, 16, 24), "conv_kernel": (10, 3, 3, 2), "conv_stride": (5, 2, 2, 2)}
SEW |= {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4, "vocab_size": 32}
ENCODEC = {
    "num_filters": 4,
    "hidden_size": 24,
    "codebook_size": 32,
    "upsampling_ratios": [5, 4, 2],
    "sampling_rate": 16000,
}
ENCODEC |= {"target_bandwidths": [10.0], "normalize": False, "num_lstm_layers": 1}
VITS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "ffn_dim": 64, "vocab_size": 60}
VITS |= {"flow_size": 16, "spectrogram_bins": 33, "upsample_initial_channel": 32, "upsample_rates": [4, 4]}
VITS |= {"upsample_kernel_sizes": [8, 8], "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3], [1, 3]]}
VITS |= {"use_stochastic_duration_prediction": False, "prior_encoder_num_flows": 2, "num_layers": 2}
VITS |= {"prior_encoder_num_wavenet_layers": 2, "posterior_encoder_num_wavenet_layers": 2, "wavenet_dilation_rate": 1}
RESNET = {"embedding_size": 16, "hidden_sizes": [16, 24, 32, 48], "depths": [1, 1, 1, 1], "layer_type": "basic"}
MOONSHINE = {"hidden_size": 48, "encoder_num_hidden_layers": 2, "decoder_num_hidden_layers": 2, "vocab_size": 300}
MOONSHINE |= {"encoder_num_attention_heads": 4, "decoder_num_attention_heads": 4, "intermediate_size": 96}
DETR = {"d_model": 48, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 4, "num_queries": 7}
DETR |= {"decoder_attention_heads": 4, "encoder_ffn_dim": 96, "decoder_ffn_dim": 96, "use_timm_backbone": False}
DETR |= {"use_pretrained_backbone": False, "num_labels": 5}


class Coded(nn.Module):
    """Sound through Encodec's encoder and decoder, without the codes between them."""

    def __init__(self) -> None:
        super().__init__()
        self.model = small("Encodec", "Model", ENCODEC)

    def forward(self, sound: Tensor) -> Tensor:
        """Sound `(batch, 1, samples)`, of whole strides."""
        return self.model.decoder(self.model.encoder(sound[:, None]))


class Detr(nn.Module):
    """An image to logits and boxes of seven queries, behind a small ResNet."""

    def __init__(self) -> None:
        super().__init__()
        import transformers

        config = transformers.DetrConfig(
            **DETR, backbone_config=transformers.ResNetConfig(**RESNET, out_features=["stage4"])
        )
        config._attn_implementation = "eager"
        self.model = transformers.DetrForObjectDetection(config).eval()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits `(batch, 7, 6)` and boxes `(batch, 7, 4)`."""
        found = self.model(image)
        return found.logits, found.pred_boxes


class Speaker(nn.Module):
    """Letters to sound by the VITS of transformers, with noise."""

    def __init__(self) -> None:
        super().__init__()
        self.model = small("Vits", "Model", VITS)

    def forward(self, input_ids: Tensor, mask: Tensor) -> Tensor:
        """Sound `(batch, samples)`."""
        return self.model(input_ids=input_ids, attention_mask=mask).waveform


def _sound(family: str, config: Mapping[str, object], ending: str = "Model") -> OpenModel:
    make = partial(_first, family, ending, config)
    return OpenModel(make, (Input("sound", ("batch", "samples")),), SOUND_TRACED, SOUND, exporters=BOTH)


def _first(family: str, ending: str, config: Mapping[str, object], **fixed: object) -> nn.Module:
    return First(small(family, ending, config), **fixed)


def _moonshine() -> nn.Module:
    return First(small("Moonshine", "Model", MOONSHINE).encoder)


STRIDES = sizes(batch=(3, 1, 4, 5, 1), samples=(16000, 32000, 4320, 8000, 20040))
MODELS: Mapping[str, OpenModel] = {
    "wav2vec2_conformer": _sound("Wav2Vec2Conformer", CONFORMER),
    "data2vec_audio": _sound("Data2VecAudio", {**SPEECH, "num_conv_pos_embeddings": 2}),
    "unispeech": _sound("UniSpeech", SPEECH),
    "sew": _sound("SEW", SEW),
    "moonshine_encoder": OpenModel(
        _moonshine, (Input("sound", ("batch", "samples")),), SOUND_TRACED, SOUND, exporters="new"
    ),
    "encodec": OpenModel(Coded, (Input("sound", ("batch", "samples")),), {"batch": 2, "samples": 4800}, STRIDES),
    "hf_vits": OpenModel(
        Speaker,
        (Input("input_ids", ("batch", "length"), "ids 3 60"), Input("mask", ("batch", "length"), "ones")),
        TEXT_TRACED,
        TEXT,
        exporters=BOTH,
    ),
    "detr": images(Detr, sizes=ODD, exporters=BOTH),
    "hf_yolos": images(partial(_first, "Yolos", "Model", {**PLAIN, "image_size": (64, 64), "num_detection_tokens": 7})),
    "hf_convnextv2": images(
        partial(
            _first, "ConvNextV2", "ForImageClassification", {"hidden_sizes": (16, 24, 32, 48), "depths": (1, 1, 1, 1)}
        ),
        exporters=BOTH,
    ),
    "hf_glpn": images(
        partial(_first, "GLPN", "ForDepthEstimation", {"hidden_sizes": (16, 32, 40, 64), "depths": (1, 1, 1, 1)}),
        exporters=BOTH,
    ),
    "hf_swiftformer": images(
        partial(_first, "SwiftFormer", "Model", {"depths": (1, 1, 1, 1), "embed_dims": (16, 24, 32, 48)})
    ),
    "hf_swin2sr": images(
        partial(
            _first,
            "Swin2SR",
            "ForImageSuperResolution",
            {"embed_dim": 24, "depths": (1, 1), "num_heads": (2, 2), "window_size": 8, "image_size": 64},
        ),
        exporters=BOTH,
    ),
}
"""Models by name."""
