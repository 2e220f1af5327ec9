"""Tests of paoding_onnx; they mirror its modules."""
