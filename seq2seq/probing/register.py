"""Register or slots: is there one place for the gender of whoever the clause is about, rewritten at each new subject, or
one place for each noun?

Two subjects, their genders crossed two by two, each with its verb, and words without gender between noun and verb:

    Kluk později nahoře tančil a kmotra včera poblíž vyučovala.

A linear probe learns clause 1's gender in clause 1, on nouns to fit on, and is read in clause 2 on held-out ones, at the
same number of words after the noun. Labels are roles: *current* (the noun whose verb comes next), *next*, *past*.

    clause 2, current   clause 2, past    what it is
    ≈ 1                 ≈ .5              a register, rewritten
    ≈ .5                ≈ 1               a slot for each noun
    ≈ .5                ≈ .5              another code in each clause

A trace of the past is left in any recurrent state, if only of the verb that was just said. So what decides is which of the two
the probe's answer is made of; the trace is told beside it.

A site that reads from right to left meets the second subject first: its first clause is the sentence's last.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from corpora.records import GENDERS as ALL_GENDERS
from corpora.records import Pair

from ..config import UserError
from ..tokenizer import WORD, Word
from ..trace import read_at
from ..translator import Translator
from .interventions import Experiment, MakeTap, at_start
from .statistics import (
    Estimate,
    Values,
    auc_estimate,
    beside,
    by_cluster,
    clopper_pearson,
    cluster_mean,
    estimate,
    interval,
    number,
    sign_flip,
)
from .stimuli import GENDERS, stimulus, traced
from .units import difference, eighth, matched

# Of two labels crossed with each other the one beneath reaches an AUC of ¾ at most, however faint or clear: its values are
# the other's, moved a little. Two of equal strength reach 7/8 each.
READABLE, EQUAL = 0.75, 0.875
UNDERSTOOD = 0.75  # share of clauses whose verb must agree under a forced prefix: half of them would by chance
DECISIVE = 2  # words after the noun at which the verdict is made, fewer where a site has fewer in either clause
STEPS = range(5)  # words after the noun; 0 is the noun itself
FEWEST = 5  # held-out nouns of each gender behind an AUC
STRENGTH = 0.1  # inverse of the probes' L2 penalty
CHANGED = 0.5  # a swap that changes more sentences than not

REGISTER, SLOTS, ANOTHER_CODE, UNDECIDED = "register", "slots", "another code per clause", "undecided"
Recorded = Mapping[tuple[int, int], tuple[NDArray[numpy.intp], Values]]  # (clause, step) → rows [R], values [R, H]


# ── the sentences ────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Clause:
    """A subject with its verb, in one reading of a sentence."""

    lemma: str
    gender: str
    steps: tuple[int, ...]  # a site's positions: the noun, then each word without gender that is read after it
    verb: int  # where its agreeing verb starts, in characters of the Czech sentence
    place: int  # which of Factors.nouns it is


def two_subjects(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs that say noun, verb, noun, verb, in the singular, with a man or a woman for each noun."""
    return [pair for pair in pairs if pair.factors and len(order(pair)) == 2]


def order(pair: Pair) -> list[int]:
    """The two subjects of a pair in the order in which the Czech sentence says them; nothing if it is no such pair."""
    factors = pair.factors
    assert factors
    nouns = factors.nouns
    if len(nouns) != 2 or any(noun.gender not in GENDERS or noun.plural for noun in nouns):
        return []
    first, second = sorted(range(2), key=lambda n: nouns[n].target.start)
    controlled = {n: [word.target.start for word in factors.agreeing if word.controller == n] for n in (first, second)}
    if not all(controlled.values()) or min(controlled[first]) < nouns[first].target.start:
        return []
    apart = max(controlled[first]) < nouns[second].target.start < min(controlled[second])
    return [first, second] if apart else []


def from_the_right(site: str) -> bool:
    """Whether a site, or a layer, reads its sentence backwards."""
    return "backward" in site.split(".")


