"""Public architectures with random weights, exported to ONNX, to see what the pruner covers."""
