"""Start and end of a real window, and its behaviour when its engine dies first."""

import json
import time
from pathlib import Path

import numpy as np
import psutil
from conftest import save
from helpers.fakes import picture
from helpers.program import Program
from helpers.real_window import MIDDLE, NAME, PLACE, OpenWindow, RealWindow, prepare, settings_file
from helpers.x11 import PATIENCE_S, Screen, until
from smoke_pictures import FILES

MANY = 120
ENGINE_S = 3.0
"""Seconds after which an engine that does not exit is killed, which is logged."""
_STEP_S = 0.15
"""Processor time in seconds."""


def test_a_second_start_raises_the_first_window_and_hands_over_its_picture(
    screen: Screen, stocked: Program, open_window: OpenWindow, five_pictures: Path
) -> None:
    window = open_window(stocked)
    with screen.helper("cover", *PLACE) as cover:
        assert cover.stdout is not None
        assert cover.stdout.readline()
        assert screen.window_at(*MIDDLE) != window.id

        (name,) = (name for name, colour in FILES.items() if colour == "green")
        assert window.start_again(five_pictures / name) == 0

        until(lambda: screen.window_at(*MIDDLE) == window.id, "the first window is in front")
    until(lambda: window.title == name, "the picture is searched by")


def test_quitting_ends_everything_within_three_seconds(stocked: Program, open_window: OpenWindow) -> None:
    window = open_window(stocked)
    window.search("orange")
    window.finds("orange")
    family = window.family()
    assert window.engine() in family

    window.press("ctrl+q")
    gone, left = psutil.wait_procs([psutil.Process(window.process.pid), *family], timeout=2 * ENGINE_S)

    assert not left
    assert len(gone) == len(family) + 1
    assert window.process.wait() == 0
    assert "and was killed" not in window.log()


def test_the_window_comes_back_as_it_was_left(stocked: Program, open_window: OpenWindow) -> None:
    place = (40, 30, 1000, 700)
    window = open_window(stocked, place=place)
    window.search("orange")
    window.press("ctrl+t")
    until(lambda: window.title == NAME, "a new search is there")
    window.screen.type(window.id, "blue")
    until(lambda: window.title == "blue", "it is searched")
    window.press("F9")
    window.quit()
    left = window.remembered()

    again = open_window(stocked, place=None)
    until(lambda: again.where() == place, "it stands where it stood")
    until(lambda: again.title == "blue", "the search in front is in front again")
    again.finds("blue")
    again.press("ctrl+Tab")
    until(lambda: again.title == "orange", "the other search is there")
    again.press("ctrl+Tab")
    until(lambda: again.title == "blue", "the first is in front")
    again.quit()
    found = again.remembered()
    assert {name: found[name] for name in ("geometry", "splitter", "panes")} == {
        name: left[name] for name in ("geometry", "splitter", "panes")
    }
    assert not found["is_panel_visible"]


def test_an_engine_killed_in_a_search_is_started_again_and_answers(
    stocked: Program, open_window: OpenWindow
) -> None:
    window = open_window(stocked)
    window.search("orange")
    window.finds("orange")
    engine = window.engine()

    # A suspended engine cannot answer, so the search is pending until the engine dies.
    engine.suspend()
    window.search("blue")
    window.reads("Searching…")
    engine.kill()

    window.finds("blue")
    window.reads("The part of imagefinder that reads pictures was ended by force")
    assert window.engine().pid != engine.pid
    assert "engine process died" in window.log()
    window.search("green")
    window.finds("green")
    window.quit()


def test_an_engine_killed_while_it_indexes_is_started_again_and_does_the_rest(
    program: Program, open_window: OpenWindow, folder: Path
) -> None:
    for number in range(MANY):
        save(picture("orange", seed=number, size=(800, 600)), folder / f"{number:03}.jpg")
    window = open_window(program, folder)
    window.screen.press(window.other("Add to library"), "Return")
    engine = window.engine()

    done = _stopped_midway(window, engine)
    engine.kill()
    window.reads("The part of imagefinder that reads pictures was ended by force")
    assert window.engine().pid != engine.pid

    assert 0 < done < MANY
    until(lambda: window.items() == MANY, "the rest is indexed, too", 2 * PATIENCE_S)
    status = program.run("status", "--json").json
    assert status["unreadable"] == []
    window.search("000")
    window.quit()


def test_what_a_run_that_was_killed_left_is_said_and_gone_on_with_by_a_click(
    screen: Screen, program: Program, open_window: OpenWindow, folder: Path
) -> None:
    for number in range(MANY):
        save(picture("orange", seed=number, size=(800, 600)), folder / f"{number:03}.jpg")
    prepare(program)
    process = program.start("add", folder)
    run = psutil.Process(process.pid)
    done = 0
    while not done:
        _let_work(run)
        status = program.run("status", "--json")
        done = 0 if status.status else status.json["items"]
    process.kill()
    process.communicate()
    assert done < MANY
    settings_file(program).parent.mkdir(parents=True)
    settings_file(program).write_text(json.dumps({"index_at_start": False}))

    window = open_window(program)
    window.reads(f"{MANY - done} not read yet", 0.9)
    window.reads(f"{done} pictures and pages · {MANY - done} files not read yet", 0.9)
    screen.do("mousemove", *_link(window), "click", 1)
    window.reads(f"{MANY} pictures and pages", 0.9)
    until(lambda: program.run("status", "--json").json["sources"][0]["pending"] == 0, "all of it is read")
    window.quit()


def _link(window: RealWindow) -> tuple[int, int]:
    """Return the position of the link in the first source's row, found by its colour."""
    left, top = 60, 90
    pixels = np.asarray(window.screen.look().convert("RGB").crop((left, top, 260, 190)), np.int16)
    rows, columns = np.nonzero(pixels[:, :, 2] > pixels[:, :, 0] + 100)
    return left + int(np.median(columns)), top + int(np.median(rows))


def _stopped_midway(window: RealWindow, engine: psutil.Process) -> int:
    """Let the engine work in small steps until it has indexed some pictures but not all, and return their number.

    The engine is suspended afterwards.
    """
    while True:
        _let_work(engine)
        if done := window.items():
            return done


def _let_work(engine: psutil.Process) -> None:
    """Resume the engine until it has used one step of processor time, however long that takes, and suspend it again."""
    used = sum(engine.cpu_times()[:2])
    deadline = time.monotonic() + 1
    engine.resume()
    while sum(engine.cpu_times()[:2]) < used + _STEP_S and time.monotonic() < deadline:
        time.sleep(0.01)
    engine.suspend()
