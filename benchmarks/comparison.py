"""Results table of ``side_by_side.py``: figures of rclip and imagefinder by round, ratios and goals."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from processes import Spent


class Kind(Enum):
    """How the two figures of a row are compared."""

    RATE = auto()
    """Higher is better: the ratio is imagefinder / rclip."""
    COST = auto()
    """Lower is better: the ratio is rclip / imagefinder."""
    SHARE = auto()
    """imagefinder only: the whole divided by the sum of its parts, stored in rclip's column. Lower is better."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    kind: Kind
    rclip: Sequence[float]
    """One figure per round."""
    imagefinder: Sequence[float]
    """One figure per round; each round ran next to rclip's round at the same position."""
    goal: float | None = None
    """Minimum of the ratio; for a ``SHARE``, its maximum."""

    @property
    def ratio(self) -> float:
        """Median of the ratios of the rounds.

        Ratios are taken per round because a temporary slowdown of the machine affects both programs.
        """
        pairs = zip(self.rclip, self.imagefinder, strict=True)
        if self.kind is Kind.COST:
            return statistics.median(theirs / ours for theirs, ours in pairs)
        return statistics.median(ours / theirs for theirs, ours in pairs)

    @property
    def is_met(self) -> bool | None:
        """Whether the ratio meets its goal; None if there is no goal."""
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.kind is Kind.SHARE else self.ratio >= self.goal

    def cells(self) -> tuple[str, str, str, str, str, str]:
        """Return the table cells: description, both medians, ratio, goal, and whether the goal is met."""
        sign = "<=" if self.kind is Kind.SHARE else ">="
        return (
            self.what,
            _figure(statistics.median(self.rclip)),
            _figure(statistics.median(self.imagefinder)),
            f"{self.ratio:.2f}",
            "" if self.goal is None else f"{sign} {self.goal:.2f}",
            {None: "", True: "yes", False: "NO"}[self.is_met],
        )


def print_table(title: str, peer: str, rows: Sequence[Row]) -> None:
    """Print rows under a title; ``peer`` is the heading of rclip's column."""
    print(f"\n{title}")
    for cells in (("", peer, "imagefinder", "ratio", "goal", "met"), *(row.cells() for row in rows)):
        print(f"{cells[0]:<62}" + "".join(f"{cell:>12}" for cell in cells[1:]), flush=True)


def alternate(
    rounds: int, work: Mapping[str, Callable[[], Spent]], *, warm_up: bool = True
) -> dict[str, list[Spent]]:
    """Run all programs in turn for ``rounds`` rounds; return the measurements of each program by round.

    With ``warm_up``, each program first runs once without being counted.
    """
    for run in work.values() if warm_up else ():
        run()
    runs: dict[str, list[Spent]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            spent = run()
            runs[name].append(spent)
            print(
                f"  {name}: {spent.wall:.2f} s, processor {spent.cpu:.2f} s, {spent.peak_mb:.0f} MB",
                flush=True,
            )
    return runs


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}"
