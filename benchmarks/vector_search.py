"""Exact and HNSW search side by side: ``python benchmarks/vector_search.py [--sizes 10000,100000]``.

Vectors are made up to resemble CLIP's: 512 dimensions whose spread falls as 1/sqrt(rank), round a mean common to
all (two vectors have a cosine of about 0.4) and 3,000 cluster centres. Queries are drawn from the same mixture;
real queries, words above all, lie farther off. A cold start is what a new process pays before its first search:
for exact, reading float16 from SQLite and converting; for HNSW, its checkpoint with the CRC-32 check. The disk's
cache is warm in both.
"""

import argparse
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from imagefinder.vectors.base import FloatArray, VectorIndex
from imagefinder.vectors.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from imagefinder.vectors.exact import ExactIndex
from imagefinder.vectors.hnsw import HnswIndex

DIMENSION = 512
CLUSTERS = 3000
QUERIES = 300
BATCH = 1000
COLUMNS = {
    "vectors": "{:,}",
    "build s": "{:.1f}",
    "file MB": "{:.0f}",
    "memory MB": "{:.0f}",
    "save s": "{:.2f}",
    "cold hnsw s": "{:.2f}",
    "cold exact s": "{:.2f}",
    "exact p50 ms": "{:.2f}",
    "hnsw p50 ms": "{:.2f}",
    "hnsw p99 ms": "{:.2f}",
    "recall@10": "{:.4f}",
    "1% allowed ms": "{:.1f}",
}


def mixture(count: int, queries: int, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """``count`` vectors and ``queries`` queries of the mixture that the module describes."""
    rng = np.random.default_rng(seed)
    spread = np.arange(1, DIMENSION + 1, dtype=np.float32) ** -0.5
    spread /= np.linalg.norm(spread)
    mean = rng.standard_normal(DIMENSION, np.float32) / np.float32(DIMENSION**0.5)
    centres = mean + rng.standard_normal((CLUSTERS, DIMENSION), np.float32) * spread

    def draw(size: int) -> FloatArray:
        vectors = np.empty((size, DIMENSION), np.float32)
        for start in range(0, size, BATCH):
            part = vectors[start : start + BATCH]
            part[:] = rng.standard_normal(part.shape, np.float32) * spread * np.float32(0.7)
            part += centres[rng.integers(CLUSTERS, size=len(part))]
            part /= np.linalg.norm(part, axis=1, keepdims=True)
        return vectors

    return draw(count), draw(queries)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def resident_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


def fill(index: VectorIndex, vectors: FloatArray) -> None:
    for start in range(0, len(vectors), BATCH):
        part = vectors[start : start + BATCH]
        index.add(np.arange(start + 1, start + 1 + len(part)), part)


def store(path: Path, vectors: FloatArray) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE embeddings (item INTEGER PRIMARY KEY, vector BLOB NOT NULL)")
        rows = ((row + 1, vector.astype(np.float16).tobytes()) for row, vector in enumerate(vectors))
        connection.executemany("INSERT INTO embeddings VALUES (?, ?)", rows)
    connection.close()


def exact_from(path: Path) -> ExactIndex:
    index, connection = ExactIndex(DIMENSION), sqlite3.connect(path)
    cursor = connection.execute("SELECT item, vector FROM embeddings ORDER BY item")
    while rows := cursor.fetchmany(BATCH):
        half = np.frombuffer(b"".join(blob for _, blob in rows), np.float16).reshape(-1, DIMENSION)
        index.add(np.array([item for item, _ in rows]), half.astype(np.float32))
    connection.close()
    return index


def opened(folder: Path) -> VectorIndex:
    found = read_checkpoint(folder, "benchmark", DIMENSION)
    assert isinstance(found, Checkpoint), found
    return found.index


def measure(size: int, folder: Path) -> dict[str, float]:
    vectors, queries = mixture(size, QUERIES)
    before, hnsw = resident_mb(), HnswIndex(DIMENSION)
    row: dict[str, float] = {"vectors": size, "build s": seconds(lambda: fill(hnsw, vectors))}
    row["memory MB"] = resident_mb() - before
    row["save s"] = seconds(lambda: write_checkpoint(hnsw, folder / "hnsw", "benchmark", 1))
    row["file MB"] = sum(path.stat().st_size for path in (folder / "hnsw").iterdir()) / 1e6
    store(folder / "store.db", vectors)
    row["cold hnsw s"] = min(seconds(lambda: opened(folder / "hnsw")) for _ in range(3))
    row["cold exact s"] = min(seconds(lambda: exact_from(folder / "store.db")) for _ in range(3))
    exact = ExactIndex(DIMENSION)
    fill(exact, vectors)
    times = {
        index: [seconds(lambda i=index, q=query: i.search(q, 10)) for query in queries]
        for index in (hnsw, exact)
    }
    row["exact p50 ms"] = float(np.median(times[exact])) * 1e3
    row["hnsw p50 ms"] = float(np.median(times[hnsw])) * 1e3
    row["hnsw p99 ms"] = float(np.percentile(times[hnsw], 99)) * 1e3
    found = [np.isin(hnsw.search(query, 10)[0], exact.search(query, 10)[0]).mean() for query in queries]
    row["recall@10"] = float(np.mean(found))
    allowed = np.random.default_rng(2).permutation(size)[: size // 100] + 1
    row["1% allowed ms"] = float(
        np.median([seconds(lambda q=q: hnsw.search(q, 10, allowed)) for q in queries[:30]])
    )
    row["1% allowed ms"] *= 1e3
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="5000,10000,20000,50000,100000", help="numbers of vectors")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    print(f"{DIMENSION} dimensions, {os.cpu_count()} cores, {QUERIES} queries, k = 10")
    print("  ".join(f"{name:>12}" for name in COLUMNS), flush=True)
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            row = measure(size, Path(folder))
        print("  ".join(f"{COLUMNS[name].format(row[name]):>12}" for name in COLUMNS), flush=True)


if __name__ == "__main__":
    main()
