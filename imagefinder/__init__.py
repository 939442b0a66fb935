"""Find pictures and PDF pages on your own computer by words or by another picture."""

__version__ = "0.1.0"

TYPE_CHECKING = False  # importing typing takes milliseconds, in which Ctrl-C would print a traceback

if TYPE_CHECKING:
    from imagefinder.api import ImageFinder

__all__ = ["ImageFinder", "__version__"]


def __getattr__(name: str) -> object:
    # Imported late, because importing the package (for its version, or for a submodule) should be cheap.
    if name == "ImageFinder":
        from imagefinder.api import ImageFinder

        return ImageFinder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
