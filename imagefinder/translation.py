"""Translation of the program's texts into the user's language.

Every text for users goes through ``tr``, with its English wording as the key. The catalogues are Qt's ``.ts``
files (``resources/translations``). ``packaging/translations.py`` fills them from the source code, and
``linguist`` edits them. They are parsed here without Qt, which the command line and the engine process do not
have, and only when the first text needs them.
"""

import locale
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from imagefinder.resources import resource

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""Supported languages, each with its own name for itself."""

_Key = tuple[str, str]
"""English text and comment."""


@dataclass(slots=True)
class _Catalogue:
    """Translations of one language, by English text: single texts, and plural forms."""

    language: str = "en"
    texts: dict[_Key, str] = field(default_factory=dict)
    plurals: dict[_Key, list[str]] = field(default_factory=dict)
    is_read: bool = False


_catalogue = _Catalogue()


def tr(source: str, comment: str = "", n: int | None = None, **values: object) -> str:
    """Return a text in the current language, with ``{name}`` replaced by ``values`` and ``%n`` by ``n``.

    Args:
        source: The English text. It must be a literal, so that ``lupdate`` finds it.
        comment: Distinguishes equal English texts, and helps the translator.
        n: Number that selects the plural form. It must be the third positional argument, as in ``tr("%n
            picture(s)", "", count)``, for ``lupdate``.
        values: Values of the placeholders in ``source``.
    """
    catalogue = _catalogue
    if not catalogue.is_read and (n is not None or catalogue.language != "en"):
        catalogue = _read(catalogue.language)
    text = source
    if n is None:
        text = catalogue.texts.get((source, comment), source)
    else:
        forms = catalogue.plurals.get((source, comment), [source])
        # English has two plural forms, Chinese has one.
        text = forms[0 if n == 1 else -1].replace("%n", str(n))
    return text.format(**values) if values else text


def join_names(names: Iterable[str]) -> str:
    """Return names as a list in the language in use: "a, b"."""
    return tr(", ", "between names").join(names)


def join_clauses(clauses: Iterable[str]) -> str:
    """Return parts of a sentence, separated as the language in use does it. In Chinese it differs from names."""
    return tr(", ", "between the parts of a list").join(clauses)


def tr_later(source: str, comment: str) -> str:  # noqa: ARG001 - read by lupdate
    """Return the text unchanged, marked for translation.

    For texts that are stored, and that ``translated`` translates when they are shown.
    """
    return source


def translated(text: str, comment: str) -> str:
    """Return a text from ``tr_later(..., comment)``, possibly formatted since, in the current language."""
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
    """Set the current language, and return it.

    Args:
        language: A key of ``LANGUAGES``, or empty for the system's language. English is used if there is no
            translation.
    """
    global _catalogue
    chosen = language if language in LANGUAGES else _nearest(language or system_language())
    if chosen != _catalogue.language:
        _catalogue = _Catalogue(chosen)
    return chosen


def language_in_use() -> str:
    """Return the current language, a key of ``LANGUAGES``."""
    return _catalogue.language


def system_language() -> str:
    """Return the language of the system's messages, such as ``zh_CN``, or an empty string if unknown."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return value.partition(":")[0].partition(".")[0]
    return locale.getlocale()[0] or ""


def _nearest(language: str) -> str:
    # Readers of any Chinese are better served by Simplified Chinese than by English.
    return "zh_CN" if language.replace("-", "_").lower().startswith(("zh", "chinese")) else "en"


def _pattern(source: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", source)
    return re.compile(
        "".join(f"(?P<{part}>.*)" if at % 2 else re.escape(part) for at, part in enumerate(parts)), re.DOTALL
    )


def _read(language: str) -> _Catalogue:
    """Read the catalogue of a language and make it the current one.

    Several threads may do this at once: each sees either no catalogue or a complete one.
    """
    global _catalogue
    # Imported late. ElementTree takes longer to import than many commands take to run.
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
