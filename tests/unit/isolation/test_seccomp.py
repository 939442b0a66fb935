"""The system call filter, interpreted as by the kernel, for both architectures."""

import errno

import pytest

from imagefinder.isolation.seccomp import MACHINES, SyscallTable, filter_for

_PID = 4321
_ALLOWED, _REFUSED, _KILLED = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_UNKNOWN = 0x00050000 | errno.ENOSYS


def _answer(machine: SyscallTable, number: int, *arguments: int, audit: int | None = None) -> int:
    """Return the filter's answer to a system call, by interpreting its five kinds of instruction."""
    program = filter_for(machine, _PID)
    words = {0: number, 4: machine.audit if audit is None else audit}
    for at in range(6):
        value = arguments[at] if at < len(arguments) else 0
        words[16 + 8 * at] = value & 0xFFFFFFFF
    held, at = 0, 0
    while True:
        code, if_true, if_false, value = program[at]
        at += 1
        if code == 0x20:
            held = words[value]
        elif code == 0x06:
            return value
        else:
            is_true = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += if_true if is_true else if_false


@pytest.fixture(params=MACHINES.values(), ids=MACHINES.keys())  # type: ignore[call-overload, untyped-decorator]
def machine(request: pytest.FixtureRequest) -> SyscallTable:
    found: SyscallTable = request.param
    return found


@pytest.mark.parametrize(
    "name",
    "socket connect bind execve execveat ptrace kill unlinkat renameat2 mkdirat truncate io_uring_setup bpf "
    "process_vm_writev setns unshare mount pidfd_open open_by_handle_at fchmod".split(),
)
def test_what_no_decoder_needs_is_refused(machine: SyscallTable, name: str) -> None:
    assert _answer(machine, machine.numbers[name]) == _REFUSED


def test_files_are_opened_for_reading_alone(machine: SyscallTable) -> None:
    openat = machine.numbers["openat"]
    assert _answer(machine, openat, 0, 0, 0o2000000) == _ALLOWED
    for flags in (0o1, 0o2, 0o100, 0o1101, 0o1000):
        assert _answer(machine, openat, 0, 0, flags) == _REFUSED
    assert _answer(machine, machine.numbers["openat2"]) == _UNKNOWN
    if "open" in machine.numbers:
        assert _answer(machine, machine.numbers["open"], 0, 0) == _ALLOWED
        assert _answer(machine, machine.numbers["open"], 0, 0o1) == _REFUSED


def test_threads_may_be_started_and_processes_not(machine: SyscallTable) -> None:
    clone = machine.numbers["clone"]
    assert _answer(machine, clone, 0x3D0F00) == _ALLOWED
    assert _answer(machine, clone, 0x1200011) == _REFUSED
    assert _answer(machine, machine.numbers["clone3"]) == _UNKNOWN


def test_only_itself_may_be_signalled_or_limited(machine: SyscallTable) -> None:
    tgkill, prlimit = machine.numbers["tgkill"], machine.numbers["prlimit64"]
    assert [_answer(machine, tgkill, pid) for pid in (_PID, 1)] == [_ALLOWED, _REFUSED]
    assert [_answer(machine, prlimit, pid) for pid in (0, _PID, 1)] == [_ALLOWED, _ALLOWED, _REFUSED]


def test_everything_else_goes_through(machine: SyscallTable) -> None:
    reading, mapping = {0xC000003E: (0, 9), 0xC00000B7: (63, 222)}[machine.audit]
    assert _answer(machine, reading) == _answer(machine, mapping) == _ALLOWED


def test_calls_by_another_table_of_numbers_are_met_too(machine: SyscallTable) -> None:
    assert _answer(machine, 0, audit=0x40000003) == _KILLED
    if machine.has_x32:
        assert _answer(machine, 0x40000000 + machine.numbers["openat"]) == _REFUSED
