"""The gate story: does an LSTM save the gender, keep it, erase and rewrite it, and let it out, as it is taught?

Gates of the units that hold gender, chosen on other nouns, are read at words of which the story says something:

    a new controlling noun   Kluk spal a *holka* …       changed M→F, F→M; unchanged M→M, F→F
    an attractor             Kluk vedle *školy* …        of the other gender, of the same
    a word that is no noun   Kluk *včera* …              at the same place in the sentence
    the step before a word that must agree

and are set there, once, to see what they do: "gate surgery". Every clause of the story can fail, each by a rule that stands
below as a constant. Values are averaged per noun lemma; intervals are over lemmas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy
import torch

from corpora.records import Agreeing, Pair

from ..config import UserError
from ..model import Model
from ..taps import Chain, Patch, Tap
from ..tokenizer import Tokenizer, Word
from ..trace import read_at
from ..translator import Translator
from .interventions import MakeTap
from .register import (
    CHANGED,
    DECISIVE,
    FEWEST,
    READABLE,
    Endings,
    align,
    area,
    clauses,
    from_the_right,
    held_out_lemmas,
    record,
    register_units,
    subjects_of,
    telling,
    two_subjects,
)
from .statistics import Estimate, Values, beside, cluster_mean, estimate, sign_flip
from .stimuli import GENDERS, stimulus, traced
from .units import matched

MOVES = 0.02  # a mean gate that differs by less is said to stand still
OPEN, SHUT = 0.9, 0.1  # H2: a forget gate above the one keeps, an input gate below the other writes nothing
LEFT_ALONE = 0.05  # share of sentences that surgery may change where nothing may change
WINDOW = (-2, -1, 0, 1)  # words around an event
BATCH = 256  # sentences traced together

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"
CHANGES, KEEPS = ("M→F", "F→M"), ("M→M", "F→F")
OTHER, SAME = "attractor of the other gender", "attractor of the same gender"
NO_NOUN, NO_ATTRACTOR = "no noun, where a new noun stands", "no noun, where an attractor stands"
PREDICTS, MATCHED = "predicts an agreeing word", "predicts another word"
GATES = ("input", "forget", "candidate", "output")


# ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Event:
    """A step of a site at which something of the story happens, with the steps of the words around it."""

    pair: Pair
    kind: str
    lemma: str  # the controlling noun; of a new noun, itself
    gender: str  # of that noun
    window: tuple[int, ...]  # positions of the words WINDOW away

    @property
    def at(self) -> int:
        return self.window[WINDOW.index(0)]


def event(pair: Pair, kind: str, lemma: str, gender: str, positions: Sequence[int], place: int) -> Event | None:
    """Nothing where the sentence is too short for the window; `place` is which of the `positions` it is."""
    places = [place + offset for offset in WINDOW]
    if min(places) < 0 or max(places) >= len(positions):
        return None
    return Event(pair, kind, lemma, gender, tuple(positions[each] for each in places))


def in_order(site: str, words: Sequence[Word]) -> list[int]:
    """The positions of a site that read the last piece of each word, in the order in which it reads them."""
    if site.startswith("decoder"):
        return [read_at(word) for word in words]
    return [word.first for word in reversed(words)] if from_the_right(site) else [word.last for word in words]


def new_nouns(site: str, pairs: Sequence[Pair], tokenizer: Tokenizer, held_out: set[str]) -> list[Event]:
    """Second subjects, held-out nouns: of another gender than the first or of the same."""
    found = []
    for pair in two_subjects(pairs):
        sources, targets = (tokenizer.align(tokenizer.encode(text)) for text in (pair.source, pair.target))
        first, second = clauses(pair, site, sources, targets)
        if second.lemma in held_out:
            positions = in_order(site, targets if site.startswith("decoder") else sources)
            kind = f"{first.gender[0]}→{second.gender[0]}".upper()
            place = positions.index(second.steps[0])
            found.append(event(pair, kind, second.lemma, second.gender, positions, place))
    return [each for each in found if each]


def attractors(site: str, pairs: Sequence[Pair], tokenizer: Tokenizer) -> list[Event]:
    """Nouns that stand between a held-out controlling noun and a word that agrees with it, and are no subject themselves."""
    found, side = [], "target" if site.startswith("decoder") else "source"
    for pair in single(pairs):
        factors = pair.factors
        if factors.intervener not in ("other-gender", "same-gender"):
            continue
        noun, others = factors.nouns[0], factors.nouns[1:]
        own = [word for word in factors.agreeing if word.controller]
        after = [word for word in factors.agreeing if word.target.start > others[0].target.start]
        if any(word.kind == "participle" for word in own) or not after or after[0].controller:
            continue
        words = tokenizer.align(tokenizer.encode(getattr(pair, side)))
        place = next((n for n, word in enumerate(words) if word.end == getattr(others[0], side).end), None)
        if place is not None:
            kind = OTHER if factors.intervener == "other-gender" else SAME
            found.append(event(pair, kind, noun.lemma, noun.gender, in_order(site, words), place))
    return [each for each in found if each]


def no_nouns(
    site: str, pairs: Sequence[Pair], tokenizer: Tokenizer, like: Sequence[Event], kind: str, seed: int
) -> list[Event]:  # fmt: skip
    """Words read after a held-out controlling noun that are none, as far into the sentence as the events that they are `like`."""
    shelves: dict[int, list[Event]] = defaultdict(list)
    for pair in single(pairs):
        factors = pair.factors
        if len(factors.nouns) > 1:
            continue
        decoder = site.startswith("decoder")
        words = tokenizer.align(tokenizer.encode(pair.target if decoder else pair.source))
        noun, positions = factors.nouns[0], in_order(site, words)
        span, backward = noun.target if decoder else noun.source, from_the_right(site)
        agreeing = {word.target.start for word in factors.agreeing} if decoder else set()
        for place, word in enumerate(reversed(words) if backward else words):
            after = word.end <= span.start if backward else word.start > span.end
            if after and word.start not in agreeing and word.text[0].isalnum():
                made = event(pair, kind, noun.lemma, noun.gender, positions, place)
                if made:
                    shelves[made.at].append(made)
    random = numpy.random.default_rng(seed)
    shelf = [shelves[each.at] for each in like if shelves[each.at]]
    return [each[int(random.integers(len(each)))] for each in shelf]


def agreements(site: str, pairs: Sequence[Pair], tokenizer: Tokenizer) -> list[Event]:
    """The decoder's steps that predict the first word that shows a held-out noun's gender, after words that do not, and, in
    the same sentences, the steps before that predict one of those."""
    found = []
    for pair in single(pairs):
        factors = pair.factors
        noun = factors.nouns[0]
        own = [word for word in factors.agreeing if word.controller == 0 and tells(word)]
        first = min(own, key=lambda word: word.target.start, default=None)
        if first is None or factors.intervener != "no-noun" or first.target.start < noun.target.end:
            continue
        words = tokenizer.align(tokenizer.encode(pair.target))
        between = [n for n, word in enumerate(words) if noun.target.end < word.start < first.target.start]
        neutral = [n for n in between if words[n].text[0].isalnum()]
        if (
            len(neutral) < 2
            or len(neutral) < len(between)
            or parts_at(pair, first, tokenizer) != words[between[-1] + 1].first
        ):
            continue  # a comma between, or a form whose ending is a piece by itself
        positions = in_order(site, words)
        *matched, last = neutral
        found.append(event(pair, PREDICTS, noun.lemma, noun.gender, positions, last))
        found += [event(pair, MATCHED, noun.lemma, noun.gender, positions, place) for place in matched]
    return [each for each in found if each]


def single(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs with one controlling noun, a held-out man or woman whose English tells which."""
    return [
        pair
        for pair in pairs
        if pair.factors
        and pair.factors.family == "lexical"
        and pair.factors.gender in GENDERS
        and pair.factors.lemma_fold == "held-out"
        and not pair.factors.nouns[0].plural
    ]


