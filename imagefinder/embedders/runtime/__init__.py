"""Running the image tower: PyTorch or OpenVINO."""
