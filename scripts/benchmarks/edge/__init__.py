"""Formats for small devices: how to make each from an ONNX file, how good, large and fast it is, and a table."""
