"""The two halves of a CLIP model, with what prepares their input."""
