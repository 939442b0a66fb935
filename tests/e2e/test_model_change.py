"""Model switches while searches continue and the indexing process is killed."""

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import save
from helpers.fakes import picture
from helpers.program import Program
from helpers.tiny_clip import TINY_CONFIG, random_weights

from imagefinder import ImageFinder
from imagefinder.domain.queries import Query

pytestmark = pytest.mark.slow
PICTURES = 240
_PATIENCE_S = 60


@pytest.fixture(scope="module")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home folder with two models of different weights, ``first`` and ``second``."""
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("models")
    config = folder / "tiny.json"
    config.write_text(json.dumps(TINY_CONFIG))
    program = Program(folder)
    for seed, name in enumerate(("first", "second")):
        save_file(random_weights(seed=seed), folder / f"{name}.safetensors")
        imported = program.run(
            "models", "import", folder / f"{name}.safetensors", "--arch", config, "--name", name
        )
        assert imported.status == 0, imported
    return folder / "home"


@pytest.fixture
def library(program: Program, two_models: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Library of many pictures, indexed with ``first``. This process is set up to open it, too."""
    del program.environment["IMAGEFINDER_MODEL"]
    shutil.copytree(two_models, program.environment["HOME"])
    for number in range(PICTURES):
        save(picture("gray", number), folder / f"{number}.png")
    assert program.run("--model", "first", "add", folder).status == 0
    monkeypatch.delenv("IMAGEFINDER_MODEL", raising=False)
    for name in ("HOME", "IMAGEFINDER_LIBRARY"):
        monkeypatch.setenv(name, program.environment[name])
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return program


@dataclass
class Asker:
    """Repeats the same search from another process than the indexing one."""

    finder: ImageFinder
    answers: list[tuple[str, int, float]] = field(default_factory=list)
    """Model, number of hits and best score of each answer, in order."""
    errors: list[BaseException] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        while not self.is_over.is_set():
            try:
                result = self.finder.query(Query("a dog in the snow", limit=10, include_rest=True))
                self.answers.append((result.model, len(result.hits), result.hits[0].score))
            except BaseException as error:  # noqa: BLE001 - reported by the test
                self.errors.append(error)
                return
            self.is_over.wait(0.02)  # leave processor time for the other processes


@pytest.fixture
def asker(library: Program) -> Iterator[Asker]:
    with ImageFinder.open() as finder:
        asker = Asker(finder)
        thread = threading.Thread(target=asker.ask)
        thread.start()
        yield asker
        asker.is_over.set()
        thread.join()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_every_question_is_answered_while_the_model_changes_and_the_worker_is_killed_in_the_middle(
    library: Program, asker: Asker, folder: Path
) -> None:
    _wait_until(lambda: len(asker.answers) > 2)
    used = library.run("models", "use", "second")
    assert used.status == 0, used
    assert f"{PICTURES} pictures and pages are still to be indexed" in used.errors[-1]
    watcher = ImageFinder.open()

    def done() -> int:
        change = watcher.status().change
        return change.done if change else PICTURES

    worker = library.start("index")
    _wait_until(lambda: done() > 0)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    at_death = done()
    assert 0 < at_death < PICTURES
    asked = len(asker.answers)
    _wait_until(lambda: len(asker.answers) > asked + 2)
    status = library.run("status", "--json").json
    assert (status["model"], status["changing_to"]["model"]) == ("first", "second")

    finished = library.run("index")
    assert finished.status == 0, finished
    assert f"{PICTURES - at_death} indexed" in finished.errors[-1], (
        "what was done before the death is not done again"
    )
    asked = len(asker.answers)
    _wait_until(lambda: len(asker.answers) > asked + 2)
    asker.is_over.set()
    watcher.close()

    assert asker.errors == []
    models = [model for model, _, _ in asker.answers]
    switched = models.index("second")
    assert set(models[:switched]) == {"first"}
    assert set(models[switched:]) == {"second"}
    assert {count for _, count, _ in asker.answers} == {10}, "never fewer hits than before"
    best = {model: score for model, _, score in asker.answers}
    assert {(model, score) for model, _, score in asker.answers} == set(best.items()), "one model, one answer"
    assert library.run("status", "--json").json["changing_to"] is None
