"""Exact gradients of a model by its inputs: the reverse pass as an ONNX model, written by onnx-ad.

It must not know what the gradients are for: attacks and distillation stand above it.
"""

from __future__ import annotations
