"""imagefinder with one model as measured by ``side_by_side.py``; the counterpart of ``rclip_peer.py``."""

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from peer_material import fill_library
from processes import Spent, apart, spend

from imagefinder.api import ImageFinder
from imagefinder.paths import default_places

ROOT = Path(__file__).resolve().parents[1]
_HITS = 20
"""Default number of hits of the command line."""


def home_environment(home: Path) -> dict[str, str]:
    """Return an environment with this home folder, without variables that change the behaviour of the programs."""
    meddling = ("XDG_", "IMAGEFINDER_", "LC_", "LANG", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(meddling)}
    return {**kept, "HOME": str(home), "USERPROFILE": str(home), "LANG": "C.UTF-8"}


class ImageFinderPeer:
    """imagefinder with one model; each ``state`` is a separate library."""

    def __init__(self, model: str, home: Path, scratch: Path) -> None:
        self.model = model
        self._environment: Mapping[str, str] = home_environment(home)
        self._scratch = scratch
        self._thumbnails = apart(self._environment, default_places).thumbnails

    def index(self, folder: Path, *, is_first: bool = False) -> Spent:
        """Index a folder into an empty library.

        With ``is_first``, the library is new; otherwise it is a copy of the library that the last such call left.

        Raises:
            RuntimeError: Not every file was embedded.
        """
        library, template = self._scratch / "index", self._scratch / "first"
        shutil.rmtree(library, ignore_errors=True)
        shutil.rmtree(self._thumbnails, ignore_errors=True)
        if not is_first:
            shutil.copytree(template, library)
        spent = self._run(library, "--model", self.model, "add", folder)
        if not re.search(r"^\d+ indexed - ", spent.complained, re.MULTILINE):
            raise RuntimeError(f"imagefinder did not index all:\n{spent.complained}")
        if is_first:
            self._run(library, "remove", folder)
            shutil.rmtree(template, ignore_errors=True)
            library.rename(template)
        return spent

    def rescan(self, state: str, tree: Path) -> Spent:  # noqa: ARG002 - the tree is the library's only source
        """Rescan the tree that ``fill`` recorded as indexed.

        Raises:
            RuntimeError: imagefinder found something to embed.
        """
        spent = self._run(self._scratch / state, "index")
        if not re.search(r"^\d+ unchanged - ", spent.complained, re.MULTILINE):
            raise RuntimeError(f"imagefinder took the tree for changed:\n{spent.complained}")
        return spent

    def search(self, state: str, query: str, folder: Path) -> Spent:  # noqa: ARG002
        """Run one query in a new process; with ``--all``, because random weights yield no matches."""
        return self._run(self._scratch / state, "search", "--json", "--all", "-n", str(_HITS), query)

    def answer(self, state: str, queries: Sequence[str], folder: Path) -> list[float]:  # noqa: ARG002
        """Answer queries in one process; return the seconds of each query except the first."""
        return apart(self._environment, answer, self._scratch / state, queries)

    def fill(self, state: str, rows: Path, root: Path) -> None:
        """Create the library ``state`` with rows of files below ``root``, unless it exists."""
        if not (self._scratch / state).exists():
            apart(self._environment, fill_library, self._scratch / state, self.model, root, rows)

    def vectors(self, texts: Sequence[str], photographs: Sequence[Path]) -> np.ndarray:
        """Return the vectors of the texts, then of the photographs: (n, dimension) float32, unit length."""
        return apart(self._environment, vectors, self._scratch / "any", self.model, texts, photographs)

    def _run(self, library: Path, *words: str | Path) -> Spent:
        command = [sys.executable, "-m", "imagefinder", "--library", library, "--device", "cpu", *words]
        return spend(command, ROOT, self._environment)


def answer(library: Path, queries: Sequence[str]) -> list[float]:
    """Implement ``ImageFinderPeer.answer``; the first query loads the text tower, and loads or builds the index."""
    seconds = []
    with ImageFinder.open(library, device="cpu") as finder:
        finder.search(queries[0], limit=_HITS, include_rest=True)
        for query in queries[1:]:
            began = perf_counter()
            hits = finder.search(query, limit=_HITS, include_rest=True)
            seconds.append(perf_counter() - began)
            assert len(hits) == _HITS
    return seconds


def vectors(library: Path, model: str, texts: Sequence[str], photographs: Sequence[Path]) -> np.ndarray:
    """Implement ``ImageFinderPeer.vectors``."""
    with ImageFinder.open(library, model=model, device="cpu") as finder:
        return np.concatenate([finder.embed_texts(texts), finder.embed_images(photographs)])


def pipeline_shares(model: str, folder: Path, scratch: Path, rounds: int) -> list[tuple[float, float]]:
    """Return for each round the processor seconds of the whole pipeline, and the sum of its parts alone.

    The parts are decoding and the forward pass.
    """
    # Imported here because they are large and only this function needs them.
    from indexing import cost, decode, forward, index

    from imagefinder.embedders import model_registry
    from imagefinder.embedders.runtime.runtime_choice import RuntimeSetting

    scratch.mkdir(exist_ok=True)
    places = default_places()
    runtimes = RuntimeSetting.from_environment(places.runtimes)
    embedder = model_registry.create(model, "cpu", places.models, runtimes)
    paths = sorted(folder.rglob("*.jpg"))
    index(folder, scratch, embedder)  # loads the model
    prepared = decode(paths, embedder)
    shares = []
    for _ in range(rounds):
        whole = cost(lambda: index(folder, scratch, embedder))
        decoding, embedding = (
            cost(lambda: decode(paths, embedder)),
            cost(lambda: forward(prepared, embedder)),
        )
        shares.append((whole.cpu, decoding.cpu + embedding.cpu))
    embedder.close()
    return shares
