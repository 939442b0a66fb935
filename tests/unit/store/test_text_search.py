"""Tests of searching words in names and on pages."""

from pathlib import Path

import pytest

from imagefinder.domain.items import FileStat, ItemKind, PartFacts
from imagefinder.domain.sources import SourceKind, SourceOptions
from imagefinder.store.store import Store
from imagefinder.store.terms import terms_of


def _fill(store: Store, pages: dict[str, str]) -> dict[int, str]:
    source = store.sources.add(Path("/p"), SourceKind.FOLDER, SourceOptions())
    names = {}
    for number, (name, text) in enumerate(pages.items()):
        file_id = store.files.put(FileStat(f"/p/{name}", 1, 1), bytes([number]) * 32, 1, None, [source.id])
        names[store.items.put(file_id, name, 1, PartFacts(ItemKind.PAGE, 1, 1, None, text))] = name
    return names


def _found(store: Store, pages: dict[str, str], query: str) -> list[str]:
    names = _fill(store, pages)
    return [names[match.item_id] for match in store.texts.search(query)]


PAGES = {
    "a.pdf": "An invoice for two bicycles.",
    "b.pdf": "海岸地图,还有租自行车的发票。",
    "c.pdf": "The lighthouse keeper's voice.",
    "d.pdf": "Straße nach МОСКВА",
}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("invoice", ["a.pdf"]),
        ("INVOICE", ["a.pdf"]),
        ("bicycle", ["a.pdf"]),
        ("light", ["c.pdf"]),
        ("发票", ["b.pdf"]),
        ("自行车", ["b.pdf"]),
        ("自行车的发票", ["b.pdf"]),
        ("москва", ["d.pdf"]),
        ("straße", ["d.pdf"]),
        ("МО", ["d.pdf"]),
        ("zebra", []),
        ("?!", []),
        ('" OR 1 --', []),
        ("NEAR(invoice", ["a.pdf"]),
    ],
)
def test_a_query_finds_the_pages_that_hold_its_words(store: Store, query: str, names: list[str]) -> None:
    assert _found(store, PAGES, query) == names


def test_a_whole_word_comes_before_a_part_of_one(store: Store) -> None:
    pages = {"part.pdf": "hotdogs " * 20, "whole.pdf": "my dog " + "and other words " * 50}
    assert _found(store, pages, "dog") == ["whole.pdf", "part.pdf"]


def test_more_of_the_words_come_first(store: Store) -> None:
    pages = {"one.pdf": "snow snow snow", "two.pdf": "two dogs in the snow", "none.pdf": "the sea"}
    assert _found(store, pages, "dogs in the snow") == ["two.pdf", "one.pdf"]


def test_fewer_than_half_of_the_words_do_not_count(store: Store) -> None:
    assert _found(store, {"one.pdf": "snow"}, "three dogs running in deep snow") == []


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    assert [term.word for term in terms_of("a photo of the two dogs")] == ["two", "dogs"]
    assert [term.word for term in terms_of("The Who")] == ["the", "who"]


def test_a_singular_finds_its_plural_and_the_other_way_round(store: Store) -> None:
    names = _fill(store, {"a.pdf": "one dog", "b.pdf": "many dogs"})
    for query in ("dog", "dogs"):
        matches = store.texts.search(query)
        assert {names[match.item_id]: match.relevance for match in matches} == {"a.pdf": 1.0, "b.pdf": 1.0}


def test_a_number_beside_a_word_is_found_by_either(store: Store) -> None:
    names = _fill(store, {"dog17.jpg": "", "dog177.jpg": ""})
    assert {names[match.item_id]: match.relevance for match in store.texts.search("17")} == {
        "dog17.jpg": 1.0,
        "dog177.jpg": 0.5,
    }


def test_a_renamed_file_is_found_by_its_new_name_alone(store: Store) -> None:
    source = store.sources.add(Path("/p"), SourceKind.FOLDER, SourceOptions())
    file_id = store.files.put(FileStat("/p/old.jpg", 1, 1), b"1", 1, None, [source.id])
    store.items.put(file_id, "oldname.jpg", 1, PartFacts(ItemKind.PICTURE, 1, 1))
    store.items.rename(file_id, "newname.jpg")
    assert store.texts.search("oldname") == []
    assert len(store.texts.search("newname")) == 1
