"""Model name and instruction sets of the processor."""

import platform
from functools import cache
from pathlib import Path

# Without instructions for it, bfloat16 is emulated, slower than float32. Intel's tiles (AMX, since Sapphire Rapids)
# multiply it many times as fast as float32, and AMD's vectors (since Zen 4) twice as fast. Intel's vectors do two
# products in an instruction, but half as many instructions (uops.info, VDPBF16PS compared to VFMADD231PS), so they
# gain nothing, and conversions come on top. An Emerald Rapids whose tiles were not available to guests embedded, with
# ViT-B-32-256, 12.5 pictures a second instead of 21.6 with OpenVINO, and 11.8 instead of 18.4 with PyTorch.
_TILES, _VECTORS, _OF_FAST_VECTORS = "amx_bf16", "avx512_bf16", "AuthenticAMD"


def is_x86() -> bool:
    """Return whether the processor is a 64-bit one from Intel or AMD."""
    return platform.machine().lower() in ("x86_64", "amd64")


@cache
def has_fast_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether whole models are faster in bfloat16 than in float32. False if unknown (not Linux)."""
    if not is_x86():
        return False
    try:
        lines = cpuinfo.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # not Linux: float32 is always a safe choice
        return False
    flags = _first(lines, "flags").split()
    return _TILES in flags or (_VECTORS in flags and _first(lines, "vendor_id") == _OF_FAST_VECTORS)


def float_precision() -> str:
    """Return the precision in which whole models are faster: ``bfloat16`` or ``float32``."""
    return "bfloat16" if has_fast_bfloat16() else "float32"


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's model name, or at least its architecture, such as ``arm64``."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    return _first(lines, "model name") or platform.processor() or platform.machine()


def _first(lines: list[str], name: str) -> str:
    """Return the value of the first line of that name, which belongs to the first processor."""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
