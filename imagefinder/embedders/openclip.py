"""CLIP models of open_clip, the starter model among them. torch is imported when one of them first works."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from imagefinder.embedders.base import Embedder, FloatArray
from imagefinder.embedders.batches import Batches, best_batch, no_memory
from imagefinder.embedders.device import choose_device, give_memory_back, is_out_of_memory
from imagefinder.embedders.device import devices_here as devices_here
from imagefinder.embedders.held import Held
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.state_dict import separate
from imagefinder.embedders.tokenizer import load_tokenizer
from imagefinder.embedders.towers import Tower, import_open_clip, load_tower
from imagefinder.embedders.transformers_clip import as_open_clip
from imagefinder.embedders.weights import read_weights as read_weights
from imagefinder.embedders.weights_file import sha256
from imagefinder.model.errors import ModelError
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch

_log = logging.getLogger(__name__)

# Beyond this ratio of sides, only the middle is resized: a 1 x 5000 picture would become 256 x 1,280,000.
_LONGEST_ASPECT = 16


class OpenClipEmbedder(Embedder):
    """Any open_clip model. Cheap to make; torch, and each tower's weights, are loaded when it first works."""

    def __init__(
        self, spec: ClipSpec, device: str = "auto", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``device``: ``auto``, ``cpu``, ``cuda`` or ``mps``; whether it is there shows at first use.

        ``clock`` gives the seconds by which a tower is idle.
        """
        self.name = spec.name
        self.id = spec.id
        self.dimension = spec.dimension
        self.image_side = spec.image_side
        self._spec = spec
        self._wanted_device = device
        self._lock = threading.RLock()
        self._text = Held(lambda: self._load(Tower.TEXT), clock)
        self._image = Held(lambda: self._load(Tower.IMAGE), clock)
        self._texts_at_a_time = Batches(is_out_of_memory, self._give_back)
        self._images_at_a_time = Batches(is_out_of_memory, self._give_back)
        self._proved: tuple[int, int, int] | None = None

    @cached_property  # asking imports torch, so it cannot be a plain attribute
    def device(self) -> str:
        """What it computes on, such as ``cpu (bfloat16)``.

        Raises:
            DeviceError: the device asked for is not on this machine; the message names those that are.
        """
        device, dtype = self._placement
        return f"{device.type} ({str(dtype).removeprefix('torch.')})"

    @property
    def weights(self) -> Path:
        """The file that its weights are read from."""
        return self._spec.weights

    @property
    def batch_size(self) -> int:
        """A processor gains nothing beyond a few pictures at a time; with a CUDA card it is found by trying.

        Fewer than that once the memory was full.
        """
        found, most = self._fast_batch, self._images_at_a_time.most
        return min(found, most) if most else found

    def prepare(self, image: Image.Image) -> FloatArray:
        """The model's own preprocessing, as open_clip does it: (3, height, width) float32, normalised."""
        squash = self._spec.preprocess_cfg["resize_mode"] == "squash"
        shown = image if squash else _without_extreme_length(image)
        pixels: FloatArray = self._transform(shown).numpy()
        return pixels

    def encode_images(self, prepared: Sequence[FloatArray]) -> FloatArray:
        """Embed pictures.

        Raises:
            ModelError: the weights cannot be loaded, the memory does not suffice, or the model gives numbers that
                are none.
            DeviceError: the device asked for is not on this machine.
        """
        if not prepared:
            return np.empty((0, self.dimension), np.float32)
        with self._image.use() as tower:
            return self._images_at_a_time.run(prepared, lambda some: self._encode_images(tower, some))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts; what is longer than the model's context is cut.

        Raises:
            ModelError: as for pictures, or the model's tokenizer is not on this machine.
            DeviceError: the device asked for is not on this machine.
        """
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        tokens = self._tokenizer(list(texts))
        with self._text.use() as tower:
            return self._texts_at_a_time.run(tokens, lambda some: self._encode_texts(tower, some))

    def understands(self, text: str) -> bool:
        """Whether the model was taught the script of the text; one taught many languages always tries."""
        letters = [character for character in text if character.isalpha()]
        return not self._spec.is_english or not letters or any(letter.isascii() for letter in letters)

    @property
    def is_text_loaded(self) -> bool:
        """Whether the text tower is in memory."""
        return self._text.is_loaded

    @property
    def is_image_loaded(self) -> bool:
        """Whether the image tower is in memory."""
        return self._image.is_loaded

    def release(self, idle_s: float = 0.0) -> bool:
        """Let go of the towers that embedded nothing for so many seconds; none that is embedding now."""
        released = [tower.release(idle_s) for tower in (self._text, self._image)]
        if any(released):
            self._give_back()
        return any(released)

    def close(self) -> None:
        """Let go of the weights: at once, or when a thread that embeds now is done."""
        is_loaded = self.is_text_loaded or self.is_image_loaded
        self._text.close()
        self._image.close()
        if is_loaded:
            self._give_back()

    @cached_property
    def _placement(self) -> "tuple[torch.device, torch.dtype]":
        return choose_device(self._wanted_device)

    def _load(self, tower: Tower) -> Any:
        spec, (device, dtype) = self._spec, self._placement
        _log.info("loading the %s tower of %s from %s", tower.name.lower(), spec.name, spec.weights)
        self._prove_checksum()
        try:
            return load_tower(spec, tower, device, dtype)
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise no_memory() from error
            raise

    def _prove_checksum(self) -> None:
        """Once for each content: the towers are loaded one by one, and again after they were released."""
        if not self._spec.sha256:
            return
        with self._lock:
            state = _state_of_file(self._spec.weights)
            if state == self._proved:
                return
            if not sha256(self._spec.weights).startswith(self._spec.sha256):
                raise ModelError(
                    tr(
                        "{path} is damaged: its checksum is wrong. Delete it and get it again.",
                        path=self._spec.weights,
                    )
                )
            self._proved = state

    def _give_back(self) -> None:
        give_memory_back(self._placement[0])

    @cached_property
    def _fast_batch(self) -> int:
        device, _ = self._placement
        if device.type != "cuda":
            return 16 if device.type == "cpu" else 64
        with self._lock, self._image.use() as tower:
            found = best_batch(lambda size: self._rate(tower, size))
        _log.info("%s takes %d pictures at a time on %s", self.name, found, self.device)
        return found

    def _rate(self, tower: Any, size: int) -> float | None:
        """Pictures a second, that many at a time; None where the memory does not suffice."""
        sides = self._spec.preprocess_cfg["size"]
        height, width = (sides, sides) if isinstance(sides, int) else sides
        pictures = [np.zeros((3, height, width), np.float32)] * size
        try:
            self._encode_images(tower, pictures)  # the first of a size chooses kernels and takes memory
            begun = time.perf_counter()
            for _ in range(2):
                self._encode_images(tower, pictures)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        else:
            return 2 * size / (time.perf_counter() - begun)
        self._give_back()
        return None

    def _encode_images(self, tower: Any, prepared: Sequence[FloatArray]) -> FloatArray:
        import torch

        device, dtype = self._placement
        with torch.inference_mode():
            batch = torch.from_numpy(np.stack(prepared)).to(device, dtype)
            return self._unit_rows(tower.encode_image(batch))

    def _encode_texts(self, tower: Any, tokens: Any) -> FloatArray:
        import torch

        with torch.inference_mode():
            return self._unit_rows(tower.encode_text(tokens.to(self._placement[0])))

    @property
    def _transform(self) -> Any:
        with self._lock:
            return self._loaded_transform

    @cached_property
    def _loaded_transform(self) -> Any:
        import_open_clip()
        from open_clip.transform import PreprocessCfg, image_transform_v2

        return image_transform_v2(PreprocessCfg(**self._spec.preprocess_cfg), is_train=False)

    @property
    def _tokenizer(self) -> Any:
        with self._lock:
            return self._loaded_tokenizer

    @cached_property
    def _loaded_tokenizer(self) -> Any:
        import_open_clip()
        return load_tokenizer(self._spec.model_cfg["text_cfg"])

    def _unit_rows(self, embeddings: "torch.Tensor") -> FloatArray:
        """Normalised in float32: bfloat16 has 8 bits of mantissa, too few for a unit length."""
        rows: FloatArray = embeddings.float().cpu().numpy()
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
            raise ModelError(
                tr(
                    "The model {model} gives no usable numbers on {device}. Its weights may be damaged; if "
                    "not, try another device.",
                    model=self.name,
                    device=self.device,
                )
            )
        return np.asarray(rows / lengths, np.float32)


def convert_weights(source: Path, spec: ClipSpec, trusted: bool = False) -> None:
    """Write a file's weights to ``spec.weights`` as safetensors, and prove that the copy works.

    Raises:
        ModelError: they cannot be read, do not fit ``spec``, or give no usable embeddings.
        OSError: they cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(
            separate(as_open_clip(read_weights(source, trusted))), spec.weights, metadata={"format": "pt"}
        )
    except SafetensorError as error:  # how safetensors reports a full disk
        raise OSError(str(error)) from error
    prove(spec)


def prove(spec: ClipSpec) -> None:
    """Load a model and have it embed a picture and a text, so that what is kept is known to work.

    Raises:
        ModelError: its weights cannot be read, do not fit it, or give no usable embeddings.
    """
    trial = OpenClipEmbedder(spec, device="cpu")
    trial.encode_images([trial.prepare(Image.new("RGB", (64, 48), (90, 120, 60)))])
    trial.encode_texts(["a photo"])


def _state_of_file(path: Path) -> tuple[int, int, int]:
    """What changes with a file's content.

    Raises:
        ModelError: it is not there.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _without_extreme_length(image: Image.Image) -> Image.Image:
    """The middle of a picture far longer than wide; any other picture as it is."""
    width, height = image.size
    longest = min(image.size) * _LONGEST_ASPECT
    if max(image.size) <= longest:
        return image
    if width > height:
        left = (width - longest) // 2
        return image.crop((left, 0, left + longest, height))
    top = (height - longest) // 2
    return image.crop((0, top, width, top + longest))
