"""Recovery: the original teaches the smaller model, end to end, on the inputs that its layers were fitted on.

It must not choose units, nor change the shape of anything, nor look at labels: it moves numbers that are there, by the
gradient of how far the smaller model's outputs are from the original's.
"""

from __future__ import annotations
