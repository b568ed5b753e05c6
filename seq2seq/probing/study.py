"""The gender study of one run: everything the report says, from the first stimulus to the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from corpora.agreement import pinned
from corpora.records import Pair

from ..config import UserError
from ..progress import Progress
from ..translator import Translator
from . import examples, gates, register
from .causal import Bench, Causal, causal
from .family import FULL, Family, Flips, Size, UnitMap
from .interventions import Experiment
from .ladder import Hypothesis, Rung, climb, hypotheses
from .paths import Decomposition, decompose
from .persistence import Curve, persistence
from .reading import Reader, Reading, read
from .statistics import Estimate
from .stimuli import Partners, Stimulus, select
from .subjects import telling
from .units import eighth, sizes

SHOWN = 10  # units drawn
Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Result:
    """Everything that the report says of one run."""

    run: str
    facts: dict[str, Any]
    understood: dict[str, Estimate]  # family → stimuli said right, once the noun is given
    site: str
    units: int
    best: list[int]  # units by how far apart the genders are, chosen on the nouns and templates to fit on
    alone: list[Estimate]  # each of the best units exchanged alone, both directions: how often all words change
    flips: list[Flips]
    same_gender: Estimate  # control: a donor of the same gender; how often a word changes gender all the same
    reading: Reading
    causal: Causal
    ladder: list[Rung]
    hypotheses: list[Hypothesis] = field(default_factory=list)
    paths: list[Decomposition] = field(default_factory=list)
    register: register.Result | None = None
    gates: gates.Story | None = None
    persistence: list[Curve] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)  # what, and why not
    boy_to_girl: list[tuple[int, str]] = field(default_factory=list)  # k, the boy's sentence with the girl's k units
    sentences: list[examples.Sentence] = field(default_factory=list)  # the boy, the girl, the two of them
    sliders: list[examples.Slider] = field(default_factory=list)
    layers: list[UnitMap] = field(default_factory=list)

    @property
    def eighth(self) -> int:
        """How many units a claim about units may use."""
        return eighth(self.units)


class Study:
    """One run's experiments; `progress` hears what is being done and how far (0 … 1)."""

    def __init__(
        self, translator: Translator, pairs: Sequence[Pair], size: Size, seed: int, progress: Progress,
        sites: Sequence[str] | None = None,
    ):  # fmt: skip
        self.translator, self.pairs, self.size, self.seed, self.progress = translator, pairs, size, seed, progress
        known = translator.model.vectors()
        for site in sites or ():
            if site not in known:
                raise UserError(f"no site {site!r} to fit probes at: the model has {', '.join(known)}")
        self.sites = sites
        progress("translating the stimuli", 0.0)
        self.lexical = Family(translator, pairs, "lexical", size, seed)
        families = {pair.factors.family for pair in pairs if pair.factors}
        self.open, self.refused = None, dict[str, str]()  # what cannot be measured, and why not
        try:
            self.open = Family(translator, pairs, "open", size, seed) if "open" in families else None
        except UserError as error:
            self.refused["nouns whose English has no gender"] = str(error)

    def between(self, low: float, high: float) -> Progress:
        """Progress of a part that takes this much of the whole."""
        return lambda what, done: self.progress(what, low + (high - low) * done)

    def measure(self, run: str) -> Result:
        """What can be asked of any run: rungs L1 to L6."""
        own, full = self.lexical, self.size.draws >= FULL.draws
        order = own.order()
        sites = [] if self.sites is None and not full else self.sites
        test = Bench(own.experiment, own.partners(), own.fitted, self.seed)
        choose = Bench(own.experiment, own.partners(fitted=True), [], self.seed)
        caused = causal(test, choose, order, sizes(len(order)), self.size.draws, self.between(0.05, 0.3))
        reading = read(  # what they record is not needed after that
            Reader(self.translator, own.stimuli, own.good, sites),
            Reader(self.translator, self.open.stimuli, self.open.good, []) if self.open else None,
            caused.chosen, self.seed, full, self.between(0.3, 0.45),
        )  # fmt: skip
        flips = own.flips(order, sizes(len(order)), "lexical", self.between(0.45, 0.58))
        if self.open:
            few = [eighth(len(order))]
            own_first = [*caused.chosen, *(unit for unit in order if unit not in caused.chosen)]
            flips += self.open.flips(own_first, few, "lexical", self.between(0.58, 0.61))
            flips += self.open.flips(self.open.order(), few, "open", self.between(0.61, 0.64))
        same_gender = own.same_gender({own.experiment.site: caused.chosen})
        return Result(
            run,
            self.facts(),
            {each.name: each.understood for each in (own, self.open) if each},
            own.experiment.site,
            len(order),
            order[:SHOWN],
            own.alone(order[:SHOWN]),
            flips,
            same_gender,
            reading,
            caused,
            climb(reading, caused, same_gender),
        )

    def result(self, run: str) -> Result:
        """All that the report says: also by which path, register or slots, the gates, and the boy and the girl."""
        found, size, own = self.measure(run), self.size, self.lexical
        few, reasons = min(60, size.recipients), dict(self.refused)

        def unless_refused(what: str, share: float, measure: Callable[[], Measured]) -> Measured | None:
            """A short corpus has no sentences with two subjects, another cell no such gates: that is said, and the rest goes on."""
            self.progress(what, share)
            try:
                return measure()
            except UserError as error:
                reasons[what] = str(error)
                return None

        paths = unless_refused("by which path", 0.65, lambda: decompose(own.experiment, own.partners(), self.seed))
        tested = unless_refused(
            "register or slots",
            0.7,
            lambda: register.register_test(self.translator, self.pairs, self.seed, draws=size.cuts, recipients=few),
        )
        told = unless_refused(
            "the gates",
            0.8,
            lambda: gates.gate_story(
                self.translator, self.pairs, self.seed, draws=size.draws, cut=size.cuts, recipients=few,
                per_kind=size.events,
            ),
        )  # fmt: skip
        units = {each.place: each.units for each in (told.sites if told else []) if "backward" not in each.place}
        units = units or {own.place: found.causal.chosen}
        kept = unless_refused(
            "how long it is kept",
            0.93,
            lambda: persistence(self.translator, self.pairs, units, self.seed, at_most=size.events),
        )
        self.progress("the boy and the girl", 0.97)
        boy_and_girl = select(pinned(), self.translator.tokenizer, "lexical", 1)
        sets = [[unit] for unit in found.best] + [found.causal.chosen]
        return replace(
            found,
            hypotheses=hypotheses(found.reading, found.causal, told, tested),
            paths=paths or [],
            register=tested,
            gates=told,
            persistence=kept or [],
            not_measured=reasons,
            boy_to_girl=self.boy_to_girl(boy_and_girl, own.order()),
            sentences=self.sentences(),
            sliders=examples.sliders(
                self.translator, run, boy_and_girl, [own.stimuli[row] for row in own.fitted], sets, self.seed
            ),
            layers=own.unit_maps(),
        )

    # The boy and the girl

    def sentences(self) -> list[examples.Sentence]:
        """The boy's, the girl's, and both in one, which the model is asked to translate: no corpus says it."""
        model, forms = self.translator.model, telling(self.pairs)
        units = {
            place: self.lexical.order(site)[:SHOWN]
            for layer in (model.encoder[-1], model.decoder[-1])
            for place, site in zip(layer.places, layer.memories)
        }
        asked = [*((pair.source, pair.target) for pair in pinned()), (examples.SWITCH, None)]
        return [examples.sentence(self.translator, *each, units, forms) for each in asked]

    def boy_to_girl(self, both: Sequence[Stimulus], order: Sequence[int]) -> list[tuple[int, str]]:
        """What becomes of the boy's sentence with the girl's k best units."""
        experiment = Experiment(self.translator, both)
        curve = sizes(len(order))
        said = experiment.interchange([Partners(0, 1)], [order[:k] for k in curve])
        return [(k, each[0].text) for k, each in zip(curve, said)]

    def facts(self) -> dict[str, Any]:
        stimuli = self.lexical.stimuli
        both = [each for each in (self.lexical, self.open) if each]
        held_out = {each.factors.lemma for each in stimuli if each.factors.lemma_fold == "held-out"}
        return {
            "corpus": f"{self.pairs[0].corpus}, split probe, singular",
            "stimuli": {each.name: len(each.stimuli) for each in both},
            "understood": {each.name: len(each.good) for each in both},
            "longest sentence": f"{max(len(each.pair.target.split()) for each in stimuli)} Czech words",
            "frames": len({each.factors.frame for each in stimuli}),
            "nouns": len(set(self.lexical.lemmas(range(len(stimuli))))),
            "held-out nouns": len(held_out),
            "size": self.size.name,
            "random sets": f"{self.size.draws} at an eighth of the units, {max(2, self.size.draws // 10)} elsewhere",
            "seed": self.seed,
            "decoding": "greedy",
            **self.translator.facts,
        }
