"""The real program, run as a separate process in temporary folders."""

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
    """Result of one run of the program."""

    status: int
    out: bytes
    err: bytes

    @property
    def json(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        """The lines on standard error."""
        return self.err.decode().splitlines()

    @property
    def found(self) -> list[str]:
        """Names of the files found by a search with ``--json``, best first."""
        return [Path(hit["path"]).name for hit in self.json["hits"]]


class Program:
    """Runs ``imagefinder`` on one library. HOME and everything else that it may write to are in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.library = folder / "library"
        self.entry: tuple[str, ...] = ("-m", "imagefinder")
        """Arguments of Python that start the program, or a variant of it such as ``rendering_program.py``."""
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder / "home"),
            "IMAGEFINDER_LIBRARY": str(self.library),
            # Loading a neural network takes seconds in each process. Tests of models unset this variable.
            "IMAGEFINDER_MODEL": "builtin",
            "HF_HUB_OFFLINE": "1",
            "LC_ALL": "C.UTF-8",
        }

    def command(self, *arguments: AnyArgument) -> list[AnyArgument]:
        """Return the command line, for starting it by other means than ``run``."""
        return [sys.executable, *self.entry, *arguments]

    def run(
        self,
        *arguments: AnyArgument,
        extra: Mapping[str, str] | None = None,
        before: Sequence[AnyArgument] = (),
        cwd: Path | None = None,
    ) -> Outcome:
        """Run the program until it exits.

        Args:
            arguments: Arguments of the program.
            extra: Additional environment variables.
            before: Command that the program's command line is appended to.
            cwd: Working directory.
        """
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
        """Start the program without waiting for it."""
        return subprocess.Popen(
            self.command(*arguments), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )


def assert_refused(outcome: Outcome, *words: str) -> None:
    """Assert status 2, empty standard output, and one line on standard error that contains these words."""
    assert outcome.status == 2, outcome
    assert outcome.out == b""
    assert len(outcome.errors) == 1, outcome.errors
    for word in ("imagefinder: ", *words):
        assert word in outcome.errors[0]
    assert "Traceback" not in outcome.errors[0]
    assert "mistake in imagefinder" not in outcome.errors[0]


def mounted(folder: Path, size: str) -> "Mount":
    """Return a small file system to mount on a folder. Skips the test where mounting is not permitted."""
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
