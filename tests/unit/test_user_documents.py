"""The pages for users are complete: each command, option, key of JSON, format, model and shortcut has its place."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from helpers.fakes import picture
from helpers.packaging_modules import load_packaging_module
from helpers.tiny_clip import TINY_CONFIG, random_weights

from imagefinder.cli.doctor.runtime import runtime_value
from imagefinder.cli.main import main
from imagefinder.cli.parser import make_parser
from imagefinder.domain.errors import UsageError
from imagefinder.domain.reasons import ReasonCode
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.runtime.runtime_choice import Runtime, RuntimeChoice, RuntimeSetting
from imagefinder.readers.reader_registry import extensions
from imagefinder.resources import resource
from imagefinder.translation import use_language

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
JSON_PAGE = (DOCS / "reference" / "json.md").read_text("utf-8")

_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


@pytest.fixture
def docs_hooks() -> ModuleType:
    return load_packaging_module("docs_hooks")


def section_of(page: str, title: str) -> str:
    """What stands below a heading of the second level, with its subsections."""
    return next(part for part in page.split("\n## ") if part.split("\n")[0].split(" {")[0] == title)


def documented(title: str) -> set[str]:
    """The fields in the tables of one command."""
    return set(_ROW.findall(section_of(JSON_PAGE, title).partition("\n### ")[0]))


def fields_of(value: Any, path: str = "") -> Iterator[str]:
    """The fields of a JSON value, as the page writes them: ``hits[].path``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from fields_of(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from fields_of(inner, f"{path}[]")
    else:
        yield path


def assert_documented(title: str, *printed: Any) -> None:
    """Every field that was printed is documented, and every documented one was printed."""
    fields = {field for value in printed for field in fields_of(value)}
    known = documented(title)
    patterns = {each: re.compile(re.escape(each).replace(r"\*", r"[^.]+") + r"(\[\])?") for each in known}
    unknown = [field for field in fields if not any(each.fullmatch(field) for each in patterns.values())]
    assert unknown == []
    holders = {field[: at.start()] for field in fields for at in re.finditer(r"\.|\[\]", field)}
    seen = fields | holders
    assert [each for each in known if not any(patterns[each].fullmatch(field) for field in seen)] == []


@pytest.fixture
def library(tmp_path: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    """A library of a picture, a file that is none, one that is too large, and one of an unknown kind."""
    picture("red").save(folder / "red.png")
    (folder / "broken.jpg").write_text("broken")
    (folder / "huge.ppm").write_bytes(b"P6 100000 100000 255\n")
    (folder / "notes.txt").write_text("notes")
    assert main(["add", str(folder), "--library", str(tmp_path / "library")]) == 0
    capfd.readouterr()
    return tmp_path / "library"


def printed(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    main([*map(str, arguments), "--json"])
    return json.loads(capfd.readouterr().out)


def test_the_fields_of_search_are_documented(
    library: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    by_both = ("--image", folder / "red.png", "--in", folder)
    found = printed(capfd, "search", "red", "--include-query", *by_both, "--library", library)
    assert found["hits"]
    assert_documented("search", found)


def test_the_fields_of_status_are_documented(
    library: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = printed(capfd, "status", "--library", library)
    monkeypatch.delenv("IMAGEFINDER_MODEL")
    assert main(["models", "use", "starter", "--library", str(library)]) == 0
    capfd.readouterr()
    status = printed(capfd, "status", "--library", library)
    assert status["changing_to"]
    assert_documented("status", before, status)


def test_the_fields_of_models_list_are_documented(capfd: pytest.CaptureFixture[str]) -> None:
    assert_documented("models list", printed(capfd, "models", "list"))


def test_the_fields_of_models_import_are_documented(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from safetensors.torch import save_file

    source = tmp_path / "model"
    source.mkdir()
    weights = {name: tensor.contiguous() for name, tensor in random_weights().items()}
    save_file(weights, source / "open_clip_model.safetensors")
    (source / "open_clip_config.json").write_text(json.dumps({"model_cfg": TINY_CONFIG}))
    assert_documented("models import", printed(capfd, "models", "import", source, "--name", "tiny"))


def test_the_fields_of_doctor_are_documented(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    timed = printed(capfd, "doctor", "--library", library)
    clip = printed(capfd, "doctor", "--library", library, "--model", "starter", "--no-timing")
    broken = printed(capfd, "doctor", "--library", library, "--model", "nowhere")
    assert "problem" in broken["model"]
    runtime = SimpleNamespace(
        choice=RuntimeChoice(Runtime.TORCH, "float32", torch_rate=2.0, openvino_rate=1.0, cosine=1.0),
        setting=RuntimeSetting(),
    )
    tried = runtime_value(cast(OpenClipEmbedder, SimpleNamespace(runtime=runtime)))
    assert_documented("doctor", timed, clip, broken, {"model": {"runtime": tried}})


def test_every_reason_code_is_documented() -> None:
    table = section_of(JSON_PAGE, "status").partition("### Reason codes")[2]
    assert _ROW.findall(table) == [str(code) for code in ReasonCode]


def test_the_command_reference_has_every_command_and_option(docs_hooks: ModuleType) -> None:
    reference = docs_hooks.command_reference()
    use_language("en")
    count = 0
    for name, parser in parsers_of(make_parser(), "imagefinder"):
        heading = re.search(rf"^##+ {name} \{{.*$", reference, re.MULTILINE)
        assert heading, name
        section = re.split(r"\n##+ ", reference[heading.end() :])[0]
        general = section_of("\n" + reference, "General options")
        for action in parser._actions:
            for option in action.option_strings:
                if action.dest != "help":
                    assert re.search(rf"`{option}[ `]", section + general), f"{name} {option}"
                    count += 1
            if not action.option_strings and isinstance(action.metavar, str):
                assert action.metavar in section, f"{name} {action.metavar}"
    assert count > 50


def parsers_of(parser: Any, name: str) -> Iterator[tuple[str, Any]]:
    """A parser and those of its commands."""
    yield name, parser
    for action in parser._actions:
        for command, below in (action.choices or {}).items() if action.nargs == "A..." else ():
            # A command gets its arguments when it parses.
            with suppress(UsageError):
                below.parse_known_args([])
            yield from parsers_of(below, f"{name} {command}")


def test_the_command_reference_stands_in_its_page(docs_hooks: ModuleType) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri=docs_hooks.PAGE))
    text = (DOCS / docs_hooks.PAGE).read_text("utf-8")
    written = docs_hooks.on_page_markdown(text, page)
    assert docs_hooks.PLACEHOLDER not in written
    assert "imagefinder-models-import" in written
    other = SimpleNamespace(file=SimpleNamespace(src_uri="index.md"))
    assert docs_hooks.on_page_markdown(text, other) == text
    with pytest.raises(ValueError, match="has no line"):
        docs_hooks.on_page_markdown("# Another page", page)


def test_every_environment_variable_of_ours_is_documented() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "imagefinder").rglob("*.py"))
    page = (DOCS / "reference" / "command-line.md").read_text("utf-8")
    assert [
        name for name in sorted(set(re.findall(r"IMAGEFINDER_[A-Z_]+", source))) if name not in page
    ] == []


def test_every_kind_of_file_is_documented() -> None:
    page = (DOCS / "file-formats.md").read_text("utf-8")
    assert [each for each in sorted(extensions()) if f"`.{each}`" not in page] == []


def test_every_model_of_the_catalogue_is_documented() -> None:
    catalogue = json.loads(resource("models/catalogue.json").read_text("utf-8"))
    page = (DOCS / "models.md").read_text("utf-8")
    assert [each["name"] for each in catalogue["models"] if f"`{each['name']}`" not in page] == []


def test_every_shortcut_of_the_menus_is_documented() -> None:
    source = (ROOT / "imagefinder" / "ui" / "window" / "main_actions.py").read_text("utf-8")
    keys = set(re.findall(r'"((?:Ctrl\+\S+|F\d+))"', source)) - {"Ctrl+="}
    assert len(keys) > 12
    page = (DOCS / "window.md").read_text("utf-8")
    assert [key for key in sorted(keys) if f"<kbd>{key}</kbd>" not in page] == []
