"""Devices, processors, and PyTorch's threads."""
