"""`python -m paoding_onnx`."""

from __future__ import annotations

from paoding_onnx.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
