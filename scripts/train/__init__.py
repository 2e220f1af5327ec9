"""How the models in `models/` came about: their data, networks, training, export and measurement."""
