"""Import of open_clip without PyTorch's compiler, which this program does not use.

torchvision queries the compiler on import (``ops/roi_align.py``), and timm excludes a function from
compilation (``models/naflexvit.py``). For these two uses, 780 modules of ``torch._dynamo``,
``torch.distributed`` and sympy would be imported: 1.5 s of processor time and 68 MB in each process (PyTorch
2.13, torchvision 0.28, timm 1.0.31).
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
    """Context manager in which stubs replace the compiler, unless it is loaded already.

    The real compiler can be imported afterwards. Imports inside the block that need more of it fail with
    ImportError or AttributeError.
    """
    import_torch_with_patient_threads()  # must not see the stubs

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
    """Stub of ``torch._dynamo.disable``, as a function or decorator, that does nothing."""
    return function if function is not None else _marked
