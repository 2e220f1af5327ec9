"""Pruned networks in the formats of small devices: how each is made, how accurate, large and fast it is."""
