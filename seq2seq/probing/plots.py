"""Figures for print, one SVG file each: lines and markers that differ in grey, too, and a caption with n, seed and control.

The page draws for the screen, from the same results. Colours are those of Okabe & Ito, which colour-blind readers tell apart.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from corpora.writing import write

from .statistics import Estimate
from .study import Result

BLACK, ORANGE, BLUE, GREY = "#000000", "#d55e00", "#0072b2", "#767676"
LOOKS: tuple[dict[str, Any], ...] = (  # by turns, so that no two lines of a figure look alike without colour
    {"color": ORANGE, "marker": "o", "linestyle": "-"},
    {"color": BLUE, "marker": "s", "linestyle": "--"},
    {"color": GREY, "marker": "D", "linestyle": ":"},
    {"color": BLACK, "marker": "^", "linestyle": "-."},
)
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "seq2seq", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "legend.frameon": False, "lines.markersize": 4, "lines.linewidth": 1.4, "font.family": "sans-serif",
}  # fmt: skip
WIDTH = 5.5  # inches


@dataclass(frozen=True)
class Plot:
    """A drawing with what must be said of it."""

    name: str
    draw: Callable[[Axes], None]
    caption: str
    height: float = 3.0


def errors(values: Sequence[Estimate]) -> list[list[float]]:
    """How far the intervals reach below and above, as matplotlib wants it; an interval always holds its value."""
    return [[max(0.0, e.value - e.low) for e in values], [max(0.0, e.high - e.value) for e in values]]


def curve(
    axes: Axes, places: Sequence[object], values: Sequence[Estimate], name: str, look: int, shift: float = 0.0
) -> None:
    """Estimates with their intervals over named places."""
    at = numpy.arange(len(places)) + shift
    axes.errorbar(
        at, [e.value for e in values], yerr=errors(values), label=name, capsize=2, elinewidth=0.8, **LOOKS[look]
    )
    axes.set_xticks(range(len(places)), [str(place) for place in places])


def dots(axes: Axes, rows: Sequence[tuple[str, Estimate]], beside: Sequence[float | None]) -> None:
    """A row an estimate, from the top, and an upright for the mean of its control."""
    for n, ((_, value), control) in enumerate(zip(rows, beside)):
        axes.errorbar(value.value, n, xerr=errors([value]), fmt="o", color=BLACK, capsize=2)
        if control is not None:
            axes.plot(control, n, "|", color=GREY, markersize=12, markeredgewidth=2)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)


def size(values: Sequence[Estimate]) -> str:
    """A caption's n: the fewest that stand behind a point."""
    sentences, nouns = min(each.n for each in values), min(each.clusters for each in values)
    return f"A point is of {sentences} sentences with {nouns} nouns or more, its bar the 95 % interval over nouns"


