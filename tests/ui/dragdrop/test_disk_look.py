"""Tests of the time-limited check of paths on disk."""

import os
import threading
from pathlib import Path

import pytest

from imagefinder.ui.dragdrop.disk_look import told_apart


def test_files_and_folders_keep_their_order_and_what_is_not_there_is_left_out(pictures: Path) -> None:
    red, blue, none = pictures / "red.png", pictures / "blue.png", pictures / "none.png"
    assert told_apart([red, none, pictures, blue]) == ([red, blue], [pictures])
    assert told_apart([]) == ([], [])


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_disk_takes_is_not_there(tmp_path: Path, name: str) -> None:
    assert told_apart([tmp_path / name]) == ([], [])


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may look everywhere")
def test_what_may_not_be_looked_at_is_not_there(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    assert told_apart([closed / "a.png"]) == ([], [])


def test_a_drive_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    real = Path.stat

    def stat(path: Path, **more: bool) -> os.stat_result:
        if path.name.startswith("slow"):
            gate.wait(30)
        return real(path, **more)

    monkeypatch.setattr(Path, "stat", stat)
    try:
        found = told_apart([tmp_path, tmp_path / "slow.png", tmp_path / "slow folder"], patience_s=0.05)
        assert found == ([tmp_path / "slow.png"], [tmp_path, tmp_path / "slow folder"])
    finally:
        gate.set()
