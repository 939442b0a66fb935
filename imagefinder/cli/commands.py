"""What each command does. Each returns the exit status."""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from imagefinder.api import ImageFinder
from imagefinder.cli.terminal import Terminal, summary
from imagefinder.embedders import registry as embedders
from imagefinder.embedders.builtin import BuiltinEmbedder
from imagefinder.engine.cancel import CancelToken
from imagefinder.engine.engine import LibraryStatus
from imagefinder.model.errors import CancelledError, LibraryInUseError, UsageError
from imagefinder.model.jobs import IndexReport, Phase, Progress, ProgressCallback
from imagefinder.model.queries import Query, SearchResult
from imagefinder.model.sources import SourceOptions
from imagefinder.paths import absolute, default_places, exists
from imagefinder.readers import registry as readers

FOUND, NOTHING_FOUND = 0, 1


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Carry out the command that was parsed.

    Raises:
        ImageFinderError: it cannot be carried out; the message is for the user.
    """
    return _COMMANDS[arguments.command](arguments, terminal)


def _open(arguments: argparse.Namespace) -> ImageFinder:
    return ImageFinder.open(arguments.library, model=arguments.model, device=arguments.device)


def _open_existing(arguments: argparse.Namespace) -> ImageFinder:
    """As ``_open``, for commands that only ask: a mistyped --library makes no library."""
    if not _has_library(arguments):
        folder = default_places(arguments.library).library
        raise UsageError(f"Nothing is indexed yet in {folder}. Begin with: imagefinder add FOLDER")
    return _open(arguments)


def _has_library(arguments: argparse.Namespace) -> bool:
    folder = default_places(arguments.library).library
    if exists(folder / "library.db"):
        return True
    # What stands in its place is for the opening to complain about.
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return not nearest.is_dir()


def _add(arguments: argparse.Namespace, terminal: Terminal) -> int:
    extensions = [part.strip().lower().lstrip(".") for part in arguments.ext.split(",") if part.strip()]
    unknown = sorted(set(extensions) - readers.extensions())
    if unknown:
        can = ", ".join(sorted(readers.extensions()))
        raise UsageError(f"No reader for {', '.join(unknown)}. These kinds of file can be read: {can}.")
    with _open(arguments) as finder:
        _job(
            finder,
            terminal,
            lambda progress, cancel: finder.add(
                arguments.paths,
                recursive=not arguments.no_recurse,
                include=arguments.include,
                exclude=arguments.exclude,
                extensions=extensions,
                progress=progress,
                cancel=cancel,
            ),
        )
    return FOUND


def _index(arguments: argparse.Namespace, terminal: Terminal) -> int:
    with _open_existing(arguments) as finder:
        if not finder.status().sources:
            raise UsageError("Nothing was added yet. Begin with: imagefinder add FOLDER")
        _job(finder, terminal, lambda progress, cancel: finder.index(progress=progress, cancel=cancel))
    return FOUND


Job = Callable[[ProgressCallback, CancelToken], IndexReport]


def _job(finder: ImageFinder, terminal: Terminal, job: Job, *, only_news: bool = False) -> None:
    embedder = finder.engine.embedder
    began = time.monotonic()
    with _interruptible() as cancel, terminal.progress() as progress, terminal.native_chatter_silenced():
        report = job(progress, cancel)
    done = summary(report, time.monotonic() - began)
    if report.cancelled:
        raise CancelledError(
            f"Stopped ({done}). What was indexed is kept; run the same command again to go on."
        )
    if only_news and not (report.indexed or report.reused or report.removed or report.offline):
        return
    # Not before: of what goes wrong there is to be one line, and no other.
    if embedder.name == embedders.BUILTIN and not finder.is_model_named:
        terminal.say(f"No CLIP model in use: the built-in one {BuiltinEmbedder.description}.")
    # Asking for the device loads libraries, so only where they have been at work.
    device = f" on {embedder.device}" if report.indexed else ""
    terminal.say(f"{done} - {embedder.name}{device}")


@contextmanager
def _interruptible() -> Iterator[CancelToken]:
    """Ctrl-C stops the job at its next safe place; a second one stops it at once."""
    token = CancelToken()

    def stop(_number: int, _frame: FrameType | None) -> None:
        token.cancel()
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield token
    finally:
        signal.signal(signal.SIGINT, previous)


def _search(arguments: argparse.Namespace, terminal: Terminal) -> int:
    query = Query(
        text=" ".join(arguments.text),
        images=tuple(absolute(path) for path in arguments.image),
        within=tuple(absolute(path) for path in arguments.within),
        limit=arguments.limit,
        include_query_images=arguments.include_query,
    )
    if not query.text.strip() and not query.images:
        raise UsageError("Nothing to look for: give some words, or a picture with --image.")
    if arguments.null and not arguments.paths:
        raise UsageError("-0 says how paths end, so it goes with --paths.")
    with _open(arguments) if query.within else _open_existing(arguments) as finder:
        for path in query.within:
            _bring_up_to_date(finder, terminal, path)
        with terminal.progress() as progress, terminal.native_chatter_silenced():
            result = finder.query(query, progress)
        embedded, items = finder.engine.coverage()
        if not items and not query.within:
            raise UsageError("Nothing is indexed yet. Begin with: imagefinder add FOLDER")
    _show(result, arguments, terminal)
    if 0 < embedded < items:
        terminal.say(
            f"Only {embedded} of {items} pictures and pages are indexed with {result.model} so far: "
            "imagefinder index does the rest."
        )
    if arguments.open and result.hits:
        _open_in_viewer(result.hits[0].path)
    return FOUND if result.hits else NOTHING_FOUND


def _bring_up_to_date(finder: ImageFinder, terminal: Terminal, path: Path) -> None:
    try:
        _job(
            finder,
            terminal,
            lambda progress, cancel: finder.engine.bring_up_to_date(path, progress, cancel),
            only_news=True,
        )
    except LibraryInUseError:
        if not finder.engine.has_items_below(path):
            raise
        terminal.say("Another imagefinder is indexing; searching what is indexed so far.")


def _show(result: SearchResult, arguments: argparse.Namespace, terminal: Terminal) -> None:
    if arguments.json:
        terminal.json(
            {
                "query": {
                    "text": " ".join(arguments.text),
                    "images": arguments.image,
                    "in": arguments.within,
                },
                "model": result.model,
                "took_ms": round(result.took_ms, 2),
                "hits": [
                    {
                        "path": str(hit.path),
                        "part": hit.part,
                        "score": round(hit.score, 6),
                        "kind": hit.kind,
                        "text_score": round(hit.text_score, 3),
                        "offline": hit.offline,
                    }
                    for hit in result.hits
                ],
            }
        )
    elif arguments.paths:
        # A PDF of which several pages are hits is one file.
        terminal.paths(dict.fromkeys(hit.path for hit in result.hits), null=arguments.null)
    else:
        terminal.hits(result)
        if not result.hits:
            terminal.say("Nothing found.")
    if result.note:
        terminal.say(result.note)


def _open_in_viewer(path: Path) -> None:
    if not exists(path):
        raise UsageError(f"{path} is not there now; is its drive connected?")
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606 - a file of the user's, by the user's own wish
        return
    command = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        subprocess.run([command, str(path)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise UsageError(f"No program on this machine opens {path} ({command} failed).") from error


def _status(arguments: argparse.Namespace, terminal: Terminal) -> int:
    status = _read_status(arguments)
    if arguments.json:
        terminal.json(
            {
                "library": str(status.folder),
                "model": status.model,
                "items": status.items,
                "embedded": status.embedded,
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
                    for entry in status.sources
                ],
                "unreadable": [{"path": str(file.path), "reason": file.reason} for file in status.unreadable],
            }
        )
        return FOUND
    terminal.table(
        (),
        (
            ("Library", str(status.folder)),
            ("Model", status.model or "chosen when something is added"),
            ("Pictures and pages", str(status.items)),
            (
                "Indexed with",
                ", ".join(f"{model}: {count}" for model, count in status.embedded.items()) or "-",
            ),
        ),
    )
    if status.sources:
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
                for entry in status.sources
            ),
        )
    if status.unreadable:
        terminal.out.print()
        terminal.table(
            ("Could not be read", "Why"), ((str(file.path), file.reason) for file in status.unreadable)
        )
    return FOUND


def _read_status(arguments: argparse.Namespace) -> LibraryStatus:
    if not _has_library(arguments):
        return LibraryStatus(default_places(arguments.library).library, None, (), 0, {}, ())
    with _open(arguments) as finder:
        return finder.status()


def _filters(options: SourceOptions) -> str:
    said = [
        "no subfolders" * (not options.recursive),
        ("only " + ",".join(options.extensions)) * bool(options.extensions),
        ("only " + " ".join(options.include)) * bool(options.include),
        ("without " + " ".join(options.exclude)) * bool(options.exclude),
    ]
    return "; ".join(filter(None, said))


def _remove(arguments: argparse.Namespace, terminal: Terminal) -> int:
    paths = [absolute(path) for path in arguments.paths]
    with _open_existing(arguments) as finder:
        count = finder.remove(paths)
    files = "1 file" if count == 1 else f"{count} files"
    terminal.say(f"{files} forgotten. Nothing on your disk was touched.")
    return FOUND


def _models(arguments: argparse.Namespace, terminal: Terminal) -> int:
    return _VERBS[arguments.verb or "list"](arguments, terminal)


def _models_list(arguments: argparse.Namespace, terminal: Terminal) -> int:
    in_use = _read_status(arguments).model
    models = embedders.available(default_places(arguments.library).models)
    if getattr(arguments, "json", False):
        terminal.json(
            {
                "models": [
                    {
                        "name": model.name,
                        "title": model.title,
                        "installed": model.installed,
                        "in_use": model.name == in_use,
                        "detail": model.detail,
                    }
                    for model in models
                ]
            }
        )
        return FOUND
    state = {True: "ready", False: "not here"}
    for model in models:
        terminal.described(
            model.name, "in use" if model.name == in_use else state[model.installed], model.detail
        )
    return FOUND


def _models_use(arguments: argparse.Namespace, terminal: Terminal) -> int:
    with _open(arguments) as finder:
        embedders.create(arguments.name, arguments.device, finder.models_dir).close()
        finder.engine.set_model(arguments.name)
    with _open(arguments) as finder:
        embedded, items = finder.engine.coverage()
    then = f" {items - embedded} pictures and pages are still to be indexed with it: imagefinder index"
    terminal.say(f"This library is searched with {arguments.name} from now on." + then * (embedded < items))
    return FOUND


def _models_import(arguments: argparse.Namespace, terminal: Terminal) -> int:
    from imagefinder.embedders.imported import import_checkpoint

    with terminal.progress() as progress:
        progress(Progress(Phase.LOADING_MODEL, 0, None))
        name = import_checkpoint(
            absolute(arguments.file), arguments.arch, default_places(arguments.library).models
        )
    if arguments.json:
        terminal.json({"name": name})
    else:
        terminal.say(f"Imported as {name}. Use it with: imagefinder models use {name}")
    return FOUND


_COMMANDS = {
    "add": _add,
    "index": _index,
    "search": _search,
    "status": _status,
    "remove": _remove,
    "models": _models,
}
_VERBS = {"list": _models_list, "use": _models_use, "import": _models_import}
