"""Reading of untrusted weights files: safetensors and PyTorch checkpoints."""
