"""Kills at any moment: the library loses nothing that was committed and duplicates nothing."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
from conftest import save
from helpers.fakes import pdf, picture
from numpy.typing import NDArray

from imagefinder import ImageFinder
from imagefinder.vectors import index_registry

_ROOT = Path(__file__).resolve().parents[2]
_KILLS = 7
"""Least number of kills for each kind of index."""
_KILLS_AT_MOST = 40
"""A quick machine spends most of the time on one long PDF, and then needs more kills to reach other stages."""
_KILLS_A_LIBRARY = 2
"""Greatest number of kills of a library before a last run completes it."""
_HNSW_FROM = 20
"""Number of vectors from which these tests use an HNSW index. The program's own limit is much higher."""

# Index a folder in small batches, printing when it starts and what it did. A fourth argument N above 0 makes
# the program kill itself just before its Nth change of the folder of vectors.
_INDEX = """
import json, os, signal, sys, time
library, folder, limit, fatal = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
from imagefinder import ImageFinder
from imagefinder.embedders.colour.builtin import BuiltinEmbedder
from imagefinder.vectors import index_registry
# A job imports these late; most kills would come meanwhile, and not in the midst of the work.
from imagefinder.engine.indexing import batch_writer
from imagefinder.engine.indexing import decode_pool
import PIL.Image, pillow_heif, pymupdf

BuiltinEmbedder.batch_size = 8
index_registry.EXACT_LIMIT = index_registry._EXACT_LIMIT_DOWN = limit
changes_made = 0

def watch(event, arguments):
    global changes_made
    change = event in ("os.rename", "os.remove") or event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if change and "vectors" in str(arguments[0]):
        changes_made += 1
        if changes_made == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
with ImageFinder.open(library, model="builtin") as finder:
    finder.engine.embedder
    print("begins", flush=True)
    began = time.process_time()
    report = finder.add(folder)
    print(json.dumps({"items": report.items, "seconds": time.process_time() - began}), flush=True)
"""

Part = tuple[str, int]
"""Path of a file and number of one of its parts."""


@dataclass(frozen=True)
class Undisturbed:
    """Result of indexing the tree without interruption."""

    tree: Path
    vectors: dict[Part, bytes]
    contents: dict[Part, bytes]
    seconds: float
    """Processor time in seconds, which other work on the machine does not change."""


def _child(library: Path, tree: Path, limit: int, fatal: int = 0) -> "subprocess.Popen[str]":
    arguments = [str(library), str(tree), str(limit), str(fatal)]
    return subprocess.Popen(
        [sys.executable, "-c", _INDEX, *arguments], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    )


def _index(library: Path, tree: Path, limit: int) -> dict[str, float]:
    """Index without interruption and return the counts of the run."""
    with _child(library, tree, limit) as child:
        output, _ = child.communicate()
    assert child.returncode == 0
    report: dict[str, float] = json.loads(output.splitlines()[-1])
    return report


def _index_here(library: Path, folder: Path) -> int:
    """Index in this process without interruption and return the number of items embedded."""
    with ImageFinder.open(library, model="builtin") as finder:
        return finder.add(folder).items


def _killed_after(seconds: float, library: Path, tree: Path, limit: int) -> bool:
    """Index, and kill the process after this much processor time. Return False if it completed first."""
    with _child(library, tree, limit) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begins\n"
        end = _worked(child) + seconds
        while child.poll() is None and _worked(child) < end:
            time.sleep(0.001)
        child.kill()
        return child.wait() != 0


def _worked(child: "subprocess.Popen[str]") -> float:
    """Return the processor time used by a process in seconds; infinity if it has exited."""
    try:
        times = psutil.Process(child.pid).cpu_times()
    except psutil.NoSuchProcess:
        return float("inf")
    return times.user + times.system


