"""Tests of the runtime choice, its storage, and the handling of failures, with fake runtimes."""

import json
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from safetensors import safe_open

from imagefinder.domain.errors import UsageError
from imagefinder.embedders.hardware import device
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.runtime import image_runtime, runtime_choice, runtime_trial, tower_files
from imagefinder.embedders.runtime.image_runtime import ImageRuntime, OtherRuntime
from imagefinder.embedders.runtime.runtime_choice import Runtime, RuntimeChoice, RuntimeSetting
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers.preprocess import Preprocessing
from imagefinder.embedders.weights.weights_file import bytes_of_image_tower

MakeSpec = Callable[..., ClipSpec]
TRIAL = ["placement", "torch", "save", "load", "load"]
"""Expected calls of a trial. The last one loads the tower from its final place."""
PIXELS = np.full((2, 32, 32, 3), 7, np.uint8)


class Tower:
    """Fake tower that returns constant vectors in the first two dimensions, rotated by ``angle``."""

    def __init__(self, name: str, angle: float = 0.0) -> None:
        self.name = name
        self.angle = angle
        self.failure: Exception | None = None

    def encode(self, pixels: Any) -> Any:
        if self.failure:
            raise self.failure
        rows = np.zeros((len(pixels), 3), np.float32)
        rows[:, 0], rows[:, 1] = np.cos(self.angle), np.sin(self.angle)
        return rows


class Machine:
    """Fakes of PyTorch and of another runtime, which record the calls they receive."""

    def __init__(self, spec: ClipSpec, folder: Path) -> None:
        self.spec = spec
        self.folder = folder
        self.asked: list[str] = []
        self.installed = "1.0"
        self.theirs = Tower("theirs")
        self.rounded: Tower | None = None
        """The tower in int8. None if there is nothing to round."""
        self.failures: dict[str, Exception] = {}
        self.torch_device = "cpu"

    def runtime(self, wanted: str = "auto", device: str = "cpu") -> ImageRuntime:
        """Return the runtime as a new process would create it."""
        other = OtherRuntime(lambda: self.installed, self._save, self._save_in_int8, self._load)
        setting = RuntimeSetting(wanted, self.folder)
        return ImageRuntime(self.spec, Preprocessing(self.spec.preprocess_cfg), device, setting, other)

    def load(self, runtime: ImageRuntime | None = None) -> Any:
        self.asked.clear()
        return (runtime or self.runtime()).load(self._load_torch, self._placement)

    def chosen(self) -> RuntimeChoice:
        choice = self.runtime().choice
        assert choice is not None
        return choice

    def files(self) -> set[str]:
        return {path.suffix for path in self.folder.rglob("*") if path.is_file()}

    def _placement(self) -> Any:
        self.asked.append("placement")
        return SimpleNamespace(type=self.torch_device), "torch.float32"

    def _load_torch(self) -> Tower:
        self.asked.append("torch")
        return Tower("ours")

    def _save(self, spec: ClipSpec, preprocessing: Preprocessing, file: Path) -> None:
        self._ask("save")
        file.write_text("a graph")
        file.with_suffix(".bin").write_bytes(b"weights" * 10)

    def _save_in_int8(self, saved: Path, file: Path) -> bool:
        assert saved.read_text() == "a graph"
        if self.rounded is not None:
            self._ask("save in int8")
            file.write_text("a rounded graph")
            file.with_suffix(".bin").write_bytes(b"rounded" * 3)
        return self.rounded is not None

    def _load(self, file: Path, precision: str) -> Tower:
        if precision == "int8":
            self._ask("load in int8")
            assert file.read_text() == "a rounded graph"
            assert self.rounded is not None
            return self.rounded
        self._ask("load")
        assert (file.read_text(), precision) == ("a graph", "float32")
        return self.theirs

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.failures:
            raise self.failures[what]


