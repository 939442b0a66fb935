"""Downloading and removing models on the command line, with a local hub that may misbehave."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import save
from helpers.fakes import picture
from helpers.hub_server import Fault, HubServer
from helpers.program import ROOT, AnyArgument, Program, assert_refused
from helpers.tiny_offer import NAME, WEIGHTS, stock, weights_bytes, write_config

HALF = 6_000_000


class HubProgram(Program):
    """The program with the tiny model in its catalogue."""

    def __init__(self, folder: Path, config: Path) -> None:
        super().__init__(folder)
        self._config = config
        del self.environment["HF_HUB_OFFLINE"]
        self.environment["PYTHONPATH"] = f"{ROOT}:{ROOT / 'tests'}"

    def command(self, *arguments: AnyArgument) -> list[AnyArgument]:
        return [sys.executable, ROOT / "tests" / "helpers" / "hub_program.py", self._config, *arguments]

    def listed(self, name: str = NAME) -> dict[str, object]:
        models = self.run("models", "list", "--json").json["models"]
        return next(model for model in models if model["name"] == name)


@pytest.fixture(scope="module")
def weights() -> bytes:
    return weights_bytes()


@pytest.fixture
def hub(weights: bytes) -> Iterator[HubServer]:
    with HubServer() as server:
        stock(server, weights)
        yield server


@pytest.fixture
def program(tmp_path: Path, hub: HubServer) -> HubProgram:
    program = HubProgram(tmp_path / "program", write_config(tmp_path / "tiny-clip.json"))
    program.environment["HF_ENDPOINT"] = hub.address
    return program


def test_a_model_is_downloaded_used_and_removed(program: HubProgram, hub: HubServer, folder: Path) -> None:
    for number, colour in enumerate(("red", "green", "blue")):
        save(picture(colour, number), folder / f"{colour}.png")
    got = program.run("models", "download", NAME)
    assert got.status == 0, got
    assert got.errors == [f"{NAME} is here. Use it with: imagefinder models use {NAME}"]
    entry = program.listed()
    assert (entry["installed"], entry["removable"], entry["in_use"]) == (True, True, False)
    again = program.run("models", "download", NAME)
    assert (again.status, len(again.errors)) == (0, 1)
    assert "is here already" in again.errors[0]

    found = program.run("--model", NAME, "search", "a dog", "--in", folder, "--json")
    assert found.json["model"] == NAME, found
    assert_refused(program.run("models", "remove", NAME), "is searched with", "models use")
    assert program.run("models", "use", "builtin", "--now").status == 0
    # The message must not suggest using another model first, which would not help.
    assert_refused(
        program.run("models", "remove", "builtin"), "comes with the program, and cannot be removed"
    )
    removed = program.run("models", "remove", NAME)
    assert removed.status == 0, removed
    assert "MB are free again" in removed.errors[0]
    assert "is kept (3 pictures and pages)" in removed.errors[1]
    assert not program.listed()["installed"]

    dropped = program.run("models", "remove", NAME, "--vectors")
    assert "is deleted: 3 pictures" in dropped.errors[-1]
    assert_refused(program.run("models", "remove", NAME, "--vectors"), "not on this machine")


def test_a_download_that_fails_is_one_line_and_goes_on_later(
    program: HubProgram, hub: HubServer, folder: Path
) -> None:
    hub.fail(WEIGHTS, Fault(cut_after=HALF))
    hub.fail(WEIGHTS, Fault(status=403))
    assert_refused(program.run("models", "download", NAME), "status 403", "--mirror", "models import FILE")
    assert program.listed()["partial_bytes"] == HALF
    shown = program.run("models", "list").out.decode()
    assert f"{NAME}  download interrupted: 6 of 13 MB are here" in shown
    assert_refused(program.run("--model", NAME, "add", folder), "not on this machine", "models download")
    assert program.run("models", "download", NAME).status == 0
    assert hub.ranges[-1] == f"bytes={HALF}-"


def test_ctrl_c_keeps_what_came_and_says_so(program: HubProgram, hub: HubServer) -> None:
    hub.fail(WEIGHTS, Fault(stall_after=HALF))
    process = program.start("models", "download", NAME)
    try:
        assert hub.stalled.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert (process.returncode, out) == (130, b"")
    (line,) = err.decode().splitlines()
    assert "kept; the same command goes on from there" in line
    assert program.run("models", "download", NAME).status == 0


def test_a_download_whose_program_is_killed_goes_on(program: HubProgram, hub: HubServer) -> None:
    hub.fail(WEIGHTS, Fault(stall_after=HALF))
    process = program.start("models", "download", NAME)
    assert hub.stalled.wait(60)
    process.kill()
    process.communicate()
    entry = program.listed()
    assert not entry["installed"]
    assert program.run("models", "download", NAME).status == 0
    assert hub.ranges[-1] == (f"bytes={entry['partial_bytes']}-" if entry["partial_bytes"] else "")


def test_wrong_bytes_are_not_used(program: HubProgram, hub: HubServer) -> None:
    hub.fail(WEIGHTS, Fault(has_wrong_bytes=True))
    assert_refused(program.run("models", "download", NAME), "checksum is wrong", "deleted")
    entry = program.listed()
    assert (entry["installed"], entry["partial_bytes"]) == (False, 0)


def test_a_mirror_may_be_named_on_the_command_line(program: HubProgram, hub: HubServer) -> None:
    del program.environment["HF_ENDPOINT"]
    assert_refused(
        program.run("models", "download", NAME, "--mirror", "nonsense"), "“nonsense” is not the address"
    )
    hub.fail(WEIGHTS, Fault(status=403))
    assert_refused(program.run("models", "download", NAME, "--mirror", hub.address), "status 403")


def test_a_licence_that_asks_for_it_is_agreed_to_first(tmp_path: Path, hub: HubServer) -> None:
    program = HubProgram(tmp_path / "program", write_config(tmp_path / "consent.json"))
    program.environment["HF_ENDPOINT"] = hub.address
    assert_refused(program.run("models", "download", NAME), "MIT", "https://example.org", "--accept-licence")
    assert hub.asked == []
    hub.fail(WEIGHTS, Fault(status=403))
    assert_refused(program.run("models", "download", NAME, "--accept-licence"), "status 403")


def test_names_that_are_none_are_refused(program: HubProgram) -> None:
    assert_refused(program.run("models", "download", "tiny-clip/tets"), "tiny-clip/test")
    assert_refused(program.run("models", "remove", "starter"), "comes with the program")
    assert_refused(program.run("models", "remove", "no-such"), "no model called “no-such”")


def test_the_list_says_what_a_newcomer_wants_to_know(program: HubProgram) -> None:
    shown = program.run("models", "list").out.decode()
    assert "ViT-B-32-256/datacomp_s34b_b86k  not here; recommended" in shown
    for words in (
        "605 MB to download",
        "1,000 MB of memory",
        "many languages",
        "licence: MIT",
        "ImageNet 72.8",
    ):
        assert words in shown
    offer = program.listed("MobileCLIP2-S2/dfndr2b")["offer"]
    assert isinstance(offer, dict)
    assert (offer["needs_consent"], offer["imagenet"], offer["parameters"]) == (True, 77.2, 99)
