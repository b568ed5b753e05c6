"""The gate story: does an LSTM save the gender, keep it, erase and rewrite it, and let it out, as it is taught?

Gates of the units that hold gender, chosen on other nouns, are read at words of which the story says something:

    a new controlling noun   Kluk spal a *holka* …       changed M→F, F→M; unchanged M→M, F→F
    an attractor             Kluk vedle *školy* …        of the other gender, of the same
    a word that is no noun   Kluk *včera* …              as many words into its sentence; apart: those that agree (*spal*)
    the step before a word that must agree

and are set there, once, to see what they do: "gate surgery". Every clause of the story can fail, each by a rule that stands
below as a constant. Values are averaged per noun lemma; intervals are over lemmas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy
import torch
from torch import Tensor

from corpora.records import Noun, Pair

from ..config import UserError
from ..model import Model
from ..tokenizer import Tokenizer, Word
from ..trace import from_the_right, side
from ..translator import Translator
from .interventions import parting
from .register import CHANGED, READABLE, Endings
from .statistics import Estimate, Values, beside, by_cluster, cluster_mean, estimate, interval, number, sign_flip
from .stimuli import BATCH, GENDERS, single, stimulus, tells, traced
from .subjects import (
    DECISIVE,
    FEWEST,
    Recording,
    as_read,
    held_out_lemmas,
    neutral_before_verbs,
    order,
    place_of,
    recordings,
    register_units,
    telling,
    two_subjects,
)
from .units import matched
from .units import outgoing as read_by

MOVES = 0.02  # a mean gate that differs by less is said to stand still
OPEN, SHUT = 0.9, 0.1  # H2: a forget gate above the one keeps, an input gate below the other writes nothing
LEFT_ALONE = 0.05  # share of sentences that surgery may change where nothing may change
WINDOW = (-2, -1, 0, 1)  # words around an event

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"
CHANGES, KEEPS = ("M→F", "F→M"), ("M→M", "F→F")
NEW = (*CHANGES, *KEEPS)
OTHER, SAME = "attractor of the other gender", "attractor of the same gender"
NO_NOUN, NO_ATTRACTOR = "no noun, where a new noun stands", "no noun, where an attractor stands"
AGREES = "a word that agrees, where a new noun stands"
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
    place: int  # words that the site has read before
    window: tuple[int, ...]  # positions of the words WINDOW away

    @property
    def at(self) -> int:
        return self.window[WINDOW.index(0)]


Read = Sequence[tuple[Word, int]]  # `subjects.as_read`
Found = Iterator[tuple[str, Noun, int]]  # the kind of an event, the controlling noun, which of the words read it is


def new_nouns(pair: Pair, site: str, read: Read, tokenizer: Tokenizer) -> Found:
    """The second subject that a site reads: of another gender than the first or of the same."""
    nouns = [pair.factors.nouns[n] for n in order(pair)]
    first, second = reversed(nouns) if from_the_right(site) else nouns
    yield f"{first.gender[0]}→{second.gender[0]}".upper(), second, place_of(second, site, read)


def attractors(pair: Pair, site: str, read: Read, tokenizer: Tokenizer) -> Found:
    """A noun that stands between a controlling noun and a word that agrees with it, and is no subject itself."""
    factors = pair.factors
    kind = {"other-gender": OTHER, "same-gender": SAME}.get(factors.intervener)
    if kind is None:
        return
    noun, attractor, *_ = factors.nouns
    after = [word for word in factors.agreeing if word.target.start > attractor.target.start]
    subject = any(word.kind == "participle" for word in factors.agreeing if word.controller)
    if after and not after[0].controller and not subject:
        yield kind, noun, place_of(attractor, site, read)


def other_words(pair: Pair, site: str, read: Read, tokenizer: Tokenizer) -> Found:
    """Words read after the only noun: those that do not agree with it, and those that do (of Czech). In Czech only where
    another one that agrees is still to come, so that the gender is needed, as it is at a noun."""
    if len(pair.factors.nouns) == 1:
        [noun] = pair.factors.nouns
        czech = side(site) == "target"
        agreeing = {word.target.start for word in pair.factors.agreeing} if czech else set()
        for place in range(place_of(noun, site, read) + 1, len(read)):
            word, _ = read[place]
            if word.text[0].isalnum() and (not czech or word.start < max(agreeing, default=0)):
                yield (AGREES if word.start in agreeing else NO_NOUN), noun, place


def agreements(pair: Pair, site: str, read: Read, tokenizer: Tokenizer) -> Found:
    """The decoder's step that predicts the first word that shows the noun's gender, after two or more that do not, and the
    steps before that predict one of those."""
    made = stimulus(pair, tokenizer)
    noun, own = pair.factors.nouns[0], [word for word in pair.factors.agreeing if not word.controller and tells(word)]
    first = min(own, key=lambda word: word.target.start, default=None)
    if made is None or first not in made.judged or pair.factors.intervener != "no-noun":
        return
    predicted = place_of(first, site, read)
    between = [place for place, (word, _) in enumerate(read[:predicted]) if word.start > noun.target.end]
    if len(between) < 2 or not all(read[place][0].text[0].isalnum() for place in between):
        return
    if parting(made, first, tokenizer).place == read[predicted][0].first:  # not where an ending is a piece by itself
        yield PREDICTS, noun, between[-1]
        yield from ((MATCHED, noun, place) for place in between[:-1])


def events(
    site: str, pairs: Iterable[Pair], tokenizer: Tokenizer, find: Callable[[Pair, str, Read, Tokenizer], Found]
) -> list[Event]:
    """Everything of a kind that happens at a site, where the sentence is long enough for the window."""
    found = []
    for pair in pairs:
        read = as_read(site, pair, tokenizer)
        for kind, noun, place in find(pair, site, read, tokenizer):
            places = [place + offset for offset in WINDOW]
            if min(places) >= 0 and max(places) < len(read):
                window = tuple(read[each][1] for each in places)
                found.append(Event(pair, kind, noun.lemma, noun.gender, place, window))
    return found


def as_far(fillers: Sequence[Event], like: Sequence[Event], kind: str, seed: int) -> list[Event]:
    """For each event one of the fillers that is as many words into its sentence, drawn at random, as another kind."""
    shelves, random = defaultdict(list), numpy.random.default_rng(seed)
    for each in fillers:
        shelves[each.place].append(each)
    found = [shelf[random.integers(len(shelf))] for each in like if (shelf := shelves[each.place])]
    return [replace(each, kind=kind) for each in found]


def thinned(events: Sequence[Event], per_kind: int, seed: int) -> list[Event]:
    """At most so many events of each kind."""
    random = numpy.random.default_rng(seed)
    kinds: dict[str, list[Event]] = defaultdict(list)
    for each in events:
        kinds[each.kind].append(each)
    return [each[n] for each in kinds.values() for n in sorted(random.permutation(len(each))[:per_kind])]


# ── gates around the events ──────────────────────────────────────────────────────────────────────────────────────────
class ByNoun(dict[str, Values]):
    """Lemma → its mean, of the chosen units first, then of each random set: [1 + R]. Differences are over the lemmas that
    both have."""

    def __sub__(self, other: ByNoun) -> ByNoun:
        return ByNoun({lemma: self[lemma] - other[lemma] for lemma in self if lemma in other})

    def __neg__(self) -> ByNoun:
        return ByNoun({lemma: -value for lemma, value in self.items()})

    def __rsub__(self, whole: float) -> ByNoun:
        return ByNoun({lemma: whole - value for lemma, value in self.items()})

    def beyond_random(self) -> ByNoun:
        """What the chosen units have more than the mean random set."""
        return ByNoun({lemma: value[:1] - value[1:].mean() for lemma, value in self.items()})


class Readings:
    """Gates around the events: `values[gate]` is [N, W, 1 + R], the mean over the chosen units and over each random set."""

    def __init__(self, events: Sequence[Event], values: Mapping[str, Values]):
        self.events, self.values = events, values

    def rows(self, kinds: Sequence[str]) -> list[int]:
        return [row for row, each in enumerate(self.events) if each.kind in kinds]

    def at(self, gate: str, kinds: Sequence[str], offset: int = 0) -> ByNoun:
        """Each lemma's mean at the events of some kinds (each kind alike), `offset` words away."""
        rows = self.rows(kinds)
        cells = [(self.events[row].lemma, self.events[row].kind) for row in rows]
        if not rows:
            return ByNoun()
        means, once = by_cluster(self.values[gate][rows, WINDOW.index(offset)], cells)
        means, lemmas = by_cluster(means, [lemma for lemma, _ in once])
        return ByNoun(zip(lemmas, means))

    def change(self, gate: str, kinds: Sequence[str]) -> ByNoun:
        """How much a gate differs from what it was at the word before."""
        return self.at(gate, kinds) - self.at(gate, kinds, offset=-1)

    def more(self, gate: str) -> ByNoun:
        """How much more a gate changes at a noun of another gender than at the same noun after one of its own."""
        return self.change(gate, CHANGES) - self.change(gate, KEEPS)

    def offered(self) -> ByNoun:
        """The candidate at a new noun, along the noun's gender."""
        sign = {each.lemma: 1 if each.gender == GENDERS[1] else -1 for each in self.events if each.kind in NEW}
        return ByNoun({lemma: sign[lemma] * value for lemma, value in self.at("candidate", NEW).items()})