def clauses(pair: Pair, site: str, sources: Sequence[Word], targets: Sequence[Word]) -> tuple[Clause, Clause]:
    """The two clauses of a pair in the order in which a site reads them."""
    factors = pair.factors
    assert factors
    found = []
    for n in order(pair):
        noun = factors.nouns[n]
        verb = min(word.target.start for word in factors.agreeing if word.controller == n)
        other = factors.nouns[1 - n].source
        if site.startswith("decoder"):
            span = noun.target
            read = [word for word in targets if span.start <= word.start < verb and word.text[0].isalnum()]
            steps = [read_at(word) for word in read if word.start == span.start or word.start >= span.end]
        elif from_the_right(site):
            left = other.end if other.end <= noun.source.start else 0
            read = [word for word in reversed(sources) if left <= word.start <= noun.source.start]
            steps = [word.first for word in read if word.text[0].isalnum()]
        else:
            right = other.start if other.start >= noun.source.end else len(pair.source)
            read = [word for word in sources if word.end >= noun.source.end and word.start < right]
            steps = [word.last for word in read if word.text[0].isalnum()]
        found.append(Clause(noun.lemma, noun.gender, tuple(steps), verb, n))
    first, second = reversed(found) if from_the_right(site) else found
    return first, second


def telling(pairs: Sequence[Pair]) -> dict[str, str]:
    """Agreeing form → the one gender that has it, over all agreeing words of a corpus; forms that two genders have are
    left out. So a word is judged that the reference does not hold."""
    genders: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        for word in pair.factors.agreeing if pair.factors else ():
            for gender in ALL_GENDERS:
                if gender in word.forms:
                    genders[word.forms[gender].lower()].add(gender)
    return {form: gender for form, [gender, *more] in ((f, sorted(g)) for f, g in genders.items()) if not more}


def shown(text: str, forms: Mapping[str, str], start: int) -> list[str]:
    """The genders that the words of a Czech sentence show, from a character on."""
    return [forms[word.lower()] for word in WORD.findall(text[start:]) if word.lower() in forms]


def held_out_lemmas(pairs: Sequence[Pair]) -> set[str]:
    return {pair.factors.lemma for pair in pairs if pair.factors and pair.factors.lemma_fold == "held-out"}


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def area(
    scores: Values, feminine: NDArray[numpy.bool_], lemmas: Sequence[str], cells: Sequence[str], seed: int, *,
    within: bool = False,
) -> Estimate:  # fmt: skip
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


# ── the test of one site ─────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Subjects:
    """The subjects of N sentences, in a site's order: [N, 2] each."""

    lemmas: NDArray[numpy.str_]
    feminine: NDArray[numpy.bool_]
    held_out: NDArray[numpy.bool_]


@dataclass(frozen=True)
class Reading:
    """A probe of one clause's noun, fitted in a clause and read in one."""

    noun_fitted: int  # whose gender the probe learnt: 1 or 2
    clause_fitted: int  # where it learnt it
    noun_read: int  # whose gender it is asked for
    clause_read: int
    step: int  # words after the clause's noun, on both sides; 0 is the noun
    auc: Estimate  # over both genders of the other noun
    trace: Estimate  # AUC where the other noun has the same gender: 1 already if the faintest trace is left
    gap: float  # how far apart it sets the genders, as a share of what it does where it was fitted, on held-out nouns

    @property
    def role(self) -> str:
        """Of the noun asked for, where it is read."""
        return {0: "current", 1: "next", -1: "past"}[self.noun_read - self.clause_read]


@dataclass(frozen=True)
class SwappedInput:
    """Control of the previous token: the decoder is made to read the partner's noun; the source still names this one."""

    clause: int
    step: int
    read: Estimate  # AUC for the gender of the noun that was read; below ½ the probe follows the source


@dataclass(frozen=True)
class Register:
    """What one site does with the genders of two subjects, and the readings that decide it."""

    site: str
    step: int  # the decisive one
    sentences: int
    readings: list[Reading]
    inputs: list[SwappedInput]
    in_clause_1: Estimate  # clause 1's probe on its own noun: can it be read at all
    current: Estimate  # the same probe in clause 2, on clause 2's gender
    past: Estimate  # the same probe in clause 2, on clause 1's gender
    own: Estimate  # a probe fitted in clause 2 on clause 2's gender
    p: float  # sign flips over lemmas: current against past (P5)
    verdict: str
    why: str


