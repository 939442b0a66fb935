"""Tell what kind of weights file one is by its content, before anything is loaded from it."""

import hashlib
import json
import zipfile
from enum import Enum, auto
from pathlib import Path

from imagefinder.model.errors import ModelError
from imagefinder.translation import tr

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*", b"BM")


class WeightsKind(Enum):
    """How the weights are stored."""

    SAFETENSORS = auto()
    TORCH_ZIP = auto()
    """``torch.save`` since PyTorch 1.6: a zip of one pickle and raw tensors."""
    TORCH_LEGACY = auto()
    """``torch.save`` before that: a bare pickle."""
    TORCHSCRIPT = auto()
    """``torch.jit.save``: weights and a program, as OpenAI published CLIP."""


def weights_kind(path: Path) -> WeightsKind:
    """Look at a file's first bytes (and, for a zip, its names).

    Raises:
        ModelError: there is no such file, or it is not a weights file; the message says what it is instead.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise ModelError(tr("There is no file {path}.", path=path)) from error
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error
    if zipfile.is_zipfile(path):
        return _kind_of_zip(path)
    if head[:1] == b"\x80":
        return WeightsKind.TORCH_LEGACY
    if 8 < int.from_bytes(head[:8], "little") + 8 <= size and head[8:9] == b"{":
        return WeightsKind.SAFETENSORS
    raise ModelError(tr("{path} is not a weights file: {what}.", path=path, what=_what_it_is(head)))


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, as hex digits.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error


def is_whole(path: Path) -> bool:
    """Whether a ``.safetensors`` file is there and as long as its own table of contents says; reads only that."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            table_size = int.from_bytes(stream.read(8), "little")
            if 8 + table_size > size:
                return False
            table = json.loads(stream.read(table_size))
        ends = [entry["data_offsets"][1] for name, entry in table.items() if name != "__metadata__"]
        return size == 8 + table_size + int(max(ends))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # it is something else
        return False


def _kind_of_zip(path: Path) -> WeightsKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(
            tr("{path} is damaged: its table of contents cannot be read. Get it again.", path=path)
        ) from error
    if any(name.endswith("/constants.pkl") for name in names):
        return WeightsKind.TORCHSCRIPT
    if any(name.endswith("data.pkl") for name in names):
        return WeightsKind.TORCH_ZIP
    raise ModelError(
        tr(
            "{path} is not a weights file: {what}.",
            path=path,
            what=tr("it is a zip archive of something else"),
        )
    )


def _what_it_is(head: bytes) -> str:
    start = head.lstrip().lower()
    if not head:
        return tr("it is empty")
    if head.startswith(_LFS_POINTER):
        return tr(
            "it is only a Git LFS pointer to the weights; fetch the real file with git lfs pull, or by the "
            "download button of the web page"
        )
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return tr("it is a web page, saved in place of the download")
    if head.startswith(_PICTURES):
        return tr("it is a picture")
    return tr("expected is a .safetensors file, or a .pt or .bin file of PyTorch, whole and undamaged")
