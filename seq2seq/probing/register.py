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
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from corpora.records import Pair

from ..config import UserError
from ..translator import Translator
from .interventions import Experiment, put_in
from .statistics import (
    Estimate,
    Labels,
    Values,
    beside,
    by_cluster,
    cluster_mean,
    estimate,
    interval,
    number,
    sign_flip,
)
from .stimuli import GENDERS, Stimulus, next_partners, other, stimulus, traced
from .subjects import (
    DECISIVE,
    FEWEST,
    STEPS,
    Clause,
    Recorded,
    Recording,
    Subjects,
    held_out_lemmas,
    neutral_before_verbs,
    record,
    recordings,
    register_units,
    shown,
    telling,
)
from .units import matched

# Of two labels crossed with each other the one beneath reaches an AUC of ¾ at most, however faint or clear: its values are
# the other's, moved a little. Two of equal strength reach 7/8 each.
READABLE, EQUAL = 0.75, 0.875
UNDERSTOOD = 0.75  # share of clauses whose verb must agree under a forced prefix: half of them would by chance
STRENGTH = 0.1  # inverse of the probes' L2 penalty
CHANGED = 0.5  # a swap that changes more sentences than not

REGISTER, SLOTS, ANOTHER_CODE, UNDECIDED = "register", "slots", "another code per clause", "undecided"
UNITS, DIRECTION, EVERY = "the register's units", "its direction", "every unit"
SAME_GENDER = f"{UNITS}, donor of the same gender"
Probe = Callable[[Values], Values]  # values [N, H] → scores [N], above 0 for feminine


# ── the test of one site ─────────────────────────────────────────────────────────────────────────────────────────────
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

figure = partial(interval, form=number)


def decide(in_clause_1: Estimate, current: Estimate, past: Estimate, own: Estimate) -> tuple[str, str]:
    """The verdict, and the number that makes it."""
    for clause, readable in ((1, in_clause_1), (2, own)):
        if readable.low <= READABLE:
            return UNDECIDED, f"clause {clause}'s own gender is read there with AUC {figure(readable)} only"
    numbers = f"clause 1's probe in clause 2: current {figure(current)}, past {figure(past)}"
    register, slots = (more.low > READABLE and less.high < EQUAL for more, less in ((current, past), (past, current)))
    if register != slots:
        return REGISTER if register else SLOTS, numbers
    neither = all(each.value < READABLE and each.high < EQUAL for each in (current, past))
    return ANOTHER_CODE if neither else UNDECIDED, numbers


def fit_probe(values: Values, feminine: Labels) -> Probe:
    """Logistic regression on values [N, H] that have all been divided by one number; feminine [N]. UserError: one gender only.

    Not unit by unit: what is silent in one clause and loud in the other would be blown up where it is silent, and then read
    as if clause 1's code were clause 2's.
    """
    if len(numpy.unique(feminine)) < 2:
        raise UserError("no nouns of both genders to fit a probe on with two subjects: give more pairs")
    scale = float((values - values.mean(0)).std()) or 1.0
    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(values / scale, feminine)
    return lambda values: model.decision_function(values / scale)


def towards_own(scores: Values, feminine: Labels, lemmas: Sequence[str]) -> dict[str, float]:
    """Each lemma's mean score, counted from the middle between the genders towards its own: so the mean over the lemmas is
    half of how far apart the genders are."""
    means, names = by_cluster(numpy.stack([scores, feminine], axis=1), lemmas)
    label = means[:, 1] > 0.5
    middle = (means[label, 0].mean() + means[~label, 0].mean()) / 2
    return dict(zip(map(str, names), (means[:, 0] - middle) * numpy.where(label, 1, -1)))


