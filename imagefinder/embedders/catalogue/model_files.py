"""Finding, locking and deleting the folders of stored models and of unfinished downloads."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from imagefinder.domain.errors import ModelError
from imagefinder.domain.model_names import BUILTIN, STARTER, file_name_part, model_title
from imagefinder.embedders.catalogue.catalogue import published_table, published_tags, suggestion
from imagefinder.embedders.catalogue.hub_cache import published_spec
from imagefinder.embedders.catalogue.model_store import imported_models
from imagefinder.embedders.spec import ClipSpec, short_hash
from imagefinder.translation import tr

_COMING, _GOING = ".download-", ".removed-"


def kept_model(name: str, models_dir: Path) -> ClipSpec | None:
    """Return the stored (imported or downloaded) model of that name, if any."""
    return next((spec for spec in imported_models(models_dir) if spec.name == name), None)


def coming_folder(name: str, models_dir: Path) -> Path:
    """Return the hidden folder in which a model is assembled during its download."""
    return models_dir / f"{_COMING}{file_name_part(name)}-{short_hash(name)}"


def bytes_come(name: str, models_dir: Path) -> int:
    """Return the size in bytes of an unfinished download."""
    return _size(coming_folder(name, models_dir))


@contextmanager
def sole_download(name: str, models_dir: Path) -> Iterator[None]:
    """Context manager that prevents other processes from downloading or removing the model.

    Raises:
        ModelError: Another process is doing so now.
        OSError: The lock file cannot be written.
    """
    folder = coming_folder(name, models_dir)
    lock = filelock.FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise ModelError(
            tr(
                "{model} is being downloaded already, by another window or command of imagefinder. Wait until "
                "that has ended, or stop it.",
                model=name,
            )
        ) from error
    try:
        yield
    finally:
        lock.release()


def refuse_own_model(name: str) -> None:
    """Check that a model does not come with the program. Such models can never be removed.

    This check precedes the one whether the model is in use, for the better message.

    Raises:
        ModelError: The model comes with the program.
    """
    if name in (STARTER, BUILTIN):
        raise ModelError(
            tr("{model} comes with the program, and cannot be removed.", model=model_title(name))
        )


def remove_model(name: str, models_dir: Path) -> int:
    """Delete the files of an imported or downloaded model, and those of an interrupted download of it.

    Returns:
        The number of bytes freed.

    Raises:
        ModelError: The model was neither imported nor downloaded, or it cannot be deleted.
    """
    refuse_own_model(name)
    kept, coming = kept_model(name, models_dir), coming_folder(name, models_dir)
    folders = [*([kept.weights.parent] if kept else []), *([coming] if coming.is_dir() else [])]
    if not folders:
        raise _not_ours(name, models_dir)
    try:
        with sole_download(name, models_dir):
            freed = sum(map(_size, folders))
            for folder in folders:
                _delete(folder)
    except OSError as error:
        raise ModelError(
            tr(
                "{model} could not be removed from {folder}: {reason}. If it is in use, close imagefinder's windows "
                "first.",
                model=name,
                folder=models_dir,
                reason=error.strerror or error,
            )
        ) from error
    return freed


def _delete(folder: Path) -> None:
    # Renamed first, which is atomic: a half-deleted folder would not be a model, and on Windows renaming fails as a
    # whole if a file is in use.
    going = folder.with_name(f"{_GOING}{uuid.uuid4().hex[:8]}")
    folder.rename(going)
    for each in folder.parent.glob(f"{_GOING}*"):
        shutil.rmtree(each, ignore_errors=True)  # retried at the next removal


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:  # another process has just finished or deleted it
        return 0


def _not_ours(name: str, models_dir: Path) -> ModelError:
    arch, _, tag = name.partition("/")
    if tag not in published_tags(arch):
        known = [f"{each}/{tag}" for each, tags in published_table().items() for tag in tags]
        perhaps = suggestion(name, [*(spec.name for spec in imported_models(models_dir)), *known])
        return ModelError(tr("There is no model called “{name}”.{perhaps}", name=name, perhaps=perhaps))
    if spec := published_spec(arch, tag):
        return ModelError(
            tr(
                "{model} lies in a folder that other programs share, {folder}, so it is not removed from there. To do "
                "so yourself: hf cache rm",
                model=name,
                folder=spec.weights.parent,
            )
        )
    return ModelError(tr("{model} is not on this machine, so there is nothing to remove.", model=name))
