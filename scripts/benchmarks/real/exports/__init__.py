"""Weights of PyTorch packages as ONNX files. Each module is a program for an interpreter that has torch."""
