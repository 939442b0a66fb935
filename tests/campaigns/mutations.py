"""Index pictures and PDFs with random mutations. None may be lost, and none may affect its neighbours.

Each batch is a folder of mutated files with good ones among them, indexed by one run of the program. The run
must end by
itself, within the memory available for decoding. Each mutated file must be found or listed with a reason, and
each good
file must be found. Failing files are kept in ``DIR/kept``.
"""

import argparse
import io
import random
import re
import shutil
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pillow_heif
from helpers.fakes import pdf, picture
from PIL import Image, ImageCms

from campaigns.common import Tally, make_program
from campaigns.inputs import free_for_decoding, judge, listed, measured

_BATCH = 300
_LIMIT_S = 300.0
_MOST_BYTES = 2_000_000
_GOOD = ("a.jpg", "a.png", "raw.tif", "a.heic", "a.webp", "a.gif", "a.pdf")
_HEAD = 600
"""Number of leading bytes that hold most of the structure of a small file."""

Files = dict[str, list[bytes]]
"""Contents of files by extension."""
Change = Callable[[random.Random, bytearray, Files], bytes | bytearray]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this campaign to a parser."""
    parser.add_argument("--seeds", type=Path, metavar="DIR", help="change the small files in here, too")


def run(options: argparse.Namespace, tally: Tally) -> None:
    """Mutate and index the requested number of files."""
    Mutations(options.work, options.random, tally, options.seeds).go(options.count)


class Mutations:
    """Campaign of mutations, in one working folder."""

    def __init__(self, work: Path, chance: random.Random, tally: Tally, more: Path | None = None) -> None:
        self._work, self._random, self._tally = work, chance, tally
        self._seeds = make_seeds(work / "seeds")
        files = [path for path in (more.rglob("*") if more else ()) if path.is_file()]
        files = [path for path in files if path.stat().st_size < _MOST_BYTES // 10]
        self._by_kind: Files = {}
        for path in sorted([*self._seeds.iterdir(), *files]):
            self._by_kind.setdefault(path.suffix.lower(), []).append(path.read_bytes())
        self.reasons: Counter[str] = Counter()
        self.most_memory = 0

    def go(self, count: int) -> None:
        """Mutate and index ``count`` files."""
        for done in range(0, count, _BATCH):
            self._batch(done // _BATCH, min(_BATCH, count - done))
            self._tally.say(f"{min(done + _BATCH, count)} files, {len(self._tally.failures)} failures")
        for reason, times in self.reasons.most_common():
            self._tally.say(f"{times:>6} {reason}")
        self._tally.say(f"most memory: {self.most_memory >> 20} MB")

    def _batch(self, number: int, count: int) -> None:
        folder, home = self._work / "batch", self._work / "library"
        for old in (folder, home):
            shutil.rmtree(old, ignore_errors=True)
            old.mkdir()
        hows: dict[Path, str] = {}
        for each in range(count):
            kind, data, how = mutated(self._random, self._by_kind)
            path = folder / f"{number:03}-{each:04}{kind}"
            path.write_bytes(data)
            hows[path] = how
        good = [
            folder / f"{number:03}-{at * count // len(_GOOD):04} good {name}" for at, name in enumerate(_GOOD)
        ]
        for path, name in zip(good, _GOOD, strict=True):
            shutil.copy(self._seeds / name, path)
        program = make_program(home)
        allowed = free_for_decoding()
        done = measured(program, "add", folder, limit=_LIMIT_S)
        self.most_memory = max(self.most_memory, done.memory)
        where = f"batch {number}"
        for _ in range(count):
            self._tally.count("files")
        self._tally.count("batches", done.seconds)
        if not judge(done, where, self._tally):
            self._keep(list(hows))
            return
        if done.memory > allowed:
            self._tally.fail(where, f"it took {done.memory >> 20} MB of {allowed >> 20}")
        known = listed(program, good[1])
        for silent in known.silent(list(hows)):
            self._tally.fail(where, f"nothing is said of {silent} ({hows[Path(silent)]})")
            self._keep([Path(silent)])
        for path in good:
            if str(path) not in known.found or str(path) in known.reasons:
                self._tally.fail(where, f"the good {path.name}: {known.reasons.get(str(path))}")
        self.reasons["found"] += len(known.found & set(map(str, hows)))
        self.reasons.update(re.sub(r"\d+", "N", reason) for reason in known.reasons.values())

    def _keep(self, paths: list[Path]) -> None:
        kept = self._work / "kept"
        kept.mkdir(exist_ok=True)
        for path in paths:
            shutil.copy(path, kept / path.name)


def make_seeds(folder: Path) -> Path:
    """Create a small file of every format and variant that the program reads."""
    folder.mkdir(parents=True, exist_ok=True)
    pillow_heif.register_heif_opener()
    colour = picture("teal", 1, (96, 80))
    alpha, other = colour.copy(), picture("olive", 2, (96, 80))
    alpha.putalpha(Image.linear_gradient("L").resize(colour.size))
    exif = Image.Exif()
    exif[274], exif[36867], exif[271] = 6, "2020:01:01 10:00:00", "Maker"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frames = {"save_all": True, "append_images": [other]}
    saved: dict[str, tuple[Image.Image, dict[str, object]]] = {
        "a.jpg": (colour, {"icc_profile": profile, "exif": exif}),
        "progressive.jpg": (colour, {"progressive": True}),
        "cmyk.jpg": (colour.convert("CMYK"), {}),
        "grey.jpg": (colour.convert("L"), {"restart_marker_blocks": 1}),
        "views.mpo": (colour, frames),
        "a.png": (colour, {"icc_profile": profile, "exif": exif}),
        "palette.png": (colour.convert("P"), {"transparency": 3}),
        "alpha.png": (alpha, {}),
        "one.png": (colour.convert("1"), {}),
        "deep.png": (colour.convert("L").convert("I;16"), {}),
        "moving.apng": (colour, frames | {"format": "PNG"}),
        "a.webp": (alpha, {"exif": exif}),
        "lossless.webp": (alpha, {"lossless": True}),
        "moving.webp": (colour, frames),
        "a.gif": (colour.convert("P"), {}),
        "moving.gif": (colour, frames),
        "raw.tif": (colour, {"icc_profile": profile}),
        "lzw.tif": (colour, {"compression": "tiff_lzw"}),
        "jpeg.tif": (colour, {"compression": "jpeg"}),
        "fax.tif": (colour.convert("1"), {"compression": "group4"}),
        "deflate.tif": (alpha, {"compression": "tiff_adobe_deflate"}),
        "pages.tif": (other, frames),
        "float.tif": (colour.convert("L").convert("F"), {}),
        "zstd.tif": (colour, {"compression": "zstd"}),
        "a.heic": (colour, {"exif": exif}),
        "alpha.heic": (alpha, {}),
        "several.heic": (colour, frames),
        "a.avif": (colour, {"exif": exif}),
        "alpha.avif": (alpha, {}),
        "a.jp2": (colour, {}),
        "tiles.jp2": (colour, {"tile_size": (32, 32)}),
        "a.j2k": (colour, {"no_jp2": True}),
        "a.bmp": (colour, {}),
        "palette.bmp": (colour.convert("P"), {}),
        "a.dib": (colour, {}),
        "a.ico": (alpha, {}),
        "bitmap.ico": (alpha, {"bitmap_format": "bmp"}),
        "a.icns": (alpha, {}),
        "a.qoi": (alpha, {}),
        "a.tga": (alpha, {"compression": "tga_rle"}),
        "a.ppm": (colour, {}),
        "a.pfm": (colour.convert("F"), {}),
        "a.pcx": (colour, {}),
        "a.dds": (alpha, {}),
        "a.sgi": (colour, {}),
        "a.xbm": (colour.convert("1"), {}),
    }
    for name, (image, options) in saved.items():
        image.save(folder / name, **options)  # type: ignore[arg-type]
    pointer = io.BytesIO()
    alpha.save(pointer, "CUR" if "CUR" in Image.SAVE else "ICO", bitmap_format="bmp")
    (folder / "a.cur").write_bytes(b"\0\0\2\0" + pointer.getvalue()[4:])
    planes = b"".join(channel.tobytes() for channel in colour.split())
    header = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, colour.height, colour.width, 8, 3)
    (folder / "a.psd").write_bytes(header + bytes(12) + b"\0\0" + planes)
    (folder / "a.xpm").write_bytes(
        b'/* XPM */\nstatic char *a[] = {\n"4 2 2 1",\n"a c #ff0000",\n"b c #00ff00",\n"abab",\n"baba"\n};\n'
    )
    pdf(folder / "a.pdf", ["a page with words", "and one more"])
    return folder


def mutated(chance: random.Random, files: Files) -> tuple[str, bytes, str]:
    """Return a mutated file: extension, content, and kind of mutation. All formats are equally likely."""
    kind = chance.choice(sorted(files))
    data = bytearray(chance.choice(files[kind]))
    changes = [*_CHANGES, *[_CHANGES_OF.get(kind, _flip)] * 5]
    hows = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = chance.choice(changes)
        if data:
            data = bytearray(change(chance, data, files))
        hows.append(change.__name__.strip("_"))
    if kind in (".png", ".apng") and chance.random() < 0.7:
        data = _with_checksums(data)
    if chance.random() < 0.05:
        kind = chance.choice([".jpg", ".png", ".pdf", ".tga", ".dib"])
    return kind, bytes(data[:_MOST_BYTES]), " and ".join(hows)


def _somewhere(chance: random.Random, data: bytearray) -> int:
    return chance.randrange(min(len(data), _HEAD) if chance.random() < 0.6 else len(data))


def _flip(chance: random.Random, data: bytearray, files: Files) -> bytearray:
    for _ in range(chance.choice((1, 2, 8, 40))):
        data[_somewhere(chance, data)] ^= 1 << chance.randrange(8)
    return data


def _overwrite(chance: random.Random, data: bytearray, files: Files) -> bytearray:
    at, length = _somewhere(chance, data), chance.choice((1, 4, 64, 1000))
    data[at : at + length] = chance.choice((bytes(length), b"\xff" * length, chance.randbytes(length)))
    return data


def _cut(chance: random.Random, data: bytearray, files: Files) -> bytearray:
    return data[: _somewhere(chance, data) + 1]


def _splice(chance: random.Random, data: bytearray, files: Files) -> bytearray:
    other = chance.choice(files[chance.choice(sorted(files))])
    return data[: _somewhere(chance, data)] + other[chance.randrange(len(other)) :]


def _number(chance: random.Random, data: bytearray, files: Files) -> bytearray:
    """Replace a number that may be a length or an offset."""
    at, size = _somewhere(chance, data), chance.choice((1, 2, 4, 8))
    values = (
        0,
        1,
        -1,
        0x80,
        30000,
        2**16 - 1,
        2**31 - 1,
        2**32 - 1,
        2**63 - 1,
        at,
        len(data),
        len(data) - at,
    )
    data[at : at + size] = (chance.choice(values) % 256**size).to_bytes(
        size, chance.choice(("big", "little"))
    )
    return data


def _repeat(chance: random.Random, data: bytearray, files: Files) -> bytearray:
    at = _somewhere(chance, data)
    block = data[at : at + chance.choice((1, 12, 200, 5000))]
    return data[:at] + block * chance.choice((2, 3, 50)) + data[at:]


def _drop(chance: random.Random, data: bytearray, files: Files) -> bytearray:
    at = _somewhere(chance, data)
    return data[:at] + data[at + chance.choice((1, 4, 100)) :]


def _tiff(chance: random.Random, data: bytearray, files: Files) -> bytearray:
    """Change an entry of the first directory, or the offset of the next one, which can create a loop."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (directory,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, directory)
        entry = directory + 2 + 12 * chance.randrange(max(1, count))
        what, at, values = chance.choice(
            (
                ("I", directory + 2 + 12 * count, (directory, 8, 4)),
                ("H", entry, (256, 257, 258, 259, 262, 273, 277, 278, 279, 320, 322, 323, 330, 347, 34665)),
                ("H", entry + 2, range(20)),
                ("I", entry + 4, (0, 10**6, 2**31, 2**32 - 1)),
                ("I", entry + 8, (directory, 0, 1, 60_000, 2**31, 2**32 - 1)),
            )
        )
        struct.pack_into(order + what, data, at, chance.choice(values))
    except struct.error:  # the file was already mutated
        pass
    return data


