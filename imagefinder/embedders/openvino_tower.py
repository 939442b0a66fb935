"""OpenVINO (extra ``openvino``): the image tower of a CLIP model, converted from PyTorch's, without PyTorch.

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

from imagefinder.embedders.base import FloatArray, Pixels
from imagefinder.embedders.preprocess import Preprocessing
from imagefinder.embedders.spec import ClipSpec

if TYPE_CHECKING:
    import torch

_TELEMETRY = "openvino_telemetry"
_PRECISIONS = {"bfloat16": "bf16", "float32": "f32"}


class OpenVinoImageTower:
    """Embeds pictures on the processor. Safe to use from several threads."""

    def __init__(self, saved: Path, precision: str) -> None:
        """``saved``: the ``.xml`` file of ``save_image_tower``; ``precision``: ``bfloat16`` or ``float32``.

        Raises:
            ImportError: OpenVINO is broken.
            RuntimeError: the file is damaged, or of another version.
        """
        openvino = import_openvino()
        # LATENCY: all cores work on one batch, and only one batch's memory is taken.
        wanted = {"INFERENCE_PRECISION_HINT": _PRECISIONS[precision], "PERFORMANCE_HINT": "LATENCY"}
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

    from imagefinder.embedders.towers import Tower, load_tower

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


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry.

    Raises:
        ImportError: it is not installed, or broken.
    """
    # How Python itself marks what cannot be imported. A program that has loaded it on its own keeps it.
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]
    import openvino

    return openvino


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
