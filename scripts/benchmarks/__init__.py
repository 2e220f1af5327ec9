"""Measurements whose tables stand in the documents."""
