"""X11's bitmaps, whose ones are black: Pillow takes them for white."""

from PIL import Image, XbmImagePlugin


class Xbm(XbmImagePlugin.XbmImageFile):
    """An XBM with black ones on white, as all other programs show it."""

    def load_end(self) -> None:
        super().load_end()
        self.im = self.im.chop_invert()


def register_xbm() -> None:
    """Have Pillow open XBMs as ``Xbm``."""
    Image.register_open("XBM", Xbm, XbmImagePlugin._accept)
