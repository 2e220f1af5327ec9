"""Other structural pruners beside ours, on the same models: what `scripts/peers.py` is made of."""
