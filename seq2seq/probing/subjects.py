"""Sentences with two subjects, each with its verb, in the order in which a site reads them, and what the site was there.

A site that reads from right to left meets the second subject first: its first clause is the sentence's last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy
from numpy.typing import NDArray
from torch import Tensor

from corpora.records import GENDERS as ALL_GENDERS
from corpora.records import Agreeing, Noun, Pair

from ..config import UserError
from ..tokenizer import WORD, Tokenizer, Word
from ..trace import from_the_right, heard_at, side
from ..translator import Translator
from .statistics import Estimate, Labels, Values, auc_estimate, clopper_pearson
from .stimuli import GENDERS, traced
from .units import difference, eighth

DECISIVE = (
    2  # words after the noun at which the register's verdict is made, fewer where a site has fewer in either clause
)
STEPS = range(5)  # words after the noun; 0 is the noun itself
FEWEST = 5  # held-out nouns of each gender behind an AUC

Recorded = Mapping[tuple[int, int], tuple[NDArray[numpy.intp], Values]]  # (clause, step) → rows [R], values [R, H]


# ── the sentences, as a site reads them ──────────────────────────────────────────────────────────────────────────────
@lru_cache(maxsize=2**15)  # every site is asked about the same sentences
def words_of(tokenizer: Tokenizer, text: str) -> tuple[Word, ...]:
    return tuple(tokenizer.align(tokenizer.encode(text)))


def as_read(site: str, pair: Pair, tokenizer: Tokenizer) -> list[tuple[Word, int]]:
    """The words of a sentence in the order in which a site reads them, each with the position that reads the last of it."""
    words = words_of(tokenizer, getattr(pair, side(site)))
    if from_the_right(site):
        words = words[::-1]
    return [(word, heard_at(word, site)) for word in words]


def place_of(wanted: Noun | Agreeing, site: str, read: Sequence[tuple[Word, int]]) -> int:
    """Which of the words read is the last of a noun or, in the decoder, of a word that agrees."""
    span = getattr(wanted, side(site))
    last = span.start if from_the_right(site) else span.end - 1
    return next(place for place, (word, _) in enumerate(read) if word.start <= last < word.end)


@dataclass(frozen=True)
class Clause:
    """A subject, in one reading of a sentence."""

    lemma: str
    gender: str
    steps: tuple[int, ...]  # a site's positions: the noun, then each word without gender that is read after it


def order(pair: Pair) -> list[int]:
    """The two subjects of a pair, as numbers of its nouns, in the order in which the Czech sentence says them; nothing if it
    does not say noun, verb, noun, verb, in the singular, with a man or a woman for each noun."""
    nouns = pair.factors.nouns if pair.factors else ()
    if len(nouns) != 2 or any(noun.gender not in GENDERS or noun.plural for noun in nouns):
        return []
    first, second = sorted(range(2), key=lambda n: nouns[n].target.start)
    verbs = [[word.target.start for word in pair.factors.agreeing if word.controller == n] for n in (first, second)]
    said = [[nouns[first].target.start], verbs[0], [nouns[second].target.start], verbs[1]]
    return [first, second] if all(verbs) and all(max(a) < min(b) for a, b in pairwise(said)) else []


def two_subjects(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with two subjects. UserError: there are none."""
    found = [pair for pair in pairs if order(pair)]
    if not found:
        raise UserError("no sentence with two subjects, each with its verb: this needs the agreement corpus")
    return found


def clauses(pair: Pair, site: str, tokenizer: Tokenizer) -> tuple[Clause, Clause]:
    """The two clauses of a pair in the order in which a site reads them. One ends in the decoder at its verb, in the encoder
    at the other noun."""
    nouns, read, found = pair.factors.nouns, as_read(site, pair, tokenizer), []
    for n in order(pair):
        verb = min((word for word in pair.factors.agreeing if word.controller == n), key=lambda word: word.target.start)
        until = verb if site.startswith("decoder") else nouns[1 - n]
        start, stop = place_of(nouns[n], site, read), place_of(until, site, read)
        rest = read[start : stop if stop > start else None]
        steps = tuple(position for word, position in rest if word.text[0].isalnum())
        found.append(Clause(nouns[n].lemma, nouns[n].gender, steps))
    first, second = reversed(found) if from_the_right(site) else found
    return first, second


def neutral_before_verbs(pairs: Sequence[Pair], site: str, tokenizer: Tokenizer) -> list[Pair]:
    """The pairs with two subjects in which a site of the decoder reads DECISIVE words without gender before either verb.
    UserError: there are none."""
    chosen = two_subjects(pairs)
    found = [pair for pair in chosen if min(len(each.steps) for each in clauses(pair, site, tokenizer)) > DECISIVE]
    if not found:
        raise UserError(f"no sentence with {DECISIVE} words without gender between two subjects and their verbs")
    return found


