"""Random valid networks pruned at random under every proof: the blocks that make them, a judge, a shrinker."""
