"""Persistence: for how many words does a cell still tell which noun was said, and is that what its forget gates keep?

Two sentences of one frame differ in their noun; from there on they are the same words, none of which shows a gender. R(τ) is the
distance of the two cells τ words after the noun, as a share of what it was at the noun. If the cell only kept what it had and
lost it to the forget gates, R would be what their product leaves:

    P(τ) = ‖(∏ f_s) ⊙ Δc_0‖ / ‖Δc_0‖        f_s: geometric mean of the two sentences' gates, over the word pieces read since

R above P: the difference is written anew, from the hidden state or, in a decoder, from the source. The control is a partner of
the same gender: another word, but nothing that agreement needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy

from corpora.records import Pair

from ..config import UserError
from ..model import BEGIN
from ..trace import from_the_right, read_at
from ..translator import Translator
from .statistics import Estimate, Values, cluster_mean, estimate, ratio
from .stimuli import BATCH, Stimulus, partners, single, stimulus, traced
from .subjects import FEWEST, words_of

SPAN = 8  # words after the noun
HALF = 0.5
INTERVENERS = {"no noun": ("no-noun",), "a noun": ("same-gender", "other-gender")}


@dataclass(frozen=True)
class Curve:
    """R and P over the words after the noun, for partners of one kind across one kind of intervener."""

    place: str  # the layer: decoder.0
    units: int
    of: str  # "all units", or what was chosen
    partner: str  # of the other gender, of the same gender
    intervener: str
    # R(τ), τ = 0 … ; means over lemmas. 1 is the distance of the other gender's partner at τ = 0, for the control as if known
    distance: list[Estimate]
    kept: list[Estimate]  # P(τ), the product of the forget gates; empty where it was not asked for
    half_life: float | None  # words until R is ½, between two words by a straight line; None: not within the span
    half_life_kept: float | None


def half_life(curve: Sequence[float]) -> float | None:
    """Where a curve that begins at 1 first comes down to ½."""
    for step, (above, below) in enumerate(pairwise(curve)):
        if below <= HALF * curve[0] < above:
            return step + (above - HALF * curve[0]) / (above - below)
    return None


@dataclass(frozen=True)
class Reading:
    """A sentence from its noun on, as a layer reads it."""

    stimulus: Stimulus
    steps: tuple[int, ...]  # positions of the noun and of `span` words after it, none of which shows a gender
    pieces: tuple[int, ...]  # what is read after the noun, to the last of them


def reading(stimulus: Stimulus, place: str, translator: Translator, span: int) -> Reading | None:
    """Nothing where too few words without gender follow the noun."""
    sources, targets = (words_of(translator.tokenizer, text) for text in (stimulus.pair.source, stimulus.pair.target))
    if place.startswith("decoder"):
        steps = [read_at(word) for word in stimulus.neutral(targets)]
        pieces = (BEGIN, *stimulus.pieces)
    else:
        start = stimulus.factors.nouns[0].source.end
        steps = [word.last for word in sources if word.end >= start and word.text[0].isalnum()]
        pieces = tuple(translator.tokenizer.encode(stimulus.pair.source))
    if len(steps) <= span:
        return None
    return Reading(stimulus, tuple(steps[: span + 1]), pieces[steps[0] + 1 : steps[span] + 1])


def read(
    translator: Translator, readings: Sequence[Reading], place: str, memory: str, gated: bool
) -> tuple[list[Values], list[Values]]:
    """Of each sentence the cell at the noun and at each word after it [span + 1, H], and, `gated`, the log of the product of
    the forget gates since the noun [span + 1, H]."""
    cells, kept = [], []
    for start in range(0, len(readings), BATCH):
        part = readings[start : start + BATCH]
        sites = [f"{place}.{memory}", *([f"{place}.forget"] if gated else [])]
        made = traced(translator, [each.stimulus.pair for each in part], sites).values
        for row, each in enumerate(part):
            cell, *forget = (made[site][row].double().numpy() for site in sites)  # [T, H]
            steps = list(each.steps)
            cells.append(cell[steps])
            if not gated:
                continue
            logs = numpy.log(forget[0][steps[0] + 1 : steps[-1] + 1]).cumsum(0)  # [pieces, H]
            logs = numpy.concatenate([numpy.zeros((1, logs.shape[1])), logs])
            kept.append(logs[[step - steps[0] for step in steps]])
    return cells, kept


def persistence(
    translator: Translator, pairs: Sequence[Pair], units: Mapping[str, Sequence[int]], seed: int, *, at_most: int = 400,
    span: int = SPAN, gated: bool = True,
) -> list[Curve]:  # fmt: skip
    """R(τ) and P(τ) over held-out nouns, in each layer of `units` (decoder.0: its chosen units; encoder.0.forward: …), for all
    its units and for the chosen ones, over `span` words; of at most so many sentences of each kind. Not `gated`: R(τ) alone,
    which every cell has.

    UserError: the cell has no forget gate, a layer reads backwards, or too few sentences have `span` words
    without gender after their noun.
    """
    cell = translator.model.decoder[-1].cell
    if gated and "forget" not in cell.gates:
        raise UserError("persistence is compared with the forget gate, and the cell has none")
    if wrong := next((place for place in units if from_the_right(place)), None):
        raise UserError(f"{wrong} reads from right to left: the words that follow a noun there are not the same")
    found = []
    for place, chosen in units.items():
        for intervener, kinds in INTERVENERS.items():
            stimuli = [
                each
                for pair in single(pairs)
                if pair.factors.intervener in kinds and (each := stimulus(pair, translator.tokenizer))
            ]
            made = [heard for s in stimuli if (heard := reading(s, place, translator, span))]
            frames = sorted({each.stimulus.frame for each in made})
            drawn = {frames[n] for n in numpy.random.default_rng(seed).permutation(len(frames))[: at_most // 4]}
            made = [each for each in made if each.stimulus.frame in drawn]
            cells, kept = read(translator, made, place, cell.memory, gated)
            parts = {"all units": None, "chosen units": chosen}
            found += curves(place, made, cells, kept, parts, intervener, span, seed)
    return found


def curves(
    place: str, made: Sequence[Reading], cells: Sequence[Values], kept: Sequence[Values],
    units: Mapping[str, Sequence[int] | None], intervener: str, span: int, seed: int,
) -> list[Curve]:  # fmt: skip
    """Both partners' curves for each set of units; `kept` are logs of the product of the forget gates, or nothing."""
    found = []
    stimuli = [each.stimulus for each in made]
    for of, chosen in units.items():
        one = 1.0
        for partner, same in (("of the other gender", False), ("of the same gender", True)):
            both = [
                pair
                for pair in partners(stimuli, range(len(made)), same_gender=same)
                if made[pair.recipient].pieces == made[pair.donor].pieces
            ]
            lemmas = [stimuli[pair.recipient].factors.lemma for pair in both]
            if len(set(lemmas)) < 2 * FEWEST:
                raise UserError(
                    f"{len(set(lemmas))} held-out nouns with a partner {partner} and {span} words without gender after them, "
                    f"where {2 * FEWEST} are needed: give more pairs"
                )
            gaps = numpy.stack([cells[pair.recipient] - cells[pair.donor] for pair in both])  # [N, span + 1, H]
            gaps = gaps if chosen is None else gaps[:, :, list(chosen)]
            distance = numpy.linalg.norm(gaps, axis=2)  # [N, span + 1]
            passive = distance[:, :0]  # [N, 0]: not asked for
            if kept:
                product = numpy.exp(numpy.stack([(kept[pair.recipient] + kept[pair.donor]) / 2 for pair in both]))
                product = product if chosen is None else product[:, :, list(chosen)]
                passive = numpy.linalg.norm(product * gaps[:, :1], axis=2)
            if not same:
                one = cluster_mean(distance[:, 0], lemmas)
            shares = [each / one if same else ratio(each, distance[:, 0], lemmas) for each in (distance, passive)]
            r, p = ([estimate(step, lemmas, seed, rate=False) for step in each.T] for each in shares)
            found.append(
                Curve(
                    place, gaps.shape[2], of, partner, intervener, r, p,
                    half_life([each.value for each in r]), half_life([each.value for each in p]),
                )
            )  # fmt: skip
    return found
