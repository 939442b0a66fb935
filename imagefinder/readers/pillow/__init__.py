"""What decoding with Pillow needs: colour, bit depth, EXIF, scaling, warnings and errors."""
