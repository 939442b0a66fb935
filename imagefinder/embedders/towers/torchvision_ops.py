"""Import of torchvision for its picture transforms, even if its compiled operators do not fit torch.

On Linux, PyPI's torchvision is built for CUDA. With a CPU-only torch its compiled part does not load, and
``import torchvision`` fails in ``torchvision._meta_registrations`` (``operator torchvision::nms does not
exist``). That module only describes the compiled operators to torch's tracer. CLIP needs none of them, so an
empty module is sufficient in its place. The symptom: https://github.com/pytorch/vision/issues/9085.
"""

import importlib
import sys
from types import ModuleType

_TRACER_HINTS = "torchvision._meta_registrations"


def import_torchvision() -> ModuleType:
    """Import torchvision. An installation that works is not modified.

    Raises:
        ImportError: torchvision is not installed, or broken in another way.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise ImportError(f"torchvision cannot be imported: {error}") from error
    sys.modules[_TRACER_HINTS] = ModuleType(_TRACER_HINTS)
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        del sys.modules[_TRACER_HINTS]
        raise ImportError(f"torchvision cannot be imported: {error}") from error
