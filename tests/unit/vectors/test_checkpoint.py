import errno
import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracts.vector_index_contract import DIMENSION, ids_of, unit_vectors

from imagefinder.vectors.checkpoint import (
    Checkpoint,
    CheckpointProblem,
    checkpoint_folder,
    delete_files,
    read_checkpoint,
    write_checkpoint,
)
from imagefinder.vectors.index_registry import VECTOR_INDEXES, index_class
from imagefinder.vectors.manifest import MANIFEST_NAME, Manifest
from imagefinder.vectors.vector_index import VectorIndex

MODEL = "ViT-X/weights=a b"


@pytest.fixture(params=sorted(VECTOR_INDEXES))
def index(request: pytest.FixtureRequest) -> VectorIndex:
    """Twenty vectors with the ids 1 to 20, in each kind of index."""
    made = index_class(request.param)(DIMENSION)
    made.add(np.arange(1, 21), unit_vectors(20))
    return made


def reason(folder: Path, embedder_id: str = MODEL, dimension: int = DIMENSION) -> str:
    found = read_checkpoint(folder, embedder_id, dimension)
    assert isinstance(found, CheckpointProblem)
    return found.reason


def opened(folder: Path) -> Checkpoint:
    found = read_checkpoint(folder, MODEL, DIMENSION)
    assert isinstance(found, Checkpoint), found
    return found


def index_file(folder: Path) -> Path:
    return folder / Manifest.read(folder).file


def test_what_was_written_is_read_back_with_its_facts(index: VectorIndex, tmp_path: Path) -> None:
    index.remove(ids_of(3, 20))
    write_checkpoint(index, tmp_path / "a" / "b", MODEL, revision=41)
    found = opened(tmp_path / "a" / "b")
    assert type(found.index) is type(index)
    assert found.index.ids().tolist() == index.ids().tolist()
    facts = found.manifest
    assert (facts.kind, facts.embedder_id, facts.dimension) == (index.kind, MODEL, DIMENSION)
    assert (facts.count, facts.last_id, facts.revision) == (18, 19, 41)


def test_an_empty_index_has_a_checkpoint_too(index: VectorIndex, tmp_path: Path) -> None:
    write_checkpoint(type(index)(DIMENSION), tmp_path, MODEL, revision=0)
    assert (len(opened(tmp_path).index), opened(tmp_path).manifest.last_id) == (0, 0)


def test_there_is_none_before_the_first(tmp_path: Path) -> None:
    assert reason(tmp_path / "not even a folder") == reason(tmp_path) == "there is none yet"


def test_a_checkpoint_of_another_model_is_not_taken(index: VectorIndex, tmp_path: Path) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    assert reason(tmp_path, embedder_id="another") == "it belongs to another model"
    assert reason(tmp_path, dimension=DIMENSION + 1) == "it belongs to another model"


def test_each_model_has_a_folder_of_its_own_with_a_plain_name(tmp_path: Path) -> None:
    folders = [checkpoint_folder(tmp_path, name) for name in ("a", "a/../b", "CON", "ü" * 300, MODEL)]
    assert len(set(folders)) == 5
    assert all(folder.parent == tmp_path and folder.name.isalnum() for folder in folders)
    assert checkpoint_folder(tmp_path, "a") == folders[0]


def test_the_next_write_replaces_the_pair_and_sweeps_up_what_a_crash_left(
    index: VectorIndex, tmp_path: Path
) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    for stray in ("index-00", "index-00.tmp", "manifest.json.tmp"):
        (tmp_path / stray).write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("the user's own")
    index.remove(ids_of(1))
    write_checkpoint(index, tmp_path, MODEL, revision=2)
    assert opened(tmp_path).manifest.revision == 2
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {MANIFEST_NAME, "notes.txt", index_file(tmp_path).name}


def test_a_missing_index_file_is_recognised(index: VectorIndex, tmp_path: Path) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    index_file(tmp_path).unlink()
    assert reason(tmp_path) == "its file is missing"


