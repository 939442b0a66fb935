"""Map a path from a user to the library's spelling of it, where they differ in Unicode normal form."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from imagefinder.store.store import Store
from imagefinder.text_folding import canonical, fold


def known_form(store: Store, path: Path) -> Path:
    """The path that files of the library lie at or below, which is ``path`` or differs from it in the normal form of
    its names (NFC, NFD) alone; ``path`` itself where none does, or several do, or it is another folder on the disk."""
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
    """The one of these sources that was meant: the path itself, or the only one that it reads like."""
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
    # Two that are both there are two, unless the disk takes the one for the other.
    is_other = os.path.lexists(path) and not (first.exists() and path.samefile(first))
    return None if is_other else first
