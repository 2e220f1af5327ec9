"""Programs around the package: fuzzing, the zoo, training, and benchmarks. Run them as `python -m scripts.NAME`."""
