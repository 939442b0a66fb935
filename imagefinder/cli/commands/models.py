"""The command ``imagefinder models``."""

import argparse
from collections.abc import Callable

from imagefinder.api import ImageFinder
from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.open_library import open_library
from imagefinder.cli.terminal import Terminal
from imagefinder.domain.jobs import Phase, Progress
from imagefinder.paths import absolute, default_places
from imagefinder.translation import tr


def models(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """List, download, import, choose or remove models."""
    return _verb(arguments.verb or "list")(arguments, terminal)


def _verb(name: str) -> Callable[[argparse.Namespace, Terminal], int]:
    """Return the function of a verb, importing only what that verb needs."""
    match name:
        case "list":
            from imagefinder.cli.commands.models_list import list_models

            return list_models
        case "download":
            from imagefinder.cli.commands.models_files import download_model

            return download_model
        case "remove":
            from imagefinder.cli.commands.models_files import remove

            return remove
    return {"use": _models_use, "import": _models_import}[name]


def _models_use(arguments: argparse.Namespace, terminal: Terminal) -> int:
    with open_library(arguments) as finder:
        change = finder.use_model(arguments.name, drop_old=arguments.drop_old, now=arguments.now)
        if change is None:
            _say_in_use(finder, arguments.name, terminal)
            return FOUND
        present = finder.status().model
    terminal.say(
        tr(
            "This library is being changed to {model}: %n pictures and pages are still to be indexed with it "
            "(imagefinder index). Until then {present} answers.",
            "",
            change.total - change.done,
            model=arguments.name,
            present=present,
        )
    )
    return FOUND


def _say_in_use(finder: ImageFinder, name: str, terminal: Terminal) -> None:
    embedded, items = finder.engine.coverage()
    terminal.say(
        tr("This library now uses {model}.", model=name)
        if embedded >= items
        else tr(
            "This library is searched with {model} from now on. %n pictures and pages are still to be "
            "indexed with it: imagefinder index",
            "",
            items - embedded,
            model=name,
        )
    )


def _models_import(arguments: argparse.Namespace, terminal: Terminal) -> int:
    from imagefinder.embedders.importing.import_source import LOCAL_DIR
    from imagefinder.embedders.importing.importer import import_model

    path = absolute(arguments.file.removeprefix(LOCAL_DIR))
    with terminal.progress() as progress:
        progress(Progress(Phase.LOADING_MODEL, 0, None))
        imported = import_model(
            path, arguments.arch, default_places(arguments.library).models, arguments.name
        )
    model = imported.model
    if arguments.json:
        terminal.json(
            {
                "name": model.name,
                "arch": model.arch,
                "preprocessing": model.preprocess_cfg,
                "was_here": imported.was_here,
            }
        )
        return FOUND
    if imported.was_here:
        terminal.say(
            tr(
                "These weights are here already, and nothing was copied. Use them with: imagefinder models use {model}",
                model=model.name,
            )
        )
        return FOUND
    terminal.say(imported.how)
    terminal.say(tr("Imported as {model}. Use it with: imagefinder models use {model}", model=model.name))
    return FOUND
