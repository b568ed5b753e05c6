"""The ladder: from "gender can be read" to "in other training runs too", each rung with its verdict, the number that
decides it, and the number that could have explained it away.

A verdict is yes only where the interval lies beyond the bar, no where it lies short of it, and undecided between. L5 and L6
go by the rate itself, with its interval beside it: sixteen nouns, all of them right, are not surely above 90 %. L4 and L5 are
yes only if their controls hold, too; else undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import gates, register
from .causal import ABLATIONS, FLIPPED, Causal, Effect
from .reading import DECISIVE, Reading
from .statistics import SIGNIFICANT, Estimate, holm, interval, number, percent

YES, NO, UNDECIDED, NOT_MEASURED = "yes", "no", "undecided", "not measured"
READABLE = 0.75  # L1, L3: an AUC or accuracy below is not called readable
BROKEN = 0.75  # L4: half-way from always right to chance; the share that still agrees, a mean over both genders
CHANCE = 0.02  # L5: what random sets and donors of the same gender may change
PUSHED = 0.05  # L5: what random directions, as long as the true one, may change
UNTOUCHED = 95.0  # L6: chrF against the unpatched output outside the agreeing words
SAME_NUMBER = 0.95  # L6: share of sentences whose agreeing words keep their number
SEEDS = 5  # L7: training runs
HYPOTHESES = 5  # P1 to P5
FORMS = (
    "an untrained model",
    "a bag of the pieces read",
    "the embeddings of what was read",
    "the commoner gender",
)  # L2: baselines


@dataclass(frozen=True)
class Rung:
    """One rung of one run."""

    name: str
    question: str
    verdict: str
    decided_by: str
    control: str


@dataclass(frozen=True)
class Hypothesis:
    """One of the five that were fixed before anything was measured; p corrected by Holm's method."""

    name: str
    claim: str
    p: float
    corrected: float

    @property
    def holds(self) -> bool:
        return self.corrected <= SIGNIFICANT


def shown(estimate: Estimate, form: Callable[[float], str] = percent) -> str:
    """With interval, and over how many nouns."""
    return f"{interval(estimate, form)} ({estimate.clusters} nouns)"


def above(estimates: Sequence[Estimate], bar: float) -> str:
    """Yes if all lie above the bar with their whole interval, no if one lies wholly below it."""
    if not estimates:
        return NOT_MEASURED
    if any(each.high < bar for each in estimates):
        return NO
    return YES if all(each.low > bar for each in estimates) else UNDECIDED


def all_of(*verdicts: str) -> str:
    """No if one is, yes if all are."""
    known = [each for each in verdicts if each != NOT_MEASURED]
    return NO if NO in known else UNDECIDED if UNDECIDED in known else YES if known else NOT_MEASURED


def worst(effects: Sequence[Effect]) -> Effect:
    return min(effects, key=lambda each: each.all_words.value)


def decodable(reading: Reading) -> Rung:
    own = max((each for each in reading.probes if each.site == reading.site and each.step <= DECISIVE),
              key=lambda each: each.step)  # fmt: skip
    probe = own.probe
    best = min(min(each.p) for each in reading.steps)
    verdict = above([probe.both], READABLE)
    return Rung(
        "L1 decodable",
        "can gender be read, on nouns and templates never seen?",
        UNDECIDED if verdict == YES and probe.p > SIGNIFICANT else verdict,
        f"probe of {reading.site}, {own.step} neutral words after the noun: {shown(probe.both)}, p {probe.p:.4f}",
        f"best unit, family-wise p {best:.4f}; {len(reading.listed)} units at a false discovery rate of 5 %",
    )


def selective(reading: Reading) -> Rung:
    own = next(each.probe for each in reading.probes if FORMS[0] in each.probe.baselines and each.site == reading.site)
    # random units may hold what is sought: beside them the question is which units, not whether it is the word's form
    gains = {name: own.baselines[name] for name in FORMS}
    name, weakest = min(gains.items(), key=lambda item: item[1].gain.low)
    beyond = above([weakest.gain], 0.0)
    if beyond == YES and (weakest.p is None or weakest.p > SIGNIFICANT):
        beyond = UNDECIDED
    return Rung(
        "L2 selective",
        "gender, and not the word?",
        all_of(above([own.selective], 0.0), beyond),
        f"selectivity on seen nouns, other templates: {shown(own.selective)}",
        f"gain over {name} {shown(weakest.gain)}",
    )


def persistent(reading: Reading) -> Rung:
    measured = [each for each in reading.cells if each.area]
    hard = min(measured, key=lambda each: each.area.low) if measured else None
    left_out = len(reading.cells) - len(measured)
    verdict = above([each.area for each in measured if each.area], READABLE)
    if verdict == YES and any("other-gender" in each.cell and not each.area for each in reading.cells):
        verdict = UNDECIDED  # nobody knows what an attractor would do
    return Rung(
        "L3 persistent",
        "still there, in these units, at the word that must agree?",
        verdict,
        f"AUC before the agreeing word, worst cell ({hard.cell}): {shown(hard.area, number)}"
        if hard and hard.area
        else "–",
        f"{len(measured)} cells of distance and intervener" + (f", {left_out} with too few nouns" if left_out else ""),
    )