@pytest.fixture
def machine(tiny_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without a graphics card, whose other runtime is twice as fast as PyTorch."""
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"w")
    monkeypatch.setattr(device, "_DRIVERS", ())
    monkeypatch.setattr(image_runtime, "rates", lambda *_: (10.0, 20.0))
    return Machine(replace(tiny_spec(), weights=weights), tmp_path / "runtimes")


def embedded_by(tower: Any) -> str:
    """Return the name of a tower, guarded or not."""
    return getattr(tower, "_tower", tower).name


def test_the_faster_runtime_wins_and_pytorch_is_not_asked_again(machine: Machine) -> None:
    assert embedded_by(machine.load()) == "theirs"
    assert machine.asked == TRIAL
    assert embedded_by(machine.load()) == "theirs"
    assert machine.asked == ["load"]
    choice = machine.chosen()
    assert (choice.runtime, choice.precision) == (Runtime.OPENVINO, "float32")
    assert (choice.torch_rate, choice.openvino_rate, choice.cosine) == (10, 20, 1)


@pytest.mark.parametrize(("theirs", "expected"), [(8.9, "ours"), (9.1, "theirs")])
def test_about_as_fast_is_fast_enough_for_what_starts_sooner(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, theirs: float, expected: str
) -> None:
    monkeypatch.setattr(image_runtime, "rates", lambda *_: (10.0, theirs))
    assert embedded_by(machine.load()) == expected
    assert embedded_by(machine.load()) == expected
    assert "save" not in machine.asked
    assert machine.files() == ({".json"} if expected == "ours" else {".json", ".xml", ".bin"})


def test_a_runtime_that_sees_other_things_is_not_taken_however_fast(machine: Machine) -> None:
    machine.theirs.angle = 0.05  # a cosine of 0.9988
    assert embedded_by(machine.load()) == "ours"
    choice = machine.chosen()
    assert (choice.runtime, choice.openvino_rate) == (Runtime.TORCH, None)
    assert choice.cosine == pytest.approx(np.cos(0.05), abs=1e-6)


def rates_by_name(
    monkeypatch: pytest.MonkeyPatch, torch: float = 10.0, theirs: float = 10.0, rounded: float = 10.0
) -> None:
    by_name = {"theirs": theirs, "rounded": rounded}
    monkeypatch.setattr(image_runtime, "rates", lambda _, tower, __: (torch, by_name[tower.name]))


def test_int8_is_taken_where_it_is_worth_rounding(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.rounded = Tower("rounded", angle=0.05)  # a cosine of 0.9988
    rates_by_name(monkeypatch, theirs=20, rounded=25)
    assert embedded_by(machine.load()) == "rounded"
    assert machine.asked == [
        *("placement", "torch", "save", "save in int8", "load in int8", "load", "load in int8")
    ]
    choice = machine.chosen()
    assert (choice.precision, choice.openvino_rate) == ("int8", 25)
    assert choice.cosine == pytest.approx(np.cos(0.05), abs=1e-6)
    assert embedded_by(machine.load()) == "rounded"
    assert machine.asked == ["load in int8"]
    (kept,) = machine.folder.rglob("tower-*.xml")
    assert kept.read_text() == "a rounded graph", "the other is removed"


@pytest.mark.parametrize(
    ("rounded", "angle", "expected"),
    [(23, 0.0, "theirs"), (30, 0.07, "theirs"), (23, 0.07, "theirs"), (25, 0.0, "rounded")],
)
def test_int8_that_gains_little_or_turns_the_vectors_is_not_taken(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, rounded: float, angle: float, expected: str
) -> None:
    machine.rounded = Tower("rounded", angle)
    rates_by_name(monkeypatch, theirs=20, rounded=rounded)
    assert embedded_by(machine.load()) == expected
    assert machine.chosen().precision == ("int8" if expected == "rounded" else "float32")


def test_int8_may_be_what_beats_pytorch(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.rounded = Tower("rounded")
    rates_by_name(monkeypatch, torch=20, theirs=10, rounded=30)
    assert embedded_by(machine.load()) == "rounded"


@pytest.mark.parametrize(("theirs", "rounded"), [(10, 13), (14, 19), (17.4, 21)])
def test_where_pytorch_is_faster_than_both_or_rounding_gains_little_it_computes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, theirs: float, rounded: float
) -> None:
    machine.rounded = Tower("rounded")
    rates_by_name(monkeypatch, torch=20, theirs=theirs, rounded=rounded)
    assert embedded_by(machine.load()) == "ours"
    choice = machine.chosen()
    assert (choice.runtime, choice.precision) == (Runtime.TORCH, "float32")
    assert choice.openvino_rate in {theirs, rounded}
    assert machine.files() == {".json"}


def test_two_processes_that_try_at_once_do_not_take_each_others_towers(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.rounded = Tower("rounded")
    rates_by_name(monkeypatch, theirs=20, rounded=30)
    other = Machine(machine.spec, machine.folder)
    other.rounded = Tower("rounded")
    load = machine._load

    def meanwhile(file: Path, precision: str) -> Tower:
        if not other.asked:
            assert embedded_by(other.load()) == "rounded"
        return load(file, precision)

    monkeypatch.setattr(machine, "_load", meanwhile)
    assert embedded_by(machine.load()) == "rounded"
    assert embedded_by(machine.load()) == "rounded"
    assert machine.asked == ["load in int8"]
    assert machine.files() == {".json", ".xml", ".bin"}
    assert not list(machine.folder.rglob("trial-*"))


@pytest.mark.parametrize("failure", [OSError(5, "Input/output error"), MemoryError()])
def test_a_kept_tower_that_cannot_be_loaded_now_is_asked_again(machine: Machine, failure: Exception) -> None:
    machine.load()
    machine.failures["load"] = failure
    assert embedded_by(machine.load()) == "ours"
    machine.failures.clear()
    assert embedded_by(machine.load()) == "theirs"
    assert machine.asked == ["load"]


@pytest.fixture
def converted(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose model comes with a converted tower, as the starter model does."""
    came = tmp_path / "came"
    came.mkdir()
    (came / "tower.xml").write_text("a graph")
    (came / "tower.bin").write_bytes(b"weights")
    name = tower_files.take_in(came / "tower.xml", came)
    machine.spec = replace(machine.spec, openvino_tower=came / name)
    monkeypatch.setattr(image_runtime, "is_x86", lambda: True)
    monkeypatch.setattr(image_runtime, "float_precision", lambda: "float32")
    return machine


def test_a_model_that_came_converted_needs_no_trial_and_no_pytorch(converted: Machine) -> None:
    assert embedded_by(converted.load()) == "theirs"
    assert converted.asked == ["load"]
    assert converted.chosen() == RuntimeChoice(
        Runtime.OPENVINO, "float32", tower=str(converted.spec.openvino_tower)
    )
    assert not converted.files(), "nothing was found out that would have to be kept"
    assert embedded_by(converted.load(converted.runtime("torch"))) == "ours"
    converted.installed = ""
    assert embedded_by(converted.load()) == "ours"


def test_on_other_processors_what_came_converted_is_tried(
    converted: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_runtime, "is_x86", lambda: False)
    converted.load()
    assert converted.asked == TRIAL


def test_a_converted_tower_that_does_not_load_is_not_asked_again(converted: Machine) -> None:
    converted.failures["load"] = RuntimeError("of another version")
    assert embedded_by(converted.load()) == "ours"
    converted.failures.clear()
    assert embedded_by(converted.load()) == "ours"
    assert converted.asked == ["torch"]
    assert converted.chosen().problem == "of another version"
    assert converted.spec.openvino_tower is not None
    assert converted.spec.openvino_tower.exists(), "it is not ours to delete"


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_a_damaged_converted_tower_is_not_loaded(converted: Machine, suffix: str) -> None:
    assert converted.spec.openvino_tower is not None
    for harm in (cut, Path.unlink):
        harm(converted.spec.openvino_tower.with_suffix(suffix))
        assert converted.runtime().choice is None
    assert embedded_by(converted.load()) == "theirs"
    assert converted.asked == TRIAL, "it is converted as any other"


def test_numbers_that_are_none_never_agree() -> None:
    broken = Tower("theirs", angle=float("nan"))
    assert runtime_trial.least_cosine(Tower("ours"), broken, (32, 32, 3)) == -1


def test_what_is_wanted_is_taken_though_it_be_slower(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_runtime, "rates", lambda *_: (20.0, 10.0))
    assert embedded_by(machine.load(machine.runtime("openvino"))) == "theirs"
    assert embedded_by(machine.load(machine.runtime("auto"))) == "ours"
    assert embedded_by(machine.load(machine.runtime("torch"))) == "ours"
    assert "save" not in machine.asked


@pytest.mark.parametrize("what", ["save", "load"])
def test_a_runtime_that_fails_is_not_tried_again(machine: Machine, what: str) -> None:
    machine.failures[what] = RuntimeError("no such operation\nat line 7")
    assert embedded_by(machine.load()) == "ours"
    assert machine.chosen().problem == "no such operation"
    assert embedded_by(machine.load()) == "ours"
    assert what not in machine.asked
    assert machine.files() == {".json"}


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), MemoryError()])
def test_what_may_pass_is_not_remembered(machine: Machine, failure: Exception) -> None:
    machine.failures["save"] = failure
    assert embedded_by(machine.load()) == "ours"
    machine.failures.clear()
    assert embedded_by(machine.load()) == "theirs"


