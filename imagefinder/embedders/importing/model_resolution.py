"""Model resolution: the architecture and preprocessing of weights, from config, user, checksums or tensors.

All statements are compared with the tensors and with each other, and contradictions are refused. Weights used
with the wrong architecture, or with preprocessing other than in training, give vectors that are wrong but look valid.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.catalogue.catalogue import custom_config, settings_for
from imagefinder.embedders.importing.architecture_detection import (
    ArchitectureChoice,
    choices,
    compared,
    computation,
    differences,
    published_as,
    same_architecture,
    told_apart,
)
from imagefinder.embedders.importing.import_source import WeightsSource
from imagefinder.embedders.spec import JsonDict, merge_preprocess, short_hash
from imagefinder.embedders.weights.state_dict import Shapes, worst
from imagefinder.embedders.weights.transformers_clip import config_of_transformers
from imagefinder.translation import join_names, tr


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """Architecture and preprocessing of weights."""

    arch: str
    """open_clip's name of the architecture, or a name of this program's for a config unknown to open_clip."""
    model_cfg: JsonDict
    preprocess_cfg: JsonDict
    how: str
    """One sentence on how this was determined."""
    published: str = ""
    """``ARCH/TAG`` if the weights are stated or verified to be published ones, else empty."""


def pair(
    source: WeightsSource,
    arch: str,
    found: Shapes,
    digest: Callable[[], str],
    *,
    of_transformers: bool = False,
) -> ResolvedModel:
    """Determine the architecture and preprocessing of the weights of ``source``.

    Args:
        source: The weights file, and the config beside it, if any.
        arch: The user's statement: an architecture, ``ARCH/TAG``, a JSON config, or an empty string.
        found: Names and shapes of the file's tensors.
        digest: Returns the file's SHA-256 (hex). Only called if nothing else identifies the weights.
        of_transformers: Whether the file has the form of the transformers library. A config beside it then has too.

    Raises:
        ModelError: The user's statement, the config and the tensors contradict each other; or several
            architectures with different computations fit.
    """
    if source.config is not None:
        pairing = _beside(source.config, *custom_config(source.config), arch, found)
    elif of_transformers and (theirs := config_of_transformers(source.weights.parent)):
        pairing = _beside(*theirs, arch, found)
    elif arch:
        pairing = _named(arch)
    elif names := published_as(digest()):
        pairing = _published(names[0])
    else:
        return _recognised(found, source.weights)
    _prove(pairing, found)
    return pairing


def _beside(config: Path, model_cfg: JsonDict, overlay: JsonDict, arch: str, found: Shapes) -> ResolvedModel:
    """Resolve by the config beside the weights: the model config, and the preprocessing, which may be empty."""
    preprocess_cfg = merge_preprocess(model_cfg, overlay)
    names = same_architecture(model_cfg)
    if arch:
        named = _named(arch)
        if computation(named.model_cfg) != computation(model_cfg):
            raise _contradiction(arch, config, names[0] if names else tr("an architecture of its own"))
        # An architecture alone does not determine the preprocessing. A tag or a config does.
        says = ("/" in arch or arch.lower().endswith(".json")) and overlay
        if says and named.preprocess_cfg != preprocess_cfg:
            raise _contradiction(arch, config, tr("another preprocessing"))
    name = names[0] if names else f"{_nearest(found) or config.stem}-{short_hash(model_cfg)}"
    if overlay:
        how = tr("Recognised as {arch}; preprocessing from {config}.", arch=name, config=config.name)
    else:
        how = tr(
            "Recognised as {arch} by {config}, which says nothing of preprocessing: open_clip's own is used.",
            arch=name,
            config=config.name,
        )
    return ResolvedModel(
        name, model_cfg, preprocess_cfg, how, arch if "/" in arch and not _is_path(arch) else ""
    )


def _named(arch: str) -> ResolvedModel:
    """Resolve by the user's statement alone."""
    if _is_path(arch):
        path = Path(arch).expanduser()
        model_cfg, overlay = custom_config(path)
        how = tr("Architecture and preprocessing are those of {config}.", config=path)
        name = f"{path.stem}-{short_hash(model_cfg)}"
        return ResolvedModel(name, model_cfg, merge_preprocess(model_cfg, overlay), how)
    base, _, tag = arch.partition("/")
    model_cfg, preprocess_cfg = settings_for(base, tag or None)
    how = tr("Taken as {arch}; preprocessing is what is published for it.", arch=arch)
    return ResolvedModel(base, model_cfg, preprocess_cfg, how, arch if tag else "")


