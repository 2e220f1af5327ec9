"""All golden lines: a new operator adds one to the test file of its family."""

from __future__ import annotations

from importlib import import_module

from tests.rules.said import Golden

FAMILIES = (
    *("elementwise", "linear", "normalization", "pooling", "reduction", "shaping", "joining", "shifting"),
    *("recurrent", "quantization", "quantized", "fused", "attention", "indexing", "bodies", "experts"),
)
LINES: dict[str, list[Golden]] = {family: import_module(f"tests.rules.test_{family}").LINES for family in FAMILIES}
"""Family by family, each from the test file of its name."""
