"""The command ``imagefinder models list``."""

import argparse
from dataclasses import asdict

from imagefinder.cli.commands.status import read_status
from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.terminal import Terminal
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.model_names import ModelInfo, ModelOffer
from imagefinder.embedders.model_registry import available
from imagefinder.paths import default_places
from imagefinder.translation import join_clauses, tr, translated, use_language

_MEGABYTE = 1_000_000


def list_models(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Print the installed models and those that can be downloaded."""
    as_json = getattr(arguments, "json", False)
    if as_json:
        use_language("en")  # JSON is for programs
    library = read_status(arguments)
    models = available(default_places(arguments.library).models)
    if as_json:
        terminal.json({"models": [_fields(model, library) for model in models]})
        return FOUND
    for model in models:
        terminal.described(model.name, _state(model, library), *_details(model))
    if any(model.offer for model in models):
        terminal.say(
            tr(
                "ImageNet: of 100 pictures, how many it names rightly of 1000 things. COCO and Flickr30k: of 100 "
                "sentences, for how many the picture meant comes first."
            )
        )
    if not all(model.installed for model in models):
        terminal.say(
            tr("To get one: imagefinder models download NAME. To search with it: imagefinder models use NAME")
        )
    return FOUND


def _fields(model: ModelInfo, library: LibraryStatus) -> dict[str, object]:
    return {
        "name": model.name,
        "title": model.title,
        "installed": model.installed,
        "in_use": model.name == library.model,
        "changing_to": library.change is not None and library.change.model == model.name,
        "removable": model.is_removable,
        "partial_bytes": model.partial_bytes,
        "page": model.page,
        "detail": model.detail,
        "offer": asdict(model.offer) if model.offer else None,
    }


def _state(model: ModelInfo, library: LibraryStatus) -> str:
    if model.name == library.model:
        return tr("in use", "a model")
    if library.change and library.change.model == model.name:
        return tr("this library is being changed to it", "a model")
    if model.installed:
        return tr("ready", "a model")
    if model.partial_bytes and model.offer:
        come = f"{model.partial_bytes / _MEGABYTE:,.0f}"
        return tr(
            "download interrupted: {come} of {all} MB are here", come=come, all=f"{model.offer.megabytes:,}"
        )
    if model.offer and model.offer.is_recommended:
        return tr("not here; recommended", "a model")
    return tr("not here", "a model")


def _details(model: ModelInfo) -> tuple[str, ...]:
    """Return lines on a model's description, requirements, quality and files."""
    if not model.offer:
        return (f"{model.title}: {model.detail}",)
    about = f"{model.title}. {translated(model.offer.about, 'a model')}"
    lines = (about, _facts(model.offer), _quality(model.offer))
    return (*lines, model.detail) if model.installed else lines


def _facts(offer: ModelOffer) -> str:
    facts = [
        tr("{count} MB to download", count=f"{offer.megabytes:,}"),
        tr("{count} MB of memory", count=f"{offer.memory_mb:,}"),
        tr("many languages") if offer.languages == "many" else tr("English"),
        tr("licence: {name}", name=offer.licence),
    ]
    if offer.needs_transformers:
        facts.append(tr("needs the library transformers"))
    return join_clauses(facts)


def _quality(offer: ModelOffer) -> str:
    known = (("ImageNet", offer.imagenet), ("COCO", offer.coco), ("Flickr30k", offer.flickr30k))
    figures = [f"{name} {percent:.1f}" for name, percent in known if percent is not None]
    return join_clauses(figures)