def read_gates(translator: Translator, place: str, events: Sequence[Event], signs: Values, average: Values) -> Readings:
    """Every gate around every event, averaged over sets of units by `average` [H, 1 + R]; the candidate along the units'
    gender. signs [H]: 1 where a unit is higher for feminine nouns, −1 where lower."""
    sites = {gate: f"{place}.{gate}" for gate in GATES}
    parts: dict[str, list[Values]] = {gate: [] for gate in GATES}
    for start in range(0, len(events), BATCH):
        part = events[start : start + BATCH]
        made = traced(translator, [each.pair for each in part], sites.values()).values
        rows, windows = torch.arange(len(part))[:, None], torch.tensor([each.window for each in part])
        for gate, site in sites.items():
            values = made[site][rows, windows].numpy().astype(numpy.float64)  # [N, W, H]
            parts[gate].append((values * signs if gate == "candidate" else values) @ average)
    return Readings(events, {gate: numpy.concatenate(each) for gate, each in parts.items()})


def averaging(H: int, sets: Sequence[Sequence[int]]) -> Values:
    """[H, len(sets)]: what values [N, H] are multiplied by to have their means over sets of units."""
    average = numpy.zeros((H, len(sets)))
    for column, each in enumerate(sets):
        average[list(each), column] = 1 / len(each)
    return average


