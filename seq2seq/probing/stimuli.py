"""Stimuli: frames of the agreement corpus, the same sentence with nouns of either gender, read up to the noun."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy

import corpora
from corpora.records import Agreeing, Factors, Pair

from ..config import UserError
from ..tokenizer import Tokenizer, Word
from ..trace import Trace, read_at, trace
from ..translator import Translator

BATCH = 256  # sentences traced together
GENDERS = ("masculine", "feminine")  # English tells these two apart in family 1


def other(gender: str) -> str:
    return GENDERS[1 - GENDERS.index(gender)]


@dataclass(frozen=True)
class Stimulus:
    """A pair whose controlling noun comes before words that show its gender."""

    pair: Pair
    factors: Factors
    noun: Word  # the controlling noun in the Czech sentence
    judged: tuple[Agreeing, ...]  # the words after it that agree with it, in a form that tells its gender
    pieces: tuple[int, ...]  # the Czech sentence

    @property
    def position(self) -> int:
        """The decoder's position that reads the noun's last piece: where an intervention acts."""
        return read_at(self.noun)

    @property
    def unjudged(self) -> tuple[Agreeing, ...]:
        """What else agrees after the noun: with another noun, or in a form that does not tell."""
        after = self.noun.end
        return tuple(word for word in self.factors.agreeing if word.target.start >= after and word not in self.judged)

    @property
    def first_shown(self) -> int:
        """Where in the Czech sentence the first word that agrees with the noun begins."""
        return min(word.target.start for word in self.factors.agreeing if word.controller == 0)

    @property
    def frame(self) -> tuple[str, str, str]:
        """What partners share: the sentence without its noun, and the fold of the noun."""
        return self.factors.template, self.factors.frame, self.factors.lemma_fold

    def neutral(self, words: Sequence[Word]) -> list[Word]:
        """The noun and the words after it, up to the first that shows its gender again; nothing if one came before it.

        There a probe cannot read the gender from a word just said, but for the noun itself. Signs are no words.
        """
        if self.first_shown < self.noun.start:
            return []
        return [word for word in words if self.noun.start <= word.start < self.first_shown and word.text[0].isalnum()]

    @property
    def silent(self) -> bool:
        """Whether the scored word is the first to show the noun's gender, and comes after the noun."""
        return self.noun.end <= self.factors.agreeing[self.factors.scored].target.start == self.first_shown

    @property
    def held_out(self) -> bool:
        """Neither its noun nor its template was there when units were chosen and probes fitted."""
        return self.factors.lemma_fold == "held-out" and self.factors.template_fold == "held-out"

    @property
    def fitted(self) -> bool:
        return self.factors.lemma_fold == "fit" and self.factors.template_fold == "fit"


@dataclass(frozen=True)
class Partners:
    """Two stimuli of one frame: what `donor` would have said is put into `recipient`."""

    recipient: int
    donor: int


def tells(word: Agreeing) -> bool:
    """Whether the form that agrees with a man is another than with a woman."""
    return len({word.forms[gender].lower() for gender in GENDERS}) == 2


def stimulus(pair: Pair, tokenizer: Tokenizer) -> Stimulus | None:
    """The pair as a stimulus, or nothing if its noun is not followed by a word that shows its gender."""
    factors = pair.factors
    if factors is None or factors.gender not in GENDERS or factors.nouns[0].plural:
        return None
    pieces = tuple(tokenizer.encode(pair.target))
    span = factors.nouns[0].target
    noun = next((word for word in tokenizer.align(pieces) if word.start == span.start and word.end == span.end), None)
    judged = tuple(
        word for word in factors.agreeing if word.controller == 0 and word.target.start > span.start and tells(word)
    )
    return Stimulus(pair, factors, noun, judged, pieces) if noun and judged else None


