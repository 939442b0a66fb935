"""Small line charts with logarithmic axes, written side by side as SVG with the standard library only."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_WIDTH, _HEIGHT, _MARGIN = 340, 260, 56
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#8250df")
_TEXT = "font-family='sans-serif' font-size='11' fill='#57606a'"

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with named lines, each a list of (x, y) points with positive coordinates."""

    title: str
    lines: Mapping[str, Points]


def write_svg(path: Path, charts: Sequence[Chart]) -> None:
    """Write the charts in one row."""
    width = _WIDTH * len(charts)
    size = f"width='{width}' height='{_HEIGHT}'"
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {_HEIGHT}' {size}>",
        f"<rect {size} fill='white'/>",
    ]
    for number, chart in enumerate(charts):
        parts += [f"<g transform='translate({_WIDTH * number} 0)'>", *_drawn(chart), "</g>"]
    path.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")


def _drawn(chart: Chart) -> list[str]:
    points = [point for line in chart.lines.values() for point in line]
    across, up = _decades([x for x, _ in points]), _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = (math.log10(x) - across[0]) / (across[-1] - across[0])
        high = (math.log10(y) - up[0]) / (up[-1] - up[0])
        return _MARGIN + right * (_WIDTH - 1.5 * _MARGIN), (_HEIGHT - 40) - high * (_HEIGHT - 80)

    parts = [f"<text x='{_MARGIN}' y='18' {_TEXT} font-weight='bold'>{chart.title}</text>"]
    for power in across:
        x, y = place(10.0**power, 10.0 ** up[0])
        parts.append(
            f"<text x='{x:.0f}' y='{y + 16:.0f}' {_TEXT} text-anchor='middle'>{_named(power)}</text>"
        )
    for power in up:
        x, y = place(10.0 ** across[0], 10.0**power)
        end, _ = place(10.0 ** across[-1], 10.0**power)
        parts.append(f"<path d='M{x:.0f} {y:.0f}H{end:.0f}' stroke='#d0d7de'/>")
        parts.append(
            f"<text x='{x - 6:.0f}' y='{y + 4:.0f}' {_TEXT} text-anchor='end'>{_named(power)}</text>"
        )
    for number, (name, line) in enumerate(chart.lines.items()):
        colour = _COLOURS[number]
        places = [place(*point) for point in line]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f"<polyline points='{drawn}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='{colour}'/>" for x, y in places]
        x = _MARGIN + 90 * number
        parts.append(f"<text x='{x}' y='34' {_TEXT} style='fill:{colour}'>{name}</text>")
    return parts


def _decades(values: Sequence[float]) -> range:
    """Return the exponents of the powers of ten that enclose the values, at least two."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return range(low, max(high, low + 1) + 1)


def _named(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
