"""Reading untrusted weights files: safetensors and PyTorch checkpoints."""
