"""Sandbox of a decoder process, tested in a real one."""

import json
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from imagefinder.isolation import landlock, starting
from imagefinder.isolation.decoders import Decoders
from imagefinder.isolation.seccomp import MACHINES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system has other means")

# Applies the sandbox of a decoder, then tries what a malicious file might do.
_TRIES = """
import json, sys
options = json.loads(sys.argv[1])
sys.path[:] = options["path"]
from imagefinder.isolation.sandbox import confine
import ctypes, os, socket
found = confine(options["readable"])
target = options["target"]

def tried(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    except BaseException as error:
        return repr(error)
    return "done"

def connect():
    with socket.socket() as end:
        end.connect(("127.0.0.1", options["port"]))

libc = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    def act():
        if getattr(libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)
    return act

json.dump({
    "confined": [found.memory, found.network, found.files, found.calls],
    "connect": tried(connect),
    "read": tried(lambda: open(target).read()),
    "write": tried(lambda: open(target + ".new", "w")),
    "append": tried(lambda: open(target, "a")),
    "delete": tried(lambda: os.unlink(target)),
    "rename": tried(lambda: os.rename(target, target + ".old")),
    "list": tried(lambda: os.listdir(os.path.dirname(target))),
    "fork": tried(lambda: os.fork() or os._exit(0)),
    "run": tried(lambda: os.execv("/bin/true", ["true"])),
    "signal": tried(lambda: os.kill(os.getppid(), 0)),
    "trace": tried(call("ptrace", 16, os.getppid(), 0, 0)),
    "namespace": tried(call("unshare", 0x10000000)),
    "library": tried(lambda: __import__("PIL.WebPImagePlugin")),
}, sys.stdout)
"""


def _tried(folder: Path, boot: str = _TRIES) -> dict[str, object]:
    target = folder / "library" / "library.db"
    target.parent.mkdir()
    target.write_text("private")
    with socket.create_server(("127.0.0.1", 0)) as server:
        options = {
            "path": [entry for entry in sys.path if entry],
            "readable": starting.readable(),
            "target": str(target),
            "port": server.getsockname()[1],
        }
        command = [sys.executable, "-I", "-S", "-c", boot, json.dumps(options)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert target.read_text() == "private"
    told: dict[str, object] = json.loads(done.stdout)
    return told


@pytest.mark.skipif(platform.machine() not in MACHINES, reason="no filter for this processor")
def test_it_can_neither_connect_nor_open_the_library_nor_change_anything(tmp_path: Path) -> None:
    told = _tried(tmp_path)
    assert told["confined"] == [True, True, landlock.version() > 0, True]
    refused = {
        "connect",
        "write",
        "append",
        "delete",
        "rename",
        "fork",
        "run",
        "signal",
        "trace",
        "namespace",
    }
    if landlock.version():
        refused |= {"read", "list"}
    assert {what for what, came in told.items() if came == "PermissionError"} == refused
    assert told["library"] == "done"


@pytest.mark.skipif(landlock.version() < 4, reason="this kernel's landlock knows no network")
def test_landlock_alone_keeps_it_from_files_and_tcp(tmp_path: Path) -> None:
    without_filter = _TRIES.replace(
        "found = confine(",
        "from imagefinder.isolation import sandbox\n"
        "sandbox.refuse_system_calls = lambda: False\n"
        "found = confine(",
    )
    told = _tried(tmp_path, without_filter)
    assert told["confined"] == [True, True, True, False]
    assert all(told[what] == "PermissionError" for what in ("connect", "read", "write", "append", "list"))


def test_what_is_readable_holds_no_folder_of_the_users() -> None:
    home = Path(os.environ["HOME"])
    assert not any(home.is_relative_to(folder) for folder in starting.readable())
    assert not any(Path.cwd() == Path(folder) for folder in starting.readable())


def test_doctor_is_told_what_is_in_force() -> None:
    with Decoders() as decoders:
        found = decoders.confinement()
    assert found.memory
    assert found.calls == (platform.machine() in MACHINES)
    assert found.files == (landlock.version() > 0)
