"""Fixtures that generate pictures and PDFs."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from PIL import Image

Save = Callable[..., Path]


def make_scene(width: int = 160, height: int = 120) -> Image.Image:
    """Make a smooth picture with corners in red, green, blue and white, clockwise from the top left."""
    corners = np.array([[[255, 0, 0], [0, 255, 0]], [[255, 255, 255], [0, 0, 255]]], dtype=np.uint8)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR)


def encode(image: Image.Image, format_name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Function that saves a picture under a name and returns its path."""

    def do(image: Image.Image, name: str, format_name: str | None = None, **options: Any) -> Path:
        path = tmp_path / name
        image.save(path, format_name, **options)
        return path

    return do


@pytest.fixture
def new_pdf() -> Iterator[Any]:
    document = pymupdf.open()
    yield document
    document.close()


@pytest.fixture
def standard_error(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Function that returns the output to the terminal since its last call, including that of C code."""

    def read() -> str:
        captured = capfd.readouterr()
        return captured.out + captured.err

    yield read


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def scene() -> Image.Image:
    """Picture of ``make_scene`` with 160 x 120 pixels."""
    return make_scene()


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    """Function that encodes a picture as the bytes of a file."""
    return encode
