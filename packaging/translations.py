"""Maintain the translation catalogues: ``update`` synchronises them with the source, ``check`` reports problems.

    python packaging/translations.py update     write the source's texts to resources/translations/*.ts
    python packaging/translations.py check      exit with status 1 if a text has no finished translation

Needs pyside6-lupdate, which is part of PySide6-Essentials. After ``update``, write the translations with Qt Linguist
(``pyside6-linguist``) or a text editor. To add a language, add a catalogue and a line in
``imagefinder.translation.LANGUAGES``.

Style of the Chinese texts: plain and neutral, without 您 or 你 if possible; full-width punctuation （，。：；） and
quotes “ ”; a space between Chinese and Latin words or digits (“3 张图片”, “PDF 页面”); commands, options, file names
and model names unchanged. Terms: 图片 picture, 页面 page, 文件夹 folder, 资料库 library, 来源 source, 模型 model,
索引 index, 设备 device, 缩略图 thumbnail, 搜索 search, 结果 result, 相似 similar, 无法读取 cannot be read,
离线 offline, 仅在云端 in the cloud, 窗口 window. An error is one sentence that also states what to do. The English
catalogue contains only plural forms.
"""

import argparse
import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "imagefinder"
CATALOGUES = ROOT / "resources" / "translations"
PLURAL_FORMS = {"en": 2, "zh_CN": 1}


Key = tuple[str, str, bool]
"""Identity of a message: text, comment, and whether it has plural forms."""


@dataclass(frozen=True)
class Message:
    """A text of the source, or of a catalogue together with its translations."""

    source: str
    comment: str = ""
    plural: bool = False
    translations: tuple[str, ...] = ()
    finished: bool = True

    @property
    def key(self) -> Key:
        """Identity of the message; see ``Key``."""
        return self.source, self.comment, self.plural


def catalogue(language: str) -> Path:
    """Return the path of a language's ``.ts`` file."""
    return CATALOGUES / f"imagefinder_{language}.ts"


def update(language: str, file: Path) -> None:
    """Synchronise a catalogue with the source; existing translations are kept.

    Raises:
        ValueError: A text of the program cannot be read.
        subprocess.CalledProcessError: lupdate failed; its messages are on standard error.
    """
    lupdate = Path(sys.executable).with_name("pyside6-lupdate")
    only_plurals = ["-pluralonly"] if language == "en" else []
    with tempfile.TemporaryDirectory() as folder:
        # lupdate parses Python imprecisely: it misses calls in f-strings, and mistakes a keyword argument for the
        # number of a plural. So we parse the source with ast, and give lupdate only simple calls.
        plain = Path(folder) / "texts.py"
        plain.write_text("\n".join(_plain_call(*key) for key in sorted(said())), encoding="utf-8")
        # Do not derive translations from similar texts: new texts need new translations.
        subprocess.run(
            [
                str(lupdate) if lupdate.exists() else lupdate.name,
                *"-silent -no-obsolete -locations none -disable-heuristic similartext".split(),
                *("-source-language", "en", "-target-language", language),
                *only_plurals,
                *(str(plain), "-ts", str(file)),
            ],
            check=True,
        )


def said() -> set[Key]:
    """Return the keys of all texts of the program.

    Raises:
        ValueError: The text of a call cannot be read.
    """
    found: set[Key] = set()
    for module in modules():
        try:
            found |= {message.key for message in calls(module.read_text(encoding="utf-8"))}
        except ValueError as error:
            raise ValueError(f"{module.relative_to(ROOT)}: {error}") from error
    return found


def _plain_call(source: str, comment: str, plural: bool) -> str:
    arguments = [json.dumps(source, ensure_ascii=False), json.dumps(comment, ensure_ascii=False)]
    return f"tr({', '.join([*arguments, 'n'] if plural else arguments)})"


def modules() -> list[Path]:
    """Return all modules of the program, sorted."""
    return sorted(PACKAGE.rglob("*.py"))


def read(file: Path) -> list[Message]:
    """Read the messages of a catalogue."""
    tree = ElementTree.parse(file)  # noqa: S314 - our own file
    return [_message(element) for element in tree.iterfind("context/message")]


def _message(element: ElementTree.Element) -> Message:
    translation = element.find("translation")
    assert translation is not None, "lupdate writes one for each message"
    plural = element.get("numerus") == "yes"
    forms = [form.text or "" for form in translation.iterfind("numerusform")]
    return Message(
        element.findtext("source", ""),
        element.findtext("comment", ""),
        plural,
        tuple(forms) if plural else (translation.text or "",),
        translation.get("type") != "unfinished",
    )


def calls(source: str) -> Iterator[Message]:
    """Yield the texts that a module passes to ``tr`` and ``tr_later``.

    Raises:
        ValueError: The text or the comment of a call is not a literal, or the comment or number is given by name.
    """
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id not in ("tr", "tr_later"):
            continue
        literals = [argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant)]
        if len(literals) != len(node.args[:2]) or not all(isinstance(each, str) for each in literals):
            raise ValueError(f"line {node.lineno}: the text and the comment must be literals")
        if any(keyword.arg in ("comment", "n") for keyword in node.keywords):
            raise ValueError(f"line {node.lineno}: comment and n are given by position")
        text, comment = (*literals, "")[:2]
        yield Message(str(text), str(comment), plural=len(node.args) > 2)


def problems() -> Iterator[str]:
    """Yield the problems of all catalogues, one line each."""
    try:
        texts = said()
    except ValueError as error:
        yield str(error)
        return
    for language in PLURAL_FORMS:
        wanted = {key for key in texts if key[2] or language != "en"}
        messages = read(catalogue(language))
        name = catalogue(language).name
        for source, *_ in sorted(wanted - {message.key for message in messages}):
            yield f"{name} is not up to date, run update: {source!r} is missing"
        for source, *_ in sorted({message.key for message in messages} - wanted):
            yield f"{name} is not up to date, run update: {source!r} is gone from the program"
        for message in messages:
            yield from (f"{name}: {message.source!r}: {what}" for what in faults(message, language))


def faults(message: Message, language: str) -> Iterator[str]:
    """Yield the problems of one translation."""
    if not message.finished or not all(message.translations):
        yield "has no finished translation"
        return
    if message.plural and len(message.translations) != PLURAL_FORMS[language]:
        yield f"has {len(message.translations)} plural forms and not {PLURAL_FORMS[language]}"
    for number, text in enumerate(message.translations):
        if _placeholders(text) != _placeholders(message.source):
            yield f"{text!r} has other placeholders"
        # An English singular may omit the number: “One picture”.
        singular = language == "en" and number == 0
        if "%n" in message.source and "%n" not in text and not singular:
            yield f"{text!r} lacks %n"


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{[^}]*\}|%\(\w+\)\w", text))


def main(arguments: Iterable[str] | None = None) -> int:
    """Run ``update`` or ``check`` and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("update", "check"))
    if parser.parse_args(None if arguments is None else list(arguments)).what == "update":
        for language in PLURAL_FORMS:
            update(language, catalogue(language))
    found = list(problems())
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
