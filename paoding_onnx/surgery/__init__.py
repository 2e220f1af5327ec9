"""From a plan to a smaller model: which positions stay on every axis, and the cut itself.

It carries out a plan; it must not choose units or change the weights of units that stay.
"""

from __future__ import annotations
