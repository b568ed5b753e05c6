"""The tool tests itself: on models whose answer is known because their weights were written by hand, and on genders that
mean nothing.

The toy language says a first word, a noun, two words without gender, an agreeing word, another word, an agreeing word; the
source has the first two only. Its decoder has a unit for the word just read, units that react to words at random, and units
that hold the noun's gender in one of three ways:

    cell         one unit decides the agreeing words
    distributed  four units vote, so that no single one decides
    decoy        seven units that tell the gender perfectly and that nothing reads, beside a cell that is read

The null: an untrained model, and genders dealt out at random among the nouns. Whatever is found is a false positive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy
import torch
from scipy import stats

from corpora.records import Agreeing, Factors, Noun, Pair, Span

from ..model import BEGIN, END, PAD, Model, ModelSettings
from ..tokenizer import Word, normal
from ..translator import Translator
from .causal import Bench, Causal
from .family import Family, Size
from .generalisation import by_cell
from .ladder import NO, YES, decodable, sufficient
from .probes import fitted, permuted, probe, random_genders
from .reading import DECISIVE, Reader, Reading, StepProbe, areas
from .report import answer
from .statistics import SIGNIFICANT, clopper_pearson, holm
from .stimuli import GENDERS, select
from .study import Study

KINDS = {"cell": (1, 1), "distributed": (4, 4), "decoy": (1, 8)}  # units that decide, units that tell the gender
NOUNS, FIRST_WORDS = 28, 12  # nouns of each gender; half of both is held out
AFTER = ("dnes", "tam", "milý", "jde", "rád")  # what is said after a masculine noun
FORMS = {"milý": {"masculine": "milý", "feminine": "milá"}, "rád": {"masculine": "rád", "feminine": "ráda"}}
NOISE = 24  # units that react to words at random
SHUT = -200.0  # a gate's pre-activation at which it is 0 in float32, not nearly: else a probe reads the crumbs
SIZE = Size("self-test", frames=168, draws=10, recipients=168, events=0, cuts=0)
NULL_UNITS, NULL_RUNS = 32, 200


class Words:
    """A tokenizer with one piece for each word of the toy language."""

    def __init__(self, words: Sequence[str]):
        self.words = ["", "", "", *words]
        self.numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: str) -> list[int]:
        return [self.numbers[word] for word in normal(text).split()]

    def decode(self, pieces: Sequence[int]) -> str:
        return " ".join(self.words[piece] for piece in pieces)

    def align(self, pieces: Sequence[int]) -> list[Word]:
        words, start = [], 0
        for place, piece in enumerate(pieces):
            text = self.words[piece]
            words.append(Word(text, start, start + len(text), place, place))
            start += len(text) + 1
        return words


def vocabulary() -> tuple[list[str], Words]:
    """The nouns, and the tokenizer of all words."""
    nouns = [f"{gender}{number}" for gender in GENDERS for number in range(NOUNS)]
    firsts = [f"první{number}" for number in range(FIRST_WORDS)]
    return nouns, Words([*nouns, *firsts, *AFTER, "milá", "ráda"])


def pairs() -> list[Pair]:
    """Every noun after every first word."""
    made = []
    for template in range(FIRST_WORDS):
        for number in range(NOUNS):
            for gender in GENDERS:
                noun, first = f"{gender}{number}", f"první{template}"
                said = [FORMS[word][gender] if word in FORMS else word for word in AFTER]
                text, spans = "", []
                for word in (first, noun, *said):
                    spans.append(Span(len(text), len(text) + len(word)))
                    text += word + " "
                agreeing = tuple(
                    Agreeing("adjective", spans[2 + place], 0, place, FORMS[word])
                    for place, word in enumerate(AFTER)
                    if word in FORMS
                )
                folds = ["held-out" if n % 2 else "fit" for n in (number, template)]
                controller = Noun(noun, noun, gender, True, False, spans[1], spans[1])
                frame = f"{template} {number // 4 * 2 + number % 2}"  # two nouns of each gender, of one fold
                factors = Factors("lexical", "toy", first, frame, "none", 0, (controller,), agreeing, *folds)
                made.append(Pair(f"{first} {noun}", text.strip(), "planted", factors))
    return made


def plant(kind: str, seed: int) -> tuple[Translator, list[int]]:
    """A translator with gender planted in it, and the units whose values decide the agreeing words."""
    nouns, tokenizer = vocabulary()
    V = len(tokenizer)
    decide, tell = KINDS[kind]
    H = V + tell + NOISE
    torch.manual_seed(seed)
    shape = ModelSettings(attention="none", bidirectional=False, embedding=V, units=H, dropout=0.0)
    model = Model(shape, V).eval()
    place = torch.randperm(H)
    word_units, gender_units, noise = place[:V], place[V : V + tell], place[V + tell :]
    deciding = gender_units[:decide]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.startswith(("decoder.", "bridge.", "readout.")):
                parameter.zero_()
        model.target_embedding.weight.copy_(torch.eye(V) / V**0.5)  # what the decoder reads is one-hot
        weight, bias = (model.decoder[0].weights(0)[name] for name in ("weight_ih", "bias_ih"))
        i, f, g, o = (slice(n * H, (n + 1) * H) for n in range(4))
        bias[i], bias[f], bias[o] = -SHUT, SHUT, -SHUT  # a word unit holds only the word just read
        weight[g][word_units, torch.arange(V)] = 20.0
        weight[g][noise] = torch.randn(NOISE, V)
        bias[i][gender_units], bias[f][gender_units] = SHUT, -SHUT  # a gender unit holds …
        for noun in nouns:  # … and is rewritten at a noun
            number = tokenizer.numbers[noun]
            weight[i][gender_units, number], weight[f][gender_units, number] = -2 * SHUT, 2 * SHUT
            weight[g][gender_units, number] = 20.0 if noun.startswith("feminine") else -20.0
        said = [{word: word, **FORMS.get(word, {})} for word in AFTER]
        follow = [(noun, AFTER[0]) for noun in nouns]
        for before, after in pairwise(said):
            follow += [(a, b) for a in set(before.values()) for b in set(after.values())]
        for word, following in follow:
            model.readout.weight[tokenizer.numbers[following], word_units[tokenizer.numbers[word]]] = 3.0
        for last in FORMS["rád"].values():
            model.readout.weight[END, word_units[tokenizer.numbers[last]]] = 3.0
        for forms in FORMS.values():
            for gender, sign in (("masculine", -1.0), ("feminine", 1.0)):
                model.readout.weight[tokenizer.numbers[forms[gender]], deciding] = sign / len(deciding)
        model.bias[[PAD, BEGIN]] = -9.0
    return Translator(model, tokenizer), deciding.tolist()  # type: ignore[arg-type]


# What was planted is found


@dataclass(frozen=True)
class Check:
    """What should be found, and whether it was."""

    kind: str
    seed: int
    claim: str
    holds: bool


def alone_rungs(family: Family, reading: Reading, caused: Causal, units: Sequence[int]) -> tuple[str, str]:
    """L1 and L5, by the ladder's rules, of these units and no others: a probe that sees them, and their exchange, which is asked
    for its "no" alone and so has no controls."""
    experiment, seed = family.experiment, family.seed
    table = Reader(family.translator, family.stimuli, family.good, []).table(reading.site, DECISIVE)
    seen = StepProbe(reading.site, DECISIVE, probe(replace(table, values=table.values[:, list(units)]), seed))
    bench = Bench(experiment, family.partners(), family.fitted, seed)
    effects = bench.effect("interchange, c → h", experiment.site, bench.protocol("c → h", units), units=len(units))
    own = replace(caused, chosen=list(units), effects=effects, controls=[])
    same_gender = family.same_gender({experiment.site: units})
    return decodable(replace(reading, probes=[seen])).verdict, sufficient(own, same_gender).verdict


def check(kind: str, seed: int) -> list[Check]:
    """Plant, study as any run is studied, and compare with what was planted."""
    translator, deciding = plant(kind, seed)
    study = Study(translator, pairs(), SIZE, seed, lambda *_: None)
    found = study.measure(f"planted {kind}")
    caused, told = found.causal, answer(found)
    alone = {unit: each.value for unit, each in zip(found.best, found.alone)}
    smallest = {each.order: each.units or [] for each in caused.smallest}
    rungs = all(rung.verdict == YES for rung in found.ladder)
    if kind == "distributed":
        claims = {
            "the units with an effect of their own are the four planted ones": set(caused.chosen) == set(deciding),
            "the smallest set is a majority of them": all(
                len(each) == 3 and set(each) < set(deciding) for each in smallest.values()
            ),
            "no unit alone changes anything": not any(alone.values()) and set(deciding) <= set(alone),
            "L1–L6 hold, and the report calls it a distributed code": rungs and "a distributed code" in told,
        }
    else:
        claims = {
            "the planted unit is first by its own effect, and changes everything alone": caused.chosen == deciding
            and smallest["own effect"] == deciding
            and alone[deciding[0]] == 1,
            "L1–L6 hold, and the report calls it a gender unit": rungs and "a gender unit" in told,
        }
    if kind == "cell":
        claims["the planted unit is first by how far apart the genders are"] = found.best[0] == deciding[0]
    if kind == "decoy":
        p = found.reading.steps[DECISIVE].p
        decoys = [unit for unit in range(found.units) if p[unit] <= SIGNIFICANT and unit not in deciding]
        read, enough = alone_rungs(study.lexical, found.reading, caused, decoys)
        claims |= {
            "seven more units tell the gender: they pass L1": len(decoys) == 7 and read == YES,
            "each of the seven alone changes nothing": not any(alone[unit] for unit in decoys),
            "the seven together change nothing: they fail L5": enough == NO,
        }
    return [Check(kind, seed, claim, holds) for claim, holds in claims.items()]


# What means nothing is not found


@dataclass(frozen=True)
class Null:
    """p of the tool's tests where the genders mean nothing, a number for each run."""

    units: list[float]  # max |AUC − ½| over all units and steps
    probe: list[float]  # a probe on held-out nouns
    cell: list[float]  # AUC of a probe before the agreeing word, in one cell of the design

    @property
    def runs(self) -> int:
        return len(self.units)

    @property
    def any(self) -> list[bool]:
        """Runs in which a test rejects, the three corrected together as the hypotheses of a study are."""
        return [min(holm(each)) <= SIGNIFICANT for each in zip(self.units, self.probe, self.cell)]

    @property
    def rejected(self) -> bool:
        """More false positives than 5 %, by a one-sided exact binomial test: of 200 runs, more than 15."""
        return float(stats.binomtest(sum(self.any), self.runs, SIGNIFICANT, "greater").pvalue) <= SIGNIFICANT


