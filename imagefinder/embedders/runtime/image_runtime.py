"""Running an image tower on PyTorch or OpenVINO, whichever a short trial at first use finds better.

PyTorch can run every model. OpenVINO is chosen if it is installed, gives the same vectors and is about as
fast. PyTorch is then not even imported for pictures, since the converted tower is kept. The starter model
comes with a converted tower.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.embedders.embedder import FloatArray, Pixels
from imagefinder.embedders.hardware.device import give_memory_back, is_out_of_memory, signs_of_graphics
from imagefinder.embedders.hardware.processor import float_precision, is_x86
from imagefinder.embedders.runtime.openvino_tower import (
    INT8,
    OpenVinoImageTower,
    openvino_version,
    save_image_tower,
    save_in_int8,
)
from imagefinder.embedders.runtime.runtime_choice import (
    AUTO,
    ChoiceFile,
    Runtime,
    RuntimeChoice,
    RuntimeSetting,
)
from imagefinder.embedders.runtime.runtime_trial import ImageTower, least_cosine, rates
from imagefinder.embedders.runtime.tower_files import is_whole, take_in
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers.preprocess import Preprocessing
from imagefinder.embedders.weights.weights_file import bytes_of_image_tower

if TYPE_CHECKING:
    import torch

    Placement = tuple[torch.device, torch.dtype]

_LOG = logging.getLogger(__name__)

# Below this cosine between vectors of synthetic pictures, the runtimes are considered to differ. Two computations in
# bfloat16 differ by 0.0005. For int8 the bound is lower, but no more is lost than with bfloat16: docs/performance.md.
_LEAST_COSINE, _LEAST_COSINE_IN_INT8 = 0.999, 0.998
# Memory that a trial takes, as a multiple of the weights in float32: PyTorch's, the converter's and OpenVINO's. A
# ViT-B-32 of 350 MB took 1.8 GB, of which 0.4 are libraries.
_ROOM = 5
# Speed-up that int8 needs over unrounded precisions to be preferred.
_WORTH_ROUNDING = 1.2
# Speed that OpenVINO needs relative to PyTorch. A trial of a second is not more precise. Less than 1, because
# OpenVINO starts 1.4 s sooner, without importing PyTorch, and interferes less with decoding threads: ViT-B-32 on two
# cores embedded 150 photographs in 3.1 s instead of 5.4 s, although the trial had found them about equal.
_FAST_ENOUGH = 0.9


@dataclass(frozen=True, slots=True)
class OtherRuntime:
    """Functions of a runtime other than PyTorch."""

    version: Callable[[], str]
    """Returns the installed version, or an empty string."""
    save: Callable[[ClipSpec, Preprocessing, Path], None]
    """Converts a model's image tower and writes it to a file, and to others with the same stem."""
    save_in_int8: Callable[[Path, Path], bool]
    """Rounds the tower in a file to int8 and writes it to another. Returns whether there is anything to round."""
    load: Callable[[Path, str], ImageTower]
    """Loads the tower in a file, to compute in ``bfloat16``, ``float32`` or ``int8``."""


_OPENVINO = OtherRuntime(openvino_version, save_image_tower, save_in_int8, OpenVinoImageTower)