def telling(pairs: Sequence[Pair]) -> dict[str, str]:
    """Agreeing form → the one gender that has it, over all agreeing words of a corpus; forms that two genders have are
    left out. So a word is judged that the reference does not hold."""
    genders: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        for word in pair.factors.agreeing if pair.factors else ():
            for gender in ALL_GENDERS:
                if gender in word.forms:
                    genders[word.forms[gender].lower()].add(gender)
    return {form: min(found) for form, found in genders.items() if len(found) == 1}


def shown(text: str, forms: Mapping[str, str], start: int) -> list[str]:
    """The genders that the words of a Czech sentence show, from a character on."""
    return [forms[word.lower()] for word in WORD.findall(text[start:]) if word.lower() in forms]


def held_out_lemmas(pairs: Sequence[Pair]) -> set[str]:
    return {pair.factors.lemma for pair in pairs if pair.factors and pair.factors.lemma_fold == "held-out"}


# ── recordings ───────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Subjects:
    """The subjects of N sentences, in a site's order: [N, 2] each."""

    lemmas: NDArray[numpy.str_]
    feminine: Labels
    held_out: Labels

    def fitted(self, rows: NDArray[numpy.intp]) -> Labels:
        """Which of these rows [R] have no held-out noun."""
        return ~self.held_out[rows].any(1)  # type: ignore[return-value]  # [R]

    def area(
        self, scores: Values, rows: NDArray[numpy.intp], noun: int, seed: int, *, within: bool = False
    ) -> Estimate:
        """AUC of scores [R] for the gender of one noun of these rows; cells are the other's gender."""
        cells = self.feminine[rows, 1 - noun].tolist()
        return area(scores, self.feminine[rows, noun], self.lemmas[rows, noun].tolist(), cells, seed, within=within)


def area(
    scores: Values, feminine: Labels, lemmas: Sequence[str], cells: Sequence[object], seed: int, *, within: bool = False
) -> Estimate:
    """AUC for feminine, as `statistics.auc_estimate` has it, but that at 0 and 1 Clopper–Pearson's interval is over all nouns.
    UserError: too few nouns of a gender."""
    F, M = (len({lemma for lemma, label in zip(lemmas, feminine) if label == wanted}) for wanted in (True, False))
    if min(F, M) < FEWEST:
        raise UserError(
            f"{M} masculine and {F} feminine held-out nouns with two subjects, where {FEWEST} of each are needed: give more "
            "pairs"
        )
    found = auc_estimate(scores, feminine, lemmas, seed, cells=cells, within=within)
    if found.value not in (0.0, 1.0):
        return found
    low, high = clopper_pearson(found.value, F + M)
    return replace(found, low=low, high=high)


@dataclass(frozen=True)
class Recording:
    """What a site was at each clause and step of N sentences with two subjects."""

    read: list[tuple[Clause, Clause]]
    subjects: Subjects
    values: Recorded


def record(made: Tensor, read: Sequence[tuple[Clause, Clause]]) -> Recorded:
    """A site, made [N, T, H], at each clause and step; a step that few sentences have would say something about those."""
    recorded = {}
    for clause in (0, 1):
        for step in STEPS:
            rows = [row for row, each in enumerate(read) if len(each[clause].steps) > step]
            if len(rows) >= len(read) / 4:
                values = made[rows, [read[row][clause].steps[step] for row in rows]]  # [R, H]
                recorded[clause, step] = (numpy.array(rows), values.numpy().astype(numpy.float64))
    return recorded


def recordings(
    translator: Translator, pairs: Sequence[Pair], sites: Sequence[str], held_out: set[str]
) -> dict[str, Recording]:
    """Each site's, of pairs with two subjects."""
    made, found = traced(translator, pairs, sites).values, {}
    for site in sites:
        read = [clauses(pair, site, translator.tokenizer) for pair in pairs]
        lemmas = numpy.array([[clause.lemma for clause in each] for each in read])
        feminine = numpy.array([[clause.gender == GENDERS[1] for clause in each] for each in read])
        subjects = Subjects(lemmas, feminine, numpy.isin(lemmas, sorted(held_out)))
        found[site] = Recording(read, subjects, record(made[site], read))
    return found


def register_units(subjects: Subjects, recorded: Recorded, step: int) -> tuple[list[int], Values]:
    """The eighth of a site's units that clause 1's gender moves most in clause 1, on nouns to fit on, and the direction from
    masculine to feminine [H], of unit length."""
    rows, values = recorded[0, step]
    fit = subjects.fitted(rows)
    apart = difference(values[fit], subjects.feminine[rows[fit], 0], subjects.lemmas[rows[fit], 0].tolist())  # [H]
    return numpy.argsort(-numpy.abs(apart))[: eighth(len(apart))].tolist(), apart / numpy.linalg.norm(apart)
