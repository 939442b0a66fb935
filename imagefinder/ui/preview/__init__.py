"""The preview window: one result, large."""
