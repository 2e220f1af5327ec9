"""What makes up for the units that went: units that stand in for units, and layers fitted again by least squares.

It changes weights of the smaller model only; it must not choose units or change shapes.
"""

from __future__ import annotations
