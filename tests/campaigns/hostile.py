"""Index single files made to hang the program, exhaust memory, mislead, or open network connections.

Each file lies in a folder between two good pictures. The folder is indexed, and the file is used as a query.
Indexing must
end, stay within the available memory, find the file or list it with a reason, find both neighbours, and make no
connection. The search has a limit of processor time. File names that could mislead a terminal or a shell come last.
"""

import argparse
import io
import os
import random
import shutil
import socket
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from helpers.fakes import picture
from helpers.hostile_files import endless_page, forms_within_forms, many_scans, pdf_of, stream
from PIL import Image

from campaigns.common import Tally, make_program
from campaigns.inputs import free_for_decoding, judge, listed, measured

_LIMIT_S = 400.0
_QUERY_CPU_S = 6.0
"""Limit of processor time: 3 s for the decoder, 1 s more for 5 MB, and the rest for the program itself."""
_STRANGE = "<b>bold<.jpg|\x1b[31mred\x1b]0;title\x07.jpg|new\nline.jpg|\u202egpj.exe.jpg|-rf.jpg|--help.jpg| space .jpg"
_NAMES = [
    *map(os.fsencode, _STRANGE.split("|")),
    *map(
        os.fsencode,
        ("quote'\"`$(touch x).jpg", "%s%n{0}.jpg", "\x7f\x9b31m.jpg", "e\u0301.jpg", "é.jpg", "*.jpg"),
    ),
    *(b"\xff\xfe\x80.jpg", b"caf\xe9.jpg", b"\xed\xa0\x80.jpg", b"a" * 251 + b".jpg"),
]
_CONTROLS = (b"\x1b[31m", b"\x1b]0;", b"\x07", "\u202e".encode(), b"\xc2\x9b")

Make = bytes | Callable[[Path], object]
"""Content of a file, or a function that creates it at a path."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this campaign to a parser."""
    parser.add_argument("--only", default="", metavar="WORD", help="files whose names have this word (all)")


def run(options: argparse.Namespace, tally: Tally) -> None:
    """Try up to ``count`` of the files, in random order if that is not all of them."""
    with listening() as listener:
        files = {name: make for name, make in make_files(listener).items() if options.only in name}
        names = sorted(files)
        if options.count < len(names):
            names = options.random.sample(names, options.count)
        for name in names:
            try_file(options.work / "one", name, files[name], tally, listener)
            tally.say(f"{name}: {len(tally.failures)} failures")
    try_names(options.work / "names", tally)