def tells(word: Agreeing) -> bool:
    return len({word.forms[gender].lower() for gender in GENDERS}) == 2


def parts_at(pair: Pair, word: Agreeing, tokenizer: Tokenizer) -> int:
    """Which piece of the Czech sentence is the first to differ if an agreeing word has the other gender's form: the decoder's
    position of this number predicts it."""
    own = tokenizer.encode(pair.target)
    said = word.target.of(pair.target)
    other = next(word.forms[gender] for gender in GENDERS if word.forms[gender].lower() != said.lower())
    changed = tokenizer.encode(pair.target[: word.target.start] + other + pair.target[word.target.end :])
    return next((n for n, (a, b) in enumerate(zip(own, changed)) if a != b), min(len(own), len(changed)))


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Finding:
    """One number of the story, said so that larger is as the story has it; the verdict rests on its interval and the bar."""

    hypothesis: str
    claim: str
    value: Estimate  # over lemmas
    bar: float
    p: float | None  # sign flips over lemmas, against 0, two-sided
    draws: int  # random units matched on variance: the same number for them
    random_mean: float | None
    random_high: float | None  # their 95th percentile
    random_p: float | None  # (b + 1) / (B + 1), b: random sets that are as large
    verdict: str


def verdict(value: Estimate, bar: float) -> str:
    if value.low > bar:
        return SUPPORTED
    return NOT_SUPPORTED if value.high < bar else UNDECIDED