def examine(site: str, subjects: Subjects, recorded: Recorded, seed: int) -> tuple[Register, dict[int, Probe]]:
    """The register test on what was recorded at a site, and clause 1's probe at each step."""
    readings: dict[tuple[int, int, int, int, int], Reading] = {}
    signed: dict[tuple[int, int, int, int, int], dict[str, float]] = {}
    probes = {}
    steps = [step for step in STEPS if {(0, step), (1, step)} <= set(recorded)]
    decisive = min(DECISIVE, max(steps))
    for step in steps:
        for (noun, clause), asked in PROBES.items():
            rows, values = recorded[clause, step]
            fit = subjects.fitted(rows)
            fitted = set(subjects.lemmas[rows[fit]].flat)
            probe = fit_probe(values[fit], subjects.feminine[rows[fit], noun])
            if (noun, clause) == (0, 0):
                probes[step] = probe
            for wanted, where in asked:
                rows, values = recorded[where, step]
                held = subjects.held_out[rows, wanted]
                rows, scores = rows[held], probe(values[held])
                if fitted & set(subjects.lemmas[rows, wanted]):
                    raise ValueError("a held-out lemma is among those that the probe is fitted on")
                key = (noun, clause, wanted, where, step)
                signed[key] = towards_own(scores, subjects.feminine[rows, wanted], subjects.lemmas[rows, wanted])
                half, whole = (
                    numpy.mean(list(signed[each].values())) for each in (key, (noun, clause, noun, clause, step))
                )
                auc, trace = (subjects.area(scores, rows, wanted, seed, within=within) for within in (False, True))
                gap = float(half / whole) if whole else 0.0
                readings[key] = Reading(noun + 1, clause + 1, wanted + 1, where + 1, step, auc, trace, gap)
    first, current, past, own = ((*each, decisive) for each in ((0, 0, 0, 0), (0, 0, 1, 1), (0, 0, 0, 1), (1, 1, 1, 1)))
    areas = readings[first].auc, readings[current].auc, readings[past].auc, readings[own].auc
    verdict, why = decide(*areas)
    why += f"; trace of the past {figure(readings[past].trace)}, {readings[past].gap:.2f} of its distance in clause 1"
    both = sorted(set(signed[current]) & set(signed[past]))
    p = sign_flip(numpy.array([signed[current][lemma] - signed[past][lemma] for lemma in both]), seed)
    sentences = len(recorded[0, decisive][0])
    return Register(site, decisive, sentences, list(readings.values()), [], *areas, p, verdict, why), probes


# ── partners ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def partner_of(
    pairs: Sequence[Pair], read: Sequence[tuple[Clause, Clause]], clause: int, *, same: bool = False
) -> dict[int, int]:
    """Row → a row that differs in the noun of one clause (0, 1) only, of the other gender (or of the same)."""
    frames: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row, (pair, both) in enumerate(zip(pairs, read)):
        first, second = sorted((noun.source for noun in pair.factors.nouns), key=lambda span: span.start)
        around = pair.source[: first.start], pair.source[first.end : second.start], pair.source[second.end :]
        frames[pair.factors.template, around, both[1 - clause].lemma].append(row)
    return dict(sorted(next_partners(frames.values(), [both[clause] for both in read], same).items()))


def swapped_inputs(
    translator: Translator,
    pairs: Sequence[Pair],
    site: str,
    recording: Recording,
    probes: Mapping[int, Probe],
    seed: int,
) -> list[SwappedInput]:
    """Clause 1's probe where the decoder was made to read, in one clause, the partner of the noun that the source names."""
    subjects, found = recording.subjects, []
    for clause in (0, 1):
        partner = partner_of(pairs, recording.read, clause)
        both = [each for each in partner.items() if subjects.held_out[list(each), clause].all()]
        if not both:
            continue
        swapped = [replace(pairs[row], target=pairs[other].target) for row, other in both]
        said = numpy.array([other for _, other in both])
        values = record(traced(translator, swapped, [site]).values[site], [recording.read[row] for row in said])
        for step, probe in probes.items():
            if (clause, step) in values:
                at, here = values[clause, step]
                auc = subjects.area(probe(here), said[at], clause, seed)
                found.append(SwappedInput(clause + 1, step, auc))
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


