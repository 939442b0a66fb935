"""The embedders there are: the built-in one, imported models, and open_clip's published ones.

Nothing here imports torch, downloads, or touches the network.
"""

from pathlib import Path

from imagefinder.embedders.base import Embedder
from imagefinder.embedders.builtin import BuiltinEmbedder
from imagefinder.embedders.cached import published_here, published_spec
from imagefinder.embedders.catalogue import architectures, published_tags, suggestion
from imagefinder.embedders.imported import imported_models
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec
from imagefinder.model.errors import ModelError
from imagefinder.model.model_names import BUILTIN, ModelInfo, model_title
from imagefinder.translation import tr, translated

DEFAULT_CLIP = "ViT-B-32-256/datacomp_s34b_b86k"


def default_model(models_dir: Path) -> str:
    """The model to use when the user names none: CLIP if its weights are here, else the built-in one."""
    return DEFAULT_CLIP if _find(DEFAULT_CLIP, models_dir) else BUILTIN


def create(name: str, device: str, models_dir: Path) -> Embedder:
    """Make an embedder, cheaply: weights are loaded when it first works.

    Args:
        name: ``builtin``, an imported model's name, or ``ARCH/TAG`` of open_clip.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``; the built-in model computes on the processor anyway.
        models_dir: where imported models are kept.

    Raises:
        ModelError: there is no such model, or its weights are not on this machine.
    """
    if name == BUILTIN:
        return BuiltinEmbedder()
    if spec := _find(name, models_dir):
        return OpenClipEmbedder(spec, device)
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
    """The models that can be used now, and the one that is worth getting."""
    builtin_detail = translated(BuiltinEmbedder.description, "the built-in model")
    infos = [ModelInfo(BUILTIN, model_title(BUILTIN), True, builtin_detail)]
    imported = list(imported_models(models_dir))
    infos += [
        ModelInfo(s.name, f"CLIP {s.arch}", True, tr("imported, {folder}", folder=s.weights.parent))
        for s in imported
    ]
    known = {info.name for info in infos}
    for name in published_here():
        if name not in known:
            title = f"CLIP {name.partition('/')[0]}"
            infos.append(ModelInfo(name, title, True, tr("in this machine's model cache")))
            known.add(name)
    if DEFAULT_CLIP not in known:
        title = tr("{model} (recommended)", model=f"CLIP {DEFAULT_CLIP.partition('/')[0]}")
        page = f"https://huggingface.co/{repository}" if (repository := _repository(DEFAULT_CLIP)) else ""
        infos.append(ModelInfo(DEFAULT_CLIP, title, False, _how_to_get(DEFAULT_CLIP), page))
    return infos


def _find(name: str, models_dir: Path) -> ClipSpec | None:
    """The model of that name whose weights are here; an imported one comes first."""
    for spec in imported_models(models_dir):
        if spec.name == name:
            return spec
    arch, _, tag = name.partition("/")
    return published_spec(arch, tag) if tag in published_tags(arch) else None


def _repository(name: str) -> str:
    arch, _, tag = name.partition("/")
    return str(published_tags(arch)[tag].get("hf_hub", "")).rpartition("/")[0]


def _how_to_get(name: str) -> str:
    repository = _repository(name)
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
    return suggestion(name, [BUILTIN, *(spec.name for spec in imported_models(models_dir)), *known])
