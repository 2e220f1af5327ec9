"""Python looks for objects that hold one another less often, where the process is ours."""

from __future__ import annotations

import gc

from paoding_onnx.model.garbage import MANY, collect_seldom


def test_python_looks_less_often():
    before = gc.get_threshold()
    try:
        collect_seldom()
        assert gc.get_threshold()[0] == MANY > before[0]
    finally:
        gc.set_threshold(*before)