def test_without_the_memory_for_it_nothing_is_tried_this_time(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_runtime, "bytes_of_image_tower", lambda _: 1_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=4_999_999))
    assert embedded_by(machine.load()) == "ours"
    assert machine.asked == ["placement", "torch"]
    assert not machine.files()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=5_000_000))
    assert embedded_by(machine.load()) == "theirs"


def test_an_image_tower_is_measured_in_float32(tiny_safetensors: Path, tmp_path: Path) -> None:
    with safe_open(tiny_safetensors, "pt") as weights:
        numbers = sum(
            math.prod(weights.get_slice(name).get_shape())
            for name in weights.offset_keys()
            if name.startswith("visual.")
        )
    assert bytes_of_image_tower(tiny_safetensors) == 4 * numbers > 0
    other = tmp_path / "model.bin"
    other.write_bytes(b"pickled")
    assert bytes_of_image_tower(other) == 7


def test_a_folder_that_cannot_be_written_costs_only_the_trial(machine: Machine) -> None:
    machine.folder.write_text("a file in its place")
    assert embedded_by(machine.load()) == "ours"
    assert machine.folder.read_text() == "a file in its place"


def test_a_choice_that_cannot_be_kept_counts_for_this_process(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runtime_choice, "replace_object", full)
    runtime = machine.runtime()
    assert embedded_by(machine.load(runtime)) == "theirs"
    assert embedded_by(machine.load(runtime)) == "theirs"
    assert machine.asked == ["load"]
    assert machine.runtime().choice is None


