"""Every cell of the textbooks on one task: networks of equal size, of equal updates, measured alike.

The cells are trained by train.py on the agreement corpus, with the demo recipe and two layers, each with as many units as make
its weights as many as the LSTM's, over several training seeds. Of each run is measured: how often every agreeing word of a test
sentence is right, by what stands between it and its noun; the slope of the gradient (gradients); where the gender of the noun
can be read two words on, beside an untrained network; for how long the memory tells the noun (persistence); and whether an
eighth of the memory's units, put in from a sentence of the other gender, change it (study). A run that does not understand
what it would be asked is not probed, and that is said.

Cells are compared with the LSTM on the same test sentences. The p of a difference is over nouns (lemma means, averaged over
seeds, their signs flipped), so it is about these runs; its interval is over nouns and training seeds both (estimate), so it is
about others, too, and wide: there are few seeds.
"""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from html import escape
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy
import torch

import corpora
from corpora.records import Pair

from .. import checkpoint
from ..agreement import coherent
from ..cells import CELLS
from ..checkpoint import HISTORY, LAST, SCORES, Run, write
from ..config import UserError, settings
from ..model import Model, ModelSettings
from ..progress import Progress, share_done
from ..training import RECIPES, TrainingSettings
from ..translator import Translator, load
from . import gradients
from .figures import Series, chart
from .gradients import INKS, RANDOM, SENTENCES, TRAINED, UNTRAINED
from .persistence import Curve, persistence
from .probes import fitted
from .reading import DECISIVE, Reader
from .statistics import (
    Estimate,
    auc_estimate,
    by_cluster,
    estimate,
    holm,
    interval,
    number,
    percent,
    sign_flip,
    too_few_to_flip,
)
from .stimuli import probed
from .study import Family, Flips
from .study import Size as Stimuli
from .tables import export, write_json
from .units import eighth

TRAIN = Path(__file__).resolve().parents[2] / "train.py"
RECIPE, CORPUS, REFERENCE, SEEDS = "demo", "agreement", "lstm", 3
REAL_TEXT = ("tanh", "lstm", "gru")  # trained once each on real text
RATES = {"tanh": 1e-3, "clockwork": 1e-3}  # nothing bounds their steps: they are trained more slowly
EQUAL = 0.02  # largest difference of two cells' numbers of weights
WIDEST = 4096  # units
DIVERGED = 3  # train.py's exit status
EXACT, AGREEMENT = "exact match", "every agreeing word right"


@dataclass(frozen=True)
class Size:
    """What is trained and how much is measured."""

    name: str
    cells: tuple[str, ...]
    options: dict[str, Any]  # of train.py, beyond the recipe
    stimuli: Stimuli
    gradients: gradients.Size
    steps: int  # of training, if no other number is asked for


