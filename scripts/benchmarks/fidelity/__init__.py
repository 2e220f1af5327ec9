"""The parts of scripts/benchmarks/fidelity: what is measured, how, and the page made of it."""
