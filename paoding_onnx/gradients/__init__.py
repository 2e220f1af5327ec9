"""Exact gradients of a model by its inputs, made as an ONNX graph by onnx-ad.

It must not know what the gradients are for: attacks and distillation live elsewhere.
"""

from __future__ import annotations
