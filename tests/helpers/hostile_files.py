"""Generated files that harm decoders, and decoder processes that misbehave depending on the file name."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from imagefinder.isolation import starting

MISBEHAVING = """
import json, os, signal, sys, time
options = json.loads(sys.argv[1])
sys.path[:] = options["path"]
from imagefinder.isolation import decoder_worker
from imagefinder.readers import reader_registry

def crash():
    os.abort()

def hang():
    while True:
        pass

def be_killed():
    signal.raise_signal(signal.SIGKILL)

def be_stopped():
    signal.raise_signal(signal.SIGTERM)

def work():
    end = time.process_time() + 0.8
    while time.process_time() < end:
        pass

def sleep():
    time.sleep(3600)

def grow():
    # No more than 2 GB even where nothing limits it.
    held = [bytearray(2**24) for _ in range(128)]
    os.abort()

def fork():
    os.fork()

def misbehave(name, part):
    for act in (crash, hang, work, be_killed, be_stopped, sleep, grow, fork):
        if act.__name__ in name and (f"-{part}." in name or "-" not in name):
            act()

real = reader_registry.open_media

def open_media(path, content=None):
    misbehave(path.name, 0)
    media = real(path, content)
    load = media.load
    def misbehaving(part, side):
        if "-" in path.name:
            misbehave(path.name, part)
        return load(part, side)
    media.load = misbehaving
    return media

reader_registry.open_media = open_media
decoder_worker.main(options)
"""
"""Boot code of a decoder process that crashes on opening ``crash.tif``, and on page 3 of ``crash-3.pdf``."""

_PROGRAM = """
import sys
from imagefinder.__main__ import end_at_ctrl_c, main
end_at_ctrl_c()
from imagefinder.isolation import starting
starting.BOOT = {boot!r}
sys.exit(main())
"""


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make decoder processes misbehave depending on the file name."""
    monkeypatch.setattr(starting, "BOOT", MISBEHAVING)


def misbehaving_program(folder: Path) -> tuple[str, ...]:
    """Write a program with such decoder processes, and return the arguments that Python is started with to run it."""
    path = folder / "misbehaving.py"
    path.write_text(_PROGRAM.format(boot=MISBEHAVING))
    return (str(path),)


def pdf_of(objects: Sequence[str]) -> bytes:
    """Return a PDF of objects numbered from 1. The first one is the catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{each}\nendobj\n".encode("latin-1")
    begin = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(
        out + f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{begin}\n%%EOF\n".encode()
    )


def stream(content: str, more: str = "") -> str:
    """Return a PDF stream object."""
    return f"<< /Length {len(content)} {more} >>\nstream\n{content}\nendstream"


def endless_page() -> bytes:
    """Return a tagged PDF of one page whose structure tree is circular. MuPDF follows it forever."""
    content = (
        "/Artifact << /MCID 0 >> BDC EMC /P << /MCID 1 >> BDC BT /F1 18 Tf 20 60 Td (Invoice words) Tj ET EMC"
    )
    return pdf_of(
        [
            "<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> /StructTreeRoot 6 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R "
            "/Resources << /Font << /F1 5 0 R >> >> /StructParents 0 >>",
            stream(content),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            "<< /Type /StructTreeRoot /K [8 0 R] /ParentTree << /Nums [0 [7 0 R 8 0 R] 1 [9 0 R]] >> >>",
            "<< /S /Artifact /Pg 3 0 R /K 0 >>",
            "<< /S /P /P 6 0 R /Pg 3 0 R /K 1 >>",
            "<< /S /P /P 10 0 R /K 5 >>",
            "<< /S /TR /P 11 0 R /K [9 0 R 11 0 R] >>",
            "<< /S /Table /P 10 0 R /K [10 0 R] >>",
        ]
    )


def forms_within_forms(depth: int = 12, fan: int = 10, *, pages: Sequence[bool] = (True,)) -> bytes:
    """Return a PDF of nested forms, with fan ** depth drawings on each page that draws them.

    Args:
        depth: Number of levels.
        fan: Number of drawings in each form.
        pages: For each page, whether it draws the forms or is plain.
    """
    first = 5 + len(pages)
    kids = " ".join(f"{3 + number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
    ]
    for number, is_hostile in enumerate(pages):
        contents = first - 2 if is_hostile else first - 1
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 {200 + number}] /Contents {contents} 0 R "
            f"/Resources << /XObject << /F0 {first} 0 R >> >> >>"
        )
    objects += [stream("/F0 Do\n" * fan), stream(f"1 0 0 rg 0 0 {50 + len(pages)} 50 re f")]
    for level in range(depth):
        is_last = level + 1 == depth
        inner = "0 0 1 1 re f\n" if is_last else f"/F{level + 1} Do\n" * fan
        resources = "" if is_last else f"/XObject << /F{level + 1} {first + level + 1} 0 R >>"
        objects.append(
            stream(inner, f"/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << {resources} >>")
        )
    return pdf_of(objects)


def many_scans(side: int, copies: int) -> bytes:
    """Return a progressive JPEG that repeats its last scan. Its decoder processes the whole picture for each scan."""
    buffer = io.BytesIO()
    Image.new("L", (side, side), 128).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    scan = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + scan * copies + b"\xff\xd9"
