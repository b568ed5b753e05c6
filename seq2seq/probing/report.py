"""Results as data (JSON) and as one self-contained page. Everything that comes from outside the program is escaped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from ..checkpoint import write
from .statistics import Estimate
from .study import FLIPPED, Flips, Result, Sentence, Strip

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
.strip td, .strip th { border: 1px solid var(--paper); text-align: center; padding: .15rem .45rem; font-size: .85rem; }
.strip th { font-weight: 500; } .strip th.agrees { text-decoration: underline; text-decoration-thickness: 2px; }
code { background: var(--box); padding: .1rem .3rem; border-radius: .2rem; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
@media print { body { max-width: none; } h2 { break-after: avoid; } table, svg { break-inside: avoid; } }
"""
RULE = "an eighth of the cell's units"
CHANCE = 0.02  # share of sentences that controls may change beside a yes


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}".replace("%", " %")


def interval(estimate: Estimate) -> str:
    return f"{percent(estimate.value)} [{percent(estimate.low)}, {percent(estimate.high)}]"


def eighth(result: Result) -> list[Flips]:
    """Both directions at the largest number of units that a claim about units may use."""
    return [each for each in result.flips if each.k == result.eighth]


def answer(result: Result) -> str:
    """The result in three sentences; the verdict is yes, no, or that the controls do not allow one."""
    at = eighth(result)
    worst = min(at, key=lambda each: each.all_words.value)
    means = [each.random_mean for each in at if each.random_mean is not None]
    highs = [each.random_high for each in at if each.random_high is not None]
    chance = max(means, default=None)
    last = [each for each in result.probes if each.site == result.site][-1]
    decodable = (
        f"{last.step} words after the noun, none of which shows its gender, a linear probe reads the gender from "
        f"{result.site} with {percent(last.probe.held_out_lemmas)} accuracy, on nouns and templates it never saw"
    )
    causal = (
        f"putting the {worst.k} units (of {result.units}) that separate the genders most from a sentence of the other gender "
        f"in, once, at the noun, changes every later agreeing word in {interval(worst.all_words)} of the sentences "
        f"({worst.direction}, the weaker direction); random sets of that size change {percent(chance)} on average (95th "
        f"percentile {percent(max(highs, default=None))}), a donor of the same gender {percent(result.same_gender.value)}"
    )
    if worst.all_words.value < FLIPPED:
        verdict = f"So setting {RULE} at the noun does not decide the gender of what follows: a controlled no"
    elif chance is None or chance > CHANCE or result.same_gender.value > CHANCE:
        verdict = (
            f"So setting {RULE} at the noun decides the gender of what follows, but a control changes more than "
            f"{percent(CHANCE)}, too, so these units are not the only ones"
        )
    else:
        verdict = (
            f"So setting {RULE} at the noun decides the gender of what follows, and setting as many others does not"
        )
    return f"{decodable}; {causal}. {verdict}. (The hidden state follows the cell that was set: they are not told apart here.)"


def colour(value: float, largest: float) -> str:
    """Red above zero, blue below; how strong, by its size."""
    share = 0.0 if largest == 0 else min(1.0, abs(value) / largest)
    red, green, blue = (201, 60, 44) if value > 0 else (38, 115, 178)
    return f"rgba({red},{green},{blue},{share:.2f})"


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


