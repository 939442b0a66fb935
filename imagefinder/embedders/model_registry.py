"""Registry of embedders: built-in, stored (imported or downloaded), and published by open_clip.

This module neither imports torch nor accesses the network. An embedder's module is imported when it is created.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.domain.errors import ModelError
from imagefinder.domain.model_names import BUILTIN, BUILTIN_ID, STARTER, ModelInfo, model_title
from imagefinder.embedders.catalogue.catalogue import architectures, published_tags, settings_for, suggestion
from imagefinder.embedders.catalogue.downloadable_models import offers
from imagefinder.embedders.catalogue.hub_cache import hub_files, published_here, published_spec
from imagefinder.embedders.catalogue.model_store import imported_models
from imagefinder.embedders.embedder import Embedder
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.weights.weights_file import is_whole
from imagefinder.resources import resource
from imagefinder.translation import tr, translated

if TYPE_CHECKING:
    from imagefinder.embedders.runtime.runtime_choice import RuntimeSetting

DEFAULT_CLIP = "ViT-B-32-256/datacomp_s34b_b86k"


def default_model(models_dir: Path) -> str:
    """Return the default model: the best CLIP model if installed, or else one of the program's own."""
    return next((name for name in (DEFAULT_CLIP, STARTER) if _find(name, models_dir)), BUILTIN)


def create(name: str, device: str, models_dir: Path, runtimes: "RuntimeSetting | None" = None) -> Embedder:
    """Create an embedder. This is cheap, because weights are loaded on first use.

    Args:
        name: ``starter``, ``builtin``, the name of a stored model, or open_clip's ``ARCH/TAG``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``. ``builtin`` always runs on the processor.
        models_dir: Folder of the model store.
        runtimes: Runtimes allowed for the image tower. Defaults to PyTorch only.

    Raises:
        ModelError: There is no such model, or its weights are not on this computer.
    """
    if name == BUILTIN:
        from imagefinder.embedders.colour.builtin import BuiltinEmbedder

        return BuiltinEmbedder()
    if spec := _find(name, models_dir):
        from imagefinder.embedders.openclip import OpenClipEmbedder

        return OpenClipEmbedder(spec, device, runtimes=runtimes)
    if name == STARTER:
        raise ModelError(
            tr(
                "The files of the starter model, which come with the program, are missing or damaged. Install "
                "imagefinder again, or use another model; those that are here: imagefinder models list"
            )
        )
    arch, _, tag = name.partition("/")
    if tag in published_tags(arch):
        raise ModelError(
            tr(
                "The weights of {model} are not on this machine. {how_to_get}",
                model=name,
                how_to_get=_how_to_get(name),
            )
        )
    raise ModelError(
        tr(
            "There is no model called “{name}”.{perhaps} Those that are here: imagefinder models list",
            name=name,
            perhaps=_perhaps(name, models_dir),
        )
    )


def available(models_dir: Path) -> list[ModelInfo]:
    """Return the models that can be used now, and the downloadable models of the catalogue."""
    from imagefinder.embedders.colour.builtin import BuiltinEmbedder

    infos = []
    if _starter():
        small = tr("small and quick; understands English")
        large = tr("for the best results download CLIP ViT-B-32 (605 MB)")
        detail = large if default_model(models_dir) == STARTER else small
        infos.append(ModelInfo(STARTER, model_title(STARTER), True, detail))
    kept = {spec.name: spec for spec in imported_models(models_dir)}
    cached = set(published_here())
    names = dict.fromkeys([*offers(), *kept, *sorted(cached)])
    infos += [_info(name, kept.get(name), name in cached, models_dir) for name in names]
    colours_detail = translated(BuiltinEmbedder.description, "a model")
    return [*infos, ModelInfo(BUILTIN, model_title(BUILTIN), True, colours_detail)]


def _info(name: str, kept: ClipSpec | None, is_cached: bool, models_dir: Path) -> ModelInfo:
    from imagefinder.embedders.catalogue.model_files import bytes_come

    offer = offers().get(name)
    arch = kept.arch if kept else name.partition("/")[0]
    if kept:
        detail = tr("kept in {folder}", folder=kept.weights.parent)
    else:
        detail = tr("in this machine's model cache") if is_cached else _how_to_get(name)
    return ModelInfo(
        name,
        offer.title if offer else f"CLIP {arch}",
        installed=bool(kept or is_cached),
        detail=detail,
        page=f"https://huggingface.co/{repository}" if (repository := _repository(name)) else "",
        offer=offer,
        is_removable=kept is not None,
        partial_bytes=bytes_come(name, models_dir) if offer and not kept else 0,
    )