def _tables(library: Path) -> "tuple[dict[Part, bytes], dict[Part, bytes], NDArray[np.float32]]":
    """Return vectors and content hashes by part, and all vectors as a matrix. Asserts that the tables agree."""
    with closing(sqlite3.connect(library / "library.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        db.execute("INSERT INTO texts_fts (texts_fts, rank) VALUES ('integrity-check', 1)")
        rows = db.execute(
            """SELECT f.path, i.part, e.vector, f.hash FROM items AS i JOIN files AS f ON f.id = i.file_id
               LEFT JOIN embeddings AS e ON e.item_id = i.id ORDER BY i.id"""
        ).fetchall()
        db.rollback()
    parts = [(os.fsdecode(path), part) for path, part, _, _ in rows]
    assert len(set(parts)) == len(parts), "an item is doubled"
    assert all(vector is not None for _, _, vector, _ in rows), "an item has no vector"
    vectors = {part: row[2] for part, row in zip(parts, rows, strict=True)}
    half = np.frombuffer(b"".join(vectors.values()), "<f2").astype(np.float32)
    matrix = half.reshape(len(rows), -1) if rows else np.empty((0, 0), np.float32)
    matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return vectors, {part: row[3] for part, row in zip(parts, rows, strict=True)}, matrix


def _check_answers(library: Path, query: Path) -> None:
    """Assert that the library answers like an exhaustive search over the vectors in SQLite."""
    with ImageFinder.open(library, model="builtin") as finder:
        hits = finder.search(images=[query], limit=10_000, include_query_images=True)
        vector = finder.embed_images([query])[0]
        assert finder.status().items == len(hits)
    vectors, _, matrix = _tables(library)
    cosines = dict(zip(vectors, (matrix @ vector).tolist() if vectors else (), strict=True))
    found = {(str(hit.path), hit.part): hit.score for hit in hits}
    assert len(found) == len(hits)
    # The index stores vectors with a small rounding error, so equal scores may come in any order.
    assert found == pytest.approx(cosines, abs=2e-3)
    assert [hit.score for hit in hits] == pytest.approx(sorted(cosines.values(), reverse=True), abs=2e-3)


def _check_pending(library: Path, tree: Path) -> None:
    """Assert that the library reports pending files or an incomplete scan, and never claims to be complete."""
    with ImageFinder.open(library, model="builtin") as finder:
        sources = finder.status().sources
    if not sources:  # killed before the folder was recorded
        return
    with closing(sqlite3.connect(library / "library.db")) as db:
        rows = db.execute(
            """SELECT path FROM files WHERE (parts = 0 AND problem NOT NULL)
               OR id IN (SELECT file_id FROM embedded_files)"""
        ).fetchall()
    unread = {path for path in tree.rglob("*") if path.is_file()} - {
        Path(os.fsdecode(row[0])) for row in rows
    }
    (source,) = sources
    assert source.pending == (len(unread) if source.scan_complete else 0)
    assert unread or source.pending == 0


def _check_finished(library: Path, expected: Undisturbed, query: Path, limit: int) -> None:
    """Assert that another run completes the library, and embeds exactly what is missing."""
    before, contents, _ = _tables(library)
    there = {(contents[part], part[1]) for part in before}
    wanted = {(expected.contents[part], part[1]) for part in expected.vectors}
    assert _index(library, expected.tree, limit)["items"] == len(wanted - there)
    after = _tables(library)[0]
    assert after == expected.vectors
    _check_pending(library, expected.tree)
    _check_answers(library, query)
    assert _index_here(library, expected.tree) == 0


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of about 150 files: pictures, documents with many pages, a multi-page TIFF, duplicates, damaged files."""
    folder = tmp_path_factory.mktemp("crash") / "pictures"
    for number in range(110):
        save(picture("teal", number), folder / f"album{number % 3}" / f"{number:03}.png")
    for number in range(0, 110, 5):
        shutil.copy(folder / f"album{number % 3}" / f"{number:03}.png", folder / f"again {number:03}.png")
    for name in ("book", "letters"):
        pdf(folder / f"{name}.pdf", [f"page {page} of the {name}" for page in range(1, 21)])
    shutil.copy(folder / "book.pdf", folder / "album1" / "the same book.pdf")
    pages = [picture("olive", seed) for seed in range(200, 206)]
    pages[0].save(folder / "scan.tiff", save_all=True, append_images=pages[1:])
    whole = (folder / "album0" / "000.png").read_bytes()
    for number in range(4):
        (folder / f"damaged {number}.png").write_bytes(whole[: 50 + number])
    return folder


@pytest.fixture(scope="module")
def undisturbed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    library = tmp_path_factory.mktemp("crash") / "undisturbed"
    report = _index(library, tree, index_registry.EXACT_LIMIT)
    vectors, contents, _ = _tables(library)
    assert len(vectors) == 110 + 22 + 3 * 20 + 6
    return Undisturbed(tree, vectors, contents, report["seconds"])


@pytest.fixture
def query(tmp_path: Path) -> Path:
    save(picture("teal", 1000), tmp_path / "query.png")
    return tmp_path / "query.png"


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process use an HNSW index for a small library, too."""
    monkeypatch.setattr(index_registry, "EXACT_LIMIT", _HNSW_FROM)
    monkeypatch.setattr(index_registry, "_EXACT_LIMIT_DOWN", _HNSW_FROM)


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(index_registry.EXACT_LIMIT, id="exact"),
        pytest.param(_HNSW_FROM, id="hnsw", marks=pytest.mark.slow),
    ],
)
def test_killed_at_many_moments_a_library_loses_and_doubles_nothing(
    limit: int, undisturbed: Undisturbed, query: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_registry, "EXACT_LIMIT", limit)
    chance = random.Random(limit)
    sizes: list[int] = []
    met: set[int] = set()
    while len(sizes) < _KILLS or (len(met) < 3 and len(sizes) < _KILLS_AT_MOST):
        library, kept = tmp_path / f"library{len(sizes)}", dict[Part, bytes]()
        for _ in range(_KILLS_A_LIBRARY):
            moment = chance.uniform(0, 0.8 * undisturbed.seconds)
            if not _killed_after(moment, library, undisturbed.tree, limit):
                break
            _check_answers(library, query)
            _check_pending(library, undisturbed.tree)
            there = _tables(library)[0]
            assert there.items() >= kept.items(), "what was committed is removed"
            kept = there
            sizes.append(len(there))
            met |= {len(there)} - {0, len(undisturbed.vectors)}
        _check_finished(library, undisturbed, query, limit)
    # The kills happened during the work, and at different stages of it.
    assert len(met) >= 3


