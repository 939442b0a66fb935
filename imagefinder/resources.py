"""Paths of the files that come with the program: icons, translations, models.

This module imports no other module of the program, because every text for users needs the translations found here.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """Return the path of a file or folder that comes with the program. It need not exist.

    Args:
        name: Path relative to the project's folder ``resources``, with forward slashes, for example
            ``icons/search.svg``. An installed or frozen program has that folder inside the package (as
            ``_resources``), a checkout beside it.
    """
    # A frozen program has no project folder, and a checkout has no ``_resources``.
    installed = _PACKAGE / "_resources" / name
    return installed if installed.exists() else _PACKAGE.parent / "resources" / name
