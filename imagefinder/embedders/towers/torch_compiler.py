"""Import open_clip without PyTorch's compiler, which nothing here uses.

torchvision asks it a question when it is imported (``ops/roi_align.py``), and timm marks a function as not to be
compiled (``models/naflexvit.py``). For these two, 780 modules of ``torch._dynamo``, ``torch.distributed`` and sympy
would be imported: 1.5 s of a processor's time and 68 MB in each process (PyTorch 2.13, torchvision 0.28, timm 1.0.31).
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from imagefinder.embedders.hardware.torch_threads import import_torch_with_patient_threads

_COMPILER, _QUESTIONS = "torch._dynamo", "torch._dynamo.utils"


@contextmanager
def without_compiler() -> Iterator[None]:
    """Within it, stand-ins answer for the compiler, unless the process has it already; afterwards it can be imported.

    What is imported in there and wants more of it fails with an ImportError or an AttributeError.
    """
    import_torch_with_patient_threads()  # which must not find the stand-ins

    if _COMPILER in sys.modules:
        yield
        return
    compiler, questions = ModuleType(_COMPILER), ModuleType(_QUESTIONS)
    compiler.__dict__.update(__path__=[], utils=questions, disable=_marked)
    questions.__dict__.update(is_compile_supported=lambda _device: False)
    sys.modules.update({_COMPILER: compiler, _QUESTIONS: questions})
    try:
        yield
    finally:
        for name in (_COMPILER, _QUESTIONS):
            del sys.modules[name]


def _marked(function: Callable[..., Any] | None = None, *_: object, **__: object) -> Any:
    """``torch._dynamo.disable``, as a function or as a decorator: what is never compiled needs no mark."""
    return function if function is not None else _marked
