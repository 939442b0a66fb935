"""Tests of ``python -m benchmarks``: which benchmarks it would run."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def said(*words: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_all_that_is_listed_is_there() -> None:
    names = [line.split()[0] for line in said("--list").splitlines()]
    assert names
    assert [name for name in names if not (ROOT / "benchmarks" / f"{name}.py").is_file()] == []


def test_what_is_left_out_of_the_short_form_is_said() -> None:
    assert "Skipped" in said("--only", "side_by_side")
