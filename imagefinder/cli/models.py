"""``imagefinder models``."""

import argparse

from imagefinder.api import ImageFinder
from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.library import open_library
from imagefinder.cli.status import read_status
from imagefinder.cli.terminal import Terminal
from imagefinder.embedders import registry as embedders
from imagefinder.model.jobs import Phase, Progress
from imagefinder.paths import absolute, default_places
from imagefinder.translation import tr, use_language


def models(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """List, choose or import models."""
    return _VERBS[arguments.verb or "list"](arguments, terminal)


def _models_list(arguments: argparse.Namespace, terminal: Terminal) -> int:
    if getattr(arguments, "json", False):
        use_language("en")  # other programs read it
    in_use = read_status(arguments).model
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
    for model in models:
        state = tr("ready", "a model") if model.installed else tr("not here", "a model")
        terminal.described(
            model.name, tr("in use", "a model") if model.name == in_use else state, model.detail
        )
    return FOUND


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
        tr("This library is searched with {model} from now on.", model=name)
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
    from imagefinder.embedders.imported import import_checkpoint

    with terminal.progress() as progress:
        progress(Progress(Phase.LOADING_MODEL, 0, None))
        name = import_checkpoint(
            absolute(arguments.file), arguments.arch, default_places(arguments.library).models
        )
    if arguments.json:
        terminal.json({"name": name})
    else:
        terminal.say(tr("Imported as {model}. Use it with: imagefinder models use {model}", model=name))
    return FOUND


_VERBS = {"list": _models_list, "use": _models_use, "import": _models_import}
