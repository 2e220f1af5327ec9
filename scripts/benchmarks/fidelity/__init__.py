"""Accuracy on real test samples against parameters removed, for every method of ours and for other tools."""
