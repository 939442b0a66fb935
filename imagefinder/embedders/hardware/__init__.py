"""Compute devices, features of the processor, and PyTorch's threads."""
