"""The sections of ``imagefinder doctor``.

They change nothing, with one exception: timing a model that has not embedded any picture on this machine runs the
runtime trial, and the runtime choice is stored.
"""

import argparse
import os
import platform
from collections.abc import Iterator
from functools import cached_property
from importlib import metadata

import psutil

from imagefinder import __version__
from imagefinder.api import ImageFinder
from imagefinder.cli.disk_sizes import path_and_size, readable_size, room_for, size_of
from imagefinder.cli.doctor.decoding import decoding_facts
from imagefinder.cli.doctor.report import Fact, Section, examine
from imagefinder.cli.doctor.runtime import runtime_text, runtime_value
from imagefinder.cli.doctor.timing import PICTURES, time_model
from imagefinder.cli.open_library import has_library
from imagefinder.domain.errors import ImageFinderError
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.model_names import model_title
from imagefinder.embedders import model_registry
from imagefinder.embedders.embedder import Embedder
from imagefinder.embedders.hardware.device import graphics_here, why_no_graphics
from imagefinder.embedders.hardware.processor import has_fast_bfloat16, processor_name
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.runtime.runtime_choice import RuntimeSetting
from imagefinder.logs import log_file
from imagefinder.paths import default_places
from imagefinder.translation import tr
from imagefinder.vectors.index_registry import kind_for

_LIBRARIES = (
    "torch", "openvino", "open_clip_torch", "timm", "transformers", "hnswlib", "PySide6-Essentials",
)  # fmt: skip


