"""Families of synthetic images: dead leaves, scenes, strokes, spectra.

It draws numbers in [0, 1]; it must not know a model.
"""

from __future__ import annotations
