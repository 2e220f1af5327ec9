"""`python -m paoding_onnx`."""

from __future__ import annotations

from paoding_onnx.cli import main

raise SystemExit(main())
