"""Other structural pruners beside ours, on the same models: what `scripts/benchmarks/peers` is made of."""
