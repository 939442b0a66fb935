"""Models whose weights the user got elsewhere: checked, then kept in a folder of their own.

The starter model, which comes with the program, lies in a folder of the same form.

A folder holds ``weights.safetensors``, ``config.json`` (in the form of open_clip's ``open_clip_config.json``:
the model and its preprocessing, so that nothing depends on what a later open_clip says) and ``model.json``
(its name and origin).
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from imagefinder.embedders.cached import published_checksum
from imagefinder.embedders.catalogue import custom_config, published_table, settings_for
from imagefinder.embedders.spec import ClipSpec, JsonDict, merge_preprocess, short_hash
from imagefinder.embedders.weights_file import sha256, weights_kind
from imagefinder.model.errors import ModelError
from imagefinder.model.model_names import BUILTIN, STARTER
from imagefinder.translation import tr

_WEIGHTS, _CONFIG, _MODEL = "weights.safetensors", "config.json", "model.json"
_PARTIAL = ".partial-"


def import_checkpoint(file: Path, arch: str, models_dir: Path, name: str | None = None) -> str:
    """Keep a copy of a weights file as a model of ours; the file itself is left as it is.

    Args:
        file: a ``.safetensors`` file, or a ``.pt`` or ``.bin`` of PyTorch.
        arch: an architecture of open_clip (``ViT-B-32``); one with a published tag when the weights are those
            (``ViT-B-32/openai``: preprocessing and activation are then the tag's); or a JSON model config.
        models_dir: where models are kept; made when missing.
        name: what to call it; else ``ARCH/TAG`` or ``ARCH/`` and the file's stem.

    Returns:
        The model's name. The same file imported again gives the name it has; another file never gets a name
        that is taken.

    Raises:
        ModelError: the file is not weights, does not fit the architecture, or cannot be stored.
    """
    weights_kind(file)
    wanted = _resolve(arch)
    digest = sha256(file)
    draft = replace(
        wanted, weights_id=f"sha256:{digest[:16]}", name=name or wanted.name or f"{wanted.arch}/{file.stem}"
    )
    present = list(imported_models(models_dir))
    for model in present:
        if model.id == draft.id and name in (None, model.name):
            return model.name
    taken = {STARTER, BUILTIN, *(model.name for model in present)}
    if name in taken:
        raise ModelError(tr("There is a model called “{name}” already. Choose another name.", name=name))
    draft = replace(draft, name=_free_name(draft.name, taken))
    try:
        _store(file, draft, models_dir, trusted=_is_published(digest))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(
            tr("The model could not be stored in {folder}: {reason}.", folder=models_dir, reason=reason)
        ) from error
    return draft.name


def imported_models(models_dir: Path) -> Iterator[ClipSpec]:
    """The models kept in ``models_dir``, by folder name. A folder that is not whole is passed over."""
    for folder in sorted(models_dir.glob("[!.]*/")):
        try:
            about = json.loads((folder / _MODEL).read_text(encoding="utf-8"))
            config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
            spec = ClipSpec(
                name=about["name"],
                weights_id=about["weights_id"],
                arch=about["arch"],
                weights=folder / _WEIGHTS,
                model_cfg=config["model_cfg"],
                preprocess_cfg=config["preprocess_cfg"],
            )
            _ = spec.dimension, spec.image_side, spec.id  # asked of every model, so they have to be in there
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not a folder of ours, or half deleted by hand
        if spec.weights.is_file():
            yield spec


def _resolve(arch: str) -> ClipSpec:
    """The architecture asked for, as a model without weights yet, and without a name unless published."""
    path = Path(arch).expanduser()
    if path.suffix.lower() == ".json":
        model_cfg, preprocess = custom_config(path)
        merged = merge_preprocess(model_cfg, preprocess)
        return ClipSpec("", "", f"{path.stem}-{short_hash(model_cfg)}", Path(), model_cfg, merged)
    base, _, tag = arch.partition("/")
    model_cfg, preprocess_cfg = settings_for(base, tag or None)
    return ClipSpec(arch if tag else "", "", base, Path(), model_cfg, preprocess_cfg)


def _store(file: Path, spec: ClipSpec, models_dir: Path, trusted: bool) -> None:
    """Everything is written in a hidden folder beside the final one, which then gets its name in one step."""
    from imagefinder.embedders.openclip import convert_weights

    models_dir.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=models_dir))
    try:
        convert_weights(file, replace(spec, weights=partial / _WEIGHTS), trusted)
        config = {"model_cfg": spec.model_cfg, "preprocess_cfg": spec.preprocess_cfg}
        about = {"name": spec.name, "arch": spec.arch, "weights_id": spec.weights_id, "file": file.name}
        _write_json(partial / _CONFIG, config)
        _write_json(partial / _MODEL, about)
        for written in partial.iterdir():
            _sync(written)
        partial.chmod(0o755)
        safe = re.sub(r"[^A-Za-z0-9._-]+", "_", spec.name).strip("._")
        partial.rename(models_dir / f"{safe}-{short_hash([spec.name, spec.id])}")
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


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