# ── findings ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Finding:
    """One number of the story, said so that larger is as the story has it; the verdict rests on its interval and the bar."""

    hypothesis: str
    claim: str
    value: Estimate  # over lemmas
    bar: float
    p: float | None  # sign flips over lemmas, against 0, two-sided
    draws: int  # random units matched on variance and outgoing weights: the same number for them
    random_mean: float | None
    random_high: float | None  # their 95th percentile
    random_p: float | None  # (b + 1) / (B + 1), b: random sets that are as large
    verdict: str


@dataclass(frozen=True)
class Trajectory:
    """A gate around the events of one kind, over the words of WINDOW."""

    kind: str
    gate: str
    words: list[int]
    chosen: list[Estimate]
    random: list[float]  # mean over random sets


@dataclass(frozen=True)
class Claim:
    """What one number of the story is made of."""

    text: str
    kinds: tuple[str, ...]  # of events, which are counted
    bar: float
    value: Callable[[Readings], ByNoun]
    tested: bool = True  # against 0


# A noun's own gender is offered, and let in more than at another word (saves). A noun of another gender shuts the forget gate
# and opens the input gate more than one of the same (H1); if they move at one of the same, and more than at other words and at
# words that agree, they react to nouns, not to gender (any noun). At an attractor f > .9 and i < .1, more so than random units
# there and than the same units at a new noun (H2). The output gate is higher at the step that predicts an agreeing word than at
# the steps before it (H3).
CLAIMS = {
    "saves": [
        Claim("candidate at a new noun, along the noun's gender", NEW, MOVES, lambda r: r.offered()),
        Claim("i at a new noun − i at a word that is none", (*NEW, NO_NOUN), MOVES,
              lambda r: r.at("input", NEW) - r.at("input", [NO_NOUN])),
    ],
    "H2": [
        Claim("f at an attractor of the other gender", (OTHER,), OPEN, lambda r: r.at("forget", [OTHER]), tested=False),
        Claim("1 − i at an attractor of the other gender", (OTHER,), 1 - SHUT, lambda r: 1 - r.at("input", [OTHER]), tested=False),
        Claim("f there − f of random units there", (OTHER,), 0.0, lambda r: r.at("forget", [OTHER]).beyond_random()),
        Claim("i of random units there − i there", (OTHER,), 0.0, lambda r: -r.at("input", [OTHER]).beyond_random()),
        Claim("f there − f at a new noun of another gender", (OTHER, *CHANGES), MOVES,
              lambda r: r.at("forget", [OTHER]) - r.at("forget", CHANGES)),
        Claim("i at a new noun of another gender − i there", (OTHER, *CHANGES), MOVES,
              lambda r: r.at("input", CHANGES) - r.at("input", [OTHER])),
    ],
    "H1": [
        Claim("f falls more at a noun of another gender than at one of the same", NEW, MOVES, lambda r: -r.more("forget")),
        Claim("i rises more at a noun of another gender than at one of the same", NEW, MOVES, lambda r: r.more("input")),
    ],
    "any noun": [
        Claim("f falls more at a new noun of the same gender than at a word that is no noun", (*KEEPS, NO_NOUN), MOVES,
              lambda r: r.change("forget", [NO_NOUN]) - r.change("forget", KEEPS)),
        Claim("i rises more at a new noun of the same gender than at a word that is no noun", (*KEEPS, NO_NOUN), MOVES,
              lambda r: r.change("input", KEEPS) - r.change("input", [NO_NOUN])),
        Claim("f falls more at a new noun of the same gender than at a word that agrees", (*KEEPS, AGREES), MOVES,
              lambda r: r.change("forget", [AGREES]) - r.change("forget", KEEPS)),
        Claim("i rises more at a new noun of the same gender than at a word that agrees", (*KEEPS, AGREES), MOVES,
              lambda r: r.change("input", KEEPS) - r.change("input", [AGREES])),
    ],
    "H3": [
        Claim("o where an agreeing word is predicted − o where another word is", (PREDICTS, MATCHED), MOVES,
              lambda r: r.at("output", [PREDICTS]) - r.at("output", [MATCHED])),
        Claim("that − the same of random units", (PREDICTS, MATCHED), 0.0,
              lambda r: (r.at("output", [PREDICTS]) - r.at("output", [MATCHED])).beyond_random()),
    ],
}  # fmt: skip


