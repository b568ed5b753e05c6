"""Gradient flow: how much of what a word's loss says reaches the memory of the words before it.

Backpropagation through time multiplies the gradient by one Jacobian a step. In the scalar recurrence s_t = w s_{t−1} that
is w, so that

    ∂ s_T / ∂ s_t = w^{T − t}

vanishes where w < 1, explodes where w > 1, and stays where w = 1 (Hochreiter 1991; Bengio, Simard & Frasconi 1994): the
theory's line is log10 w a word. Of a network, here is measured

    log10 ‖∂ loss / ∂ s_t‖₂ − log10 ‖∂ loss / ∂ s_{T − 1}‖₂

loss: of the last word's first piece, given all before it. s_t: a state of the decoder's last layer once word t has been
read, and all that follows from it: the later states, and at distance 1, T − t, the prediction itself. (A grid's time edge is
first seen a step later, so its distances begin at 2.) Its slope over distance, by least squares in each sequence, is in
powers of ten a word. Two kinds of text:

    sentences        of the probe split, forced: what the network is for, but few are long
    random pieces    drawn evenly from the vocabulary, a piece being a word, LENGTH of them after a source of SOURCE: as long as
                     one likes, and for an untrained network like any other text; for a trained one text that it never saw

and two kinds of weights, those of the run and fresh ones for the same settings. Intervals are over sequences and, of the
fresh weights, over networks too. All is computed in float64; the norm squares, so what is below 10^−150 is 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from torch.nn.functional import cross_entropy

from corpora.records import Pair
from corpora.writing import write

from ..batching import Example, collate
from ..config import UserError
from ..model import END, Model
from ..progress import Progress
from ..taps import Recorder
from ..tokenizer import Tokenizer
from ..trace import predicted_at, read_at
from ..translator import Translator
from .figures import Series, chart
from .statistics import Estimate, Values, estimate, interval, number
from .tables import export, write_json

SENTENCES, RANDOM = "sentences", "random pieces"
TRAINED, UNTRAINED = "trained", "untrained"
LENGTH, SOURCE = 200, 20  # pieces of a random target and of its source
SEQUENCES, NETWORKS, BATCH = 16, 5, 32  # random sequences, fresh networks, sequences at once
FEWEST = 10  # sequences behind a point
SCALARS = (0.9, 1.0, 1.1)  # w of the theory's lines


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    sentences: int
    networks: int


FULL, QUICK = Size(200, NETWORKS), Size(40, 2)


@dataclass(frozen=True)
class Read:
    """A sequence to measure: its pieces, the positions that have read a word, nearest last word first, and the position
    that predicts the last word."""

    example: Example
    cluster: str  # what makes sequences alike: a sentence's noun
    positions: tuple[int, ...]
    last: int


@dataclass(frozen=True)
class Point:
    """The gradient at one distance, in powers of ten, beside that at the nearest distance where there is any."""

    distance: int  # words
    log10: Estimate


@dataclass(frozen=True)
class Flow:
    """One state's gradient over distance."""

    weights: str  # TRAINED or UNTRAINED
    text: str  # SENTENCES or RANDOM
    site: str
    networks: int
    slope: Estimate  # powers of ten a word
    points: list[Point]


@dataclass(frozen=True)
class Result:
    """What was measured of one run."""

    run: str
    facts: dict[str, Any]
    flows: list[Flow]


def scalar(w: float, distance: int) -> float:
    """log10 of ∂ s_T / ∂ s_t in the recurrence s_t = w s_{t−1}, beside distance 1."""
    return (distance - 1) * math.log10(w)


def sentences(tokenizer: Tokenizer, pairs: Sequence[Pair], most: int, seed: int) -> list[Read]:
    """So many sentences of three words or more, drawn by the seed. UserError: there are fewer than FEWEST."""
    found: list[Read] = []
    for row in numpy.random.default_rng(seed).permutation(len(pairs)):
        pair = pairs[row]
        example = Example(tokenizer.encode(pair.source), tokenizer.encode(pair.target))
        words = [word for word in tokenizer.align(example.target) if word.text[0].isalnum()]
        if len(words) >= 3 and len(found) < most:
            *before, last = words
            cluster = pair.factors.lemma if pair.factors else pair.target
            found.append(Read(example, cluster, tuple(map(read_at, reversed(before))), predicted_at(last)))
    if len(found) < FEWEST:
        raise UserError(f"{len(found)} sentences of three words or more, where {FEWEST} are needed: give more pairs")
    return found


