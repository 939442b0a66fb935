"""Types shared by all layers: frozen dataclasses, enums and errors."""
