"""Run an image tower on PyTorch or OpenVINO, whichever a short trial at first use finds better.

PyTorch is what every model runs on. OpenVINO, where it is installed, has to give the same vectors, and to be about as
fast; then PyTorch is not even imported for pictures, since its tower was converted and kept. The starter model comes
converted.
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

# Below this cosine of made-up pictures the runtimes' vectors are not the same. Two computations in bfloat16 differ by
# 0.0005. In int8 some more is allowed, which still loses no more than bfloat16 does: docs/PERFORMANCE.md.
_LEAST_COSINE, _LEAST_COSINE_IN_INT8 = 0.999, 0.998
# So many times its weights in float32 trying a tower takes: PyTorch's, the converter's, and OpenVINO's. A ViT-B-32 of
# 350 MB took 1.8 GB, 0.4 of which are libraries.
_ROOM = 5
# So much faster int8 has to be than what does not round, to count as being as fast.
_WORTH_ROUNDING = 1.2
# How fast OpenVINO has to be beside PyTorch, of which a trial of a second tells no more. Less than as fast, because it
# starts 1.4 s sooner, without PyTorch's import, and goes better with the threads that decode: ViT-B-32 on two cores
# embedded 150 photographs in 3.1 s in place of 5.4 where the trial had found them about as fast.
_FAST_ENOUGH = 0.9


@dataclass(frozen=True, slots=True)
class OtherRuntime:
    """What computes towers beside PyTorch."""

    version: Callable[[], str]
    """Empty where it is not installed."""
    save: Callable[[ClipSpec, Preprocessing, Path], None]
    """Converts a model's image tower and writes it to a file, and others of its stem."""
    save_in_int8: Callable[[Path, Path], bool]
    """Rounds the tower of a file and writes it to another; tells whether there is anything to round."""
    load: Callable[[Path, str], ImageTower]
    """The tower in a file, computing in ``bfloat16`` or ``float32``, or in ``int8``."""


_OPENVINO = OtherRuntime(openvino_version, save_image_tower, save_in_int8, OpenVinoImageTower)