def verdict(value: Estimate, bar: float) -> str:
    if value.low > bar:
        return SUPPORTED
    return NOT_SUPPORTED if value.high < bar else UNDECIDED


def over_lemmas(means: Values, n: int, seed: int) -> Estimate:
    """The mean of one value for each lemma [L]; n observations stand behind it."""
    return replace(estimate(means, range(len(means)), seed, rate=False), n=n)


def finding(
    hypothesis: str, claim: str, table: Values, n: int, bar: float, seed: int, *, tested: bool = True
) -> Finding:
    """A finding from one value for each lemma, table [L, 1 + R]. UserError: too few lemmas."""
    if len(table) < 2 * FEWEST:
        raise UserError(f"{claim}: {len(table)} held-out nouns, where {2 * FEWEST} are needed: give more pairs")
    own, random = table[:, 0], table[:, 1:].mean(0)
    value, p = over_lemmas(own, n, seed), sign_flip(own, seed) if tested else None
    chance = beside(value.value, random)
    return Finding(hypothesis, claim, value, bar, p, len(random), *chance, verdict(value, bar))


def findings(readings: Readings, hypothesis: str, seed: int) -> list[Finding]:
    """What the readings say of one hypothesis of CLAIMS; nothing of words that agree where the site reads none."""
    found = []
    for claim in CLAIMS[hypothesis]:
        if AGREES in claim.kinds and not readings.rows([AGREES]):
            continue
        table, n = numpy.array([*claim.value(readings).values()]), len(readings.rows(claim.kinds))
        found.append(finding(hypothesis, claim.text, table, n, claim.bar, seed, tested=claim.tested))
    return found


def trajectories(readings: Readings, seed: int) -> list[Trajectory]:
    found = []
    for kind in dict.fromkeys(each.kind for each in readings.events):
        for gate in readings.values:
            steps = [numpy.stack([*readings.at(gate, [kind], offset).values()]) for offset in WINDOW]  # [L, 1 + R] each
            own = [over_lemmas(step[:, 0], len(readings.rows([kind])), seed) for step in steps]
            found.append(Trajectory(kind, gate, list(WINDOW), own, [float(step[:, 1:].mean()) for step in steps]))
    return found


