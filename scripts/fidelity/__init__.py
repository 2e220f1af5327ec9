"""The parts of scripts/fidelity.py: what is measured, how, and the page made of it."""
