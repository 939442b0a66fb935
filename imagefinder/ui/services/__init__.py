"""Shared objects without widgets."""
