"""Import a model: check the user's weights, then copy them into the model store."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.domain.model_names import BUILTIN, STARTER, file_name_part
from imagefinder.embedders.catalogue.catalogue import custom_config, published_table
from imagefinder.embedders.catalogue.hub_cache import published_checksum
from imagefinder.embedders.catalogue.model_store import (
    CONFIG,
    MODEL,
    TOKENIZER,
    WEIGHTS,
    imported_models,
    read_folder,
    with_own_tokenizer,
)
from imagefinder.embedders.config_bounds import check_name
from imagefinder.embedders.importing.architecture_detection import computation
from imagefinder.embedders.importing.checkpoint_shapes import found_shapes
from imagefinder.embedders.importing.import_source import WeightsSource, find_source
from imagefinder.embedders.importing.model_resolution import ResolvedModel, pair
from imagefinder.embedders.importing.unsupported_checkpoints import refuse_unsupported
from imagefinder.embedders.network_guard import without_network
from imagefinder.embedders.spec import ClipSpec, JsonDict, short_hash
from imagefinder.embedders.towers.tokenizer import copy_tokenizer, find_files
from imagefinder.embedders.weights.transformers_clip import is_of_transformers, shapes_as_open_clip
from imagefinder.embedders.weights.weights_equal import same_weights
from imagefinder.embedders.weights.weights_file import WeightsKind, sha256, weights_kind
from imagefinder.printable import printable
from imagefinder.translation import tr

_PARTIAL = ".partial-"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of weights that were to be imported."""

    model: ClipSpec
    how: str
    """One sentence: how its architecture and preprocessing were known."""
    was_here: bool
    """Whether the same weights were here already, under this name; then nothing was copied."""


def import_checkpoint(file: Path, arch: str, models_dir: Path, name: str | None = None) -> str:
    """As ``import_model``; gives the model's name."""
    return import_model(file, arch, models_dir, name).model.name


def import_model(path: Path, arch: str, models_dir: Path, name: str | None = None) -> Imported:
    """Keep a copy of weights as a model of ours; the user's file is left as it is.

    Args:
        path: a ``.safetensors`` file, a ``.pt`` or ``.bin`` of PyTorch, or a folder with one of them, as open_clip's
            ``local-dir:`` has it (that prefix may stand before it).
        arch: an architecture of open_clip (``ViT-B-32``); one with a published tag when the weights are those
            (``ViT-B-32/openai``: preprocessing and activation are then the tag's); a JSON model config; or nothing,
            to have it recognised by the config beside the weights, their checksum, or their tensors.
        models_dir: where models are kept; made when missing.
        name: what to call it; else ``ARCH/TAG`` or ``ARCH/`` and the name of the file or folder.

    Returns:
        The model. The same weights imported again, from another kind of file too, are the model that is here;
        others never get a name that is taken.

    Raises:
        ModelError: there are no weights, they fit no architecture or not the one that is said, nothing tells
            which of several it is, or they cannot be stored.
    """
    if name is not None:
        check_name(name)
    with without_network():
        return _imported(find_source(path), arch, models_dir, name)


def _imported(source: WeightsSource, arch: str, models_dir: Path, name: str | None) -> Imported:
    # First what costs nothing to see: gigabytes are read, and torch is imported, for what may be a model alone.
    kind = weights_kind(source.weights)
    if source.config is not None:
        model_cfg, _ = custom_config(source.config)
        find_files(source.weights.parent, TOKENIZER, model_cfg)
    own = _own_folder(source)
    before = _state(source.weights)
    digest = cache(lambda: sha256(source.weights))
    # A checksum vouches for programs only (TorchScript); nothing else in a file is run.
    trusted = kind is WeightsKind.TORCHSCRIPT and _is_published(digest())
    found = found_shapes(source.weights, trusted)
    if is_converted := is_of_transformers(found):
        found = shapes_as_open_clip(found)
    refuse_unsupported(found, source.weights)
    pairing = pair(source, arch, found, digest, of_transformers=is_converted)
    draft = _draft(source, pairing, digest(), own)
    present = list(imported_models(models_dir))
    taken = {STARTER, BUILTIN, *(model.name for model in present)}
    for model in present:
        if model.id == draft.id:
            return Imported(model, pairing.how, was_here=True)
    if name in taken:
        raise ModelError(tr("There is a model called “{name}” already. Choose another name.", name=name))
    draft = replace(draft, name=_free_name(name or draft.name, taken))
    try:
        twin = _store(source, draft, models_dir, trusted, before)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            tr("The model could not be stored in {folder}: {reason}.", folder=models_dir, reason=reason)
        ) from error
    model = twin or next(model for model in imported_models(models_dir) if model.name == draft.name)
    return Imported(model, pairing.how, was_here=twin is not None)


