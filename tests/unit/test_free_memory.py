"""Tests of the free memory, and of the detection of out-of-memory errors."""

import errno
import subprocess
import sys

import pytest

from imagefinder import free_memory


def _caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        _caused(ValueError("in a library"), MemoryError()),
    ],
)
def test_an_error_that_comes_of_too_little_memory_is_known_as_such(error: Exception) -> None:
    assert free_memory.is_out_of_memory(error)


def test_other_errors_are_none_of_memorys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda: 2**33)
    for error in (ImportError("no such module"), OSError(errno.ENOENT, "?"), RuntimeError("?")):
        assert not free_memory.is_out_of_memory(error)


def test_a_library_that_does_not_come_up_where_memory_is_short_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda: 2**24)
    assert free_memory.is_out_of_memory(ImportError("failed to map segment from shared object"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_no_more_is_free_than_the_process_may_have() -> None:
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30));"
        "from imagefinder.free_memory import free_memory; print(free_memory())"
    )
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, check=True)
    assert 0 < int(done.stdout) < 2**30
