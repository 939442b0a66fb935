"""Tests of texts longer than a model's context: they are read in pieces, and nothing is dropped."""

from collections.abc import Callable

import numpy as np
import pytest
from helpers import rounding
from hypothesis import given, settings
from hypothesis import strategies as st

from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers import numpy_text_tower
from imagefinder.embedders.towers.clip_vocabulary import ClipVocabulary
from imagefinder.embedders.towers.text_pieces import MOST_WORD_BYTES, text_pieces
from imagefinder.embedders.towers.tokenizer import Tokenizer, load_tokenizer
from imagefinder.embedders.towers.tower_loader import import_open_clip

MakeSpec = Callable[..., ClipSpec]
CONTEXT = 16
"""Context length of the tiny model in tokens."""


def in_fours(text: str) -> bool:
    return len(text) <= 4


def without_spaces(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(params=["NumPy", "PyTorch"])
def embedder(
    tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> OpenClipEmbedder:
    if request.param == "PyTorch":
        monkeypatch.setattr(numpy_text_tower, "numpy_text_tower", lambda _spec: None)
    return OpenClipEmbedder(tiny_spec(), "cpu")


@settings(deadline=None)
@given(text=st.text(max_size=80))
def test_nothing_of_a_text_is_lost_and_every_piece_fits(text: str) -> None:
    pieces = text_pieces(text, in_fours)
    assert without_spaces("".join(pieces)) == without_spaces(text)
    assert all(in_fours(piece) for piece in pieces)


def test_a_text_that_fits_is_left_as_it_is() -> None:
    assert text_pieces("  a dog ", lambda _text: True) == ["  a dog "]
    assert text_pieces("", lambda _text: False) == [""]


def test_a_text_is_cut_between_words_into_parts_of_about_one_size() -> None:
    text = "one two three four five six seven eight"
    pieces = text_pieces(text, lambda text: len(text.split()) <= 4)
    assert pieces == ["one two three four", "five six seven eight"]


def test_a_text_without_spaces_is_cut_behind_punctuation() -> None:
    assert text_pieces("一只狗在跑，一只猫在睡", lambda text: len(text) < 8) == ["一只狗在跑，", "一只猫在睡"]


def test_an_accent_stays_with_its_letter() -> None:
    pieces = text_pieces("e\u0301" * 9, lambda text: len(text) <= 5)
    assert not any(piece.startswith("\u0301") for piece in pieces)


def test_no_tokenizer_is_given_a_word_that_would_take_it_for_ever() -> None:
    seen: list[str] = []

    def fits(text: str) -> bool:
        seen.append(text)
        return True

    assert without_spaces("".join(text_pieces("犬" * 5000, fits))) == "犬" * 5000
    assert max(len(text.encode()) for text in seen) <= MOST_WORD_BYTES


@pytest.mark.parametrize("text", ["a dog", "a " * 7, "a " * 14, "a " * 15, "<end_of_text> " * 20, "犬" * 9])
def test_both_tokenizers_of_clip_agree_on_what_fits(text: str) -> None:
    import_open_clip()
    tokenizer = load_tokenizer({"context_length": CONTEXT})
    assert ClipVocabulary().fits(text, CONTEXT) == tokenizer.fits(text)


def test_what_fits_is_what_loses_no_token() -> None:
    def encode(texts: list[str]) -> None:
        raise AssertionError("counting makes no tensor")

    tokenizer = Tokenizer(encode, len, 5)  # type: ignore[arg-type]
    assert tokenizer.fits("12345")
    assert not tokenizer.fits("123456")


@pytest.mark.parametrize(
    "start", ["a dog runs along the beach " * 5, "红色的狗在草地上" * 6, "z" * 900, "É" * 60]
)
def test_what_stands_behind_the_context_counts(embedder: OpenClipEmbedder, start: str) -> None:
    first, second = embedder.encode_texts([start + " cup of coffee", start + " rocket"])
    assert not np.allclose(first, second)
    assert embedder.pieces_of(start + " cup of coffee") > 1


def test_a_long_text_has_the_mean_of_its_pieces(embedder: OpenClipEmbedder) -> None:
    words = "one two three four five six seven eight nine ten"
    text = f"{words}, {words}"
    pieces = text_pieces(text, lambda part: ClipVocabulary().fits(part, CONTEXT))
    rows = embedder.encode_texts(pieces)
    mean = rows.mean(axis=0)
    (vector,) = embedder.encode_texts([text])
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=rounding.NETWORK)
    assert embedder.pieces_of(text) == len(pieces) == 2


def test_a_short_text_has_the_vector_that_the_tower_gives(embedder: OpenClipEmbedder) -> None:
    texts = ["a dog", "sunset over water", "x"]
    alone = embedder.encode_texts(texts)
    with embedder._text.use() as tower:
        rows = tower.encode(texts)
    np.testing.assert_allclose(alone, embedder._unit_rows(rows), atol=rounding.NETWORK)
    assert [embedder.pieces_of(text) for text in texts] == [1, 1, 1]


def test_long_and_short_texts_keep_their_order(embedder: OpenClipEmbedder) -> None:
    texts = ["a dog", "a cat and a dog " * 8, "red", "the sea " * 20]
    together = embedder.encode_texts(texts)
    alone = np.concatenate([embedder.encode_texts([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5 if "cpu (float32)" in embedder.device else 0.02)
