"""Tests of the benchmark against rclip that require neither rclip nor photographs."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[dict[str, ModuleType]]:
    """Modules of the benchmark, imported by their bare names as the script does, and unloaded again."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield {name: importlib.import_module(name) for name in ("processes", "comparison", "side_by_side")}
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or FOLDER / "..").parent == FOLDER:
            del sys.modules[name]


def test_a_rate_that_is_higher_and_a_time_that_is_shorter_are_as_many_times_better(
    benchmarks: dict[str, ModuleType],
) -> None:
    comparison = benchmarks["comparison"]
    rate = comparison.Row("rate", comparison.Kind.RATE, [2.0, 2.0], [6.0, 6.0], 3.0)
    cost = comparison.Row("time", comparison.Kind.COST, [6.0, 6.0], [2.0, 2.0], 3.1)

    assert rate.ratio == cost.ratio == 3.0
    assert rate.is_met
    assert not cost.is_met


def test_rounds_are_compared_one_by_one(benchmarks: dict[str, ModuleType]) -> None:
    comparison = benchmarks["comparison"]
    # In the second round the machine was busy with other work.
    row = comparison.Row("time", comparison.Kind.COST, [4.0, 40.0, 4.0], [2.0, 20.0, 1.0])

    assert row.ratio == 2.0
    assert row.cells() == ("time", "4.00", "2.00", "2.00", "", "")


def test_a_whole_may_be_so_much_more_than_its_parts_at_most(benchmarks: dict[str, ModuleType]) -> None:
    comparison = benchmarks["comparison"]

    def share(whole: float) -> tuple[str, ...]:
        cells: tuple[str, ...] = comparison.Row("share", comparison.Kind.SHARE, [10.0], [whole], 1.08).cells()
        return cells

    assert share(10.5) == ("share", "10.0", "10.5", "1.05", "<= 1.08", "yes")
    assert share(11.0) == ("share", "10.0", "11.0", "1.10", "<= 1.08", "NO")


def test_each_program_runs_once_uncounted_and_then_in_turn(benchmarks: dict[str, ModuleType]) -> None:
    ran: list[str] = []

    def run(name: str) -> object:
        ran.append(name)
        return benchmarks["processes"].Spent(wall=len(ran), cpu=0.5, peak_mb=100)

    runs = benchmarks["comparison"].alternate(2, {"a": lambda: run("a"), "b": lambda: run("b")})

    assert "".join(ran) == "ababab"
    assert {name: [spent.wall for spent in spents] for name, spents in runs.items()} == {
        "a": [3, 5],
        "b": [4, 6],
    }


def test_a_process_is_told_what_it_cost_and_said(benchmarks: dict[str, ModuleType], tmp_path: Path) -> None:
    held = "import sys; held = bytearray(300_000_000); print('done'); print('why', file=sys.stderr)"

    spent = benchmarks["processes"].spend([sys.executable, "-c", held], tmp_path, {})

    assert spent.wall > 0
    assert spent.cpu > 0
    assert spent.peak_mb > 300
    assert (spent.said, spent.complained) == ("done\n", "why\n")


def test_a_process_that_fails_is_no_measurement(benchmarks: dict[str, ModuleType], tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        benchmarks["processes"].spend(
            [sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path, {}
        )


def test_work_is_done_in_a_process_of_its_own(
    benchmarks: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEFT_OUT", "1")

    assert benchmarks["processes"].apart({"GIVEN": "2"}, os.getenv, "GIVEN") == "2"
    assert benchmarks["processes"].apart({}, os.getenv, "LEFT_OUT") is None
    assert benchmarks["processes"].apart({}, os.getpid) != os.getpid()


def test_the_mix_is_for_the_full_run_alone(benchmarks: dict[str, ModuleType]) -> None:
    parsed = benchmarks["side_by_side"].parsed

    assert "index-mix" not in parsed([]).only
    assert "index-mix" in parsed(["--full"]).only
    assert parsed(["--only", "cold", "warm"]).only == ["cold", "warm"]
    assert (parsed([]).rounds, parsed(["--full"]).rounds, parsed(["--full", "--rounds", "7"]).rounds) == (
        3,
        5,
        7,
    )


def test_what_the_machine_has_set_for_others_is_not_measured(
    benchmarks: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMAGEFINDER_MODEL", "builtin")
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")

    environment = sys.modules["imagefinder_peer"].home_environment(tmp_path)

    assert environment["HOME"] == str(tmp_path)
    assert not environment.keys() & {"IMAGEFINDER_MODEL", "XDG_DATA_HOME", "PYTHONPATH"}