def null(seeds: Sequence[int], progress: Callable[[str, float], None]) -> Null:
    """Read untrained models for genders that were dealt out at random among the nouns."""
    _, tokenizer = vocabulary()
    shape = ModelSettings(attention="none", bidirectional=False, embedding=NULL_UNITS, units=NULL_UNITS, dropout=0.0)
    stimuli, ps = select(pairs(), tokenizer, "lexical", SIZE.frames), []  # type: ignore[arg-type]
    for number, seed in enumerate(seeds):
        progress("genders that mean nothing", number / len(seeds))
        torch.manual_seed(seed)
        translator = Translator(Model(shape, len(tokenizer)).eval(), tokenizer)  # type: ignore[arg-type]
        reader = Reader(translator, stimuli, range(len(stimuli)), [])
        tables = {}
        for step in range(DECISIVE + 1):
            table = reader.table(reader.site, step)  # the same genders at every step
            tables[step] = replace(table, feminine=random_genders(table, numpy.random.default_rng(seed)))
        last = tables[DECISIVE]
        steps, _ = areas(tables, seed)
        says = fitted(last).margin(last.values) > 0
        [cell] = by_cell(last, ["2 words, none"] * len(says), seed)
        ps.append((min(min(each.p) for each in steps), permuted(last, says, seed), cell.p))
    return Null(*map(list, zip(*ps)))


