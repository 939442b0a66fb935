"""Support for decoding with Pillow: formats, colour, bit depth, EXIF, warnings and errors."""
