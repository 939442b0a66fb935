"""Vector indexes by size: ``python benchmarks/vector_search.py [--sizes 10000,100000] [--full] [--plot FILE]``.

The synthetic vectors resemble CLIP's picture vectors: 512 dimensions with a spread that falls as 1/sqrt(rank), around
a common mean (two vectors have a cosine of about 0.4) and 3,000 cluster centres. *Near* queries are drawn from the
same mixture, like queries by picture. *Far* queries have random directions, so the cosine of their best hit is about
0.15; vectors of words are that far from those of pictures. (CLIP's real word vectors are harder still: among 100,000
vectors mixed from those of real photographs, 200 candidates contain 0.69 of the ten nearest to a word; here 0.81.)

Columns, in this order:

- Processor time of all cores to build the graph, and per vector for the last tenth; growth of the process's memory.
- Time to write and read a checkpoint, including its CRC-32, with a warm disk cache.
- For near and far queries: number of candidates (ef), times for 200 hits, and recall@10. A search runs in one thread,
  and its times are that thread's processor time, which equals the elapsed time on an idle machine.
- Exact search: in memory (up to 200,000 vectors), and over a memory-mapped float16 file, which a library uses if its
  graph does not fit into memory.

``--full`` adds 1,000,000 vectors, which takes a quarter of an hour and 7 GB. ``--plot`` draws the figures as SVG.
``--beyond-memory 5000000`` measures only a mapped file of that many vectors: a minute or more, and 2.1 KB of disk per
vector.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from growth_plot import Chart, write_svg

from imagefinder.vectors.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from imagefinder.vectors.exact import ExactIndex
from imagefinder.vectors.hnsw import FAR_FACTOR, HnswIndex, ef_search
from imagefinder.vectors.mapped import MappedIndex
from imagefinder.vectors.vector_index import FloatArray, IdArray, VectorIndex

DIMENSION = 512
CLUSTERS = 3000
QUERIES = 200
HITS = 200
BATCH = 1000
MOST_IN_MEMORY = 200_000
MADE_AT_ONCE = 1_000_000
COLUMNS = {
    "vectors": "{:,}",
    "build s": "{:.1f}",
    "add ms": "{:.2f}",
    "graph MB": "{:.0f}",
    "save s": "{:.2f}",
    "load s": "{:.2f}",
    "near ef": "{:.0f}",
    "near p50 ms": "{:.2f}",
    "near p99 ms": "{:.2f}",
    "near recall": "{:.4f}",
    "far ef": "{:.0f}",
    "far p50 ms": "{:.1f}",
    "far p99 ms": "{:.1f}",
    "far recall": "{:.4f}",
    "exact p50 ms": "{:.1f}",
    "mapped s": "{:.2f}",
    "mapped MB": "{:.0f}",
    "mapped p50 ms": "{:.1f}",
}
Row = dict[str, float]


def mixture(count: int, queries: int, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """Draw ``count`` vectors and ``queries`` near queries from the mixture described in the module docstring."""
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


def far_off(queries: int) -> FloatArray:
    """Draw far queries in random directions: (queries, dimension) float32, unit length."""
    vectors: FloatArray = np.random.default_rng(4).standard_normal((queries, DIMENSION), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    work()
    return clock() - start


def resident_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


def own_mb() -> float:
    """Return the resident memory in MB without file pages, which the system can drop (separated only on Linux)."""
    memory = psutil.Process().memory_info()
    return float(memory.rss - getattr(memory, "shared", 0)) / 1e6


def fill(index: VectorIndex, vectors: FloatArray, first: int = 0) -> None:
    for start in range(first, len(vectors), BATCH):
        part = vectors[start : start + BATCH]
        index.add(np.arange(start + 1, start + 1 + len(part)), part)


def opened(folder: Path) -> VectorIndex:
    found = read_checkpoint(folder, "benchmark", DIMENSION)
    assert isinstance(found, Checkpoint), found
    return found.index


def ten_nearest(vectors: FloatArray, queries: FloatArray) -> list[IdArray]:
    """Return the ids of the ten vectors nearest to each query, unordered."""
    scores = (vectors @ query for query in queries)
    return [np.argpartition(-row, 10)[:10] + 1 for row in scores]


def searched(
    index: VectorIndex, queries: FloatArray, nearest: Sequence[IdArray]
) -> tuple[list[float], float]:
    """Return the processor seconds of each query for ``HITS`` hits, and the recall@10."""
    times = [seconds(partial(index.search, query, HITS), time.thread_time) for query in queries]
    found = [
        np.isin(ids, index.search(query, 10)[0]).mean() for query, ids in zip(queries, nearest, strict=True)
    ]
    return times, float(np.mean(found))


def median_ms(index: VectorIndex, queries: FloatArray) -> float:
    return float(np.median([seconds(partial(index.search, query, HITS)) for query in queries])) * 1e3


def build(vectors: FloatArray, folder: Path) -> Row:
    """Build the graph of these vectors and write its checkpoint; return the costs."""
    before, index, last = resident_mb(), HnswIndex(DIMENSION), len(vectors) // 10
    most = seconds(lambda: fill(index, vectors[:-last]), time.process_time)
    rest = seconds(lambda: fill(index, vectors, len(vectors) - last), time.process_time)
    return {
        "build s": most + rest,
        "add ms": rest / last * 1e3,
        "graph MB": resident_mb() - before,
        "save s": seconds(lambda: write_checkpoint(index, folder, "benchmark", 1)),
    }


def measure(size: int, folder: Path) -> Row:
    vectors, near = mixture(size, QUERIES)
    row: Row = {"vectors": size, **build(vectors, folder / "graph")}
    row["load s"] = seconds(lambda: opened(folder / "graph"))
    row |= search_graph(opened(folder / "graph"), vectors, near)
    if size <= MOST_IN_MEMORY:
        exact = ExactIndex(DIMENSION)
        fill(exact, vectors)
        row["exact p50 ms"] = median_ms(exact, near[:50])
    return row | search_mapped(vectors, near[:20], folder)


def search_graph(graph: VectorIndex, vectors: FloatArray, near: FloatArray) -> Row:
    size = len(vectors)
    row: Row = {"near ef": ef_search(size, HITS)}
    row["far ef"] = max(row["near ef"], FAR_FACTOR * ef_search(size, 0))
    for name, queries in (("near", near), ("far", far_off(QUERIES))):
        nearest = ten_nearest(vectors, queries)
        times, recall = searched(graph, queries, nearest)
        row[f"{name} p50 ms"], row[f"{name} p99 ms"] = np.percentile(times, (50, 99)) * 1e3
        row[f"{name} recall"] = recall
    return row


def search_mapped(vectors: FloatArray, queries: FloatArray, folder: Path) -> Row:
    mapped = MappedIndex(DIMENSION, folder)
    fill(mapped, vectors)
    write_checkpoint(mapped, folder / "mapped", "benchmark", 1)
    before = own_mb()
    row: Row = {"mapped s": seconds(lambda: opened(folder / "mapped"))}
    mapped_again = opened(folder / "mapped")
    row["mapped p50 ms"] = median_ms(mapped_again, queries)
    row["mapped MB"] = own_mb() - before
    return row


def beyond_memory(size: int, folder: Path) -> None:
    """Print the costs of a mapped file of ``size`` vectors, which are created a million at a time."""
    folder.mkdir(exist_ok=True)
    mapped, started, adding = MappedIndex(DIMENSION, folder), own_mb(), 0.0
    for first in range(0, size, MADE_AT_ONCE):
        vectors, queries = mixture(min(MADE_AT_ONCE, size - first), QUERIES, seed=first)
        for start in range(0, len(vectors), BATCH):
            part = vectors[start : start + BATCH]
            ids = np.arange(first + start + 1, first + start + 1 + len(part))
            adding += seconds(partial(mapped.add, ids, part))
        del vectors
    writing = seconds(partial(write_checkpoint, mapped, folder / "mapped", "benchmark", 1))
    del mapped
    before = own_mb()
    opening = seconds(lambda: opened(folder / "mapped"))
    index = opened(folder / "mapped")
    first_search = seconds(lambda: index.search(queries[0], HITS))
    times = [seconds(partial(index.search, query, HITS)) * 1e3 for query in queries[1:21]]
    p50, most = np.percentile(times, 50), max(times)
    disk = sum(file.stat().st_size for file in (folder / "mapped").rglob("*") if file.is_file()) / 1e9
    print(f"a mapped file of {size:,}: added in {adding:.0f} s, written in {writing:.0f} s, {disk:.1f} GB")
    print(
        f"opened in {opening:.1f} s, {own_mb() - before:.0f} MB of memory; adding took {before - started:.0f} MB"
    )
    print(f"{HITS} hits: first search {first_search:.2f} s, then p50 {p50:.0f} ms, maximum {most:.0f} ms")


def charts(rows: Sequence[Row]) -> list[Chart]:
    def line(column: str, least: float = 0.001) -> list[tuple[float, float]]:
        return [(row["vectors"], max(row[column], least)) for row in rows]

    return [
        Chart(
            "200 hits, ms",
            {"near": line("near p50 ms"), "far": line("far p50 ms"), "mapped": line("mapped p50 ms")},
        ),
        Chart(
            "checkpoint, s",
            {"writing": line("save s"), "reading": line("load s"), "mapped": line("mapped s")},
        ),
        Chart("memory, MB", {"graph": line("graph MB"), "": (), "mapped": line("mapped MB", 1)}),
        Chart("building, s of all cores", {"graph": line("build s")}),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes",
        default="10000,30000,100000",
        help="comma-separated numbers of vectors (default: %(default)s)",
    )
    parser.add_argument("--full", action="store_true", help="add 1,000,000 vectors")
    parser.add_argument("--plot", type=Path, help="write charts of the figures to this SVG file")
    parser.add_argument(
        "--beyond-memory", type=int, metavar="N", help="measure only a mapped file of N vectors"
    )
    arguments = parser.parse_args()
    if arguments.beyond_memory:
        with tempfile.TemporaryDirectory() as folder:
            beyond_memory(arguments.beyond_memory, Path(folder))
        return
    sizes = [int(size) for size in arguments.sizes.split(",")] + [1_000_000] * arguments.full
    print(
        f"{DIMENSION} dimensions, {os.cpu_count()} cores, {QUERIES} queries of each kind, {HITS} hits",
        flush=True,
    )
    rows = []
    print("  ".join(f"{name:>{max(9, len(name))}}" for name in COLUMNS), flush=True)
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(size, Path(folder)))
        cells = (shown.format(rows[-1][name]) if name in rows[-1] else "-" for name, shown in COLUMNS.items())
        print(
            "  ".join(f"{cell:>{max(9, len(name))}}" for name, cell in zip(COLUMNS, cells, strict=True)),
            flush=True,
        )
    if arguments.plot:
        write_svg(arguments.plot, charts(rows))


if __name__ == "__main__":
    main()
