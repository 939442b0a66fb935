"""System call filter (Linux, seccomp) that refuses network, other programs, other processes and writing.

The filter cannot see paths, so ``landlock.py`` restricts the reading of files. See seccomp(2), and
Documentation/userspace-api/seccomp_filter.rst in the kernel.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_JMP|JSET|K, BPF_RET|K: linux/bpf_common.h."""
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data. Arguments have 8 bytes each, with the lower half first on both architectures."""
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000
"""System call numbers from here on belong to the x32 ABI of x86-64, and would bypass a filter by number."""
_CLONE_THREAD = 0x10000
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC."""

_REFUSED = """
socket socketpair connect bind listen accept accept4 sendmmsg execve execveat ptrace process_vm_readv
process_vm_writev process_madvise pidfd_open pidfd_getfd pidfd_send_signal kill tkill rt_sigqueueinfo
rt_tgsigqueueinfo setns unshare mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick
mount_setattr bpf perf_event_open add_key request_key keyctl userfaultfd io_uring_setup io_uring_enter
io_uring_register init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
open_by_handle_at name_to_handle_at unlinkat renameat renameat2 mkdirat linkat symlinkat mknodat fchmod fchmodat
fchmodat2 fchown fchownat truncate setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr utimensat
prlimit64 setpriority sched_setattr sched_setscheduler ioprio_set syslog acct quotactl
sethostname setdomainname settimeofday clock_settime adjtimex clock_adjtime shmget shmat msgget semget mq_open
unlink rename mkdir rmdir link symlink mknod chmod chown lchown creat utime utimes futimesat fork vfork
""".split()
"""System calls refused with EPERM; ``prlimit64`` only for another process (see ``filter_for``)."""

_COMMON = {
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "fchown": (93, 55), "fchownat": (260, 54),
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendmmsg": (307, 269), "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "setns": (308, 268), "unshare": (272, 97),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "bpf": (321, 280),
    "perf_event_open": (298, 241), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    "unlinkat": (263, 35), "renameat": (264, 38), "renameat2": (316, 276), "mkdirat": (258, 34),
    "linkat": (265, 37), "symlinkat": (266, 36), "mknodat": (259, 33), "truncate": (76, 45),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "utimensat": (280, 88), "prlimit64": (302, 261),
    "setpriority": (141, 140), "sched_setattr": (314, 274), "sched_setscheduler": (144, 119),
    "ioprio_set": (251, 30), "syslog": (103, 116), "acct": (163, 89), "quotactl": (179, 60),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "shmget": (29, 194),
    "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "openat": (257, 56), "openat2": (437, 437), "clone": (56, 220), "clone3": (435, 435),
}  # fmt: skip
"""System call numbers on x86-64 and aarch64.

Sources: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h in the kernel.
"""
_X86_ONLY = {
    "open": 2, "fork": 57, "vfork": 58, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86,
    "unlink": 87, "symlink": 88, "chmod": 90, "chown": 92, "lchown": 94, "utime": 132, "mknod": 133,
    "utimes": 235, "futimesat": 261,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SyscallTable:
    """System call numbers of one architecture."""

    audit: int
    """AUDIT_ARCH_* of linux/audit.h."""
    numbers: Mapping[str, int]
    has_x32: bool


MACHINES = {
    "x86_64": SyscallTable(
        0xC000003E, {name: both[0] for name, both in _COMMON.items()} | _X86_ONLY, has_x32=True
    ),
    "aarch64": SyscallTable(0xC00000B7, {name: both[1] for name, both in _COMMON.items()}, has_x32=False),
}

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, and value of a struct sock_filter."""


def filter_for(machine: SyscallTable, own_pid: int) -> list[Instruction]:
    """Assemble the filter as a BPF program. Jumps are relative to the next instruction."""
    numbers = machine.numbers
    refuse: Instruction = (_RETURN, 0, 0, _ERROR | errno.EPERM)
    unknown: Instruction = (_RETURN, 0, 0, _ERROR | errno.ENOSYS)
    allow: Instruction = (_RETURN, 0, 0, _ALLOW)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine.has_x32:
        program += [(_AT_LEAST, 0, 1, _X32), refuse]
    # These calls take a structure, which a filter cannot read. With ENOSYS, libraries fall back to the older calls.
    for name in ("openat2", "clone3"):
        program += [(_EQUAL, 0, 1, numbers[name]), unknown]
    for name, argument in (("open", 1), ("openat", 2)):
        if name in numbers:
            program += _on(numbers[name], argument, [(_ANY_BIT, 0, 1, _WRITING), refuse, allow])
    # Codecs may start threads, but not processes.
    program += _on(numbers["clone"], 0, [(_ANY_BIT, 1, 0, _CLONE_THREAD), refuse, allow])
    # The process may send signals to itself (abort) and set its own limits.
    program += _on(numbers["tgkill"], 0, [(_EQUAL, 1, 0, own_pid), refuse, allow])
    program += _on(numbers["prlimit64"], 0, [(_EQUAL, 2, 0, 0), (_EQUAL, 1, 0, own_pid), refuse, allow])
    for name in _REFUSED:
        if name in numbers and name != "prlimit64":
            program += [(_EQUAL, 0, 1, numbers[name]), refuse]
    return [*program, allow]


def _on(number: int, argument: int, then: Sequence[Instruction]) -> list[Instruction]:
    """Return instructions that, for one system call, load the lower half of an argument and run ``then``."""
    return [(_EQUAL, 0, len(then) + 1, number), (_LOAD, 0, 0, _ARGUMENTS + 8 * argument), *then]


def refuse_system_calls() -> bool:
    """Apply the filter permanently to this thread and its children; return whether that succeeded."""
    machine = MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None or sys.maxsize < 2**32:
        return False
    program = filter_for(machine, os.getpid())
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in program))
    # struct sock_fprog: a 16-bit length, and a pointer aligned to 8 bytes.
    header = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(
        libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_void_p(ctypes.addressof(header)), 0, 0)
        == 0
    )