def random_pieces(vocabulary: int, seed: int, length: int, count: int) -> list[Read]:
    """Sequences of `length` pieces, each a word; special pieces are none."""
    draw = numpy.random.default_rng(seed)
    pieces = lambda n: draw.integers(END + 1, vocabulary, (n,)).tolist()
    return [
        Read(Example(pieces(SOURCE), pieces(length + 1)), str(n), tuple(range(length, 0, -1)), length)
        for n in range(count)
    ]


def gradients(model: Model, reads: Sequence[Read], site: str) -> list[Values]:
    """Of each sequence ‖∂ loss / ∂ state‖₂ by distance, from 1 on; the site is one of the decoder's states."""
    found = []
    for start in range(0, len(reads), BATCH):
        part = reads[start : start + BATCH]
        batch = collate([each.example for each in part]).to(model.device)
        with torch.no_grad():
            memory = model.encode(batch.source, batch.source_lengths)
        recorder = Recorder([site])
        features, _ = model.decode(batch.target_in, memory, recorder)  # [B, T, E]
        rows, last = torch.arange(len(part)), torch.tensor([each.last for each in part])
        loss = cross_entropy(model.logits(features[rows, last]), batch.target_out[rows, last], reduction="sum")
        states = [recorder.values[site][t] for t in range(int(last.max()) + 1)]  # T × [B, H]
        slopes = torch.autograd.grad(loss, states, materialize_grads=True)
        norms = torch.stack(slopes).norm(dim=2).cpu().numpy()  # [T, B]
        found += [norms[list(each.positions), row] for row, each in enumerate(part)]
    return found


def flow(networks: Sequence[Model], weights: str, text: str, reads: Sequence[Read], site: str, seed: int) -> Flow:
    """The gradient of one state over distance, in one network or several."""
    logs: list[Values] = []
    for model in networks:
        for each in gradients(model, reads, site):
            with numpy.errstate(divide="ignore"):
                log = numpy.log10(each)
            log[~numpy.isfinite(log)] = numpy.nan  # no way leads there: a grid's time edge at distance 1
            logs.append(log - log[numpy.isfinite(log)][0])
    clusters = [each.cluster for each in reads] * len(networks)
    which = [number for number in range(len(networks)) for _ in reads]

    def mean(values: Values) -> Estimate:
        kept = numpy.flatnonzero(numpy.isfinite(values))
        return estimate(values[kept], [clusters[n] for n in kept], seed, templates=[which[n] for n in kept], rate=False)

    table = numpy.full((len(logs), max(map(len, logs))), numpy.nan)  # [N, distances]
    for row, log in enumerate(logs):
        table[row, : len(log)] = log
    enough = [column for column in range(table.shape[1]) if numpy.isfinite(table[:, column]).sum() >= FEWEST]
    points = [Point(1 + column, mean(table[:, column])) for column in enough]
    return Flow(weights, text, site, len(networks), mean(numpy.array([steepness(log) for log in logs])), points)


def steepness(log: Values) -> float:
    """The slope of one sequence's log gradients over distance, by least squares; nan where fewer than two are left."""
    known = numpy.flatnonzero(numpy.isfinite(log))
    return float(numpy.polyfit(known, log[known], 1)[0]) if len(known) > 1 else math.nan


def material(
    translator: Translator, pairs: Sequence[Pair], size: Size, seed: int
) -> tuple[dict[str, list[Model]], dict[str, list[Read]]]:
    """The networks of either kind of weights, in float64, and the sequences of either kind of text. UserError: too few
    sentences."""
    trained = deepcopy(translator.model).double()
    networks = {TRAINED: [trained], UNTRAINED: [trained.untrained(seed + number) for number in range(size.networks)]}
    texts = {
        SENTENCES: sentences(translator.tokenizer, pairs, size.sentences, seed),
        RANDOM: random_pieces(trained.vocabulary, seed, LENGTH, SEQUENCES),
    }
    return networks, texts


