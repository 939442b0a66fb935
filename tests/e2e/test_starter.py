"""Search quality of the starter model, on the command line of a newly installed program."""

import re
import shutil
from itertools import groupby

import pytest
from helpers.program import ROOT, Program

pytestmark = pytest.mark.numerical
SAMPLES = ROOT / "resources" / "samples"
QUERIES = {
    "a cup of coffee": "coffee.jpg",
    "a cat": "cat.jpg",
    "an astronaut": "astronaut.jpg",
    "a red flower": "dahlia.jpg",
    "stars in the night sky": "galaxies.jpg",
    "a rocket launch": "rocket.jpg",
    "a temple in China": "summer-palace.jpg",
}

# File names are searched, too, so these say nothing about the content.
CAMERA_NAMES = {sample: f"IMG_{number:04}.jpg" for number, sample in enumerate(QUERIES.values(), start=1)}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Newly installed program with the samples indexed."""
    folder = tmp_path_factory.mktemp("fresh")
    program = Program(folder)
    del program.environment["IMAGEFINDER_MODEL"]
    (folder / "pictures").mkdir()
    for sample, name in CAMERA_NAMES.items():
        shutil.copy(SAMPLES / sample, folder / "pictures" / name)
    assert program.run("add", folder / "pictures").status == 0
    return program


@pytest.mark.parametrize("words", QUERIES)
def test_words_find_the_sample_picture_they_describe(fresh: Program, words: str) -> None:
    # The relevance of the astronaut's portrait is too low for it to be shown by default.
    outcome = fresh.run("search", words, "--all", "--json")
    assert outcome.json["model"] == "starter"
    assert outcome.found[0] == CAMERA_NAMES[QUERIES[words]]


@pytest.mark.parametrize(
    ("words", "same", "left_out"),
    [
        ("cup of coffee 咖啡", "cup of coffee", "咖啡"),
        ("ロケット rocket launch", "rocket launch", "ロケット"),
        ("cat（кошка）", "cat", "кошка"),
        ("ｃａｔ", "cat", ""),
    ],
)
def test_words_in_another_script_beside_english_ones_change_nothing(
    fresh: Program, words: str, same: str, left_out: str
) -> None:
    answer, alone = (fresh.run("search", text, "--json").json for text in (words, same))
    assert [(hit["path"], hit["score"]) for hit in answer["hits"]] == [
        (hit["path"], hit["score"]) for hit in alone["hits"]
    ]
    assert answer["hits"]
    said = f"The model does not know: {left_out}. For that, only file names and page text were searched."
    assert answer["note"] == (said if left_out else "")


@pytest.mark.parametrize("words", ["a cup of coffee", "a cat", "a temple in China"])
def test_nothing_but_what_matches_is_shown(fresh: Program, words: str) -> None:
    answer = fresh.run("search", words, "--json").json
    (hit,) = answer["hits"]
    assert hit["path"].endswith(CAMERA_NAMES[QUERIES[words]])
    assert 0.1 <= hit["relevance"] <= 1
    assert hit["score"] < hit["relevance"]
    assert answer["has_rest"] is True


def test_hits_stand_in_groups_by_falling_relevance_and_in_one_order_in_every_form(fresh: Program) -> None:
    for words in ("a cat", "a red flower", "flower IMG", "IMG_0003", "a person"):
        hits = fresh.run("search", words, "--all", "--json", "-n", "100").json["hits"]
        assert len(hits) == len({hit["path"] for hit in hits}) == len(QUERIES)
        groups = [group for group, _ in groupby(hit["group"] for hit in hits)]
        assert len(groups) == len(set(groups)), words
        for group in groups:
            shown = [hit["relevance"] for hit in hits if hit["group"] == group]
            assert shown == sorted(shown, reverse=True), words
        first = fresh.run("search", words, "--all", "--json", "-n", "3").json["hits"]
        assert first == hits[:3]
        paths = fresh.run("search", words, "--all", "--paths", "-n", "100").out.decode().splitlines()
        assert paths == [hit["path"] for hit in hits]


def test_a_file_name_comes_first_by_its_words(fresh: Program) -> None:
    first, *others = fresh.run("search", "IMG_0003", "--json").json["hits"]
    assert first["path"].endswith("IMG_0003.jpg")
    assert (first["group"], first["relevance"], first["text_score"]) == ("words", 1.0, 1.0)
    assert {(hit["group"], hit["relevance"]) for hit in others} == {("words", 0.5)}


def test_headings_are_printed_where_there_are_several_groups(fresh: Program) -> None:
    def headings(*arguments: str) -> list[str]:
        lines = fresh.run("search", *arguments).out.decode().splitlines()
        return [line for line in lines if ".jpg" not in line]

    assert headings("a cat") == []
    assert headings("a cat", "--all") == ["Matches", "Possible matches"]
    assert headings("flower IMG", "--all") == ["Matches", "Words in names and on pages"]
    assert headings("a cat", "--all", "--language", "zh_CN") == ["匹配结果", "可能匹配的结果"]


def test_what_is_shown_by_mistake_is_far_less_relevant(fresh: Program) -> None:
    # The relevance cutoff is lenient: a cat is found here, too.
    flower, *others = fresh.run("search", "a red flower", "--json").json["hits"]
    assert flower["path"].endswith(CAMERA_NAMES[QUERIES["a red flower"]])
    assert flower["relevance"] > 0.8
    assert all(hit["relevance"] < 0.25 for hit in others)


def test_what_no_picture_shows_is_not_found_and_how_to_see_the_nearest_is_said(fresh: Program) -> None:
    outcome = fresh.run("search", "a quantum tax form")
    assert outcome.status == 1
    assert outcome.out == b""
    assert b"--all" in outcome.err


def test_with_all_the_nearest_come_with_little_relevance(fresh: Program) -> None:
    outcome = fresh.run("search", "a quantum tax form", "--all", "--json")
    assert outcome.status == 0
    assert len(outcome.json["hits"]) == len(QUERIES)
    assert all(hit["relevance"] < 0.1 for hit in outcome.json["hits"])


def test_a_person_sees_the_relevance_in_percent_and_the_cosine_beside_it(fresh: Program) -> None:
    line = fresh.run("search", "a cat").out.decode()
    assert re.match(r" *\d+ %  +0\.\d{3}  ", line)


def test_a_least_score_shows_all_that_reaches_it(fresh: Program) -> None:
    scores = [hit["score"] for hit in fresh.run("search", "a cat", "--all", "--json").json["hits"]]
    answer = fresh.run("search", "a cat", "--min-score", f"{scores[2] - 0.0001:.4f}", "--json").json
    assert [hit["score"] for hit in answer["hits"]] == scores[:3]
    assert answer["has_rest"] is False
