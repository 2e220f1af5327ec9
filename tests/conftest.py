"""Settings of property tests: the same examples on every run, and no files left behind."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None, deadline=None, max_examples=25)
settings.load_profile("same")
