"""Default folders and files, and resolution of paths given by users."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from imagefinder.domain.errors import UsageError
from imagefinder.text_folding import canonical
from imagefinder.translation import tr

_APP = "imagefinder"


@dataclass(frozen=True, slots=True)
class Places:
    """Folders and files that the program writes to. All belong to the current user."""

    library: Path
    """Folder of the library: ``library.db``, ``vectors/`` and ``lock``. Can be moved, copied and backed up as
    a whole."""
    models: Path
    """Folder of imported and downloaded models, shared by all libraries."""
    thumbnails: Path
    """Folder of cached thumbnails. Deleting it loses nothing."""
    logs: Path
    settings: Path
    """File of the user's settings."""
    window: Path
    """File of the window's geometry and searches."""
    dropped: Path
    """Folder of pictures that were dropped or pasted as data. They are kept while a pane uses them."""
    previews: Path
    """Folder of pictures rendered for the preview of the open window."""
    runtimes: Path
    """Folder of runtime choices and of models converted for a runtime. Deleting it loses nothing."""


def default_places(library: str | os.PathLike[str] | None = None) -> Places:
    """Return the platform's standard folders for the program. Creates nothing.

    Args:
        library: Folder of the library. Defaults to ``IMAGEFINDER_LIBRARY``, or else to a folder in the user's
            data directory.
    """
    data = Path(platformdirs.user_data_dir(_APP, appauthor=False))
    cache = Path(platformdirs.user_cache_dir(_APP, appauthor=False))
    config = Path(platformdirs.user_config_dir(_APP, appauthor=False))
    chosen = library or os.environ.get("IMAGEFINDER_LIBRARY") or data / "library"
    return Places(
        library=absolute(chosen),
        models=data / "models",
        thumbnails=cache / "thumbnails",
        logs=Path(platformdirs.user_log_dir(_APP, appauthor=False)),
        settings=config / "settings.json",
        window=config / "window.json",
        dropped=cache / "dropped",
        previews=cache / "previews",
        runtimes=cache / "runtimes",
    )


def thumbnail_file(folder: Path, key: str) -> Path:
    """Return the path of the thumbnail with this key in the folder of thumbnails. The file need not exist."""
    return folder / key[:2] / f"{key}.jpg"


def exists(path: Path) -> bool:
    """Return whether a path exists.

    Raises:
        UsageError: This cannot be determined: a parent folder cannot be entered, or the drive does not answer.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UsageError(
            tr(
                "{path} can't be accessed: {reason}.",
                path=path,
                reason=(error.strerror or str(error)).lower(),
            )
        ) from error
    return True


def no_such_path(path: Path) -> UsageError:
    """Return the error for a path that does not exist. Whether it ever existed is unknown."""
    return UsageError(
        tr("There is no {path}. Check the spelling, or whether its drive is connected.", path=path)
    )


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return a path as an absolute path, with ``~`` expanded and ``..`` resolved lexically.

    Symbolic links are kept as the user wrote them. A name that exists on disk in one other Unicode normal
    form only is replaced by the name on disk.

    Raises:
        UsageError: The path is empty, for example from an unset shell variable. An empty path would otherwise
            mean the current folder.
    """
    if not os.fspath(path):
        raise UsageError(tr("An empty path was given. For the folder you are in, give a dot."))
    # Unlike Path.expanduser, os.path.expanduser leaves "~name" unchanged if there is no such user. Path.resolve would
    # follow links and show users paths that they never typed.
    return _as_on_disk(Path(os.path.abspath(os.path.expanduser(path))))  # noqa: PTH100, PTH111


def _as_on_disk(path: Path) -> Path:
    """Return the path with each name in the Unicode normal form (NFC or NFD) that it has on disk.

    A name that exists as given is kept. If it does not exist and several names on disk are equivalent, none is chosen.
    """
    if str(path).isascii() or os.path.lexists(path):
        return path
    found = Path(path.anchor)
    for at, name in enumerate(path.parts[1:], start=1):
        if not os.path.lexists(found / name):
            try:
                names = [each.name for each in found.iterdir() if canonical(each.name) == canonical(name)]
            except OSError:
                names = []
            if len(names) != 1:
                # The rest of the path may not exist yet.
                return found.joinpath(*path.parts[at:])
            name = names[0]
        found /= name
    return found
