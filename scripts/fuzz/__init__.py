"""Random valid networks, pruned at random under every proof: what `scripts/fuzz` is made of."""