def over_lemmas(means: Values, n: int, seed: int) -> Estimate:
    """The mean of one value for each lemma [L]; n observations stand behind it."""
    return replace(estimate(means, range(len(means)), seed, rate=False), n=n)


Lemmas = Mapping[str, Values]  # lemma → its mean, of the chosen units first, then of each random set: [1 + R]


def finding(
    hypothesis: str, claim: str, values: Lemmas, n: int, bar: float, seed: int, *, tested: bool = True
) -> Finding:
    """A finding from one value for each lemma. UserError: too few lemmas."""
    if len(values) < 2 * FEWEST:
        raise UserError(f"{claim}: {len(values)} held-out nouns, where {2 * FEWEST} are needed: give more pairs")
    table = numpy.stack(list(values.values()))  # [L, 1 + R]
    own, random = table[:, 0], table[:, 1:].mean(0)
    value = over_lemmas(own, n, seed)
    return Finding(
        hypothesis,
        claim,
        value,
        bar,
        sign_flip(own, seed) if tested else None,
        len(random),
        *beside(value.value, random),
        verdict(value, bar),
    )


def minus(a: Lemmas, b: Lemmas) -> Lemmas:
    """Lemma by lemma, those that both have."""
    return {lemma: a[lemma] - b[lemma] for lemma in a if lemma in b}


def negative(a: Lemmas) -> Lemmas:
    return {lemma: -value for lemma, value in a.items()}


def beyond_random(a: Lemmas) -> Lemmas:
    """What the chosen units have more than the mean random set."""
    return {lemma: value[:1] - value[1:].mean() for lemma, value in a.items()}


class Readings:
    """Gates around the events: `values[gate]` is [N, W, 1 + R], the mean over the chosen units and over each random set."""

    def __init__(self, events: Sequence[Event], values: Mapping[str, Values]):
        self.events, self.values = events, values

    def rows(self, kinds: Sequence[str]) -> list[int]:
        return [row for row, each in enumerate(self.events) if each.kind in kinds]

    def at(self, gate: str, *kinds: str, offset: int = 0) -> Lemmas:
        """Each lemma's mean at the events of some kinds (each kind alike), `offset` words away."""
        groups: dict[str, dict[str, list[Values]]] = defaultdict(lambda: defaultdict(list))
        place = WINDOW.index(offset)
        for row in self.rows(kinds):
            each = self.events[row]
            groups[each.lemma][each.kind].append(self.values[gate][row, place])
        return {
            lemma: numpy.mean([numpy.mean(values, axis=0) for values in by_kind.values()], axis=0)
            for lemma, by_kind in groups.items()
        }

    def change(self, gate: str, *kinds: str) -> Lemmas:
        """How much a gate differs from what it was at the word before."""
        return minus(self.at(gate, *kinds), self.at(gate, *kinds, offset=-1))

    def n(self, *kinds: str) -> int:
        return len(self.rows(kinds))


@dataclass(frozen=True)
class Trajectory:
    """A gate around the events of one kind, over the words of WINDOW."""

    kind: str
    gate: str
    words: list[int]
    chosen: list[Estimate]
    random: list[float]  # mean over random sets