def test_a_file_cut_short_at_any_length_is_recognised(index: VectorIndex, tmp_path: Path) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    for path in (index_file(tmp_path), tmp_path / MANIFEST_NAME):
        whole = path.read_bytes()
        for length in range(0, len(whole), max(1, len(whole) // 50)):
            path.write_bytes(whole[:length])
            assert reason(tmp_path).startswith("it is damaged")
        path.write_bytes(whole)
    opened(tmp_path)


def test_any_flipped_bit_is_recognised(index: VectorIndex, tmp_path: Path) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    manifest = tmp_path / MANIFEST_NAME
    for path, step in ((index_file(tmp_path), 37), (manifest, 1)):
        whole = path.read_bytes()
        for place in range(0, len(whole), step):
            flipped = bytes([whole[place] ^ (1 << place % 8)])
            path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
            found = read_checkpoint(tmp_path, MODEL, DIMENSION)
            if isinstance(found, Checkpoint):  # only whitespace changed: the JSON means the same
                assert path == manifest
                assert whole[place : place + 1].isspace()
                assert found.manifest.revision == 1
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"kind": "from the future"},
        {"count": 7},
        {"count": "20"},
        {"file": "../elsewhere"},
        {"revision": True},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_manifest_that_says_what_cannot_be_is_recognised(change: dict[str, Any], tmp_path: Path) -> None:
    index = index_class("exact")(DIMENSION)
    index.add(np.arange(1, 21), unit_vectors(20))
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    facts = json.loads((tmp_path / MANIFEST_NAME).read_text())["manifest"] | change
    crc32 = zlib.crc32(json.dumps(facts, sort_keys=True).encode())
    (tmp_path / MANIFEST_NAME).write_text(json.dumps({"manifest": facts, "crc32": crc32}))
    assert reason(tmp_path).startswith("it is damaged")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"manifest": 1}']
)
def test_a_manifest_that_is_something_else_is_recognised(content: bytes, tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(content)
    assert reason(tmp_path).startswith("it is damaged")


def test_a_folder_in_place_of_a_file_is_a_reason_not_a_crash(index: VectorIndex, tmp_path: Path) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    path = index_file(tmp_path)
    path.unlink()
    path.mkdir()
    assert reason(tmp_path).startswith("it ")


def test_a_reader_that_a_writer_overtakes_takes_the_new_pair(
    index: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    first = Manifest.read(tmp_path)
    write_checkpoint(index, tmp_path, MODEL, revision=2)
    second = Manifest.read(tmp_path)
    answers = iter([first, second])
    monkeypatch.setattr(Manifest, "read", lambda folder: next(answers))
    assert opened(tmp_path).manifest.revision == 2


STEPS = ("open", "fsync", "replace", "unlink")


def at_each_step(monkeypatch: pytest.MonkeyPatch, before: Callable[[str], None]) -> None:
    """Call ``before`` ahead of every operation that changes the disk."""

    def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if name != "open" or set("wx+") & set("".join(map(str, [*args[1:2], *options.values()]))):
                before(name)
            return real(*args, **options)

        return call

    monkeypatch.setattr(Path, "open", watched("open", Path.open))
    monkeypatch.setattr(os, "fsync", watched("fsync", os.fsync))
    monkeypatch.setattr(os, "replace", watched("replace", os.replace))
    monkeypatch.setattr(Path, "unlink", watched("unlink", Path.unlink))


def test_a_crash_at_any_step_leaves_the_old_pair_or_the_new_one(
    index: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, states = tmp_path / "live", tmp_path / "states"
    write_checkpoint(index, folder, MODEL, revision=1)
    index.remove(ids_of(1))
    steps: list[str] = []

    def copy_the_folder_as_it_is(step: str) -> None:
        with monkeypatch.context() as real:
            real.undo()
            shutil.copytree(folder, states / str(len(steps)))
        steps.append(step)

    with monkeypatch.context() as watching:
        at_each_step(watching, copy_the_folder_as_it_is)
        write_checkpoint(index, folder, MODEL, revision=2)
    assert set(steps) == set(STEPS)
    seen = []
    for number in range(len(steps)):
        state = states / str(number)
        found = opened(state)
        assert len(found.index) == {1: 20, 2: 19}[found.manifest.revision]
        seen.append(found.manifest.revision)
        write_checkpoint(index, state, MODEL, revision=3)
        assert len(list(state.iterdir())) == 2
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}


def test_a_disk_that_fills_up_at_any_step_is_an_os_error_and_the_checkpoint_stays(
    index: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    index.remove(ids_of(1))
    for failing in range(100):
        step = iter(range(1000))

        def fail(name: str, failing: int = failing, step: Any = step) -> None:
            if name != "unlink" and next(step) == failing:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        try:
            with monkeypatch.context() as broken:
                at_each_step(broken, fail)
                write_checkpoint(index, tmp_path, MODEL, revision=2)
        except OSError as error:
            assert error.errno == errno.ENOSPC
        else:
            if next(step) <= failing:
                break  # all steps have been tried
        found = opened(tmp_path)
        assert len(found.index) == {1: 20, 2: 19}[found.manifest.revision]
        assert len(list(tmp_path.iterdir())) == 2
    assert 5 < failing < 99
    assert opened(tmp_path).manifest.revision == 2


def test_a_checkpoint_is_deleted_and_nothing_else_in_its_folder(index: VectorIndex, tmp_path: Path) -> None:
    write_checkpoint(index, tmp_path, MODEL, revision=1)
    write_checkpoint(index, tmp_path / "another", MODEL, revision=1)
    (tmp_path / "notes.txt").touch()
    delete_files(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another", "notes.txt"]
    assert opened(tmp_path / "another").manifest.revision == 1
    delete_files(tmp_path / "not even a folder")