def necessary(causal: Causal) -> Rung:
    balanced = {}
    for name in ABLATIONS:
        of = [each.kept_gender for each in causal.effects if each.name == name and each.units == len(causal.chosen)]
        balanced[name] = tuple(sum(getattr(each, at) for each in of) / len(of) for at in ("value", "low", "high"))
    least = max(balanced, key=lambda name: balanced[name][0])  # the ablation that agreement survives best
    broken = all(high < BROKEN for *_, high in balanced.values())
    unbroken = all(low >= BROKEN for _, low, _ in balanced.values())
    beside = min(causal.ablated.values(), default=None)  # where random sets matter most: do they as well?
    verdict = NO if unbroken else YES if broken and beside is not None and beside >= BROKEN else UNDECIDED
    control = f"matched random sets: {percent(beside)}" if beside is not None else "too many units for matched sets"
    for each in causal.erased[-1:]:
        random = sum(each.control) / len(each.control)
        control += f"; gender erased from all states {percent(each.kept_gender)}, random genders {percent(random)}"
    return Rung(
        "L4 necessary",
        "does agreement break without these units?",
        verdict,
        f"{len(causal.chosen)} units, {least}: still right {percent(balanced[least][0])} "
        f"[{percent(balanced[least][1])}, {percent(balanced[least][2])}], mean of both genders",
        control,
    )


def sufficient(causal: Causal, same_gender: Estimate) -> Rung:
    weak, controls = worst(causal.exchange), [each for each in causal.controls if each.name == "matched sets"]
    chance = max((each.mean for each in controls), default=1.0)
    lines = [each for each in causal.controls if each.name == "random directions" and each.units == len(causal.chosen)]
    pushed = max((each.mean for each in lines), default=1.0)
    clean = chance <= CHANCE and same_gender.value <= CHANCE and pushed <= PUSHED
    flipped = weak.all_words.value >= FLIPPED
    return Rung(
        "L5 sufficient",
        "does setting them change the Czech?",
        NO if not flipped else YES if clean else UNDECIDED,
        f"{len(causal.chosen)} units exchanged at the noun, {weak.direction}: all words change {shown(weak.all_words)}",
        f"matched random sets {percent(chance)}, p {max((each.p for each in controls), default=1):.3f}; "
        f"random directions {percent(pushed)}; a donor of the same gender {percent(same_gender.value)}",
    )


def specific(causal: Causal) -> Rung:
    chrf, there = (min((getattr(each, name) for each in causal.exchange), key=lambda rate: rate.value)
                   for name in ("chrf", "kept_number"))  # fmt: skip
    said = [
        f"chrF outside the agreeing words {shown(chrf, '{:.1f}'.format)}",
        f"every agreeing word still there, in its number {shown(there)}",
    ]
    if there.value < SAME_NUMBER:  # what fails decides
        said.reverse()
    return Rung(
        "L6 specific",
        "is everything else left alone?",
        YES if chrf.value >= UNTOUCHED and there.value >= SAME_NUMBER else NO,
        said[0],
        f"{said[1]}; KL {max(each.divergence.value for each in causal.exchange):.3f} nats a step",
    )


def replicated(ladders: Sequence[Sequence[Rung]]) -> Rung:
    """Over runs of other training seeds, matched by function: the same rungs, whatever the units' numbers."""
    names = [rung.name.split()[0] for rung in ladders[0]]
    counts = {name: sum(ladder[n].verdict == YES for ladder in ladders) for n, name in enumerate(names)}
    whole = sum(all(rung.verdict == YES for rung in ladder) for ladder in ladders)
    verdict = (
        NOT_MEASURED if len(ladders) < SEEDS else YES if whole == len(ladders) else NO if whole == 0 else UNDECIDED
    )
    return Rung(
        "L7 replicated",
        "in other training runs?",
        verdict,
        f"all of L1–L6 in {whole} of {len(ladders)} run{'s' * (len(ladders) > 1)}",
        ", ".join(f"{name} {count}" for name, count in counts.items()),
    )


def climb(reading: Reading, causal: Causal, same_gender: Estimate) -> list[Rung]:
    """L1 to L6 of one run."""
    return [
        decodable(reading), selective(reading), persistent(reading), necessary(causal),
        sufficient(causal, same_gender), specific(causal),
    ]  # fmt: skip


def hypotheses(
    reading: Reading, causal: Causal, told: gates.Story | None, tested: register.Result | None
) -> list[Hypothesis]:
    """P1 to P5, those that were measured, corrected together."""
    found: list[tuple[str, str, float]] = []
    hardest = next(
        (each for each in reading.cells if each.cell == "8 words, other-gender" and each.p is not None), None
    )
    if hardest and hardest.p is not None:
        found.append(("P1", "decodable eight words on, past a noun of the other gender", hardest.p))
    controls = [each for each in causal.controls if each.name == "matched sets"]
    if controls and HYPOTHESES / (1 + min(each.draws for each in controls)) <= SIGNIFICANT:  # fewer could not decide it
        found.append(("P2", "interchange changes more than matched random sets", max(each.p for each in controls)))
    if reading.transfer:
        found.append(("P3", "a probe of nouns whose gender English tells reads the others", reading.transfer.p))
    if told:
        findings = [each for each in told.sites[0].findings if each.hypothesis == "H1"]
        moved = [(each.value.value, each.p) for each in findings if each.p is not None]
        p = max(1.0 if value <= 0 else p for value, p in moved)  # more, and not only otherwise
        found.append(("P4", "gates move more at a noun of another gender than of the same", p))
    if tested:
        found.append(("P5", "clause 1's probe follows one clause's noun rather than the other's", tested.sites[0].p))
    unmeasured = [1.0] * (HYPOTHESES - len(found))  # five were announced, so five are corrected for
    corrected = holm([p for *_, p in found] + unmeasured)
    return [Hypothesis(name, claim, p, q) for (name, claim, p), q in zip(found, corrected)]