def flips(result: Result) -> Plot:
    own = [each for each in result.flips if each.family == "lexical"]
    ks, ways = sorted({each.k for each in own}), list(dict.fromkeys(each.direction for each in own))
    by = {(each.direction, each.k): each for each in own}

    def draw(axes: Axes) -> None:
        for look, way in enumerate(ways):
            curve(axes, ks, [by[way, k].all_words for k in ks], way, look, 0.08 * look)
        drawn = [[by[way, k].random_mean for way in ways] for k in ks]
        means = [float(numpy.mean(each)) if None not in each else math.nan for each in drawn]  # type: ignore[arg-type]
        axes.plot(range(len(ks)), means, label="matched random sets", **LOOKS[2])
        axes.axvline(ks.index(result.eighth), color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.set(xlabel="units exchanged", ylabel="sentences changed", ylim=(-0.03, 1.03))
        axes.legend()

    draws = f"{min(each.draws for each in own if each.draws)}–{max(each.draws for each in own)}"
    return Plot(
        "flips",
        draw,
        f"Share of sentences in which every later agreeing word changes its gender when k units of {result.site} are exchanged, "
        "once, at the noun, those first that are furthest apart between the genders. "
        f"{size([each.all_words for each in own])}. Control: {draws} random sets of k other units, matched on "
        "variance and outgoing weights. Dotted upright: an eighth of the units.",
    )


def doses(result: Result) -> Plot:
    own = [
        each
        for each in result.causal.effects
        if each.name.startswith("clamp") and each.units == len(result.causal.chosen)
    ]
    names, ways = (list(dict.fromkeys(getattr(each, of) for each in own)) for of in ("name", "direction"))
    by = {(each.name, each.direction): each.all_words for each in own}

    def draw(axes: Axes) -> None:
        for look, way in enumerate(ways):
            curve(axes, [name.split()[-1] for name in names], [by[name, way] for name in names], way, look, 0.05 * look)
        axes.set(xlabel="dose", ylabel="sentences changed", ylim=(-0.03, 1.03))
        axes.legend()

    return Plot(
        "doses",
        draw,
        f"The same, over the dose: {len(result.causal.chosen)} units set toward the other gender's mean (1). "
        f"{size(list(by.values()))}. Control: dose 0.",
    )


def causes(result: Result) -> Plot:
    causal = result.causal
    names = {
        "interchange, c → h": "cell, hidden follows",
        "interchange, c only": "cell only",
        "interchange, h only": "hidden only",
    }
    own = [
        each for each in causal.effects if each.name in names and each.beam == 1 and each.units == len(causal.chosen)
    ]
    means = {each.direction: each.mean for each in causal.controls if each.name == "matched sets"}
    rows = [(f"{names[each.name]},\n{each.direction}", each.all_words) for each in own]

    def draw(axes: Axes) -> None:
        dots(axes, rows, [means.get(each.direction) if each.name == "interchange, c → h" else None for each in own])
        axes.set(xlabel="sentences in which every later agreeing word changes")

    return Plot(
        "causes",
        draw,
        f"{len(causal.chosen)} units of {causal.site} exchanged at the noun. {size([value for _, value in rows])}. Control (grey): "
        f"mean of {causal.draws} matched random sets.",
        0.5 * len(rows) + 0.6,
    )


def paths(result: Result) -> Plot | None:
    rows = [
        (f"{part.name},\n{cut.direction}", part.all_words)
        for cut in result.paths
        if cut.cut == "at the noun"
        for part in cut.parts
    ]
    if not rows:
        return None

    def draw(axes: Axes) -> None:
        dots(axes, rows, [None] * len(rows))
        axes.set(xlabel="sentences in which every later agreeing word changes")

    return Plot(
        "paths",
        draw,
        f"By which path: one thing taken from the donor's run at the noun, the rest the recipient's. "
        f"{size([value for _, value in rows])}. Control: each path is the others'.",
        0.5 * len(rows) + 0.6,
    )


def attractors(result: Result) -> Plot:
    cells = [each for each in result.reading.cells if each.area]
    rows = [(each.cell, each.area) for each in cells if each.area]

    def draw(axes: Axes) -> None:
        dots(axes, rows, [0.5] * len(rows))
        axes.set(xlabel="AUC before the agreeing word")

    return Plot(
        "attractors",
        draw,
        f"Gender read from {result.reading.site} just before the agreeing word, by what stands between. "
        f"{size([value for _, value in rows])}. Control (grey): chance.",
        0.28 * len(rows) + 0.8,
    )


def across_time(result: Result) -> Plot | None:
    found = result.reading.across_time
    if found is None:
        return None
    steps = [each.step for each in result.reading.steps[: len(found.areas)]]

    def draw(axes: Axes) -> None:
        values = numpy.array(found.areas)
        axes.imshow(values, cmap="PuOr", vmin=0, vmax=1)
        for r, c in numpy.ndindex(values.shape):
            axes.text(
                c,
                r,
                f"{values[r, c]:.2f}",
                ha="center",
                va="center",
                color="w" if abs(values[r, c] - 0.5) > 0.35 else "k",
            )
        axes.set(
            xlabel="read so many words after the noun",
            ylabel="fitted at",
            yticks=range(len(steps)),
            xticks=range(len(steps)),
        )
        axes.set_xticklabels(map(str, steps))
        axes.set_yticklabels(map(str, steps))

    return Plot(
        "across-time",
        draw,
        f"AUC of a probe of {result.reading.site} fitted at one word and read at another. n = {found.feminine} feminine and "
        f"{found.masculine} masculine held-out nouns. Control: {found.relabellings} relabellings of the nouns.",
        3.6,
    )


def kept(result: Result) -> Plot | None:
    own = [each for each in result.persistence if each.of != "all units" and each.intervener == "no noun"]
    own = [each for each in own if each.place == own[0].place]
    if not own:
        return None

    def draw(axes: Axes) -> None:
        for each in own:
            other = each.partner == "of the other gender"
            curve(axes, range(len(each.distance)), each.distance, f"partner {each.partner}", 0 if other else 2)
            if other:
                curve(axes, range(len(each.kept)), each.kept, "what the forget gates keep", 1, 0.08)
        axes.set(xlabel="words after the noun", ylabel="distance of the cells, as a share", ylim=(0, None))
        axes.legend()

    return Plot(
        "kept",
        draw,
        f"How far apart two cells of {own[0].place} are whose sentences differ in their noun only. "
        f"{size([e for each in own for e in each.distance])}. Control: a partner noun of the same gender.",
    )


def register(result: Result) -> Plot | None:
    if result.register is None:
        return None
    site = result.register.sites[0]
    of = {(e.noun_fitted, e.clause_fitted, e.noun_read, e.clause_read, e.step): e.auc for e in site.readings}
    steps = sorted({each.step for each in site.readings})
    spans = {clause: [step for step in steps if (1, 1, clause, clause, step) in of] for clause in (1, 2)}
    places = [f"noun {clause}" if step == 0 else f"+{step}" for clause in (1, 2) for step in spans[clause]]

    def draw(axes: Axes) -> None:
        for look, noun in enumerate((1, 2)):
            values = [of[1, 1, noun, clause, step] for clause in (1, 2) for step in spans[clause]]
            curve(axes, places, values, f"asked for noun {noun}", look, 0.06 * look)
        axes.axhline(0.5, color=GREY, linewidth=0.8)
        axes.set(xlabel="words of clause 1, then of clause 2", ylabel="AUC of clause 1's probe", ylim=(0, 1.03))
        axes.legend()

    return Plot(
        "register",
        draw,
        f"A probe of {site.site} that learnt noun 1's gender in clause 1, asked for either noun: {site.verdict}. "
        f"{size(list(of.values()))}. Control: the other noun's gender, crossed with it.",
    )


def gate_moves(result: Result) -> Plot | None:
    if result.gates is None:
        return None
    site = result.gates.sites[0]
    own = [each for each in site.trajectories if each.gate == "forget" and each.kind in ("M→F", "F→M", "M→M", "F→F")]
    if not own:
        return None

    def draw(axes: Axes) -> None:
        for look, each in enumerate(own):
            curve(
                axes,
                [f"{word:+d}" if word else "noun" for word in each.words],
                each.chosen,
                each.kind,
                look,
                0.05 * look,
            )
        axes.set(xlabel="words around a new subject", ylabel="forget gate", ylim=(0, 1.03))
        axes.legend(ncols=4)

    return Plot(
        "gates",
        draw,
        f"The forget gate of {len(site.units)} units of {site.place} around a new subject: of the other gender, and of the same "
        f"(the control). {size([e for each in own for e in each.chosen])}.",
    )


def runs(results: Sequence[Result]) -> Plot:
    weak = [min(each.causal.exchange, key=lambda effect: effect.all_words.value) for each in results]
    controls = [
        max((e.mean for e in each.causal.controls if e.name == "matched sets"), default=None) for each in results
    ]

    def draw(axes: Axes) -> None:
        dots(axes, [(each.run, effect.all_words) for each, effect in zip(results, weak)], controls)
        axes.set(xlabel="sentences in which every later agreeing word changes")

    return Plot(
        "runs",
        draw,
        f"The chosen units exchanged in each training run, the weaker direction. {size([each.all_words for each in weak])}. Control "
        "(grey): mean of matched random sets.",
        0.35 * len(results) + 0.8,
    )


def plots(results: Sequence[Result]) -> Iterator[tuple[Result, Plot]]:
    """Every plot that the results have data for; those of all runs together go by the first."""
    for result in results:
        made = (flips, doses, causes, paths, attractors, across_time, kept, register, gate_moves)
        yield from ((result, plot) for plot in (make(result) for make in made) if plot)
    if len(results) > 1:
        yield results[0], runs(results)


def save(results: Sequence[Result], folder: Path) -> list[Path]:
    """Write every plot as NAME.svg, where there are several runs SEED-NAME.svg, by training seed; return the paths."""
    written = []
    for result, plot in plots(results):
        one = len(results) == 1 or plot.name == "runs"
        facts = "" if plot.name == "runs" else f" Run {result.run}, training seed {result.facts['training seed']};"
        caption = textwrap.fill(f"{plot.caption}{facts} seed of controls and intervals {result.facts['seed']}.", 100)
        with matplotlib.rc_context(STYLE):
            figure = Figure(figsize=(WIDTH, plot.height), layout="constrained")
            plot.draw(figure.add_subplot())
            figure.supxlabel(caption, x=0.01, ha="left", fontsize=7)
            text = StringIO()
            figure.savefig(text, format="svg", metadata={"Date": None, "Description": caption})
        name = plot.name if one else f"{result.facts['training seed']}-{plot.name}"
        written.append(folder / f"{name}.svg")
        write(written[-1], text.getvalue())
    return written
