"""The types that all layers share: frozen dataclasses, enums and errors."""
