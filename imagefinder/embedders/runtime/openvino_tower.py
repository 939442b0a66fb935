"""OpenVINO image tower: converted once from PyTorch's, then run without PyTorch.

This is the only module that imports OpenVINO. Its Python package reports each import and conversion to Google
Analytics through the package ``openvino_telemetry``, without asking: consent is assumed unless a file says
otherwise (``openvino/tools/ovc/telemetry_utils.py``, ``openvino_telemetry/main.py``). If that package cannot
be imported, OpenVINO uses a stub that does nothing. Therefore this module always blocks its import.
"""

import importlib.util
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagefinder.embedders.embedder import FloatArray, Pixels
from imagefinder.embedders.hardware.processor import float_precision
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers.preprocess import Preprocessing

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

INT8 = "int8"
_TELEMETRY = "openvino_telemetry"
_HINTS = {"bfloat16": "bf16", "float32": "f32"}
_GROUP = 64
"""Number of activations that share a scale when they are rounded to int8."""
_LEVELS = 127
_AXES_OF_A_MATRIX = 2
_first_use, _was_used = threading.Lock(), threading.Event()


class OpenVinoImageTower:
    """Image tower on the processor. Thread-safe."""

    def __init__(self, saved: Path, precision: str) -> None:
        """Load a converted tower.

        Args:
            saved: The ``.xml`` file written by ``save_image_tower`` or ``save_in_int8``.
            precision: ``bfloat16`` or ``float32``, or ``int8`` for files of ``save_in_int8``.

        Raises:
            ImportError: OpenVINO is broken.
            RuntimeError: The file is damaged, or was written by another version.
        """
        openvino = import_openvino()
        hint = _HINTS[float_precision() if precision == INT8 else precision]
        # LATENCY: all cores work on one batch, and only one batch needs memory.
        wanted = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
        if precision == INT8:
            wanted["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(_GROUP)
        core = openvino.Core()
        self._compiled: Any = core.compile_model(core.read_model(saved), "CPU", wanted)
        self._lock = threading.Lock()
        self._idle: list[Any] = []

    def encode(self, pixels: Pixels) -> FloatArray:
        """Embed pictures: (n, height, width, 3) uint8 to (n, dimension) float32, not normalised.

        Raises:
            RuntimeError: The computation failed.
        """
        import numpy as np

        request = self._request()
        rows = np.array(request.infer(np.ascontiguousarray(pixels), share_inputs=True)[0], np.float32)
        with self._lock:
            self._idle.append(request)
        return rows

    def _request(self) -> Any:
        """Return an inference request that no other thread uses. It holds the activations between layers."""
        with self._lock:
            return self._idle.pop() if self._idle else self._compiled.create_infer_request()


def save_image_tower(spec: ClipSpec, preprocessing: Preprocessing, file: Path) -> None:
    """Convert a model's image tower and write it to ``file`` (``.xml``) and a ``.bin`` beside it. Imports torch.

    The converted tower takes the pixels that ``Preprocessing`` returns. Its weights are stored in float16,
    which halves the file. The cosine of the resulting vectors to those with float32 weights differs from 1 by
    less than 1e-5 for the starter model and a ViT-B-32.

    Raises:
        ModelError: The model's weights cannot be read or do not fit.
        ImportError, RuntimeError, ValueError: OpenVINO cannot convert it.
        OSError: The files cannot be written.
    """
    import numpy as np
    import torch

    from imagefinder.embedders.towers.tower_loader import Tower, load_tower

    openvino = import_openvino()
    tower = load_tower(spec, Tower.IMAGE, torch.device("cpu"), torch.float32)
    # Tracing fixes shapes that the model's code examined. The shape of the input never changes.
    warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
    shape = preprocessing.shape
    converted = openvino.convert_model(
        _from_pixels(tower, preprocessing).eval(),
        example_input=torch.zeros((2, *shape), dtype=torch.uint8),
        input=[([-1, *shape], np.uint8)],
    )
    openvino.save_model(converted, file, compress_to_fp16=True)


def save_in_int8(saved: Path, file: Path) -> bool:
    """Write a tower from ``save_image_tower`` with weight matrices in int8, with one scale for each output.

    Activations multiplied by these matrices are rounded to int8 too, at run time. Processors multiply and add
    four such numbers in the time of one in float32.

    Returns:
        Whether the tower has such matrices. Otherwise nothing is written.

    Raises:
        ImportError, RuntimeError: OpenVINO cannot read the tower.
        OSError: The files cannot be written.
    """
    openvino = import_openvino()
    ops = openvino.opset13
    model = openvino.Core().read_model(saved)
    has_any = False
    for node in model.get_ops():
        if (found := _matrix_of(node)) is None:
            continue
        place, matrix, outputs = found
        scale, whole = _rounded(matrix, 1 - outputs)
        decoded = ops.multiply(ops.convert(ops.constant(whole), "f32"), ops.constant(scale))
        place.replace_source_output(decoded.output(0))
        has_any = True
    if has_any:
        # Not compressed, because the smallest scales would lose precision in float16. Other values stay as saved.
        openvino.save_model(model, file, compress_to_fp16=False)
    return has_any


def _matrix_of(node: Any) -> "tuple[Any, FloatArray, int] | None":
    """Return a MatMul node's input with a constant matrix, the matrix, and the index of its output axis.

    None for other nodes.
    """
    if node.get_type_name() != "MatMul":
        return None
    place, found = node.input(1), node.input_value(1).get_node()
    if found.get_type_name() == "Convert":  # from float16
        found = found.input_value(0).get_node()
    if found.get_type_name() != "Constant" or len(found.shape) != _AXES_OF_A_MATRIX:
        return None
    import numpy as np

    return place, np.array(found.data, np.float32), 0 if node.get_attributes()["transpose_b"] else 1


def _rounded(matrix: FloatArray, inputs: int) -> "tuple[FloatArray, NDArray[np.int8]]":
    """Return a scale for each output, and the matrix divided by it and rounded.

    ``inputs`` is the axis that is summed over.
    """
    import numpy as np

    scale = np.maximum(np.abs(matrix).max(axis=inputs, keepdims=True) / _LEVELS, np.finfo(np.float32).tiny)
    return scale, np.rint(matrix / scale).astype(np.int8)


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry.

    Raises:
        ImportError: OpenVINO is not installed, or broken.
    """
    # Python's own way of marking a module as not importable. A module that is loaded already is kept.
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]
    import openvino

    with _first_use:
        if not _was_used.is_set():
            _use_once(openvino)
            _was_used.set()
    return openvino


def _use_once(openvino: Any) -> None:
    """Run a trivial model while no other thread uses OpenVINO.

    The NumPy support of its Python bindings (pybind11) is initialised by the first call that passes an array,
    in a C++ static. One thread holds the guard of that static while waiting for the GIL, and another thread
    that makes such a call holds the GIL while waiting for the guard. Two threads that start at the same time
    would deadlock.
    """
    import numpy as np

    ops = openvino.opset13
    given = ops.parameter([-1, 1], np.uint8)
    model = openvino.Model([ops.convert(given, "f32")], [given], "first use")
    request = openvino.Core().compile_model(model, "CPU").create_infer_request()
    np.array(request.infer(np.zeros((1, 1), np.uint8), share_inputs=True)[0])


def openvino_version() -> str:
    """Return the installed version of OpenVINO, or an empty string. Does not import it."""
    if importlib.util.find_spec("openvino") is None:
        return ""
    from importlib import metadata

    try:
        return metadata.version("openvino")
    except metadata.PackageNotFoundError:  # just a folder of that name
        return ""


def _from_pixels(tower: Any, preprocessing: Preprocessing) -> "torch.nn.Module":
    import torch

    class FromPixels(torch.nn.Module):
        mean: torch.Tensor
        std: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.tower = tower
            for name, values in (("mean", preprocessing.mean), ("std", preprocessing.std)):
                self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1))

        def forward(self, pixels: torch.Tensor) -> Any:
            scaled = pixels.permute(0, 3, 1, 2).float() / 255
            return self.tower.encode_image((scaled - self.mean) / self.std)

    return FromPixels()
