"""Checkpoint: a vector index on disk, as an index file and a manifest with its checksum.

Each checkpoint has an index file with a unique name, and takes effect when the manifest is replaced. So a
crash at any time leaves the old pair or the new one, and a process that reads during a write sees one of
them. Index files that are not named by the manifest are deleted at the next write.
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
"""Maximum number of attempts to read, if a writer replaces the pair meanwhile."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that was read from disk."""

    index: VectorIndex
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class CheckpointProblem:
    """Reason why a checkpoint cannot be used, so that the index must be rebuilt from the store."""

    reason: str
    """A clause with the checkpoint as subject, such as "it belongs to another model"."""


def checkpoint_folder(vectors: Path, embedder_id: str) -> Path:
    """Return the folder for an embedder, named by a hash, because an id may contain any character."""
    return vectors / hashlib.sha256(embedder_id.encode()).hexdigest()[:16]


def write_checkpoint(index: VectorIndex, folder: Path, embedder_id: str, revision: int) -> None:
    """Write ``index`` durably into ``folder``, replacing the checkpoint there.

    The caller must prevent other writes and changes to the index meanwhile. The disk needs room for the new
    file beside the old one.

    Args:
        index: the index.
        folder: the checkpoint's folder.
        embedder_id: the ``Embedder.id`` of the vectors.
        revision: stamp of the database state; see ``EmbeddingTable.stamp_checkpoint``.

    Raises:
        OSError: the checkpoint could not be written, because the disk is full for example; the existing one
            is intact.
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
    """Return the checkpoint in ``folder`` if it is intact and belongs to this embedder, else the problem.

    Never raises because of the checkpoint's state. Length and CRC-32 of the file are checked before it is
    loaded, because hnswlib may crash on a damaged file.
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
            continue  # a writer may have replaced the pair since the manifest was read
        except (OSError, ValueError) as error:
            return CheckpointProblem(_damage(error))
    return CheckpointProblem("its file is missing")


def whole_manifest(folder: Path, embedder_id: str, dimension: int) -> Manifest | None:
    """Return the manifest in ``folder`` if it is of this embedder and its file has the right length.

    Returns None otherwise. Damage inside the file is detected only when the file is read.
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
    """Delete a checkpoint's folder. Files that cannot be deleted now are left; they do no harm."""
    shutil.rmtree(folder, ignore_errors=True)


def delete_files(folder: Path) -> None:
    """Delete the checkpoint in a folder, but no other files. Files that cannot be deleted now are left."""
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
    """Delete files left by crashed or failed writes: index files that the manifest does not name."""
    try:
        kept = Manifest.read(folder).file
    except (FileNotFoundError, ValueError):
        kept = ""  # without a valid manifest no file is of use
    except OSError:
        return  # the manifest cannot be read now; the next write tries again
    for path in folder.iterdir():
        stray = path.name.startswith(_PREFIX) and path.name != kept
        if stray or path.name == MANIFEST_NAME + TEMPORARY_SUFFIX:
            with suppress(OSError):  # a reader may have it open on Windows; the next write tries again
                path.unlink()
