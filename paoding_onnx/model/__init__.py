"""Files to values and back: the model as read, its graph, running it, and how far two outputs differ.

The only room that knows onnxruntime. It must not know anything of pruning.
"""

from __future__ import annotations
