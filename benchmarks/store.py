"""Cost of the store by size: ``python benchmarks/store.py [--sizes 10000,100000] [--full] [--hnsw]``.

A library of synthetic photographs, 500 in a folder, with vectors of 512 dimensions is filled through the same calls as
in indexing (``BatchWriter``: one transaction for every 16 pictures), and queried through ``Engine``:

- *insert*: seconds for all photographs, without decoding and embedding.
- *bytes per item*: of the database, and without the paths and the name words with their index.
- *below 2 folders*, *below half*: the items of two folders, and of half of all albums (``Query.within``).
- *query*: 200 hits with their details, for words that occur in no name. The model is a stand-in whose vectors cost
  nothing, so everything except the text tower is measured. *New* hits are pictures that no earlier query returned;
  *again* repeats the same queries. The mean processor time is in brackets.
- *common word*: "IMG", which occurs in a fifth of the names. *two letters*: a query too short for trigrams.
- *status* and *coverage*, which the window and the command line request often.

Above 50,000 vectors, searching the graph is excluded: precomputed neighbours are used instead. ``--hnsw`` builds the
graph (a minute for 100,000 vectors) and includes it. ``--full`` adds 1,000,000. An existing library in ``--folder`` is
reused. The disk cache is warm. Prints a table, asserts nothing; times are medians, or the 99th percentile.
"""

import argparse
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

# As in the program.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from store_material import FILES_A_FOLDER, MODEL, Filling, PreparedIndex, StandIn, fill, path_of
from vector_search import mixture

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from imagefinder.domain.queries import Query
from imagefinder.engine.engine import Engine
from imagefinder.engine.index import live_index
from imagefinder.readers.reader_registry import extensions
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import ThumbnailCache
from imagefinder.vectors.index_registry import EXACT_LIMIT

QUERIES = 200
HITS = 200
_VECTORS = 256
_REPEATS = 9
_ASKED = 30
_COLUMNS = (46, 24, 12, 8)

Row = tuple[str, str, str, bool | None]
"""Description, figure, goal, and whether the goal is met (None without a goal)."""


