"""Map a path from a user to the library's spelling of it, if they differ in Unicode normal form."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from imagefinder.store.store import Store
from imagefinder.text_folding import canonical, fold


def known_form(store: Store, path: Path) -> Path:
    """Return the library's spelling of a path.

    This is the path at or below which the library has files, and which equals ``path`` or differs from it
    only in the normal form (NFC or NFD) of its names. If there is no such path, if there are several, or if
    it is a different folder on disk, ``path`` itself is returned.
    """
    if str(path).isascii() or store.items.are_below(path):
        return path
    wanted, depth = canonical(str(path)), len(path.parts)
    forms: set[Path] = set()
    for source in store.sources.all():
        parts = source.path.parts[:depth]
        if canonical(str(Path(*parts))) != canonical(str(Path(*path.parts[: len(parts)]))):
            continue
        if len(parts) == depth:
            forms.add(Path(*parts))
        else:
            forms |= store.files.ancestors_below(source.path, depth)
    return _only_one(path, (form for form in forms if canonical(str(form)) == wanted)) or path


def known_source(path: Path, sources: Iterable[Path]) -> Path | None:
    """Return the source that a path means, or None.

    It is the path itself, or else the only source whose path is equal to it in normal form, or after text
    folding.
    """
    paths = list(sources)
    if path in paths:
        return path
    same: tuple[Callable[[str], str], ...] = (canonical, fold)
    for form in same:
        found = [source for source in paths if form(str(source)) == form(str(path))]
        if found:
            return _only_one(path, found)
    return None


def _only_one(path: Path, candidates: Iterable[Path]) -> Path | None:
    first, *others = (*candidates, None)
    if first is None or others != [None]:
        return None
    # If both exist, they are different files, unless the file system treats the two names as one.
    is_other = os.path.lexists(path) and not (first.exists() and path.samefile(first))
    return None if is_other else first
