"""What Pillow decodes: colours, bit depths, EXIF, its warnings and errors."""
