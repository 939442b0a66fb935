"""The words of the program in the user's language.

Every text that a user reads goes through ``tr`` with its English wording as the key. The catalogues are Qt's
``.ts`` files (``resources/translations``), which ``lupdate`` fills from the source and ``linguist`` edits. They are
read here without Qt, because the command line and the engine's process have none.
"""

import locale
import os
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

from imagefinder.resources import resource

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""What the program can speak, each named in itself."""


@dataclass(slots=True)
class _Catalogue:
    """One language: English text to translation, or to its plural forms."""

    language: str = "en"
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    plurals: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    is_read: bool = False


_catalogue = _Catalogue()


def tr(source: str, comment: str = "", n: int | None = None, **values: object) -> str:
    """The text in the language in use, with ``{name}`` replaced by ``values`` and ``%n`` by ``n``.

    ``source`` must be a literal, and ``n`` the third argument (``tr("%n picture(s)", "", count)``): so ``lupdate``
    finds them. ``comment`` tells equal English texts apart, and helps the translator.
    """
    if not _catalogue.is_read and (n is not None or _catalogue.language != "en"):
        _read(_catalogue)
    text = source
    if n is None:
        text = _catalogue.texts.get((source, comment), source)
    else:
        forms = _catalogue.plurals.get((source, comment), [source])
        # English tells one from many; Chinese has one form for all.
        text = forms[0 if n == 1 else -1].replace("%n", str(n))
    return text.format(**values) if values else text


def use_language(language: str = "") -> str:
    """Speak this language from now on (a key of ``LANGUAGES``); the system's where it is empty.

    Returns the one that is spoken: English where there is no such translation.
    """
    chosen = language if language in LANGUAGES else _nearest(language or system_language())
    _catalogue.language = chosen
    _catalogue.texts.clear()
    _catalogue.plurals.clear()
    _catalogue.is_read = False
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


def _read(catalogue: _Catalogue) -> None:
    catalogue.is_read = True
    tree = ElementTree.parse(resource(f"translations/imagefinder_{catalogue.language}.ts"))  # noqa: S314 - our own file
    for message in tree.iterfind("context/message"):
        translation = message.find("translation")
        if translation is None:
            continue
        key = message.findtext("source", ""), message.findtext("comment", "")
        if forms := [form.text or "" for form in translation.iterfind("numerusform")]:
            if all(forms):
                catalogue.plurals[key] = forms
        elif translation.text:
            catalogue.texts[key] = translation.text
