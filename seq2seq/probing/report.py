"""Results as data (JSON, CSV), as one self-contained page, and as a summary for a terminal.

The page is page/: HTML, CSS and JavaScript that draw results.json, which it carries within it. So whatever stands on it is in the
results, and nothing is drawn by Python that JavaScript draws, too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from corpora.writing import write

from .causal import FLIPPED, Causal
from .ladder import HYPOTHESES, NO, UNDECIDED, YES, replicated, worst
from .statistics import interval, percent
from .study import Result
from .tables import export, write_json

SCRIPTS = ("base.js", "charts.js", "cell.js", "sentences.js", "experiments.js", "readings.js", "page.js")


def fewest(causal: Causal) -> str:
    """What the fewest units that suffice on some nouns do on others: those that suffice there, too, else those that do most."""
    found = [(len(each.units), min(each.measured.values(), key=lambda rate: rate.value))
             for each in causal.smallest if each.units and each.measured]  # fmt: skip
    if not found:
        return "a distributed code" if len(causal.chosen) > 1 else "a gender unit"
    holds = [each for each in found if each[1].value >= FLIPPED]
    count, rate = min(holds, key=lambda each: each[0]) if holds else max(found, key=lambda each: each[1].value)
    if holds and count == 1:
        return "a gender unit, one alone suffices"
    short = "" if holds else f", below the bar of {percent(FLIPPED)}"
    return (
        f"a distributed code; the {count} found to suffice on other nouns change {percent(rate.value)} here, in the weaker "
        f"direction{short}"
    )


def tested(result: Result) -> str:
    """What became of the hypotheses that were fixed before anything was measured."""
    failed = [
        f"{each.name} fails ({each.claim}: corrected p {each.corrected:.2g})"
        for each in result.hypotheses
        if not each.holds
    ]
    held = [each.name for each in result.hypotheses if each.holds]
    unmeasured = HYPOTHESES - len(result.hypotheses)
    said = [f"{', '.join(held)} hold{'s' * (len(held) == 1)}"] * bool(held) + failed
    said += [f"{unmeasured} not measured"] * bool(unmeasured)
    return f"Of the {HYPOTHESES} hypotheses fixed beforehand {'; '.join(said)}."


def answer(result: Result, runs: Sequence[Result] = ()) -> str:
    """The result in a few sentences, from the verdicts of the ladder; with several runs, in how many of them all rungs hold."""
    rungs = {rung.name.split()[0]: rung for rung in result.ladder}
    causal = result.causal
    weak = worst(causal.exchange)
    held = {YES: "holds", NO: "does not hold", UNDECIDED: "is undecided"}
    verdicts = ", ".join(f"{rung.name} {held.get(rung.verdict, rung.verdict)}" for rung in result.ladder)
    few = len(causal.chosen)
    what = "one unit" if few == 1 else f"{few} units"
    if all(rung.verdict == YES for rung in result.ladder):
        said = f"Yes: {what} of {result.units} in {result.site} hold the gender of what follows; {fewest(causal)}."
    elif rungs["L5"].verdict == NO:
        said = (
            f"No, not in few units of the cell: putting {what} of {result.units} of {result.site} from a sentence of the other "
            "gender in, once, at the noun, does not decide the gender of what follows."
        )
    else:
        said = f"In part: {what} of {result.units} in {result.site} were tested."
    seeds = (
        f" Over the training runs: {replicated([each.ladder for each in runs]).decided_by}." if len(runs) > 1 else ""
    )
    return (
        f"{said} The {what} exchanged at the noun change every later agreeing word in {interval(weak.all_words)} of the sentences "
        f"({weak.direction}, the weaker direction). Rung by rung: {verdicts}.{seeds} {tested(result)}"
    )


def summary(result: Result) -> str:
    """The result for a terminal, in at most 30 lines; the rungs come last."""
    lines = [f"{result.run}: {answer(result).split(' Rung by rung')[0]}"]
    lines.append(f"  units furthest apart: {', '.join(map(str, result.best))}")
    few = [pair for pair in result.boy_to_girl if pair[0] in (1, result.eighth, result.units)]
    lines += [f"  {k:4} of the girl's units: {text}" for k, text in few]
    for cut in result.paths:
        shares = ", ".join(f"{part.name} {percent(part.all_words.value)}" for part in (*cut.parts, cut.total))
        lines.append(f"  path, {cut.cut}, {cut.direction}: {shares}")
    if result.register:
        lines.append(
            "  register or slots: " + ", ".join(f"{each.site} {each.verdict}" for each in result.register.sites)
        )
    if result.gates:
        story = result.gates.sites[0]
        lines.append(
            f"  textbook, {story.place}: " + ", ".join(f"{each.clause} {each.verdict}" for each in story.clauses)
        )
    lines += [f"  not measured: {what}: {why}" for what, why in result.not_measured.items()]
    lines += [
        f"  {each.name} p {each.p:.2g}, corrected {each.corrected:.2g}: {each.claim}" for each in result.hypotheses
    ]
    lines += [f"  {rung.name:14} {rung.verdict:10} {rung.decided_by}" for rung in result.ladder]
    return "\n".join(lines)


def last_rung(results: Sequence[Result]) -> str:
    """The seventh rung, over all runs."""
    rung = replicated([each.ladder for each in results])
    return f"  {rung.name:14} {rung.verdict:10} {rung.decided_by} ({rung.control})"


def gathered(results: Sequence[Result], command: str) -> dict[str, Any]:
    """All that results.json and the page hold: what was measured, and what is said of it."""
    return {
        "command": command,
        "replicated": asdict(replicated([each.ladder for each in results])),
        "results": [{**asdict(each), "answer": answer(each, results)} for each in results],
    }


def page(content: dict[str, Any]) -> str:
    """The whole report: one file that asks for nothing else. The results stand in it as JSON that no text in them can leave."""
    own = resources.files(__package__) / "page"
    read = lambda name: (own / name).read_text(encoding="utf-8")
    data = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {"STYLE": read("page.css"), "SCRIPT": "\n".join(map(read, SCRIPTS)), "RESULTS": data}  # results last
    text = read("page.html")
    for name, part in parts.items():
        text = text.replace(f"/*{name}*/", part)
    return text


def save(results: Sequence[Result], folder: Path, command: str) -> tuple[Path, ...]:
    """Write results.json, report.html, and the results as tables (tables.export) in csv/."""
    content = gathered(results, command)
    write_json(folder / "results.json", content)
    write(folder / "report.html", page(content))
    export({each.run: each for each in results}, folder / "csv")
    return folder / "results.json", folder / "report.html", folder / "csv"
