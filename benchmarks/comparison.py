"""The table of ``side_by_side.py``: what rclip and imagefinder took in rounds, and what that says."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from processes import Spent


class Kind(Enum):
    """How the figures of a row compare."""

    RATE = auto()
    """More is better: the ratio is imagefinder's by rclip's."""
    COST = auto()
    """Less is better: the ratio is rclip's by imagefinder's."""
    SHARE = auto()
    """imagefinder's own: a whole, by the sum of its parts, which stands in rclip's place. Less is better."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    kind: Kind
    rclip: Sequence[float]
    """By round."""
    imagefinder: Sequence[float]
    """By round; each ran beside rclip's of the same place."""
    goal: float | None = None
    """What the ratio is to be at least; of a ``SHARE``, at most."""

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios: what slows a machine down for a while slows both."""
        pairs = zip(self.rclip, self.imagefinder, strict=True)
        if self.kind is Kind.COST:
            return statistics.median(theirs / ours for theirs, ours in pairs)
        return statistics.median(ours / theirs for theirs, ours in pairs)

    @property
    def is_met(self) -> bool | None:
        """Whether the ratio is as good as its goal; None where it has none."""
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.kind is Kind.SHARE else self.ratio >= self.goal

    def cells(self) -> tuple[str, str, str, str, str, str]:
        """What the table shows: what, both medians, ratio, goal, and whether it is met."""
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
    """Print rows under a title; ``peer`` heads rclip's column."""
    print(f"\n{title}")
    for cells in (("", peer, "imagefinder", "ratio", "goal", "met"), *(row.cells() for row in rows)):
        print(f"{cells[0]:<62}" + "".join(f"{cell:>12}" for cell in cells[1:]), flush=True)


def alternate(
    rounds: int, work: Mapping[str, Callable[[], Spent]], *, warm_up: bool = True
) -> dict[str, list[Spent]]:
    """Have all programs run in turn, with ``warm_up`` once uncounted before; returns what each round took."""
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
