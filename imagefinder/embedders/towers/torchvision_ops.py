"""Import torchvision for its picture transforms, even where its compiled operators do not fit torch.

On Linux, PyPI's torchvision is built for CUDA. Beside a CPU-only torch its compiled part does not load, and
``import torchvision`` dies in ``torchvision._meta_registrations`` (``operator torchvision::nms does not
exist``): that module only describes the compiled operators to torch's tracer. CLIP needs none of them, so an
empty module in its place is all it takes. The symptom: https://github.com/pytorch/vision/issues/9085.
"""

import importlib
import sys
from types import ModuleType

_TRACER_HINTS = "torchvision._meta_registrations"


def import_torchvision() -> ModuleType:
    """Import torchvision; one that works is left wholly alone.

    Raises:
        ImportError: it is not installed, or broken in another way.
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