def trajectories(readings: Readings, seed: int) -> list[Trajectory]:
    found = []
    for kind in dict.fromkeys(each.kind for each in readings.events):
        for gate in readings.values:
            steps = [numpy.stack(list(readings.at(gate, kind, offset=offset).values())) for offset in WINDOW]
            own = [over_lemmas(step[:, 0], readings.n(kind), seed) for step in steps]
            found.append(Trajectory(kind, gate, list(WINDOW), own, [float(step[:, 1:].mean()) for step in steps]))
    return found


def saves(readings: Readings, seed: int) -> list[Finding]:
    """The noun's own gender is offered to the units, and the input gate lets it in, at a noun more than at another word."""
    new = (*CHANGES, *KEEPS)
    gender = {each.lemma: 1 if each.gender == GENDERS[1] else -1 for each in readings.events if each.kind in new}
    offered = {lemma: gender[lemma] * value for lemma, value in readings.at("candidate", *new).items()}
    n = readings.n(*new)
    opened = minus(readings.at("input", *new), readings.at("input", NO_NOUN))
    return [
        finding("saves", "candidate at a new noun, along the noun's gender", offered, n, MOVES, seed),
        finding("saves", "i at a new noun − i at a word that is none", opened, n + readings.n(NO_NOUN), MOVES, seed),
    ]


def rewrites(readings: Readings, seed: int) -> list[Finding]:
    """H1: a noun of another gender shuts the forget gate and opens the input gate more than one of the same gender. Each noun
    is compared with itself, after a noun of the other gender and after one of its own. And, beside it, any noun."""
    found = []
    n = readings.n(*CHANGES, *KEEPS)
    for gate, sign, said in (("forget", -1, "f falls"), ("input", 1, "i rises")):
        moved = lambda *kinds, gate=gate: readings.change(gate, *kinds)
        signed = lambda values, sign=sign: values if sign > 0 else negative(values)
        more = signed(minus(moved(*CHANGES), moved(*KEEPS)))
        found.append(
            finding("H1", f"{said} more at a noun of another gender than at one of the same", more, n, MOVES, seed)
        )
    return found


def any_noun(readings: Readings, seed: int) -> list[Finding]:
    """If a noun of the same gender moves the gates as one of another does, they react to nouns, not to gender."""
    found = []
    for gate, sign, said in (("forget", -1, "f is lower"), ("input", 1, "i is higher")):
        gap = minus(readings.at(gate, *KEEPS), readings.at(gate, NO_NOUN))
        values = gap if sign > 0 else negative(gap)
        claim = f"{said} at a new noun of the same gender than at a word that is no noun"
        found.append(finding("any noun", claim, values, readings.n(*KEEPS, NO_NOUN), MOVES, seed))
    return found


def keeps(readings: Readings, seed: int) -> list[Finding]:
    """H2: at an attractor f > .9 and i < .1, more so than random units there and than the same units at a new noun."""
    n, new = readings.n(OTHER), readings.n(OTHER, *CHANGES)
    f, i = readings.at("forget", OTHER), readings.at("input", OTHER)
    shut = {lemma: 1 - value for lemma, value in i.items()}
    return [
        finding("H2", "f at an attractor of the other gender", f, n, OPEN, seed, tested=False),
        finding("H2", "1 − i at an attractor of the other gender", shut, n, 1 - SHUT, seed, tested=False),
        finding("H2", "f there − f of random units there", beyond_random(f), n, 0.0, seed),
        finding("H2", "i of random units there − i there", negative(beyond_random(i)), n, 0.0, seed),
        finding("H2", "f there − f at a new noun of another gender", minus(f, readings.at("forget", *CHANGES)), new, MOVES, seed),
        finding("H2", "i at a new noun of another gender − i there", minus(readings.at("input", *CHANGES), i), new, MOVES, seed),
    ]  # fmt: skip


def lets_out(readings: Readings, seed: int) -> list[Finding]:
    """H3: the output gate is higher at the step that predicts an agreeing word than at the steps before it."""
    n = readings.n(PREDICTS, MATCHED)
    higher = minus(readings.at("output", PREDICTS), readings.at("output", MATCHED))
    return [
        finding("H3", "o where an agreeing word is predicted − o where another word is", higher, n, MOVES, seed),
        finding("H3", "that − the same of random units", beyond_random(higher), n, 0.0, seed),
    ]