FULL = Size(
    "full", tuple(CELLS), {"layers": 2, "evaluate_every": 1000, "precision": "bf16"},
    Stimuli("compare", frames=300, draws=20, recipients=80, events=200, cuts=0), gradients.Size(40, 2), 3000,
)  # fmt: skip
QUICK = Size(
    "quick", (REFERENCE, "tanh"), {"layers": 2, "units": 16, "embedding": 16, "limit": 100, "warmup": 5},
    Stimuli("compare", frames=60, draws=2, recipients=20, events=60, cuts=0), gradients.Size(12, 1), 20,
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One training: the folder's name and what train.py is given."""

    name: str
    cell: str
    options: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """All that a run folder says of how it was trained."""
        recipe = RECIPES[RECIPE]
        kinds = ((ModelSettings, recipe.model), (TrainingSettings, recipe.training))
        each = (settings(kind, own, self.options) for kind, own in kinds)
        made = {name: value for one in each for name, value in asdict(one).items()}  # type: ignore[call-overload]
        loading = {name: self.options.get(name, recipe.loading.get(name)) for name in ("limit", "max_words")}
        return {**made, **loading, "corpus": [self.options["corpus"]]}


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def weights(shape: ModelSettings, vocabulary: int) -> int:
    """How many numbers a network has that training changes; no memory is taken for it."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in Model(shape, vocabulary).parameters())


def equal_units(cell: str, options: Mapping[str, Any]) -> int:
    """The units that give a cell as many weights as the LSTM has with those of the recipe and the options, nearest.

    UserError: no even number of units comes within EQUAL.
    """
    recipe = RECIPES[RECIPE]
    vocabulary = settings(TrainingSettings, recipe.training, options).vocabulary
    shape = settings(ModelSettings, recipe.model, options, {"cell": REFERENCE})
    wanted = weights(shape, vocabulary)
    least, most = 1, WIDEST // 2  # halves of the units, which a bidirectional encoder shares out
    count = lambda half: weights(replace(shape, cell=cell, units=2 * half), vocabulary)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if count(middle) <= wanted else (least, middle)
    half = min((least, most), key=lambda each: abs(count(each) - wanted))
    if abs(count(half) / wanted - 1) > EQUAL:
        raise UserError(
            f"no {cell} network comes within {EQUAL:.0%} of the {wanted:,} weights of the LSTM with {shape.units} units: "
            "give it more units"
        )
    return 2 * half


def plan(size: Size, seeds: int, steps: int | None, words: int | None, real_text: str | None) -> list[Job]:
    """Every training in its order: the first seed of all cells first, so that there is something to compare early on."""
    options = {**size.options, "max_steps": steps or size.steps}
    units = {cell: equal_units(cell, options) for cell in size.cells}

    def job(cell: str, seed: int, name: str, corpus: str, longest: int | None) -> Job:
        own = {**options, "corpus": corpus, "cell": cell, "units": units[cell], "seed": seed}
        own |= {"learning_rate": RATES[cell]} if cell in RATES else {}
        own |= {"max_words": longest} if longest else {}
        return Job(f"{name}{cell}-{seed}", cell, own)

    jobs = [job(cell, seed, "", CORPUS, words) for seed in range(1, seeds + 1) for cell in size.cells]
    if real_text:
        jobs += [job(cell, 1, "real-text-", real_text, 100) for cell in REAL_TEXT if cell in size.cells]
    return jobs


def check(job: Job, folder: Path) -> None:
    """Raise UserError where the folder holds a run of other settings."""
    if not (folder / LAST).is_file():
        return
    run = Run.load(folder)
    own = {**asdict(run.model), **run.training, **run.loading, "corpus": run.corpora}
    for name, wanted in job.settings.items():
        if own.get(name) != wanted:
            had, asked = (" ".join(each) if isinstance(each, list) else each for each in (own.get(name), wanted))
            raise UserError(
                f"{folder} was trained with --{name.replace('_', '-')} {had}, this study asks for {asked}: ask for the same, "
                "or choose another --out"
            )


def train(job: Job, folder: Path) -> str | None:
    """Train what is missing, from the last save on, as a process of its own; why there is no run, if it diverged.

    UserError: train.py refused, in its words.
    """
    if (folder / SCORES).is_file():
        return None
    if not TRAIN.is_file():
        raise UserError(f"{TRAIN}: no such file; --study compare trains, so it needs the whole repository")
    line = [sys.executable, str(TRAIN), "--recipe", RECIPE, "--out", str(folder)]
    line += [word for name, value in job.options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    line += ["--resume"] if (folder / LAST).is_file() else []
    print(f"{job.name}: {shlex.join([TRAIN.name, *line[2:]])}", flush=True)
    last = ""
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        try:
            for each in process.stdout or ():
                print(f"  {each}", end="", flush=True)
                last = each.strip() or last
        except BaseException:  # it saves before it ends
            process.terminate()
            process.communicate()
            raise
    why = last.removeprefix(f"{TRAIN.name}: ")
    if process.returncode not in (0, DIVERGED):
        raise UserError(f"training {job.name} ended with status {process.returncode}: {why}")
    return why if process.returncode else None


# ── one run ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Slope:
    """The gradient at the memory of the decoder's last layer, in powers of ten a word."""

    weights: str
    text: str
    slope: Estimate


@dataclass(frozen=True)
class Seat:
    """How well a probe of one site tells the gender of nouns and in templates that it was not fitted on."""

    site: str
    state: str  # memory, hidden
    words: int  # after the noun; of an encoder, once the sentence has been read
    area: Estimate  # AUC
    untrained: float  # the same in a network that was never trained


@dataclass(frozen=True)
class Measured:
    """One run."""

    run: str
    cell: str
    seed: int
    units: int
    parameters: int
    learning_rate: float
    weights: str  # their digest
    tokens_per_second: float  # target pieces in training, on the machine that trained it: wall-clock
    outputs: list[str] = field(repr=False)  # translations of the test sentences
    slopes: list[Slope]
    understood: Estimate | None
    seats: list[Seat]
    flips: list[Flips]  # an eighth of the memory's units, in each direction
    same_gender: Estimate | None  # control: from a donor of the same gender, how often a word changes all the same
    kept: list[Curve]
    not_measured: dict[str, str]  # what, and why not


def slopes(translator: Translator, pairs: Sequence[Pair], size: gradients.Size, seed: int) -> list[Slope]:
    """Of the trained network on sentences and on long random text, of untrained ones on random text."""
    trained = deepcopy(translator.model).double()
    fresh = [trained.untrained(seed + number) for number in range(size.networks)]
    texts = {
        SENTENCES: gradients.sentences(translator.tokenizer, pairs, size.sentences, seed),
        RANDOM: gradients.random_pieces(trained.vocabulary, seed, gradients.LENGTH, gradients.SEQUENCES),
    }
    top = trained.decoder[-1]
    site, asked = f"{top.places[0]}.{top.cell.memory}", ((TRAINED, SENTENCES), (TRAINED, RANDOM), (UNTRAINED, RANDOM))
    return [
        Slope(
            kind,
            text,
            gradients.flow([trained] if kind == TRAINED else fresh, kind, text, texts[text], site, seed).slope,
        )
        for kind, text in asked
    ]


def seats(family: Family, seed: int) -> list[Seat]:
    """Memory and hidden state of each layer of the decoder DECISIVE words after the noun, the memories that the encoder hands
    over; of what has too few nouns, nothing."""
    model, tokenizer = family.translator.model, family.translator.tokenizer
    states = {
        f"{layer.places[0]}.{state}": "memory" if state == layer.cell.memory else "hidden"
        for layer in model.decoder
        for state in (layer.cell.memory, layer.cell.states[0])
    }
    states |= {f"{place}.{model.encoder[-1].cell.memory}": "memory" for place in model.encoder[-1].places}
    both = [
        Reader(each, family.stimuli, family.good, [site for site in states if not site.startswith(family.place)])
        for each in (family.translator, Translator(model.untrained(seed), tokenizer))
    ]
    found = []
    for site, state in states.items():
        tables = [reader.enough(site, DECISIVE) for reader in both]
        areas = []
        for table in (each for each in tables if each):
            margins, rows = fitted(table).margin(table.values), table.held_out
            lemmas = [lemma for lemma, keep in zip(table.lemmas, rows) if keep]
            areas.append(auc_estimate(margins[rows], table.feminine[rows], lemmas, seed))
        if len(areas) == len(both):
            found.append(Seat(site, state, DECISIVE, areas[0], areas[1].value))
    return found


def measure(translator: Translator, job: Job, folder: Path, size: Size, seed: int, progress: Progress) -> Measured:
    """Everything of one run."""
    run, model = translator.run, translator.model
    progress("translating the test sentences", 0.0)
    outputs = translator.translate([pair.source for pair in test_pairs(run)])  # type: ignore[arg-type]  # it has one
    pairs, reasons = probed(translator, CORPUS), dict[str, str]()
    progress("gradients", 0.2)
    found = Measured(
        job.name, job.cell, run.training["seed"], run.model.units,
        sum(parameter.numel() for parameter in model.parameters()), job.settings["learning_rate"],
        checkpoint.digest(model.state_dict())[:16], speed(folder), outputs,
        slopes(translator, pairs, size.gradients, seed), None, [], [], None, [], reasons,
    )  # fmt: skip
    progress("where gender sits", 0.4)
    try:
        family = Family(translator, pairs, "lexical", size.stimuli, seed)
        order = family.order()
        few = eighth(len(order))
        found = replace(found, understood=family.understood, seats=seats(family, seed))
        flips = family.flips(order, [few], family.name, lambda what, share: progress(what, 0.6 + share / 5))
        found = replace(found, flips=flips, same_gender=family.same_gender(order[:few]))
    except UserError as error:
        reasons["where gender sits, and what moves it"] = str(error)
        return found
    progress("how long it is kept", 0.8)
    span = max(pair.factors.distance for pair in pairs if pair.factors)
    try:
        units = {family.place: order[:few]}
        curves = persistence(translator, pairs, units, seed, at_most=size.stimuli.events, span=span, gated=False)
        found = replace(found, kept=curves)
    except UserError as error:
        reasons["how long it is kept"] = str(error)
    return found


def test_pairs(run: Run) -> Sequence[Pair]:
    """The test split as the run's own scores have it."""
    return corpora.load(CORPUS, "test", **run.loading).pairs


def speed(folder: Path) -> float:
    """Target pieces a second: the median over the stretches between evaluations."""
    lines = (folder / HISTORY).read_text(encoding="utf-8").splitlines()
    return statistics.median(json.loads(line)["tokens_per_second"] for line in lines)


def revived(kind: Any, value: Any) -> Any:
    """What `asdict` made of a dataclass, or of a list of them, as it was."""
    if get_origin(kind) is UnionType:  # X | None
        return None if value is None else revived(get_args(kind)[0], value)
    if get_origin(kind) is list:
        return [revived(get_args(kind)[0], each) for each in value]
    if is_dataclass(kind):
        types = get_type_hints(kind)
        return kind(**{each.name: revived(types[each.name], value[each.name]) for each in fields(kind)})  # type: ignore[operator]
    return value


def measured(job: Job, out: Path, size: Size, seed: int) -> Measured:
    """What was measured of a run, from an earlier time where that was of the same weights and asked the same."""
    folder, path = out / "runs" / job.name, out / "measured" / f"{job.name}.json"
    translator = load(folder)
    asked = {
        "weights": checkpoint.digest(translator.model.state_dict()),
        "size": json.loads(json.dumps(asdict(size))),
        "seed": seed,
    }
    if path.is_file():
        content = checkpoint.read_json(path)
        if content.get("asked") == asked:
            return revived(Measured, content["found"])
    with share_done(job.name) as show:
        found = measure(translator, job, folder, size, seed, show)
    write(path, json.dumps({"asked": asked, "found": asdict(found)}, ensure_ascii=False, allow_nan=False) + "\n")
    return found


# ── all runs together ────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Accuracy:
    """One cell on some of the test sentences, all its runs; the interval is over nouns and training seeds."""

    cell: str
    what: str  # EXACT or AGREEMENT
    where: str  # all sentences, or a distance and intervener
    rate: Estimate


@dataclass(frozen=True)
class Compared:
    """The LSTM less another cell, on the same sentences."""

    cell: str
    what: str
    where: str
    gain: Estimate  # LSTM − cell; over nouns and training seeds
    p: float | None  # over nouns; None: too few of them
    corrected: float | None  # by Holm's method, for all comparisons


@dataclass(frozen=True)
class RealText:
    """Scores of the one run of a cell on real text: one training seed."""

    run: str
    cell: str
    units: int
    tokens_per_second: float
    scores: dict[str, float]
    conditions: str


@dataclass(frozen=True)
class Comparison:
    """The study's result."""

    facts: dict[str, Any]
    runs: list[Measured]
    accuracies: list[Accuracy]
    compared: list[Compared]
    real_text: list[RealText]
    not_trained: dict[str, str]


EVERYWHERE = "all"


def conditions(pairs: Sequence[Pair]) -> dict[str, list[int]]:
    """Where an accuracy is asked for: everywhere, and in each cell of distance and intervener."""
    cells: dict[tuple[int, str], list[int]] = {}
    for row, pair in enumerate(pairs):
        if pair.factors:
            cells.setdefault((pair.factors.distance, pair.factors.intervener), []).append(row)
    found = {f"{distance} words, {intervener}": rows for (distance, intervener), rows in sorted(cells.items())}
    return {EVERYWHERE: [row for rows in cells.values() for row in rows], **found}


def outcomes(found: Measured, pairs: Sequence[Pair]) -> dict[str, list[bool]]:
    """Of each test sentence, whether its translation is the reference, and whether every agreeing word is right."""
    both = list(zip(pairs, found.outputs, strict=True))
    return {
        EXACT: [output == pair.target for pair, output in both],
        AGREEMENT: [bool(pair.factors and coherent(pair.factors, output)) for pair, output in both],
    }


def compare(facts: dict[str, Any], runs: Sequence[Measured], pairs: Sequence[Pair], seed: int) -> Comparison:
    """Accuracies of every cell, and its differences to the LSTM, on seeds that both have."""
    places = conditions(pairs)
    asked = [(EXACT, EVERYWHERE), *((AGREEMENT, where) for where in places)]
    right = {(each.cell, each.seed): outcomes(each, pairs) for each in runs}
    seeds = {cell: [n for name, n in right if name == cell] for cell in dict.fromkeys(cell for cell, _ in right)}
    accuracies, gains, p = [], [], []

    def mean(values: Sequence[Sequence[float]], rows: Sequence[int], which: Sequence[int], rate: bool) -> Estimate:
        """values [training seeds][pairs], over these rows."""
        lemmas = [pairs[row].factors.lemma for row in rows] * len(which)
        by_seed = [number for number in which for _ in rows]
        return estimate([own[row] for own in values for row in rows], lemmas, seed, templates=by_seed, rate=rate)

    for what, where in asked:
        rows = places[where]
        for cell, own in seeds.items():
            rates = mean([right[cell, n][what] for n in own], rows, own, True)
            accuracies.append(Accuracy(cell, what, where, rates))
            shared = [n for n in own if n in seeds.get(REFERENCE, [])]
            if cell == REFERENCE or not shared:
                continue
            values = [numpy.subtract(right[REFERENCE, n][what], right[cell, n][what], dtype=int) for n in shared]
            lemmas = [pairs[row].factors.lemma for row in rows]
            changes, _ = by_cluster(numpy.mean(values, axis=0)[rows], lemmas)
            gains.append((cell, what, where, mean(values, rows, shared, False)))  # type: ignore[arg-type]
            p.append(None if too_few_to_flip(len(changes)) else sign_flip(changes, seed))
    known = iter(holm([each for each in p if each is not None]))
    compared = [Compared(*gain, each, None if each is None else next(known)) for gain, each in zip(gains, p)]
    return Comparison(facts, [replace(each, outputs=[]) for each in runs], accuracies, compared, [], {})


def real_text(job: Job, folder: Path) -> RealText:
    """What train.py scored: on the test split, or on dev where the corpus has no other."""
    content = checkpoint.read_json(folder / SCORES)
    where = next((name for name in content if name.endswith(" test")), next(iter(content)))
    scores = {each["name"]: each["value"] for each in content[where]}
    run = Run.load(folder)
    return RealText(
        job.name,
        job.cell,
        run.model.units,
        speed(folder),
        scores,
        f"one training seed; {content[where][0]['conditions']}",
    )


def study(
    out: Path, size: Size, seeds: int, steps: int | None, words: int | None, text: str | None, seed: int
) -> Comparison:
    """Train what is missing in out/runs, one at a time, measure what was not measured, and compare.

    UserError: a folder holds a run of other settings, a training is refused, or none came to an end.
    """
    jobs, runs, real, refused = plan(size, seeds, steps, words, text), [], [], dict[str, str]()
    for job in jobs:
        check(job, out / "runs" / job.name)
    for job in jobs:
        if why := train(job, out / "runs" / job.name):
            refused[job.name] = why
    for job in (each for each in jobs if each.name not in refused):
        if job.options["corpus"] == CORPUS:
            runs.append(measured(job, out, size, seed))
        else:
            real.append(real_text(job, out / "runs" / job.name))
    if not runs:
        raise UserError(f"no training came to an end: {'; '.join(refused.values())}")
    made = Run.load(out / "runs" / runs[0].run)
    pairs = test_pairs(made)
    facts = {
        "corpus": f"{CORPUS}, test, n = {len(pairs)}, sentences of at most {made.loading['max_words']} words",
        "decoding": "beam 5, the length exponent chosen on dev",
        "trained": f"recipe {RECIPE}, {made.model.layers} layers, {made.training['max_steps']} updates",
        "weights": f"within {EQUAL:.0%} of each other, all of them counted",
        "training seeds": seeds,
        "size": size.name,
        "seed": seed,
    }
    return replace(compare(facts, runs, pairs, seed), real_text=real, not_trained=refused)


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────────────
def over_runs(values: Sequence[float | None], form: str) -> str:
    """The mean of some runs, and the least and the most."""
    known = [each for each in values if each is not None]
    if not known:
        return "–"
    return f"{statistics.mean(known):{form}} [{min(known):{form}}, {max(known):{form}}]"


def half_life(found: Measured) -> tuple[float | None, int] | None:
    """Words until the whole memory's distance is half, if it is within so many; None: not measured."""
    for each in found.kept:
        if (each.of, each.partner, each.intervener) == ("all units", "of the other gender", "no noun"):
            return each.half_life, len(each.distance) - 1
    return None


def lives(runs: Sequence[Measured]) -> str:
    made = [each for each in map(half_life, runs) if each]
    beyond = [span for life, span in made if life is None]
    return f"> {beyond[0]} in {len(beyond)} of {len(made)}" if beyond else over_runs([life for life, _ in made], ".1f")


def area(found: Measured, state: str, untrained: bool = False) -> float | None:
    """Of the decoder's last layer."""
    of = [each for each in found.seats if each.state == state and each.site.startswith("decoder")]
    return None if not of else of[-1].untrained if untrained else of[-1].area.value


def flipped(found: Measured) -> float | None:
    """The weaker direction."""
    return min((each.all_words.value for each in found.flips), default=None)


def by_chance(found: Measured) -> float | None:
    """Random units, the stronger direction."""
    return max((each.random_mean for each in found.flips if each.random_mean is not None), default=None)


def slope(found: Measured, kind: str, text: str) -> float:
    return next(each.slope.value for each in found.slopes if (each.weights, each.text) == (kind, text))


def hardest(found: Comparison) -> str:
    """The longest distance, past a noun of the other gender where there is one."""
    where = list(dict.fromkeys(each.where for each in found.accuracies if each.where != EVERYWHERE))
    return next((each for each in reversed(where) if each.endswith("other-gender")), where[-1])


def table(found: Comparison) -> list[list[str]]:
    """A row for each cell, below their names."""
    hard = hardest(found)
    rows = [
        ["cell", "units", "weights", "learning rate", "runs understood", EXACT, "agreement", f"agreement, {hard}",
         "gradient, trained", "gradient, untrained", "half-life", "AUC memory", "AUC hidden", "AUC memory, untrained",
         "flipped", "flipped, random units", "tokens/s"]
    ]  # fmt: skip
    right = {(each.cell, each.what, each.where): each.rate for each in found.accuracies}
    for cell in dict.fromkeys(each.cell for each in found.runs):
        own = [each for each in found.runs if each.cell == cell]
        rows.append(
            [
                cell,
                str(own[0].units),
                f"{own[0].parameters:,}",
                f"{own[0].learning_rate:g}",
                f"{sum(each.understood is not None for each in own)} of {len(own)}",
                *(
                    interval(right[cell, *key])
                    for key in ((EXACT, EVERYWHERE), (AGREEMENT, EVERYWHERE), (AGREEMENT, hard))
                ),
                *(over_runs([slope(each, kind, RANDOM) for each in own], ".3f") for kind in (TRAINED, UNTRAINED)),
                lives(own),
                *(over_runs([area(each, state) for each in own], ".2f") for state in ("memory", "hidden")),
                over_runs([area(each, "memory", untrained=True) for each in own], ".2f"),
                *(over_runs([rate(each) for each in own], ".0%") for rate in (flipped, by_chance)),
                over_runs([each.tokens_per_second for each in own], ",.0f"),
            ]
        )
    return rows


def differences(found: Comparison) -> list[list[str]]:
    """A row for each comparison with the LSTM."""
    rows = [["LSTM less …", "of", "where", "difference", "p", "p, Holm"]]
    for each in found.compared:
        p = [number(value, 4) for value in (each.p, each.corrected)]
        rows.append([each.cell, each.what, each.where, interval(each.gain, percent), *p])
    return rows


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  " + "  ".join(f"{each:<{width}}" for each, width in zip(row, widths)).rstrip() for row in rows]


def notes(found: Comparison) -> list[str]:
    """What was not trained or not measured, and the scores on real text."""
    said = [f"{name}: not trained to the end: {why}" for name, why in found.not_trained.items()]
    said += [f"{run.run}: not measured: {what}: {why}" for run in found.runs for what, why in run.not_measured.items()]
    for each in found.real_text:
        scores = ", ".join(f"{name} {value:.1f}" for name, value in each.scores.items())
        said.append(f"{each.run}: {scores} ({each.conditions})")
    return said


def summary(found: Comparison) -> str:
    """The result for a terminal: a column for each cell."""
    facts = "; ".join(f"{name}: {value}" for name, value in found.facts.items())
    columns = list(map(list, zip(*table(found))))
    return "\n".join([facts, *aligned(columns), *aligned(differences(found)), *(f"  {each}" for each in notes(found))])


def figure(found: Comparison) -> str:
    """Every agreeing word right, over what stands between them and their noun."""
    own = [each for each in found.accuracies if each.what == AGREEMENT and each.where != EVERYWHERE]
    where = list(dict.fromkeys(each.where for each in own))
    rate = {(each.cell, each.where): each.rate for each in own}
    cells = list(dict.fromkeys(each.cell for each in own))
    series = [Series(cell, [rate[cell, each] for each in where], INKS[n % len(INKS)]) for n, cell in enumerate(cells)]
    ticks = [each.replace(" words,", "") for each in where]
    return chart("Agreement by distance and intervener", "words between, and what they are", AGREEMENT, ticks, series)


HOW = """A row is a cell. Accuracies are of the test sentences, with 95 % intervals over nouns and training seeds; all else is the
mean of the runs [the least, the most]. gradient: powers of ten a word, at the memory, over 200 random pieces; 0 is a perfect
memory line. half-life: words until the memories of two sentences that differ in their noun are half as far apart. AUC: a probe
of the decoder's last layer, two words after the noun, on nouns it was not fitted on. flipped: sentences in which every later
agreeing word changes when an eighth of the memory's units come from a sentence of the other gender, the weaker direction.
tokens/s: wall-clock, on the machine that trained. All intervals, and the control of a donor of the same gender, are in
compare.json and csv/. p: signs of lemma means flipped, so over nouns, in these runs."""


def page(found: Comparison, command: str) -> str:
    """One file that asks for nothing else."""

    def drawn(rows: Sequence[Sequence[str]]) -> str:
        line = lambda kind, row: "<tr>" + "".join(f"<{kind}>{escape(each)}</{kind}>" for each in row) + "</tr>"
        return f"<table>{line('th', rows[0])}{''.join(line('td', row) for row in rows[1:])}</table>"

    listed = lambda lines: "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in lines) + "</ul>"
    return "\n".join(
        [
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>Every cell on one task</title>",
            "<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:80rem}table{border-collapse:collapse;"
            "font-size:13px}td,th{border:1px solid #d8d8d2;padding:.3rem .5rem;text-align:left}svg{max-width:60rem}</style>",
            "<h1>Every cell of the textbooks on one task</h1>",
            figure(found),
            drawn(table(found)),
            f"<p><b>How to read this.</b> {escape(HOW)}</p>",
            "<h2>Beside the LSTM</h2>",
            drawn(differences(found)),
            "<h2>The runs</h2>",
            listed([f"{name}: {value}" for name, value in found.facts.items()] + notes(found)),
            f"<pre>{escape(command)}</pre></html>\n",
        ]
    )


def save(found: Comparison, folder: Path, command: str) -> list[Path]:
    """Write compare.json, compare.html and csv/."""
    content = {"command": command, **asdict(found)}
    write_json(folder / "compare.json", content)
    write(folder / "compare.html", page(found, command))
    return [folder / "compare.json", folder / "compare.html", *export({"compare": found}, folder / "csv")]
