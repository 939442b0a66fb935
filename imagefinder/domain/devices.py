"""What a model may be told to compute on."""

DEVICES = ("auto", "cpu", "cuda", "mps")
"""``auto`` takes the fastest there is."""
