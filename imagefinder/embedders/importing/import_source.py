"""Location of the files to import: a weights file, or a folder with one and perhaps its config."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.config_bounds import name_from
from imagefinder.embedders.untrusted_files import read_json_object
from imagefinder.translation import join_names, tr

LOCAL_DIR = "local-dir:"
"""Prefix with which open_clip marks a folder that contains a model."""

_CONFIG = "open_clip_config.json"
# In the order of open_clip.factory._find_checkpoint_in_dir. The first name is the one used in the model store.
_WHOLE = (
    "weights.safetensors",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
_SUFFIXES = {".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".onnx", ".gguf"}
_INDEX_BYTES = 16_000_000
_HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class WeightsSource:
    """A weights file, and the files beside it."""

    weights: Path
    config: Path | None
    """Config of the weights, if there is one."""
    about: Path | None
    """``model.json`` of a folder from the model store. None for other sources."""
    label: str
    """Second part of the model's name, after its architecture."""


def find_source(path: Path) -> WeightsSource:
    """Find the weights that a path refers to. It may begin with ``local-dir:``.

    Raises:
        ModelError: There is no file, no weights, several weights files, or weights split into several files.
    """
    path = Path(str(path).removeprefix(LOCAL_DIR)).expanduser()
    try:
        weights = _weights_in(path) if path.is_dir() else path
        if pieces := _pieces_with(weights):
            raise _in_pieces(path, pieces)
        folder = weights.parent
        about = folder / "model.json"
        if weights.name == _WHOLE[0] and about.is_file() and (folder / "config.json").is_file():
            return WeightsSource(weights, folder / "config.json", about, name_from(folder.name))
        config = folder / _CONFIG
        return WeightsSource(weights, config if config.is_file() else None, None, _label(weights))
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error


def _weights_in(folder: Path) -> Path:
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    if not names:
        raise ModelError(tr("The folder {folder} is empty.", folder=folder))
    for name in _WHOLE:
        if name in names:
            return folder / name
    if index := next((name for name in names if name.endswith(".index.json")), None):
        raise _in_pieces(folder, index)
    candidates = [name for name in names if Path(name).suffix.lower() in _SUFFIXES]
    if not candidates:
        raise ModelError(
            tr(
                "The folder {folder} holds no weights. Expected is a file such as open_clip_model.safetensors, and "
                "open_clip_config.json beside it.",
                folder=folder,
            )
        )
    if len(candidates) > 1:
        raise ModelError(
            tr(
                "The folder {folder} holds several weights files: {names}. Name the one to import.",
                folder=folder,
                names=join_names(candidates[:5]),
            )
        )
    return folder / candidates[0]


def _pieces_with(weights: Path) -> str | None:
    """Return the index file that lists the weights file as one of several pieces, if any."""
    for index in _indexes(weights.parent):
        try:
            pieces = read_json_object(index, _INDEX_BYTES)["weight_map"].values()
        except (ModelError, LookupError, AttributeError):  # not an index of weights
            continue
        if weights.name in pieces:
            return index.name
    return None


def _indexes(folder: Path) -> Iterator[Path]:
    yield from folder.glob("*.index.json")


def _in_pieces(path: Path, index: str) -> ModelError:
    return ModelError(
        tr(
            "The weights in {path} are in several pieces ({index}), which open_clip does not read. Get the model as "
            "one file.",
            path=path,
            index=index,
        )
    )


def _label(weights: Path) -> str:
    """Return the stem of the file, or its folder's name if the file name is generic.

    Folder names that are hashes, as in the hub cache, are not used.
    """
    folder = weights.resolve().parent.name if weights.parent.name in ("", ".") else weights.parent.name
    if weights.name in _WHOLE and folder and not _HASH.fullmatch(folder):
        return name_from(folder)
    return name_from(weights.stem)
