"""Throughput of a job, and its remaining time."""

from collections import deque

from imagefinder.domain.jobs import Phase, Progress

_WINDOW_S = 30.0
_LEAST_S = 2.0
"""Below that a rate is a guess."""


class Throughput:
    """The rate over the last half minute of one phase."""

    def __init__(self) -> None:
        self._phase: Phase | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def reset(self) -> None:
        """Forget what was seen: after a pause, say, which is no part of the rate."""
        self._phase = None
        self._seen.clear()

    def take(self, progress: Progress, now: float) -> None:
        """One moment of a job, at ``now`` seconds."""
        if progress.phase is not self._phase:
            self.reset()
            self._phase = progress.phase
        self._seen.append((now, progress.done))
        while now - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()

    @property
    def per_second(self) -> float:
        """Of what the phase counts; 0 where it is not known yet."""
        if not self._seen:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended - began >= _LEAST_S else 0.0

    def seconds_left(self, progress: Progress) -> float | None:
        """Until the phase is over; None where it is not known."""
        if progress.total is None or not self.per_second:
            return None
        return max(0, progress.total - progress.done) / self.per_second
