"""Tests of the starter model's training that require neither torch nor photographs."""

import importlib.util
import json
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "packaging" / "starter_model"
SHA256 = re.compile(r"[0-9a-f]{64}")
# In import order. train.py runs as a script, so modules import each other by bare names.
MODULES = ("attention_windows", "splits", "sources", "photographs")


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """Modules that do not need torch, imported as train.py does, and unloaded again."""
    loaded: dict[str, ModuleType] = {}
    for name in MODULES:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        loaded[name] = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, loaded[name])
        spec.loader.exec_module(loaded[name])
    yield loaded


def test_a_smaller_window_keeps_the_bias_of_every_distance(training: dict[str, ModuleType]) -> None:
    trained = np.array(
        [[100 * head + 10 * down + right for down in range(7) for right in range(7)] for head in (1, 2)]
    )

    smaller = training["attention_windows"].sub_table(trained, 25)

    assert smaller.shape == (2, 25)
    assert [smaller[1, down * 5 + right] for down, right in ((0, 0), (0, 4), (3, 1), (4, 4))] == [
        200,
        204,
        231,
        244,
    ]


@pytest.mark.parametrize("cells", [24, 64])
def test_a_window_that_is_no_square_or_too_large_is_refused(
    training: dict[str, ModuleType], cells: int
) -> None:
    with pytest.raises(ValueError, match="no window"):
        training["attention_windows"].sub_table(np.zeros((1, 49)), cells)


def test_a_thousand_photographs_and_24_classes_are_held_out(training: dict[str, ModuleType]) -> None:
    photographs, classes = training["splits"].read_held_out()

    assert len(set(photographs)) == len(photographs) == 1000
    assert all(name.endswith(".jpg") and "/" not in name for name in photographs)
    assert len(set(classes)) == len(classes) == 24


def test_nothing_held_out_is_trained_on(training: dict[str, ModuleType], tmp_path: Path) -> None:
    photographs, classes = training["splits"].read_held_out()
    for name in (*photographs, *(f"other{number}.jpg" for number in range(5))):
        _touch(tmp_path / "flickr8k" / name)
    for name in (*classes, "anchor"):
        for number in range(90 if name == "anchor" else 1):
            _touch(tmp_path / "caltech101" / name / f"{number}.jpg")

    split = training["splits"].split(tmp_path)

    assert sorted(split.flickr_train) == [f"flickr8k/other{number}.jpg" for number in range(5)]
    assert set(split.flickr_held_out) == {f"flickr8k/{name}" for name in photographs}
    assert len(set(split.objects_train)) == 80
    assert {name.split("/")[1] for name in split.objects_train} == {"anchor"}
    assert split.classes_held_out == sorted(classes)


def test_a_folder_without_what_is_held_out_is_refused(
    training: dict[str, ModuleType], tmp_path: Path
) -> None:
    _touch(tmp_path / "flickr8k" / "other.jpg")
    _touch(tmp_path / "caltech101" / "anchor" / "0.jpg")

    with pytest.raises(LookupError, match="1024 of the held-out names"):
        training["splits"].split(tmp_path)


def test_every_package_is_pinned_by_version_and_hash(training: dict[str, ModuleType]) -> None:
    packages = [source.package for source in training["photographs"].photograph_sources()]
    packages += training["sources"].TEACHERS

    assert len({package.archive for package in packages}) == len(packages)
    for package in packages:
        assert package.registry in {"PyPI", "npm", "Debian-bookworm"}
        assert package.version
        assert SHA256.fullmatch(package.sha256), package.name
        assert package.licence, package.name


def test_an_archive_of_other_content_is_refused(training: dict[str, ModuleType], tmp_path: Path) -> None:
    sources = training["sources"]
    package = sources.TINY_VIT
    (tmp_path / package.archive).write_bytes(b"something else")

    with pytest.raises(sources.WrongContentError, match=package.archive):
        sources.fetch(package, tmp_path)


def test_every_photograph_source_names_its_files_once(training: dict[str, ModuleType]) -> None:
    sources = training["photographs"].photograph_sources()

    assert len({source.name for source in sources}) == len(sources)
    for source in sources:
        assert source.files, source.name
        assert len(set(source.files)) == len(source.files), source.name
        assert not any(file.startswith("/") or ".." in file.split("/") for file in source.files), source.name


def test_files_inside_a_qt_resource_collection_are_found(training: dict[str, ModuleType]) -> None:
    collection = _resource_collection("fruit", "pear.webp", b"a picture")

    assert list(training["photographs"].rcc_members(collection)) == [("fruit/pear.webp", b"a picture")]


def test_the_files_beside_the_script_hold_no_local_path() -> None:
    texts = [path.read_text() for path in FOLDER.iterdir() if path.suffix in {".py", ".json", ".md", ".txt"}]

    assert not [text for text in texts if re.search(r"/tmp/|/home/|/work/", text)]
    assert json.loads((FOLDER / "photographs.json").read_text())


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _resource_collection(folder: str, name: str, content: bytes) -> bytes:
    """Return a Qt resource collection, version 1, with one compressed file in one folder."""
    packed = struct.pack(">I", len(content)) + zlib.compress(content)
    data = struct.pack(">I", len(packed)) + packed
    names = b""
    at = []
    for text in (folder, name):
        at.append(len(names))
        names += struct.pack(">HI", len(text), 0) + text.encode("utf-16-be")
    directory, compressed = 2, 1
    tree = struct.pack(">IHII", 0, directory, 1, 1)
    tree += struct.pack(">IHII", at[0], directory, 1, 2)
    tree += struct.pack(">IHHHI", at[1], compressed, 0, 0, 0)
    start = 20
    header = b"qres" + struct.pack(">4I", 1, start, start + len(tree), start + len(tree) + len(data))
    return header + tree + data + names
