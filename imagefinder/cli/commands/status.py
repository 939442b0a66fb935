"""The command ``imagefinder status``."""

import argparse
from dataclasses import asdict
from pathlib import Path

from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.open_library import has_library, open_library
from imagefinder.cli.terminal import Terminal
from imagefinder.cli.unread import cloud_line, source_unread
from imagefinder.domain.jobs import in_the_cloud_text, kinds_text
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.model_names import BUILTIN, STARTER
from imagefinder.domain.sources import SourceOptions, SourceStatus
from imagefinder.embedders.model_registry import names_by_id
from imagefinder.paths import default_places
from imagefinder.translation import tr


def status(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Print the status of the library."""
    library = read_status(arguments)
    if arguments.json:
        terminal.json(_as_json(library))
    else:
        _print(library, default_places(arguments.library).models, terminal)
    return FOUND


def _as_json(library: LibraryStatus) -> dict[str, object]:
    return {
        "library": str(library.folder),
        "model": library.model,
        "changing_to": asdict(library.change) if library.change else None,
        "items": library.items,
        "embedded": library.embedded,
        "sources": [
            {
                "path": str(entry.source.path),
                "kind": entry.source.kind,
                "offline": entry.source.offline,
                "gone": entry.source.gone,
                "files": entry.files,
                "items": entry.items,
                "unreadable": entry.unreadable,
                "offline_files": entry.offline_files,
                "pending": entry.pending,
                "in_the_cloud": entry.in_the_cloud,
                "scan_complete": entry.scan_complete,
                "scanned_at": entry.source.scanned_at,
                "passed_over": dict(entry.passed_over),
            }
            for entry in library.sources
        ],
        "unreadable": [
            {
                "path": str(file.path),
                "code": file.code,
                "parameters": dict(file.why.parameters),
                "reason": file.why.in_english(),
            }
            for file in library.unreadable
        ],
    }


def _print(library: LibraryStatus, models_dir: Path, terminal: Terminal) -> None:
    models = names_by_id({library.model or STARTER, STARTER, BUILTIN}, models_dir)
    terminal.table(
        (),
        (
            (tr("Library"), str(library.folder)),
            (tr("Model"), library.model or tr("chosen when something is added")),
            *_change(library),
            (tr("Pictures and pages"), str(library.items)),
            (
                tr("Indexed with"),
                ", ".join(f"{models.get(id_, id_)}: {count}" for id_, count in library.embedded.items())
                or "-",
            ),
        ),
    )
    if library.sources:
        terminal.out.print()
        terminal.table(
            (tr("Source"), tr("Files"), tr("Pictures and pages"), tr("Unreadable"), "", ""),
            (
                (
                    str(entry.source.path),
                    str(entry.files),
                    str(entry.items),
                    str(entry.unreadable),
                    _filters(entry.source.options),
                    _availability(entry),
                )
                for entry in library.sources
            ),
        )
    if said := cloud_line(sum(entry.in_the_cloud for entry in library.sources)):
        terminal.say(said)
    if passed_over := [entry for entry in library.sources if entry.passed_over]:
        terminal.out.print()
        terminal.table(
            (tr("Passed over: files of kinds that are not read"), ""),
            ((str(entry.source.path), kinds_text(entry.passed_over)) for entry in passed_over),
        )
    if library.unreadable:
        terminal.out.print()
        terminal.table(
            (tr("Could not be read"), tr("Why")),
            ((str(file.path), file.reason) for file in library.unreadable),
        )


def _change(library: LibraryStatus) -> tuple[tuple[str, str], ...]:
    change = library.change
    if change is None:
        return ()
    how_far = tr("{model}: {done} of {all} indexed", model=change.model, done=change.done, all=change.total)
    left = change.total - change.done
    if change.unreachable:
        away = tr(
            "%n cannot be read now (a drive that is away, a folder that is gone, files in the cloud?)",
            "",
            change.unreachable,
        )
        how_far = tr("{first}; {second}", "parts of a line", first=how_far, second=away)
    command = "imagefinder index"
    if left == change.unreachable:
        command = f"imagefinder models use {change.model} --now"
    return ((tr("Changing to"), f"{how_far} ({command})"),)


def read_status(arguments: argparse.Namespace) -> LibraryStatus:
    """Return the library's status. If there is no library, return that of an empty one without creating it."""
    if not has_library(arguments):
        return LibraryStatus(default_places(arguments.library).library, None, (), 0, {}, ())
    with open_library(arguments) as finder:
        return finder.status()


def _availability(entry: SourceStatus) -> str:
    if entry.source.gone:
        return tr(
            "no longer there (moved, renamed or deleted): add it where it is now, or forget it by imagefinder remove"
        )
    if entry.source.offline:
        return tr("offline")
    said = [
        source_unread(entry),
        in_the_cloud_text(entry.in_the_cloud),
        entry.offline_files and tr("{count} offline", count=entry.offline_files),
    ]
    return tr("; ", "between the parts of a list").join(part for part in said if part)


def _filters(options: SourceOptions) -> str:
    said = [
        not options.recursive and tr("no subfolders"),
        options.extensions and tr("only {what}", what=",".join(options.extensions)),
        options.include and tr("only {what}", what=" ".join(options.include)),
        options.exclude and tr("without {what}", what=" ".join(options.exclude)),
    ]
    return tr("; ", "between the parts of a list").join(part for part in said if part)
