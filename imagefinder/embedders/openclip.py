"""Embedder for open_clip's CLIP models, including the starter model.

Most text towers run in NumPy. torch is imported to embed a text with one of the others, or to embed a picture
unless OpenVINO was chosen for it (``image_runtime``).
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from imagefinder.domain.errors import ModelError
from imagefinder.domain.scripts import foreign_words, is_english_script, latin_part
from imagefinder.embedders.adaptive_batching import AdaptiveBatching, best_batch, no_memory
from imagefinder.embedders.embedder import Embedder, FloatArray, Pixels
from imagefinder.embedders.hardware.device import choose_device, give_memory_back, is_out_of_memory
from imagefinder.embedders.hardware.device import devices_here as devices_here
from imagefinder.embedders.lazy_resource import LazyResource
from imagefinder.embedders.network_guard import without_network
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers.preprocess import Preprocessing
from imagefinder.embedders.towers.text_pieces import text_pieces
from imagefinder.embedders.weights.weights_file import sha256
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from imagefinder.embedders.runtime.image_runtime import ImageRuntime
    from imagefinder.embedders.runtime.runtime_choice import RuntimeSetting
    from imagefinder.embedders.runtime.runtime_trial import ImageTower

_log = logging.getLogger(__name__)

_Tower = TypeVar("_Tower")

_ON_A_PROCESSOR = 16
"""Batch size for pictures on a processor."""
_LONG_TEXTS = 1024
"""Number of long texts whose piece count is remembered."""


class TextTower(Protocol):
    """Interface of a text tower."""

    def fits(self, text: str) -> bool:
        """Return whether ``encode`` reads the whole text. Longer texts are truncated."""
        ...

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts: (n, dimension) float32, not normalised."""
        ...