# ── weights ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def outgoing(
    model: Model, tokenizer: Tokenizer, pairs: Sequence[Pair], units: Sequence[int], signs: Values,
    sets: Sequence[Sequence[int]], all_signs: Values, seed: int,
) -> list[Finding]:  # fmt: skip
    """H5: what a unit adds to the logits of feminine forms over masculine ones, to first order, along the gender that it
    stands for: the readout's column times the difference of the forms' vectors. One value for each pair of forms.

    Beside random units, each along the gender that it leans to itself."""
    forms: dict[str, dict[tuple[int, int], str]] = {"-á against -ý": {}, "-la against -l": {}}
    for pair in pairs:
        for word in pair.factors.agreeing if pair.factors else ():
            masculine, feminine = (word.forms.get(gender, "") for gender in GENDERS)
            kind = next(
                (kind for kind, (f, m) in (("-á against -ý", ("á", "ý")), ("-la against -l", ("la", "l")))
                 if feminine.endswith(f) and masculine.endswith(m)),
                None,
            )  # fmt: skip
            if kind:
                pieces = [tokenizer.encode(form) for form in (masculine, feminine)]
                parted = next(((a, b) for a, b in zip(*pieces) if a != b), None)
                if parted:
                    forms[kind][parted] = masculine
    H = model.decoder[-1].units
    column = model.readout.weight[:, :H].detach().double().cpu()  # [E, H]
    vectors = model.target_embedding.weight.detach().double().cpu()  # [V, E]
    found = []
    for kind, parted in forms.items():
        if len(parted) < 2 * FEWEST:
            continue
        m, f = (torch.tensor([each[side] for each in parted]) for side in (0, 1))
        effect = ((vectors[f] - vectors[m]) @ column).numpy()  # [forms, H]
        own = (effect[:, list(units)] * signs).mean(1)  # [forms]
        random = [(effect[:, list(each)] * all_signs[list(each)]).mean(1) for each in sets]
        values = {name: numpy.array([a, *b]) for name, a, *b in zip(parted.values(), own, *random)}
        claim = f"what a unit adds to the logit of {kind}, along its gender"
        found.append(finding("H5", claim, values, len(values), 0.0, seed))
    return found


# ── surgery ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Surgery:
    """H4: gates of the units are set at one step of a forced prefix; then decoding is free. Over sentences that agree when
    nothing is set."""

    event: str
    change: str
    counted: str  # what the rates below count
    units: int
    understood: Estimate  # before: sentences whose next agreeing word is right
    rate: Estimate | None  # None: too few sentences are understood
    left_alone: Estimate | None  # the same change where nothing may change: the next agreeing word is no longer right
    draws: int
    random_mean: float | None  # the same gates of random units matched on variance, and their 95th percentile
    random_high: float | None
    p: float | None  # (b + 1) / (B + 1)
    verdict: str


def settings(place: str, values: Mapping[str, float], units: Sequence[int], sentences: int) -> Tap:
    """Gates of the units, set at position 0 only."""
    here = torch.zeros(sentences, dtype=torch.long)
    return Chain(*(Patch(f"{place}.{gate}", value, units=units, positions=here) for gate, value in values.items()))


class Operation(Endings):
    """Sentences, forced to a step of the decoder each, ready to have gates set there."""

    def __init__(self, translator: Translator, events: Sequence[Event], forms: Mapping[str, str], place: str):
        self.events = [each for each in events if stimulus(each.pair, translator.tokenizer)]
        super().__init__(translator, [each.pair for each in self.events], [each.at for each in self.events], forms)
        self.place = place
        self.right = [gender == each.gender for gender, each in zip(self.gender(range(len(self.events))), self.events)]

    def gender(self, rows: Sequence[int], tap: MakeTap | None = None) -> list[str | None]:
        """The gender that the next agreeing word shows, if there is one."""
        return [each[0] if each else None for each in self.genders(rows, tap)]

    def rows(self, kinds: Sequence[str], at_most: int, seed: int) -> list[int]:
        """Sentences that are understood, of some kinds of events."""
        found = [n for n, each in enumerate(self.events) if each.kind in kinds and self.right[n]]
        return [found[n] for n in numpy.random.default_rng(seed).permutation(len(found))[:at_most]]

    def set(self, rows: Sequence[int], values: Mapping[str, float], units: Sequence[int]) -> list[str | None]:
        return self.gender(rows, lambda part: settings(self.place, values, units, len(rows[part])))


