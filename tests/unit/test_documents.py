"""Checks of the documents and of the source tree: named files exist, and source files keep the promised sizes."""

import ast
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "imagefinder"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "packaging").rglob("*.md")])
SEARCHED = ("imagefinder", "tests", "benchmarks", "packaging", "resources", "docs", ".ci")
MODULES = sorted(PACKAGE.rglob("*.py"))

_FILE = re.compile(r"(?<![\w./-])(?:[\w.-]+/)*[\w-]+\.(?:py|md|toml|sql|sh|svg)\b(?![\w/])")
_FOLDER = re.compile(r"`((?:[\w.-]+/)+)`")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
_CLASS = re.compile(r"`(\w+)` in `([\w/]+\.py)`")
_NOT_OURS = {"tokenizer/", "archives/", "photographs/", "model/", "screenshots/", "site/"} | {
    "imagefinder/readers/formats/farbfeld.py"
}
"""Names that are not in this tree: of a downloaded model, the starter's training, a user, the site, an example."""


def unknown_names(document: Path) -> list[str]:
    """Return the files and folders that a document refers to and that do not exist in this tree."""
    text = document.read_text("utf-8")
    links = [name for name in _LINK.findall(text) if not (document.parent / name).exists()]
    names = {*_FILE.findall(text), *_FOLDER.findall(text)} - _NOT_OURS
    return sorted(links + [name for name in names if not _exists(name, document.parent)])


def _exists(name: str, beside: Path) -> bool:
    if any((folder / name).exists() for folder in (beside, ROOT, PACKAGE)):
        return True
    # A path's end is sufficient if it is unambiguous.
    return len([path for top in SEARCHED for path in (ROOT / top).rglob(Path(name).as_posix())]) == 1


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    assert unknown_names(document) == []


def test_a_file_that_does_not_exist_is_found(tmp_path: Path) -> None:
    document = tmp_path / "PAGE.md"
    document.write_text(
        "`api.py`, `ui/nowhere.py`, `ui/absent/`, [here](docs/missing.md), python benchmarks/no.py"
    )
    assert unknown_names(document) == [
        "benchmarks/no.py",
        "docs/missing.md",
        "docs/missing.md",
        "ui/absent/",
        "ui/nowhere.py",
    ]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").split()) < 700


def test_every_class_of_the_glossary_is_in_the_file_it_names() -> None:
    named = _CLASS.findall((ROOT / "docs" / "glossary.md").read_text("utf-8"))
    assert named
    assert [
        f"{name} in {file}"
        for name, file in named
        if name not in {node.name for node in _parsed(PACKAGE / file).body if isinstance(node, ast.ClassDef)}
    ] == []


def test_the_glossary_has_each_term_once() -> None:
    lines = (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and line != "| term | meaning | where |"]
    terms = [row.split("|")[1].strip().lower() for row in rows]
    assert terms
    assert sorted({term for term in terms if terms.count(term) > 1}) == []


def test_every_room_is_described_in_the_architecture() -> None:
    described = set(_FOLDER.findall((ROOT / "ARCHITECTURE.md").read_text("utf-8")))
    rooms = {
        f"{path.parent.relative_to(PACKAGE).as_posix()}/" for path in MODULES if path.name == "__init__.py"
    }
    # Except the package itself, and the window's package, which contains only rooms.
    assert sorted(rooms - {"./", "ui/"} - described) == []


def test_every_module_says_in_its_first_line_what_it_is() -> None:
    assert [
        path.relative_to(ROOT).as_posix() for path in MODULES if not ast.get_docstring(_parsed(path))
    ] == []


def test_no_folder_of_the_package_has_more_than_twenty_modules() -> None:
    counts = {folder: len(list(folder.glob("*.py"))) for folder in {path.parent for path in MODULES}}
    assert {folder.relative_to(ROOT).as_posix(): n for folder, n in counts.items() if n > 20} == {}


def test_modules_are_short() -> None:
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: n for name, n in lines.items() if n > 400} == {}
    assert statistics.median(lines.values()) <= 130


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))