# whose gender is learnt, in which clause → whose gender is asked for, in which clause; clauses and nouns counted from 0
PROBES = {
    (0, 0): ((0, 0), (1, 0), (1, 1), (0, 1)),  # clause 1's own: also for the next, and both in clause 2
    (1, 1): ((1, 1), (0, 1), (0, 0)),  # clause 2's own
    (0, 1): ((0, 1),),  # is the past one still there
    (1, 0): ((1, 0),),  # is the next one there already
}


def decide(in_clause_1: Estimate, current: Estimate, past: Estimate, own: Estimate) -> tuple[str, str]:
    """The verdict, and the number that makes it."""
    if in_clause_1.low <= READABLE:
        return UNDECIDED, f"clause 1's own gender is read there with AUC {figure(in_clause_1)} only"
    if own.low <= READABLE:
        return UNDECIDED, f"clause 2's own gender is read there with AUC {figure(own)} only"
    numbers = f"clause 1's probe in clause 2: current {figure(current)}, past {figure(past)}"
    register, slots = (more.low > READABLE and less.high < EQUAL for more, less in ((current, past), (past, current)))
    if register != slots:
        return REGISTER if register else SLOTS, numbers
    if all(each.value < READABLE and each.high < EQUAL for each in (current, past)):
        return ANOTHER_CODE, numbers
    return UNDECIDED, numbers


def figure(found: Estimate) -> str:
    return interval(found, number)


@dataclass(frozen=True)
class Probe:
    """Logistic regression on values that have all been divided by one number.

    Not unit by unit: what is silent in one clause and loud in the other would be blown up where it is silent, and then read
    as if clause 1's code were clause 2's.
    """

    scale: float
    model: LogisticRegression

    def score(self, values: Values) -> Values:
        return self.model.decision_function(values / self.scale)


def fit_probe(values: Values, feminine: NDArray[numpy.bool_]) -> Probe:
    """values [N, H], feminine [N]."""
    scale = float((values - values.mean(0)).std()) or 1.0
    return Probe(scale, LogisticRegression(C=STRENGTH, max_iter=1000).fit(values / scale, feminine))


def examine(site: str, subjects: Subjects, recorded: Recorded, seed: int) -> tuple[Register, dict[int, Probe]]:
    """The register test on what was recorded at a site, and clause 1's probe at each step."""
    found, probes, differences = {}, {}, numpy.zeros(0)
    steps = [step for step in STEPS if {(0, step), (1, step)} <= set(recorded)]
    decisive = min(DECISIVE, max(steps))
    for step in steps:
        for (noun, clause), asked in PROBES.items():
            rows, values = recorded[clause, step]
            fit = ~subjects.held_out[rows].any(1)
            fitted = set(subjects.lemmas[rows[fit]].flat)
            if len(numpy.unique(subjects.feminine[rows[fit], noun])) < 2:
                raise UserError("no nouns of both genders to fit a probe on with two subjects: give more pairs")
            probe = fit_probe(values[fit], subjects.feminine[rows[fit], noun])
            if (noun, clause) == (0, 0):
                probes[step] = probe
            whole = None
            scores: dict[tuple[int, int], dict[str, float]] = {}
            for wanted, where in asked:
                rows, values = recorded[where, step]
                held = subjects.held_out[rows, wanted]
                read = rows[held]
                if fitted & set(subjects.lemmas[read, wanted]):
                    raise ValueError("a held-out lemma is among those that the probe is fitted on")
                score = probe.score(values[held])
                feminine, lemmas = subjects.feminine[read, wanted], subjects.lemmas[read, wanted].tolist()
                others = [str(other) for other in subjects.feminine[read, 1 - wanted]]
                means, names = by_cluster(score, lemmas)
                label = numpy.array([feminine[lemmas.index(str(name))] for name in names])
                apart = float(means[label].mean() - means[~label].mean())
                whole = apart if whole is None else whole
                auc, trace_left = (
                    area(score, feminine, lemmas, others, seed, within=within) for within in (False, True)
                )
                found[noun, clause, wanted, where, step] = Reading(
                    noun + 1, clause + 1, wanted + 1, where + 1, step, auc, trace_left, apart / whole if whole else 0.0
                )
                middle = (means[label].mean() + means[~label].mean()) / 2
                signed = (means - middle) * numpy.where(label, 1, -1)
                scores[wanted, where] = {str(name): float(value) for name, value in zip(names, signed)}
            if (noun, clause, step) == (0, 0, decisive):
                current, past = scores[1, 1], scores[0, 1]
                differences = numpy.array([current[name] - past[name] for name in sorted(set(current) & set(past))])
    key = [found[0, 0, *asked, decisive].auc for asked in ((0, 0), (1, 1), (0, 1))]
    own = found[1, 1, 1, 1, decisive].auc
    verdict, why = decide(*key, own)
    past = found[0, 0, 0, 1, decisive]
    why += f"; trace of the past {figure(past.trace)}, {past.gap:.2f} of its distance in clause 1"
    p, sentences = sign_flip(differences, seed), len(recorded[0, decisive][0])
    readings = list(found.values())
    return Register(site, decisive, sentences, readings, [], *key, own, p, verdict, why), probes


