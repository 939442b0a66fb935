"""Throughput and remaining time of a job."""

from collections import deque

from imagefinder.domain.jobs import Phase, Progress

_WINDOW_S = 30.0
_LEAST_S = 2.0
"""Shortest time from which a rate is computed."""


class Throughput:
    """Rate of the current phase over the last 30 seconds."""

    def __init__(self) -> None:
        self._phase: Phase | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def reset(self) -> None:
        """Discard all measurements, for instance after a pause, which must not count."""
        self._phase = None
        self._seen.clear()

    def take(self, progress: Progress, now: float) -> None:
        """Record the progress of a job at ``now`` seconds."""
        if progress.phase is not self._phase:
            self.reset()
            self._phase = progress.phase
        self._seen.append((now, progress.done))
        while now - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()

    @property
    def per_second(self) -> float:
        """Units of the phase a second; 0 if not known yet."""
        if not self._seen:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended - began >= _LEAST_S else 0.0

    def seconds_left(self, progress: Progress) -> float | None:
        """Return the remaining seconds of the phase, or None if not known."""
        if progress.total is None or not self.per_second:
            return None
        return max(0, progress.total - progress.done) / self.per_second