def curve(result: Result) -> str:
    """Flip rate over k, both directions, with the random sets, as inline SVG."""
    width, height, left, top, bottom = 640, 300, 56, 16, 44
    ks = sorted({each.k for each in result.flips})
    x = {k: left + (width - left - 20) * n / max(1, len(ks) - 1) for n, k in enumerate(ks)}

    def y(value: float) -> float:
        return top + (height - top - bottom) * (1 - value)

    parts = [
        f"<svg viewBox='0 0 {width} {height}' role='img' aria-label='Share of sentences changed, over the number of units'>"
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(
            f"<line x1='{left}' x2='{width - 20}' y1='{y(tick):.1f}' y2='{y(tick):.1f}' stroke='var(--line)'/>"
        )
        parts.append(f"<text x='{left - 8}' y='{y(tick) + 4:.1f}' text-anchor='end'>{tick:.0%}</text>")
    for k in ks:
        parts.append(f"<text x='{x[k]:.1f}' y='{height - bottom + 18}' text-anchor='middle'>{k}</text>")
    parts.append(f"<text x='{(left + width) / 2}' y='{height - 6}' text-anchor='middle'>units exchanged</text>")
    middle = (height - bottom) / 2
    parts.append(
        f"<text x='14' y='{middle}' text-anchor='middle' transform='rotate(-90 14 {middle})'>sentences changed</text>"
    )
    limit = x[result.eighth]
    parts.append(
        f"<line x1='{limit:.1f}' x2='{limit:.1f}' y1='{top}' y2='{height - bottom}' stroke='var(--quiet)' stroke-dasharray='4'/>"
    )
    for direction, ink, dash in (("masculine → feminine", "--fem", "none"), ("feminine → masculine", "--masc", "7 3")):
        line = [each for each in result.flips if each.direction == direction]
        points = " ".join(f"{x[each.k]:.1f},{y(each.all_words.value):.1f}" for each in line)
        parts.append(
            f"<polyline points='{points}' fill='none' stroke='var({ink})' stroke-width='2' stroke-dasharray='{dash}'/>"
        )
        for each in line:
            low, high = y(each.all_words.low), y(each.all_words.high)
            parts.append(
                f"<line x1='{x[each.k]:.1f}' x2='{x[each.k]:.1f}' y1='{low:.1f}' y2='{high:.1f}' stroke='var({ink})'/>"
            )
        points = " ".join(f"{x[each.k]:.1f},{y(each.random_mean):.1f}" for each in line if each.random_mean is not None)
        parts.append(
            f"<polyline points='{points}' fill='none' stroke='var(--quiet)' stroke-width='1' stroke-dasharray='{dash}'/>"
        )
    return "".join(parts) + "</svg>"


def flips_table(result: Result) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.direction)}</td><td>{each.k}</td><td>{interval(each.all_words)}</td><td>{interval(each.any_word)}</td>"
        f"<td>{percent(each.random_mean)}</td><td>{percent(each.random_high)}</td><td>{each.draws}</td>"
        f"<td>{'–' if each.p is None else f'{each.p:.3f}'}</td><td>{each.all_words.n}</td><td>{each.all_words.clusters}</td></tr>"
        for each in result.flips
    )
    head = (
        "direction",
        "k",
        "all words change",
        "any word",
        "random: mean",
        "95th",
        "draws",
        "p",
        "sentences",
        "nouns",
    )
    return table(
        head, rows, "Interchange at the noun; means and 95 % intervals over held-out nouns, in held-out templates"
    )


def alone_table(result: Result) -> str:
    at_noun = result.steps[0].areas
    rows = "".join(
        f"<tr><td>{unit}</td><td>{at_noun[unit]:.2f}</td><td>{interval(alone)}</td></tr>"
        for unit, alone in zip(result.best, result.alone)
    )
    return table(
        ("unit", "AUC at the noun", "all words change"), rows, "Each of these units exchanged alone, both directions"
    )


def probes_table(result: Result) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.site)}</td><td>{each.step}</td><td>{percent(each.probe.held_out_lemmas)}</td>"
        f"<td>{percent(each.probe.seen_lemmas)}</td><td>{percent(each.probe.control)}</td><td>{percent(each.probe.selectivity)}</td>"
        f"<td>{each.probe.fit_nouns}</td><td>{each.probe.held_out_nouns}</td></tr>"
        for each in result.probes
    )
    head = (
        "site",
        "words after noun",
        "held-out nouns",
        "seen nouns",
        "control",
        "selectivity",
        "nouns fitted on",
        "held out",
    )
    return table(head, rows, "Linear probe for gender, always in held-out templates")


def auc_table(result: Result) -> str:
    rows = "".join(
        f"<tr><td>{unit}</td>{''.join(f'<td>{each.areas[unit]:.2f}</td>' for each in result.steps)}</tr>"
        for unit in result.best
    )
    rows += f"<tr><td>held-out nouns</td>{''.join(f'<td>{each.nouns}</td>' for each in result.steps)}</tr>"
    head = ["unit", *[f"+{each.step}" if each.step else "noun" for each in result.steps]]
    return table(head, rows, f"AUC of {result.site} for feminine, so many gender-neutral words after the noun")


def table(head: Sequence[str], rows: str, caption: str) -> str:
    cells = "".join(f"<th scope=col>{escape(name)}</th>" for name in head)
    return f"<div class=scroll><table><caption>{escape(caption)}</caption><tr>{cells}</tr>{rows}</table></div>"


def how(text: str) -> str:
    return f"<p class=how><b>How to read this.</b> {text}</p>"


