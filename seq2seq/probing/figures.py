"""Small figures as SVG text, for the studies beside the gender report. Colours are a page's, with their own as a spare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .statistics import Estimate, number

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 300, 56, 20, 16, 44
FEMININE, QUIET, INK = "var(--fem, #c0392b)", "var(--quiet, #666a73)", "var(--ink, #1c1c22)"
LINE = "var(--line, #d8d8d2)"


@dataclass(frozen=True)
class Series:
    """One line of a chart; a value may be missing, and may have an interval."""

    name: str
    values: Sequence[Estimate | float | None]
    ink: str = QUIET
    dash: str = "none"


def svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' role='img' aria-label='{escape(label)}' "
        f"font-family='system-ui, sans-serif' font-size='12'>{''.join(parts)}</svg>"
    )


def chart(
    label: str, across: str, up: str, ticks: Sequence[object], series: Sequence[Series], *,
    least: float = 0.0, most: float = 1.0, percent: bool = True,
) -> str:  # fmt: skip
    """Lines over named places, with intervals as uprights."""
    right = 190 if len(series) > 1 else RIGHT  # the names stand there
    width = WIDTH + right - RIGHT
    x = [LEFT + (WIDTH - LEFT - RIGHT) * n / max(1, len(ticks) - 1) for n in range(len(ticks))]

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (min(most, max(least, value)) - least) / (most - least))

    parts = []
    for quarter in range(5):
        level = least + (most - least) * quarter / 4
        said = f"{level:.0%}" if percent else number(level, 0 if level == round(level) else 2)
        parts.append(
            f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y(level):.1f}' y2='{y(level):.1f}' stroke='{LINE}'/>"
        )
        parts.append(f"<text x='{LEFT - 8}' y='{y(level) + 4:.1f}' text-anchor='end' fill='{INK}'>{said}</text>")
    for place, tick in zip(x, ticks):
        parts.append(
            f"<text x='{place:.1f}' y='{HEIGHT - BOTTOM + 18}' text-anchor='middle' fill='{INK}'>{escape(str(tick))}</text>"
        )
    parts.append(
        f"<text x='{(LEFT + WIDTH) / 2}' y='{HEIGHT - 6}' text-anchor='middle' fill='{INK}'>{escape(across)}</text>"
    )
    middle = (HEIGHT - BOTTOM) / 2
    parts.append(
        f"<text x='14' y='{middle}' text-anchor='middle' fill='{INK}' transform='rotate(-90 14 {middle})'>{escape(up)}</text>"
    )
    for row, each in enumerate(series):
        known = [(place, value) for place, value in zip(x, each.values) if value is not None]
        middles = [(place, value.value if isinstance(value, Estimate) else value) for place, value in known]
        points = " ".join(f"{place:.1f},{y(value):.1f}" for place, value in middles)
        stroke = f"stroke='{each.ink}' stroke-dasharray='{each.dash}'"
        parts.append(f"<polyline points='{points}' fill='none' stroke-width='2' {stroke}/>")
        for place, value in known:
            if isinstance(value, Estimate):
                parts.append(
                    f"<line x1='{place:.1f}' x2='{place:.1f}' y1='{y(value.low):.1f}' y2='{y(value.high):.1f}' "
                    f"stroke='{each.ink}'/>"
                )
        if len(series) > 1:
            level = TOP + 14 + 18 * row
            parts.append(
                f"<line x1='{WIDTH - 8}' x2='{WIDTH + 16}' y1='{level - 4}' y2='{level - 4}' stroke-width='2' {stroke}/>"
                f"<text x='{WIDTH + 22}' y='{level}' fill='{INK}'>{escape(each.name)}</text>"
            )
    return svg(width, HEIGHT, label, parts)