class OpenClipEmbedder(Embedder):
    """Embedder for any open_clip model. Cheap to create: each tower's weights are loaded on first use."""

    def __init__(
        self,
        spec: ClipSpec,
        device: str = "auto",
        clock: Callable[[], float] = time.monotonic,
        runtimes: "RuntimeSetting | None" = None,
    ) -> None:
        """Create an embedder without loading the model.

        Args:
            spec: The model.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``. Its availability is checked on first use.
            clock: Returns seconds, for measuring idle time.
            runtimes: Runtimes allowed for the image tower. Defaults to PyTorch only.
        """
        self.name = spec.name
        self.id = spec.id
        self.dimension = spec.dimension
        self.image_side = spec.image_side
        self.is_english = spec.is_english
        self._spec = spec
        self._wanted_device = device
        self._lock = threading.RLock()
        # A separate lock, because towers are loaded both with and without ``_lock`` held.
        self._proving = threading.Lock()
        self._preprocessing = Preprocessing(spec.preprocess_cfg)
        self._runtimes = runtimes
        self._text: LazyResource[TextTower] = LazyResource(self._load_text, clock)
        self._image: LazyResource[ImageTower] = LazyResource(self._load_image, clock)
        self._texts_at_a_time = AdaptiveBatching(is_out_of_memory, self._give_back)
        self._images_at_a_time = AdaptiveBatching(is_out_of_memory, self._give_back)
        self._proved: tuple[int, int, int] | None = None
        self._piece_counts: OrderedDict[str, int] = OrderedDict()
        """Piece counts of the most recent texts that did not fit the context."""

    @cached_property
    def runtime(self) -> "ImageRuntime":
        """Runtime of the image tower. Imported late, because searches by words do not need it."""
        from imagefinder.embedders.runtime.image_runtime import ImageRuntime
        from imagefinder.embedders.runtime.runtime_choice import RuntimeSetting

        return ImageRuntime(
            self._spec, self._preprocessing, self._wanted_device, self._runtimes or RuntimeSetting()
        )

    @property
    def device(self) -> str:
        """Device in use, such as ``cpu (bfloat16)`` or ``cpu (bfloat16, OpenVINO)``.

        Raises:
            DeviceError: The requested device is not available. The message names the available ones.
        """
        choice = self.runtime.choice
        if choice and choice.uses_openvino:
            return f"cpu ({choice.precision}, OpenVINO)"
        device, dtype = self._placement
        return f"{device.type} ({str(dtype).removeprefix('torch.')})"

    @property
    def weights(self) -> Path:
        """Weights file of the model."""
        return self._spec.weights

    @property
    def batch_size(self) -> int:
        """Number of pictures per batch: measured on CUDA, fixed on other devices.

        It is reduced after running out of memory. A processor gains nothing from more than a few pictures per batch.
        """
        found, most = self._fast_batch, self._images_at_a_time.most
        return min(found, most) if most else found

    def prepare(self, image: "Image.Image") -> Pixels:
        """Resize and crop a picture as open_clip does for this model: (height, width, 3) uint8."""
        return self._preprocessing(image)

    def encode_images(self, prepared: Sequence[Pixels]) -> FloatArray:
        """Embed pictures.

        Raises:
            ModelError: The weights cannot be loaded, memory is insufficient, or the vectors are not finite or
                are zero.
            DeviceError: The requested device is not available.
        """
        import numpy as np

        if not prepared:
            return np.empty((0, self.dimension), np.float32)
        with self._image.use() as tower:
            rows = self._images_at_a_time.run(prepared, lambda some: tower.encode(np.stack(some)))
        return self._unit_rows(rows)

    def load_images(self) -> None:
        """Load the image tower; see ``Embedder.load_images``."""
        with self._image.use():
            pass

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts.

        A text longer than the model's context is split into pieces, and gets the normalised mean of their
        unit vectors. An English model does not get ``unknown_words``, whose noise would outweigh the other words.

        Raises:
            ModelError: As for pictures, or the model's tokenizer is not on this computer.
            DeviceError: The requested device is not available.
        """
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), np.float32)
        with self._text.use() as tower:
            pieces = [text_pieces(self._known_part(text), tower.fits) for text in texts]
            flat = [piece for some in pieces for piece in some]
            rows = self._unit_rows(self._texts_at_a_time.run(flat, tower.encode))
        if len(flat) == len(texts):
            return rows
        counts = [len(some) for some in pieces]
        self._remember(dict(zip(texts, counts, strict=True)))
        starts = np.cumsum([0, *counts[:-1]])
        # A sum has the same direction as the mean.
        sums = np.add.reduceat(rows, starts, axis=0)
        # The vector of a text in one piece is kept bit by bit.
        is_whole = np.array(counts)[:, None] == 1
        return np.where(is_whole, rows[starts], self._unit_rows(sums))

    def pieces_of(self, text: str) -> int:
        """See ``Embedder.pieces_of``. Returns 1 for texts that are no longer remembered."""
        return self._piece_counts.get(text, 1)

    def _remember(self, counts: dict[str, int]) -> None:
        with self._lock:
            for text, count in counts.items():
                if count > 1:
                    self._piece_counts[text] = count
                    self._piece_counts.move_to_end(text)
            while len(self._piece_counts) > _LONG_TEXTS:
                self._piece_counts.popitem(last=False)

    def understands(self, text: str) -> bool:
        """Return whether the model was trained on the script of the text. Always true for multilingual models."""
        return not self.is_english or is_english_script(text)

    def unknown_words(self, text: str) -> list[str]:
        """Return the words in scripts that the model was not trained on. None for multilingual models."""
        return foreign_words(text) if self.is_english else []

    def _known_part(self, text: str) -> str:
        return (latin_part(text) if self.is_english else "") or text

    @property
    def is_text_loaded(self) -> bool:
        """Whether the text tower is in memory."""
        return self._text.is_loaded

    @property
    def is_image_loaded(self) -> bool:
        """Whether the image tower is in memory."""
        return self._image.is_loaded

    def release(self, idle_s: float = 0.0) -> bool:
        """Release the towers that have been idle for ``idle_s`` seconds. A tower in use is never released."""
        released = [tower.release(idle_s) for tower in (self._text, self._image)]
        if any(released):
            self._give_back()
        return any(released)

    def close(self) -> None:
        """Release the weights: now, or when the threads that are embedding are done."""
        is_loaded = self.is_text_loaded or self.is_image_loaded
        self._text.close()
        self._image.close()
        if is_loaded:
            self._give_back()

    @cached_property
    def _placement(self) -> "tuple[torch.device, torch.dtype]":
        return choose_device(self._wanted_device)

    def _load_text(self) -> TextTower:
        from imagefinder.embedders.towers.numpy_text_tower import numpy_text_tower
        from imagefinder.embedders.towers.torch_towers import torch_text_tower

        self._begin_loading("text")
        with without_network():
            return numpy_text_tower(self._spec) or self._in_memory(
                lambda: torch_text_tower(self._spec, *self._placement)
            )

    def _load_image(self) -> "ImageTower":
        with without_network():
            return self._in_memory(lambda: self.runtime.load(self._load_torch_image, lambda: self._placement))

    def _load_torch_image(self) -> "ImageTower":
        from imagefinder.embedders.towers.torch_towers import torch_image_tower

        self._begin_loading("image")
        return torch_image_tower(self._spec, *self._placement, self._preprocessing)

    def _begin_loading(self, tower: str) -> None:
        _log.info("loading the %s tower of %s from %s", tower, self.name, self._spec.weights)
        self._prove_checksum()

    def _in_memory(self, load: Callable[[], _Tower]) -> _Tower:
        try:
            return load()
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise no_memory() from error
            raise

    def _prove_checksum(self) -> None:
        """Verify the checksum of the weights file once for each state of the file.

        Towers are loaded separately, and again after their release.
        """
        if not self._spec.sha256:
            return
        with self._proving:
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
        # If the device was never determined, nothing is on one.
        placement = self.__dict__.get("_placement")
        give_memory_back(placement[0] if placement else None)

    @cached_property
    def _fast_batch(self) -> int:
        if self.runtime.choice:  # only made on a processor
            return _ON_A_PROCESSOR
        device, _ = self._placement
        if device.type != "cuda":
            return _ON_A_PROCESSOR if device.type == "cpu" else 64
        with self._lock, self._image.use() as tower:
            found = best_batch(lambda size: self._rate(tower, size))
        _log.info("batch size of %s: %d pictures on %s", self.name, found, self.device)
        return found

    def _rate(self, tower: "ImageTower", size: int) -> float | None:
        """Return the pictures per second at a batch size. None if memory runs out."""
        import numpy as np

        pictures = np.zeros((size, *self._preprocessing.shape), np.uint8)
        try:
            tower.encode(pictures)  # warm-up: chooses kernels and allocates memory
            begun = time.perf_counter()
            for _ in range(2):
                tower.encode(pictures)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        else:
            return 2 * size / (time.perf_counter() - begun)
        self._give_back()
        return None

    def _unit_rows(self, rows: FloatArray) -> FloatArray:
        """Normalise rows in float32, because bfloat16's 8-bit mantissa is too imprecise for unit length."""
        import numpy as np

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
    """Convert a weights file to safetensors at ``spec.weights``, and verify that the copy works.

    Raises:
        ModelError: The weights cannot be read, do not fit ``spec``, or give no usable vectors.
        OSError: The file cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    from imagefinder.embedders.weights.state_dict import separate
    from imagefinder.embedders.weights.torch_weights import read_weights
    from imagefinder.embedders.weights.transformers_clip import as_open_clip

    try:
        save_file(
            separate(as_open_clip(read_weights(source, trusted))), spec.weights, metadata={"format": "pt"}
        )
    except SafetensorError as error:  # for example because the disk is full
        raise OSError(str(error)) from error
    prove(spec)


def prove(spec: ClipSpec) -> None:
    """Verify that a model works by loading it and embedding a picture and a text.

    Raises:
        ModelError: Its weights cannot be read, do not fit, or give no usable vectors.
    """
    from PIL import Image

    trial = OpenClipEmbedder(spec, device="cpu")
    trial.encode_images([trial.prepare(Image.new("RGB", (64, 48), (90, 120, 60)))])
    trial.encode_texts(["a photo"])


def _state_of_file(path: Path) -> tuple[int, int, int]:
    """Return the inode, size and modification time (ns) of a file, to detect changes of its content.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
