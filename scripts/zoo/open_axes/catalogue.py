"""All models with open axes, family by family.

What is not here, since the exported file does not run at other sizes or there is no file at all:

- Longformer and LED by the old exporter: the strided views of windows are written for one batch and length;
- Transformers' Swin at sizes that are no multiples of 32: its padding before merging is decided at the export;
- MaxViT of torchvision at other image sizes: its grids are made for one; MobileViTv2 by the old exporter: so are its
  patches;
- VGG: pooling to seven by seven has no ONNX form of open height and width, by either exporter;
- `nn.TransformerEncoder` of open length by the old exporter: the length of keys is fixed, the batch alone is open;
- recurrent layers and XLNet by the new exporter, Funnel and CANINE by either: lengths are fixed; MaxViT of timm by the
  new one: refused; PoolFormer and FastViT of timm: they cannot be made narrow;
- Falcon with ALiBi: products of bfloat16, which onnxruntime lacks;
- Cohere and Moonshine by the old exporter: their rotations; Encodec by the new one: its paddings;
- BigBird's blocks at other lengths: their plan is made at the export; folds and frames of sound by the old exporter:
  they need sizes that are known;
- FNet by the old exporter: the Fourier transform; timm's ViT by the old one: antialiased resizing of positions.
"""

from __future__ import annotations

import importlib

from scripts.zoo.entry import Entry
from scripts.zoo.open_axes.export import entries

FAMILIES = (
    "detection",
    "speech",
    "text",
    "decoders",
    "images",
    "timm_images",
    "own_images",
    "own_sequences",
    "generative",
    "mixed",
    "more_text",
    "more_speech_images",
    "own_more_images",
    "own_more_sequences",
)
"""Modules whose `MODELS` make up the catalogue."""


def catalogue() -> tuple[Entry, ...]:
    """All entries."""
    found: list[Entry] = []
    for family in FAMILIES:
        for name, model in importlib.import_module(f"scripts.zoo.open_axes.{family}").MODELS.items():
            found += entries(name, model)
    return tuple(found)
