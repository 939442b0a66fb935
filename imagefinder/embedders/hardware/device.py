"""Compute devices of this computer, and detection of their out-of-memory errors."""

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.domain.errors import DeviceError
from imagefinder.embedders.hardware.processor import has_fast_bfloat16
from imagefinder.embedders.hardware.torch_threads import import_torch_with_patient_threads
from imagefinder.translation import join_names, tr

if TYPE_CHECKING:
    import torch

# Messages of PyTorch's plain RuntimeErrors (MPS, and the processor's allocator), and of OpenVINO's (the last).
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")


# Files of drivers for cards that PyTorch can use on Linux (NVIDIA, Jetson, AMD, Windows in WSL).
_DRIVERS = ("/dev/nvidiactl", "/dev/nvmap", "/dev/kfd", "/dev/dxg")


def signs_of_graphics() -> tuple[str, ...]:
    """Return signs of a graphics device that PyTorch may be able to use, without importing torch.

    These are files of graphics drivers, or ``Metal`` on macOS.
    """
    if sys.platform == "darwin":
        return ("Metal",)
    if sys.platform == "win32":
        system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32")
        drivers = [system / name for name in ("nvcuda.dll", "amdhip64.dll")]
    else:
        drivers = [Path(name) for name in _DRIVERS]
    return tuple(str(driver) for driver in drivers if driver.exists())


def devices_here() -> tuple[str, ...]:
    """Return the available devices, the fastest last. Imports torch."""
    import_torch_with_patient_threads()
    import torch

    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.append("mps")
    if torch.cuda.is_available():
        there.append("cuda")
    return tuple(there)


def choose_device(wanted: str) -> "tuple[torch.device, torch.dtype]":
    """Return the device and precision to compute with. Imports torch.

    Args:
        wanted: One of ``domain.devices.DEVICES``.

    Raises:
        DeviceError: The device is not available. The message names the available ones.
    """
    there = devices_here()
    import torch

    name = there[-1] if wanted == "auto" else wanted
    if name not in there:
        raise DeviceError(
            tr(
                "There is no device “{device}” here. This machine has: {devices}.",
                device=wanted,
                devices=join_names(there),
            )
        )
    if name == "cuda":
        dtype = torch.float16
    elif name == "cpu" and has_fast_bfloat16():
        # The whole model is converted. Autocast would convert the weights again in every call.
        dtype = torch.bfloat16
    else:
        dtype = torch.float32
    return torch.device(name), dtype


def graphics_here() -> tuple[str, ...]:
    """Return the graphics devices usable by PyTorch, as names with memory sizes. Imports torch."""
    import torch

    cards = [torch.cuda.get_device_properties(at) for at in range(torch.cuda.device_count())]
    names = [f"{card.name} ({card.total_memory / 2**30:.0f} GB)" for card in cards]
    return (*names, *(("Apple (Metal)",) if torch.backends.mps.is_available() else ()))


def why_no_graphics() -> str:
    """Return why PyTorch has no graphics device, in words for the user. Imports torch."""
    import torch

    platform = torch.version.cuda or torch.version.hip
    if platform is None:
        return tr("none: this PyTorch was built for processors alone")
    return tr(
        "none: this PyTorch was built for graphics cards (version {version}), but finds no card, or no driver",
        version=platform,
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of PyTorch or OpenVINO means that memory ran out."""
    # torch.OutOfMemoryError, raised for graphics devices, is a RuntimeError with such a message too.
    said = str(error).lower()
    is_told = isinstance(error, RuntimeError) and any(words in said for words in _OUT_OF_MEMORY)
    return is_told or isinstance(error, MemoryError)


def give_memory_back(device: "torch.device | None") -> None:
    """Release cached memory to the system: main memory, and that of the device if torch uses one."""
    if sys.platform == "linux":
        # Otherwise glibc keeps most of a tower's weights: 250 of 300 MB of ViT-B-32's. Other C libraries do not have
        # this function and do not need it.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)

    if device is None:
        return
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