def operate(
    operation: Operation, kinds: Sequence[str], alone: Sequence[str], values: Mapping[str, float], counted: str,
    hit: Callable[[str | None, Event], bool], units: Sequence[int], sets: Sequence[Sequence[int]], recipients: int, seed: int,
) -> Surgery:  # fmt: skip
    """Set gates at the events of some `kinds`, and at those where nothing may change."""
    change = ", ".join(f"{gate[0]} = {value:g}" for gate, value in values.items())
    of_kind = [n for n, each in enumerate(operation.events) if each.kind in kinds]
    lemmas = lambda rows: [operation.events[row].lemma for row in rows]
    name = ", ".join(kinds)
    if not of_kind:
        raise UserError(f"no sentence to set gates in at: {name}")
    understood = estimate([operation.right[n] for n in of_kind], lemmas(of_kind), seed)
    rows, others = (operation.rows(each, recipients, seed) for each in (kinds, alone))
    if len(set(lemmas(rows))) < 2 * FEWEST:
        return Surgery(name, change, counted, len(units), understood, None, None, 0, None, None, None, UNDECIDED)

    def rate(chosen: Sequence[int]) -> list[bool]:
        said = operation.set(rows, values, chosen)
        return [hit(gender, operation.events[row]) for gender, row in zip(said, rows)]

    found = estimate(rate(units), lemmas(rows), seed)
    random = [cluster_mean(rate(each), lemmas(rows)) for each in sets]
    left = None
    if others:
        said = operation.set(others, values, units)
        moved = [gender != operation.events[row].gender for gender, row in zip(said, others)]
        left = estimate(moved, lemmas(others), seed)
    chance = beside(found.value, random)
    return Surgery(
        name,
        change,
        counted,
        len(units),
        understood,
        found,
        left,
        len(random),
        *chance,
        surgical(found, left, chance[1]),
    )


def surgical(rate: Estimate, left_alone: Estimate | None, random_high: float | None) -> str:
    """More sentences change than not, more than with random units, and none where nothing may."""
    if rate.high < CHANGED or (random_high is not None and rate.high <= random_high):
        return NOT_SUPPORTED
    if left_alone and left_alone.low > LEFT_ALONE:
        return NOT_SUPPORTED
    clear = rate.low > CHANGED and (random_high is None or rate.value > random_high)
    return SUPPORTED if clear and (left_alone is None or left_alone.value <= LEFT_ALONE) else UNDECIDED


def another(gender: str | None, at: Event) -> bool:
    """The next agreeing word shows the gender that is not its controller's."""
    return gender is not None and gender != at.gender


def failed(gender: str | None, at: Event) -> bool:
    return gender != at.gender


# ── the story ────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Clause:
    """One clause of the textbook's picture, and the number that decides it: the first that fails it, or else leaves it
    undecided, or else the first."""

    clause: str  # saves, keeps, erases and rewrites, lets out
    verdict: str
    decided_by: str


@dataclass(frozen=True)
class SiteStory:
    """The gate story of one layer in one direction."""

    place: str  # decoder.0, encoder.0.forward
    units: list[int]  # an eighth, most apart between the genders, chosen on nouns to fit on
    events: dict[str, int]  # kind → how many
    findings: list[Finding]
    surgeries: list[Surgery]
    trajectories: list[Trajectory]
    clauses: list[Clause]


@dataclass(frozen=True)
class Story:
    """The gate story of one run."""

    sites: list[SiteStory]


def conclude(clause: str, evidence: Sequence[Finding | Surgery]) -> Clause:
    """Supported if every number supports it; not supported if one does not."""
    for wanted in (NOT_SUPPORTED, UNDECIDED):
        for each in evidence:
            if each.verdict == wanted:
                return Clause(clause, wanted, told(each))
    return Clause(
        clause, SUPPORTED if evidence else UNDECIDED, told(evidence[0]) if evidence else "nothing was measured"
    )


