"""CLIP models: chosen, downloaded, imported, switched."""
