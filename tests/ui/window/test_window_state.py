"""Tests of saving and loading the window state."""

import json
from pathlib import Path

import pytest

from imagefinder.ui.window.window_state import WindowState, as_bytes, as_text


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    state = WindowState(
        geometry=as_text(b"\x00\xff"), splitter=[240, 800], is_panel_visible=False, panes={"groups": [1]}
    )

    state.save(tmp_path / "deep" / "window.json")

    assert WindowState.load(tmp_path / "deep" / "window.json") == state
    assert as_bytes(state.geometry) == b"\x00\xff"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "\x00",
        "[" * 100_000,
        '{"splitter": [1, "x"]}',
        '{"panes": 3}',
        '{"splitter": [1, 1000000000000]}',
    ],
)
def test_a_damaged_state_is_a_first_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "window.json").write_text(text)

    assert WindowState.load(tmp_path / "window.json") == WindowState()


def test_what_is_good_in_a_damaged_state_is_kept(tmp_path: Path) -> None:
    (tmp_path / "window.json").write_text(json.dumps({"is_paused": True, "geometry": 7, "new": "unknown"}))

    assert WindowState.load(tmp_path / "window.json") == WindowState(is_paused=True)


def test_a_state_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    WindowState().save(tmp_path / "file" / "window.json")

    assert not (tmp_path / "file" / "window.json").exists()


def test_damaged_bytes_are_no_bytes() -> None:
    assert as_bytes("not base64!") == b""
    assert as_bytes("ä") == b""
