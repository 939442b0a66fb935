"""Identification of a weights file's kind by its content, before anything is loaded from it."""

import hashlib
import math
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeGuard

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.untrusted_files import MalformedError, parse_json_object, require_ordinary, shown
from imagefinder.embedders.weights.state_dict import Shapes
from imagefinder.translation import tr

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_FLOATS = {"F16", "BF16", "F32", "F64"}
# Bits of safetensors' types (github.com/huggingface/safetensors, safetensors/src/tensor.rs).
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I8", "U8", "BOOL"), 8),
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
}
_MOST_TABLE = 16_000_000
"""Maximum size in bytes of a ``.safetensors`` file's header. ViT-bigG's has 0.2 MB."""
_MOST_FILE = 100_000_000_000
"""Maximum size in bytes of weights. EVA-CLIP-18B, the largest CLIP published, has 36 GB in float16."""
_MOST_DIMENSIONS = 8
_ONNX_VERSIONS = range(3, 32)  # of the file format. This is the first field, followed by the producer
_PACKED = (b"\x1f\x8b", b"7z\xbc\xaf", b"\xfd7zXZ", b"Rar!", b"(\xb5/\xfd")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*", b"BM")


class WeightsKind(Enum):
    """Storage format of weights."""

    SAFETENSORS = auto()
    TORCH_ZIP = auto()
    """``torch.save`` since PyTorch 1.6: a zip of one pickle and raw tensors."""
    TORCH_LEGACY = auto()
    """``torch.save`` before PyTorch 1.6: plain pickles."""
    TORCHSCRIPT = auto()
    """``torch.jit.save``: weights and a program, as OpenAI published CLIP."""


def weights_kind(path: Path) -> WeightsKind:
    """Identify a weights file by its first bytes and, for a zip, by the names in it.

    Raises:
        ModelError: The file does not exist or is not a weights file. The message says what it is instead.
    """
    size = require_ordinary(path)
    if size > _MOST_FILE:
        raise _refused(path, tr("it is larger than any CLIP model"))
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error
    import zipfile  # imported late: every start checks the starter model's file, which is not a zip

    if zipfile.is_zipfile(path):
        return _kind_of_zip(path)
    length = int.from_bytes(head[:8], "little")
    if 0 < length <= size - 8 and head[8:9] == b"{":
        if length > _MOST_TABLE:
            raise _refused(path, tr("its table of contents is larger than that of any model"))
        return WeightsKind.SAFETENSORS
    if head[:1] == b"\x80":
        return WeightsKind.TORCH_LEGACY
    raise ModelError(tr("{path} is not a weights file: {what}.", path=path, what=_what_it_is(head)))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error


def is_whole(path: Path) -> bool:
    """Return whether a ``.safetensors`` file exists and is complete. Reads only the header.

    Complete means that the file is as long as its header states.
    """
    try:
        tensor_table(path)
    except (OSError, ValueError):  # missing or another kind of file
        return False
    return True


def stored_shapes(path: Path) -> Shapes:
    """Return the shapes of the tensors in a ``.safetensors`` file. Reads only the header.

    Raises:
        ModelError: The file is damaged or incomplete, or its weights are quantised.
    """
    try:
        table = tensor_table(path)
    except MalformedError as error:
        raise _refused(path, str(error)) from error
    except (OSError, ValueError) as error:
        raise ModelError(tr("{path} is damaged or not whole. Get it again.", path=path)) from error
    shapes = {name: tuple(entry["shape"]) for name, entry in table.items()}
    kinds = {str(table[name]["dtype"]) for name in shapes if name.endswith("weight")}
    if strange := kinds - _FLOATS:
        raise quantised(path, ", ".join(sorted(strange)))
    return shapes


def quantised(path: Path, kinds: str) -> ModelError:
    """Return the error for weights of integer or 8-bit types, which would be misread."""
    return ModelError(
        tr(
            "The weights in {path} are quantised ({kinds}), which open_clip cannot read. Get the model in "
            "float32, float16 or bfloat16.",
            path=path,
            kinds=kinds,
        )
    )


