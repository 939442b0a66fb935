"""Tests of the settings, including damaged and edited files."""

import json
import logging
from pathlib import Path

import pytest

from imagefinder import private_files
from imagefinder.settings import Settings


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    chosen = Settings(library="/照片", language="zh_CN", theme="dark", threads=3, low_priority=False)
    chosen.save(tmp_path / "new" / "settings.json")
    assert Settings.load(tmp_path / "new" / "settings.json") == chosen


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert Settings.load(tmp_path / "none.json") == Settings()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"null"])
def test_a_damaged_file_gives_the_defaults_and_is_noted(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert Settings.load(tmp_path / "settings.json") == Settings()
    assert "settings.json" in caplog.text


def test_one_bad_value_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "settings.json").write_text(
        json.dumps({"threads": "many", "low_priority": 1, "theme": "dark", "of_a_later_version": 3})
    )
    assert Settings.load(tmp_path / "settings.json") == Settings(theme="dark")
    for name in ("threads", "low_priority", "of_a_later_version"):
        assert name in caplog.text


def test_a_save_that_fails_leaves_the_old_settings_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.json"
    Settings(theme="dark").save(file)

    def full(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(private_files, "create", full)
    with pytest.raises(OSError, match="full"):
        Settings(theme="light").save(file)
    monkeypatch.undo()
    assert Settings.load(file).theme == "dark"


@pytest.mark.parametrize(
    "damage",
    [
        {"rescan_minutes": -15},
        {"rescan_minutes": 10**30},
        {"threads": -1},
        {"threads": 10**30},
        {"theme": "pink"},
        {"library": "a\0b"},
        {"library": "\ud800"},
    ],
)
def test_a_value_that_makes_no_sense_keeps_its_default(tmp_path: Path, damage: dict[str, object]) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(damage | {"language": "zh_CN"}), encoding="utf-8")
    assert Settings.load(file) == Settings(language="zh_CN")


def test_a_file_nested_without_end_is_as_good_as_none(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text("[" * 100_000, encoding="utf-8")
    assert Settings.load(file) == Settings()