class Endings:
    """Sentences forced up to a step of the decoder each, and the genders that the words show which are said after it."""

    def __init__(
        self, translator: Translator, stimuli: Sequence[Stimulus], positions: Sequence[int], forms: Mapping[str, str]
    ):
        self.experiment, self.forms = Experiment(translator, stimuli, positions), forms
        decode = translator.tokenizer.decode
        self.starts = [len(decode(each.pieces[:position])) for each, position in zip(stimuli, positions)]

    def genders(self, rows: Sequence[int], variants: Sequence[Mapping[str, Tensor]] = ({},)) -> list[list[list[str]]]:
        """For each variant, the genders that each row's output shows after its step when these values [R, H] are put in at
        these sites, at that step only."""
        values = {site: torch.cat([each[site] for each in variants]) for site in variants[0]}
        said = self.experiment.go_on([*rows] * len(variants), put_in(values) if values else None)
        found = [shown(each.text, self.forms, self.starts[row]) for each, row in zip(said, [*rows] * len(variants))]
        return [found[start : start + len(rows)] for start in range(0, len(found), len(rows))]


class Swapping(Endings):
    """Sentences read up to one clause's noun, ready to be given their partner's cell there."""

    def __init__(
        self, translator: Translator, pairs: Sequence[Pair], read: Sequence[tuple[Clause, Clause]], clause: int,
        forms: Mapping[str, str],
    ):  # fmt: skip
        stimuli = [made for pair in pairs if (made := stimulus(pair, translator.tokenizer))]
        super().__init__(translator, stimuli, [each[clause].steps[0] for each in read], forms)
        self.pairs, self.read, self.clause = pairs, read, clause

    def lemmas(self, rows: Sequence[int]) -> list[str]:
        return [self.read[row][self.clause].lemma for row in rows]

    def shows(self, said: Sequence[Sequence[str]], rows: Sequence[int], verb: int, *, changed: bool) -> list[bool]:
        """Whether a clause's verb is there, in its noun's gender or changed to the other."""
        genders = [self.read[row][verb].gender for row in rows]
        wanted = [other(gender) if changed else gender for gender in genders]
        return [each[verb - self.clause :][:1] == [gender] for each, gender in zip(said, wanted)]

    def understood(self, seed: int) -> tuple[list[int], Estimate]:
        """The sentences whose verbs agree from the clause's noun on, and how often the clause's own does."""
        rows = range(len(self.read))
        [said] = self.genders(rows)
        right = [self.shows(said, rows, verb, changed=False) for verb in range(self.clause, 2)]
        return [row for row in rows if all(each[row] for each in right)], estimate(right[0], self.lemmas(rows), seed)

    def swap(self, what: str, units: int, rows: Sequence[int], values: Sequence[Tensor], seed: int) -> Swap:
        """Values [R, H] put in; after the first, what random sets or directions put in."""
        said = self.genders(rows, [{self.experiment.site: value} for value in values])
        lemmas = self.lemmas(rows)
        verbs = [
            estimate(self.shows(said[0], rows, verb, changed=True), lemmas, seed) for verb in range(self.clause, 2)
        ]
        own, *random = (cluster_mean(self.shows(each, rows, self.clause, changed=True), lemmas) for each in said)
        first = verbs[0] if self.clause == 0 else None
        return Swap(self.clause + 1, what, units, first, verbs[-1], len(random), *beside(own, random))

    def swaps(
        self, rows: Sequence[int], held_out: set[str], units: Sequence[int], direction: Values, draws: int,
        recipients: int, seed: int,
    ) -> list[Swap]:  # fmt: skip
        """Every kind of swap, on held-out nouns of those rows; none where too few sentences are understood."""
        partner, alike = (partner_of(self.pairs, self.read, self.clause, same=same) for same in (False, True))
        rows = [row for row, lemma in zip(rows, self.lemmas(rows)) if lemma in held_out and row in partner]
        genders = Counter(self.read[row][self.clause].gender for row in rows)
        if min(genders[gender] for gender in GENDERS) < FEWEST:
            return []
        rows = [rows[n] for n in numpy.random.default_rng(seed).permutation(len(rows))[:recipients]]
        cell, H = self.experiment.own, self.experiment.own.shape[1]
        own, donor = cell[rows], cell[[partner[row] for row in rows]]  # [R, H]
        traits = self.experiment.traits(range(len(self.read)))
        sets, _ = matched(units, traits, draws, numpy.random.default_rng(seed))
        drawn = numpy.random.default_rng(seed).normal(size=(draws, H))
        lines = torch.from_numpy(drawn / numpy.linalg.norm(drawn, axis=1, keepdims=True)).to(own)
        line = torch.from_numpy(direction).to(own)
        shift = ((donor - own) @ line)[:, None]  # [R, 1] how far the direction moves: random ones go as far
        given = lambda own, donor, units: own.index_copy(1, torch.tensor(units), donor[:, units])
        found = [
            self.swap(UNITS, len(units), rows, [given(own, donor, each) for each in (units, *sets)], seed),
            self.swap(DIRECTION, 1, rows, [own + shift * each for each in (line, *lines)], seed),
            self.swap(EVERY, H, rows, [donor], seed),
        ]
        if rows := [row for row in rows if row in alike]:
            value = given(cell[rows], cell[[alike[row] for row in rows]], units)
            found.append(self.swap(SAME_GENDER, len(units), rows, [value], seed))
        return found


