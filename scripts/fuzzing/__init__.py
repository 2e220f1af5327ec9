"""Random valid networks, pruned at random under every proof: what `scripts/fuzz.py` is made of."""
