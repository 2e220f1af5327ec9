"""Trained models that people deploy, pruned, each judged by its real task: run `python -m scripts.benchmarks.real`."""