ENDINGS = {"-á against -ý": ("ý", "á"), "-la against -l": ("l", "la")}


def outgoing(
    model: Model, tokenizer: Tokenizer, pairs: Sequence[Pair], signs: Values, average: Values, seed: int
) -> list[Finding]:
    """H5: what a unit adds to the logits of feminine forms over masculine ones, to first order, along the gender that it
    leans to: the readout's column times the difference of the forms' vectors. One value for each pair of forms."""
    column = model.readout.weight[:, : model.decoder[-1].units].detach().double().cpu()  # [E, H]
    vectors = model.target_embedding.weight.detach().double().cpu()  # [V, E]
    words = (word.forms for pair in pairs if pair.factors for word in pair.factors.agreeing)
    forms = dict.fromkeys(tuple(each.get(gender, "") for gender in GENDERS) for each in words)
    found = []
    for kind, endings in ENDINGS.items():
        ending = [each for each in forms if all(form.endswith(end) for form, end in zip(each, endings))]
        pieces = (zip(*(tokenizer.encode(form) for form in each)) for each in ending)
        parted = dict.fromkeys(next(((m, f) for m, f in each if m != f), None) for each in pieces)
        m, f = torch.tensor([each for each in parted if each]).reshape(-1, 2).T
        if len(m) >= 2 * FEWEST:
            table = ((vectors[f] - vectors[m]) @ column).numpy() * signs @ average  # [forms, 1 + R]
            claim = f"what a unit adds to the logit of {kind}, along its gender"
            found.append(finding("H5", claim, table, len(table), 0.0, seed))
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
    random_mean: float | None  # the same gates of random units, so matched, and their 95th percentile
    random_high: float | None
    p: float | None  # (b + 1) / (B + 1)
    verdict: str


def failed(gender: str | None, own: str) -> bool:
    """The next agreeing word does not show its controller's gender."""
    return gender != own


def another(gender: str | None, own: str) -> bool:
    """The next agreeing word is there, and shows the other gender."""
    return gender is not None and gender != own


@dataclass(frozen=True)
class Cut:
    """Gates to set, where, and what is then to happen."""

    kinds: tuple[str, ...]
    alone: tuple[str, ...]  # kinds of events where nothing may change
    gates: Mapping[str, float]
    counted: str
    hit: Callable[[str | None, str], bool]  # of the gender that the next agreeing word shows, and its controller's


# Keep where it should be rewritten, rewrite where it should be kept, and shut what should let it out
CUTS = {
    "erases and rewrites": Cut(CHANGES, KEEPS, {"forget": 1.0, "input": 0.0}, "its verb has the old gender", another),
    "keeps": Cut((OTHER,), (SAME,), {"forget": 0.0, "input": 1.0}, "the agreeing word has the attractor's gender", another),
    "lets out": Cut((PREDICTS,), (), {"output": 0.0}, "the agreeing word is not there in its gender", failed),
}  # fmt: skip


