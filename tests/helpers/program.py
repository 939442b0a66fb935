"""The real program in a process of its own, in throwaway folders."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
AnyArgument = str | bytes | Path


@dataclass(frozen=True)
class Outcome:
    """What one run of the program left behind."""

    status: int
    out: bytes
    err: bytes

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        """The lines on standard error."""
        return self.err.decode().splitlines()

    @property
    def found(self) -> list[str]:
        """Names of the files found, best first, of a search with ``--json``."""
        return [Path(hit["path"]).name for hit in self.json["hits"]]


class Program:
    """Runs ``imagefinder`` on one library; HOME and all else it may write to lie in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.library = folder / "library"
        self.entry: tuple[str, ...] = ("-m", "imagefinder")
        """What Python is started with; ``rendering_program.py`` does more than the program."""
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder / "home"),
            "IMAGEFINDER_LIBRARY": str(self.library),
            # Loading a neural network takes seconds in every process; tests of the models unset it.
            "IMAGEFINDER_MODEL": "builtin",
            "HF_HUB_OFFLINE": "1",
            "LC_ALL": "C.UTF-8",
        }

    def command(self, *arguments: AnyArgument) -> list[AnyArgument]:
        """The command line, to be started by other means than ``run``."""
        return [sys.executable, *self.entry, *arguments]

    def run(
        self,
        *arguments: AnyArgument,
        extra: Mapping[str, str] | None = None,
        before: Sequence[AnyArgument] = (),
        cwd: Path | None = None,
    ) -> Outcome:
        """Run it to its end; ``before`` stands before it on the command line, ``extra`` in its environment."""
        done = subprocess.run(
            [*before, *self.command(*arguments)],
            env=self.environment | dict(extra or {}),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            cwd=cwd,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: AnyArgument) -> "subprocess.Popen[bytes]":
        """Start it and go on."""
        return subprocess.Popen(
            self.command(*arguments), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )


def assert_refused(outcome: Outcome, *words: str) -> None:
    """Status 2, nothing on standard output, and one line on standard error that says these words."""
    assert outcome.status == 2, outcome
    assert outcome.out == b""
    assert len(outcome.errors) == 1, outcome.errors
    for word in ("imagefinder: ", *words):
        assert word in outcome.errors[0]
    assert "Traceback" not in outcome.errors[0]
    assert "mistake in imagefinder" not in outcome.errors[0]


def mounted(folder: Path, size: str) -> "Mount":
    """A small disk of its own; the test is skipped where none may be mounted."""
    return Mount(folder, size)


class Mount:
    def __init__(self, folder: Path, size: str) -> None:
        self.folder, self.size = folder, size

    def __enter__(self) -> Path:
        self.folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", str(self.folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"mounting a small disk needs root: {error}")
        return self.folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)
