"""``imagefinder`` and ``imagefinder window`` pass on their options, and explain what to do without a window."""

import importlib.util
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from imagefinder.cli.commands.window import open_window
from imagefinder.cli.main import main
from imagefinder.cli.parser import make_parser
from imagefinder.domain.errors import UsageError


class _Window:
    """Fake of ``imagefinder.ui.app.launch``."""

    def __init__(self, problem: str = "") -> None:
        self.opened: list[Any] = []
        self.problem = problem

    def run(self, options: Any) -> int:
        self.opened.append(options)
        if self.problem:
            raise UsageError(self.problem)
        return 7


def _stand_in(monkeypatch: pytest.MonkeyPatch, window: _Window) -> _Window:
    module = ModuleType("imagefinder.ui.app.launch")
    module.run = window.run
    monkeypatch.setitem(sys.modules, "imagefinder.ui.app.launch", module)
    return window


def _parsed(*arguments: str) -> Namespace:
    return make_parser().parse_args(arguments)


def test_everything_asked_of_the_window_reaches_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    window = _stand_in(monkeypatch, _Window())
    (tmp_path / "a.png").touch()
    arguments = (
        f"--library {tmp_path}/l --model m --device cpu --language zh window {tmp_path}/a.png --theme dark "
        f"--size 800x600 --query cat --screenshot {tmp_path}/shot.png"
    )
    assert open_window(_parsed(*arguments.split())) == 7
    (options,) = window.opened
    assert (options.library, options.model, options.device) == (tmp_path / "l", "m", "cpu")
    assert (options.theme, options.size, options.query) == ("dark", (800, 600), "cat")
    assert (options.screenshot, options.language) == (tmp_path / "shot.png", "zh_CN")
    assert options.paths == (tmp_path / "a.png",)


def test_no_command_opens_the_window_as_the_settings_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    window = _stand_in(monkeypatch, _Window())
    assert main([]) == 7
    (options,) = window.opened
    assert [getattr(options, name) for name in ("library", "model", "device", "theme", "language")] == [
        None
    ] * 5
    assert (options.paths, options.query, options.size) == ((), "", None)


def test_where_no_window_can_be_shown_the_commands_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_in(monkeypatch, _Window("There is no display."))
    with pytest.raises(UsageError, match=r"There is no display\. .*imagefinder --help"):
        open_window(_parsed())


def test_without_pyside_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "PySide6" else real(name, *rest)
    )
    with pytest.raises(UsageError, match="pip install PySide6-Essentials"):
        open_window(_parsed())


def test_a_path_that_is_not_there_is_refused_before_the_window_opens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = _stand_in(monkeypatch, _Window())
    with pytest.raises(UsageError, match=r"none\.png"):
        open_window(_parsed("window", str(tmp_path / "none.png")))
    assert not window.opened


@pytest.mark.parametrize("option", [["--theme", "dark"], ["--query", "x"], ["--size", "800x600"]])
def test_a_command_refuses_what_is_the_windows(option: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*option, "status"]) == 2
    assert f"{option[0]} is for the window, not for status" in capfd.readouterr().err


def test_a_program_without_a_console_opens_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    window = _stand_in(monkeypatch, _Window())
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main([]) == 7
    assert window.opened
    if sys.stdout is not None:  # the replacement that ``Terminal`` has opened
        sys.stdout.close()
