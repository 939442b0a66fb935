"""Translate the program's texts into the user's language.

Every text that a user reads goes through ``tr`` with its English wording as the key. The catalogues are Qt's
``.ts`` files (``resources/translations``), which ``packaging/translations.py`` fills from the source and
``linguist`` edits. They are read here without Qt, because the command line and the engine's process have none,
and not before the first text that needs them.
"""

import locale
import os
import re
from dataclasses import dataclass, field

from imagefinder.resources import resource

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""What the program can speak, each named in itself."""

_Key = tuple[str, str]
"""A source text and its comment."""


@dataclass(slots=True)
class _Catalogue:
    """One language: English text to translation, or to its plural forms."""

    language: str = "en"
    texts: dict[_Key, str] = field(default_factory=dict)
    plurals: dict[_Key, list[str]] = field(default_factory=dict)
    is_read: bool = False


_catalogue = _Catalogue()


def tr(source: str, comment: str = "", n: int | None = None, **values: object) -> str:
    """The text in the language in use, with ``{name}`` replaced by ``values`` and ``%n`` by ``n``.

    ``source`` must be a literal, and ``n`` the third argument (``tr("%n picture(s)", "", count)``): so ``lupdate``
    finds them. ``comment`` tells equal English texts apart, and helps the translator.
    """
    catalogue = _catalogue
    if not catalogue.is_read and (n is not None or catalogue.language != "en"):
        catalogue = _read(catalogue.language)
    text = source
    if n is None:
        text = catalogue.texts.get((source, comment), source)
    else:
        forms = catalogue.plurals.get((source, comment), [source])
        # English tells one from many; Chinese has one form for all.
        text = forms[0 if n == 1 else -1].replace("%n", str(n))
    return text.format(**values) if values else text


def tr_later(source: str, comment: str) -> str:  # noqa: ARG001 - lupdate reads it
    """The text as it is, marked for the translators: for what is kept, and shown by ``translated`` at any time."""
    return source


def translated(text: str, comment: str) -> str:
    """A text that was made by ``tr_later(..., comment)`` (and ``format``), in the language in use."""
    catalogue = _catalogue
    if catalogue.language == "en":
        return text
    if not catalogue.is_read:
        catalogue = _read(catalogue.language)
    if (text, comment) in catalogue.texts:
        return catalogue.texts[text, comment]
    for (source, about), translation in catalogue.texts.items():
        if about == comment and "{" in source and (match := _pattern(source).fullmatch(text)):
            return translation.format(**match.groupdict())
    return text


def use_language(language: str = "") -> str:
    """Speak this language from now on (a key of ``LANGUAGES``); the system's where it is empty.

    Returns the one that is spoken: English where there is no such translation.
    """
    global _catalogue
    chosen = language if language in LANGUAGES else _nearest(language or system_language())
    if chosen != _catalogue.language:
        _catalogue = _Catalogue(chosen)
    return chosen


def language_in_use() -> str:
    """A key of ``LANGUAGES``."""
    return _catalogue.language


def system_language() -> str:
    """What the system's messages are in, such as ``zh_CN``; empty where it does not say."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return value.partition(":")[0].partition(".")[0]
    return locale.getlocale()[0] or ""


def _nearest(language: str) -> str:
    # A reader of any Chinese is served better by Simplified Chinese than by English.
    return "zh_CN" if language.replace("-", "_").lower().startswith(("zh", "chinese")) else "en"


def _pattern(source: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", source)
    return re.compile(
        "".join(f"(?P<{part}>.*)" if at % 2 else re.escape(part) for at, part in enumerate(parts)), re.DOTALL
    )


def _read(language: str) -> _Catalogue:
    """The catalogue of the language in use. Threads may come at once: each finds none, or a whole one."""
    global _catalogue
    # Late, and not by ElementTree: its import takes longer than many a command.
    from xml.parsers import expat

    catalogue = _Catalogue(language, is_read=True)
    message: dict[str, str] = {}
    forms: list[str] = []
    text: list[str] = []

    def begin(name: str, _attributes: object) -> None:
        text.clear()
        if name == "message":
            message.clear()
            forms.clear()

    def end(name: str) -> None:
        content = "".join(text)
        if name == "numerusform":
            forms.append(content)
        elif name != "message":
            message[name] = content
        else:
            key = message.get("source", ""), message.get("comment", "")
            if forms:
                if all(forms):
                    catalogue.plurals[key] = list(forms)
            elif message.get("translation"):
                catalogue.texts[key] = message["translation"]

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = text.append
    with resource(f"translations/imagefinder_{language}.ts").open("rb") as file:
        parser.ParseFile(file)
    _catalogue = catalogue
    return catalogue
