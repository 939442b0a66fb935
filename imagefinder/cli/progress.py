"""Progress bars on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar

from imagefinder.domain.jobs import Phase, Progress, ProgressCallback
from imagefinder.translation import tr

_BYTES = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
_COUNTED = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())


def _words(phase: Phase) -> str:
    match phase:
        case Phase.SCANNING:
            return tr("Looking for files")
        case Phase.LOADING_MODEL:
            return tr("Loading the model")
        case Phase.EMBEDDING:
            return tr("Indexing")
        case Phase.BUILDING_INDEX:
            return tr("Building the search index")
        case Phase.FOLDING_TEXTS:
            return tr("Updating the word index")
        case Phase.DOWNLOADING:
            return tr("Downloading")


class _Columns(Bar):
    """Progress display with a bar and a rate if the total is known, else with the description only."""

    def get_renderables(self):  # type: ignore[no-untyped-def]
        for task in self.tasks:
            self.columns = (SpinnerColumn(), TextColumn("{task.description}"))
            if task.total is not None:
                self.columns += _BYTES if task.fields["is_bytes"] else _COUNTED
            yield self.make_tasks_table([task])


@contextmanager
def progress_bar(console: Console) -> Iterator[ProgressCallback]:
    """Show a progress bar from the first event on and remove it at the end; show none outside a terminal."""
    if not console.is_terminal:
        yield lambda _event: None
        return
    bar = _Columns(console=console, transient=True)
    phase: Phase | None = None

    def show(event: Progress) -> None:
        nonlocal phase
        if event.phase is not phase:
            for task in bar.tasks:
                bar.remove_task(task.id)
            is_bytes = event.phase is Phase.DOWNLOADING
            bar.add_task(_words(event.phase), total=event.total, rate="", is_bytes=is_bytes)
            phase = event.phase
            bar.start()
        (task,) = bar.tasks
        description = _words(event.phase)
        if event.total is None and event.done and not task.fields["is_bytes"]:
            description = tr("{phase}: {count} found", phase=description, count=f"{event.done:,}")
        bar.update(
            task.id,
            description=description,
            completed=event.done,
            total=event.total,
            rate=_rate(event, task.speed),
        )

    try:
        yield show
    finally:
        bar.stop()


def _rate(event: Progress, speed: float | None) -> str:
    said = []
    if speed and event.phase is not Phase.FOLDING_TEXTS:
        number = f"{speed:.0f}"
        is_index = event.phase is Phase.BUILDING_INDEX
        said.append(
            tr("{count} vectors/s", count=number) if is_index else tr("{count} files/s", count=number)
        )
    if event.items > event.done:  # while a long PDF is read, the number of files does not change
        said.append(tr("{count} pages", count=event.items))
    return " ".join(said)