class ImageRuntime:
    """Loads one model's image tower on the runtime that is best for it, and tells which that is."""

    def __init__(
        self,
        spec: ClipSpec,
        preprocessing: Preprocessing,
        device: str,
        setting: RuntimeSetting,
        other: OtherRuntime = _OPENVINO,
    ) -> None:
        """``device`` is the one asked for: ``auto``, ``cpu``, ``cuda`` or ``mps``."""
        self._spec = spec
        self._preprocessing = preprocessing
        self._device = device
        self.setting = setting
        self._other = other
        self._choice: RuntimeChoice | None = None
        self._is_read = False

    @property
    def is_tried(self) -> bool:
        """Whether there is another runtime than PyTorch, to be tried if the device is a processor."""
        return self._kept is not None

    @property
    def choice(self) -> RuntimeChoice | None:
        """What was chosen for a processor, as far as that is known without importing PyTorch.

        None before the first trial, too.
        """
        # Where there may be a graphics card, only PyTorch knows whether it can use it.
        needs_torch = self._device == AUTO and signs_of_graphics()
        return self._choice if needs_torch else self._found()

    def load(self, load_torch: Callable[[], ImageTower], placement: "Callable[[], Placement]") -> ImageTower:
        """The tower, on the runtime that was chosen; at first use that is found out, in some seconds.

        Args:
            load_torch: loads PyTorch's tower.
            placement: what PyTorch computes on.

        Raises:
            What ``load_torch`` and ``placement`` raise; what goes wrong with the other runtime is logged.
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
            except Exception as error:  # noqa: BLE001 - whatever ails a library that is not needed
                if _may_pass(error):
                    _LOG.info("OpenVINO cannot be loaded now: %s", error)
                else:
                    self._refuse(error)
            else:
                return _Guarded(tower, load_torch, self._refuse)
        return load_torch()

    @cached_property  # not at once: a search by words asks for none of this
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
        """OpenVINO, untried, for a tower that came converted and is known to give the same vectors: on every processor
        of the kind it is made for it was faster, by half and more, and PyTorch's start alone takes as long as a trial.
        """
        tower = self._spec.openvino_tower
        if tower is None or not is_x86():
            return None
        try:
            if is_whole(tower):
                return RuntimeChoice(Runtime.OPENVINO, float_precision(), tower=str(tower))
            _LOG.info("%s is damaged", tower)
        except OSError as error:
            _LOG.info("%s cannot be read: %s", tower, error)
        return None

    def _tried(self, kept: ChoiceFile, load_torch: Callable[[], ImageTower], precision: str) -> ImageTower:
        ours = load_torch()
        theirs: ImageTower | None = None
        try:
            choice = self._compared(ours, kept, precision)
            if choice.uses_openvino:
                theirs = self._other.load(kept.tower_of(choice), choice.precision)
        except Exception as error:  # noqa: BLE001 - whatever ails a library that is not needed
            if _may_pass(error):
                _LOG.info("OpenVINO was not tried: %s", error)
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
        """The choice; the other runtime's better tower is kept if it is the one."""
        from tempfile import TemporaryDirectory

        import psutil

        free, needed = psutil.virtual_memory().available, _ROOM * bytes_of_image_tower(self._spec.weights)
        if free < needed:  # rather not tried than the whole machine without memory
            raise MemoryError(f"{free >> 20} MB are free, and it may take {needed >> 20}")
        kept.folder.mkdir(parents=True, exist_ok=True)
        # Apart from what is kept: another process may try the same model, and keep one of the two alone.
        with TemporaryDirectory(prefix="trial-", dir=kept.folder) as scratch:
            choice, file = self._better(ours, self._saved(Path(scratch), precision), precision)
            return choice if file is None else replace(choice, tower=take_in(file, kept.folder))

    def _better(
        self, ours: ImageTower, saved: dict[str, Path], precision: str
    ) -> tuple[RuntimeChoice, Path | None]:
        """The choice, and the file of the other runtime's tower if it is the one. None of them is loaded any more."""
        choice, best, most = RuntimeChoice(Runtime.TORCH, precision), None, 0.0
        for kind, file in saved.items():
            give_memory_back(None)  # of what was before: the converter's, or the other tower's
            tried = self._timed(ours, file, kind)
            if tried.torch_rate is None or tried.openvino_rate is None:
                choice = choice if best else replace(choice, cosine=tried.cosine)
                continue
            # Each was timed in turns with PyTorch, not with one another.
            gain = tried.openvino_rate / tried.torch_rate / (_WORTH_ROUNDING if kind == INT8 else 1)
            if gain > most:
                choice, best, most = tried, file, gain
        if best and most < _FAST_ENOUGH and self.setting.wanted != Runtime.OPENVINO:
            return replace(choice, runtime=Runtime.TORCH, precision=precision), None
        return choice, best

    def _timed(self, ours: ImageTower, file: Path, kind: str) -> RuntimeChoice:
        """One of the other runtime's towers as a choice; without figures where its vectors are others."""
        theirs, shape = self._other.load(file, kind), self._preprocessing.shape
        cosine = least_cosine(ours, theirs, shape)
        is_same = cosine >= (_LEAST_COSINE_IN_INT8 if kind == INT8 else _LEAST_COSINE)
        torch_rate, rate = rates(ours, theirs, shape) if is_same else (None, None)
        return RuntimeChoice(Runtime.OPENVINO, kind, torch_rate, rate, cosine)

    def _saved(self, folder: Path, precision: str) -> dict[str, Path]:
        """Converts the tower, and again in int8; their files by what they are computed in."""
        whole, rounded = folder / "whole.xml", folder / "rounded.xml"
        self._other.save(self._spec, self._preprocessing, whole)
        has_int8 = self._other.save_in_int8(whole, rounded)
        return {INT8: rounded, precision: whole} if has_int8 else {precision: whole}

    def _remember(self, choice: RuntimeChoice) -> None:
        _LOG.info("%s embeds pictures by %s", self._spec.name, choice)
        self._choice, self._is_read = choice, True
        if self._kept:
            self._kept.write(choice)

    def _refuse(self, error: Exception) -> None:
        """OpenVINO failed: it is not asked again until something changes."""
        _LOG.info("OpenVINO failed; PyTorch takes over: %s", error)
        if choice := self._choice:
            self._remember(RuntimeChoice(Runtime.TORCH, choice.precision, problem=_said(error)))


class _Guarded:
    """A tower with PyTorch's in its place from the moment it fails."""

    def __init__(
        self, tower: ImageTower, load_torch: Callable[[], ImageTower], refuse: Callable[[Exception], None]
    ) -> None:
        self._tower: ImageTower = tower
        self._load_torch = load_torch
        self._refuse = refuse
        self._lock = threading.Lock()
        self._has_failed = False

    def encode(self, pixels: Pixels) -> FloatArray:
        """As the tower in use does."""
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
    """Whether it may go well the next time: a disk was full, or the memory."""
    return isinstance(error, OSError) or is_out_of_memory(error)


def _said(error: Exception) -> str:
    """The first line of what an error says."""
    return (str(error).strip().splitlines() or [""])[0][:200] or type(error).__name__
