"""Modules imported by each command, as checked in a separate process.

Imports take most of the time of a short command, so a command must not import what only others need.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import save
from helpers.fakes import picture
from helpers.program import Program

_REPORTED = """
import json, sys
report = sys.argv.pop(1)
from imagefinder.__main__ import main
try:
    status = main()
except SystemExit as left:
    status = left.code
finally:
    with open(report, "w") as file:
        json.dump(sorted(sys.modules), file)
sys.exit(status)
"""
_NETWORKS = {
    "torch",
    "torchvision",
    "open_clip",
    "timm",
    "transformers",
    "safetensors",
    "openvino",
    "onnxruntime",
}
_PICTURES = {"PIL", "pillow_heif", "pymupdf", "imagefinder.readers.image", "psutil", "pathspec"}
_NET = {"httpx2", "huggingface_hub.file_download", "ssl", "socket", "asyncio"}
_OTHERS = {
    "PySide6", "rich", "multiprocessing", "subprocess", "hnswlib", "xml.etree.ElementTree",
    "imagefinder.cli.doctor.command", "imagefinder.cli.commands.models_files",
    "imagefinder.cli.commands.add", "imagefinder.cli.commands.remove",
    "imagefinder.embedders.importing.importer",
}  # fmt: skip
_NEVER = _NETWORKS | _PICTURES | _NET | _OTHERS
_READING = {
    "imagefinder.embedders.towers.numpy_text_tower", "imagefinder.embedders.towers.torch_towers",
    "imagefinder.engine.indexing.batch_writer", "imagefinder.engine.indexing.decode_pool",
    "imagefinder.engine.search.relevance", "imagefinder.readers.pdf.page_text",
    "concurrent.futures", "pickle", "zipfile",
}  # fmt: skip
_JOBS = {
    "imagefinder.engine.indexing.library_jobs",
    "imagefinder.engine.preview_renderer",
    "filelock",
    "concurrent.futures",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program with three pictures indexed by the starter model."""
    folder = tmp_path_factory.mktemp("cold")
    made = Program(folder)
    del made.environment["IMAGEFINDER_MODEL"]
    for colour in ("red", "green", "blue"):
        save(picture(colour), folder / "pictures" / f"{colour}.png")
    assert made.run("add", folder / "pictures").status == 0
    return made


def _imported(program: Program, tmp_path: Path, *arguments: str) -> set[str]:
    report = tmp_path / "modules.json"
    subprocess.run(
        [sys.executable, "-c", _REPORTED, str(report), *arguments],
        check=True,
        capture_output=True,
        env=program.environment,
        cwd=tmp_path,
    )
    return set(json.loads(report.read_text()))


@pytest.mark.parametrize("form", ["--json", "--paths", "--all"])
def test_a_search_by_words_imports_no_torch_no_pillow_and_no_rich(
    program: Program, tmp_path: Path, form: str
) -> None:
    imported = _imported(program, tmp_path, "search", "--all", form, "something", "red")
    assert "imagefinder.embedders.towers.numpy_text_tower" in imported
    assert imported & (_NEVER | _JOBS | {"huggingface_hub"}) == set()


@pytest.mark.parametrize("arguments", ["", "--model builtin"])
def test_a_rescan_that_finds_nothing_imports_no_numpy_and_nothing_that_reads(
    program: Program, tmp_path: Path, arguments: str
) -> None:
    if arguments:
        assert program.run(*arguments.split(), "index").status == 0
    imported = _imported(program, tmp_path, *arguments.split(), "index")
    assert "imagefinder.engine.indexing.scanner" in imported
    assert imported & (_NEVER | _READING | {"numpy", "imagefinder.vectors.exact"}) == set()


@pytest.mark.parametrize("command", ["status --json", "models list --json"])
def test_what_only_looks_imports_nothing_of_what_changes(
    program: Program, tmp_path: Path, command: str
) -> None:
    assert _imported(program, tmp_path, *command.split()) & (_NEVER | _JOBS - {"filelock"}) == set()


@pytest.mark.parametrize("command", ["--version", "--help", "search --help"])
def test_help_imports_no_engine(program: Program, tmp_path: Path, command: str) -> None:
    imported = _imported(program, tmp_path, *command.split())
    assert imported & (_NEVER | _JOBS | {"numpy", "sqlite3", "imagefinder.api"}) == set()
