"""The command ``imagefinder search``."""

import argparse
import os
import sys
from pathlib import Path

from imagefinder.api import ImageFinder
from imagefinder.cli.exit_status import FOUND, NOTHING_FOUND
from imagefinder.cli.job_display import run_job
from imagefinder.cli.open_library import open_existing, open_library
from imagefinder.cli.terminal import Terminal
from imagefinder.cli.unread import unread_line
from imagefinder.domain.errors import LibraryInUseError, UsageError
from imagefinder.domain.library import why_empty
from imagefinder.domain.queries import Query, SearchResult
from imagefinder.paths import default_places, exists
from imagefinder.translation import tr


def search(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Run a search and print its hits."""
    images: tuple[Path, ...] = ()
    within: tuple[Path, ...] = ()
    if arguments.image or arguments.within:
        from imagefinder.addresses import given_path, given_picture

        images = tuple(given_picture(path, default_places().dropped) for path in arguments.image)
        within = tuple(map(given_path, arguments.within))
    query = Query(
        text=" ".join(arguments.text),
        images=images,
        within=within,
        limit=arguments.limit,
        include_query_images=arguments.include_query,
        include_rest=arguments.all,
        min_score=arguments.min_score,
    )
    if not query.text.strip() and not query.images:
        raise UsageError(tr("Nothing to look for: give some words, or a picture with --image."))
    if arguments.null and not arguments.paths:
        raise UsageError(tr("-0 says how paths end, so it goes with --paths."))
    with open_library(arguments) if query.within else open_existing(arguments) as finder:
        for path in query.within:
            _bring_up_to_date(finder, terminal, path)
        with terminal.progress() as progress, terminal.native_chatter_silenced():
            result = finder.query(query, progress)
        embedded, items = finder.engine.coverage()
        left = unread_line(finder) if result.model == finder.engine.models.in_use else ""
        if not items and not query.within:
            raise _nothing_to_search(finder)
        advice = _advice_on_languages(finder, query.text)
    _show(result, arguments, terminal)
    if advice:
        terminal.say(advice)
    if left:
        terminal.say(left)
    elif embedded < items:
        with_it = f"--model {result.model} " if finder.is_model_named else ""
        terminal.say(
            tr(
                "Only {done} of {all} pictures and pages are indexed with {model} so far: {command} does the rest.",
                done=embedded,
                all=items,
                model=result.model,
                command=f"imagefinder {with_it}index",
            )
        )
    if arguments.open and result.hits:
        _open_in_viewer(result.hits[0].path)
    return FOUND if result.hits else NOTHING_FOUND


def _nothing_to_search(finder: ImageFinder) -> UsageError:
    sources = finder.engine.status(unreadable=False).sources
    if not sources:
        return UsageError(tr("Nothing is indexed yet. Begin with: imagefinder add FOLDER"))
    why = why_empty(sources)
    what_to_do = tr("To look again: imagefinder index. To see more: imagefinder status.")
    return UsageError(tr("{first} {second}", "two sentences", first=why, second=what_to_do))


def _advice_on_languages(finder: ImageFinder, text: str) -> str:
    model = finder.engine.embedder
    if not model.is_english or not text.strip() or model.understands(text.strip()):
        return ""
    return tr("Models for many languages: imagefinder models list")


def _bring_up_to_date(finder: ImageFinder, terminal: Terminal, path: Path) -> None:
    try:
        run_job(
            finder,
            terminal,
            lambda progress, cancel: finder.engine.jobs.bring_up_to_date(path, progress, cancel),
            only_news=True,
        )
    except LibraryInUseError:
        if not finder.engine.has_items_below(path):
            raise
        terminal.say(tr("Another imagefinder is indexing; searching what is indexed so far."))


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
                "has_rest": result.has_rest,
                "note": result.note,
                "hits": [
                    {
                        "path": hit.file,
                        "part": hit.part,
                        "group": hit.group,
                        "score": round(hit.score, 6),
                        "relevance": None if hit.relevance is None else round(hit.relevance, 4),
                        "kind": hit.kind,
                        "text_score": round(hit.text_score, 3),
                        "offline": hit.offline,
                        "gone": hit.gone,
                    }
                    for hit in result.hits
                ],
            }
        )
    elif arguments.paths:
        # Several pages of one PDF may be hits; its path is printed once.
        terminal.paths(dict.fromkeys(hit.path for hit in result.hits), null=arguments.null)
    else:
        terminal.hits(result)
    if not arguments.json:
        _say_how_much(result, arguments.limit, terminal)
    if result.note:
        terminal.say(result.note)


def _say_how_much(result: SearchResult, limit: int, terminal: Terminal) -> None:
    if not result.hits and result.has_rest:
        terminal.say(tr("Nothing seems to match. --all shows what is nearest nevertheless."))
    elif not result.hits:
        terminal.say(tr("Nothing found."))
    elif result.has_rest and len(result.hits) < limit:
        terminal.say(tr("What probably does not match was left out. --all shows it too."))


def _open_in_viewer(path: Path) -> None:
    if not exists(path):
        raise UsageError(tr("{path} is not there now; is its drive connected?", path=path))
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606 - a user's file, opened at the user's request
        return
    import subprocess

    command = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        subprocess.run([command, str(path)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise UsageError(
            tr("No program on this machine opens {path} ({command} failed).", path=path, command=command)
        ) from error