def _published(name: str) -> ResolvedModel:
    base, _, tag = name.partition("/")
    how = tr("Recognised by its checksum: these are the published weights {model}.", model=name)
    return ResolvedModel(base, *settings_for(base, tag), how, name)


def _recognised(found: Shapes, path: Path) -> ResolvedModel:
    misfits = compared(found)
    fits = [arch for arch, wrong in misfits.items() if not wrong]
    if not fits:
        raise _unknown(misfits, found, path)
    options = choices(fits)
    if len(options) > 1:
        raise _ambiguous(options, path)
    (choice,) = options
    names = tr(" or ", "between names").join((choice.arch, *choice.alike))
    if choice.tags:
        tags = join_names(choice.tags[:3])
        how = tr("Recognised as {arch} by its tensors; preprocessing as for {tags}.", arch=names, tags=tags)
    else:
        how = tr(
            "Recognised as {arch} by its tensors; nothing is published for it, so open_clip's own preprocessing is "
            "used.",
            arch=names,
        )
    return ResolvedModel(choice.arch, choice.model_cfg, choice.preprocess_cfg, how)


def _prove(pairing: ResolvedModel, found: Shapes) -> None:
    from imagefinder.embedders.importing.checkpoint_shapes import expected_shapes

    if _is_apples(found):  # open_clip renames these tensors on loading; convert_weights compares them
        return
    wrong = differences(expected_shapes(pairing.model_cfg), found, pairing.model_cfg)
    if not wrong:
        return
    fits = [arch for arch, misfits in compared(found).items() if not misfits]
    if fits:
        hint = tr("They fit {archs}.", archs=tr(" or ", "between names").join(fits))
    else:
        hint = tr("They fit no other architecture of open_clip either.")
    raise ModelError(
        tr(
            "The weights do not fit the architecture {arch}: {what}. {hint} Nothing was imported.",
            arch=pairing.arch,
            what=worst(wrong),
            hint=hint,
        )
    )


def _contradiction(arch: str, config: Path, says: str) -> ModelError:
    return ModelError(
        tr(
            "“{arch}” contradicts the weights' own config: {config} says {says}. Leave the architecture (--arch) out "
            "to use that config, or move the weights to another folder if it is not theirs.",
            arch=arch,
            config=config,
            says=says,
        )
    )


def _ambiguous(options: list[ArchitectureChoice], path: Path) -> ModelError:
    published = next((option.tags[0] for option in options if option.tags), "")
    hint = tr(
        " For published weights add their tag, such as {model}.",
        "another sentence stands before",
        model=published,
    )
    return ModelError(
        tr(
            "The tensors of {path} fit more than one architecture, and these compute differently. Put its "
            "open_clip_config.json beside it, or say which one it is (--arch, or the field in the settings): "
            "{choices}.{hint}",
            path=path,
            choices=told_apart(options),
            hint=hint if published else "",
        )
    )


def _unknown(misfits: dict[str, list[str]], found: Shapes, path: Path) -> ModelError:
    if _is_apples(found):
        return ModelError(
            tr(
                "{path} is a MobileCLIP in Apple's own form, which does not tell its architecture. Say which one it "
                "is, such as MobileCLIP-S2 (--arch, or the field in the settings).",
                path=path,
            )
        )
    nearest = min(misfits, key=lambda arch: len(misfits[arch]), default="")
    near = ""
    if nearest:
        near = tr(
            " The nearest is {arch}, but {what}.",
            "another sentence stands before",
            arch=nearest,
            what=worst(misfits[nearest]),
        )
    return ModelError(
        tr(
            "{path} fits none of the architectures that open_clip knows.{near} If it is one of its own, put the "
            "open_clip_config.json that came with it beside it.",
            path=path,
            near=near,
        )
    )


def _nearest(found: Shapes) -> str:
    return next((arch for arch, wrong in compared(found).items() if not wrong), "")


def _is_apples(found: Shapes) -> bool:
    return any(name.startswith("image_encoder.model.") for name in found)


def _is_path(arch: str) -> bool:
    return arch.lower().endswith(".json")