# ── recordings ───────────────────────────────────────────────────────────────────────────────────────────────────────
def subjects_of(pairs: Sequence[Pair], read: Sequence[tuple[Clause, Clause]], held_out: set[str]) -> Subjects:
    lemmas = numpy.array([[clause.lemma for clause in each] for each in read])
    feminine = numpy.array([[clause.gender == GENDERS[1] for clause in each] for each in read])
    return Subjects(lemmas, feminine, numpy.isin(lemmas, sorted(held_out)))


def align(translator: Translator, pairs: Sequence[Pair]) -> list[tuple[list[Word], list[Word]]]:
    """The words of either side of each pair."""
    tokenizer = translator.tokenizer
    sides = [(pair.source, pair.target) for pair in pairs]
    return [tuple(tokenizer.align(tokenizer.encode(text)) for text in side) for side in sides]  # type: ignore[misc]


def record(made: Tensor, read: Sequence[tuple[Clause, Clause]]) -> Recorded:
    """A site, made [B, T, H], at each clause and step."""
    recorded = {}
    for clause in (0, 1):
        for step in STEPS:
            rows = [row for row, each in enumerate(read) if len(each[clause].steps) > step]
            if len(rows) >= len(read) / 4:  # a step that few sentences have says something about those
                positions = [read[row][clause].steps[step] for row in rows]
                values = made[rows, positions].numpy().astype(numpy.float64)  # [R, H]
                recorded[clause, step] = (numpy.array(rows), values)
    return recorded


def partner_of(
    pairs: Sequence[Pair], places: Sequence[tuple[int, int]], *, same: bool = False
) -> dict[tuple[int, int], int]:
    """(row, clause) → a row that differs in that clause's noun only, of the other gender (or of the same).

    `places[row]` are the two subjects' numbers in Factors.nouns, clause by clause.
    """
    groups: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)

    def key(row: int, clause: int) -> tuple[str, str, str, str]:
        factors = pairs[row].factors
        assert factors
        text = pairs[row].source
        for n in sorted(places[row], key=lambda n: -factors.nouns[n].source.start):
            span = factors.nouns[n].source
            text = text[: span.start] + "___" + text[span.end :]
        return factors.template, text, str(clause), factors.nouns[places[row][1 - clause]].lemma

    for row in range(len(pairs)):
        for clause in (0, 1):
            groups[key(row, clause)].append(row)
    found = {}
    for row in range(len(pairs)):
        for clause in (0, 1):
            members = groups[key(row, clause)]
            start = members.index(row)
            for other in members[start + 1 :] + members[:start]:
                own, new = (pairs[n].factors.nouns[places[n][clause]] for n in (row, other))  # type: ignore[union-attr]
                if (own.gender == new.gender) == same and own.lemma != new.lemma:
                    found[row, clause] = other
                    break
    return found


# ── the swap ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Swap:
    """What is put in at one clause's noun from a sentence with that noun's partner, and which verbs change gender."""

    clause: int  # 1 or 2
    what: str  # the register's units, its direction, every unit, a donor of the same gender
    units: int
    first_verb: Estimate | None  # how often clause 1's verb changed gender; None in clause 2, where it has been said
    second_verb: Estimate
    draws: int  # random sets of as many units, or directions; how often they change the clause's own verb:
    random_mean: float | None
    random_high: float | None  # their 95th percentile
    p: float | None