def id_of(name: str, models_dir: Path) -> str:
    """Return the embedder id of a model, or an empty string if it is unknown.

    The id of a published model is known even if its weights are not on this computer.
    """
    with suppress(ModelError):
        if embedder_id := _id_here(name, models_dir):
            return embedder_id
    arch, _, tag = name.partition("/")
    if tag not in published_tags(arch):
        return ""
    return ClipSpec(name, tag, arch, Path(), *settings_for(arch, tag)).id


def advice(name: str, models_dir: Path) -> str:
    """Return a hint for users of a program's own model that they did not choose. Empty for other models."""
    if name not in (STARTER, BUILTIN):
        return ""
    best = default_model(models_dir)
    if best != name:
        return tr(
            "{model}. A better one is here: imagefinder models use {better}",
            model=model_title(name),
            better=best,
        )
    if name == STARTER:
        return tr(
            "Starter model (built in). For the best results download CLIP ViT-B-32 (605 MB): "
            "imagefinder models download {model}",
            model=DEFAULT_CLIP,
        )
    return tr(
        "Colours and shapes only: the files of the starter model are missing or damaged. Install imagefinder again."
    )


def names_by_id(names: Iterable[str], models_dir: Path) -> dict[str, str]:
    """Return those of the named models that are installed, by embedder id."""
    by_id = {}
    for name in names:
        with suppress(ModelError):
            # The id is unknown if the weights are not on this computer.
            if embedder_id := _id_here(name, models_dir):
                by_id[embedder_id] = name
    return by_id


def _id_here(name: str, models_dir: Path) -> str:
    """Return the embedder id of an installed model, or an empty string. Creates no embedder."""
    if name == BUILTIN:
        return BUILTIN_ID
    spec = _find(name, models_dir)
    return spec.id if spec else ""


def _starter() -> ClipSpec | None:
    """Return the starter model. None if its files are missing or damaged."""
    for spec in imported_models(resource("models"), is_trusted=True):
        if spec.name == STARTER and is_whole(spec.weights):
            return replace(spec, is_english=True)
    return None


def _find(name: str, models_dir: Path) -> ClipSpec | None:
    """Return the installed model of that name. Stored models take precedence over open_clip's."""
    if name == STARTER:
        return _starter()
    for spec in imported_models(models_dir):
        if spec.name == name:
            return _with_language(spec)
    arch, _, tag = name.partition("/")
    published = published_spec(arch, tag) if tag in published_tags(arch) else None
    return _with_language(published) if published else None


def _with_language(spec: ClipSpec) -> ClipSpec:
    """Set ``is_english`` according to the catalogue, or else to the tokenizer.

    Published models with CLIP's own vocabulary were trained on English captions, while multilingual ones have
    a tokenizer of their own. An imported file may be a fine-tune in any language.
    """
    if offer := offers().get(spec.name):
        return replace(spec, is_english=offer.languages == "en")
    text = spec.model_cfg.get("text_cfg", {})
    return replace(spec, is_english=spec.published and not text.get("hf_tokenizer_name"))


def _repository(name: str) -> str:
    arch, _, tag = name.partition("/")
    row = published_tags(arch).get(tag)
    return hub_files(row)[0] if row else ""


def _how_to_get(name: str) -> str:
    repository = _repository(name)
    if name in offers():
        return tr(
            "Download it in the window's settings, or: imagefinder models download {model}. Or get the weights file "
            "elsewhere (such as open_clip_model.safetensors of huggingface.co/{repository}), then: imagefinder models "
            "import FILE --arch {model}",
            repository=repository,
            model=name,
        )
    if not repository:
        return tr(
            "Get the weights file elsewhere, then: imagefinder models import FILE --arch {model}", model=name
        )
    return tr(
        "Get the weights file elsewhere (such as open_clip_model.safetensors of huggingface.co/{repository}), "
        "then: imagefinder models import FILE --arch {model}",
        repository=repository,
        model=name,
    )


def _perhaps(name: str, models_dir: Path) -> str:
    arch = name.partition("/")[0]
    archs = [arch] if published_tags(arch) else list(architectures())
    known = [f"{known}/{tag}" for known in archs for tag in published_tags(known)]
    return suggestion(name, [STARTER, BUILTIN, *(spec.name for spec in imported_models(models_dir)), *known])
