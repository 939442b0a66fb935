"""Models on the command line: a tiny open_clip model with random weights, from import to search, and the defaults."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import save
from helpers.fakes import picture
from helpers.program import Outcome, Program
from helpers.tiny_clip import TINY_CONFIG, random_weights


@pytest.fixture(autouse=True)
def unnamed(program: Program) -> None:
    """Remove the model named by the environment, because these tests are about choosing one."""
    del program.environment["IMAGEFINDER_MODEL"]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "tiny.json"
    path.write_text(json.dumps(TINY_CONFIG))
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Safetensors file with the weights of the tiny model."""
    from safetensors.torch import save_file

    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(random_weights(), path)
    return path


@pytest.fixture(scope="module")
def imported(weights: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """Home folder into which the tiny model was imported, and the result of the import."""
    program = Program(tmp_path_factory.mktemp("imported"))
    outcome = program.run("models", "import", weights, "--arch", config, "--json")
    return Path(program.environment["HOME"]), outcome


@pytest.fixture
def model(program: Program, imported: tuple[Path, Outcome]) -> str:
    """Name of the tiny model, imported for the program."""
    home, outcome = imported
    assert outcome.status == 0, outcome
    assert list(outcome.json) == ["name", "arch", "preprocessing", "was_here"]
    shutil.copytree(home, program.environment["HOME"])
    return str(outcome.json["name"])


@pytest.fixture
def pictures(folder: Path) -> Path:
    for number, colour in enumerate(("red", "green", "blue", "white", "black")):
        save(picture(colour, number), folder / f"{colour}.png")
    save(picture("red", 0, (96, 72)), folder / "larger-red.png")
    return folder


def listed(program: Program) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in program.run("models", "list", "--json").json["models"]}


def assert_refused(outcome: Outcome, *words: str) -> None:
    assert (outcome.status, outcome.out, len(outcome.errors)) == (2, b"", 1), outcome
    for word in words:
        assert word in outcome.errors[0]
    assert "mistake in imagefinder" not in outcome.errors[0]


def test_an_imported_model_indexes_and_searches(program: Program, model: str, pictures: Path) -> None:
    named = {"IMAGEFINDER_MODEL": model}
    # The weights are random, so nothing seems to match.
    by_words = program.run("search", "a dog in the snow", "--all", "--in", pictures, "--json", extra=named)
    assert by_words.status == 0, by_words
    (said,) = by_words.errors
    assert "6 indexed" in said
    assert f"{model} on cpu" in said
    assert by_words.json["model"] == model
    assert len(by_words.found) == 6
    relevance = [hit["relevance"] for hit in by_words.json["hits"]]
    assert relevance == sorted(relevance, reverse=True)
    by_picture = program.run("search", "--image", pictures / "red.png", "--json")
    assert by_picture.json["model"] == model, "the library keeps the model that it was made with"
    assert by_picture.found[0] == "larger-red.png"
    assert by_picture.json["hits"][0]["score"] > 0.9
    assert listed(program)[model]["in_use"]


def test_changing_the_model_loses_no_search(program: Program, model: str, pictures: Path) -> None:
    program.run("--model", "builtin", "add", pictures)
    before = program.run("search", "blue", "--json").json
    assert before["model"] == "builtin"
    used = program.run("models", "use", model)
    assert used.status == 0
    assert "6 pictures and pages are still to be indexed with it (imagefinder index)" in used.errors[-1]
    assert listed(program)["builtin"]["in_use"]
    assert not listed(program)[model]["in_use"]
    assert f"{model}: 0 of 6 indexed (imagefinder index)" in program.run("status").out.decode()
    assert program.run("search", "blue", "--json").json["hits"] == before["hits"]
    said = program.run("index").errors
    assert f"This library now uses {model}." in said
    assert f"{model} on cpu" in said[-1]
    after = program.run("search", "blue", "--all", "--json").json
    assert (after["model"], len(after["hits"])) == (model, 6)
    assert program.run("--model", "builtin", "search", "blue", "--json").json["hits"] == before["hits"]
    assert sorted(program.run("status", "--json").json["embedded"].values()) == [6, 6]


def test_a_device_that_is_not_here_is_named(program: Program, model: str, pictures: Path) -> None:
    assert_refused(program.run("--model", model, "--device", "mps", "add", pictures), "mps", "cpu")


