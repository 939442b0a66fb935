"""Image and text towers run by PyTorch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imagefinder.embedders.embedder import FloatArray
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers.preprocess import Preprocessing
from imagefinder.embedders.towers.tokenizer import load_tokenizer
from imagefinder.embedders.towers.tower_loader import Tower, load_tower

if TYPE_CHECKING:
    import torch

    from imagefinder.embedders.towers.tokenizer import Tokenizer


class TorchImageTower:
    """Image tower run by PyTorch."""

    def __init__(
        self, tower: Any, device: "torch.device", dtype: "torch.dtype", preprocessing: Preprocessing
    ) -> None:
        import torch

        self._tower = tower
        self._device = device
        self._dtype = dtype
        self._mean, self._std = (
            torch.tensor(values).view(1, 3, 1, 1).to(device)
            for values in (preprocessing.mean, preprocessing.std)
        )

    def encode(self, pixels: NDArray[np.uint8]) -> FloatArray:
        """Embed pictures: (n, height, width, 3) uint8 to (n, dimension) float32, not normalised."""
        import torch

        with torch.inference_mode():
            # Pixels are transferred as bytes, a quarter of the size in float32.
            scaled = (
                torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2).contiguous().float().div_(255)
            )
            rows = self._tower.encode_image(scaled.sub_(self._mean).div_(self._std).to(self._dtype))
            return _as_array(rows)


class TorchTextTower:
    """Text tower run by PyTorch."""

    def __init__(self, tower: Any, device: "torch.device", tokenizer: "Tokenizer") -> None:
        self._tower = tower
        self._device = device
        self._tokenizer = tokenizer

    def fits(self, text: str) -> bool:
        """Return whether ``encode`` reads the whole text. Longer texts are truncated."""
        return self._tokenizer.fits(text)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts: (n, dimension) float32, not normalised."""
        import torch

        with torch.inference_mode():
            return _as_array(self._tower.encode_text(self._tokenizer(list(texts)).to(self._device)))


def torch_image_tower(
    spec: ClipSpec, device: "torch.device", dtype: "torch.dtype", preprocessing: Preprocessing
) -> TorchImageTower:
    """Load a model's image tower.

    Raises:
        ModelError: The tower cannot be built, or the weights cannot be read or do not fit.
    """
    return TorchImageTower(load_tower(spec, Tower.IMAGE, device, dtype), device, dtype, preprocessing)


def torch_text_tower(spec: ClipSpec, device: "torch.device", dtype: "torch.dtype") -> TorchTextTower:
    """Load a model's text tower and its tokenizer.

    Raises:
        ModelError: As for the image tower, or the tokenizer is not on this computer.
    """
    tower = load_tower(spec, Tower.TEXT, device, dtype)
    return TorchTextTower(tower, device, load_tokenizer(spec.model_cfg["text_cfg"]))


def _as_array(rows: "torch.Tensor") -> FloatArray:
    array: FloatArray = rows.float().cpu().numpy()
    return array
