"""What is shown: tables for a terminal and a page, a figure, files."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from corpora.writing import write

from ..figures import Series, chart
from ..gradients import INKS, RANDOM, TRAINED, UNTRAINED
from ..statistics import interval, number, percent
from ..tables import export, write_json
from .comparison import AGREEMENT, EXACT, Comparison
from .measuring import DONORS, EVERYWHERE, PARTS, Measured


def over_runs(values: Sequence[float | None], form: str) -> str:
    """The mean of some runs, and the least and the most."""
    known = [each for each in values if each is not None]
    if not known:
        return "–"
    text = f"{statistics.mean(known):{form}} [{min(known):{form}}, {max(known):{form}}]"
    return text.replace("-", "−").replace("%", " %")


def half_life(found: Measured) -> tuple[float | None, int] | None:
    """Words until the whole memory's distance is half, if it is within so many; None: not measured."""
    for each in found.kept:
        if (each.of, each.partner, each.intervener) == ("all units", "of the other gender", "no noun"):
            return each.half_life, len(each.distance) - 1
    return None


def lives(runs: Sequence[Measured]) -> str:
    made = [each for each in map(half_life, runs) if each]
    beyond = [span for life, span in made if life is None]
    return f"> {beyond[0]} in {len(beyond)} of {len(made)}" if beyond else over_runs([life for life, _ in made], ".1f")


def area(found: Measured, state: str, untrained: bool = False) -> float | None:
    """Of the decoder's last layer."""
    of = [each for each in found.seats if each.state == state and each.site.startswith("decoder")]
    return None if not of else of[-1].untrained if untrained else of[-1].area.value


def flipped(found: Measured, what: str) -> float | None:
    """The weaker direction."""
    return min((each.all_words.value for each in found.moved if each.what == what), default=None)


def controls(found: Measured) -> tuple[float | None, float | None]:
    """Random units (95th percentile) and donors of the same gender: the most that they do in any part."""
    random = [each.random_high for each in found.moved if each.random_high is not None]
    return max(random, default=None), max((each.same_gender.value for each in found.moved), default=None)


def preference(found: Measured, where: str) -> float | None:
    return next((each.rate.value for each in found.preferred if each.where == where), None)


def slope(found: Measured, kind: str, text: str) -> float:
    return next(each.slope.value for each in found.slopes if (each.weights, each.text) == (kind, text))


def hardest(found: Comparison) -> str:
    """The longest distance, past a noun of the other gender where there is one."""
    where = list(dict.fromkeys(each.where for each in found.accuracies if each.where != EVERYWHERE))
    return next((each for each in reversed(where) if each.endswith("other-gender")), where[-1])


def table(found: Comparison) -> list[list[str]]:
    """A row for each cell, below what is in it."""
    hard = hardest(found)
    rows = [
        ["cell", "units", "weights", "learning rate", "runs understood", EXACT, "agreement", f"agreement, {hard}", "forced choice",
         f"forced choice, {hard}", *(f"forced choice, {who}" for who in DONORS), "gradient, trained", "gradient, untrained",
         "half-life", "AUC memory", "AUC hidden", "AUC memory, untrained", *(f"flipped, {what}" for what in PARTS),
         "flipped, random units", "flipped, donor of the same gender", "tokens/s"]
    ]  # fmt: skip
    right = {(each.cell, each.what, each.where): each.rate for each in found.accuracies}
    for cell in dict.fromkeys(each.cell for each in found.runs):
        own = [each for each in found.runs if each.cell == cell]
        rows.append(
            [
                cell,
                str(own[0].units),
                f"{own[0].parameters:,}",
                f"{own[0].learning_rate:g}",
                f"{sum(each.understood is not None for each in own)} of {len(own)}",
                *(
                    interval(right[cell, *key])
                    for key in ((EXACT, EVERYWHERE), (AGREEMENT, EVERYWHERE), (AGREEMENT, hard))
                ),
                *(over_runs([preference(each, where) for each in own], ".1%") for where in (EVERYWHERE, hard, *DONORS)),
                *(over_runs([slope(each, kind, RANDOM) for each in own], ".3f") for kind in (TRAINED, UNTRAINED)),
                lives(own),
                *(over_runs([area(each, state) for each in own], ".2f") for state in ("memory", "hidden")),
                over_runs([area(each, "memory", untrained=True) for each in own], ".2f"),
                *(over_runs([flipped(each, what) for each in own], ".0%") for what in PARTS),
                *(over_runs(values, ".0%") for values in zip(*map(controls, own))),
                over_runs([each.tokens_per_second for each in own], ",.0f"),
            ]
        )
    return rows