@dataclass(frozen=True)
class Result:
    """The register test of one run."""

    understood: list[Estimate]  # clause 1's, clause 2's verb under a forced prefix: how often its gender is the noun's
    sites: list[Register]
    units: list[int]  # the register's units in the decoder's cell: an eighth, chosen in clause 1 on nouns to fit on
    swaps: list[Swap]
    swap_verdict: str  # of the decoder's cell


def register_units(subjects: Subjects, recorded: Recorded, step: int) -> tuple[list[int], Values]:
    """The eighth of a site's units that clause 1's gender moves most in clause 1, on nouns to fit on, and the direction from
    masculine to feminine [H], of unit length."""
    rows, values = recorded[0, step]
    fit = ~subjects.held_out[rows].any(1)
    apart = difference(values[fit], subjects.feminine[rows[fit], 0], subjects.lemmas[rows[fit], 0].tolist())  # [H]
    return numpy.argsort(-numpy.abs(apart))[: eighth(len(apart))].tolist(), apart / numpy.linalg.norm(apart)


def along_direction(own: Tensor, donor: Tensor, direction: Tensor) -> Tensor:
    """Own values with the donor's share of a direction of unit length: [R, H]."""
    return own + ((donor - own) @ direction)[:, None] * direction


class Endings:
    """Sentences forced up to a step of the decoder each, and the genders that the words show which are said after it."""

    def __init__(
        self, translator: Translator, pairs: Sequence[Pair], positions: Sequence[int], forms: Mapping[str, str]
    ):
        stimuli = [each for pair in pairs if (each := stimulus(pair, translator.tokenizer))]
        assert len(stimuli) == len(pairs)
        self.experiment, self.forms = Experiment(translator, stimuli, positions), forms
        decode = translator.tokenizer.decode
        self.starts = [len(decode(each.pieces[:position])) for each, position in zip(stimuli, positions)]

    def genders(self, rows: Sequence[int], tap: MakeTap | None = None) -> list[list[str]]:
        """The genders that the output shows from there on, with nothing or something put in."""
        said = self.experiment.go_on(rows, tap)
        return [shown(each.text, self.forms, self.starts[row]) for each, row in zip(said, rows)]


class Swapping(Endings):
    """Sentences read up to one clause's noun, ready to be given their partner's cell there."""

    def __init__(self, translator: Translator, pairs: Sequence[Pair], read: Sequence[tuple[Clause, Clause]], clause: int,
                 forms: Mapping[str, str]):  # fmt: skip
        super().__init__(translator, pairs, [each[clause].steps[0] for each in read], forms)
        self.clause, self.read = clause, read

    def put(self, rows: Sequence[int], value: Tensor, units: Sequence[int] | None = None) -> list[list[str]]:
        return self.genders(rows, lambda part: at_start(self.experiment.site, value[part], units))


