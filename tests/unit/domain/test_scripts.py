"""Tests of the detection of words in scripts that English models were not trained on."""

import pytest

from imagefinder.domain.scripts import foreign_words, is_english_script, latin_part


@pytest.mark.parametrize(
    ("text", "given", "left_out"),
    [
        ("cup of coffee 咖啡", "cup of coffee", ["咖啡"]),
        ("咖啡 cup of coffee", "cup of coffee", ["咖啡"]),
        ("cup 咖啡 of coffee", "cup of coffee", ["咖啡"]),
        ("cup of coffee（咖啡）", "cup of coffee", ["咖啡"]),
        ("cup of coffee, 咖啡。", "cup of coffee", ["咖啡"]),
        ("cat猫", "cat", ["猫"]),
        ("rocket launch ロケット", "rocket launch", ["ロケット"]),
        ("ﾛｹｯﾄ rocket", "rocket", ["ﾛｹｯﾄ"]),
        ("red car, красная машина", "red car", ["красная", "машина"]),
        ("한 잔 cup", "cup", ["한", "잔"]),
        ("कॉफ़ी cup", "cup", ["कॉफ़ी"]),
        ("קפה cup", "cup", ["קפה"]),
        ("می\u200cخواهم tea", "tea", ["می\u200cخواهم"]),
        ("3 cats in 2024 三", "3 cats in 2024", ["三"]),
        ("☕ coffee 咖啡", "☕ coffee", ["咖啡"]),
        ("a cat's whiskers 猫", "a cat's whiskers", ["猫"]),
    ],
)
def test_words_of_other_scripts_are_taken_out(text: str, given: str, left_out: list[str]) -> None:
    assert (latin_part(text), foreign_words(text)) == (given, left_out)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("a cup of coffee, please!", "a cup of coffee, please!"),
        ("café in Zürich", "café in Zürich"),
        ("cafe\u0301", "café"),
        ("ｃａｔ", "cat"),
        ("Đà Nẵng", "Đà Nẵng"),
        ("Hawaiʻi", "Hawaiʻi"),
        ("“two” cats – or 3…", "“two” cats – or 3..."),
        ("😀", "😀"),
        ("2024", "2024"),
    ],
)
def test_a_text_without_such_words_comes_as_it_is_but_for_its_width(text: str, given: str) -> None:
    assert (latin_part(text), foreign_words(text)) == (given, [])


def test_accented_letters_are_latin_ones_and_signs_are_of_no_script() -> None:
    assert all(map(is_english_script, ("é", "ｃ", "ß 猫", "ﬁ", "", "☕", "3")))
    assert not any(map(is_english_script, ("猫", "я 3", "☕ 咖啡")))
