"""All runs together: accuracies of every cell, and its differences to the LSTM on the same sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy

import corpora
from corpora.records import Pair

from ... import checkpoint
from ...agreement import coherent
from ...checkpoint import SCORES, Run
from ...config import UserError
from ..statistics import Estimate, by_cluster, estimate, holm, sign_flip, too_few_to_flip
from .measuring import EVERYWHERE, Measured, conditions, measured, speed, test_pairs
from .training import CORPUS, EQUAL, RECIPE, REFERENCE, Job, Size, check, plan, train

EXACT, AGREEMENT = "exact match", "every agreeing word right"


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

    UserError: a folder holds a run of other settings, a training is refused, or none came to an end. CorpusError: there is no
    such real text.
    """
    jobs, runs, real, refused = plan(size, seeds, steps, words, text), [], [], dict[str, str]()
    for job in jobs:
        check(job, out / "runs" / job.name)
    wanted = {job.options["corpus"] for job in jobs if not (out / "runs" / job.name / SCORES).is_file()}
    for spec in wanted - {CORPUS}:
        corpora.load(spec, "train", limit=1)  # what is not there is said before hours of training
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
