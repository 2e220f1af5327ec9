"""Data loading, training, export and measurement of the models in `models/`."""
