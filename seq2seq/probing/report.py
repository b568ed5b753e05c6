"""Results as data (JSON) and as one self-contained page. Everything that comes from outside the program is escaped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from ..checkpoint import write
from .causal import FLIPPED
from .figures import FEMININE, MASCULINE, QUIET, Series, chart, colour, matrix
from .ladder import NO, UNDECIDED, YES, Rung, replicated, worst
from .statistics import interval, number, percent
from .study import Result, Sentence, Strip

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c22; --paper: #fdfdfb; --quiet: #666a73; --line: #d8d8d2; --box: #f4f3ee;
  --fem: #c0392b; --masc: #1f6fb2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e4; --paper: #17181c; --quiet: #a0a4ad; --line: #3a3c44;
  --box: #202228; --fem: #ff7b6b; --masc: #6db7f2; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 68rem;
  margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { margin-top: 2.6rem; border-bottom: 1px solid var(--line); }
.answer { font-size: 1.15rem; background: var(--box); padding: .8rem 1.1rem; border-left: 4px solid var(--fem); }
.note { color: var(--quiet); } .how { background: var(--box); padding: .5rem 1rem; border-radius: .4rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .6rem 0; }
th { white-space: normal; } td { white-space: nowrap; } td, th { padding: .2rem .5rem; text-align: right;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; } caption { text-align: left; color: var(--quiet); padding-bottom: .3rem; }
.text td, .text th { text-align: left; white-space: normal; vertical-align: top; } summary { cursor: pointer; margin: .5rem 0; }
.verdict { font-weight: 600; } .verdict.yes { color: #1c7c3c; } .verdict.no { color: var(--fem); }
.strip td, .strip th { border: 1px solid var(--paper); text-align: center; padding: .15rem .45rem; font-size: .85rem; }
.strip th { font-weight: 500; } .strip th.agrees { text-decoration: underline; text-decoration-thickness: 2px; }
code { background: var(--box); padding: .1rem .3rem; border-radius: .2rem; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
@media print { body { max-width: none; } h2 { break-after: avoid; } table, svg { break-inside: avoid; } }
"""


def answer(result: Result) -> str:
    """The result in a few sentences, from the verdicts of the ladder."""
    rungs = {rung.name.split()[0]: rung for rung in result.ladder}
    causal = result.causal
    weak = worst(causal.exchange)
    held = {YES: "holds", NO: "does not hold", UNDECIDED: "is undecided"}
    verdicts = ", ".join(f"{rung.name} {held.get(rung.verdict, rung.verdict)}" for rung in result.ladder)
    few = len(causal.chosen)
    what = "one unit" if few == 1 else f"{few} units"
    if all(rung.verdict == YES for rung in result.ladder):
        enough = lambda each: each.units and min(rate.value for rate in each.measured.values()) >= FLIPPED
        fewest = min((len(each.units or ()) for each in causal.smallest if enough(each)), default=few)
        kind = f"a distributed code, {fewest} are the fewest found that suffice"
        kind = kind if fewest > 1 else "a gender unit, one alone suffices"
        said = f"Yes: {what} of {result.units} in {result.site} hold the gender of what follows; {kind}."
    elif rungs["L5"].verdict == NO:
        said = (
            f"No, not in few units of the cell: putting {what} of {result.units} of {result.site} from a sentence of the other "
            "gender in, once, at the noun, does not decide the gender of what follows."
        )
    else:
        said = f"In part: {what} of {result.units} in {result.site} were tested."
    return (
        f"{said} Exchanged at the noun they change every later agreeing word in {interval(weak.all_words)} of the sentences "
        f"({weak.direction}, the weaker direction). Rung by rung: {verdicts}."
    )


def strips(sentence: Sentence, site: str, agreeing: Sequence[str]) -> str:
    """A table of one site: a row a unit, a column a word of the Czech sentence."""
    head = "".join(
        f"<th scope='col'{' class=agrees' if word in agreeing else ''}>{escape(word)}</th>"
        for word in sentence.target_words
    )
    largest = max(abs(value) for strip in sentence.strips[site] for value in strip.values)

    def row(strip: Strip) -> str:
        cells = "".join(f"<td style='background:{colour(v, largest)}'>{v:+.2f}</td>" for v in strip.values)
        return f"<tr><th scope='row'>{strip.unit}</th>{cells}</tr>"

    rows = "".join(row(strip) for strip in sentence.strips[site])
    caption = f"{escape(sentence.source)} — {escape(site)}, unit by word"
    return (
        f"<div class=scroll><table class=strip><caption>{caption}</caption><tr><td></td>{head}</tr>{rows}</table></div>"
    )


