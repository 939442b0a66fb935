"""Devices, the processor's features, and PyTorch's threads."""
