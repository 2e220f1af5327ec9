"""Inputs for a model: synthetic ones made from the file alone, or the user's own unlabelled calibration data.

Synthetic inputs excite the model much as real data would. This room must not know units, plans or weights to be fitted.
"""

from __future__ import annotations
