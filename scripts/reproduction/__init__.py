"""The parts of scripts/reproduce_paper.py: what is measured, the paper's figures, the picture and the page."""
