"""The parts of scripts/benchmarks/paper: what is measured, the paper's figures, the picture and the page."""