def told(each: Finding | Surgery) -> str:
    if isinstance(each, Finding):
        v = each.value
        return f"{each.hypothesis}: {each.claim} {v.value:.3f} [{v.low:.3f}, {v.high:.3f}], bar {each.bar:g}, {v.clusters} nouns"
    said = f"H4: {each.change} at {each.event}: {each.counted}"
    if each.rate is None:
        return f"{said}: too few sentences are understood ({each.understood.value:.0%})"
    left = f", where nothing may change {each.left_alone.value:.0%}" if each.left_alone else ""
    random = f", random units {each.random_mean:.0%}" if each.draws else ""
    return f"{said} {each.rate.value:.0%} [{each.rate.low:.0%}, {each.rate.high:.0%}]{random}{left}"


def read_gates(
    translator: Translator, place: str, events: Sequence[Event], units: Sequence[int], signs: Values,
    sets: Sequence[Sequence[int]],
) -> Readings:  # fmt: skip
    """Every gate around every event, averaged over the units and over each random set; the candidate along the units'
    gender, of random units along theirs. signs [H]: 1 where a unit is higher for feminine nouns, −1 where lower."""
    H = len(signs)
    average = numpy.zeros((H, 1 + len(sets)))
    for column, each in enumerate((units, *sets)):
        average[list(each), column] = 1 / len(each)
    sites = [f"{place}.{gate}" for gate in GATES]
    parts: dict[str, list[Values]] = {gate: [] for gate in GATES}
    for start in range(0, len(events), BATCH):
        part = events[start : start + BATCH]
        made = traced(translator, [each.pair for each in part], sites).values
        rows, windows = torch.arange(len(part))[:, None], torch.tensor([each.window for each in part])
        for gate, site in zip(GATES, sites):
            values = made[site][rows, windows].numpy().astype(numpy.float64)  # [N, W, H]
            parts[gate].append((values * signs if gate == "candidate" else values) @ average)
    return Readings(events, {gate: numpy.concatenate(each) for gate, each in parts.items()})


def gate_story(
    translator: Translator, pairs: Sequence[Pair], seed: int, *,
    draws: int = 100, cut: int = 20, recipients: int = 60, per_kind: int = 300,
) -> Story:  # fmt: skip
    """The gate story in the decoder and in each direction of the encoder, in their last layers.

    draws       random sets of units beside the gates; `cut` of them beside each surgery
    recipients  sentences of a surgery
    per_kind    events of each kind, drawn at random

    UserError: the cell has no such gates, or the pairs too few events.
    """
    model = translator.model
    if set(GATES) - set(model.decoder[-1].cell.gates):
        raise UserError(f"the gate story needs a cell with the gates {', '.join(GATES)}")
    places = [*model.decoder[-1].places, *model.encoder[-1].places]
    told = [
        site_story(translator, pairs, place, seed, draws, cut, recipients, per_kind) for place in places
    ]  # fmt: skip
    return Story(told)


def thinned(events: Sequence[Event], per_kind: int, seed: int) -> list[Event]:
    """At most so many events of each kind."""
    random = numpy.random.default_rng(seed)
    kinds: dict[str, list[Event]] = defaultdict(list)
    for each in events:
        kinds[each.kind].append(each)
    return [each[n] for each in kinds.values() for n in sorted(random.permutation(len(each))[:per_kind])]