class Operation(Endings):
    """Sentences, forced to a step of the decoder each, ready to have gates set there."""

    def __init__(self, translator: Translator, events: Sequence[Event], forms: Mapping[str, str], place: str):
        stimuli = [stimulus(each.pair, translator.tokenizer) for each in events]
        self.events = [event for event, made in zip(events, stimuli) if made]
        super().__init__(translator, [each for each in stimuli if each], [each.at for each in self.events], forms)
        self.place = place
        [said] = self.genders(range(len(self.events)))
        self.right = [genders[:1] == [each.gender] for genders, each in zip(said, self.events)]

    def lemmas(self, rows: Sequence[int]) -> list[str]:
        return [self.events[row].lemma for row in rows]

    def rows(self, kinds: Sequence[str], at_most: int, seed: int) -> list[int]:
        """Sentences that are understood, of some kinds of events."""
        found = [row for row, each in enumerate(self.events) if each.kind in kinds and self.right[row]]
        return [found[n] for n in numpy.random.default_rng(seed).permutation(len(found))[:at_most]]

    def settings(self, rows: Sequence[int], gates: Mapping[str, float], units: Sequence[int]) -> dict[str, Tensor]:
        """Site → its values [R, H] with gates of these units set, the others as they were."""
        sites = {f"{self.place}.{gate}": value for gate, value in gates.items()}
        own = {site: self.experiment.values(site)[list(rows)] for site in sites}
        return {site: own[site].index_fill(1, torch.tensor(units), value) for site, value in sites.items()}

    def hits(self, rows: Sequence[int], cut: Cut, sets: Sequence[Sequence[int]]) -> list[list[bool]]:
        """For each set of units, in which sentences the cut does what is counted."""
        said = self.genders(rows, [self.settings(rows, cut.gates, units) for units in sets])
        own = [self.events[row].gender for row in rows]
        return [[cut.hit(next(iter(each), None), gender) for each, gender in zip(by, own)] for by in said]

    def cut(self, cut: Cut, units: Sequence[int], sets: Sequence[Sequence[int]], recipients: int, seed: int) -> Surgery:
        """Set gates of the units, and of random sets, in at most so many sentences."""
        of_kind = [row for row, each in enumerate(self.events) if each.kind in cut.kinds]
        change = ", ".join(f"{gate[0]} = {value:g}" for gate, value in cut.gates.items())
        if not of_kind:
            raise UserError(f"no sentence to set gates in at: {', '.join(cut.kinds)}")
        understood = estimate([self.right[row] for row in of_kind], self.lemmas(of_kind), seed)
        said = (", ".join(cut.kinds), change, cut.counted, len(units), understood)
        rows, others = (self.rows(each, recipients, seed) for each in (cut.kinds, cut.alone))
        if len(set(self.lemmas(rows))) < 2 * FEWEST:
            return Surgery(*said, None, None, 0, None, None, None, UNDECIDED)
        own, *random = self.hits(rows, cut, [units, *sets])
        found, left = estimate(own, self.lemmas(rows), seed), None
        if others:
            [moved] = self.hits(others, replace(cut, hit=failed), [units])
            left = estimate(moved, self.lemmas(others), seed)
        drawn = [cluster_mean(each, self.lemmas(rows)) for each in random]
        mean, high, p = beside(found.value, drawn)
        most = max(drawn, default=None) if high is None else high  # of few sets, the one that does most
        return Surgery(*said, found, left, len(random), mean, high, p, surgical(found, left, most))


def surgical(rate: Estimate, left_alone: Estimate | None, random_high: float | None) -> str:
    """More sentences change than not, more than with random units, and none where nothing may."""
    if rate.high < CHANGED or (random_high is not None and rate.high <= random_high):
        return NOT_SUPPORTED
    if left_alone and left_alone.low > LEFT_ALONE:
        return NOT_SUPPORTED
    clear = rate.low > CHANGED and (random_high is None or rate.value > random_high)
    return SUPPORTED if clear and (left_alone is None or left_alone.value <= LEFT_ALONE) else UNDECIDED


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
    decisive = min(evidence, key=lambda each: (NOT_SUPPORTED, UNDECIDED, SUPPORTED).index(each.verdict))
    return Clause(clause, decisive.verdict, told(decisive))


def told(each: Finding | Surgery) -> str:
    if isinstance(each, Finding):
        value = interval(each.value, lambda value: number(value, 3))
        return f"{each.hypothesis}: {each.claim} {value}, bar {each.bar:g}, {each.value.clusters} nouns"
    said = f"H4: {each.change} at {each.event}: {each.counted}"
    if each.rate is None:
        return f"{said}: too few sentences are understood ({each.understood.value:.0%})"
    left = f", where nothing may change {each.left_alone.value:.0%}" if each.left_alone else ""
    random = f", random units {each.random_mean:.0%}" if each.draws else ""
    return f"{said} {each.rate.value:.0%} [{each.rate.low:.0%}, {each.rate.high:.0%}]{random}{left}"


