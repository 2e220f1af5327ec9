"""Which architectures are pruned, and how far."""
