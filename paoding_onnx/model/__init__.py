"""Files to values and back: the model as read, its graph, running it, and how far two outputs differ.

The only room that knows onnxruntime. It decides nothing about pruning.
"""

from __future__ import annotations