def _own_folder(source: WeightsSource) -> ClipSpec | None:
    """The model of a folder in our own form; None where the source is no such folder.

    Raises:
        ModelError: it has that form, but says what no folder of ours does.
    """
    if source.about is None:
        return None
    own = read_folder(source.weights.parent)
    if own is None:
        raise ModelError(
            tr("{path} is damaged, or was not written by this program. Get it again.", path=source.about)
        )
    check_name(own.name)
    return own


def _draft(source: WeightsSource, pairing: ResolvedModel, digest: str, own: ClipSpec | None) -> ClipSpec:
    """The model to be, its weights still where the user has them."""
    if own is not None:  # brought from another machine: vectors made there are this model's
        return replace(own, model_cfg=pairing.model_cfg)
    return ClipSpec(
        name=pairing.published or f"{pairing.arch}/{source.label}",
        weights_id=f"sha256:{digest[:16]}",
        arch=pairing.arch,
        weights=source.weights,
        model_cfg=pairing.model_cfg,
        preprocess_cfg=pairing.preprocess_cfg,
    )


def _store(
    source: WeightsSource, draft: ClipSpec, models_dir: Path, trusted: bool, before: os.stat_result
) -> ClipSpec | None:
    """Everything is written in a hidden folder beside the final one, which then gets its name in one step.

    Returns the model that has the same weights and computes the same, if there is one; then nothing is kept.
    """
    from imagefinder.embedders.openclip import convert_weights

    models_dir.mkdir(parents=True, exist_ok=True)
    _ask_for_room(before.st_size, models_dir)
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=models_dir))
    try:
        copy_tokenizer(source.weights.parent, partial / TOKENIZER, draft.model_cfg)
        config = with_own_tokenizer(draft.model_cfg, partial / TOKENIZER)
        weights = partial / WEIGHTS
        convert_weights(source.weights, replace(draft, weights=weights, model_cfg=config), trusted)
        _prove_unchanged(source.weights, before)
        for model in imported_models(models_dir):
            if _computes_as(model, draft) and same_weights(weights, model.weights):
                shutil.rmtree(partial, ignore_errors=True)
                return model
        settle(partial, draft, models_dir, source.weights.name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return None


def _computes_as(one: ClipSpec, other: ClipSpec) -> bool:
    """Whether two models with the same weights give the same vectors. Their architectures may be named otherwise."""
    same_config = one.arch == other.arch or computation(one.model_cfg) == computation(other.model_cfg)
    activations = {bool(model.model_cfg.get("quick_gelu")) for model in (one, other)}
    return same_config and len(activations) == 1 and one.preprocess_cfg == other.preprocess_cfg


def _ask_for_room(needed: int, models_dir: Path) -> None:
    free = shutil.disk_usage(models_dir).free
    if needed > free:
        raise ModelError(
            tr(
                "The model needs {needed} MB in {folder}, where {free} MB are free. Nothing was imported.",
                needed=f"{needed / 1e6:,.0f}",
                folder=models_dir,
                free=f"{free / 1e6:,.0f}",
            )
        )


def _state(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError as error:
        raise ModelError(tr("There is no file {path}.", path=path)) from error
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error


def _prove_unchanged(path: Path, before: os.stat_result) -> None:
    after = _state(path)
    facts = ("st_ino", "st_size", "st_mtime_ns")
    if any(getattr(before, fact) != getattr(after, fact) for fact in facts):
        raise ModelError(
            tr(
                "{path} changed while it was read, so nothing was imported. Try again when it is complete.",
                path=path,
            )
        )


def settle(folder: Path, spec: ClipSpec, models_dir: Path, file: str) -> None:
    """Make a folder that holds a model's weights one of ``models_dir``: complete, and then named in one step.

    ``file`` is what the weights were called where they came from.

    Raises:
        OSError: it cannot be written.
    """
    _write_json(folder / CONFIG, {"model_cfg": spec.model_cfg, "preprocess_cfg": spec.preprocess_cfg})
    about = {"name": spec.name, "arch": spec.arch, "weights_id": spec.weights_id, "file": printable(file)}
    _write_json(folder / MODEL, about)
    for written in folder.rglob("*"):
        if written.is_file():
            _sync(written)
    folder.chmod(0o755)
    folder.rename(models_dir / f"{file_name_part(spec.name)}-{short_hash([spec.name, spec.id])}")


def _free_name(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}-{number}"
    return free


def _is_published(digest: str) -> bool:
    """Whether this is a file that OpenAI or open_clip published, by its whole or stated checksum."""
    rows = (row for tags in published_table().values() for row in tags.values())
    return any(len(stated) == 64 and digest == stated for stated in map(published_checksum, rows))


def _write_json(path: Path, content: JsonDict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
