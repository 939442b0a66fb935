"""``imagefinder status``."""

import argparse

from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.library import has_library, open_library
from imagefinder.cli.terminal import Terminal
from imagefinder.model.library import LibraryStatus
from imagefinder.model.sources import SourceOptions
from imagefinder.paths import default_places


def status(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show what is in the library."""
    library = read_status(arguments)
    if arguments.json:
        terminal.json(
            {
                "library": str(library.folder),
                "model": library.model,
                "items": library.items,
                "embedded": library.embedded,
                "sources": [
                    {
                        "path": str(entry.source.path),
                        "kind": entry.source.kind,
                        "offline": entry.source.offline,
                        "files": entry.files,
                        "items": entry.items,
                        "unreadable": entry.unreadable,
                        "offline_files": entry.offline_files,
                        "scanned_at": entry.source.scanned_at,
                    }
                    for entry in library.sources
                ],
                "unreadable": [
                    {"path": str(file.path), "reason": file.reason} for file in library.unreadable
                ],
            }
        )
        return FOUND
    terminal.table(
        (),
        (
            ("Library", str(library.folder)),
            ("Model", library.model or "chosen when something is added"),
            ("Pictures and pages", str(library.items)),
            (
                "Indexed with",
                ", ".join(f"{model}: {count}" for model, count in library.embedded.items()) or "-",
            ),
        ),
    )
    if library.sources:
        terminal.out.print()
        terminal.table(
            ("Source", "Files", "Pictures and pages", "Unreadable", "", ""),
            (
                (
                    str(entry.source.path),
                    str(entry.files),
                    str(entry.items),
                    str(entry.unreadable),
                    _filters(entry.source.options),
                    "offline"
                    if entry.source.offline
                    else f"{entry.offline_files} offline" * bool(entry.offline_files),
                )
                for entry in library.sources
            ),
        )
    if library.unreadable:
        terminal.out.print()
        terminal.table(
            ("Could not be read", "Why"), ((str(file.path), file.reason) for file in library.unreadable)
        )
    return FOUND


def read_status(arguments: argparse.Namespace) -> LibraryStatus:
    """What is in the library; where there is none, that of an empty one, and none is made."""
    if not has_library(arguments):
        return LibraryStatus(default_places(arguments.library).library, None, (), 0, {}, ())
    with open_library(arguments) as finder:
        return finder.status()


def _filters(options: SourceOptions) -> str:
    said = [
        "no subfolders" * (not options.recursive),
        ("only " + ",".join(options.extensions)) * bool(options.extensions),
        ("only " + " ".join(options.include)) * bool(options.include),
        ("without " + " ".join(options.exclude)) * bool(options.exclude),
    ]
    return "; ".join(filter(None, said))