class Examination:
    """Examination of one installation and one library."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._places = default_places(arguments.library)

    def sections(self) -> Iterator[Section]:
        """Yield the sections one by one. An error in one section does not affect the others."""
        yield examine("program", tr("Program"), self._program)
        yield examine("machine", tr("Machine"), self._machine)
        yield examine("library", tr("Library"), self._library)
        model = examine("model", tr("Model"), self._model)
        yield model
        yield examine("decoding", tr("Decoding"), decoding_facts)
        yield examine("files", tr("Files"), self._files)
        if not (self._arguments.no_timing or model.problem):
            yield examine("timing", tr("Speed"), self._timing)

    def _program(self) -> Iterator[Fact]:
        yield Fact("imagefinder", "imagefinder", __version__)
        yield Fact("python", "Python", platform.python_version())
        yield Fact("system", tr("System"), platform.platform())
        yield Fact("libraries", tr("Libraries"), ", ".join(map(_version, _LIBRARIES)))

    def _machine(self) -> Iterator[Fact]:
        cores, is_fast = os.cpu_count() or 1, has_fast_bfloat16()
        bfloat16 = tr("with fast bfloat16") if is_fast else tr("no fast bfloat16 known of")
        yield Fact(
            "processor", tr("Processor"), f"{processor_name()}, {tr('%n core(s)', '', cores)}, {bfloat16}"
        )
        yield Fact("cores", "", "", cores)
        yield Fact("fast_bfloat16", "", "", is_fast)
        memory = psutil.virtual_memory()
        told = tr(
            "{all}, of which {free} free",
            all=readable_size(memory.total),
            free=readable_size(memory.available),
        )
        yield Fact("memory", tr("Memory"), told, {"total": memory.total, "available": memory.available})
        yield Fact("graphics", tr("Graphics"), ", ".join(graphics_here()) or why_no_graphics())

    def _library(self) -> Iterator[Fact]:
        folder = self._places.library
        status = self._status
        room = tr("{free} free on its disk", free=readable_size(room_for(folder)))
        if status is None:
            yield Fact(
                "folder", tr("Folder"), tr("{folder} (not there yet; {room})", folder=folder, room=room)
            )
            return
        size = readable_size(size_of(folder))
        yield Fact(
            "folder", tr("Folder"), tr("{folder} ({size}; {room})", folder=folder, size=size, room=room)
        )
        yield Fact("items", tr("Pictures and pages"), str(status.items), status.items)
        unreadable = tr("%n file(s) could not be read", "", len(status.unreadable))
        yield Fact("unreadable", tr("Unreadable"), unreadable)
        most = max(status.embedded.values(), default=0)
        kind = kind_for(most)
        told = {
            "exact": tr("exact search over %n vector(s)", "", most),
            "hnsw": tr("HNSW over %n vector(s)", "", most),
            "mapped": tr(
                "exact search over %n vector(s) in a file, which is slower: the faster index does not fit the "
                "memory that is free",
                "",
                most,
            ),
        }
        yield Fact("index", tr("Index"), told[kind])

    def _model(self) -> Iterator[Fact]:
        name, why = self._chosen
        yield Fact("name", tr("Model"), _with_reason(model_title(name), why), name)
        embedder = self._embedder
        yield Fact("id", tr("Identity"), embedder.id)
        if isinstance(embedder, OpenClipEmbedder):
            weights = embedder.weights
            yield Fact("weights", tr("Weights"), f"{weights} ({readable_size(weights.stat().st_size)})")
        device = embedder.device
        yield Fact("device", tr("Computes on"), _with_reason(device, _why_device(device)), device)
        yield from _runtime(embedder)
        if _is_batch_tried(embedder):
            yield Fact("batch", tr("At a time"), tr("found by trying when the model first works"), 0)
        else:
            why = tr("a processor gains nothing from more") if device.startswith("cpu") else ""
            yield _batch(embedder, why)

    def _files(self) -> Iterator[Fact]:
        places = self._places
        yield Fact("thumbnails", tr("Thumbnails"), path_and_size(places.thumbnails))
        yield Fact("models", tr("Models"), path_and_size(places.models))
        yield Fact("settings", tr("Settings"), path_and_size(places.settings))
        yield Fact("log", tr("Log"), path_and_size(log_file()))

    def _timing(self) -> Iterator[Fact]:
        before = list(_runtime(self._embedder))
        timing = time_model(self._embedder)
        if (found := list(_runtime(self._embedder))) != before:
            yield from found
        if _is_batch_tried(self._embedder):
            yield _batch(self._embedder, tr("found by trying"))
        words = tr(
            "{first} s for the first, loading included; then {next} ms",
            first=f"{timing.first_text:.2f}",
            next=f"{timing.text * 1000:.0f}",
        )
        yield Fact("words", tr("Words"), words, {"first_s": timing.first_text, "next_s": timing.text})
        pictures = tr(
            "{rate} a second ({count} of 640 x 480: {prepare} s to prepare, {embed} s to embed; {load} s for "
            "the first, loading included)",
            rate=f"{timing.pictures_a_second:.0f}",
            count=PICTURES,
            prepare=f"{timing.prepare:.2f}",
            embed=f"{timing.embed:.2f}",
            load=f"{timing.load_images:.2f}",
        )
        yield Fact(
            "pictures",
            tr("Pictures"),
            pictures,
            {
                "a_second": timing.pictures_a_second,
                "count": PICTURES,
                "prepare_s": timing.prepare,
                "embed_s": timing.embed,
                "first_s": timing.load_images,
            },
        )

    @cached_property
    def _status(self) -> LibraryStatus | None:
        """Status of the library, or None if there is no library."""
        if not has_library(self._arguments):
            return None
        with ImageFinder.open(self._places.library) as finder:
            return finder.status()

    @cached_property
    def _chosen(self) -> tuple[str, str]:
        """Name of the model, and the reason for its choice."""
        if self._arguments.model:
            return self._arguments.model, tr("as --model says")
        if named := os.environ.get("IMAGEFINDER_MODEL"):
            return named, tr("as IMAGEFINDER_MODEL says")
        try:
            status = self._status
        except ImageFinderError:  # reported in the library's section
            status = None
        if status is not None and status.model:
            return status.model, tr("the library's")
        return model_registry.default_model(self._places.models), tr("the best one on this machine")

    @cached_property
    def _embedder(self) -> Embedder:
        runtimes = RuntimeSetting.from_environment(self._places.runtimes)
        return model_registry.create(self._chosen[0], self._arguments.device, self._places.models, runtimes)


def _version(library: str) -> str:
    try:
        return f"{library} {metadata.version(library)}"
    except metadata.PackageNotFoundError:
        return tr("{library} not installed", library=library)


def _is_batch_tried(embedder: Embedder) -> bool:
    """Whether the batch size is found by trying, so that asking for it would load the model and distort the timing."""
    return embedder.device.startswith("cuda")


def _runtime(embedder: Embedder) -> Iterator[Fact]:
    if isinstance(embedder, OpenClipEmbedder):
        yield Fact("runtime", tr("Runtime"), runtime_text(embedder), runtime_value(embedder))


def _batch(embedder: Embedder, why: str) -> Fact:
    size = embedder.batch_size
    return Fact("batch", tr("At a time"), _with_reason(tr("%n picture(s)", "", size), why), size)


def _why_device(device: str) -> str:
    return {
        "cpu (bfloat16)": tr("this processor is faster in bfloat16"),
        "cpu (bfloat16, OpenVINO)": tr("this processor is faster in bfloat16"),
        "cpu (float32, OpenVINO)": tr("bfloat16 is not known to be faster on this processor"),
        "cpu (float32)": tr("bfloat16 is not known to be faster on this processor"),
        "cpu (int8, OpenVINO)": tr("int8 was faster when it was tried, and its vectors nearly the same"),
        "cuda (float16)": tr("a graphics card is fastest in half precision"),
        "mps (float32)": tr("half precision is not safe with every model here"),
    }.get(device, "")


def _with_reason(what: str, why: str) -> str:
    return tr("{what}: {why}", "a choice and its reason", what=what, why=why) if why else what