def listening() -> socket.socket:
    """Open a listening socket that detects connections."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener


def try_file(work: Path, name: str, make: Make, tally: Tally, listener: socket.socket) -> None:
    """Search by a file, then index it between two good ones."""
    shutil.rmtree(work, ignore_errors=True)
    folder = work / "folder"
    folder.mkdir(parents=True)
    good = [folder / "a good one.png", folder / "z good one.png"]
    for number, path in enumerate(good):
        picture("red", number, (60, 50)).save(path)
    program = make_program(work)
    judge(measured(program, "add", folder, limit=_LIMIT_S), name, tally)
    path = work / name
    if isinstance(make, bytes):
        path.write_bytes(make)
    else:
        make(path)
    # Search first, because a file in the library is not decoded for a search.
    asked = measured(program, "search", "--image", path, "--json", limit=_LIMIT_S)
    tally.count(f"search by {name}", asked.seconds)
    judge(asked, f"search by {name}", tally, codes=(0, 1, 2))
    if asked.cpu > _QUERY_CPU_S:
        tally.fail(f"search by {name}", f"it took {asked.cpu:.1f} s of the processor")
    path = path.rename(folder / name)
    allowed = free_for_decoding()
    done = measured(program, "add", folder, limit=_LIMIT_S)
    tally.count(f"add {name}", done.seconds)
    if judge(done, name, tally):
        known = listed(program, good[0])
        is_read = path.is_symlink() or not path.is_dir()
        for silent in known.silent([*good, *([path] if is_read else [])]):
            tally.fail(name, f"nothing is said of {silent}")
        for each in good:
            if str(each) in known.reasons:
                tally.fail(name, f"a good neighbour: {known.reasons[str(each)]}")
        if done.memory > allowed:
            tally.fail(name, f"it took {done.memory >> 20} MB of {allowed >> 20}")
    with suppress(BlockingIOError):
        listener.accept()
        tally.fail(name, "it made a connection")


def try_names(work: Path, tally: Tally) -> None:
    """Index files with strange names. None may be missing, and none may send control sequences to a terminal."""
    shutil.rmtree(work, ignore_errors=True)
    folder = work / "folder"
    folder.mkdir(parents=True)
    for number, name in enumerate(_NAMES):
        buffer = io.BytesIO()
        picture("red", number).save(buffer, "JPEG")
        data = buffer.getvalue() if number % 3 else b"no picture"
        (folder / os.fsdecode(name)).write_bytes(data)
    program = make_program(work)
    judge(measured(program, "add", folder, limit=_LIMIT_S), "names", tally)
    (source,) = program.run("status", "--json").json["sources"]
    if source["files"] != len(_NAMES) or source["pending"]:
        tally.fail("names", f"{source['files']} of {len(_NAMES)} are known")
    for command in (
        ("status",),
        ("search", "red", "--min-score=-1"),
        ("search", "red", "--min-score=-1", "--json"),
    ):
        shown = program.run(*command)
        tally.count("names")
        passed = [each for each in _CONTROLS if each in shown.out + shown.err]
        if passed or shown.status != 0:
            tally.fail("names", f"{command} ends with {shown.status} and passes through {passed}")


def make_files(listener: socket.socket) -> dict[str, Make]:
    """Return the files by name. Those that try to connect do so to ``listener``."""
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    return _specials() | _pictures() | _pdfs(address) | _misnamed(address)


def _specials() -> dict[str, Make]:
    def sparse(head: bytes) -> Callable[[Path], object]:
        return lambda path: (path.write_bytes(head), os.truncate(path, 10 << 30))

    return {
        "pipe.jpg": os.mkfifo,
        "zero.png": lambda path: path.symlink_to("/dev/zero"),
        "tty.pdf": lambda path: path.symlink_to("/dev/tty"),
        "memory.jpg": lambda path: path.symlink_to("/proc/self/mem"),
        "loop.jpg": lambda path: path.symlink_to(path),
        "passwords.jpg": lambda path: path.symlink_to("/etc/passwd"),
        "folder.jpg": Path.mkdir,
        "empty.jpg": b"",
        "sparse-10G.jpg": sparse(b"\xff\xd8\xff\xe0"),
        "sparse-10G.tif": sparse(b"II*\0\x08\0\0\0"),
        "sparse-10G.pdf": sparse(b"%PDF-1.7\n"),
        "sparse-10G.png": sparse(b""),
    }


def _pictures() -> dict[str, Make]:
    def pages(path: Path) -> None:
        page = Image.new("1", (8, 8))
        page.save(path, "TIFF", save_all=True, append_images=[page] * 2000)

    frame = b"!\xf9\x04\0\0\0\0\0,\0\0\0\0\x08\0\x08\0\0\x02\x02\x44\x01\0"

    def packed(kind: bytes) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(
            png(10, 10, 2, extra=_chunk(kind, b"a\0\0" + zlib.compress(bytes(900_000_000), 1)))
        )

    bitmap = struct.pack("<IiiHHIIiiII", 40, 20000, 20000, 1, 8, 1, 0, 0, 0, 256, 0)
    return {
        "alpha-22000.png": lambda path: path.write_bytes(png(22000, 22000, 6)),
        "deep-22000.png": lambda path: path.write_bytes(png(22000, 22000, 0, 16)),
        "wide.png": lambda path: path.write_bytes(png(400_000_000, 1, 0)),
        "text-bomb.png": packed(b"zTXt"),
        "profile-bomb.png": packed(b"iCCP"),
        "scans.jpg": lambda path: path.write_bytes(many_scans(16000, 6000)),
        "scans-small.jpg": lambda path: path.write_bytes(many_scans(2000, 60000)),
        "pages.tif": pages,
        "loop-of-pages.tif": b"II*\0\x08\0\0\0" + b"\0\0" + b"\x08\0\0\0",
        "frames.gif": b"GIF89a\x08\0\x08\0\x80\0\0\0\0\0\xff\xff\xff" + frame * 500_000 + b";",
        "claims.ppm": b"P6 20000 20000 255\n" + bytes(1000),
        "digits.ppm": b"P3 5 5 255\n" + b"9" * 5_000_000,
        "claims.tga": struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, 22000, 22000, 24, 0)
        + b"\xff\0\0\0" * 999,
        "entries.ico": b"\0\0\1\0\xff\xff" + b"\0\0\0\0\1\0\x20\0\xff\xff\xff\x7f\x16\0\0\0" * 65535,
        "runs.bmp": b"BM" + struct.pack("<IHHI", 0, 0, 0, 1078) + bitmap + bytes(1024) + b"\xff\1" * 1000,
    }


def png(width: int, height: int, kind: int, bits: int = 8, extra: bytes = b"") -> bytes:
    """Return a PNG of zeros of any size, without holding its pixels in memory."""
    row = bytes(1 + (width * {0: 1, 2: 3, 6: 4}[kind] * bits + 7) // 8)
    packer = zlib.compressobj(1)
    pixels = b"".join([packer.compress(row) for _ in range(height)]) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + extra
        + _chunk(b"IDAT", pixels)
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _pdfs(address: str) -> dict[str, Make]:
    tile = stream(
        "0 0 .01 .01 re f",
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.001 /YStep 0.001 "
        "/Resources << >>",
    )
    form = "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 5 0 R >> >>"
    image = "/Type /XObject /Subtype /Image /ColorSpace /DeviceRGB /BitsPerComponent 8"
    words = "BT /F 1 Tf " + f"({'a' * 80}) Tj " * 60_000 + "ET"

    def inflated(path: Path) -> None:
        twice = zlib.compress(zlib.compress(b" " * 1_500_000_000, 1), 9).decode("latin-1")
        path.write_bytes(_one_page(twice, more="/Filter [/FlateDecode /FlateDecode]"))

    def large_image(path: Path) -> None:
        pixels = zlib.compress(bytes(300_000_000), 9).decode("latin-1")
        drawn = stream(pixels, image + " /Width 30000 /Height 30000 /Filter /FlateDecode")
        path.write_bytes(_one_page("200 0 0 200 0 0 cm /I Do", "/XObject << /I 5 0 R >>", drawn))

    reaching = (
        f"/OpenAction << /S /JavaScript /JS (app.launchURL('{address}')) >> "
        "/AA << /WC << /S /Launch /F (/bin/sh) >> >> /Names << /EmbeddedFiles << /Names [(x) 6 0 R] >> >>"
    )
    lying = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [{}] /Count {} >>", _page("")]
    return {
        "laughs.pdf": forms_within_forms(24, 4),
        "endless.pdf": endless_page(),
        "itself.pdf": _one_page("/F Do", "/XObject << /F 5 0 R >>", stream("/F Do /F Do", form)),
        "tiles.pdf": _one_page(
            "/Pattern cs /P scn 0 0 90000 90000 re f", "/Pattern << /P 5 0 R >>", tile, box="0 0 14000 14000"
        ),
        "dashes.pdf": _one_page("[0.001] 0 d 50 w 0 0 m " + "199 7 l 3 199 l " * 1500 + "S"),
        "states.pdf": _one_page("q " * 2_000_000),
        "words.pdf": _one_page(
            words, "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
        ),
        "inflated.pdf": inflated,
        "image.pdf": large_image,
        "count.pdf": pdf_of([lying[0], lying[1].format("3 0 R", 10**8), lying[2]]),
        "circle.pdf": pdf_of([lying[0], lying[1].format("2 0 R 2 0 R 3 0 R", 3), lying[2]]),
        "huge.pdf": _one_page("0 0 1 1 re f", box="0 0 1e9 1e9"),
        "thin.pdf": _one_page("0 0 1 1 re f", box="0 0 0.0001 1e9"),
        "no-number.pdf": _one_page("0 0 1 1 re f", box="nan 0 inf 1"),
        "reaching-out.pdf": _one_page(
            "200 0 0 200 0 0 cm /I Do",
            "/XObject << /I 5 0 R >>",
            stream("", image + " /Width 1 /Height 1 /F (/etc/hostname) /FFilter /DCTDecode"),
            f"<< /Type /Filespec /F ({address}) /FS /URL >>",
            catalogue=reaching,
        ),
    }


def _page(resources: str, box: str = "0 0 200 200") -> str:
    return f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R /Resources << {resources} >> >>"


def _one_page(
    content: str,
    resources: str = "",
    *objects: str,
    more: str = "",
    box: str = "0 0 200 200",
    catalogue: str = "",
) -> bytes:
    """Return a PDF of one page. ``objects`` are numbered from 5."""
    return pdf_of(
        [
            f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            _page(resources, box),
            stream(content, more),
            *objects,
        ]
    )


def _misnamed(address: str) -> dict[str, Make]:
    page = f"<html><body>words<img src='{address}'><img src='file:///etc/hostname'></body></html>".encode()
    entity = b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><svg>&x;</svg>"
    return {
        "web-page.pdf": page,
        "web-page.jpg": page,
        "drawing.pdf": entity,
        "drawing.jpg": entity,
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/var/tmp/x) (w) file\n",
        "book.pdf": b"<?xml version='1.0'?><FictionBook><body><section><p>words</p></section></body></FictionBook>",
        "archive.pdf": b"PK\x03\x04" + bytes(200),
        "noise.pdf": b"%PDF-1.7\n" + random.Random(1).randbytes(100_000),
    }