def page(results: Sequence[Result], command: str) -> str:
    """The whole report."""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>Does the cell hold gender?</title><style>{STYLE}</style></head><body><main>",
        "<h1>Does the cell state hold grammatical gender?</h1>",
    ]
    for result in results:
        boy, girl = result.sentences
        parts += [
            f"<h2>{escape(result.run)}</h2>" if len(results) > 1 else "",
            f"<p class=answer>{escape(answer(result))}</p>",
            f"<p class=note>Given the noun, the run says {interval(result.understood)} of the stimuli right "
            f"({result.understood.n} sentences, {result.understood.clusters} nouns); only the sentences said right are probed. "
            f"This is the {escape(result.facts['size'])} study; its conditions stand at the end.</p>",
            "<h2>The boy and the girl</h2>",
            f"<p>{escape(boy.source)} → <b lang=cs>{escape(boy.translation)}</b><br>"
            f"{escape(girl.source)} → <b lang=cs>{escape(girl.translation)}</b></p>",
            how(
                f"Each row is one of the {len(result.best)} units of the decoder's cell whose means for the two genders are "
                "furthest apart (chosen on other nouns and other templates than those tested below), each column a word of the "
                "Czech sentence, and the number the unit's value once that word has been read: red above zero, blue below. "
                "Underlined words agree with the noun. Compare the rows of the two sentences: a unit that holds gender differs "
                "where the noun has been read, and still does where the agreeing word is chosen. It may differ earlier: the "
                "encoder has read the whole English sentence, and hands its gender over before the first Czech word is said."
            ),
            strips(boy, result.site, ("který", "rád")),
            strips(girl, result.site, ("která", "ráda")),
            *[
                f"<details><summary>{escape(site)}</summary>"
                f"{strips(boy, site, ('který', 'rád'))}{strips(girl, site, ('která', 'ráda'))}</details>"
                for site in boy.strips
                if site != result.site
            ],
            "<h2>Put the girl's units into the boy's sentence</h2>",
            table(
                ("units", "the boy's sentence becomes"),
                "".join(
                    f"<tr><td>{k}</td><td lang=cs style='text-align:left'>{escape(text)}</td></tr>"
                    for k, text in result.boy_to_girl
                ),
                "Each line was decoded by the model; the words up to the noun are forced",
            ),
            curve(result),
            how(
                "Across: how many units were exchanged, most separating first. Up: the share of held-out sentences in which every "
                "word that agrees with the noun, after it, then had the other gender. Solid red: from masculine to feminine; "
                "dashed blue: back. Grey: the mean of random sets of that many units, drawn evenly from all units. A claim about "
                f"units has to be made no further right than the dashed upright, {RULE}. The noun itself is out already and stays."
            ),
            flips_table(result),
            alone_table(result),
            f"<p>Control: the same {result.eighth} units from a noun of the same gender change a word's gender in "
            f"{interval(result.same_gender)} of {result.same_gender.n} sentences.</p>",
            "<h2>Can it be read?</h2>",
            how(
                "A probe is fitted on some nouns and templates and tested on others. The control gives each noun a random gender; "
                "what a probe reaches there it reaches by knowing the nouns. Selectivity is the difference on the same nouns. "
                "At the noun the word itself may be what is read; further on only sentences count in which no word since the noun "
                "shows its gender, so what is read was kept. (The words between may still differ; the templates are held out.)"
            ),
            probes_table(result),
            how("1 or 0: the unit tells every held-out feminine noun from every masculine one; 0.5: it tells nothing."),
            auc_table(result),
            "<h2>The run</h2>",
            table(
                ("fact", "value"),
                "".join(
                    f"<tr><td>{escape(str(k))}</td><td>{escape(str(v))}</td></tr>" for k, v in result.facts.items()
                ),
                "Conditions of every number on this page",
            ),
        ]
    parts.append(f"<p>Remake this page: <code>{escape(command)}</code></p></main></body></html>")
    return "".join(parts)


def summary(result: Result) -> str:
    """The result for a terminal."""
    lines = [
        f"{result.run}: given the noun, {interval(result.understood)} of {result.understood.n} stimuli are said right"
    ]
    for each in result.probes:
        if each.site == result.site:
            lines.append(
                f"  probe of {each.site}, {each.step} neutral words after the noun: held-out nouns "
                f"{percent(each.probe.held_out_lemmas)}, seen {percent(each.probe.seen_lemmas)}, control {percent(each.probe.control)}"
            )
    lines.append(f"  units furthest apart: {', '.join(map(str, result.best))}")
    for flips in eighth(result):
        lines.append(
            f"  interchange of {flips.k} of {result.units} units, {flips.direction}: all words change {interval(flips.all_words)} "
            f"(n = {flips.all_words.n}, {flips.all_words.clusters} nouns); random sets {percent(flips.random_mean)}, 95th "
            f"percentile {percent(flips.random_high)} of {flips.draws}"
        )
    smallest = "none" if result.smallest is None else f"{result.smallest} units"
    lines.append(
        f"  fewest that change 90 % in both directions: {smallest}; same-gender control {interval(result.same_gender)}"
    )
    lines += [f"  {k:4} units  {text}" for k, text in result.boy_to_girl]
    return "\n".join(lines)


def save(results: Sequence[Result], folder: Path, command: str) -> tuple[Path, Path]:
    """Write results.json and report.html."""
    content = {"command": command, "results": [asdict(each) for each in results]}
    data = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write(folder / "results.json", data + "\n")
    write(folder / "report.html", page(results, command))
    return folder / "results.json", folder / "report.html"
