from collections.abc import Callable

import numpy as np
import pytest
from contracts.embedder_contract import EmbedderContract
from PIL import Image

from imagefinder.embedders.colour.builtin import BuiltinEmbedder
from imagefinder.embedders.colour.colour_space import NAMES, name_shares, oklab
from imagefinder.embedders.colour.colour_words import shades_of
from imagefinder.embedders.embedder import Embedder

Colour = tuple[int, int, int]
RED, GREEN, BLUE, WHITE, GREY = (200, 20, 25), (30, 150, 50), (25, 60, 200), (250, 250, 250), (120, 120, 120)


class TestBuiltinEmbedder(EmbedderContract):
    @pytest.fixture
    def make(self) -> Callable[[], Embedder]:
        return BuiltinEmbedder


def stripes(*colours: Colour) -> Image.Image:
    """Return a picture of equally wide vertical stripes."""
    pixels = np.repeat(np.array([colours], np.uint8), 120 // len(colours), axis=1).repeat(90, axis=0)
    return Image.fromarray(pixels)


def ranking(text: str, *shown: Image.Image) -> list[int]:
    """Return the indexes of pictures in the order in which the built-in embedder ranks them for a text."""
    embedder = BuiltinEmbedder()
    embeddings = embedder.encode_images([embedder.prepare(picture) for picture in shown])
    return list(np.argsort(-(embeddings @ embedder.encode_texts([text])[0])))


@pytest.mark.parametrize(
    ("text", "place"),
    [("red", 0), ("something green", 1), ("blue", 2), ("蓝色", 2), ("white walls", 3), ("grey", 4)],
)
def test_a_colour_word_finds_the_picture_of_that_colour(text: str, place: int) -> None:
    assert ranking(text, *(stripes(colour) for colour in (RED, GREEN, BLUE, WHITE, GREY)))[0] == place


def test_the_more_of_a_colour_the_earlier_the_picture_comes() -> None:
    some, more, most = stripes(RED, GREY, GREY), stripes(RED, RED, GREY), stripes(RED)
    assert ranking("red", some, most, more) == [1, 2, 0]


def test_a_picture_with_both_colours_comes_before_one_with_a_single_colour() -> None:
    for text in ("red and green", "green, red"):
        assert ranking(text, stripes(RED), stripes(GREEN), stripes(GREEN, RED), stripes(GREY))[0] == 2


def test_a_rare_colour_counts_beside_a_common_one() -> None:
    mostly_grey = stripes(GREY, GREY, GREY, RED)
    assert ranking("grey and red", stripes(GREY), mostly_grey)[0] == 1


def test_light_and_dark_shades_are_told_apart() -> None:
    light, dark = stripes((160, 205, 240)), stripes((16, 26, 90))
    assert ranking("light blue", light, dark)[0] == 0
    assert ranking("dark blue", light, dark)[0] == 1
    assert ranking("深蓝色", light, dark)[0] == 1


@pytest.mark.parametrize(
    ("text", "shades"),
    [
        ("Red cars", ["red"]),
        ("two reds", ["red"]),
        ("a reddish, bluish thing", ["red", "blue"]),
        ("gray", ["grey"]),
        ("grey", ["grey"]),
        ("light blue", ["light blue"]),
        ("dark-green", ["dark green"]),
        ("navy blue", ["dark blue"]),
        ("bright red", ["red"]),
        ("blue blue blue", ["blue"]),
        ("红", ["red"]),
        ("红色的车", ["red"]),
        ("浅蓝色", ["light blue"]),
        ("粉红色", ["pink"]),
        ("蓝天白云", ["blue", "white"]),
        ("黑白照片", ["black", "white"]),
    ],
)
def test_colour_words_are_read_in_their_many_forms(text: str, shades: list[str]) -> None:
    assert shades_of(text) == shades


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tired",
        "credit card",
        "bored Fred",
        "greenhouse",
        "Blueberry",
        "a dog",
        "pale",
        "白天",
        "黄瓜",
        "狗",
    ],
)
def test_a_word_that_only_contains_a_colour_is_none(text: str) -> None:
    assert shades_of(text) == []
    assert not BuiltinEmbedder().understands(text)


def test_a_text_without_colours_says_nothing_of_any_picture() -> None:
    embedder = BuiltinEmbedder()
    embeddings = embedder.encode_images([embedder.prepare(stripes(RED, GREEN))])
    np.testing.assert_array_equal(embeddings @ embedder.encode_texts(["a dog"])[0], 0)


def test_pictures_alike_in_layout_are_near_though_their_sizes_differ() -> None:
    embedder = BuiltinEmbedder()
    one, turned = stripes(RED, WHITE, BLUE), stripes(BLUE, WHITE, RED)
    same = one.resize((900, 600))
    a, b, c = embedder.encode_images([embedder.prepare(picture) for picture in (one, same, turned)])
    assert a @ b > 0.99 > a @ c


def test_shares_of_colour_names_sum_to_one() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (500, 3), dtype=np.uint8)
    shares = name_shares(pixels)
    assert shares.shape == (len(NAMES),)
    assert shares.sum() == pytest.approx(1, abs=1e-5)


def test_oklab_agrees_with_the_published_values() -> None:
    # White and pure red, from https://bottosson.github.io/posts/oklab/ and the CSS Color 4 test values.
    lab = oklab(np.array([[1, 1, 1], [1, 0, 0]], np.float32))
    np.testing.assert_allclose(lab, [[1, 0, 0], [0.62796, 0.22486, 0.12585]], atol=1e-4)  # type: ignore[arg-type]


@pytest.mark.parametrize(("typed", "same"), [("ｒｅｄ car", "red car"), ("ＤＡＲＫ　ＢＬＵＥ", "dark blue")])
def test_full_width_letters_name_colours_too(typed: str, same: str) -> None:
    embedder = BuiltinEmbedder()
    assert embedder.understands(typed)
    np.testing.assert_array_equal(*embedder.encode_texts([typed, same]))
