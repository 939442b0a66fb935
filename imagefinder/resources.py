"""Files that come with the program: icons, translations, models.

Below all other modules: translations are looked up here before anything can be said to the user.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """The path of a file or folder that comes with the program.

    ``name`` is relative to the folder ``resources`` of the project, with slashes, such as ``icons/search.svg``. That
    folder lies in the package where the program is installed or frozen, and beside it in a checkout. The path need
    not exist: who asks for an optional resource looks.
    """
    # A frozen program has no project folder; a checkout has no ``_resources``.
    installed = _PACKAGE / "_resources" / name
    return installed if installed.exists() else _PACKAGE.parent / "resources" / name