def test_pytorch_takes_over_from_a_kept_tower_that_does_not_load(machine: Machine) -> None:
    machine.load()
    machine.failures["load"] = RuntimeError("of another version")
    assert embedded_by(machine.load()) == "ours"
    assert machine.chosen().problem == "of another version"


def test_pytorch_takes_over_in_the_middle_of_work(machine: Machine) -> None:
    machine.load()
    runtime = machine.runtime()
    tower = machine.load(runtime)
    machine.theirs.failure = RuntimeError("primitive not found")
    assert tower.encode(PIXELS).shape == (2, 3)
    assert tower.encode(PIXELS).shape == (2, 3)
    assert machine.asked == ["load", "torch"], "once"
    assert embedded_by(tower) == "ours"
    assert runtime.choice is not None
    assert machine.chosen().problem == runtime.choice.problem == "primitive not found"
    tower._tower.failure = RuntimeError("PyTorch's own")
    with pytest.raises(RuntimeError, match="PyTorch's own"):
        tower.encode(PIXELS)
    assert machine.chosen().problem == "primitive not found"


@pytest.mark.parametrize("failure", [MemoryError(), RuntimeError("Exception: std::bad_alloc")])
def test_a_full_memory_is_not_the_runtimes_fault(machine: Machine, failure: Exception) -> None:
    tower = machine.load()
    machine.theirs.failure = failure
    with pytest.raises(type(failure)):
        tower.encode(PIXELS)
    machine.theirs.failure = None
    tower.encode(PIXELS)
    assert embedded_by(tower) == "theirs"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, flip, Path.unlink, lambda path: path.write_text("[]")])