@pytest.fixture
def checkpointed(tmp_path: Path, query: Path, small_limit: None) -> Iterator[tuple[Path, Path]]:
    """Library with an HNSW checkpoint, and its folder, to which pictures have been added since."""
    folder, library = tmp_path / "few", tmp_path / "checkpointed"
    for seed in range(40):
        save(picture("teal", seed), folder / f"{seed}.png")
    _index_here(library, folder)
    assert list(library.glob("vectors/*/manifest.json"))
    for seed in range(40, 50):
        save(picture("olive", seed), folder / f"{seed}.png")
    (folder / "7.png").unlink()
    yield library, folder


def test_killed_at_each_step_of_writing_a_checkpoint_a_library_answers_right(
    checkpointed: tuple[Path, Path], query: Path, tmp_path: Path
) -> None:
    original, folder = checkpointed
    kept = {part: vector for part, vector in _tables(original)[0].items() if Path(part[0]).exists()}
    added = {(str(path), 1) for path in folder.iterdir()} - kept.keys()
    step, done = 0, False
    while not done:
        step += 1
        library = tmp_path / f"step{step}"
        shutil.copytree(original, library)
        with _child(library, folder, _HNSW_FROM, fatal=step) as child:
            child.communicate()
        done = child.returncode == 0
        _check_answers(library, query)
        there = _tables(library)[0]
        assert there.items() >= kept.items(), "what was committed is removed"
        assert _index_here(library, folder) == 10 - len(there.keys() & added)
        _index_here(library, query)
        _check_answers(library, query)
        (checkpoint,) = (library / "vectors").iterdir()
        assert len(list(checkpoint.iterdir())) == 2, "what a killed run left was never deleted"
    assert step > 6


