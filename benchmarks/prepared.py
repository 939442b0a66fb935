"""Data that ``side_by_side.py`` prepares before measuring, each item once, cached in one folder."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from imagefinder_peer import ROOT, home_environment
from material import ARCHITECTURE, copies, photographs, random_checkpoint, tiny_files
from peer_material import export_towers, made_up_rows, rows_of
from processes import apart, spend

MODEL = f"{ARCHITECTURE}/random"
"""Name in imagefinder of the model that both programs use."""
_LARGE_SIDE = 4000
"""Pixels of the longer side: twelve megapixels."""


class Prepared:
    """Folder of prepared data; creates missing items on request, in separate processes."""

    def __init__(self, scratch: Path, arguments: argparse.Namespace) -> None:
        self.scratch = scratch
        self._source: Path | None = arguments.photos
        self._large, self._small = arguments.large, arguments.small
        self._weights = scratch / "random.safetensors"
        self.home = self._once("home", self._make_home)
        """A home folder in which the random weights are imported."""
        self.environment = home_environment(self.home)
        self.towers = self._once("towers", self._export_towers)
        """A folder with the same weights as ONNX: ``visual.onnx`` and ``textual.onnx``."""

    def photographs(self, name: str) -> Path:
        """Return a folder of distinct JPEGs; ``name`` is ``index-12mp``, ``index-640`` or ``index-mix``."""
        large, small = {
            "index-12mp": (self._large, 0),
            "index-640": (0, self._small),
            "index-mix": (self._large // 3, self._small // 3),
        }[name]
        kind = "real" if self._source else "made-up"
        return self._once(f"{name}, {large + small} {kind}", partial(self._make_photographs, large, small))

    def one_photograph(self) -> Path:
        """Return a folder with one of the small photographs."""
        return self._once("one", self._copy_one)

    def tree(self, count: int) -> Path:
        """Return a tree of ``count`` tiny files."""
        return self._once(f"tree of {count}", lambda folder: self._apart(tiny_files, folder, count))

    def rows_of(self, tree: Path) -> Path:
        """Return the file of rows for libraries that have indexed ``tree``."""
        return self._once(f"{tree.name}.npz", lambda file: self._apart(rows_of, file, tree))

    def made_up_rows(self, root: Path, count: int) -> Path:
        """Return the file of rows for libraries of ``count`` synthetic photographs below ``root``."""
        return self._once(f"{count} rows.npz", lambda file: self._apart(made_up_rows, file, root, count))

    def _make_home(self, home: Path) -> None:
        environment = home_environment(home)
        apart(environment, random_checkpoint, self._weights)
        words = ["models", "import", str(self._weights), "--arch", ARCHITECTURE, "--name", MODEL]
        spend([sys.executable, "-m", "imagefinder", *words], ROOT, environment)

    def _export_towers(self, folder: Path) -> None:
        onnx = None if find_spec("onnx") else self._once("onnx", _install_onnx)
        self._apart(export_towers, self._weights, folder, onnx)
        self._weights.unlink()

    def _make_photographs(self, large: int, small: int, folder: Path) -> None:
        if large:
            self._apart(photographs, folder / "large", large, _LARGE_SIDE, self._source)
        if small and self._source:
            self._apart(copies, folder / "small", small, self._source)
        elif small:
            self._apart(photographs, folder / "small", small, 640, None)

    def _copy_one(self, folder: Path) -> None:
        folder.mkdir()
        shutil.copy(next(self.photographs("index-640").rglob("*.jpg")), folder)

    def _apart(self, work: Callable[..., object], *arguments: object) -> None:
        apart(self.environment, work, *arguments)

    def _once(self, name: str, make: Callable[[Path], object]) -> Path:
        place = self.scratch / name
        if not place.exists():
            print(f"preparing: {name}", flush=True)
            partial = self.scratch / f"partial {name}"
            shutil.rmtree(partial, ignore_errors=True)
            make(partial)
            partial.rename(place)  # atomic: an interrupted preparation leaves no incomplete item
        return place


def _install_onnx(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--target", folder, "onnx<2"], check=True)