def tensor_table(path: Path) -> dict[str, Any]:
    """Return the header of a ``.safetensors`` file: dtype, shape and data_offsets of each tensor, by name.

    Offsets are counted from the end of the header. As the format demands, shapes and offsets are checked to
    be integers, each tensor's size to match its type and shape, and the tensors to fill the file without gaps.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a ``.safetensors`` file, or its size does not match the header. A
            ``MalformedError`` has a message for users.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(size - 8, _MOST_TABLE):
            raise ValueError(length)
        table = parse_json_object(stream.read(length))
    table.pop("__metadata__", None)
    end = 0
    for begin, then, name in sorted(_place(name, entry) for name, entry in table.items()):
        if begin != end:
            raise MalformedError(tr("the place of “{name}” makes no sense", name=shown(name)))
        end = then
    if not table or size != 8 + length + end:
        raise ValueError(size)
    return table


def _place(name: str, entry: object) -> tuple[int, int, str]:
    """Return start, end and name of a tensor, after checking them against its type and shape.

    Raises:
        MalformedError: The entry is not valid in a header.
    """
    if isinstance(entry, dict):
        shape, offsets, bits = (
            entry.get("shape"),
            entry.get("data_offsets"),
            _BITS.get(str(entry.get("dtype"))),
        )
        if bits and _are_counts(shape, _MOST_DIMENSIONS) and _are_counts(offsets, 2) and len(offsets) == 2:
            begin, end = offsets
            if 8 * (end - begin) == math.prod(shape) * bits:
                return begin, end, name
    raise MalformedError(tr("the place of “{name}” makes no sense", name=shown(name)))


def _are_counts(values: Any, most: int) -> TypeGuard[list[int]]:
    """Return whether a value is a list of at most ``most`` non-negative integers."""
    return isinstance(values, list) and len(values) <= most and all(type(v) is int and v >= 0 for v in values)


def bytes_of_image_tower(path: Path) -> int:
    """Return the size of a model's image tower in float32, according to the header of its ``.safetensors`` file.

    For any other file, return the size of the file.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        table = tensor_table(path)
        tower = [entry for name, entry in table.items() if name.startswith("visual.")]
        return sum(4 * math.prod(entry["shape"]) for entry in tower)
    except ValueError:
        return path.stat().st_size


def _kind_of_zip(path: Path) -> WeightsKind:
    from imagefinder.embedders.weights.pickle_check import entry_names

    names = entry_names(path)
    if any(name.endswith("/constants.pkl") for name in names):
        return WeightsKind.TORCHSCRIPT
    if any(name.endswith("data.pkl") for name in names):
        return WeightsKind.TORCH_ZIP
    if any(name.endswith(".npy") for name in names):
        what = tr("it is an archive of NumPy's, as big_vision saves models; get the model for open_clip")
        raise ModelError(tr("{path} is not a weights file: {what}.", path=path, what=what))
    raise ModelError(
        tr(
            "{path} is not a weights file: {what}.",
            path=path,
            what=tr("it is a zip archive of something else"),
        )
    )


def _refused(path: Path, what: str) -> ModelError:
    return ModelError(tr("{path} is refused: {what}.", path=path, what=what))


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
    if head.startswith(b"GGUF"):
        return tr("it is a GGUF file of llama.cpp; get the model for open_clip, as .safetensors")
    if head[0] == 0x08 and len(head) > 2 and head[1] in _ONNX_VERSIONS and head[2] == 0x12:
        return tr("it is an ONNX file, which is a program; get the model for open_clip, as .safetensors")
    if head.startswith(b"\x89HDF"):
        return tr("it is an HDF5 file, as Keras saves models; get the model for open_clip, as .safetensors")
    if head.startswith(_PICTURES):
        return tr("it is a picture")
    if head.startswith(_PACKED):
        return tr("it is an archive; unpack it first")
    return tr("expected is a .safetensors file, or a .pt or .bin file of PyTorch, whole and undamaged")
