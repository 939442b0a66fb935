"""One scripted and timed run of the window, in a separate process for ``window.py``.

``python benchmarks/window_run.py SCENARIO ANSWER [--explain] -- ARGUMENTS OF THE WINDOW`` writes its measurements as
JSON to the file ANSWER.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

BEGAN = float(os.environ.get("BENCHMARK_BEGAN", time.monotonic()))
"""Start time of the process (``time.monotonic``, which all processes share)."""

Step = float | Callable[[], object]
"""Seconds to wait, or a condition to wait for."""
Answer = dict[str, Any]

_WORDS = (
    "red car", "a dog", "sunset", "people at a table", "img 12", "blue sky", "snow", "kitchen", "two cats",
    "train", "green field", "a boat on the sea", "street at night", "flowers", "birthday cake", "00042",
)  # fmt: skip
_BETWEEN_KEYS_S = 0.08
_QUERIES = 50
_LOST_FRAME_S = 0.1
"""Timeout after which a frame counts as not painted."""
_PATIENCE_S = 600.0
"""Timeout of one step; longer than any indexing takes."""


def memory(pid: int) -> tuple[float, float]:
    """Return the resident and proportional memory of a process in MB, or zeros where /proc does not provide them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    kb = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:] if len(line.split()) > 1}
    return kb["Rss"] / 1024, kb["Pss"] / 1024


class Bench:
    """Access of the scenarios to the open window: simulated input and measurements."""

    def __init__(self, application: Any, answer: Answer, *, explains: bool) -> None:
        from loop_probe import Painted, Probe, Watchdog
        from PySide6.QtWidgets import QApplication

        from imagefinder.ui.services.engine_client import EngineClient

        self.application = application
        self.answer = answer
        self.client = application.findChild(EngineClient)
        self.probe = Probe(application)
        self.explains = explains
        self.watchdog: Any = Watchdog(self.probe) if explains else None
        self.latencies: dict[str, list[float]] = {"idle": [], "indexing": []}
        self.took: dict[str, list[float]] = {"idle": [], "indexing": []}
        """The part of each latency that the engine reported, in milliseconds."""
        self._sent: dict[int, tuple[float, str]] = {}
        self._shown: list[tuple[float, str]] = []
        send = self.client.send
        from imagefinder.ipc.messages import Search

        def timed_send(request: object) -> None:
            if isinstance(request, Search):
                self._sent[request.request_id] = (
                    time.perf_counter(),
                    "indexing" if self.is_indexing else "idle",
                )
            send(request)

        self.client.send = timed_send
        self._painted = Painted(self._note_shown, application)
        self.first_paint = 0.0
        """Seconds from the start of the process to the first paint; 0 until then."""
        self._first = Painted(self._note_first, application)
        QApplication.instance().installEventFilter(self._first)

    @property
    def window(self) -> Any:
        from PySide6.QtWidgets import QApplication

        from imagefinder.ui.window.main_window import MainWindow

        return next(each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow))

    @property
    def pane(self) -> Any:
        return self.window.panes.current_pane()

    @property
    def is_indexing(self) -> bool:
        status = self.client.job.status if self.client.job else None
        return bool(status and status.progress and status.sources)

    @property
    def has_answer(self) -> bool:
        latest = self.pane.search.latest
        return not self.pane.search.is_waiting and latest is not None and not latest.is_partial

    def watch_answers(self) -> None:
        """Start recording the latency of searches until their hits are painted."""
        self.pane.search.answered.connect(self._note_answered)
        for each in (self.pane.view.viewport(), self.pane.message):
            each.installEventFilter(self._painted)

    def _note_first(self) -> None:
        from PySide6.QtWidgets import QApplication

        if not self.first_paint:
            self.first_paint = time.monotonic() - BEGAN
            QApplication.instance().removeEventFilter(self._first)

    def _note_answered(self, hits: Any, _is_update: bool) -> None:
        if (sent := self._sent.pop(hits.request_id, None)) is not None:
            self._shown.append(sent)
            self.took[sent[1]].append(hits.took_ms)

    def _note_shown(self) -> None:
        for began, when in self._shown:
            self.latencies[when].append((time.perf_counter() - began) * 1e3)
        self._shown.clear()

    def type_words(self, words: str) -> Generator[Step, None, None]:
        """Type words key by key and wait for the answer."""
        from PySide6.QtTest import QTest

        line = self.pane.bar.focusProxy()
        self.pane.bar.focus_words()
        before = self.pane.search.latest
        for key in words:
            QTest.keyClick(line, key)
            yield _BETWEEN_KEYS_S
        yield lambda: self.pane.search.latest is not before and self.has_answer
        yield 0.2

    def note_memory(self, when: str) -> None:
        engine = self.client.pid
        self.answer.setdefault("memory", {})[when] = {
            "window": memory(os.getpid()),
            "engine": memory(engine) if engine else (0.0, 0.0),
        }


