"""Tests that catalogues are complete and parsed correctly, and that every text for users is translated."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.packaging_modules import load_packaging_module

from imagefinder.translation import language_in_use, system_language, tr, tr_later, translated, use_language

ROOT = Path(__file__).parents[2]


tool = load_packaging_module("translations")


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    use_language("en")


def test_every_text_has_a_finished_translation_with_the_same_placeholders() -> None:
    assert list(tool.problems()) == []


@pytest.mark.parametrize("language", tool.PLURAL_FORMS)
def test_the_catalogues_are_as_lupdate_leaves_them(language: str, tmp_path: Path) -> None:
    there = tool.catalogue(language)
    copy = tmp_path / there.name
    copy.write_bytes(there.read_bytes())
    tool.update(language, copy)
    assert copy.read_text(encoding="utf-8") == there.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (tool.Message("a", "", False, ("",)), "no finished"),
        (tool.Message("a", "", False, ("甲",), finished=False), "no finished"),
        (tool.Message("a {b}", "", False, ("甲 {c}",)), "other placeholders"),
        (tool.Message("%n a(s)", "", True, ("甲",)), "lacks %n"),
        (tool.Message("%n a(s)", "", True, ("%n 甲", "%n 乙")), "2 plural forms"),
    ],
)
def test_a_faulty_translation_is_found(message: object, what: str) -> None:
    assert any(what in fault for fault in tool.faults(message, "zh_CN"))


def test_texts_are_read_from_the_source_whatever_way_they_are_written() -> None:
    source = """
a = tr("one " "two {x}", "about", x=f"{tr('inner')}")
b = tr("%n thing(s)", "", len(c), x=3)
d = tr_later(
    "kept",
    "reason",
).format(x=1)
"""
    assert {message.key for message in tool.calls(source)} == {
        ("one two {x}", "about", False),
        ("inner", "", False),
        ("%n thing(s)", "", True),
        ("kept", "reason", False),
    }


@pytest.mark.parametrize("call", ["tr(text)", 'tr(f"a {b}")', 'tr("a", n=3)', 'tr("a", comment="b")'])
def test_a_text_that_cannot_be_found_in_the_source_is_refused(call: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(tool.calls(call))


_SHOWN = frozenset(
    "setText setToolTip setStatusTip setWhatsThis setWindowTitle setPlaceholderText setAccessibleName "
    "setAccessibleDescription setTitle setLabelText setHeaderLabels setSuffix setPrefix setSpecialValueText "
    "setInformativeText addAction addMenu addTab addItem addRow addButton insertTab setTabText setTabToolTip "
    "showMessage say fail described QLabel QPushButton QToolButton QAction QCheckBox QRadioButton QGroupBox "
    "QMenu UsageError LibraryError ModelError DeviceError".split()
)


def test_no_text_that_users_see_goes_past_the_catalogues() -> None:
    found = [
        f"{module.relative_to(ROOT)}:{line}: {text!r}"
        for folder in ("ui", "cli", "engine", "ipc", "embedders", "store", "readers")
        for module in sorted((ROOT / "imagefinder" / folder).rglob("*.py"))
        for line, text in _texts_past(ast.parse(module.read_text(encoding="utf-8")))
    ]
    assert found == []


def _texts_past(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _SHOWN:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                text = _literal(argument)
                # Markup and file name patterns are not words.
                words = re.sub(r"<[^>]*>|\S*[*/]\S*|\bimagefinder\b", "", text)
                if len(re.findall(r"[^\W\d_]", words)) > 1:
                    yield node.lineno, text


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _literal(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_literal(value) for value in values)
        case ast.BinOp(left=left, right=right):
            return _literal(left) + _literal(right)
        case ast.IfExp(body=body, orelse=otherwise):
            return _literal(body) + _literal(otherwise)
    return ""


def test_the_lint_sees_a_text_that_goes_past() -> None:
    tree = ast.parse('label.setText("Hello")\nQLabel(f"{n} pictures")\nQLabel("…")\nQLabel(tr("Hello"))')
    assert [line for line, _ in _texts_past(tree)] == [1, 2]


def test_english_tells_one_from_many_and_chinese_needs_not() -> None:
    def forgotten(count: int) -> str:
        return tr("%n file(s) forgotten. Nothing on your disk was touched.", "", count)

    use_language("en")
    assert forgotten(1).startswith("1 file forgotten")
    assert forgotten(0).startswith("0 files forgotten")
    use_language("zh_CN")
    assert forgotten(1).replace("1", "7") == forgotten(7)
    assert "file" not in forgotten(1)


def test_what_is_not_in_the_catalogue_stays_english() -> None:
    use_language("zh_CN")
    assert tr("no such text {a}", a=1) == "no such text 1"


def test_a_text_kept_in_english_is_shown_in_the_language_of_now() -> None:
    plain = tr_later("expected one argument", "argparse")
    named = tr_later("ignored explicit argument {value}", "argparse").format(value="'x'")
    use_language("en")
    assert (translated(plain, "argparse"), translated(named, "argparse")) == (plain, named)
    use_language("zh_CN")
    assert "argument" not in translated(plain, "argparse")
    assert "argument" not in translated(named, "argparse")
    assert "'x'" in translated(named, "argparse")
    assert translated("another text", "argparse") == "another text"


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        ("en", "en"),
        ("zh_CN", "zh_CN"),
        ("zh-TW", "zh_CN"),
        ("de_DE", "en"),
        ("C", "en"),
        ("zh_Hans", "zh_CN"),
    ],
)
def test_a_language_that_is_not_there_falls_to_the_nearest(wanted: str, spoken: str) -> None:
    assert use_language(wanted) == spoken
    assert language_in_use() == spoken


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en_GB"),
        ({"LANG": "de_DE", "LANGUAGE": "zh_CN:en"}, "zh_CN"),
    ],
)
def test_the_system_says_its_language_in_the_usual_order(
    environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert system_language() == language


def test_english_without_plurals_reads_no_catalogue() -> None:
    code = (
        "import sys; from imagefinder.translation import tr, use_language; use_language('en'); tr('Library'); "
        "assert 'xml.etree.ElementTree' not in sys.modules"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
