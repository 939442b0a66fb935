"""Import of a model: check the user's weights, then copy them into the model store."""

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
    """Result of an import."""

    model: ClipSpec
    how: str
    """One sentence on how architecture and preprocessing were determined."""
    was_here: bool
    """Whether the same weights were in the model store already, under this name. Nothing was copied then."""


def import_checkpoint(file: Path, arch: str, models_dir: Path, name: str | None = None) -> str:
    """Import a model with ``import_model``, and return its name."""
    return import_model(file, arch, models_dir, name).model.name


def import_model(path: Path, arch: str, models_dir: Path, name: str | None = None) -> Imported:
    """Copy weights into the model store. The user's file is not changed.

    Args:
        path: A ``.safetensors`` file, a ``.pt`` or ``.bin`` file of PyTorch, or a folder that contains one of
            them. open_clip's prefix ``local-dir:`` is allowed.
        arch: An architecture of open_clip (``ViT-B-32``); an architecture with a published tag, if the
            weights are these (``ViT-B-32/openai``; preprocessing and activation function are then the tag's);
            a JSON model config; or an empty string, to detect it by the config beside the weights, by
            checksum or by tensors.
        models_dir: Folder of the model store. Created if missing.
        name: Name for the model. Defaults to ``ARCH/TAG``, or to ``ARCH/`` and the name of the file or folder.

    Returns:
        The model. If the same weights are in the model store already, even from another kind of file, that
        model is returned. Different weights never get a name that is in use.

    Raises:
        ModelError: There are no weights; they fit no architecture, or not the given one; several
            architectures fit; or the model cannot be stored.
    """
    if name is not None:
        check_name(name)
    with without_network():
        return _imported(find_source(path), arch, models_dir, name)


def _imported(source: WeightsSource, arch: str, models_dir: Path, name: str | None) -> Imported:
    # Cheap checks come first, before gigabytes are read and torch is imported.
    kind = weights_kind(source.weights)
    if source.config is not None:
        model_cfg, _ = custom_config(source.config)
        find_files(source.weights.parent, TOKENIZER, model_cfg)
    own = _own_folder(source)
    before = _state(source.weights)
    digest = cache(lambda: sha256(source.weights))
    # Only TorchScript programs are trusted, and only by checksum. Code in any other file is never run.
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
    """Return the model of a folder from a model store. None for other sources.

    Raises:
        ModelError: The folder has that form, but its content is not valid.
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
    """Return the spec of the model to be stored. Its weights are still the user's file."""
    if own is not None:  # from another computer: keeps its id, because it gives the same vectors
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
    """Write the model into a hidden folder, which is renamed to the final one in a single step.

    Returns:
        An existing model with the same weights and computation, if there is one. Nothing is kept then.
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
    """Return whether two models give the same vectors if their weights are equal.

    The names of their architectures may differ.
    """
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
    """Complete a folder that contains a model's weights, and move it into the model store by an atomic rename.

    Args:
        folder: The folder with the weights.
        spec: The model.
        models_dir: Folder of the model store.
        file: Original file name of the weights.

    Raises:
        OSError: The files cannot be written.
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
    """Return whether OpenAI or open_clip published a file with this SHA-256. Only full checksums count."""
    rows = (row for tags in published_table().values() for row in tags.values())
    return any(len(stated) == 64 and digest == stated for stated in map(published_checksum, rows))


def _write_json(path: Path, content: JsonDict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
