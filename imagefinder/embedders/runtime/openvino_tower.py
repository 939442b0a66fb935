"""OpenVINO image tower: converted from PyTorch's once, then run without PyTorch.

The only module that imports it. Its Python package reports each import and conversion to Google Analytics through
the package ``openvino_telemetry``, without asking: where no file says otherwise, consent counts as given
(``openvino/tools/ovc/telemetry_utils.py``, ``openvino_telemetry/main.py``). Where that package cannot be imported,
OpenVINO uses a stub of its own that does nothing, so here it never can.
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
"""So many numbers of a picture share a scale where they are rounded to int8."""
_LEVELS = 127
_AXES_OF_A_MATRIX = 2
_first_use, _was_used = threading.Lock(), threading.Event()


class OpenVinoImageTower:
    """Embeds pictures on the processor. Safe to use from several threads."""

    def __init__(self, saved: Path, precision: str) -> None:
        """Load one.

        Args:
            saved: the ``.xml`` file of ``save_image_tower``, or of ``save_in_int8``.
            precision: ``bfloat16`` or ``float32``; of ``save_in_int8``: ``int8``.

        Raises:
            ImportError: OpenVINO is broken.
            RuntimeError: the file is damaged, or of another version.
        """
        openvino = import_openvino()
        hint = _HINTS[float_precision() if precision == INT8 else precision]
        # LATENCY: all cores work on one batch, and only one batch's memory is taken.
        wanted = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
        if precision == INT8:
            wanted["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(_GROUP)
        core = openvino.Core()
        self._compiled: Any = core.compile_model(core.read_model(saved), "CPU", wanted)
        self._lock = threading.Lock()
        self._idle: list[Any] = []

    def encode(self, pixels: Pixels) -> FloatArray:
        """Vectors of pictures, of any length: (n, height, width, 3) → (n, dimension) float32.

        Raises:
            RuntimeError: it could not be computed.
        """
        import numpy as np

        request = self._request()
        rows = np.array(request.infer(np.ascontiguousarray(pixels), share_inputs=True)[0], np.float32)
        with self._lock:
            self._idle.append(request)
        return rows

    def _request(self) -> Any:
        """One that no other thread uses: it holds what lies between the layers."""
        with self._lock:
            return self._idle.pop() if self._idle else self._compiled.create_infer_request()


def save_image_tower(spec: ClipSpec, preprocessing: Preprocessing, file: Path) -> None:
    """Convert a model's image tower and write it to ``file`` (``.xml``) and the ``.bin`` beside it. Imports torch.

    It takes pixels as ``Preprocessing`` gives them. The weights become float16, which halves the file: against those
    in float32, the vectors of the starter model and of a ViT-B-32 turn by a cosine of less than 1e-5.

    Raises:
        ModelError: the model's weights cannot be read or do not fit.
        ImportError, RuntimeError, ValueError: OpenVINO cannot convert it.
        OSError: the files cannot be written.
    """
    import numpy as np
    import torch

    from imagefinder.embedders.towers.tower_loader import Tower, load_tower

    openvino = import_openvino()
    tower = load_tower(spec, Tower.IMAGE, torch.device("cpu"), torch.float32)
    # Shapes that were looked at while it was traced stay what they were; the input's never change.
    warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
    shape = preprocessing.shape
    converted = openvino.convert_model(
        _from_pixels(tower, preprocessing).eval(),
        example_input=torch.zeros((2, *shape), dtype=torch.uint8),
        input=[([-1, *shape], np.uint8)],
    )
    openvino.save_model(converted, file, compress_to_fp16=True)


def save_in_int8(saved: Path, file: Path) -> bool:
    """Write a tower of ``save_image_tower`` with the matrices it multiplies by in int8, one scale for each output.

    What they are multiplied by is rounded to int8, too, when it is computed: processors multiply and add four such
    numbers in the time of one in float32. Returns whether there are any such matrices; else nothing is written.

    Raises:
        ImportError, RuntimeError: OpenVINO cannot read it.
        OSError: the files cannot be written.
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
        # Not the scales: the smallest of them have few digits in float16. The rest stays as it was saved.
        openvino.save_model(model, file, compress_to_fp16=False)
    return has_any


def _matrix_of(node: Any) -> "tuple[Any, FloatArray, int] | None":
    """Where a node takes a constant matrix in to multiply by, the matrix, and which of its axes are the outputs."""
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
    """A scale for each output, and the matrix in those; ``inputs`` is the axis that is summed over."""
    import numpy as np

    scale = np.maximum(np.abs(matrix).max(axis=inputs, keepdims=True) / _LEVELS, np.finfo(np.float32).tiny)
    return scale, np.rint(matrix / scale).astype(np.int8)


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry.

    Raises:
        ImportError: it is not installed, or broken.
    """
    # How Python itself marks what cannot be imported. A program that has loaded it on its own keeps it.
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]
    import openvino

    with _first_use:
        if not _was_used.is_set():
            _use_once(openvino)
            _was_used.set()
    return openvino


def _use_once(openvino: Any) -> None:
    """Compute something, with nobody else about.

    What its Python half (pybind11) knows of NumPy is set up in the first call that hands an array over: in a C++
    static, whose guard one thread holds while it waits for Python's lock, for which another thread that makes such a
    call waits with Python's lock in hand. Two threads that begin at once never end.
    """
    import numpy as np

    ops = openvino.opset13
    given = ops.parameter([-1, 1], np.uint8)
    model = openvino.Model([ops.convert(given, "f32")], [given], "first use")
    request = openvino.Core().compile_model(model, "CPU").create_infer_request()
    np.array(request.infer(np.zeros((1, 1), np.uint8), share_inputs=True)[0])


def openvino_version() -> str:
    """Which OpenVINO is installed, empty where there is none. Does not import it."""
    if importlib.util.find_spec("openvino") is None:
        return ""
    from importlib import metadata

    try:
        return metadata.version("openvino")
    except metadata.PackageNotFoundError:  # only a folder of that name
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
