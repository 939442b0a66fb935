"""rclip 3.3.0 as measured by ``side_by_side.py``: in a virtual environment, with the same weights as imagefinder.

According to its source (``rclip/main.py``, ``model.py``, ``model_download.py``, ``utils/helpers.py``), rclip decodes
and preprocesses in one thread per processor, without scaling in the decoder, embeds batches of 8 pictures with ONNX
Runtime on all processors, hashes the first megabyte of each file, and for each query reads every vector below the
folder from SQLite. It does not verify a checksum of the model files.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from processes import Spent, spend

VERSION = "3.3.0"
_MODEL = "ViT-B-32-256-datacomp_s34b_b86k"
_CHILD = Path(__file__).with_name("rclip_child.py")


def environment_with_rclip(folder: Path) -> Path:
    """Create a virtual environment with rclip in ``folder``, unless it exists; return ``folder``."""
    if not python_of(folder).exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run(
            [python_of(folder), "-m", "pip", "install", "--quiet", f"rclip=={VERSION}"], check=True
        )
    return folder


def python_of(environment: Path) -> Path:
    """Return the Python executable of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class Rclip:
    """An installation of rclip; each ``state`` is a separate data folder with an index and the model files."""

    def __init__(self, environment: Path, scratch: Path, towers: Path, vocabulary: Path) -> None:
        """Check the version of the installation.

        Args:
            environment: The virtual environment with rclip.
            scratch: The folder for all data folders.
            towers: The folder with ``visual.onnx`` and ``textual.onnx``.
            vocabulary: CLIP's byte pair encoding file.

        Raises:
            RuntimeError: The environment has another version of rclip.
        """
        self._python = python_of(environment)
        self._scratch = scratch
        self._towers = towers
        self._vocabulary = vocabulary
        scratch.mkdir(exist_ok=True)
        said = spend([self._python, "-m", "rclip", "--version"], Path.cwd(), self._environment("any")).said
        if said.split() != ["rclip", VERSION]:
            raise RuntimeError(f"{environment} has {said.strip()}, not rclip {VERSION}.")

    def index(self, folder: Path, *, is_first: bool = False) -> Spent:  # noqa: ARG002 - for rclip, every run is like the first
        """Index a folder into an empty index.

        Raises:
            RuntimeError: Not every file was embedded.
        """
        state = self._state("index")
        for left in state.glob("db.sqlite3*"):
            left.unlink()
        spent = self._run("index", "index", folder=folder)
        if "skipping" in spent.complained or "error" in spent.complained:
            raise RuntimeError(f"rclip did not index all:\n{spent.complained[:2000]}")
        return spent

    def rescan(self, state: str, tree: Path) -> Spent:
        """Rescan the tree that ``fill(..., with_model=False)`` recorded as indexed.

        Raises:
            RuntimeError: rclip found something to embed.
        """
        spent = self._run(state, "index", folder=tree)
        if "error" in spent.complained:
            raise RuntimeError(f"rclip took the tree for changed:\n{spent.complained[:2000]}")
        return spent

    def search(self, state: str, query: str, folder: Path) -> Spent:
        """Run one query in a new process, without looking for changed files first."""
        command = [self._python, "-m", "rclip", "--no-indexing", "--top", "20", query]
        return spend(command, folder, self._environment(state))

    def answer(self, state: str, queries: Sequence[str], folder: Path) -> list[float]:
        """Answer queries in one process; return the seconds of each query except the first."""
        asked = self._scratch / "queries.json"
        asked.write_text(json.dumps(queries))
        seconds: list[float] = json.loads(self._run(state, "queries", asked, folder=folder).said)
        return seconds

    def fill(self, state: str, rows: Path, *, with_model: bool = True) -> None:
        """Insert rows into an empty index; without the model, embedding any further file fails."""
        folder = self._state(state, with_model=with_model)
        if not (folder / "db.sqlite3").exists():
            self._run(state, "fill", rows, folder=self._scratch)

    def vectors(self, texts: Sequence[str], photographs: Sequence[Path]) -> np.ndarray:
        """Return rclip's vectors of the texts, then of the photographs: (n, dimension) float32, unit length."""
        asked, answered = self._scratch / "vectors.json", self._scratch / "vectors.npy"
        asked.write_text(
            json.dumps({"texts": list(texts), "photographs": [str(path) for path in photographs]})
        )
        self._run("index", "vectors", asked, answered, folder=self._scratch)
        vectors: np.ndarray = np.load(answered)
        return vectors

    def _run(self, state: str, *words: str | Path, folder: Path) -> Spent:
        self._state(state)
        return spend([self._python, _CHILD, *words], folder, self._environment(state))

    def _environment(self, state: str) -> Mapping[str, str]:
        return {**os.environ, "HOME": str(self._scratch), "RCLIP_DATADIR": str(self._scratch / state)}

    def _state(self, state: str, *, with_model: bool = True) -> Path:
        folder = self._scratch / state
        if not folder.exists():
            (folder / _MODEL).mkdir(parents=True)
            (folder / "tokenizer").mkdir()
            for tower in ("visual.onnx", "textual.onnx"):
                place = folder / _MODEL / tower
                if with_model:
                    place.symlink_to(self._towers / tower)
                else:
                    place.touch()
            shutil.copy(self._vocabulary, folder / "tokenizer" / "bpe_simple_vocab_16e6.txt.gz")
        return folder
