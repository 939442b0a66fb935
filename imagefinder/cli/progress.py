"""Progress bars on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from imagefinder.model.jobs import Phase, Progress, ProgressCallback

_PHASES = {
    Phase.SCANNING: "Looking for files",
    Phase.LOADING_MODEL: "Loading the model",
    Phase.EMBEDDING: "Indexing",
    Phase.BUILDING_INDEX: "Building the search index",
}
_COUNTED = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())


class _Columns(Bar):
    """A bar and a rate where the end is known; the description alone where it is not."""

    def get_renderables(self):  # type: ignore[no-untyped-def]
        for task in self.tasks:
            self.columns = (SpinnerColumn(), TextColumn("{task.description}"))
            if task.total is not None:
                self.columns += _COUNTED
            yield self.make_tasks_table([task])


@contextmanager
def progress_bar(console: Console) -> Iterator[ProgressCallback]:
    """A bar that shows up with the first event and leaves nothing behind; none where nobody watches."""
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
            bar.add_task(_PHASES[event.phase], total=event.total, rate="")
            phase = event.phase
            bar.start()
        (task,) = bar.tasks
        description = _PHASES[event.phase]
        if event.total is None and event.done:
            description += f": {event.done:,} found"
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
    unit = "vectors" if event.phase is Phase.BUILDING_INDEX else "files"
    rate = f"{speed:.0f} {unit}/s" if speed else ""
    if event.items > event.done:  # long PDFs: files alone would seem to stand still
        rate += f" {event.items} pages"
    return rate