def swap(
    swapping: Swapping, rows: Sequence[int], donors: Sequence[int], same: Sequence[tuple[int, int]],
    units: Sequence[int], direction: Values, draws: int, seed: int,
) -> list[Swap]:  # fmt: skip
    """Every kind of swap at one clause's noun; `rows` are sentences whose verbs agree when nothing is put in, `same` such
    sentences with a donor of the same gender."""
    experiment, clause = swapping.experiment, swapping.clause
    own, donor = experiment.own[list(rows)], experiment.own[list(donors)]  # [R, H]
    H, k, random = own.shape[1], len(units), numpy.random.default_rng(seed)
    lemmas = [swapping.read[row][clause].lemma for row in rows]

    def changed(found: Sequence[Sequence[str]], which: Sequence[int], number: int) -> list[bool]:
        """Whether the verb of clause `number` is there in the other gender."""
        place = number - clause
        return [
            len(genders) > place and genders[place] == GENDERS[1 - GENDERS.index(swapping.read[row][number].gender)]
            for genders, row in zip(found, which)
        ]

    def rate(value: Tensor, chosen: Sequence[int] | None = None) -> float:
        return cluster_mean(changed(swapping.put(rows, value, chosen), rows, clause), lemmas)

    spread = experiment.own.std(0, keepdim=True).T.numpy()  # [H, 1]
    sets, _ = matched(units, spread, draws, numpy.random.default_rng(seed))
    lines = random.normal(size=(draws, H))
    lines /= numpy.linalg.norm(lines, axis=1, keepdims=True)
    line = torch.from_numpy(direction).to(own)
    shift = ((donor - own) @ line)[:, None]  # [R, 1] how far the direction moves: random ones go as far
    found = []
    for what, value, chosen, rates in (
        ("the register's units", donor[:, units], units, [rate(donor[:, s], s) for s in sets]),
        ("its direction", along_direction(own, donor, line), None,
         [rate(own + shift * torch.from_numpy(each).to(own)) for each in lines]),
        ("every unit", donor, None, []),
    ):  # fmt: skip
        said = swapping.put(rows, value, chosen)
        verbs = [estimate(changed(said, rows, number), lemmas, seed) if number >= clause else None for number in (0, 1)]
        own_rate = verbs[clause].value  # type: ignore[union-attr]
        found.append(
            Swap(
                clause + 1, what, k if chosen else H if what == "every unit" else 1, verbs[0], verbs[1], len(rates),  # type: ignore[arg-type]
                *beside(own_rate, rates),
            )
        )  # fmt: skip
    if same:
        recipients, givers = (list(each) for each in zip(*same))
        said = swapping.put(recipients, experiment.own[givers][:, units], units)
        names = [swapping.read[row][clause].lemma for row in recipients]
        verbs = [
            estimate(changed(said, recipients, number), names, seed) if number >= clause else None for number in (0, 1)
        ]
        found.append(
            Swap(
                clause + 1, "the register's units, donor of the same gender", k, verbs[0], verbs[1], 0, None, None, None
            )
        )  # type: ignore[arg-type]
    return found


def decide_swap(swaps: Sequence[Swap]) -> str:
    """Which picture the register's units fit, when they are swapped: in clause 1 its verb changes and the next does not;
    in clause 2 the same units change clause 2's."""
    units = {each.clause: each for each in swaps if each.what == "the register's units"}
    if set(units) != {1, 2} or units[1].first_verb is None:
        return UNDECIDED
    own_1, next_1, own_2 = units[1].first_verb, units[1].second_verb, units[2].second_verb
    if own_1.low <= CHANGED:
        return UNDECIDED
    if own_2.low > CHANGED and next_1.high < CHANGED:
        return REGISTER
    return SLOTS if own_2.high < CHANGED and next_1.high < CHANGED else UNDECIDED


# ── the whole test ───────────────────────────────────────────────────────────────────────────────────────────────────
def sites_of(translator: Translator) -> list[str]:
    """The decoder's memory and output, and the encoder's memory in each direction, of the last layer."""
    model = translator.model
    top, below = model.decoder[-1], model.encoder[-1]
    states = (top.cell.memory, top.cell.states[0])
    return [f"{top.places[0]}.{state}" for state in states] + [f"{place}.{below.cell.memory}" for place in below.places]


def register_test(
    translator: Translator, pairs: Sequence[Pair], seed: int, *, draws: int = 20, recipients: int = 60
) -> Result:
    """The register test of a translator on the pairs with two subjects and words without gender before either verb.

    `draws` random sets of units and directions stand beside each swap, on at most `recipients` sentences.
    UserError: too few such pairs.
    """
    held_out, forms = held_out_lemmas(pairs), telling(pairs)
    sites = sites_of(translator)
    chosen = two_subjects(pairs)
    if not chosen:
        raise UserError(
            "no sentence with two subjects, each with its verb: the register test needs the agreement corpus"
        )
    aligned = align(translator, chosen)
    read = [clauses(pair, sites[0], *words) for pair, words in zip(chosen, aligned)]
    kept = [row for row, each in enumerate(read) if min(len(clause.steps) for clause in each) > DECISIVE]
    if not kept:
        raise UserError(f"no sentence with {DECISIVE} words without gender between two subjects and their verbs")
    chosen, aligned, read = [chosen[row] for row in kept], [aligned[row] for row in kept], [read[row] for row in kept]
    made = traced(translator, chosen, sites).values
    found, units, direction = [], [], numpy.zeros(0)
    for site in sites:
        here = [clauses(pair, site, *words) for pair, words in zip(chosen, aligned)]
        subjects, recorded = subjects_of(chosen, here, held_out), record(made[site], here)
        result, probes = examine(site, subjects, recorded, seed)
        if site.startswith("decoder"):
            inputs = swapped_inputs(translator, chosen, here, site, subjects, probes, seed)
            result = replace(result, inputs=inputs)
        if site == sites[0]:
            units, direction = register_units(subjects, recorded, result.step)
        found.append(result)
    swaps, understood = [], []
    for clause in (0, 1):
        swapping = Swapping(translator, chosen, read, clause, forms)
        some, share = understanding(swapping, seed)
        understood.append(share)
        swaps += swaps_at(swapping, chosen, some, held_out, units, direction, draws, recipients, seed)
    if min(each.value for each in understood) < UNDERSTOOD:
        agree = f"the verbs agree in {understood[0].value:.0%} and {understood[1].value:.0%} of the clauses only"
        found = [replace(each, verdict=UNDECIDED, why=f"{agree}; else {each.verdict}: {each.why}") for each in found]
    return Result(understood, found, units, swaps, decide_swap(swaps))


