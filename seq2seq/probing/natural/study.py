"""The study of natural sentences: what changing the encoder's cell at the noun, and the decoder's after it, does to gender."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy

from corpora.records import Pair

from ...config import UserError
from ...progress import Progress
from ...translator import Translator
from ..statistics import percent
from ..stimuli import probed
from ..tables import write_json
from ..units import sizes
from .carried import Carried, carried
from .controls import Bystanders, Control, bystanders, controls, family_two
from .pairs import share_of, shown, unchanged
from .sentences import Pairs
from .steering import INTERCHANGE, SCHEMES, STEERING, Choice, Effect, choose, measure, schemes, steps

BEAMS = (1, 5)
DRAWS = 20  # random directions, and random sets of units


@dataclass(frozen=True)
class NaturalResult:
    """Everything that is said of one run and one file of natural pairs."""

    file: str
    pairs: int
    unplaced: int  # sentences without one place for the noun
    units: int
    choice: Choice
    other_noun_chrf: float  # of the rest, between a pair's unpatched outputs: what another noun changes by itself
    effects: list[Effect]
    controls: list[Control]
    bystanders: list[Bystanders]
    carried: list[Carried]
    not_carried: str  # why there is nothing in `carried`
    seed: int
    seconds: float


def evaluate(
    fitted: Pairs,
    pairs: Pairs,
    choice: Choice,
    agreement: Iterable[Pair],
    *,
    draws: int = DRAWS,
    beams: Sequence[int] = BEAMS,
    seed: int = 1,
    progress: Progress = lambda what, share: None,
) -> NaturalResult:
    """Measure `pairs` (which may be `fitted` itself) with the choice that was made on `fitted`; `agreement` are the
    agreement corpus's pairs, for the nouns of family 2. The curve over k is greedy, and of the scheme of the choice."""
    begin, random, U, P = time.monotonic(), numpy.random.default_rng(seed), pairs.units, len(pairs)
    effects: list[Effect] = []
    plan = [
        (beam, scheme, k)
        for beam, scheme in product(beams, schemes(fitted))
        for k in (sizes(U) if (beam, scheme) == (1, choice.scheme) else (choice.k, U))
    ]
    for number, (beam, scheme, k) in enumerate(plan):
        progress("steering and interchange", 0.4 * number / len(plan))
        step, chosen = steps(fitted, pairs.nouns, k, SCHEMES[scheme])
        doses = choice.all_doses if k == U else choice.doses
        effects += measure(pairs, pairs.steered(step, doses), STEERING, k, doses, scheme, beam)
        effects += measure(pairs, pairs.interchanged(chosen), INTERCHANGE, k, None, scheme, beam)
    held_against = controls(
        fitted, pairs, choice, effects, draws, random, lambda what, share: progress(what, 0.4 + 0.5 * share)
    )
    progress("nouns of family 2", 0.9)
    spared = bystanders(fitted, choice, family_two(agreement, random), random, seed)
    progress("the decoder's own cell", 0.95)
    try:
        decoder, why = carried(fitted, pairs, SCHEMES[choice.scheme]), ""
    except UserError as error:  # nobody is named, or only one pair of nouns: all else has been measured
        decoder, why = [], str(error)
    said, right = pairs.said(1), pairs.right(shown, 1)
    by_itself = unchanged([said[P + n] for n in right], [said[n] for n in right])
    return NaturalResult(
        pairs.file, P, pairs.unplaced, U, choice, by_itself, effects, held_against, spared, decoder, why, seed,
        round(time.monotonic() - begin, 1),
    )  # fmt: skip


def steer(
    translator: Translator,
    file: Path,
    held_out: Path,
    *,
    seed: int = 1,
    progress: Progress = lambda what, share: None,
) -> NaturalResult:
    """Choose on one file of natural pairs, and measure on the other."""
    fitted = Pairs(translator, file)
    choice = choose(fitted, progress=lambda what, share: progress(what, 0.2 * share))
    progress("reading", 0.2)
    return evaluate(
        fitted, Pairs(translator, held_out), choice, probed(translator), seed=seed,
        progress=lambda what, share: progress(what, 0.2 + 0.8 * share),
    )  # fmt: skip


def told(found: NaturalResult) -> str:
    """A few lines for the terminal: an eighth of the units and all, greedy, beside their controls."""
    choice = found.choice
    lines = [
        f"{found.file}: {found.pairs} pairs, changed once at the noun in {', '.join(choice.sites)}; greedy; doses chosen on "
        f"{choice.file}, units and direction from other nouns; another noun by itself leaves the rest at chrF "
        f"{found.other_noun_chrf:.1f}"
    ]
    for each in found.effects:
        if each.k in (choice.k, found.units) and (each.beam, each.scheme) == (1, choice.scheme):
            dose = "" if each.dose is None else f" × {each.dose:g}"
            lines.append(
                f"  {each.change}, {each.what}{dose}, {each.k} of {found.units} units: shown {share_of(each.shown)}, all "
                f"agreeing words {share_of(each.agreeing)}, chrF of the rest {each.chrf:.1f}"
            )
    for control in found.controls:
        lines.append(
            f"  {control.change}, {control.against} control, {control.what}, {control.k} units, {control.draws} draws: shown "
            f"{percent(control.shown.mean)}, agreeing {percent(control.agreeing.mean)}"
        )
    for seen in found.bystanders:
        if seen.what == STEERING:
            lines.append(f"  {seen.change}, nouns of family 2, {seen.k} units: become a person {share_of(seen.person)}")
    if found.not_carried:
        lines.append(f"  the decoder's own cell is not measured: {found.not_carried}")
    whole = found.carried[-2:]
    lines += [
        f"  {each.change}, the decoder's whole cell after its noun: agreeing {share_of(each.agreeing)}"
        for each in whole
    ]
    return "\n".join(lines)


def save(found: Mapping[str, NaturalResult], folder: Path, command: str) -> Path:
    """Write what was found of each run to natural.json."""
    content = {"command": command, "results": [{"run": run, **asdict(each)} for run, each in found.items()]}
    write_json(folder / "natural.json", content)
    return folder / "natural.json"
