"""The runtime choice: result of the trial, stored in the user's cache folder."""

import logging
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from imagefinder.domain.errors import UsageError
from imagefinder.embedders.hardware.device import signs_of_graphics
from imagefinder.embedders.hardware.processor import has_fast_bfloat16, processor_name
from imagefinder.embedders.runtime import tower_files
from imagefinder.embedders.spec import ClipSpec, short_hash
from imagefinder.json_file import read_object, replace_object
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)

_FORMAT = 4
_LIBRARIES = ("torch", "open_clip_torch", "timm")


class Runtime(StrEnum):
    """A library that computes a model's image tower."""

    TORCH = "torch"
    OPENVINO = "openvino"


AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RuntimeSetting:
    """What the user wants, and where what was found is kept."""

    wanted: str = Runtime.TORCH
    """``auto``: the better one; else the one to take wherever it is there and works."""
    folder: Path | None = None
    """None: nothing is tried, and PyTorch computes."""

    @classmethod
    def from_environment(cls, folder: Path) -> "RuntimeSetting":
        """As ``IMAGEFINDER_RUNTIME`` says; ``auto`` where it says nothing.

        Raises:
            UsageError: it names no runtime.
        """
        wanted = os.environ.get("IMAGEFINDER_RUNTIME") or AUTO
        if wanted not in (known := (AUTO, *Runtime)):
            raise UsageError(
                tr(
                    "IMAGEFINDER_RUNTIME names no runtime: “{name}”. Choose from: {names}.",
                    name=wanted,
                    names=", ".join(known),
                )
            )
        return cls(wanted, folder)


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """What was chosen, and why."""

    runtime: Runtime
    precision: str
    """``bfloat16`` or ``float32``; with OpenVINO ``int8``, too."""
    torch_rate: float | None = None
    """Pictures a second, many at a time; None where it was not timed."""
    openvino_rate: float | None = None
    cosine: float | None = None
    """The least between the two runtimes' vectors of the same picture."""
    problem: str = ""
    """What OpenVINO failed with; empty where it did not."""
    tower: str = ""
    """The file that OpenVINO reads, in the folder of the choice, or wherever it came with the model."""

    @property
    def uses_openvino(self) -> bool:
        """Whether OpenVINO computes the image tower."""
        return self.runtime is Runtime.OPENVINO


class ChoiceFile:
    """The choice for one model on the processor, and OpenVINO's files where it won.

    Any number of processes may read and write: the files are named by their content, and the choice, which names
    them, is replaced in one step.
    """

    def __init__(self, folder: Path, spec: ClipSpec, wanted: str, openvino: str) -> None:
        """``folder``: of all such choices. ``openvino``: its version."""
        self.folder = folder / short_hash(spec.id)
        self._file = self.folder / "choice.json"
        self._spec = spec
        self._found_with = {"wanted": wanted, "openvino": openvino}

    def read(self) -> RuntimeChoice | None:
        """What was chosen; None where nothing was, or under other circumstances, or a file of it is damaged."""
        found = read_object(self._file)
        try:
            if not found or found["key"] != self._key():
                return None
            kept = dict(found["choice"])
            choice = RuntimeChoice(Runtime(kept.pop("runtime")), **kept)
            if choice.uses_openvino and not tower_files.is_whole(self.tower_of(choice)):
                _LOG.info("OpenVINO's files in %s are damaged; the choice is made anew", self.folder)
                return None
        except (OSError, LookupError, TypeError, ValueError) as error:
            _LOG.info("no choice can be read from %s: %s", self._file, error)
            return None
        return choice

    def write(self, choice: RuntimeChoice) -> None:
        """Remember a choice in place of the one before; where that cannot be written, it will be made anew."""
        try:
            replace_object(self._file, {"key": self._key(), "choice": asdict(choice)})
        except OSError as error:
            _LOG.info("the choice of a runtime cannot be kept: %s", error)
        for problem in tower_files.remove_others(self.folder, choice.tower):
            _LOG.info("a tower that is not needed stays: %s", problem)

    def tower_of(self, choice: RuntimeChoice) -> Path:
        """OpenVINO's file of a choice."""
        return self.folder / choice.tower  # which leaves a whole path as it is

    def _key(self) -> dict[str, Any]:
        """What the choice hangs on: where any of it changes, it is made anew.

        Raises:
            OSError: the weights are not there.
        """
        from importlib import metadata  # late: it imports the library for e-mail

        weights = self._spec.weights.stat()
        return {
            "format": _FORMAT,
            "model": self._spec.id,
            "weights": [str(self._spec.weights), weights.st_size, weights.st_mtime_ns],
            "processor": processor_name(),
            "bfloat16": has_fast_bfloat16(),
            "cores": os.cpu_count(),
            "graphics": list(signs_of_graphics()),
            **{name: metadata.version(name) for name in _LIBRARIES},
            **self._found_with,
        }
