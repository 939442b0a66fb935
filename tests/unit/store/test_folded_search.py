"""Tests of folded search: names, page text and queries match in any form and case, other accents after that."""

import sqlite3
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagefinder.domain.items import FileStat, ItemKind, PartFacts
from imagefinder.domain.sources import SourceKind, SourceOptions
from imagefinder.store import text_search, texts
from imagefinder.store.store import Store
from imagefinder.store.terms import terms_of
from imagefinder.text_folding import VERSION

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
CASES = (str.upper, str.lower, str.title, str.casefold)
_OLD = Path(__file__).parent / "old"


def _add(store: Store, name: str, text: str = "") -> int:
    source = store.sources.add(Path("/p"), SourceKind.FOLDER, SourceOptions())
    number = store.items.count()
    stat = FileStat(f"/p/{number}/{name}", 1, 1)
    file_id = store.files.put(stat, number.to_bytes(32, "big"), 1, None, [source.id])
    return store.items.put(file_id, name, 1, PartFacts(ItemKind.PAGE, 1, 1, None, text))


def _found(store: Store, query: str) -> list[int]:
    return [match.item_id for match in store.texts.search(query)]


def _is_intact(store: Store) -> bool:
    for table in ("texts_fts", "unaccented_fts"):
        # Raises if index and table differ.
        store._db.connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
    return True


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cn", "Co", "Cc")), min_size=1, max_size=12),
    st.sampled_from(FORMS),
    st.sampled_from(CASES),
    st.sampled_from(FORMS),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_is_found_by_its_own_name_in_any_form_and_case(
    store: Store, name: str, typed: str, case: Any, written: str
) -> None:
    # The extension guarantees that there is a word.
    item_id = _add(store, unicodedata.normalize(written, name) + ".webp")  # type: ignore[arg-type]
    try:
        query = case(unicodedata.normalize(typed, name))  # type: ignore[arg-type]
        if terms_of(name):
            assert item_id in _found(store, query)
        assert item_id in _found(store, query + ".webp")
    finally:
        store._db.connection.execute("DELETE FROM files")


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("हिन्दी समाचार.jpg", "हिन्दी"),
        ("தமிழ்நாடு.jpg", "தமிழ்"),
        ("ภาพทะเล.jpg", "ทะเล"),
        ("ភាសាខ្មែរ.jpg", "ខ្មែរ"),
        ("ჩემი სახლი.jpg", "ᲡᲐᲮᲚᲘ"),
        ("ԵՐԵՒԱՆ.jpg", "երևան"),
        ("ᏣᎳᎩ.jpg", "ꮳꮃꭹ"),
        ("የኢትዮጵያ.jpg", "ኢትዮጵያ"),
        ("כלב.jpg", "כֶּלֶב"),
        ("كَلْب.jpg", "كلب"),
        ("ﻛﻠﺐ.jpg", "كلب"),
        ("㌔と㎏.jpg", "kg"),
        ("ox.jpg", "ＯＸ"),
        ("⼀二三.jpg", "一二三"),
        ("ЁЖ.jpg", "ёж"),
        ("ЁЖ.jpg", "еж"),
        ("œuvre.jpg", "OEUVRE"),
        ("Œ.jpg", "oe"),
        ("☕ 2024.jpg", "☕"),
        ("Đà Nẵng.jpg", "da nang"),
        ("IŞIK.jpg", "ışık"),
    ],
)
def test_a_name_of_any_script_is_found(store: Store, name: str, query: str) -> None:
    item_id = _add(store, name)
    assert _found(store, query) == [item_id]


@pytest.mark.parametrize("query", ["kafe", "ガ", "गा", "ا"])
def test_another_letter_is_another_letter(store: Store, query: str) -> None:
    for name in ("café.jpg", "カ.jpg", "का.jpg", "أ.jpg"):
        _add(store, name)
    assert _found(store, query) == []


def test_exact_accents_come_before_others_and_those_before_parts_of_words(store: Store) -> None:
    part, other, plain, exact = (
        _add(store, name) for name in ("cafés.xcafeteria.jpg", "CAFÈ.jpg", "cafe.jpg", "café.jpg")
    )
    _add(store, "coffee.jpg")
    assert _found(store, "Café")[0] == exact
    assert set(_found(store, "Café")) == {exact, plain, other, part}
    assert _found(store, "cafe")[0] == plain
    relevance = {match.item_id: match.relevance for match in store.texts.search("cafe")}
    assert relevance[plain] == 1 > relevance[exact] == relevance[other] > 0.5


@pytest.mark.parametrize(("query", "rare"), [("Bär", "Bär.jpg"), ("bar", "bar.jpg")])
def test_what_very_many_names_hold_with_other_accents_hides_no_exact_one(
    store: Store, monkeypatch: pytest.MonkeyPatch, query: str, rare: str
) -> None:
    monkeypatch.setattr(text_search, "_COMMON", 20)
    monkeypatch.setattr(text_search, "_CANDIDATES", 25)
    common = "bar" if rare.startswith("B") else "Bär"
    for number in range(60):
        _add(store, f"{common} {number}.jpg")
    wanted = _add(store, rare)
    assert _found(store, query)[0] == wanted


