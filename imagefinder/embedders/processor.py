"""What this machine's processor is, and can do."""

import platform
from functools import cache
from pathlib import Path

# Instructions that multiply bfloat16 matrices: since Cooper Lake and Sapphire Rapids (Intel), Zen 4 (AMD).
# Without them PyTorch only imitates bfloat16, slower than float32.
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def is_x86() -> bool:
    """Whether it is one of Intel's or AMD's, of 64 bits."""
    return platform.machine().lower() in ("x86_64", "amd64")


@cache
def has_native_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether bfloat16 is faster than float32 here. Where it cannot be learned (not Linux), no."""
    if not is_x86():
        return False
    try:
        lines = cpuinfo.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # another system than Linux: float32 is always right
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """What its maker calls it, or at least its kind, such as ``arm64``."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # another system than Linux
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