def site_story(
    translator: Translator, pairs: Sequence[Pair], place: str, seed: int, draws: int, cut: int, recipients: int, per_kind: int,
) -> SiteStory:  # fmt: skip
    model, tokenizer, held_out = translator.model, translator.tokenizer, held_out_lemmas(pairs)
    decoder, backward = place.startswith("decoder"), from_the_right(place)
    memory = f"{place}.{model.decoder[-1].cell.memory}"
    units, apart, spread, decodable = candidates(translator, pairs, memory, held_out, seed)
    signs = numpy.sign(apart)
    sets, _ = matched(units, spread[:, None], draws, numpy.random.default_rng(seed))
    events = thinned(new_nouns(place, pairs, tokenizer, held_out), per_kind, seed)
    others = [] if backward else thinned(attractors(place, pairs, tokenizer), per_kind, seed)
    predicting = thinned(agreements(place, pairs, tokenizer), per_kind, seed) if decoder else []
    fillers = [
        each
        for like, kind in ((events, NO_NOUN), (others, NO_ATTRACTOR))
        for each in thinned(no_nouns(place, pairs, tokenizer, like, kind, seed), per_kind, seed)
    ]
    readings = read_gates(translator, place, [*events, *others, *predicting, *fillers], units, signs, sets)
    saved, rewritten = [decodable, *saves(readings, seed)], rewrites(readings, seed)
    kept = [] if backward else keeps(readings, seed)
    out: list[Finding] = lets_out(readings, seed) if decoder else []
    cuts: list[Surgery] = []
    if decoder:
        out += outgoing(model, tokenizer, pairs, units, signs[units], sets, signs, seed)
        cuts = surgeries(translator, place, pairs, [events, others, predicting], units, sets[:cut], recipients, seed)
    evidence: dict[str, list[Finding | Surgery]] = {
        "saves": [*saved],
        "keeps": [*kept, *cuts[1:2]],
        "erases and rewrites": [*rewritten, *cuts[0:1]],
        "lets out": [*out, *cuts[2:3]],
    }
    counts = {kind: readings.n(kind) for kind in dict.fromkeys(each.kind for each in readings.events)}
    return SiteStory(
        place, units, counts, [*saved, *kept, *rewritten, *any_noun(readings, seed), *out], cuts,
        trajectories(readings, seed), [conclude(clause, each) for clause, each in evidence.items() if each],
    )  # fmt: skip


def candidates(
    translator: Translator, pairs: Sequence[Pair], memory: str, held_out: set[str], seed: int
) -> tuple[list[int], Values, Values, Finding]:
    """The eighth of a memory's units that hold the first subject's gender where words without gender follow it, chosen on
    nouns to fit on; how far apart each unit is and its spread [H]; and how well they tell held-out nouns."""
    chosen = two_subjects(pairs)
    if not chosen:
        raise UserError("no sentence with two subjects, each with its verb: the gate story needs the agreement corpus")
    read = [clauses(pair, memory, *words) for pair, words in zip(chosen, align(translator, chosen))]
    if memory.startswith("decoder"):  # where there are such words at all
        kept = [n for n, each in enumerate(read) if len(each[0].steps) > DECISIVE]
        chosen, read = [chosen[n] for n in kept], [read[n] for n in kept]
    if not chosen:
        raise UserError(f"no sentence with {DECISIVE} words without gender between two subjects and their verbs")
    made = traced(translator, chosen, [memory]).values[memory]
    subjects, recorded = subjects_of(chosen, read, held_out), record(made, read)
    step = min(DECISIVE, max(step for clause, step in recorded if clause == 0))
    units, apart = register_units(subjects, recorded, step)
    rows, values = recorded[0, step]
    fit = ~subjects.held_out[rows].any(1)
    held = subjects.held_out[rows, 0]
    scores = values[held][:, units] @ apart[units]
    cells = [str(each) for each in subjects.feminine[rows[held], 1]]
    auc = area(scores, subjects.feminine[rows[held], 0], subjects.lemmas[rows[held], 0].tolist(), cells, seed)
    claim = f"AUC of the units, {step} word{'s' * (step > 1)} without gender after the noun"
    return units, apart, values[fit].std(0), Finding(
        "saves", claim, auc, READABLE, None, 0, None, None, None, verdict(auc, READABLE)
    )  # fmt: skip


def surgeries(
    translator: Translator, place: str, pairs: Sequence[Pair], events: Sequence[Sequence[Event]], units: Sequence[int],
    sets: Sequence[Sequence[int]], recipients: int, seed: int,
) -> list[Surgery]:  # fmt: skip
    """Keep where it should be rewritten, rewrite where it should be kept, and shut what should let it out."""
    forms = telling(pairs)
    some = [thinned([each for each in kind if each.kind != MATCHED], 2 * recipients, seed) for kind in events]
    new, attracted, predicting = (Operation(translator, each, forms, place) for each in some)
    return [
        operate(new, CHANGES, KEEPS, {"forget": 1.0, "input": 0.0}, "its verb has the old gender", another, units, sets,
                recipients, seed),
        operate(attracted, (OTHER,), (SAME,), {"forget": 0.0, "input": 1.0}, "the agreeing word has the attractor's gender",
                another, units, sets, recipients, seed),
        operate(predicting, (PREDICTS,), (), {"output": 0.0}, "the agreeing word is not there in its gender", failed, units,
                sets, recipients, seed),
    ]  # fmt: skip