def start(bench: Bench, _: argparse.Namespace) -> Generator[Step, None, None]:
    """Measure the time until the window is painted, and until the model answers the first words."""
    from imagefinder.ipc.messages import ModelState

    yield lambda: bench.first_paint
    bench.answer["visible"] = bench.first_paint
    bench.window.search("red")
    yield lambda: bench.pane.search.latest is not None
    bench.answer["words_only"] = time.monotonic() - BEGAN
    yield lambda: bench.client.model and bench.client.model.state is ModelState.READY
    bench.answer["model"] = time.monotonic() - BEGAN
    yield lambda: bench.has_answer
    bench.answer["answered"] = time.monotonic() - BEGAN


def index(bench: Bench, arguments: argparse.Namespace) -> Generator[Step, None, None]:
    """Index 2,000 pictures and type words meanwhile."""
    from imagefinder.ipc.messages import AddSources, ModelState

    yield lambda: bench.first_paint and bench.client.model and bench.client.model.state is ModelState.READY
    yield 3.0
    bench.note_memory("idle")
    bench.probe.start()
    yield 5.0
    bench.answer["idle"] = bench.probe.stop()
    bench.window.find_words()
    bench.watch_answers()
    bench.client.send(AddSources((arguments.pictures,)))
    yield lambda: bench.is_indexing
    bench.answer["load_began"] = time.monotonic()
    began = time.monotonic()
    bench.probe.start()
    for number in range(_QUERIES):
        # All queries differ, because a repeated query costs the model nothing.
        yield from bench.type_words(f"{_WORDS[number % len(_WORDS)]} {number}")
    bench.answer["typed_s"] = time.monotonic() - began
    yield lambda: not bench.is_indexing
    bench.answer["load"] = bench.probe.stop()
    bench.answer["load_ended"] = time.monotonic()
    bench.answer["indexed_s"] = time.monotonic() - began
    yield 3.0
    for words in _WORDS:
        yield from bench.type_words(f"{words} again")
    bench.note_memory("after indexing")
    bench.answer["latencies"], bench.answer["took"] = bench.latencies, bench.took
    bench.answer["items"] = bench.client.library.status.items


def close(bench: Bench, arguments: argparse.Namespace) -> Generator[Step, None, None]:
    """Close the window during indexing."""
    from imagefinder.domain.jobs import Phase
    from imagefinder.ipc.messages import AddSources, ModelState

    yield lambda: bench.client.model and bench.client.model.state is ModelState.READY
    bench.client.send(AddSources((arguments.pictures,)))

    def is_under_way() -> bool:
        progress = bench.client.job.status.progress if bench.client.job else None
        return bool(progress and progress.phase is Phase.EMBEDDING and progress.done > 20)

    yield is_under_way
    yield 1.0
    stop = bench.client.stop

    def watched_stop(*args: float) -> bool:
        bench.answer["in_time"] = stop(*args)
        return bool(bench.answer["in_time"])

    bench.client.stop = watched_stop
    bench.answer["closed_at"] = time.perf_counter()


def scroll(bench: Bench, arguments: argparse.Namespace) -> Generator[Step, None, None]:
    """Scroll through 100,000 results with a few hundred thumbnails, without an engine."""
    from loop_probe import Painted
    from PySide6.QtWidgets import QApplication
    from window_material import hits

    from imagefinder.ipc.messages import Hits

    yield lambda: bench.first_paint
    sent: list[Any] = []
    bench.client.send = sent.append
    bench.window.resize(1400, 900)
    bench.window.search("everything")
    yield lambda: sent
    keys = json.loads(arguments.keys.read_text())
    bench.note_memory("before")
    question = sent[-1]

    def page(offset: int) -> None:
        more = offset + 200 < arguments.count
        found = hits(offset, 200, keys)
        part = Hits(question.request_id, question.pane, offset, found, more, "m", 1.0)
        began = time.perf_counter()
        bench.client.hits_received.emit(part)
        QApplication.processEvents()
        pages.append((time.perf_counter() - began) * 1e3)

    pages: list[float] = []
    for offset in range(0, arguments.count, 200):
        page(offset)
    bench.answer["pages_ms"] = pages
    yield 1.0
    bench.note_memory(f"{arguments.count:,} results shown")
    bar = bench.pane.view.verticalScrollBar()
    painted: list[float] = []
    watcher = Painted(lambda: painted.append(time.perf_counter()), bench.application)
    bench.pane.view.viewport().installEventFilter(watcher)
    bench.answer["view"] = [bench.pane.view.viewport().width(), bench.pane.view.viewport().height()]
    for name, step in (
        ("wheel, 40 points a frame", 40),
        ("a screen a frame", bench.pane.view.viewport().height()),
    ):
        frames: list[float] = []
        unpainted = 0
        bar.setValue(0)
        yield 0.5
        position = 0
        until = time.perf_counter() + arguments.seconds
        while time.perf_counter() < until:
            began = time.perf_counter()
            position = (position + step) % bar.maximum()
            painted.clear()
            bar.setValue(position)
            # Count only frames that Qt painted by itself, without an explicit repaint.
            while not painted and time.perf_counter() - began < _LOST_FRAME_S:
                QApplication.processEvents()
            if painted:
                frames.append((time.perf_counter() - began) * 1e3)
            else:
                unpainted += 1
        yield 0.2
        bench.answer.setdefault("frames", {})[name] = frames
        bench.answer.setdefault("unpainted", {})[name] = unpainted
        bench.answer.setdefault("stale", {})[name] = stale_share(bench.pane.view)
    yield lambda: bench.application._services.thumbnails.is_idle
    bench.note_memory("after scrolling")