def test_words_on_pages_are_found_as_those_in_names_are(store: Store) -> None:
    page = _add(
        store, "a.pdf", unicodedata.normalize("NFD", "Fahrplan der Zürcher Bahn, 番号１２３４５, ｶﾗｵｹ")
    )
    for query in ("Zürcher", "ZÜRCHER", "zurcher", "12345", "１２３４５", "カラオケ", "番号"):
        assert _found(store, query) == [page], query


def test_a_file_that_is_renamed_copied_or_deleted_leaves_nothing_behind(store: Store) -> None:
    item_id = _add(store, "Müllerhof.pdf", "Brücke")
    (file_id,) = store._db.connection.execute("SELECT file_id FROM items").fetchone()
    store.items.rename(file_id, "Čapek.pdf")
    assert _found(store, "mullerhof") == []
    assert _found(store, "capek") == _found(store, "brucke") == [item_id]
    source = store.sources.all()[0]
    twin = store.files.put(FileStat("/p/twin.pdf", 1, 1), bytes(32), 1, None, [source.id])
    (copy,) = store.items.copy(file_id, twin, "Øre.pdf")
    assert _found(store, "Ore") == [copy]
    assert set(_found(store, "BRÜCKE")) == {item_id, copy}
    store.files.delete([file_id])
    assert _found(store, "capek") == []
    assert _found(store, "brucke") == [copy]
    store.items.rename(twin, "plain.pdf")
    assert _found(store, "ore") == []
    assert _is_intact(store)
    store.files.delete([twin])
    assert _is_intact(store)
    assert store._db.connection.execute("SELECT count(*) FROM unaccented").fetchone() == (0,)


@pytest.fixture
def version_3(tmp_path: Path) -> Path:
    """A library written by version 3, with names and pages in many forms."""
    path = tmp_path / "old" / "library.db"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript((_OLD / "version_3.sql").read_text("utf-8"))
    connection.close()
    return path


OLD_NAMES = {
    "beach": 1,
    "cafe paris": 2,
    "αθήνας": 4,
    "istanbul": 5,
    "GROSSGLOCKNER": 6,
    "Müllerhof": 7,
    "학점인정": 8,
    "プール": 9,
    "fullwidth": 10,
    "カラオケ": 11,
    "情報処理": 12,
    "ёж": 13,
    "Zürcher": 14,
    "12345": 15,
    "INVOICE": 16,
}


def test_a_library_of_version_3_is_folded_whole_and_found_in(version_3: Path) -> None:
    store = Store(version_3)
    assert not store.words.is_folded()
    assert store.words.fold_all()
    for query, item_id in OLD_NAMES.items():
        assert _found(store, query)[0] == item_id, query
    assert _is_intact(store)
    raw = store._db.connection.execute(
        "SELECT coalesce(raw_name, name) FROM texts ORDER BY item_id"
    ).fetchall()
    assert raw[9:11] == [("ＦＵＬＬＷＩＤＴＨ.jpg",), ("ｶﾗｵｹ.jpg",)], (
        "nothing is lost that newer rules may need"
    )
    store.close()


def test_it_goes_on_where_it_was_stopped_and_searches_meanwhile(
    version_3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_OLD", texts._OLD.replace(f"LIMIT {texts._ROWS}", "LIMIT 4"))
    monkeypatch.setattr(texts, "_ROWS", 4)
    store = Store(version_3)
    told: list[tuple[int, int]] = []
    assert not store.words.fold_all(lambda *counts: told.append(counts), lambda: len(told) == 2)
    assert _found(store, "αθήνας") == [4]
    assert _found(store, "beach") == [1]
    assert _found(store, "invoice") == [16]
    store.close()
    store = Store(version_3)
    assert store.words.fold_all(lambda *counts: told.append(counts))
    assert [done for done, _ in told] == sorted({done for done, _ in told}), "nothing is done twice"
    assert all(_found(store, query)[0] == item_id for query, item_id in OLD_NAMES.items())
    store.close()


def test_what_the_rules_change_is_folded_again_from_what_stood_there(
    version_3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other_rules:
        other_rules.setattr(texts, "VERSION", (0,))
        other_rules.setattr(texts, "fold", lambda text: text.replace("ｶ", "x"))
        store = Store(version_3)
        assert store.words.fold_all()
        store.close()
    store = Store(version_3)
    assert store.words.fold_all()
    assert _found(store, "カラオケ") == [11]
    assert _is_intact(store)
    before = store._db.connection.total_changes
    assert store.words.fold_all()
    assert store._db.connection.total_changes == before
    store.close()


def test_what_newer_rules_folded_is_left_alone(version_3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(version_3)
    assert store.words.fold_all()
    store.close()
    monkeypatch.setattr(texts, "VERSION", (*VERSION[:-1], VERSION[-1] - 1))
    monkeypatch.setattr(texts, "fold", lambda _text: pytest.fail("folded by older rules"))
    store = Store(version_3)
    assert store.words.is_folded()
    assert store.words.fold_all()
    store.close()


def test_a_new_row_costs_no_second_one_where_it_is_ascii(store: Store) -> None:
    _add(store, "IMG_0001.JPG", "An invoice")
    rows = store._db.connection.execute("SELECT name, body, raw_name, raw_body FROM texts").fetchall()
    assert rows == [("IMG_0001.JPG", "An invoice", None, None)]
    assert store._db.connection.execute("SELECT count(*) FROM unaccented").fetchone() == (0,)