def candidates(recording: Recording, seed: int) -> tuple[list[int], Values, Values, Finding]:
    """The eighth of a memory's units that hold the first subject's gender where words without gender follow it, chosen on
    nouns to fit on; how far apart each unit is and its spread [H]; and how well they tell held-out nouns."""
    subjects, recorded = recording.subjects, recording.values
    step = min(DECISIVE, max(step for clause, step in recorded if clause == 0))
    units, apart = register_units(subjects, recorded, step)
    rows, values = recorded[0, step]
    held = subjects.held_out[rows, 0]
    auc = subjects.area(values[held][:, units] @ apart[units], rows[held], 0, seed)
    claim = f"AUC of the units, {step} word{'s' * (step > 1)} without gender after the noun"
    found = Finding("saves", claim, auc, READABLE, None, 0, None, None, None, verdict(auc, READABLE))
    return units, apart, values[subjects.fitted(rows)].std(0), found


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
    model, held_out = translator.model, held_out_lemmas(pairs)
    if set(GATES) - set(model.decoder[-1].cell.gates):
        raise UserError(f"the gate story needs a cell with the gates {', '.join(GATES)}")
    decoder, encoder = model.decoder[-1].memories, model.encoder[-1].memories
    recorded = {
        **recordings(translator, neutral_before_verbs(pairs, decoder[0], translator.tokenizer), decoder, held_out),
        **recordings(translator, two_subjects(pairs), encoder, held_out),
    }
    return Story(
        [
            site_story(translator, pairs, memory, each, seed, draws, cut, recipients, per_kind)
            for memory, each in recorded.items()
        ]
    )


def site_story(
    translator: Translator, pairs: Sequence[Pair], memory: str, recording: Recording, seed: int, draws: int, cut: int,
    recipients: int, per_kind: int,
) -> SiteStory:  # fmt: skip
    place, tokenizer, held_out = memory.rpartition(".")[0], translator.tokenizer, held_out_lemmas(pairs)
    decoder, backward = side(place) == "target", from_the_right(place)
    units, apart, spread, decodable = candidates(recording, seed)
    traits = numpy.stack([spread, read_by(translator.model, memory).numpy()], axis=1)
    sets, _ = matched(units, traits, draws, numpy.random.default_rng(seed))
    signs, average = numpy.sign(apart), averaging(len(apart), [units, *sets])

    find = lambda some, kinds: events(place, some, tokenizer, kinds)
    alone = single(pairs)
    new = [each for each in find(two_subjects(pairs), new_nouns) if each.lemma in held_out]
    found = {
        "erases and rewrites": thinned(new, per_kind, seed),
        "keeps": [] if backward else thinned(find(alone, attractors), per_kind, seed),
        "lets out": thinned(find(alone, agreements), per_kind, seed) if decoder else [],
    }
    words = find(alone, other_words)
    plain, agreeing = ([each for each in words if each.kind == kind] for kind in (NO_NOUN, AGREES))
    fillers = (
        as_far(plain, found["erases and rewrites"], NO_NOUN, seed),
        as_far(agreeing, found["erases and rewrites"], AGREES, seed),
        as_far(plain, found["keeps"], NO_ATTRACTOR, seed),
    )
    every = [each for some in (*found.values(), *(thinned(each, per_kind, seed) for each in fillers)) for each in some]
    readings = read_gates(translator, place, every, signs, average)

    numbers: dict[str, list[Finding]] = {hypothesis: [] for hypothesis in CLAIMS}
    for hypothesis in CLAIMS:
        if (hypothesis != "H2" or not backward) and (hypothesis != "H3" or decoder):
            numbers[hypothesis] = findings(readings, hypothesis, seed)
    numbers["saves"].insert(0, decodable)
    cuts: dict[str, Surgery] = {}
    if decoder:
        numbers["H3"] += outgoing(translator.model, tokenizer, pairs, signs, average, seed)
        forms = telling(pairs)
        for clause, each in CUTS.items():
            some = thinned([event for event in found[clause] if event.kind != MATCHED], 2 * recipients, seed)
            cuts[clause] = Operation(translator, some, forms, place).cut(each, units, sets[:cut], recipients, seed)
    clauses = {"saves": "saves", "keeps": "H2", "erases and rewrites": "H1", "lets out": "H3"}
    evidence: dict[str, list[Finding | Surgery]] = {
        clause: [*numbers[hypothesis], *([cuts[clause]] if clause in cuts else [])]
        for clause, hypothesis in clauses.items()
    }
    return SiteStory(
        place,
        units,
        {kind: len(readings.rows([kind])) for kind in dict.fromkeys(each.kind for each in readings.events)},
        [each for some in numbers.values() for each in some],
        list(cuts.values()),
        trajectories(readings, seed),
        [conclude(clause, each) for clause, each in evidence.items() if each],
    )