def stale_share(widget: Any) -> float | None:
    """Return the share of a widget's pixels on the screen that differ from a fresh render; None without a screen."""
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QGuiApplication, QImage

    if QGuiApplication.platformName() == "offscreen":
        return None
    viewport = widget.viewport()
    corner = viewport.mapTo(viewport.window(), QPoint(0, 0))
    size = viewport.size()
    images = [
        pixmap.toImage().convertToFormat(QImage.Format.Format_RGB32)
        for pixmap in (
            viewport.screen().grabWindow(
                viewport.window().winId(), corner.x(), corner.y(), size.width(), size.height()
            ),
            viewport.grab(),
        )
    ]
    seen, fresh = (bytes(image.constBits()) for image in images)
    import numpy as np

    differs = np.frombuffer(seen, np.uint32) != np.frombuffer(fresh, np.uint32)
    return float(differs.mean())


def control() -> None:
    """Measure an empty window next to the measured one, as a baseline of the machine's own delays."""
    from loop_probe import Probe
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QWidget

    app = QApplication([])
    window = QWidget()
    window.show()
    probe = Probe(app)
    rounds: list[Answer] = []

    def note() -> None:
        if rounds or probe.last:
            rounds.append({"at": time.monotonic(), **probe.stop()})
        file = Path(sys.argv[2])
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(rounds))
        temporary.replace(file)
        probe.start()

    every = QTimer(app)
    every.timeout.connect(note)
    every.start(5000)
    note()
    app.exec()


class Driver:
    """Runs a scenario step by step within the window's event loop."""

    def __init__(self, bench: Bench, steps: Generator[Step, None, None], done: Callable[[], None]) -> None:
        from PySide6.QtCore import QTimer

        self._steps, self._done = steps, done
        self._until: Step = 0.0
        self._deadline = time.monotonic() + _PATIENCE_S
        self._timer = QTimer(bench.application)
        self._timer.timeout.connect(self._look)
        self._timer.start(5)

    def _look(self) -> None:
        if time.monotonic() > self._deadline:
            sys.stderr.write("timeout in a step of the window benchmark\n")
            os._exit(1)
        is_time = self._until() if callable(self._until) else time.monotonic() >= self._until
        if not is_time:
            return
        try:
            step = next(self._steps)
        except StopIteration:
            self._timer.stop()
            self._done()
            return
        self._deadline = time.monotonic() + _PATIENCE_S
        self._until = step if callable(step) else time.monotonic() + step


def main() -> None:
    ours, theirs = sys.argv[1:], []
    if "--" in ours:
        ours, theirs = ours[: ours.index("--")], ours[ours.index("--") + 1 :]
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", choices=("start", "index", "close", "scroll", "control"))
    parser.add_argument("answer", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--keys", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--explain", action="store_true")
    arguments = parser.parse_args(ours)
    if arguments.scenario == "control":
        control()
        return
    answer: Answer = {}

    import imagefinder.ui.app.launch as app

    def run(options: Any) -> int:
        app.check_display()
        if arguments.explain:
            from loop_probe import TimedApplication

            timed = TimedApplication(sys.argv[:1])
        from imagefinder.ui.app.application import Application

        answer["imported"] = time.monotonic() - BEGAN
        application = Application(options)
        bench = Bench(application, answer, explains=arguments.explain)
        if arguments.scenario == "scroll":
            bench.client.start = lambda *_: None
        else:
            begin = bench.client.start

            def timed_start(*options: Any) -> None:
                began = time.perf_counter()
                begin(*options)
                answer["client_start_ms"] = (time.perf_counter() - began) * 1e3

            bench.client.start = timed_start
        steps = {"start": start, "index": index, "close": close, "scroll": scroll}[arguments.scenario]
        driver = Driver(bench, steps(bench, arguments), lambda: bench.window.close())
        status = application.run()
        if "closed_at" in answer:
            answer["close_s"] = time.perf_counter() - answer["closed_at"]
        if bench.watchdog is not None:
            bench.watchdog.close()
            for name, count in timed.slow.most_common(12):
                sys.stderr.write(f"{count:5} x over 8 ms, at most {timed.worst[name] * 1e3:.0f}: {name}\n")
        del driver
        return status

    app.run = run
    from imagefinder.cli.main import main as cli_main

    status = cli_main([*theirs, "window"])
    arguments.answer.write_text(json.dumps(answer))
    # What was measured is written; nothing is gained by taking Qt down in good order.
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