@pytest.mark.parametrize("suffix", [".xml", ".bin", ".json"])
def test_a_damaged_file_makes_the_choice_anew(
    machine: Machine, harm: Callable[[Path], Any], suffix: str
) -> None:
    machine.load()
    harm(next(machine.folder.rglob(f"*{suffix}")))
    assert machine.runtime().choice is None
    assert embedded_by(machine.load()) == "theirs"
    assert machine.asked == TRIAL
    machine.load()
    assert machine.asked == ["load"]


def test_a_choice_of_strange_content_is_made_anew(machine: Machine) -> None:
    machine.load()
    file = next(machine.folder.rglob("choice.json"))
    kept = json.loads(file.read_text())
    for strange in ({"runtime": "onnx"}, {"colour": "red"}, {"tower": "../elsewhere.xml"}):
        file.write_text(json.dumps({**kept, "choice": {**kept["choice"], **strange}}))
        assert machine.runtime().choice is None
    file.write_text(json.dumps({**kept, "choice": None}))
    assert machine.runtime().choice is None


def other_weights(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.spec.weights.write_bytes(b"others")


def touched_weights(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(machine.spec.weights, (1, 1))


def other_version(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.installed = "2.0"


def other_torch(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"99.{name}")


def other_processor(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_choice, "processor_name", lambda: "Another")


def other_precision(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    native = runtime_choice.has_fast_bfloat16()
    monkeypatch.setattr(runtime_choice, "has_fast_bfloat16", lambda: not native)


def more_cores(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 999)


def new_card(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_DRIVERS", (os.devnull,))


@pytest.mark.parametrize(
    "change",
    [
        other_weights,
        touched_weights,
        other_version,
        other_torch,
        other_processor,
        other_precision,
        more_cores,
        new_card,
    ],
)
def test_whatever_the_choice_hangs_on_makes_it_anew(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, change: Callable[..., None]
) -> None:
    machine.load()
    change(machine, monkeypatch)
    machine.load()
    assert machine.asked == TRIAL
    assert len(list(machine.folder.rglob("tower-*.bin"))) == 1, "the old one is removed"


def test_another_model_has_a_choice_of_its_own(machine: Machine) -> None:
    machine.load()
    machine.load(machine.runtime(device="auto"))
    assert machine.asked == ["load"], "the processor is the processor, asked for or found"
    machine.spec = replace(machine.spec, weights_id="other")
    machine.load()
    assert "save" in machine.asked
    assert len(list(machine.folder.rglob("choice.json"))) == 2


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_graphics_card_that_was_asked_for_is_pytorchs(machine: Machine, name: str) -> None:
    machine.torch_device = name
    runtime = machine.runtime(device=name)
    assert embedded_by(machine.load(runtime)) == "ours"
    assert not runtime.is_tried
    assert not machine.folder.exists()


def test_where_there_may_be_a_card_pytorch_is_asked_whether_there_is(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_DRIVERS", (os.devnull,))
    machine.load(machine.runtime(device="auto"))
    again = machine.runtime(device="auto")
    assert again.choice is None
    assert embedded_by(machine.load(again)) == "theirs"
    assert machine.asked == ["placement", "load"], "no card after all"
    assert again.choice is not None
    machine.torch_device = "cuda"
    assert embedded_by(machine.load(machine.runtime(device="auto"))) == "ours"


def test_signs_of_a_graphics_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "System32").mkdir()
    (tmp_path / "System32" / "nvcuda.dll").touch()
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    signs = {}
    for platform in ("win32", "darwin", "linux"):
        monkeypatch.setattr(device.sys, "platform", platform)
        monkeypatch.setattr(device, "_DRIVERS", (os.devnull, str(tmp_path / "none")))
        signs[platform] = device.signs_of_graphics()
    assert signs == {
        "win32": (str(tmp_path / "System32" / "nvcuda.dll"),),
        "darwin": ("Metal",),
        "linux": (os.devnull,),
    }


def test_where_no_other_runtime_is_installed_nothing_is_tried(machine: Machine) -> None:
    machine.installed = ""
    runtime = machine.runtime()
    assert embedded_by(machine.load(runtime)) == "ours"
    assert not runtime.is_tried
    assert not machine.folder.exists()


def test_several_at_once_leave_a_whole_choice(machine: Machine) -> None:
    with ThreadPoolExecutor(8) as pool:
        towers = list(
            pool.map(
                lambda _: machine.runtime().load(machine._load_torch, machine._placement),
                range(16),
            )
        )
    assert all(embedded_by(tower) in ("ours", "theirs") for tower in towers)
    machine.load()
    assert machine.chosen().runtime is Runtime.OPENVINO
    assert not list(machine.folder.rglob("trial-*"))


def test_the_trial_alternates_and_takes_the_fastest_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(
        runtime_trial, "time", SimpleNamespace(perf_counter=lambda: now[0], monotonic=lambda: now[0])
    )
    order: list[tuple[str, int]] = []

    class Timed(Tower):
        def __init__(self, name: str, seconds: float) -> None:
            super().__init__(name)
            self.seconds = seconds

        def encode(self, pixels: Any) -> Any:
            order.append((self.name, len(pixels)))
            # Every second time, another program takes half of the processor.
            now[0] += self.seconds * len(pixels) * (1 + len(order) // 2 % 2)
            return super().encode(pixels)

    found = runtime_trial.rates(Timed("ours", 0.008), Timed("theirs", 0.004), (8, 8, 3))
    assert found == (pytest.approx(125), pytest.approx(250))
    rounds = order[5:]
    assert rounds == [("ours", 16), ("theirs", 16)] * (len(rounds) // 2)
    order.clear()
    runtime_trial.rates(Timed("ours", 2.0), Timed("theirs", 2.0), (8, 8, 3))
    assert order[5:] == [("ours", 1), ("theirs", 1)], "a large model is timed by few pictures"


@pytest.mark.parametrize("given", ["", "auto", "torch", "openvino"])
def test_the_environment_says_which_runtime_is_wanted(
    given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMAGEFINDER_RUNTIME", given)
    assert RuntimeSetting.from_environment(tmp_path) == RuntimeSetting(given or "auto", tmp_path)


def test_a_runtime_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMAGEFINDER_RUNTIME", "tensorflow")
    with pytest.raises(UsageError, match=r"no runtime: “tensorflow”\. Choose from: auto, torch, openvino\."):
        RuntimeSetting.from_environment(tmp_path)


def test_an_embedder_says_what_it_computes_with(machine: Machine) -> None:
    machine.load()
    embedder = OpenClipEmbedder(machine.spec, "cpu")
    embedder.runtime = machine.runtime()
    assert embedder.device == "cpu (float32, OpenVINO)"
    assert embedder.batch_size == 16
    assert "_placement" not in embedder.__dict__, "PyTorch was not asked"
    runtime = embedder.runtime
    machine.failures["load"] = RuntimeError("broken")
    machine.load(runtime)
    assert embedder.device.startswith("cpu (")
    assert "OpenVINO" not in embedder.device


def test_by_itself_an_embedder_tries_nothing(tiny_spec: MakeSpec) -> None:
    assert not OpenClipEmbedder(tiny_spec(), "cpu").runtime.is_tried