class Trap:
    """Object that creates a file when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.proof,)


def test_a_malicious_pickle_is_refused_and_not_run(program: Program, config: Path, tmp_path: Path) -> None:
    proof = tmp_path / "was-run"
    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"weights": Trap(proof)}, protocol=2))
    assert_refused(program.run("models", "import", tmp_path / "evil.pt", "--arch", config), "evil.pt")
    assert not proof.exists()


def test_weights_of_another_architecture_are_refused(program: Program, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "wide.json").write_text(json.dumps({**TINY_CONFIG, "embed_dim": 64}))
    assert_refused(program.run("models", "import", weights, "--arch", tmp_path / "wide.json"), "64 x 48")
    assert_refused(program.run("models", "import", weights, "--arch", "ViT-Q-99"), "ViT-Q-99")
    assert all("tiny" not in name for name in listed(program))


@pytest.mark.parametrize("content", [b"", b"just words", b"\x80\x02}q\x00", b"PK\x03\x04 not really a zip"])
def test_a_file_that_is_no_weights_is_refused(
    program: Program, config: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "model.pt").write_bytes(content)
    assert_refused(program.run("models", "import", tmp_path / "model.pt", "--arch", config), "model.pt")


def test_a_config_that_is_none_is_refused(program: Program, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    for arch in ("bad.json", "none.json"):
        assert_refused(program.run("models", "import", weights, "--arch", tmp_path / arch), arch)


def test_importing_again_gives_the_same_model_and_says_what_to_do_next(
    program: Program, model: str, weights: Path, config: Path
) -> None:
    (line,) = program.run("models", "import", weights, "--arch", config).errors
    assert f"imagefinder models use {model}" in line
    assert b"in use" not in program.run("models").out
    assert len([name for name in listed(program) if name.startswith("tiny")]) == 1


def test_weights_that_vanished_are_said_to_be_missing(program: Program, model: str, pictures: Path) -> None:
    program.run("--model", "builtin", "add", pictures)
    program.run("models", "use", model, "--now")
    for path in (Path(program.environment["HOME"]) / ".local/share/imagefinder/models").rglob(
        "*.safetensors"
    ):
        path.unlink()
    assert_refused(program.run("search", "dog"), model)
    assert "red.png" in program.run("--model", "builtin", "search", "red", "--json").found


def test_a_new_library_is_searched_with_the_starter_model(program: Program, pictures: Path) -> None:
    search = program.run("search", "a dog in the snow", "--all", "--in", pictures, "--json")
    assert (search.json["model"], len(search.found)) == ("starter", 6)
    advice, done = search.errors
    assert advice.startswith("Starter model (built in). For the best results download CLIP ViT-B-32 (605 MB)")
    assert "6 indexed" in done
    assert "starter on cpu" in done
    assert not program.run("search", "a dog", "--all", "--in", pictures).errors, (
        "it is said when something is indexed"
    )
    first, *_, last = listed(program).values()
    assert (first["name"], first["title"], first["in_use"]) == ("starter", "Starter model (built in)", True)
    assert "download CLIP ViT-B-32 (605 MB)" in first["detail"]
    assert (last["name"], last["title"], last["in_use"]) == ("builtin", "Colours and shapes only", False)


def test_a_library_of_colours_and_shapes_is_told_of_the_starter_model(
    program: Program, pictures: Path
) -> None:
    program.run("--model", "builtin", "add", pictures)
    save(picture("purple", 7), pictures / "purple.png")
    advice, _ = program.run("index").errors
    assert advice == "Colours and shapes only. A better one is here: imagefinder models use starter"
    assert program.run("search", "blue", "--json").json["model"] == "builtin", "unasked, nothing changes"
    (said,) = program.run("models", "use", "starter").errors
    assert "7 pictures and pages are still to be indexed with it (imagefinder index)" in said
    (said,) = program.run("models", "use", "starter", "--now").errors
    assert "7 pictures and pages are still to be indexed with it: imagefinder index" in said
    before = program.run("search", "something", "--json")
    assert "7 files not yet read: imagefinder index goes on." in before.errors[-1]
    assert program.run("index").status == 0
    assert len(program.run("search", "something", "--all", "--json").found) == 7
    status = program.run("status").out.decode()
    assert "starter: 7" in status
    assert "builtin: 7" in status
