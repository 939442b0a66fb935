"""``imagefinder doctor``, run in this process, by default with the built-in embedder."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.fakes import picture

from imagefinder import ImageFinder
from imagefinder.cli.disk_sizes import readable_size
from imagefinder.cli.doctor import sections
from imagefinder.cli.doctor.timing import PICTURES, made_pictures, time_model
from imagefinder.cli.main import main
from imagefinder.domain.errors import LibraryError
from imagefinder.embedders.colour.builtin import BuiltinEmbedder
from imagefinder.embedders.hardware.processor import processor_name
from imagefinder.embedders.runtime.image_runtime import ImageRuntime, OtherRuntime
from imagefinder.embedders.runtime.runtime_choice import Runtime, RuntimeChoice
from imagefinder.isolation.decoder_process import DecoderLostError, Loss
from imagefinder.isolation.decoders import Decoders
from imagefinder.isolation.sandbox import Confinement
from imagefinder.paths import default_places


@pytest.fixture
def library(tmp_path: Path, folder: Path) -> Path:
    """Library with one picture."""
    picture("red").save(folder / "red.png")
    with ImageFinder.open(tmp_path / "library") as finder:
        finder.add(folder)
    return tmp_path / "library"


def doctor(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    status = main(["doctor", *map(str, arguments)])
    return status, capfd.readouterr().out


def as_json(capfd: pytest.CaptureFixture[str], *arguments: object) -> Any:
    status, out = doctor(capfd, "--json", *arguments)
    assert status == 0
    return json.loads(out)


def test_it_tells_what_is_here_and_how_fast_it_is(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = as_json(capfd, "--library", library)
    assert list(told) == ["program", "machine", "library", "model", "decoding", "files", "timing"]
    assert not any("problem" in section for section in told.values())
    assert told["library"]["items"] == 1
    assert told["library"]["index"].startswith("exact search over 1 vector")
    assert (told["model"]["name"], told["model"]["batch"]) == ("builtin", BuiltinEmbedder().batch_size)
    assert told["timing"]["pictures"]["count"] == PICTURES
    assert told["timing"]["pictures"]["a_second"] > 0
    assert told["machine"]["memory"]["total"] > told["machine"]["memory"]["available"] > 0


def test_it_says_which_limits_decoders_are_under(
    library: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Decoders, "confinement", lambda _: Confinement(memory=True, network=True))
    told = as_json(capfd, "--library", library, "--no-timing")["decoding"]
    assert [told[key] for key in ("memory_limit", "no_network", "no_files", "call_filter")] == [
        True,
        True,
        False,
        False,
    ]
    _, out = doctor(capfd, "--library", library, "--no-timing")
    assert "System-call filter  not available on this system" in out

    def lost(_: Decoders) -> Confinement:
        raise DecoderLostError(Loss.NOT_STARTED)

    monkeypatch.setattr(Decoders, "confinement", lost)
    _, out = doctor(capfd, "--library", library, "--no-timing")
    assert "none can be started" in out


def test_it_says_when_the_memory_does_not_suffice_for_the_faster_index(
    library: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagefinder.cli.doctor.sections.kind_for", lambda _count: "mapped")
    told = as_json(capfd, "--library", library, "--no-timing")
    assert "1 vector" in told["library"]["index"]
    assert "does not fit the memory" in told["library"]["index"]


def test_without_timing_nothing_is_timed(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert "timing" not in as_json(capfd, "--library", library, "--no-timing")


def test_it_makes_no_library(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = as_json(capfd, "--library", tmp_path / "none", "--no-timing")
    assert "not there yet" in told["library"]["folder"]
    assert not (tmp_path / "none").exists()
    assert not default_places().models.exists()


def test_a_person_reads_short_lines_under_headings(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    status, out = doctor(capfd, "--library", library, "--no-timing")
    lines = out.splitlines()
    assert status == 0
    assert [line for line in lines if not line.startswith(" ")] == [
        "Program",
        "Machine",
        "Library",
        "Model",
        "Decoding",
        "Files",
    ]
    assert all(line == line.rstrip() for line in lines)


def test_the_home_folder_which_holds_a_name_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--no-timing"], ["--no-timing", "--json"]):
        _, out = doctor(capfd, *arguments)
        assert str(Path.home()) not in out
        assert "~" in out


def test_a_broken_library_is_said_and_the_model_examined(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "library.db").write_bytes(b"no database at all" * 1000)
    told = as_json(capfd, "--library", tmp_path / "library")
    assert "library.db" in told["library"]["problem"]
    assert "problem" not in told["model"]
    assert told["timing"]["pictures"]["count"] == PICTURES


def test_a_model_that_cannot_be_had_is_said_and_is_not_timed(
    library: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = as_json(capfd, "--library", library, "--model", "nonsense")
    assert "There is no model called “nonsense”" in told["model"]["problem"]
    assert told["library"]["items"] == 1
    assert "timing" not in told


def test_where_nothing_works_the_exit_status_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out = doctor(capfd, "--library", tmp_path / "none", "--model", "nonsense")
    assert status == 2
    assert "Trouble" in out


def test_a_part_that_fails_in_no_known_way_keeps_nothing_else_away(
    library: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> tuple[str, ...]:
        raise OSError("libtorch_cpu.so: cannot open shared object file")

    monkeypatch.setattr(sections, "graphics_here", broken)
    told = as_json(capfd, "--library", library, "--no-timing")
    assert told["machine"]["problem"] == "OSError: libtorch_cpu.so: cannot open shared object file"
    assert told["machine"]["cores"] >= 1
    assert told["model"]["name"] == "builtin"


def test_a_library_that_cannot_be_opened_leaves_the_default_model(
    library: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> ImageFinder:
        raise LibraryError("The library is of a newer version.")

    monkeypatch.delenv("IMAGEFINDER_MODEL")
    monkeypatch.setattr(ImageFinder, "open", refuse)
    told = as_json(capfd, "--library", library, "--no-timing")
    assert told["library"]["problem"] == "The library is of a newer version."
    assert told["model"]["name"] == "starter"
    assert told["model"]["weights"].endswith("MB)")


def test_the_timed_pictures_are_always_the_same_and_not_alike() -> None:
    first, second = made_pictures(2)
    assert (first.size, first.mode) == ((640, 480), "RGB")
    assert first.tobytes() != second.tobytes()
    assert first.tobytes() == made_pictures(1)[0].tobytes()


def test_each_picture_is_embedded_in_batches_of_the_models_own_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    genuine = BuiltinEmbedder.encode_images
    monkeypatch.setattr(
        BuiltinEmbedder, "encode_images", lambda self, some: sizes.append(len(some)) or genuine(self, some)
    )
    monkeypatch.setattr(BuiltinEmbedder, "batch_size", 24)
    time_model(BuiltinEmbedder())
    assert sizes == [1, 24, 24, 16]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (605_189_364, "605 MB"),
        (2_400_000_000, "2.4 GB"),
        (25e9, "25 GB"),
    ],
)
def test_sizes_are_read_at_a_glance(count: float, words: str) -> None:
    assert readable_size(count) == words


def test_the_processor_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Quick 9000\nmodel name\t: Quick 9000\n")
    assert processor_name(tmp_path / "cpuinfo") == "Quick 9000"
    assert processor_name(tmp_path / "missing")


def test_which_runtime_sees_pictures_is_said_with_its_figures(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ImageRuntime, "choice", RuntimeChoice(Runtime.OPENVINO, "bfloat16", 90.2, 173.4, 0.9995)
    )
    monkeypatch.setenv("IMAGEFINDER_RUNTIME", "auto")
    arguments = ["--model", "starter", "--device", "cpu", "--library", tmp_path / "none", "--no-timing"]
    told = as_json(capfd, *arguments)["model"]
    assert told["device"] == "cpu (bfloat16, OpenVINO)"
    assert told["runtime"]["chosen"] == "openvino"
    assert (told["runtime"]["torch_a_second"], told["runtime"]["openvino_a_second"]) == (90.2, 173.4)
    _, out = doctor(capfd, *arguments)
    assert "OpenVINO: OpenVINO 173 pictures a second, PyTorch 90.2\n" in out
    monkeypatch.setattr(
        ImageRuntime, "choice", RuntimeChoice(Runtime.OPENVINO, "bfloat16", tower="/there/tower.xml")
    )
    assert as_json(capfd, *arguments)["model"]["runtime"]["openvino_a_second"] is None
    _, out = doctor(capfd, *arguments)
    assert "OpenVINO: the model came converted for it\n" in out
    monkeypatch.setattr(ImageRuntime, "choice", RuntimeChoice(Runtime.OPENVINO, "int8", 14.4, 32.5, 0.9989))
    _, out = doctor(capfd, *arguments)
    assert "cpu (int8, OpenVINO): int8 was faster when it was tried" in out
    assert "OpenVINO: OpenVINO 32.5 pictures a second, PyTorch 14.4\n" in out


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("", "auto", 'which may be faster: pip install "imagefinder[openvino]"'),
        ("1.0", "auto", "found out when the model sees its first picture"),
        ("1.0", "torch", "PyTorch: as IMAGEFINDER_RUNTIME says"),
    ],
)
def test_without_timing_no_runtime_is_tried(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    wanted: str,
    expected: str,
) -> None:
    monkeypatch.setattr("imagefinder.cli.doctor.runtime.openvino_version", lambda: version)
    other = OtherRuntime(lambda: version, refuse, refuse, refuse)
    monkeypatch.setattr(ImageRuntime.__init__, "__defaults__", (other,))
    monkeypatch.setenv("IMAGEFINDER_RUNTIME", wanted)
    monkeypatch.setattr("imagefinder.embedders.runtime.image_runtime.is_x86", lambda: False)
    arguments = ["--model", "starter", "--device", "cpu", "--library", tmp_path / "none", "--no-timing"]
    _, out = doctor(capfd, *arguments)
    assert expected in out
    assert not default_places().runtimes.exists()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (
            RuntimeChoice(Runtime.TORCH, "float32", problem="no such operation"),
            "OpenVINO failed here (no such operation)",
        ),
        (
            RuntimeChoice(Runtime.TORCH, "float32", cosine=0.98765),
            "OpenVINO's vectors are others (cosine 0.9877)",
        ),
        (
            RuntimeChoice(Runtime.TORCH, "float32", 30, 29, 1),
            "PyTorch: OpenVINO 29 pictures a second, PyTorch 30",
        ),
    ],
)
def test_why_pytorch_was_chosen_is_said(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    choice: RuntimeChoice,
    expected: str,
) -> None:
    monkeypatch.setattr(ImageRuntime, "choice", choice)
    monkeypatch.setenv("IMAGEFINDER_RUNTIME", "auto")
    _, out = doctor(
        capfd, "--model", "starter", "--device", "cpu", "--library", tmp_path / "none", "--no-timing"
    )
    assert expected in out


def refuse(*_: object) -> Any:
    raise AssertionError("tried")
