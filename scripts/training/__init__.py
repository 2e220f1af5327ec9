"""Data loading, training, export and measurement of the four application models in `models/`."""
