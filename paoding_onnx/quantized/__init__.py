"""Quantized models: the twin in floats that is chosen and fitted on, and the way of its weights back to integers.

This room must not choose units, fit weights or prove anything itself.
"""

from __future__ import annotations
