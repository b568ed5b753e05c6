"""What is measured of one run."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy

import corpora
from corpora.records import Pair
from corpora.writing import write

from ... import checkpoint
from ...checkpoint import HISTORY, Run
from ...config import UserError
from ...model import Model
from ...progress import Progress, share_done
from ...translator import Translator, load
from .. import gradients
from ..family import Family
from ..gradients import RANDOM, SENTENCES, TRAINED, UNTRAINED
from ..interventions import Experiment, MakeTap, put_in
from ..persistence import Curve, persistence
from ..probes import fitted
from ..reading import DECISIVE, Reader
from ..statistics import Estimate, auc_estimate, estimate
from ..stimuli import GENDERS, other, partners, probed, select
from ..units import eighth
from .training import CORPUS, Job, Size


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


EVERYWHERE = "all"


def conditions(pairs: Sequence[Pair]) -> dict[str, list[int]]:
    """Where an accuracy is asked for: everywhere, and in each cell of distance and intervener."""
    cells: dict[tuple[int, str], list[int]] = {}
    for row, pair in enumerate(pairs):
        if pair.factors:
            cells.setdefault((pair.factors.distance, pair.factors.intervener), []).append(row)
    found = {f"{distance} words, {intervener}": rows for (distance, intervener), rows in sorted(cells.items())}
    return {EVERYWHERE: [row for rows in cells.values() for row in rows], **found}


@dataclass(frozen=True)
class Preferred:
    """Forced choice (Linzen, Dupoux & Goldberg 2016): the sentence forced up to the first word that agrees with its noun, how
    often that word's form is likelier than the other gender's. Chance is one half; what else the run would say is not asked."""

    where: str  # a cell of distance and intervener, EVERYWHERE; there with a donor's memory put in at the noun, one of DONORS
    rate: Estimate


DONORS = "with the memory of another gender", "with the memory of the same gender"
PARTS = (
    "⅛ of the first layer's memory",
    "⅛ of the last layer's memory",
    "⅛ of every layer's memory",
    "the last layer's whole memory",
    "every layer's whole memory",
)
MEASURES = 4  # counted up when anything here is measured otherwise: then it is measured again


@dataclass(frozen=True)
class Moved:
    """What a donor's units do, put in once at the noun: in how many sentences every later agreeing word changes its gender."""

    what: str  # one of PARTS
    direction: str  # "masculine → feminine", …
    all_words: Estimate
    draws: int  # random sets of other units, matched on variance and outgoing weights, on the same sentences
    random_mean: float | None
    random_high: float | None  # their 95th percentile
    p: float | None  # (b + 1) / (B + 1), b: random sets that change as much or more
    same_gender: Estimate  # control: from a donor of the same gender, how often a word changes all the same


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
    preferred: list[Preferred]
    understood: Estimate | None
    seats: list[Seat]
    moved: list[Moved]
    kept: list[Curve]
    not_measured: dict[str, str]  # what, and why not


def slopes(translator: Translator, pairs: Sequence[Pair], size: gradients.Size, seed: int) -> list[Slope]:
    """Of the trained network on sentences and on long random text, of untrained ones on random text."""
    networks, texts = gradients.material(translator, pairs, size, seed)
    site, asked = memories(translator.model)[-1], ((TRAINED, SENTENCES), (TRAINED, RANDOM), (UNTRAINED, RANDOM))
    return [
        Slope(kind, text, gradients.flow(networks[kind], kind, text, texts[text], site, seed).slope)
        for kind, text in asked
    ]


def memories(model: Model) -> list[str]:
    """The memory of each layer of the decoder."""
    return [site for layer in model.decoder for site in layer.memories]


def preferred(translator: Translator, pairs: Sequence[Pair], size: Size, seed: int) -> list[Preferred]:
    """In each cell of distance and intervener, everywhere, and with each of DONORS."""
    stimuli = select(pairs, translator.tokenizer, "lexical", size.stimuli.frames)
    silent = [each for each in stimuli if each.silent]
    experiment = Experiment(translator, silent)

    def right(rows: Sequence[int], tap: MakeTap | None = None) -> list[bool]:
        return (experiment.log_odds(rows, experiment.forced(rows, tap)) < 0).tolist()

    def rate(where: str, right: Sequence[bool], rows: Sequence[int]) -> Preferred:
        return Preferred(where, estimate(right, [silent[row].factors.lemma for row in rows], seed))

    own = right(range(len(silent)))
    places = conditions([each.pair for each in silent])
    found = [rate(where, [own[row] for row in rows], rows) for where, rows in places.items()]
    for where, same in zip(DONORS, (False, True)):
        drawn = partners(silent, range(len(silent)), same_gender=same)
        values = {site: experiment.values(site)[[each.donor for each in drawn]] for site in memories(translator.model)}
        recipients = [each.recipient for each in drawn]
        found.append(rate(where, right(recipients, put_in(values)), recipients))
    return found


def seats(family: Family, seed: int) -> list[Seat]:
    """Memory and hidden state of each layer of the decoder DECISIVE words after the noun, the memories that the encoder hands
    over; of what has too few nouns, nothing."""
    model, tokenizer = family.translator.model, family.translator.tokenizer
    states = {
        f"{layer.places[0]}.{state}": "memory" if state == layer.cell.memory else "hidden"
        for layer in model.decoder
        for state in (layer.cell.memory, layer.cell.states[0])
    }
    states |= dict.fromkeys(model.encoder[-1].memories, "memory")
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


def moves(family: Family, draws: int, seed: int) -> list[Moved]:
    """The units whose means for the two genders are furthest apart, and all, in both directions."""
    sites, found = memories(family.translator.model), list[Moved]()
    order = {site: family.order(site) for site in sites}
    few = {site: units[: eighth(len(units))] for site, units in order.items()}
    first, last = sites[0], sites[-1]
    parts = {first: few[first]}, {last: few[last]}, few, {last: order[last]}, order
    for what, chosen in zip(PARTS, parts):
        random = family.random_sets(chosen, draws, numpy.random.default_rng(seed))
        for gender in GENDERS:
            all_words, _, by_chance = family.exchanged(chosen, random, gender)
            alike = family.same_gender(chosen, gender)
            found.append(Moved(what, f"{gender} → {other(gender)}", all_words, *by_chance, alike))
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
        slopes(translator, pairs, size.gradients, seed), preferred(translator, pairs, size, seed), None, [], [], [], reasons,
    )  # fmt: skip
    progress("where gender sits", 0.4)
    try:
        family = Family(translator, pairs, "lexical", size.stimuli, seed)
        found = replace(found, understood=family.understood, seats=seats(family, seed))
        progress("what moves it", 0.6)
        found = replace(found, moved=moves(family, size.stimuli.draws, seed))
    except UserError as error:
        reasons["where gender sits, and what moves it"] = str(error)
        return found
    progress("how long it is kept", 0.8)
    span = max(pair.factors.distance for pair in pairs if pair.factors)
    try:
        order = family.order()
        units = {family.place: order[: eighth(len(order))]}
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
        "search": asdict(translator.settings),
        "measures": MEASURES,
    }
    if path.is_file():
        content = checkpoint.read_json(path)
        if content.get("asked") == asked:
            return revived(Measured, content["found"])
    with share_done(job.name) as show:
        found = measure(translator, job, folder, size, seed, show)
    write(path, json.dumps({"asked": asked, "found": asdict(found)}, ensure_ascii=False, allow_nan=False) + "\n")
    return found
