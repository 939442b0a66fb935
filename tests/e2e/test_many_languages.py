"""A multilingual model on the command line: imported from a folder, then searched in Chinese and in English."""

import os
from pathlib import Path

import pytest
from conftest import save
from helpers.fakes import picture
from helpers.many_languages import siglip2_like
from helpers.program import Program

pytest.importorskip("transformers", reason="the extra “languages” is not installed")


@pytest.mark.slow
def test_a_chinese_query_finds_what_its_english_twin_finds(
    program: Program, folder: Path, tmp_path: Path
) -> None:
    del program.environment["IMAGEFINDER_MODEL"]
    for number, colour in enumerate(("red", "green", "blue", "white", "black")):
        save(picture(colour, number), folder / f"{number}.png")
    imported = program.run("models", "import", siglip2_like(tmp_path / "published"), "--json")
    assert imported.status == 0, imported
    named = {"IMAGEFINDER_MODEL": imported.json["name"]}
    chinese = program.run("search", "一只红色的狗", "--in", folder, "--all", "--json", extra=named)
    english = program.run("search", "a red dog", "--all", "--json", extra=named)
    in_chinese, in_english = (
        {hit["path"]: hit["score"] for hit in search.json["hits"]} for search in (chinese, english)
    )
    assert len(in_english) == 5
    assert in_chinese == pytest.approx(in_english, abs=2e-5)  # scores are rounded to 5 decimals
    assert english.errors == []


def test_a_process_without_the_extra_says_what_to_install(
    program: Program, folder: Path, tmp_path: Path
) -> None:
    """Replace transformers by a package that cannot be imported."""
    published, broken = siglip2_like(tmp_path / "published"), tmp_path / "libraries" / "transformers"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('No module named transformers')")
    search_path = os.pathsep.join([str(broken.parent), program.environment["PYTHONPATH"]])
    outcome = program.run("models", "import", published, extra={"PYTHONPATH": search_path})
    assert outcome.status == 2
    (line,) = outcome.errors
    assert "transformers cannot be loaded" in line
