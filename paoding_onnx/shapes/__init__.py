"""What is measured of a model by running it once: shapes, shape arithmetic, and constants that can be folded.

It takes onnxruntime's word for every shape; it must not know any operator's shape rule, nor what may be pruned.
"""

from __future__ import annotations
