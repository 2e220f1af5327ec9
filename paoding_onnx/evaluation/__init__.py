"""How good a model is on labelled samples, alone or beside the one it was made from.

It measures; it must not know what pruning is, nor change a model.
"""

from __future__ import annotations