def _pdf(chance: random.Random, data: bytearray, files: Files) -> bytes | bytearray:
    """Change a number, a name, a reference, a filter or the page tree."""
    filters = (
        b"/LZWDecode",
        b"/JPXDecode",
        b"/JBIG2Decode",
        b"/CCITTFaxDecode",
        b"/RunLengthDecode",
        b"/Crypt",
    )
    pattern, others = chance.choice(
        (
            (rb"\d+", (b"0", b"-1", b"99999999999", b"2147483647", b"1", b"1e38", b"65536")),
            (rb"/[A-Za-z]+", re.findall(rb"/[A-Za-z]+", data)),
            (rb"\d+ 0 R", [b"%d 0 R" % number for number in range(30)]),
            (rb"/FlateDecode", (b"[/FlateDecode /FlateDecode]", *filters)),
            (rb"/Kids", (b"/Kidz", b"/Kids [2 0 R 2 0 R 1 0 R] /X")),
        )
    )
    if not (places := list(re.finditer(pattern, data))):
        return data
    place = chance.choice(places)
    return data[: place.start()] + chance.choice(others) + data[place.end() :]


_CHANGES: list[Change] = [_flip, _overwrite, _cut, _splice, _number, _repeat, _drop]
_CHANGES_OF: dict[str, Change] = {".tif": _tiff, ".pdf": _pdf}


def _with_checksums(data: bytearray) -> bytearray:
    """Return a PNG with corrected chunk checksums, so that decoders read the mutated data."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        out += data[at:end] + zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return out + data[at:]
