"""Runtimes of the image tower (PyTorch, OpenVINO), and the trial that chooses between them."""
