"""Structural pruning of trained ONNX models without data, training or a framework."""

from __future__ import annotations