def decide_swap(swaps: Sequence[Swap]) -> str:
    """Which picture the register's units fit, when they are swapped: in clause 1 its verb changes and the next does not;
    in clause 2 the same units change clause 2's."""
    units = {each.clause: each for each in swaps if each.what == UNITS}
    if set(units) != {1, 2} or units[1].first_verb is None:
        return UNDECIDED
    own_1, next_1, own_2 = units[1].first_verb, units[1].second_verb, units[2].second_verb
    if own_1.low <= CHANGED or next_1.high >= CHANGED:
        return UNDECIDED
    return REGISTER if own_2.low > CHANGED else SLOTS if own_2.high < CHANGED else UNDECIDED


# ── the whole test ───────────────────────────────────────────────────────────────────────────────────────────────────
def sites_of(translator: Translator) -> list[str]:
    """The decoder's memory and output, and the encoder's memory in each direction, of the last layer."""
    top, below = translator.model.decoder[-1], translator.model.encoder[-1]
    states = dict.fromkeys((top.cell.memory, top.cell.states[0]))  # in some cells they are one
    return [f"{top.places[0]}.{state}" for state in states] + below.memories


def register_test(
    translator: Translator, pairs: Sequence[Pair], seed: int, *, draws: int = 20, recipients: int = 60
) -> Result:
    """The register test of a translator on the pairs with two subjects and words without gender before either verb.

    `draws` random sets of units and directions stand beside each swap, on at most `recipients` sentences.
    UserError: too few such pairs.
    """
    held_out, forms, sites = held_out_lemmas(pairs), telling(pairs), sites_of(translator)
    chosen = neutral_before_verbs(pairs, sites[0], translator.tokenizer)
    recorded, found = recordings(translator, chosen, sites, held_out), []
    for site, here in recorded.items():
        result, probes = examine(site, here.subjects, here.values, seed)
        if site.startswith("decoder"):
            result = replace(result, inputs=swapped_inputs(translator, chosen, site, here, probes, seed))
        found.append(result)
    cell = recorded[sites[0]]
    units, direction = register_units(cell.subjects, cell.values, found[0].step)
    swaps, understood = [], []
    for clause in (0, 1):
        swapping = Swapping(translator, chosen, cell.read, clause, forms)
        rows, share = swapping.understood(seed)
        understood.append(share)
        swaps += swapping.swaps(rows, held_out, units, direction, draws, recipients, seed)
    if min(each.value for each in understood) < UNDERSTOOD:
        agree = f"the verbs agree in {understood[0].value:.0%} and {understood[1].value:.0%} of the clauses only"
        found = [replace(each, verdict=UNDECIDED, why=f"{agree}; else {each.verdict}: {each.why}") for each in found]
    return Result(understood, found, units, swaps, decide_swap(swaps))
