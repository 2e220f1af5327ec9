"""One layer at a time: contractions, subgraphs run alone, activation statistics and least squares.

Tools for whoever scores, fits or measures; it must not choose units or write a model.
"""

from __future__ import annotations
