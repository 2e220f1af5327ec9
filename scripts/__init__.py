"""Programs around the package: fuzzing, the zoo, training, and benchmarks. Run them as `python -m scripts.NAME`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The repository, with the package that is measured."""
MODELS, RESULTS = ROOT / "models", ROOT / "docs" / "results"
