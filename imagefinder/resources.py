"""Files that come with the program: icons, translations, models."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """The file or folder of that name, as ``icons/search.svg``.

    In an installed or frozen program they lie in the package, in a checkout beside it.
    """
    installed = _PACKAGE / "_resources" / name
    return installed if installed.exists() else _PACKAGE.parent / "resources" / name