def single(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs whose sentence is about one held-out man or woman whose English tells which."""
    return [
        pair
        for pair in pairs
        if (factors := pair.factors)
        and (factors.family, factors.lemma_fold) == ("lexical", "held-out")
        and factors.gender in GENDERS
        and not factors.nouns[0].plural
    ]


def traced(translator: Translator, pairs: Sequence[Pair], sites: Iterable[str]) -> Trace:
    """Sites over the word pieces of pairs, forced through their Czech sentences."""
    sides = [pair.source for pair in pairs], [pair.target for pair in pairs]
    return trace(translator.model, translator.tokenizer, *sides, sites)


def probed(translator: Translator, corpus: str = "agreement") -> Sequence[Pair]:
    """The probe split of a corpus, without the sentences that are longer than any the run was trained on."""
    longest = translator.run.loading.get("max_words") if translator.run else None
    return corpora.load(corpus, "probe", max_words=longest).pairs


def select(pairs: Iterable[Pair], tokenizer: Tokenizer, family: str, frames: int) -> list[Stimulus]:
    """Stimuli of one family from at most `frames` frames, genders balanced in each.

    Frames are taken in turn from every template, intervener and fold of nouns, each time the one whose nouns its cell of the
    design (distance, intervener, fold of the template, silent or not) has had least: so that every cell has all nouns as
    soon as may be. They are shuffled, always in the same way: the corpus has those of one attractor's gender together.
    """
    by_frame: dict[tuple[str, str, str], list[Stimulus]] = defaultdict(list)
    for pair in pairs:
        if pair.factors and pair.factors.family == family and (each := stimulus(pair, tokenizer)):
            by_frame[each.frame].append(each)
    queues: dict[tuple[str, str, str], list[list[Stimulus]]] = defaultdict(list)
    for group in by_frame.values():
        if {each.factors.gender for each in group} >= set(GENDERS):
            factors = group[0].factors
            queues[factors.template, factors.intervener, factors.lemma_fold].append(group[:8])
    for queue in queues.values():
        random.Random(0).shuffle(queue)
    had: Counter[tuple[int, str, str, bool, str]] = Counter()
    chosen: list[Stimulus] = []

    def place(each: Stimulus) -> tuple[int, str, str, bool, str]:
        own = each.factors
        return own.distance, own.intervener, own.template_fold, each.silent, own.lemma

    def known(group: list[Stimulus]) -> float:
        return sum(had[place(each)] for each in group) / len(group)

    turns, left = itertools.cycle(queues.values()), min(frames, sum(map(len, queues.values())))
    while left:
        if queue := next(turns):
            group = queue.pop(min(range(len(queue)), key=lambda n: known(queue[n])))
            had.update(place(each) for each in group)
            chosen += group
            left -= 1
    if not chosen:
        raise UserError(
            f"no frame of family {family!r} with a noun of either gender before a word that agrees with it: probing needs a "
            "corpus with factors, as the agreement corpus has"
        )
    return chosen


class Gendered(Protocol):
    """A noun, or what has one."""

    @property
    def lemma(self) -> str: ...

    @property
    def gender(self) -> str: ...


def next_partners(frames: Iterable[Sequence[int]], nouns: Sequence[Gendered], same_gender: bool) -> dict[int, int]:
    """For each row of a frame, the next row of it whose noun is of the other gender (or another noun of the same)."""
    found = {}
    for members in frames:
        for place, row in enumerate(members):
            own, others = nouns[row], (*members[place + 1 :], *members[:place])
            fits = (n for n in others if (nouns[n].gender == own.gender) == same_gender and nouns[n].lemma != own.lemma)
            if (partner := next(fits, None)) is not None:
                found[row] = partner
    return found


def partners(stimuli: Sequence[Stimulus], rows: Iterable[int], *, same_gender: bool) -> list[Partners]:
    """For each of the rows, the next stimulus of its frame with a noun of the other (or another of the same) gender."""
    frames: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in rows:
        frames[stimuli[row].frame].append(row)
    found = next_partners(frames.values(), [each.factors for each in stimuli], same_gender)
    return [Partners(*each) for each in found.items()]


def some(pairs: Sequence[Partners], count: int, seed: int) -> list[Partners]:
    """At most so many, drawn at random from all of them."""
    drawn = numpy.random.default_rng(seed).permutation(len(pairs))[:count]
    return [pairs[place] for place in sorted(drawn)]
