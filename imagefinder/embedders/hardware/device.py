"""Compute devices of this machine, and recognising their out-of-memory errors."""

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.domain.errors import DeviceError
from imagefinder.embedders.hardware.processor import has_fast_bfloat16
from imagefinder.embedders.hardware.torch_threads import import_torch_with_patient_threads
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch

# How PyTorch says it where it raises a plain RuntimeError: MPS, and the processor's allocator. The last is OpenVINO's.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")


# What a driver of a card that PyTorch can use (NVIDIA's, Jetson's, AMD's, Windows' in WSL) leaves on Linux.
_DRIVERS = ("/dev/nvidiactl", "/dev/nvmap", "/dev/kfd", "/dev/dxg")


def signs_of_graphics() -> tuple[str, ...]:
    """Signs of a graphics device that PyTorch may be able to use, from the system's files; does not import torch."""
    if sys.platform == "darwin":
        return ("Metal",)
    if sys.platform == "win32":
        system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32")
        drivers = [system / name for name in ("nvcuda.dll", "amdhip64.dll")]
    else:
        drivers = [Path(name) for name in _DRIVERS]
    return tuple(str(driver) for driver in drivers if driver.exists())


def devices_here() -> tuple[str, ...]:
    """The devices of this machine, the fastest last. Imports torch."""
    import_torch_with_patient_threads()
    import torch

    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.append("mps")
    if torch.cuda.is_available():
        there.append("cuda")
    return tuple(there)


def choose_device(wanted: str) -> "tuple[torch.device, torch.dtype]":
    """What to compute on and in which precision; ``wanted`` is one of ``model.devices.DEVICES``. Imports torch.

    Raises:
        DeviceError: there is no such device here; the message names those that are.
    """
    there = devices_here()
    import torch

    name = there[-1] if wanted == "auto" else wanted
    if name not in there:
        raise DeviceError(
            tr(
                "There is no device “{device}” here. This machine has: {devices}.",
                device=wanted,
                devices=", ".join(there),
            )
        )
    if name == "cuda":
        dtype = torch.float16
    elif name == "cpu" and has_fast_bfloat16():
        # The whole model, not autocast: autocast converts the weights again in every call.
        dtype = torch.bfloat16
    else:
        dtype = torch.float32
    return torch.device(name), dtype


def graphics_here() -> tuple[str, ...]:
    """The graphics devices that PyTorch can use, by name and memory; empty where there are none. Imports torch."""
    import torch

    cards = [torch.cuda.get_device_properties(at) for at in range(torch.cuda.device_count())]
    names = [f"{card.name} ({card.total_memory / 2**30:.0f} GB)" for card in cards]
    return (*names, *(("Apple (Metal)",) if torch.backends.mps.is_available() else ()))


def why_no_graphics() -> str:
    """Why PyTorch has no graphics device here, in words for the user. Imports torch."""
    import torch

    platform = torch.version.cuda or torch.version.hip
    if platform is None:
        return tr("none: this PyTorch was built for processors alone")
    return tr(
        "none: this PyTorch was built for graphics cards (version {version}), but finds no card, or no driver",
        version=platform,
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it says that the memory did not suffice."""
    # torch.OutOfMemoryError, of its graphics devices, is a RuntimeError that says so, too.
    said = str(error).lower()
    is_told = isinstance(error, RuntimeError) and any(words in said for words in _OUT_OF_MEMORY)
    return is_told or isinstance(error, MemoryError)


def give_memory_back(device: "torch.device | None") -> None:
    """Return to the system what is kept of the memory for later, on the device, if torch uses one, and here."""
    if sys.platform == "linux":
        # glibc keeps most of a tower's weights otherwise: 250 of 300 MB of ViT-B-32's. Other C libraries have no such
        # function, and need none.
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
