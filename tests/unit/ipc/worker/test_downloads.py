"""Model downloads in the engine process: progress events and results."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imagefinder.domain.errors import CancelledError, ModelError
from imagefinder.embedders.download.model_download import DownloadError
from imagefinder.ipc.messages import Done, DownloadChanged, DownloadModel, Event, Failed
from imagefinder.ipc.worker.downloads import Downloads


class Told:
    """Recorder of sent events, which can wait for an answer."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def take(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, request_id: int) -> Done | Failed:
        def answers() -> list[Done | Failed]:
            return [e for e in self.events if isinstance(e, Done | Failed) and e.request_id == request_id]

        with self._changed:
            assert self._changed.wait_for(answers, timeout=20)
        return answers()[0]

    def of(self, name: str) -> list[DownloadChanged]:
        return [e for e in self.events if isinstance(e, DownloadChanged) and e.name == name]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def downloads(told: Told, tmp_path: Path) -> Iterator[Downloads]:
    made = Downloads(tmp_path, told.take)
    yield made
    made.close(5)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[..., None]]:
    """Fake downloads by model name, which replace the network."""
    tasks: dict[str, Callable[..., None]] = {}

    def download(name: str, _models: Path, **options: object) -> None:
        tasks[name](**options)

    monkeypatch.setattr("imagefinder.ipc.worker.downloads.download", download)
    return tasks


def until_stopped(started: threading.Event) -> Callable[..., None]:
    def task(*, should_stop: Callable[[], bool], **_: object) -> None:
        started.set()
        pause = threading.Event()
        while not should_stop():
            pause.wait(0.01)
        raise CancelledError("Stopped.")

    return task


def test_what_a_hub_refuses_has_other_ways_that_the_window_knows(
    downloads: Downloads, told: Told, hub: dict[str, Callable[..., None]]
) -> None:
    def refuse(**_: object) -> None:
        raise DownloadError("It was cut. Try again.")

    hub["a"] = refuse
    downloads.ask(DownloadModel("a", request_id=1))
    message = told.wait_for(1).message
    assert message.startswith("It was cut. Try again. Or ")
    assert "Settings, Network" in message
    assert "--" not in message


def test_a_download_tells_how_far_it_is_and_that_it_is_over(
    downloads: Downloads, told: Told, hub: dict[str, Callable[..., None]]
) -> None:
    def task(*, progress: Callable[[int, int | None], None], **_: object) -> None:
        for done in range(1000):
            progress(done, 1000)
        progress(1000, 1000)

    hub["a"] = task
    downloads.ask(DownloadModel("a", request_id=7))
    assert told.wait_for(7) == Done(7, "Downloaded a.")
    changes = told.of("a")
    assert [change.is_over for change in changes[-2:]] == [False, True]
    assert {(change.done, change.total) for change in changes[-2:]} == {(1000, 1000)}
    assert len(changes) < 100, "not every piece is worth a message"


def test_what_was_asked_for_is_passed_on(
    downloads: Downloads, told: Told, hub: dict[str, Callable[..., None]]
) -> None:
    given: dict[str, object] = {}
    hub["a"] = lambda **options: given.update(options)
    downloads.ask(DownloadModel("a", "https://mirror", "http://proxy:1", accepts_licence=True, request_id=1))
    told.wait_for(1)
    assert (given["mirror"], given["proxy"], given["accepts_licence"]) == (
        "https://mirror",
        "http://proxy:1",
        True,
    )


def test_a_failed_download_says_why_and_the_next_one_goes_on(
    downloads: Downloads, told: Told, hub: dict[str, Callable[..., None]]
) -> None:
    def fail(**_: object) -> None:
        raise ModelError("The hub is away.")

    hub["a"], hub["b"] = fail, lambda **_: None
    downloads.ask(DownloadModel("a", request_id=1))
    downloads.ask(DownloadModel("b", request_id=2))
    assert told.wait_for(2) == Done(2, "Downloaded b.")
    assert told.wait_for(1) == Failed(1, "The hub is away.")
    assert told.of("a")[-1].is_over


def test_a_mistake_of_ours_does_not_end_the_downloads(
    downloads: Downloads, told: Told, hub: dict[str, Callable[..., None]]
) -> None:
    def break_down(**_: object) -> None:
        raise KeyError("ours")

    hub["a"], hub["b"] = break_down, lambda **_: None
    downloads.ask(DownloadModel("a", request_id=1))
    downloads.ask(DownloadModel("b", request_id=2))
    assert isinstance(told.wait_for(1), Failed)
    assert isinstance(told.wait_for(2), Done)


def test_one_that_runs_and_one_that_waits_can_be_stopped(
    downloads: Downloads, told: Told, hub: dict[str, Callable[..., None]]
) -> None:
    started = threading.Event()
    hub["a"], hub["b"], hub["c"] = until_stopped(started), lambda **_: None, lambda **_: None
    for number, name in enumerate("abc", 1):
        downloads.ask(DownloadModel(name, request_id=number))
    assert started.wait(20)
    downloads.cancel("b")
    assert told.wait_for(2) == Failed(2, "Stopped.")
    downloads.cancel("a")
    assert told.wait_for(1) == Failed(1, "Stopped.")
    assert told.wait_for(3) == Done(3, "Downloaded c."), "what was not stopped goes on"
    assert all(told.of(name)[-1].is_over for name in "abc")


def test_closing_ends_the_one_that_runs(
    told: Told, tmp_path: Path, hub: dict[str, Callable[..., None]]
) -> None:
    started = threading.Event()
    hub["a"] = until_stopped(started)
    downloads = Downloads(tmp_path, told.take)
    downloads.ask(DownloadModel("a", request_id=1))
    assert started.wait(20)
    downloads.close(20)
    assert "downloads" not in [thread.name for thread in threading.enumerate()]


def test_without_a_request_there_is_no_thread_to_end(told: Told, tmp_path: Path) -> None:
    Downloads(tmp_path, told.take).close(1)
    assert told.events == []