def gradient_flow(
    translator: Translator, run: str, pairs: Sequence[Pair], size: Size, seed: int, progress: Progress
) -> Result:
    """Both kinds of weights on both kinds of text, at the memory and the other states of the decoder's last layer.

    UserError: too few sentences.
    """
    networks, texts = material(translator, pairs, size, seed)
    top, found = translator.model.decoder[-1], []
    plan = [
        (weights, text, f"{top.places[0]}.{state}")
        for weights in (UNTRAINED, TRAINED)
        for text in texts
        for state in dict.fromkeys((top.cell.memory, *top.cell.states))
    ]
    for place, (weights, text, site) in enumerate(plan):
        progress(f"{weights}, {text}", place / len(plan))
        found.append(flow(networks[weights], weights, text, texts[text], site, seed))
    facts = {
        **translator.facts,
        "sentences": f"{len(texts[SENTENCES])} of {pairs[0].corpus}, split probe",
        "random sequences": f"{SEQUENCES} of {LENGTH} pieces",
        "seed": seed,
        "precision": "float64",
    }
    return Result(run, facts, found)


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────────────
# Okabe & Ito's colours, which all can tell apart
INKS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def memory_of(result: Result, weights: str, text: str) -> Flow:
    """The memory's flow, which comes before the other states'."""
    return next(each for each in result.flows if (each.weights, each.text) == (weights, text))


def figure(results: Sequence[Result], weights: str, text: str) -> str:
    """Each run's memory and the theory's lines: log10 of the gradient over distance, beside distance 1; intervals where the
    axis has a number."""
    flows = [memory_of(each, weights, text) for each in results]
    longest = max(point.distance for each in flows for point in each.points)
    distances, often = range(1, longest + 1), 5 if longest < 50 else 50
    marked = {1, *range(often, longest + 1, often)}
    series = []
    for place, (result, each) in enumerate(zip(results, flows)):
        known = {point.distance: point.log10 for point in each.points}
        values = [None if d not in known else known[d] if d in marked else known[d].value for d in distances]
        cell = result.facts["cell"]
        alone = [each.facts["cell"] for each in results].count(cell) == 1
        name = cell if alone else f"{cell}, {Path(result.run).name}"
        series.append(Series(name, values, INKS[place % len(INKS)]))
    theory = {w: [scalar(w, d) for d in distances] for w in SCALARS}
    series += [Series(f"theory, w = {w:g}", values, dash="4 3") for w, values in theory.items()]
    measured = [level for each in flows for point in each.points for level in (point.log10.low, point.log10.high)]
    levels = [*measured, *(level for values in theory.values() for level in values)]
    return chart(
        f"Gradient over distance, {weights}, {text}",
        "distance from the last word, in words",
        f"log₁₀ gradient, {weights}",
        [d if d in marked else "" for d in distances],
        series,
        least=4 * math.floor(min(levels) / 4),  # the axis has four parts
        most=4 * math.ceil(max(levels) / 4),
        percent=False,
    )


def verdict(slope: Estimate) -> str:
    """Vanishing, exploding, or neither, by the slope's interval."""
    if slope.high < 0:
        return f"vanishes, to a tenth in {-1 / slope.value:.1f} words"
    return f"explodes, tenfold in {1 / slope.value:.1f} words" if slope.low > 0 else "neither vanishes nor explodes"


def summary(result: Result) -> str:
    """The result for a terminal."""
    lines = [f"{result.run}, {result.facts['cell']}: log10 of the loss' gradient at the memory, a word further back"]
    for each in result.flows:
        slope = interval(each.slope, lambda value: number(value, 3))
        lines.append(f"  {each.weights}, {each.text}, {each.site}: {slope}: {verdict(each.slope)}")
    return "\n".join(lines)


def save(results: Sequence[Result], folder: Path, command: str) -> list[Path]:
    """Write gradients.json, its tables as CSV, and a figure for each kind of weights and text."""
    content: dict[str, Any] = {"command": command, "theory": {f"{w:g}": math.log10(w) for w in SCALARS}}
    content["results"] = [asdict(each) for each in results]
    write_json(folder / "gradients.json", content)
    written = [folder / "gradients.json", *export({each.run: each for each in results}, folder)]
    for weights in (UNTRAINED, TRAINED):
        for text in (SENTENCES, RANDOM):
            written.append(folder / f"gradients-{weights}-{text.replace(' ', '-')}.svg")
            write(written[-1], figure(results, weights, text) + "\n")
    return written