Damage = Callable[[Path], None]


def _files(vectors: Path) -> tuple[Path, Path]:
    (manifest,) = vectors.glob("*/manifest.json")
    (index,) = vectors.glob("*/index-*")
    return manifest, index


def _cut(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.truncate(length)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def _overwrite(path: Path) -> None:
    path.write_bytes(b"\x89PNG" * 500)


def _make_a_folder_of(path: Path) -> None:
    path.unlink()
    path.mkdir()


_DAMAGES: dict[str, Damage] = {
    "all of it is deleted": shutil.rmtree,
    "the index is deleted": lambda vectors: _files(vectors)[1].unlink(),
    "the manifest is deleted": lambda vectors: _files(vectors)[0].unlink(),
    "the index is cut short": lambda vectors: _cut(_files(vectors)[1], 4000),
    "the index is empty": lambda vectors: _cut(_files(vectors)[1], 0),
    "the manifest is cut short": lambda vectors: _cut(_files(vectors)[0], 60),
    "a bit of the index is flipped": lambda vectors: _flip(_files(vectors)[1]),
    "a bit of the manifest is flipped": lambda vectors: _flip(_files(vectors)[0]),
    "the index is something else": lambda vectors: _overwrite(_files(vectors)[1]),
    "a folder stands in the index's place": lambda vectors: _make_a_folder_of(_files(vectors)[1]),
}


@pytest.mark.parametrize("damage", _DAMAGES.values(), ids=_DAMAGES.keys())
def test_answers_are_right_whatever_befell_the_checkpoint(
    damage: Damage, checkpointed: tuple[Path, Path], query: Path
) -> None:
    library, folder = checkpointed
    damage(library / "vectors")
    _check_answers(library, query)
    assert _index_here(library, folder) == 10
    _check_answers(library, query)


@pytest.fixture
def foreign(tmp_path: Path, small_limit: None) -> Path:
    """Library of other pictures with a checkpoint of the same model."""
    folder, library = tmp_path / "others", tmp_path / "foreign"
    for seed in range(40):
        save(picture("crimson", 3000 + seed), folder / f"{seed}.png")
    _index_here(library, folder)
    return library


def test_a_checkpoint_of_another_library_is_not_taken_for_ones_own(
    checkpointed: tuple[Path, Path], foreign: Path, query: Path
) -> None:
    library, folder = checkpointed
    shutil.rmtree(library / "vectors")
    shutil.copytree(foreign / "vectors", library / "vectors")
    _check_answers(library, query)
    _index_here(library, folder)
    _check_answers(library, query)


def test_a_new_database_beside_old_vectors_is_not_answered_from_them(
    checkpointed: tuple[Path, Path], foreign: Path, query: Path
) -> None:
    library, _ = checkpointed
    # Do what users are told to do about a damaged library.db: move it away and add the folders again.
    for file in library.glob("library.db*"):
        file.unlink()
    _index_here(library, foreign.parent / "others")
    _check_answers(library, query)


def test_a_database_restored_from_a_backup_is_not_answered_from_newer_vectors(
    checkpointed: tuple[Path, Path], query: Path, tmp_path: Path
) -> None:
    library, folder = checkpointed
    backup = shutil.copy(library / "library.db", tmp_path / "backup.db")
    _index_here(library, folder)
    for file in library.glob("library.db*"):
        file.unlink()
    shutil.copy(backup, library / "library.db")
    _check_answers(library, query)
    for seed in range(40, 50):
        save(picture("crimson", 5000 + seed), folder / f"{seed}.png")
    _index_here(library, folder)
    _check_answers(library, query)