class ImageRuntime:
    """Chooses the best runtime for one model's image tower, and loads the tower on it."""

    def __init__(
        self,
        spec: ClipSpec,
        preprocessing: Preprocessing,
        device: str,
        setting: RuntimeSetting,
        other: OtherRuntime = _OPENVINO,
    ) -> None:
        """Create it. ``device`` is the requested one: ``auto``, ``cpu``, ``cuda`` or ``mps``."""
        self._spec = spec
        self._preprocessing = preprocessing
        self._device = device
        self.setting = setting
        self._other = other
        self._choice: RuntimeChoice | None = None
        self._is_read = False

    @property
    def is_tried(self) -> bool:
        """Whether another runtime than PyTorch is available and will be tried on a processor."""
        return self._kept is not None

    @property
    def choice(self) -> RuntimeChoice | None:
        """The runtime choice for the processor, as far as known without importing PyTorch.

        None if there has been no trial yet, or if a graphics card may be used.
        """
        # If there may be a graphics card, only PyTorch knows whether it can be used.
        needs_torch = self._device == AUTO and signs_of_graphics()
        return self._choice if needs_torch else self._found()

    def load(self, load_torch: Callable[[], ImageTower], placement: "Callable[[], Placement]") -> ImageTower:
        """Load the tower on the chosen runtime. The first call runs the trial, which takes some seconds.

        Args:
            load_torch: Loads the tower on PyTorch.
            placement: Returns PyTorch's device and precision.

        Raises the errors of ``load_torch`` and ``placement``. Errors of the other runtime are logged.
        """
        choice = self.choice
        if choice is None:
            device, dtype = placement()
            if self._kept is None or device.type != "cpu":
                return load_torch()
            choice = self._found()
            if choice is None:
                return self._tried(self._kept, load_torch, str(dtype).removeprefix("torch."))
        if choice.uses_openvino and self._kept:
            try:
                tower = self._other.load(self._kept.tower_of(choice), choice.precision)
            except Exception as error:  # noqa: BLE001 - an optional library may raise anything
                if _may_pass(error):
                    _LOG.info("OpenVINO cannot load the tower at the moment: %s", error)
                else:
                    self._refuse(error)
            else:
                return _Guarded(tower, load_torch, self._refuse)
        return load_torch()

    @cached_property  # lazy: a search by words does not need it
    def _kept(self) -> ChoiceFile | None:
        folder, wanted = self.setting.folder, self.setting.wanted
        if folder is None or wanted == Runtime.TORCH or self._device not in (AUTO, "cpu"):
            return None
        version = self._other.version()
        return ChoiceFile(folder, self._spec, wanted, version) if version else None

    def _found(self) -> RuntimeChoice | None:
        if self._kept and not self._is_read:
            self._choice = self._kept.read() or self._ready()
            self._is_read = True
        return self._choice

    def _ready(self) -> RuntimeChoice | None:
        """Return OpenVINO without a trial for a tower that came converted and is known to give the same vectors.

        On every processor of the kind that such towers are made for, OpenVINO was at least half as fast
        again, and importing PyTorch takes as long as a trial.
        """
        tower = self._spec.openvino_tower
        if tower is None or not is_x86():
            return None
        try:
            if is_whole(tower):
                return RuntimeChoice(Runtime.OPENVINO, float_precision(), tower=str(tower))
            _LOG.info("converted tower %s is damaged", tower)
        except OSError as error:
            _LOG.info("cannot read converted tower %s: %s", tower, error)
        return None

    def _tried(self, kept: ChoiceFile, load_torch: Callable[[], ImageTower], precision: str) -> ImageTower:
        ours = load_torch()
        theirs: ImageTower | None = None
        try:
            choice = self._compared(ours, kept, precision)
            if choice.uses_openvino:
                theirs = self._other.load(kept.tower_of(choice), choice.precision)
        except Exception as error:  # noqa: BLE001 - an optional library may raise anything
            if _may_pass(error):
                _LOG.info("runtime trial of OpenVINO postponed: %s", error)
                return ours
            _LOG.info("OpenVINO cannot compute %s", self._spec.name, exc_info=True)
            choice = RuntimeChoice(Runtime.TORCH, precision, problem=_said(error))
        self._remember(choice)
        if theirs is None:
            return ours
        del ours
        give_memory_back(None)
        return _Guarded(theirs, load_torch, self._refuse)

    def _compared(self, ours: ImageTower, kept: ChoiceFile, precision: str) -> RuntimeChoice:
        """Return the choice. If the other runtime was chosen, its better tower is kept."""
        from tempfile import TemporaryDirectory

        import psutil

        free, needed = psutil.virtual_memory().available, _ROOM * bytes_of_image_tower(self._spec.weights)
        if free < needed:  # no trial, rather than making the whole machine run out of memory
            raise MemoryError(f"{free >> 20} MB are free, and it may take {needed >> 20}")
        kept.folder.mkdir(parents=True, exist_ok=True)
        # A separate folder, because another process may run a trial of the same model and keep its towers.
        with TemporaryDirectory(prefix="trial-", dir=kept.folder) as scratch:
            choice, file = self._better(ours, self._saved(Path(scratch), precision), precision)
            return choice if file is None else replace(choice, tower=take_in(file, kept.folder))

    def _better(
        self, ours: ImageTower, saved: dict[str, Path], precision: str
    ) -> tuple[RuntimeChoice, Path | None]:
        """Return the choice, and the file of the other runtime's tower if that was chosen.

        No tower of the other runtime stays loaded.
        """
        choice, best, most = RuntimeChoice(Runtime.TORCH, precision), None, 0.0
        for kind, file in saved.items():
            give_memory_back(None)  # releases the converter's memory, or the previous tower's
            tried = self._timed(ours, file, kind)
            if tried.torch_rate is None or tried.openvino_rate is None:
                choice = choice if best else replace(choice, cosine=tried.cosine)
                continue
            # Each was timed in turns with PyTorch, but not with each other.
            gain = tried.openvino_rate / tried.torch_rate / (_WORTH_ROUNDING if kind == INT8 else 1)
            if gain > most:
                choice, best, most = tried, file, gain
        if best and most < _FAST_ENOUGH and self.setting.wanted != Runtime.OPENVINO:
            return replace(choice, runtime=Runtime.TORCH, precision=precision), None
        return choice, best

    def _timed(self, ours: ImageTower, file: Path, kind: str) -> RuntimeChoice:
        """Compare one tower of the other runtime with PyTorch's. No rates are measured if the vectors differ."""
        theirs, shape = self._other.load(file, kind), self._preprocessing.shape
        cosine = least_cosine(ours, theirs, shape)
        is_same = cosine >= (_LEAST_COSINE_IN_INT8 if kind == INT8 else _LEAST_COSINE)
        torch_rate, rate = rates(ours, theirs, shape) if is_same else (None, None)
        return RuntimeChoice(Runtime.OPENVINO, kind, torch_rate, rate, cosine)

    def _saved(self, folder: Path, precision: str) -> dict[str, Path]:
        """Convert the tower, once more in int8, and return the files by precision."""
        whole, rounded = folder / "whole.xml", folder / "rounded.xml"
        self._other.save(self._spec, self._preprocessing, whole)
        has_int8 = self._other.save_in_int8(whole, rounded)
        return {INT8: rounded, precision: whole} if has_int8 else {precision: whole}

    def _remember(self, choice: RuntimeChoice) -> None:
        _LOG.info("runtime choice for pictures with %s: %s", self._spec.name, choice)
        self._choice, self._is_read = choice, True
        if self._kept:
            self._kept.write(choice)

    def _refuse(self, error: Exception) -> None:
        """Choose PyTorch after a failure of OpenVINO, until something relevant changes."""
        _LOG.info("OpenVINO failed; falling back to PyTorch: %s", error)
        if choice := self._choice:
            self._remember(RuntimeChoice(Runtime.TORCH, choice.precision, problem=_said(error)))


class _Guarded:
    """Tower that is replaced by PyTorch's when it fails."""

    def __init__(
        self, tower: ImageTower, load_torch: Callable[[], ImageTower], refuse: Callable[[Exception], None]
    ) -> None:
        self._tower: ImageTower = tower
        self._load_torch = load_torch
        self._refuse = refuse
        self._lock = threading.Lock()
        self._has_failed = False

    def encode(self, pixels: Pixels) -> FloatArray:
        """Embed pictures with the tower in use."""
        if not self._has_failed:
            try:
                return self._tower.encode(pixels)
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                self._take_over(error)
        return self._tower.encode(pixels)

    def _take_over(self, error: Exception) -> None:
        with self._lock:
            if not self._has_failed:
                self._refuse(error)
                self._tower = self._load_torch()
                self._has_failed = True


def _may_pass(error: Exception) -> bool:
    """Return whether an error is temporary: a full disk, or lack of memory."""
    return isinstance(error, OSError) or is_out_of_memory(error)


def _said(error: Exception) -> str:
    """Return the first line of an error message."""
    return (str(error).strip().splitlines() or [""])[0][:200] or type(error).__name__
