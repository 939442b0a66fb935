"""Find your own pictures and PDF pages by words or by another picture. Everything stays on your machine."""

__version__ = "0.1.0"

TYPE_CHECKING = False  # typing's takes milliseconds to import, in which Ctrl-C would print a traceback

if TYPE_CHECKING:
    from imagefinder.api import ImageFinder

__all__ = ["ImageFinder", "__version__"]


def __getattr__(name: str) -> object:
    # Late, so that importing the package (for its version, or a submodule) costs nothing.
    if name == "ImageFinder":
        from imagefinder.api import ImageFinder

        return ImageFinder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