Column = Callable[[Any], str]


def table(caption: str, items: Iterable[Any], columns: Mapping[str, Column], numbers: bool = True) -> str:
    """A table: a row an item, a column a function of it; what they return is escaped."""
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(str(of(each)))}</td>' for of in columns.values())}</tr>" for each in items
    )
    kind = "" if numbers else " class=text"
    return f"<div class=scroll><table{kind}><caption>{escape(caption)}</caption><tr>{head}</tr>{rows}</table></div>"


def how(text: str) -> str:
    return f"<p class=how><b>How to read this.</b> {text}</p>"


def folded(title: str, *parts: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


def ladder_table(rungs: Sequence[Rung], caption: str) -> str:
    rows = "".join(
        f"<tr><td><b>{escape(rung.name)}</b><br><span class=note>{escape(rung.question)}</span></td>"
        f"<td class='verdict {escape(rung.verdict.split()[0])}'>{escape(rung.verdict)}</td>"
        f"<td>{escape(rung.decided_by)}</td><td>{escape(rung.control)}</td></tr>"
        for rung in rungs
    )
    head = "".join(f"<th scope=col>{name}</th>" for name in ("rung", "verdict", "decided by", "control"))
    return (
        f"<div class=scroll><table class=text><caption>{escape(caption)}</caption><tr>{head}</tr>{rows}</table></div>"
    )


def curve(result: Result) -> str:
    """Flip rate over k, both directions, with the random sets."""
    own = [each for each in result.flips if each.family == "lexical"]
    ks = sorted({each.k for each in own})
    series = []
    for direction, ink, dash in (
        ("masculine → feminine", FEMININE, "none"), ("feminine → masculine", MASCULINE, "7 3"),
    ):  # fmt: skip
        line = {each.k: each for each in own if each.direction == direction}
        series.append(Series(direction, [line[k].all_words for k in ks], ink, dash))
        series.append(Series(f"random, {direction.split()[0][:4]}. →", [line[k].random_mean for k in ks], QUIET, dash))
    return chart(
        "Share of sentences changed, over the number of units", "units exchanged", "sentences changed", ks, series,
        upright=ks.index(result.eighth),
    )  # fmt: skip


def flipping(result: Result) -> list[str]:
    return [
        "<h2>Put the girl's units into the boy's sentence</h2>",
        table(
            "Each line was decoded by the model; the words up to the noun are forced",
            result.boy_to_girl,
            {"units": lambda each: each[0], "the boy's sentence becomes": lambda each: each[1]},
            numbers=False,
        ),
        curve(result),
        how(
            "Across: how many units were exchanged, those first whose means for the two genders are furthest apart. Up: the "
            "share of held-out sentences in which every word that agrees with the noun, after it, then had the other gender. "
            "Solid red: from masculine to feminine; dashed blue: back. Grey: random sets of as many other units, matched on "
            "variance and on outgoing weights. A claim about units has to be made no further right than the dashed upright, "
            "an eighth of the cell's units. The noun itself is out already and stays; the hidden state follows the cell."
        ),
        folded(
            "The numbers, also for nouns whose gender English does not tell, and for each unit alone",
            table(
                "Interchange at the noun; means over held-out nouns, in held-out templates; 95 % intervals over nouns and "
                "templates. open: English does not tell the gender (chair)",
                result.flips,
                {
                    "nouns": lambda e: e.family, "ranked on": lambda e: e.chosen_on, "direction": lambda e: e.direction,
                    "k": lambda e: e.k, "all words change": lambda e: interval(e.all_words),
                    "any word": lambda e: interval(e.any_word), "random: mean": lambda e: percent(e.random_mean),
                    "95th": lambda e: percent(e.random_high), "draws": lambda e: e.draws, "p": lambda e: number(e.p, 3),
                    "sentences": lambda e: e.all_words.n, "lemmas": lambda e: e.all_words.clusters,
                },
            ),
            table(
                "Each of these units exchanged alone, both directions",
                zip(result.best, result.alone),
                {
                    "unit": lambda e: e[0], "AUC at the noun": lambda e: number(result.reading.steps[0].areas[e[0]]),
                    "all words change": lambda e: interval(e[1]),
                },
            ),
            f"<p>Control: {len(result.causal.chosen)} units from a noun of the same gender change a word's gender in "
            f"{interval(result.same_gender)} of {result.same_gender.n} sentences.</p>",
        ),
    ]  # fmt: skip


def readable(result: Result) -> list[str]:
    reading, causal = result.reading, result.causal
    parts = [
        "<h2>Can it be read? (L1–L3)</h2>",
        how(
            "A probe is fitted on some nouns and templates and tested on others. The control gives each noun a random gender; "
            "what a probe reaches there it reaches by knowing the nouns; selectivity is the difference, on the same nouns. "
            "At the noun the word itself may be what is read; further on only sentences count in which no word since the noun "
            "shows its gender, so what is read was kept. Of an encoder, step 0 is the English noun, any other its last step."
        ),
        table(
            "Linear probes for gender; accuracies balanced over nouns and genders, in held-out templates",
            reading.probes,
            {
                "site": lambda e: e.site, "words after noun": lambda e: e.step,
                "held-out nouns": lambda e: interval(e.probe.both), "p": lambda e: number(e.probe.p, 4),
                "seen nouns": lambda e: percent(e.probe.templates.value), "control": lambda e: percent(e.probe.control),
                "selectivity": lambda e: interval(e.probe.selective), "fitted on": lambda e: e.probe.fit_nouns,
                "tested on": lambda e: e.probe.held_out_nouns,
            },
        ),
        table(
            "The same beside what else could tell it: paired, on held-out nouns in held-out templates",
            [(each, name, of) for each in reading.probes for name, of in each.probe.baselines.items()
             if each.site == reading.site],
            {
                "site": lambda e: e[0].site, "words after noun": lambda e: e[0].step, "beside": lambda e: e[1],
                "its accuracy": lambda e: interval(e[2].accuracy), "gain of the probe": lambda e: interval(e[2].gain),
                "p": lambda e: number(e[2].p, 4),
            },
        ),
        table(
            f"AUC of {reading.site} at the step before the agreeing word, by distance and intervener; p one-sided, by ranks",
            reading.cells,
            {"cell": lambda e: e.cell, "AUC": lambda e: interval(e.area, number), "p": lambda e: number(e.p, 6),
             "nouns": lambda e: e.area.clusters if e.area else "too few"},
        ),
    ]  # fmt: skip
    if reading.transfer:
        parts.append(
            f"<p>From nouns whose gender English tells to those whose gender it does not, {reading.transfer.step} neutral words "
            f"after the noun: AUC {interval(reading.transfer.area, number)}, {reading.transfer.area.clusters} nouns, "
            f"p {reading.transfer.p:.1e}.</p>"
        )
    steps = [f"+{each.step}" if each.step else "noun" for each in reading.steps]
    if reading.across_time:
        parts.append(matrix("AUC across time", "probe fitted at", "and read at", steps, reading.across_time.areas))
        parts.append(
            how("A probe of the cell fitted at one word and read at another: 1 the same code, ½ lost, 0 overwritten.")
        )
    code = reading.code
    parts.append(
        folded(
            "Few units, bits, and unit by unit",
            table(
                "Probes of the k best units, beside the best of several random sets",
                reading.sparse,
                {"k": lambda e: e.k, "best units": lambda e: interval(e.best), "random": lambda e: interval(e.random)},
            ),
            f"<p>Online code: {code.bits:.1f} bits to send the gender of {code.nouns} nouns; {code.uniform:.0f} by the uniform "
            f"code, {code.control:.1f} for random genders: {code.compression:.1f} times shorter.</p>"
            if code
            else "",
            table(
                f"AUC of {reading.site} for feminine, so many gender-neutral words after the noun (family-wise p, "
                f"{reading.relabellings:,} relabellings)",
                result.best,
                {
                    "unit": str,
                    **{
                        f"{name} ({each.nouns} nouns)": lambda unit, each=each: (
                            f"{each.areas[unit]:.2f} ({each.p[unit]:.3f})"
                        )
                        for name, each in zip(steps, reading.steps)
                    },
                },
            ),
        )
    )
    columns: dict[str, Column] = {
        "what": lambda e: e.name, "site": lambda e: e.site, "units": lambda e: e.units, "held": lambda e: e.span,
        "direction": lambda e: e.direction, "beam": lambda e: e.beam, "all words change": lambda e: interval(e.all_words),
        "still right": lambda e: interval(e.kept_gender), "log-odds": lambda e: interval(e.log_odds, number),
        "of the whole": lambda e: interval(e.normalised, number), "chrF outside": lambda e: number(e.chrf.value, 1),
        "words changed there": lambda e: number(e.changed_words.value), "words still there": lambda e: percent(e.kept_number.value),
        "KL": lambda e: number(e.divergence.value, 3), "p": lambda e: number(e.p, 4),
    }  # fmt: skip
    return [
        *parts,
        "<h2>What setting it does (L4–L6)</h2>",
        table(
            "The fewest units that change 90 % in both directions: found on some nouns, measured on others",
            [(each, way, rate) for each in causal.smallest for way, rate in (each.measured or {"–": None}).items()],
            {
                "ranked by": lambda e: e[0].order, "units": lambda e: len(e[0].units) if e[0].units else "not even all",
                "direction": lambda e: e[1], "all words change": lambda e: interval(e[2]),
            },
        ),
        table(
            "Controls, on the same sentences",
            causal.controls,
            {
                "what": lambda e: e.name, "direction": lambda e: e.direction, "units": lambda e: e.units,
                "observed": lambda e: percent(e.observed), "mean": lambda e: percent(e.mean),
                "95th": lambda e: percent(e.high), "draws": lambda e: e.draws, "p": lambda e: number(e.p, 3),
            },
        ),
        folded(
            "Every intervention",
            table(f"On {causal.site}'s chosen units and on whole sites; means over {causal.nouns} nouns", causal.effects, columns),
            table(
                "Gender erased (LEACE), held, beside the erasure of random genders; a mean over both genders",
                causal.erased,
                {
                    "sites": lambda e: ", ".join(e.sites),
                    "still right": lambda e: percent(e.kept_gender),
                    "random genders": lambda e: percent(sum(e.control) / len(e.control)),
                    "draws": lambda e: len(e.control),
                    "p": lambda e: number(e.p, 3),
                },
            ),
        ),
    ]  # fmt: skip


def pathways(result: Result) -> list[str]:
    if not result.paths:
        return []
    rows = [(cut, path) for cut in result.paths for path in (*cut.parts, cut.total)]
    return [
        "<h2>By which path?</h2>",
        how(
            "One thing at a time is taken from the donor's run, everything else stays the recipient's: what each alone changes, "
            "all together, and what the parts leave unexplained (more than 0: they act together; less: they overlap)."
        ),
        table(
            "Share of sentences whose every later agreeing word changes, and of the whole change of log-odds",
            rows,
            {
                "cut": lambda e: e[0].cut, "direction": lambda e: e[0].direction, "path": lambda e: e[1].name,
                "all words change": lambda e: interval(e[1].all_words), "any word": lambda e: percent(e[1].any_word.value),
                "share of log-odds": lambda e: interval(e[1].share),
                "unexplained": lambda e: interval(e[0].unexplained_share) if e[1] is e[0].total else "",
            },
        ),
    ]  # fmt: skip


def slots(result: Result) -> list[str]:
    test = result.register
    if test is None:
        return []
    return [
        "<h2>One register, or a slot for each noun?</h2>",
        how(
            "<i>Kluk včera doma zpíval a holka dnes venku tančila</i>: a probe learns the first noun's gender in clause 1, and is "
            "read in clause 2, before its verb. If it then tells the second noun, one register is rewritten; if it still tells "
            "the first, each noun has a slot; if neither, each clause has a code of its own. 1 or 0.5: read or not."
        ),
        table(
            "AUC on held-out nouns",
            test.sites,
            {
                "site": lambda e: e.site, "in clause 1": lambda e: interval(e.in_clause_1, number),
                "in clause 2, for its own noun": lambda e: interval(e.current, number),
                "in clause 2, for clause 1's": lambda e: interval(e.past, number),
                "a probe of clause 2's own": lambda e: interval(e.own, number), "p": lambda e: number(e.p, 4),
                "verdict": lambda e: e.verdict,
            },
        ),
        table(
            f"The register's {len(test.units)} units, put in from a partner's sentence: which verb changes ({test.swap_verdict})",
            test.swaps,
            {
                "at clause": lambda e: e.clause, "what": lambda e: e.what, "units": lambda e: e.units,
                "verb 1 changes": lambda e: interval(e.first_verb), "verb 2 changes": lambda e: interval(e.second_verb),
                "random": lambda e: percent(e.random_mean), "p": lambda e: number(e.p, 3),
            },
        ),
    ]  # fmt: skip


def gate_story(result: Result) -> list[str]:
    story = result.gates
    if story is None:
        return []
    parts = [
        "<h2>The textbook's story of the gates</h2>",
        how(
            "Each clause of the picture is supported only if every number behind it is; what stands beside it is the number that "
            "decides. Changed: a new subject of the other gender; unchanged: of the same. If both move the gates alike, the gates "
            "react to nouns, and the gender is in the candidate."
        ),
        table(
            "Clause by clause",
            [(site, clause) for site in story.sites for clause in site.clauses],
            {"layer": lambda e: e[0].place, "the cell …": lambda e: e[1].clause, "verdict": lambda e: e[1].verdict,
             "decided by": lambda e: e[1].decided_by},
            numbers=False,
        ),
    ]  # fmt: skip
    site = story.sites[0]
    for gate in ("forget", "input"):
        inks = {
            "M→F": (FEMININE, "none"),
            "F→M": (MASCULINE, "none"),
            "M→M": (MASCULINE, "3 3"),
            "F→F": (FEMININE, "3 3"),
        }
        lines = [each for each in site.trajectories if each.gate == gate and each.kind in inks]
        if lines:
            series = [Series(each.kind, each.chosen, *inks[each.kind]) for each in lines]
            ticks = [f"{word:+d}" if word else "noun" for word in lines[0].words]
            parts.append(
                chart(f"{gate} gate around a new noun", "words around a new subject", f"{gate} gate, mean of the units", ticks,
                      series, percent=False)
            )  # fmt: skip
    parts.append(
        folded(
            "Every number of the story",
            table(
                "Larger is as the story has it",
                [(each.place, finding) for each in story.sites for finding in each.findings],
                {
                    "layer": lambda e: e[0], "": lambda e: e[1].hypothesis, "claim": lambda e: e[1].claim,
                    "value": lambda e: interval(e[1].value, lambda v: number(v, 3)), "bar": lambda e: f"{e[1].bar:g}",
                    "p": lambda e: number(e[1].p, 4), "random units": lambda e: number(e[1].random_mean, 3),
                    "verdict": lambda e: e[1].verdict, "nouns": lambda e: e[1].value.clusters,
                },
                numbers=False,
            ),
            table(
                "Surgery: gates of the units set once",
                [each for of in story.sites for each in of.surgeries],
                {
                    "at": lambda e: e.event, "set": lambda e: e.change, "counted": lambda e: e.counted,
                    "rate": lambda e: interval(e.rate), "where nothing may change": lambda e: interval(e.left_alone),
                    "random units": lambda e: percent(e.random_mean), "p": lambda e: number(e.p, 3),
                    "verdict": lambda e: e.verdict,
                },
                numbers=False,
            ),
        )
    )  # fmt: skip
    return parts


def kept(result: Result) -> list[str]:
    if not result.persistence:
        return []
    place = result.persistence[0].place
    lines = [each for each in result.persistence if (each.place, each.of) == (place, "chosen units")]
    inks = {"of the other gender": FEMININE, "of the same gender": QUIET}
    series = []
    for each in lines:
        if each.intervener == "no noun":
            series.append(Series(f"partner {each.partner}", each.distance, inks[each.partner]))
            if each.partner == "of the other gender":
                series.append(Series("what the forget gates keep", each.kept, MASCULINE, "7 3"))
    ticks = range(max((len(each.distance) for each in lines), default=1))
    return [
        "<h2>How long is it kept?</h2>",
        chart(f"Distance of the cell after either noun, {place}", "words after the noun, the same in both sentences",
              "distance, as a share", list(ticks), series),
        how(
            "Two sentences differ in their noun only. Red: how far apart the chosen units of their cells still are. Dashed: what "
            "would be left if the forget gates had only kept what was there. Red above: the difference is written anew. Grey, "
            "the control: a partner noun of the same gender."
        ),
        table(
            "Half-lives, in words",
            result.persistence,
            {
                "layer": lambda e: e.place, "units": lambda e: e.of, "partner": lambda e: e.partner,
                "between": lambda e: e.intervener, "half-life": lambda e: number(e.half_life) if e.half_life else "> 8",
                "by the forget gates": lambda e: number(e.half_life_kept) if e.half_life_kept else "> 8",
            },
        ),
    ]  # fmt: skip


def told(result: Result) -> list[str]:
    """The sections of one run."""
    boy, girl = result.sentences
    understood = "; ".join(
        f"{family} {interval(rate)} ({rate.n} sentences, {rate.clusters} nouns)"
        for family, rate in result.understood.items()
    )
    return [
        f"<p class=answer>{escape(answer(result))}</p>",
        f"<p class=note>Given the noun, the run says right: {understood}; only the sentences said right are probed. This is the "
        f"{escape(result.facts['size'])} study; its conditions stand at the end. Units were chosen on other nouns and templates "
        "than those measured on.</p>",
        ladder_table(result.ladder, "The ladder: each rung with the number that decides it, and its control"),
        table(
            "Of the five hypotheses fixed beforehand, those that could be measured; p corrected for five by Holm's method",
            result.hypotheses,
            {"": lambda e: e.name, "claim": lambda e: e.claim, "p": lambda e: f"{e.p:.2g}",
             "corrected": lambda e: f"{e.corrected:.2g}", "holds": lambda e: "yes" if e.holds else "no"},
            numbers=False,
        ),
        "<h2>The boy and the girl</h2>",
        f"<p>{escape(boy.source)} → <b lang=cs>{escape(boy.translation)}</b><br>"
        f"{escape(girl.source)} → <b lang=cs>{escape(girl.translation)}</b></p>",
        how(
            f"Each row is one of the {len(result.best)} units of the decoder's cell whose means for the two genders are furthest "
            "apart, each column a word of the Czech sentence, and the number the unit's value once that word has been read: red "
            "above zero, blue below. Underlined words agree with the noun. Compare the rows of the two sentences: a unit that "
            "holds gender differs where the noun has been read, and still does where the agreeing word is chosen. It may differ "
            "earlier: the encoder has read the whole English sentence, and hands its gender over before the first Czech word."
        ),
        strips(boy, result.site, ("který", "rád")),
        strips(girl, result.site, ("která", "ráda")),
        *[
            folded(site, strips(boy, site, ("který", "rád")), strips(girl, site, ("která", "ráda")))
            for site in boy.strips
            if site != result.site
        ],
        *flipping(result),
        *pathways(result),
        *slots(result),
        *gate_story(result),
        *kept(result),
        *readable(result),
        "<h2>The run</h2>",
        "".join(f"<p>Not measured: {escape(what)}, because {escape(why)}.</p>" for what, why in result.not_measured.items()),
        table(
            "Conditions of every number on this page",
            result.facts.items(),
            {"fact": lambda e: e[0], "value": lambda e: ", ".join(f"{k} {v}" for k, v in e[1].items())
             if isinstance(e[1], dict) else e[1]},
            numbers=False,
        ),
    ]  # fmt: skip


def page(results: Sequence[Result], command: str) -> str:
    """The whole report."""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>Does the cell hold gender?</title><style>{STYLE}</style></head><body><main>",
        "<h1>Does the cell state hold grammatical gender?</h1>",
    ]
    if len(results) > 1:
        rungs = [rung.name for rung in results[0].ladder]
        columns: dict[str, Column] = {"run": lambda e: e.run,
                                      "units": lambda e: len(e.causal.chosen)}  # fmt: skip
        columns |= {name: lambda e, n=n: e.ladder[n].verdict for n, name in enumerate(rungs)}
        parts.append(table("Every run", results, columns, numbers=False))
        parts.append(ladder_table([replicated([each.ladder for each in results])], "Over the training seeds"))
    for place, result in enumerate(results):
        inner = "".join(told(result))
        opened = "" if place else " open"
        parts.append(
            f"<details{opened}><summary><b>{escape(result.run)}</b></summary>{inner}</details>"
            if len(results) > 1
            else inner
        )
    parts.append(f"<p>Remake this page: <code>{escape(command)}</code></p></main></body></html>")
    return "".join(parts)


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


def save(results: Sequence[Result], folder: Path, command: str) -> tuple[Path, Path]:
    """Write results.json and report.html."""
    content = {"command": command, "results": [asdict(each) for each in results]}
    data = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write(folder / "results.json", data + "\n")
    write(folder / "report.html", page(results, command))
    return folder / "results.json", folder / "report.html"
