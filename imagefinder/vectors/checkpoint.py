"""Checkpoint: a vector index on disk, as an index file and a manifest that vouches for it.

Each checkpoint's index file has a name of its own, and replacing the manifest is the one step that makes it
count. So a crash at any moment leaves the old pair or the new one, and a second process that reads while this
one writes sees either. Files that no manifest names are deleted at the next write.
"""

import hashlib
import secrets
import shutil
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imagefinder.private_files import make_folder_like_parent
from imagefinder.vectors.atomic_write import TEMPORARY_SUFFIX
from imagefinder.vectors.index_registry import index_class
from imagefinder.vectors.manifest import MANIFEST_NAME, Manifest
from imagefinder.vectors.vector_index import VectorIndex

_PREFIX = "index-"
_BLOCK = 1 << 20
_ATTEMPTS = 5
"""How often a reader starts again because a writer replaced the pair under it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint read back."""

    index: VectorIndex
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class CheckpointProblem:
    """Why the index must be built anew from the store."""

    reason: str
    """Completes a sentence that begins with "the index is built anew, because"."""


def checkpoint_folder(vectors: Path, embedder_id: str) -> Path:
    """The folder below ``vectors`` for one embedder: a hash, since an id may hold what no file name may."""
    return vectors / hashlib.sha256(embedder_id.encode()).hexdigest()[:16]


def write_checkpoint(index: VectorIndex, folder: Path, embedder_id: str, revision: int) -> None:
    """Write ``index`` into ``folder``, durably, in place of the checkpoint there.

    One writer at a time, and no change to the index meanwhile: the owner locks. Needs room for the new file
    beside the old.

    Raises:
        OSError: it could not be written (such as for want of room); the checkpoint there is untouched.
    """
    make_folder_like_parent(folder)
    _delete_strays(folder)
    path = folder / f"{_PREFIX}{secrets.token_hex(8)}"
    try:
        index.save(path)
        ids = index.ids()
        size, crc32 = _size_and_crc32(path)
        manifest = Manifest(
            kind=index.kind,
            embedder_id=embedder_id,
            dimension=index.dimension,
            count=int(ids.size),
            last_id=int(ids[-1]) if ids.size else 0,
            revision=revision,
            file=path.name,
            size=size,
            crc32=crc32,
        )
        manifest.write(folder)
    finally:
        _delete_strays(folder)


def read_checkpoint(folder: Path, embedder_id: str, dimension: int) -> Checkpoint | CheckpointProblem:
    """The checkpoint in ``folder`` if it is whole and of this embedder, else why not; no state of it raises.

    The file is compared with its length and CRC-32 first: hnswlib may crash on a file that is not sound.
    """
    for _ in range(_ATTEMPTS):
        try:
            manifest = Manifest.read(folder)
        except FileNotFoundError:
            return CheckpointProblem("there is none yet")
        except (OSError, ValueError) as error:
            return CheckpointProblem(_damage(error))
        if (manifest.embedder_id, manifest.dimension) != (embedder_id, dimension):
            return CheckpointProblem("it belongs to another model")
        try:
            return Checkpoint(_load(folder, manifest), manifest)
        except FileNotFoundError:
            continue  # a writer may have put a new pair in place since the manifest was read
        except (OSError, ValueError) as error:
            return CheckpointProblem(_damage(error))
    return CheckpointProblem("its file is missing")


def whole_manifest(folder: Path, embedder_id: str, dimension: int) -> Manifest | None:
    """The manifest of the checkpoint in ``folder``, if that is of this embedder and its file is there, in full length.

    Whether the file is sound is seen when it is read.
    """
    try:
        manifest = Manifest.read(folder)
        is_there = (folder / manifest.file).stat().st_size == manifest.size
    except (OSError, ValueError):
        return None
    return (
        manifest
        if is_there and (manifest.embedder_id, manifest.dimension) == (embedder_id, dimension)
        else None
    )


def remove_checkpoint(folder: Path) -> None:
    """Delete a checkpoint that nobody needs any more; what cannot be deleted now stays, and harms nothing."""
    shutil.rmtree(folder, ignore_errors=True)


def delete_files(folder: Path) -> None:
    """Delete the checkpoint in a folder and leave what else is there; what cannot be deleted now stays."""
    with suppress(OSError):
        (folder / MANIFEST_NAME).unlink(missing_ok=True)
        _delete_strays(folder)


def _load(folder: Path, manifest: Manifest) -> VectorIndex:
    path = folder / manifest.file
    if _size_and_crc32(path) != (manifest.size, manifest.crc32):
        raise ValueError(f"{manifest.file} is not what was written")
    index = index_class(manifest.kind).load(path, manifest.dimension)
    if len(index) != manifest.count:
        raise ValueError(f"{manifest.file} holds {len(index)} vectors in place of {manifest.count}")
    return index


def _damage(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"it cannot be read ({error.strerror or error})"
    return f"it is damaged ({error})"


def _size_and_crc32(path: Path) -> tuple[int, int]:
    size = crc32 = 0
    block = memoryview(bytearray(_BLOCK))
    with path.open("rb", buffering=0) as file:
        while length := file.readinto(block):
            size += length
            crc32 = zlib.crc32(block[:length], crc32)
    return size, crc32


def _delete_strays(folder: Path) -> None:
    """Delete what crashed or failed writes left: our own files that the manifest does not name."""
    try:
        kept = Manifest.read(folder).file
    except (FileNotFoundError, ValueError):
        kept = ""  # no manifest, or a damaged one, vouches for no file
    except OSError:
        return  # what the manifest names is not known now; the next write tries again
    for path in folder.iterdir():
        stray = path.name.startswith(_PREFIX) and path.name != kept
        if stray or path.name == MANIFEST_NAME + TEMPORARY_SUFFIX:
            with suppress(OSError):  # a reader may have it open on Windows; the next write tries again
                path.unlink()
