"""Tests of paths given in another Unicode normal form than on disk or in the library."""

import shutil
import unicodedata
from pathlib import Path

import pytest
from conftest import save
from helpers.fakes import picture

from imagefinder.addresses import given_path, given_picture
from imagefinder.domain.errors import UsageError
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.paths import absolute

_EVERYTHING = SourceOptions()


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _names(engine: Engine, path: Path) -> list[str]:
    return sorted(hit.path.name for hit in engine.search(Query("red", within=(path,))).hits)


@pytest.fixture
def decomposed(tmp_path: Path) -> Path:
    """A folder whose path has two names in the form that macOS writes."""
    folder = tmp_path / _nfd("Müller") / _nfd("プール")
    save(picture("red"), folder / "red.png")
    if (tmp_path / "Müller").exists():
        pytest.skip("this disk takes both forms for one")
    return folder


def test_a_path_is_found_by_its_other_form(decomposed: Path, tmp_path: Path) -> None:
    composed = tmp_path / "Müller" / "プール" / "red.png"
    for given in (composed, str(composed), composed.as_uri()):
        assert given_path(given) == decomposed / "red.png"
    assert given_picture(str(composed), tmp_path) == decomposed / "red.png"
    new = tmp_path / "Müller" / "new é" / "x.png"
    assert absolute(new) == tmp_path / _nfd("Müller") / "new é" / "x.png", "what is yet to be made"
    assert absolute(tmp_path / "Möller") == tmp_path / "Möller"


def test_a_name_that_is_there_as_given_goes_before_its_other_form(decomposed: Path, tmp_path: Path) -> None:
    (tmp_path / "Müller").mkdir()
    assert absolute(tmp_path / "Müller") == tmp_path / "Müller"
    inner = tmp_path / "Müller" / "プール"
    assert absolute(inner) == inner, "another folder's content is not taken for it"
    assert absolute(decomposed) == decomposed


def test_a_search_within_a_folder_takes_its_other_form(
    engine: Engine, decomposed: Path, tmp_path: Path
) -> None:
    engine.jobs.add([decomposed.parent], _EVERYTHING)
    save(picture("red", 1), tmp_path / "other" / "other.png")
    engine.jobs.add([tmp_path / "other"], _EVERYTHING)
    # As when its drive is away: ``absolute`` cannot find the form, but the library knows it.
    shutil.rmtree(decomposed.parent)
    for path in ("Müller", "Müller/プール", "Müller/プール/red.png", _nfd("Müller")):
        assert _names(engine, tmp_path / path) == ["red.png"], path
        engine.jobs.bring_up_to_date(tmp_path / path)
    assert _names(engine, tmp_path / "Möller") == []
    assert len(engine.status().sources) == 2


def test_two_folders_whose_names_read_alike_are_never_taken_for_each_other(
    engine: Engine, decomposed: Path, tmp_path: Path
) -> None:
    engine.jobs.add([decomposed.parent], _EVERYTHING)
    twin = tmp_path / "Müller"
    save(picture("red", 2), twin / "twin.png")
    assert _names(engine, twin) == []
    with pytest.raises(UsageError, match="not a source"):
        engine.jobs.remove([twin])
    engine.jobs.add([twin], _EVERYTHING)
    assert _names(engine, twin) == ["twin.png"]
    assert _names(engine, decomposed.parent) == ["red.png"]
    engine.jobs.remove([twin])
    assert [each.source.path for each in engine.status().sources] == [decomposed.parent]


@pytest.mark.parametrize("given", ["Müller", _nfd("Müller"), "MÜLLER", "Ｍüller"])
def test_a_source_that_is_gone_is_forgotten_by_whatever_reads_like_it(
    engine: Engine, decomposed: Path, tmp_path: Path, given: str
) -> None:
    engine.jobs.add([decomposed.parent], _EVERYTHING)
    shutil.rmtree(decomposed.parent)
    assert engine.jobs.remove([tmp_path / given]) == 1
    assert engine.status().sources == ()


def test_of_two_sources_that_read_alike_none_is_forgotten_by_a_third_form(
    engine: Engine, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("Grün", "GRÜN")]
    for number, folder in enumerate(folders):
        save(picture("red", number), folder / "a.png")
    engine.jobs.add(folders, _EVERYTHING)
    with pytest.raises(UsageError, match="not a source"):
        engine.jobs.remove([tmp_path / "grün"])
    assert engine.jobs.remove([tmp_path / "GRÜN"]) == 1
