"""The processor's model and instruction sets."""

import platform
from functools import cache
from pathlib import Path

# Without instructions for it, bfloat16 is only imitated, slower than float32. Intel's tiles (AMX, since Sapphire
# Rapids) multiply it many times as fast as float32, and AMD's vectors (since Zen 4) twice. Intel's vectors do two
# products in an instruction and half as many instructions (uops.info, VDPBF16PS against VFMADD231PS), so nothing is
# gained, and the conversions come on top: an Emerald Rapids whose tiles were not for its guests embedded 12.5 pictures
# a second by ViT-B-32-256 in place of 21.6 with OpenVINO, 11.8 in place of 18.4 with PyTorch.
_TILES, _VECTORS, _OF_FAST_VECTORS = "amx_bf16", "avx512_bf16", "AuthenticAMD"


def is_x86() -> bool:
    """Whether it is one of Intel's or AMD's, of 64 bits."""
    return platform.machine().lower() in ("x86_64", "amd64")


@cache
def has_fast_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether whole models are faster in bfloat16 than in float32. Where it cannot be learned (not Linux), no."""
    if not is_x86():
        return False
    try:
        lines = cpuinfo.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # another system than Linux: float32 is always right
        return False
    flags = _first(lines, "flags").split()
    return _TILES in flags or (_VECTORS in flags and _first(lines, "vendor_id") == _OF_FAST_VECTORS)


def float_precision() -> str:
    """In which of ``bfloat16`` and ``float32`` whole models are faster."""
    return "bfloat16" if has_fast_bfloat16() else "float32"


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """What its maker calls it, or at least its kind, such as ``arm64``."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # another system than Linux
        lines = []
    return _first(lines, "model name") or platform.processor() or platform.machine()


def _first(lines: list[str], name: str) -> str:
    """What the first processor's line of that name says."""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
