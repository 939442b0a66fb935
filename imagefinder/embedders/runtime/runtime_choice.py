"""Runtime choice: the result of a runtime trial, stored in the user's cache folder."""

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
from imagefinder.translation import join_names, tr

_LOG = logging.getLogger(__name__)

_FORMAT = 4
_LIBRARIES = ("torch", "open_clip_torch", "timm")


class Runtime(StrEnum):
    """Library that computes an image tower."""

    TORCH = "torch"
    OPENVINO = "openvino"


AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RuntimeSetting:
    """The user's setting for runtimes, and the folder for choices."""

    wanted: str = Runtime.TORCH
    """``auto`` for the better runtime, or the one to use whenever it is available and works."""
    folder: Path | None = None
    """Folder for choices and converted towers. None disables trials, so PyTorch is used."""

    @classmethod
    def from_environment(cls, folder: Path) -> "RuntimeSetting":
        """Return the setting given by ``IMAGEFINDER_RUNTIME``, or ``auto`` if it is not set.

        Raises:
            UsageError: The variable does not name a runtime.
        """
        wanted = os.environ.get("IMAGEFINDER_RUNTIME") or AUTO
        if wanted not in (known := (AUTO, *Runtime)):
            raise UsageError(
                tr(
                    "IMAGEFINDER_RUNTIME names no runtime: “{name}”. Choose from: {names}.",
                    name=wanted,
                    names=join_names(known),
                )
            )
        return cls(wanted, folder)


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """The chosen runtime, and the measurements that led to it."""

    runtime: Runtime
    precision: str
    """``bfloat16`` or ``float32``; also ``int8`` with OpenVINO."""
    torch_rate: float | None = None
    """Pictures per second, in batches. None if it was not measured."""
    openvino_rate: float | None = None
    cosine: float | None = None
    """Smallest cosine between the two runtimes' vectors of the same picture. None if it was not measured."""
    problem: str = ""
    """Error message of OpenVINO, if it failed."""
    tower: str = ""
    """OpenVINO's file, relative to the folder of the choice, or absolute if it came with the model."""

    @property
    def uses_openvino(self) -> bool:
        """Whether OpenVINO computes the image tower."""
        return self.runtime is Runtime.OPENVINO


class ChoiceFile:
    """Stored choice for one model on the processor, with OpenVINO's files if it was chosen.

    Any number of processes may read and write. Towers are named by their content, and the choice that refers
    to them is replaced atomically.
    """

    def __init__(self, folder: Path, spec: ClipSpec, wanted: str, openvino: str) -> None:
        """Create it.

        Args:
            folder: Folder of all choices.
            spec: The model.
            wanted: The user's setting; see ``RuntimeSetting``.
            openvino: Installed version of OpenVINO.
        """
        self.folder = folder / short_hash(spec.id)
        self._file = self.folder / "choice.json"
        self._spec = spec
        self._found_with = {"wanted": wanted, "openvino": openvino}

    def read(self) -> RuntimeChoice | None:
        """Return the stored choice. None if there is none, circumstances have changed, or a file is damaged."""
        found = read_object(self._file)
        try:
            if not found or found["key"] != self._key():
                return None
            kept = dict(found["choice"])
            choice = RuntimeChoice(Runtime(kept.pop("runtime")), **kept)
            if choice.uses_openvino and not tower_files.is_whole(self.tower_of(choice)):
                _LOG.info(
                    "OpenVINO's files in %s are damaged; the runtime trial will be repeated", self.folder
                )
                return None
        except (OSError, LookupError, TypeError, ValueError) as error:
            _LOG.info("could not read runtime choice %s: %s", self._file, error)
            return None
        return choice

    def write(self, choice: RuntimeChoice) -> None:
        """Store a choice in place of the previous one.

        Failures are logged. The trial is then repeated next time.
        """
        try:
            replace_object(self._file, {"key": self._key(), "choice": asdict(choice)})
        except OSError as error:
            _LOG.info("could not store runtime choice: %s", error)
        for problem in tower_files.remove_others(self.folder, choice.tower):
            _LOG.info("could not delete unused tower: %s", problem)

    def tower_of(self, choice: RuntimeChoice) -> Path:
        """Return OpenVINO's file of a choice."""
        return self.folder / choice.tower  # an absolute path replaces the folder

    def _key(self) -> dict[str, Any]:
        """Return everything that the choice depends on. A change of any of it leads to a new trial.

        Raises:
            OSError: The weights file does not exist.
        """
        from importlib import metadata  # imported late: it imports the email package

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