# Everything


def self_test(seeds: Sequence[int], null_runs: int, progress: Callable[[str, float], None]) -> tuple[list[Check], Null]:
    """Every kind with every seed, and the null."""
    checks: list[Check] = []
    runs = [(kind, seed) for seed in seeds for kind in KINDS]
    for number, (kind, seed) in enumerate(runs):
        progress(f"planted {kind}", 0.7 * number / len(runs))
        checks += check(kind, seed)
    found = null(range(seeds[0], seeds[0] + null_runs), lambda what, share: progress(what, 0.7 + 0.3 * share))
    return checks, found


def summary(checks: Sequence[Check], null: Null) -> str:
    lines = []
    for kind, claim in dict.fromkeys((each.kind, each.claim) for each in checks):
        held = [each.holds for each in checks if (each.kind, each.claim) == (kind, claim)]
        lines.append(f"{'ok  ' if all(held) else 'FAIL'} {sum(held)} of {len(held)} seeds  {kind}: {claim}")
    parts = {"units": null.units, "a probe": null.probe, "a cell of the design": null.cell}
    each = ", ".join(f"{name} {sum(p <= SIGNIFICANT for p in ps)}" for name, ps in parts.items())
    low, high = (f"{100 * float(bound):.1f}" for bound in clopper_pearson(sum(null.any) / null.runs, null.runs))
    lines.append(
        f"{'FAIL' if null.rejected else 'ok  '} {sum(null.any)} of {null.runs} runs  null: something is found in genders that "
        f"mean nothing, {100 * sum(null.any) / null.runs:.1f} % [{low}, {high}]; before correction: {each}"
    )
    return "\n".join(lines)