def differences(found: Comparison) -> list[list[str]]:
    """A row for each comparison with the LSTM."""
    rows = [["LSTM less …", "of", "where", "difference", "p", "p, Holm"]]
    for each in found.compared:
        p = [number(value, 4) for value in (each.p, each.corrected)]
        rows.append([each.cell, each.what, each.where, interval(each.gain, percent), *p])
    return rows


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  " + "  ".join(f"{each:<{width}}" for each, width in zip(row, widths)).rstrip() for row in rows]


def notes(found: Comparison) -> list[str]:
    """What was not trained or not measured, and the scores on real text."""
    said = [f"{name}: not trained to the end: {why}" for name, why in found.not_trained.items()]
    said += [f"{run.run}: not measured: {what}: {why}" for run in found.runs for what, why in run.not_measured.items()]
    for each in found.real_text:
        scores = ", ".join(f"{name} {value:.1f}" for name, value in each.scores.items())
        said.append(f"{each.run}: {scores} ({each.conditions})")
    return said


def summary(found: Comparison) -> str:
    """The result for a terminal: a column for each cell."""
    facts = "; ".join(f"{name}: {value}" for name, value in found.facts.items())
    columns = list(map(list, zip(*table(found))))
    return "\n".join([facts, *aligned(columns), *aligned(differences(found)), *(f"  {each}" for each in notes(found))])


def figure(found: Comparison) -> str:
    """Every agreeing word right, over what stands between them and their noun."""
    own = [each for each in found.accuracies if each.what == AGREEMENT and each.where != EVERYWHERE]
    where = list(dict.fromkeys(each.where for each in own))
    rate = {(each.cell, each.where): each.rate for each in own}
    cells = list(dict.fromkeys(each.cell for each in own))
    series = [Series(cell, [rate[cell, each] for each in where], INKS[n % len(INKS)]) for n, cell in enumerate(cells)]
    ticks = [each.removesuffix("-gender").replace(" words", "").replace("-", " ") for each in where]
    across = "words between, and whether there is a noun of the other or of the same gender among them"
    return chart("Agreement by distance and intervener", across, AGREEMENT, ticks, series)


HOW = """A column is a cell. Accuracies are of the test sentences, with 95 % intervals over nouns and training seeds; all else
is the mean of the runs [the least, the most]. forced choice: how often the first word that agrees is likelier in its noun's
gender than in the other's, the sentence forced up to it; chance is 50 %; with the memory of another noun put into every layer
at the noun, the right gender is still the sentence's own. gradient: powers of ten a word, at the memory, over 200 random
pieces; 0 is a perfect memory line. half-life: words until the memories of two sentences that differ in their noun are half as
far apart. AUC: a probe of the decoder's last layer, two words after the noun, on nouns it was not fitted on. flipped:
sentences in which every later agreeing word changes when these units of the decoder come, once, at the noun, from a sentence
of the other gender, the weaker direction; of the controls the most that any of them does (of the same gender: any word).
tokens/s: wall-clock, on the machine that trained. All intervals are in compare.json and csv/. p: signs of lemma means
flipped, so over nouns, in these runs."""


def page(found: Comparison, command: str) -> str:
    """One file that asks for nothing else."""

    def drawn(rows: Sequence[Sequence[str]]) -> str:
        line = lambda kind, row: "<tr>" + "".join(f"<{kind}>{escape(each)}</{kind}>" for each in row) + "</tr>"
        return f"<table>{line('th', rows[0])}{''.join(line('td', row) for row in rows[1:])}</table>"

    listed = lambda lines: "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in lines) + "</ul>"
    return "\n".join(
        [
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>Every cell on one task</title>",
            "<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:80rem}table{border-collapse:collapse;"
            "font-size:13px}td,th{border:1px solid #d8d8d2;padding:.3rem .5rem;text-align:left}svg{max-width:60rem}</style>",
            "<h1>Every cell of the textbooks on one task</h1>",
            figure(found),
            drawn(list(zip(*table(found)))),
            f"<p><b>How to read this.</b> {escape(HOW)}</p>",
            "<h2>Beside the LSTM</h2>",
            drawn(differences(found)),
            "<h2>The runs</h2>",
            listed([f"{name}: {value}" for name, value in found.facts.items()] + notes(found)),
            f"<pre>{escape(command)}</pre></html>\n",
        ]
    )


def save(found: Comparison, folder: Path, command: str) -> list[Path]:
    """Write compare.json, compare.html and csv/."""
    content = {"command": command, **asdict(found)}
    write_json(folder / "compare.json", content)
    write(folder / "compare.html", page(found, command))
    return [folder / "compare.json", folder / "compare.html", *export({"compare": found}, folder / "csv")]
