"""Measurements whose tables stand in docs/results and the README; rows in files, processes and networks are shared."""
