"""English and Chinese words for colours."""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from imagefinder.embedders.colour.colour_space import NAMES
from imagefinder.embedders.embedder import FloatArray
from imagefinder.text_folding import of_ordinary_width

# The colour names that a word stands for, with weights.
_SHADES: Mapping[str, Mapping[str, float]] = {
    "black": {"black": 1},
    "white": {"white": 1},
    "grey": {"grey": 1, "silver": 0.6},
    "silver": {"silver": 1, "grey": 0.4},
    "red": {"red": 1, "dark red": 0.5},
    "dark red": {"dark red": 1, "red": 0.2},
    "orange": {"orange": 1},
    "yellow": {"yellow": 1, "gold": 0.35},
    "gold": {"gold": 1, "yellow": 0.4},
    "olive": {"olive": 1},
    "green": {"green": 1, "light green": 0.7, "dark green": 0.6},
    "light green": {"light green": 1, "green": 0.2},
    "dark green": {"dark green": 1, "green": 0.2},
    "turquoise": {"turquoise": 1},
    "light blue": {"light blue": 1, "blue": 0.15},
    "blue": {"blue": 1, "light blue": 0.6, "dark blue": 0.5},
    "dark blue": {"dark blue": 1, "blue": 0.2},
    "purple": {"purple": 1, "lavender": 0.6, "magenta": 0.3},
    "lavender": {"lavender": 1, "purple": 0.2},
    "magenta": {"magenta": 1, "pink": 0.2},
    "pink": {"pink": 1, "magenta": 0.5},
    "brown": {"brown": 1, "tan": 0.5},
    "tan": {"tan": 1, "beige": 0.3},
    "beige": {"beige": 1, "tan": 0.3},
    "dark": {"black": 1, "dark blue": 0.5, "dark green": 0.4, "dark red": 0.4},
    "bright": {"white": 1, "yellow": 0.4, "light blue": 0.4, "light green": 0.3},
    "colourful": dict.fromkeys(
        ("red", "orange", "yellow", "green", "blue", "purple", "magenta", "turquoise"), 1.0
    ),
}

# Synonyms, and the colours that "light" and "dark" make of others.
_SYNONYMS: Mapping[str, str] = {
    **{shade: shade for shade in _SHADES if " " not in shade},
    "gray": "grey", "golden": "gold", "silvery": "silver", "cyan": "turquoise", "teal": "turquoise",
    "aqua": "turquoise", "azure": "light blue", "navy": "dark blue", "indigo": "dark blue",
    "violet": "purple", "lilac": "lavender", "mauve": "lavender", "fuchsia": "magenta", "rose": "pink",
    "scarlet": "red", "crimson": "red", "maroon": "dark red", "burgundy": "dark red", "lime": "light green",
    "khaki": "olive", "cream": "beige", "ivory": "beige", "colorful": "colourful",
    "multicoloured": "colourful", "multicolored": "colourful", "monochrome": "grey", "greyscale": "grey",
    "grayscale": "grey",
}  # fmt: skip
_LIGHT: Mapping[str, str] = {
    "blue": "light blue", "green": "light green", "red": "pink", "purple": "lavender", "brown": "tan",
    "grey": "silver", "magenta": "pink", "pink": "pink", "yellow": "yellow", "orange": "orange",
}  # fmt: skip
_DARK: Mapping[str, str] = {
    "blue": "dark blue", "green": "dark green", "red": "dark red", "grey": "grey", "yellow": "gold",
    "orange": "brown", "brown": "brown", "purple": "purple", "pink": "magenta",
}  # fmt: skip
_CHINESE = {
    "红": "red", "紅": "red", "橙": "orange", "橘": "orange", "黄": "yellow", "黃": "yellow", "绿": "green",
    "綠": "green", "蓝": "blue", "藍": "blue", "青": "turquoise", "紫": "purple", "粉": "pink", "黑": "black",
    "白": "white", "灰": "grey", "棕": "brown", "褐": "brown", "金": "gold", "银": "silver", "銀": "silver",
    "米": "beige",
}  # fmt: skip
# These name the colour without 色 too, as in 红车 or 蓝白, ...
_CHINESE_ALONE = frozenset("红紅橙黄黃绿綠蓝藍紫黑白灰棕褐")
# ... but not in these words, which mean other things: day, understand, cucumber, dusk, ...
_CHINESE_OTHER = re.compile(
    "白天|明白|空白|白菜|黄瓜|黄昏|黄金|黄油|红绿灯|红薯|红酒|黑客|黑板|灰尘|绿化|紫菜"
)
_CHINESE_COLOUR = re.compile(f"([浅淡亮粉深暗]?)([{''.join(_CHINESE)}])(色?)")
_TOKEN = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
_JOINING = frozenset("a an and bright dark deep in light of on or pale pastel sky the with 和 与 的".split())
_LIGHT_WORDS, _DARK_WORDS = frozenset({"light", "pale", "sky", "pastel"}), frozenset({"dark", "deep", "navy"})


def shades_of(text: str) -> list[str]:
    """Return the colours that a text names, in order and without duplicates. Only whole words count."""
    text = of_ordinary_width(text)
    return list(dict.fromkeys([*_english(text), *_chinese(text)]))


def other_words(text: str) -> list[str]:
    """Return the words, as written, that neither name a colour nor merely connect or shade colour names."""
    words = _TOKEN.findall(_CHINESE_COLOUR.sub(" ", of_ordinary_width(text)))
    return [word for word in words if word.lower() not in _JOINING and not _base(word.lower())]


def shade_vector(shade: str) -> FloatArray:
    """Return how strongly a colour stands for each of ``NAMES``: (len(NAMES),) float32, unit length."""
    import numpy as np

    weights = np.array([_SHADES[shade].get(name, 0.0) for name in NAMES], np.float32)
    return np.asarray(weights / np.linalg.norm(weights), np.float32)


def _english(text: str) -> Iterator[str]:
    words = [word.removesuffix("'s") for word in _TOKEN.findall(text.lower())]
    skip = False
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        if skip:
            skip = False
            continue
        base = _base(following)
        if word in _LIGHT_WORDS and base in _LIGHT:
            skip = True
            yield _LIGHT[base]
        elif word in _DARK_WORDS and base in _DARK:
            skip = True
            yield _DARK[base]
        elif word == "bright" and base:  # "bright red" is red, not light red
            continue
        elif shade := _base(word):
            yield shade


def _base(word: str) -> str:
    """Return the colour that a word names by itself, as a plural, or with "-ish". Empty if it names none."""
    for form in (word, word.removesuffix("s"), word.removesuffix("ish"), word.removesuffix("ish") + "e"):
        if form in _SYNONYMS:
            return _SYNONYMS[form]
    doubled = re.fullmatch(r"(\w+?)(\w)\2ish", word)  # reddish
    return _SYNONYMS.get(doubled[1] + doubled[2], "") if doubled else ""


def _chinese(text: str) -> Iterator[str]:
    for depth, character, suffix in _CHINESE_COLOUR.findall(_CHINESE_OTHER.sub(" ", text)):
        if suffix or character in _CHINESE_ALONE:
            shade = _CHINESE[character]
            table = {} if not depth else _LIGHT if depth in "浅淡亮粉" else _DARK
            yield table.get(shade, shade)
