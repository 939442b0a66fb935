"""Default folders on this machine."""

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
    """The folders the program writes to, all of the user's own."""

    library: Path
    """The index: ``library.db``, ``vectors/``, ``lock``. Can be moved, copied and backed up as a whole."""
    models: Path
    """Imported model weights, shared by all libraries."""
    thumbnails: Path
    """Small pictures; deleting them loses nothing."""
    logs: Path
    settings: Path
    """The user's settings, a file."""
    window: Path
    """Where the window stood and what it searched, a file."""
    dropped: Path
    """Pictures that were dropped or pasted as data, kept while a search pane uses them."""
    previews: Path
    """Pictures rendered for the preview of the window that is open."""
    runtimes: Path
    """What computes each model fastest here, and the models in its form; deleting them loses nothing."""


def default_places(library: str | os.PathLike[str] | None = None) -> Places:
    """The platform's own folders; the library is ``library``, else ``IMAGEFINDER_LIBRARY``, else the user's data.

    Nothing is created here.
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
    """Where the thumbnail of a key is kept, or would be, in the thumbnails' folder."""
    return folder / key[:2] / f"{key}.jpg"


def exists(path: Path) -> bool:
    """Whether there is something at a path.

    Raises:
        UsageError: that cannot be known: a folder on the way may not be entered, or a drive does not answer.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UsageError(
            tr(
                "{path} cannot be reached: {reason}.",
                path=path,
                reason=(error.strerror or str(error)).lower(),
            )
        ) from error
    return True


def no_such_path(path: Path) -> UsageError:
    """The error that says that there is nothing at a path; whether there ever was is not known."""
    return UsageError(
        tr("There is no {path}. Check the spelling, or whether its drive is connected.", path=path)
    )


def absolute(path: str | os.PathLike[str]) -> Path:
    """A path in full, ``~`` expanded and ``..`` resolved by name; links are kept as the user wrote them.

    Names are in the normal form that the disk has them in, where they are there in one other form only.

    Raises:
        UsageError: the path is empty, as an unset variable of a shell is; it would stand for the folder one is in.
    """
    if not os.fspath(path):
        raise UsageError(tr("An empty path was given. For the folder you are in, give a dot."))
    # Unlike the method of Path, this leaves "~" as it is where there is no such user. And Path.resolve would follow
    # links, and show people paths that they never typed.
    return _as_on_disk(Path(os.path.abspath(os.path.expanduser(path))))  # noqa: PTH100, PTH111


def _as_on_disk(path: Path) -> Path:
    """The path, with the names that the disk has in another normal form (NFC, NFD) as the disk has them.

    A name that is there as it was given goes before others; of several others none is taken.
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
                # The rest may be yet to be made.
                return found.joinpath(*path.parts[at:])
            name = names[0]
        found /= name
    return found