def swapped_inputs(
    translator: Translator, pairs: Sequence[Pair], read: Sequence[tuple[Clause, Clause]], site: str,
    subjects: Subjects, probes: Mapping[int, Probe], seed: int,
) -> list[SwappedInput]:  # fmt: skip
    """Clause 1's probe where the decoder was made to read, in one clause, the partner of the noun that the source names."""
    partner = partner_of(pairs, [(a.place, b.place) for a, b in read])
    found = []
    for clause in (0, 1):
        both = [
            (row, other)
            for (row, which), other in partner.items()
            if which == clause and subjects.held_out[[row, other], clause].all()
        ]
        if not both:
            continue
        said = [n for _, n in both]
        made = traced(translator, [replace(pairs[row], target=pairs[n].target) for row, n in both], [site]).values
        forced = [read[n] for n in said]
        for step, (at, values) in ((s, v) for (c, s), v in record(made[site], forced).items() if c == clause):
            if step not in probes:
                continue
            those = [said[n] for n in at]
            score = probes[step].score(values)
            auc = area(
                score,
                subjects.feminine[those, clause],
                subjects.lemmas[those, clause].tolist(),
                [str(each) for each in subjects.feminine[those, 1 - clause]],
                seed,
            )
            found.append(SwappedInput(clause + 1, step, auc))
    return found


def understanding(swapping: Swapping, seed: int) -> tuple[list[int], Estimate]:
    """The sentences whose verbs agree from the clause's noun on, and how often the clause's own does."""
    rows, clause = range(len(swapping.read)), swapping.clause
    said = swapping.genders(rows)
    right = [
        [len(genders) > n and genders[n] == each[clause + n].gender for n in range(2 - clause)]
        for genders, each in zip(said, swapping.read)
    ]
    lemmas = [each[clause].lemma for each in swapping.read]
    share = estimate([each[0] for each in right], lemmas, seed)
    return [row for row in rows if all(right[row])], share


def swaps_at(
    swapping: Swapping, pairs: Sequence[Pair], rows: Sequence[int], held_out: set[str], units: Sequence[int],
    direction: Values, draws: int, recipients: int, seed: int,
) -> list[Swap]:  # fmt: skip
    """The swaps at one clause's noun, on held-out nouns; none where too few sentences are understood."""
    places, clause = [(a.place, b.place) for a, b in swapping.read], swapping.clause
    other, same = partner_of(pairs, places), partner_of(pairs, places, same=True)
    held = [row for row in rows if swapping.read[row][clause].lemma in held_out and (row, clause) in other]
    genders = Counter(swapping.read[row][clause].gender for row in held)
    if min((genders[gender] for gender in GENDERS), default=0) < FEWEST:
        return []
    held = [held[n] for n in numpy.random.default_rng(seed).permutation(len(held))[:recipients]]
    pairs_of_same = [(row, same[row, clause]) for row in held if (row, clause) in same]
    donors = [other[row, clause] for row in held]
    return swap(swapping, held, donors, pairs_of_same, units, direction, draws, seed)
