"""Lateness of a Qt event loop, measured with a 1 ms timer, and tools that explain it."""

import gc
import os
import sys
import threading
import time
import traceback
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

_TICK_S = 0.001
_LONG_S = 0.03
"""Minimum duration of a stall that ``Watchdog`` reports."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Delays of an event that arrives at a random moment; ``p50``, ``p99`` and ``longest`` in milliseconds."""

    seconds: float
    p50: float
    p99: float
    longest: float
    over_16: int
    """Number of stalls longer than 16 ms."""
    over_50: int
    """Number of stalls longer than 50 ms."""


def lateness(gaps: Sequence[float]) -> Lateness:
    """Compute the delays from the seconds between successive iterations of the loop.

    An event that arrives during an iteration waits for the rest of it. The percentiles are over time, not over
    iterations: otherwise one iteration of a second would disappear among thousands of short ones.
    """
    stalls = [max(0.0, gap - _TICK_S) for gap in gaps]
    total = sum(gaps) or 1.0

    def late(share: float) -> float:
        low, high = 0.0, max(stalls, default=0.0)
        for _ in range(40):
            middle = (low + high) / 2
            if sum(stall - middle for stall in stalls if stall > middle) / total > 1 - share:
                low = middle
            else:
                high = middle
        return high * 1e3

    return Lateness(
        seconds=sum(gaps),
        p50=late(0.5),
        p99=late(0.99),
        longest=max(stalls, default=0.0) * 1e3,
        over_16=sum(stall > 0.016 for stall in stalls),
        over_50=sum(stall > 0.05 for stall in stalls),
    )


class Probe(QObject):
    """Measures the event loop of the thread that creates it, from ``start`` to ``stop``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.last = 0.0
        """Time of the loop's last iteration (``time.perf_counter``)."""
        self._ticks = array("d")
        self._waits = array("d")
        self._stat = _schedstat()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(int(_TICK_S * 1000))
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self._ticks, self._waits = array("d"), array("d")
        self._tick()
        self._timer.start()

    def stop(self) -> dict[str, dict[str, float]]:
        """Stop measuring and return the fields of ``Lateness``.

        ``all`` is what the user experiences. ``own`` excludes the time in which the thread was runnable but the kernel
        ran other threads; this is known only on Linux.
        """
        self._tick()
        self._timer.stop()
        gaps = [after - before for before, after in zip(self._ticks, self._ticks[1:], strict=False)]
        waits = [after - before for before, after in zip(self._waits, self._waits[1:], strict=False)]
        own = [max(0.0, gap - wait) for gap, wait in zip(gaps, waits, strict=True)]
        return {"all": asdict(lateness(gaps)), "own": asdict(lateness(own))}

    def _tick(self) -> None:
        self.last = time.perf_counter()
        self._ticks.append(self.last)
        self._waits.append(
            int(os.pread(self._stat, 96, 0).split()[1]) / 1e9 if self._stat is not None else 0.0
        )


class Painted(QObject):
    """Event filter that calls back after each paint of the filtered objects."""

    def __init__(self, then: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._then = then

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's own name
        if event.type() is QEvent.Type.Paint:
            QTimer.singleShot(0, self, self._then)
        return False


class Watchdog:
    """Reports what the GUI thread was doing whenever its loop stalled for more than 30 ms."""

    def __init__(self, probe: Probe, out: TextIO = sys.stderr) -> None:
        self._probe = probe
        self._out = out
        self._main = threading.get_ident()
        self._places: Counter[str] = Counter()
        self._is_over = threading.Event()
        self._collection = 0.0
        gc.callbacks.append(self._note_collection)
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()
        gc.callbacks.remove(self._note_collection)
        for place, count in self._places.most_common(12):
            self._out.write(f"{count:5} x {place}\n")
        self._out.flush()

    def _watch(self) -> None:
        seen = 0.0
        while not self._is_over.wait(0.01):
            last = self._probe.last
            late = time.perf_counter() - last
            if late > _LONG_S and last != seen:
                seen = last
                frames = sys._current_frames()
                stack = traceback.extract_stack(frames[self._main])
                inside = [each for each in stack if "imagefinder/" in each.filename] or stack[-1:]
                self._places[" < ".join(f"{each.name}:{each.lineno}" for each in reversed(inside[-5:]))] += 1
                names = {each.ident: each.name for each in threading.enumerate()}
                others = [
                    f"{names.get(ident, '?')}: {frame.f_code.co_qualname}"
                    for ident, frame in frames.items()
                    if ident not in (self._main, threading.get_ident())
                ]
                self._out.write(
                    f"\nlate by at least {late * 1e3:.0f} ms\n{''.join(traceback.format_list(stack[-8:]))}"
                    f"  other threads: {'; '.join(others)}\n"
                )
                self._out.flush()

    def _note_collection(self, phase: str, info: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._collection = now
        elif now - self._collection > 0.003:
            who = threading.current_thread().name
            took = (now - self._collection) * 1e3
            self._out.write(
                f"garbage collection of generation {info['generation']} took {took:.0f} ms in {who}\n"
            )


class TimedApplication(QApplication):
    """Application that times the delivery of every event, for ``--explain``; this costs some microseconds each."""

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(list(arguments))
        self.slow: Counter[str] = Counter()
        self.worst: dict[str, float] = {}
        self._depth = 0

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        began, cpu = time.perf_counter(), time.thread_time()
        if not isinstance(receiver, QObject):
            return False  # PySide mistook a new object for an old one at the same address
        kind = event.type()
        self._depth += 1
        try:
            return bool(super().notify(receiver, event))
        finally:
            self._depth -= 1
            took = time.perf_counter() - began
            if took > 0.008:
                name = f"{getattr(kind, 'name', kind)} of {type(receiver).__name__}"
                self.slow[name] += 1
                ours = time.thread_time() - cpu
                self.worst[name] = max(self.worst.get(name, 0.0), took)
                sys.stderr.write(
                    f"{'  ' * self._depth}{took * 1e3:6.1f} ms, {ours * 1e3:6.1f} ms of processor time: {name}\n"
                )


def _schedstat() -> int | None:
    try:
        return os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        return None