def milliseconds(work: Callable[[], object]) -> float:
    """Return the milliseconds of one call."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def median(work: Callable[[], object]) -> float:
    """Return the median milliseconds of several calls, after one uncounted call."""
    work()
    return float(np.median([milliseconds(work) for _ in range(_REPEATS)]))


def texts(model: StandIn) -> list[str]:
    """Return queries whose words occur in no name, each with a different vector."""
    chance = random.Random(6)
    by_row: dict[int, str] = {}
    while len(by_row) < QUERIES:
        text = " ".join("".join(chance.choices("bdfklmnprtvz", k=5)) for _ in range(3))
        by_row.setdefault(model.row(text), text)
    return list(by_row.values())


def insert_rows(filling: Filling, count: int) -> Iterator[Row]:
    goal = count / 10_000
    yield f"insert {count:,}, wall", f"{filling.wall:.1f} s", f"{goal:g} s", filling.wall <= goal
    yield "  processor time", f"{filling.cpu:.1f} s", "", None


def size_rows(path: Path, count: int) -> Iterator[Row]:
    with closing(sqlite3.connect(path)) as connection:
        pages, page_size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
        )
        text = connection.execute("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'texts%'").fetchone()[0]
        # Each path is stored twice: in its row and in the index of paths.
        text += 2 * connection.execute("SELECT sum(length(path)) FROM files").fetchone()[0]
    whole = pages * page_size
    yield "bytes per item", f"{whole / count:.0f}", "", None
    yield "  without text", f"{(whole - text) / count:.0f}", "1536", (whole - text) / count <= 1536


def folder_rows(store: Store, count: int) -> Iterator[Row]:
    two = [Path(path_of(number)).parent for number in (count // 2, count // 2 + FILES_A_FOLDER)]
    albums = sorted({Path(path_of(number)).parents[1] for number in range(0, count, FILES_A_FOLDER)})
    half = albums[: (len(albums) + 1) // 2]
    few = median(lambda: store.items.below(two))
    yield f"below 2 folders: {store.items.below(two).size:,}", f"{few:.2f} ms", "10 ms", few <= 10
    yield (
        f"below half the albums: {store.items.below(half).size:,}",
        f"{median(lambda: store.items.below(half)):.1f} ms",
        "",
        None,
    )


def query_rows(engine: Engine, words: Sequence[str], count: int) -> Iterator[Row]:
    p50_goal, p99_goal = (3, 10) if count <= 100_000 else (5, 15)

    def row(name: str, texts: Iterable[str], *, is_bound: bool = True, within: tuple[Path, ...] = ()) -> Row:
        queries = [Query(text, limit=HITS, include_rest=True, within=within) for text in texts]
        began = time.process_time()
        times = [milliseconds(partial(engine.search, query)) for query in queries]
        cpu = (time.process_time() - began) / len(queries) * 1e3
        p50, p99 = np.percentile(times, (50, 99))
        is_met = bool(p50 <= p50_goal and p99 <= p99_goal) if is_bound else None
        goal = f"{p50_goal} / {p99_goal}" if is_bound else ""
        return f"query, {name}", f"{p50:.2f} / {p99:.2f} ({cpu:.2f})", goal, is_met

    yield row(f"{HITS} new hits: p50 / p99 ms (CPU)", words)
    yield row("again", [*words, *words])
    yield row("common word", ["IMG"] * _ASKED, is_bound=False)
    yield row("common and rare word", ["IMG 000123"] * _ASKED, is_bound=False)
    yield row("two letters", ["ox"] * _ASKED, is_bound=False)
    folder = (Path(path_of(count // 2)).parent,)
    yield row(f"within {FILES_A_FOLDER}", words[:_ASKED], is_bound=False, within=folder)


def count_rows(engine: Engine) -> Iterator[Row]:
    yield (
        "status without unreadable files",
        f"{median(lambda: engine.status(unreadable=False)):.2f} ms",
        "",
        None,
    )
    yield "coverage", f"{median(engine.coverage):.2f} ms", "", None


def rows(folder: Path, count: int, *, is_graph: bool) -> Iterator[Row]:
    queries = mixture(0, _VECTORS)[1]
    model = StandIn(queries)
    PreparedIndex.queries = queries
    if count > EXACT_LIMIT and not is_graph:
        live_index.index_class = lambda _: PreparedIndex
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "library.db"
    is_new = not path.exists()
    with closing(Store(path)) as store:
        if is_new:
            yield from insert_rows(fill(store, folder / "vectors", count), count)
    yield from size_rows(path, count)
    engine = Engine(folder, lambda _: model, ThumbnailCache(folder / "thumbnails"), extensions(), MODEL)
    with closing(engine), closing(Store(path)) as store:
        engine.models.calibrate()
        engine.search(Query("first"))
        yield from folder_rows(store, count)
        yield from query_rows(engine, texts(model), count)
        yield from count_rows(engine)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes",
        default="10000,100000",
        help="comma-separated numbers of photographs (default: %(default)s)",
    )
    parser.add_argument("--full", action="store_true", help="add 1,000,000 photographs")
    parser.add_argument("--hnsw", action="store_true", help="build the vector index's graph and include it")
    parser.add_argument("--folder", type=Path, help="keep the libraries in this folder")
    chosen = parser.parse_args()
    sizes = [int(size) for size in chosen.sizes.split(",")] + [1_000_000] * chosen.full
    with tempfile.TemporaryDirectory() as temporary:
        for count in sizes:
            print(f"\n{count:,} photographs")
            folder = (chosen.folder or Path(temporary)) / str(count)
            for what, much, goal, is_met in rows(folder, count, is_graph=chosen.hnsw):
                met = "" if is_met is None else "met" if is_met else "NOT MET"
                cells = zip((what, much, goal, met), _COLUMNS, strict=True)
                print("".join(f"{cell:<{width}}" for cell, width in cells).rstrip(), flush=True)


if __name__ == "__main__":
    main()
