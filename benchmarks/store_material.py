"""Synthetic libraries of any size, with a stand-in embedder and vector index, for ``benchmarks/store.py``."""

import itertools
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image
from vector_search import DIMENSION, mixture

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from imagefinder.domain.items import FileStat, ItemKind, PartFacts
from imagefinder.domain.jobs import IndexReport
from imagefinder.domain.sources import SourceKind, SourceOptions
from imagefinder.embedders.embedder import Embedder, FloatArray
from imagefinder.engine.index.live_index import LiveIndex
from imagefinder.engine.indexing.batch_writer import BatchWriter
from imagefinder.engine.indexing.decode_pool import DecodedFile, DecodedPart
from imagefinder.engine.indexing.scan_diff import FileToRead
from imagefinder.store.embeddings import IdArray
from imagefinder.store.store import Store
from imagefinder.vectors.vector_index import VectorIndex

MODEL = "stand-in"
ROOT = Path("/home/user/Pictures")
FILES_A_FOLDER = 500
FOLDERS_AN_ALBUM = 10
_PREPARED = 4096
_AT_A_TIME = 10_000
_PLACES = (
    "Lake Garda",
    "birthday",
    "snow",
    "Grandma",
    "garden",
    "Lisbon",
    "school",
    "beach",
    "cats",
    "wedding",
)
_NAMES = (
    "IMG_{0:06}.jpg",
    "DSC{0:05}.JPG",
    "2019{0:04}_{1:06}.jpg",
    "{2} {0}.jpg",
    "PXL_20230712_{1:09}.jpg",
)


class StandIn(Embedder):
    """Embedder stand-in that costs nothing.

    Prepared pictures are vectors already and are returned unchanged; texts get one of the given query vectors.
    """

    def __init__(self, queries: FloatArray) -> None:
        """Create the stand-in; ``queries`` are the vectors of texts, (n, dimension), chosen by ``row``."""
        self.name, self.id = MODEL, f"{MODEL}:1"
        self.dimension, self.image_side = DIMENSION, 224
        self._queries = queries

    @property
    def device(self) -> str:
        return "none"

    @property
    def batch_size(self) -> int:
        return 16

    def prepare(self, image: Image.Image) -> FloatArray:
        raise NotImplementedError("there are no pictures")

    def encode_images(self, prepared: Sequence[FloatArray]) -> FloatArray:
        return np.stack(prepared) if prepared else np.empty((0, DIMENSION), np.float32)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        return self._queries[[self.row(text) for text in texts]]

    def row(self, text: str) -> int:
        """Return the number of the query vector for a text."""
        return zlib.crc32(text.encode()) % len(self._queries)


class PreparedIndex(VectorIndex):
    """Vector index stand-in with precomputed answers to ``queries``, so that searching takes almost no time."""

    kind = "hnsw"
    queries: ClassVar[FloatArray] = np.empty((0, DIMENSION), np.float32)

    def __init__(self, dimension: int, folder: Path | None = None) -> None:
        super().__init__(dimension, folder)
        self._count = 0
        self._ids = np.empty((len(self.queries), 0), np.int64)
        self._scores = np.empty((len(self.queries), 0), np.float32)

    def __len__(self) -> int:
        return self._count

    def add(self, ids: IdArray, vectors: FloatArray) -> None:
        self._count += ids.size
        scores = np.concatenate((self._scores, self.queries @ vectors.T), axis=1)
        every = np.concatenate((self._ids, np.broadcast_to(ids, (len(self.queries), ids.size))), axis=1)
        best = np.argpartition(-scores, min(_PREPARED, scores.shape[1]) - 1, axis=1)[:, :_PREPARED]
        self._scores = np.take_along_axis(scores, best, axis=1)
        self._ids = np.take_along_axis(every, best, axis=1)

    def search(self, query: FloatArray, k: int, allowed: IdArray | None = None) -> tuple[IdArray, FloatArray]:
        row = int(np.argmax(self.queries @ query))
        ids, scores = self._ids[row], self._scores[row]
        if allowed is not None:
            inside = np.isin(ids, allowed)
            ids, scores = ids[inside], scores[inside]
        order = np.argsort(-scores)[:k]
        return ids[order], scores[order]

    def remove(self, ids: IdArray) -> None:
        raise NotImplementedError

    def ids(self) -> IdArray:
        return np.arange(1, self._count + 1)

    def get(self, ids: IdArray) -> FloatArray:
        raise NotImplementedError

    def save(self, path: Path) -> None:
        path.write_bytes(b"")

    @classmethod
    def load(cls, path: Path, dimension: int) -> "PreparedIndex":
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Filling:
    """Time taken to fill a library."""

    wall: float
    """Elapsed seconds."""
    cpu: float
    """Processor seconds."""


def fill(store: Store, folder: Path, count: int) -> Filling:
    """Insert ``count`` photographs into an empty library in batches, through the same calls as indexing.

    Generating the data is not counted.
    """
    record = store.embeddings.register(f"{MODEL}:1", DIMENSION)
    source = store.sources.add(ROOT, SourceKind.FOLDER, SourceOptions())
    embedder = StandIn(np.empty((0, DIMENSION), np.float32))
    index = LiveIndex(store.embeddings, record, folder)
    writer = BatchWriter(store, embedder, record.id, index, IndexReport())
    wall = cpu = 0.0
    rest = _readings(count, source.id)
    while portion := list(itertools.islice(rest, _AT_A_TIME)):
        began = time.perf_counter(), time.process_time()
        for reading in portion:
            writer.take(reading)
        writer.flush()
        wall += time.perf_counter() - began[0]
        cpu += time.process_time() - began[1]
    return Filling(wall, cpu)


def path_of(number: int) -> str:
    """Return the path of a photograph, numbered from 0."""
    folder = number // FILES_A_FOLDER
    place = _PLACES[folder % len(_PLACES)]
    name = _NAMES[folder // len(_PLACES) % len(_NAMES)].format(number % 100_000, number, place)
    return f"{ROOT}/Album {folder // FOLDERS_AN_ALBUM:03}/{folder:05} {place}/{name}"


def _readings(count: int, source_id: int) -> Iterator[DecodedFile]:
    """Yield ``count`` photographs as decoding would deliver them."""
    rng = np.random.default_rng(4)
    for number, vector in enumerate(_vectors(count)):
        stat = FileStat(
            path_of(number), 3_000_000 + number, 1_600_000_000_000_000_000 + number * 1_000_000_007
        )
        taken = (
            f"20{number // 40_000 % 26:02}-{number % 12 + 1:02}-{number % 28 + 1:02} 12:{number % 60:02}:00"
        )
        part = DecodedPart(1, PartFacts(ItemKind.PICTURE, 4032, 3024, taken), vector)
        yield DecodedFile(FileToRead(stat, None, [source_id]), rng.bytes(32), 1, [part])


def _vectors(count: int) -> Iterator[FloatArray]:
    # Cycle through 100,000 vectors: a million would take 2 GB and a minute to draw.
    vectors, _ = mixture(min(count, 100_000), 0)
    return itertools.islice(itertools.cycle(vectors), count)
