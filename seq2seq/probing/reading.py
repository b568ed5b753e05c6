"""Rungs L1 to L3: can the gender be read, where and how easily, how long after the noun, and what else would say it?

Everything is read at the noun or so many words after it, none of which shows its gender: so what is read was kept, not said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy
from numpy.typing import NDArray

from corpora.records import Factors

from ..config import UserError
from ..progress import Progress
from ..trace import from_the_right, heard_at, read_at
from ..translator import Translator
from .generalisation import Cell, Generalisation, by_cell, generalise
from .probes import Code, Probe, Sparse, Table, by_lemma, code, fitted, nouns, probe, sparse
from .statistics import Estimate, Values, auc, auc_estimate, benjamini_hochberg, max_statistic, rank_test
from .stimuli import BATCH, Stimulus, traced

STEPS = range(9)  # words after the noun, none of which shows its gender; 0 is the noun
PROBED = (0, 1, 2, 4, 8)  # steps at which probes of the cell and of the hidden state are fitted
LAST = -1  # the step before the scored agreeing word, if nothing between it and the noun shows the gender
DECISIVE = 2  # the step at which everything else is read: the noun is no longer what was just read
FEWEST = 5  # nouns of a gender behind a number
DISCOVERED = 0.05  # false discovery rate of the list of units


@dataclass(frozen=True)
class StepAUC:
    """AUC of every unit of the cell for feminine, on held-out nouns in held-out templates."""

    step: int
    nouns: int
    areas: list[float]
    p: list[float]  # family-wise, over all units and steps: relabelled nouns, the largest |AUC − ½| anywhere


@dataclass(frozen=True)
class StepProbe:
    """A probe of one site at one step; `step` counts gender-neutral words after the noun, LAST is an encoder's last step."""

    site: str
    step: int
    probe: Probe


@dataclass(frozen=True)
class Transfer:
    """A probe fitted on the nouns whose gender English tells, read on others: on nouns whose gender it does not tell."""

    step: int
    area: Estimate
    p: float  # ranks of lemma means, one-sided (Mann & Whitney 1947)


@dataclass(frozen=True)
class Reading:
    """What can be read of the gender, in one run."""

    site: str
    steps: list[StepAUC]
    relabellings: int  # behind the family-wise p
    listed: list[int]  # units that tell held-out nouns at DECISIVE, by Benjamini and Hochberg
    probes: list[StepProbe]
    sparse: list[Sparse]
    code: Code | None
    # of the units that are set, by distance and intervener, at the step before the scored agreeing word
    cells: list[Cell]
    across_time: Generalisation | None
    transfer: Transfer | None


class Recorded:
    """One site at some places, (stimulus, position) each: values [places, H], where a trace would hold every position."""

    def __init__(self, numbers: dict[tuple[int, int], int]):
        self.numbers, self.values = numbers, numpy.empty((0, 0))

    def keep(self, values: NDArray[numpy.floating], start: int) -> None:
        """The places of some stimuli, `start` and after; values [B, T, H]."""
        if not self.values.size:
            self.values = numpy.empty((len(self.numbers), values.shape[-1]), values.dtype)
        for (row, position), number in self.numbers.items():
            if start <= row < start + len(values):
                self.values[number] = values[row - start, position]

    def at(self, places: Mapping[int, int]) -> NDArray[numpy.floating]:
        return self.values[[self.numbers[place] for place in places.items()]]


class Reader:
    """Traces of the stimuli that a run understands, as tables of one site at one step.

    `beside` are the sites read beside the decoder's states; None: every gate, what attention finds, the encoder's memories.
    """

    def __init__(
        self, translator: Translator, stimuli: Sequence[Stimulus], rows: Sequence[int], beside: Sequence[str] | None
    ):
        self.translator = translator
        self.stimuli = [stimuli[row] for row in rows]
        top, below = translator.model.decoder[-1], translator.model.encoder[-1]
        self.site, self.hidden = top.memories[0], f"{top.places[0]}.{top.cell.states[0]}"
        if beside is None:
            beside = [f"{top.places[0]}.{gate}" for gate in top.cell.gates]
            beside += [each for each in translator.model.vectors() if each.startswith("attention.")]
            beside += below.memories
        self.beside = list(beside)
        encode, align = translator.tokenizer.encode, translator.tokenizer.align
        self.source_pieces = [encode(each.pair.source) for each in self.stimuli]
        self.sources = [align(each) for each in self.source_pieces]
        self.neutral = [each.neutral(align(each.pieces)) for each in self.stimuli]
        self.values = self.traced(translator, [self.site, self.hidden, *self.beside])

    def traced(self, translator: Translator, sites: Sequence[str]) -> dict[str, Recorded]:
        """Each site at the places that its tables read, and nowhere else."""
        found = {}
        for site in sites:
            places = {place for step in (*STEPS, LAST) for place in self.places(site, step).items()}
            found[site] = Recorded({place: number for number, place in enumerate(sorted(places))})
        for start in range(0, len(self.stimuli), BATCH):
            made = traced(translator, [each.pair for each in self.stimuli[start : start + BATCH]], sites)
            for site, recorded in found.items():
                recorded.keep(made.values[site].numpy(), start)
        return found

    def places(self, site: str, step: int) -> dict[int, int]:
        """Which stimuli have this step, and the position that is read: of an encoder, the noun (0) or its last step."""
        if not site.startswith("encoder."):
            if step == LAST:
                whole = (len(each) - 1 == own.factors.distance for each, own in zip(self.neutral, self.stimuli))
                return {row: read_at(each[LAST]) for (row, each), keep in zip(enumerate(self.neutral), whole) if keep}
            return {row: read_at(each[step]) for row, each in enumerate(self.neutral) if step < len(each)}
        if step:
            return {row: 0 if from_the_right(site) else len(p) for row, p in enumerate(self.source_pieces)}
        ends = [each.factors.nouns[0].source.end for each in self.stimuli]
        return {
            row: heard_at(word, site)
            for row, (words, end) in enumerate(zip(self.sources, ends))
            for word in words
            if word.end == end
        }

    def factors(self, site: str, step: int) -> list[Factors]:
        return [self.stimuli[row].factors for row in self.places(site, step)]

    def table(self, site: str, step: int) -> Table:
        """The site at this step, of the stimuli that have it."""
        places, factors = self.places(site, step), self.factors(site, step)
        return Table(
            self.values[site].at(places),
            numpy.array([each.gender == "feminine" for each in factors], dtype=bool),
            [each.lemma for each in factors],
            numpy.array([each.lemma_fold == "held-out" for each in factors], dtype=bool),
            numpy.array([each.template_fold == "held-out" for each in factors], dtype=bool),
            [each.template for each in factors],
        )

    def enough(self, site: str, step: int) -> Table | None:
        """The table, unless fewer than FEWEST nouns of a gender are held out or fitted on."""
        if not self.places(site, step):
            return None
        made = self.table(site, step)
        for part in (made.held_out, made.fit):
            for gender in (made.feminine, ~made.feminine):
                if len(nouns(made, part & gender)) < FEWEST:
                    return None
        return made

    def forms(self, step: int, seed: int) -> dict[str, Values]:
        """What the surface would say at a step of the decoder: the bag of pieces and the mean of the embeddings that have
        been read, and the same site of a model that was never trained."""
        model, places = self.translator.model, self.places(self.site, step)
        bags = numpy.zeros((len(places), 2 * model.vocabulary), dtype=numpy.float32)  # source, then target pieces
        for number, (row, position) in enumerate(places.items()):
            numpy.add.at(bags[number], self.source_pieces[row], 1)
            numpy.add.at(bags[number], model.vocabulary + numpy.array(self.stimuli[row].pieces[:position]), 1)
        source, target = (
            each.weight.detach().cpu().numpy() for each in (model.source_embedding, model.target_embedding)
        )
        V = model.vocabulary
        means = [bags[:, :V] @ source, bags[:, V:] @ target]
        means = [each / part.sum(1, keepdims=True) for each, part in zip(means, (bags[:, :V], bags[:, V:]))]
        untrained = Translator(model.untrained(seed), self.translator.tokenizer)
        fresh = self.traced(untrained, [self.site])[self.site]
        return {
            "a bag of the pieces read": bags[:, bags.any(0)],
            "the embeddings of what was read": numpy.concatenate(means, axis=1),
            "an untrained model": fresh.at(places),
        }


def held_out(table: Table) -> tuple[Values, NDArray[numpy.bool_]]:
    """Values averaged per held-out lemma in held-out templates, and which of the lemmas are feminine."""
    return by_lemma(table, table.values, table.held_out)


def areas(tables: Mapping[int, Table], seed: int) -> tuple[list[StepAUC], int]:
    """Every unit at every step, and how many relabellings of the nouns are behind the p."""
    feminine = {lemma: label for each in tables.values() for lemma, label in nouns(each, each.held_out).items()}
    lemmas, values, found = sorted(feminine), [], []
    for step, table in tables.items():
        means, labels = held_out(table)
        whole = numpy.full((len(lemmas), means.shape[1]), numpy.nan)
        whole[[lemmas.index(name) for name in nouns(table, table.held_out)]] = means
        values.append(whole)
        found.append((step, len(labels), [round(float(area), 4) for area in auc(means, labels)]))
    test = max_statistic(values, numpy.array([feminine[lemma] for lemma in lemmas]), seed)
    return [StepAUC(*each, [round(p, 5) for p in row]) for each, row in zip(found, test.p)], test.relabellings


def transfer(own: Table, other: Table, step: int, seed: int) -> Transfer:
    """The probe of one table, read on another's nouns: all of them are new to it."""
    margins = fitted(own).margin(other.values)
    everywhere = numpy.ones(len(margins), dtype=bool)
    means, feminine = by_lemma(other, margins, everywhere)
    return Transfer(
        step,
        auc_estimate(margins, other.feminine, other.lemmas, seed),
        float(rank_test(means[:, None], feminine, "greater")[0]),
    )


def read(
    reader: Reader, open_nouns: Reader | None, units: Sequence[int], seed: int, full: bool, progress: Progress
) -> Reading:
    """Everything that can be read. `units`: those that are asked for in each cell of the design. `full`: at more steps, and
    also the code's length and the matrix over time."""
    site = reader.site
    tables = {step: table for step in STEPS if (table := reader.enough(site, step)) is not None}
    if not tables:
        raise UserError("too few nouns are understood to fit a probe on: train for longer")
    progress("relabelling nouns", 0.05)
    steps, relabellings = areas(tables, seed)
    decisive = max((step for step in tables if step <= DECISIVE), default=0)
    table = tables[decisive]
    means, feminine = held_out(table)
    q = benjamini_hochberg(rank_test(means, feminine).tolist())
    wanted = [(site, step) for step in (PROBED if full else (0, decisive))]
    wanted += [(reader.hidden, step) for step in (PROBED if full else (decisive,))]
    for each in reader.beside:
        wanted += [(each, 0), (each, LAST if each.startswith("encoder.") else decisive)]
    probes = []
    wanted = list(dict.fromkeys(wanted))  # in some cells memory and hidden state are one
    for number, (each, step) in enumerate(wanted):
        progress("probing", 0.1 + 0.6 * number / len(wanted))
        if (own := reader.enough(each, step)) is not None:
            others = reader.forms(step, seed) if (each, step) == (site, decisive) else None
            probes.append(StepProbe(each, step, probe(own, seed, others=others)))
    progress("few units, many cells", 0.75)
    last = reader.table(site, LAST)
    cells = [f"{each.distance} words, {each.intervener}" for each in reader.factors(site, LAST)]
    sizes = [2**n for n in range(int(numpy.log2(table.values.shape[1])) + 1)]
    return Reading(
        site,
        steps,
        relabellings,
        [unit for unit, each in enumerate(q) if each <= DISCOVERED],
        probes,
        sparse(table, sizes if full else sizes[:3], seed),
        code(table, seed) if full else None,
        by_cell(replace(last, values=last.values[:, list(units)]), cells, seed),
        generalise(list(tables.values()), seed) if full else None,
        transfer(table, open_nouns.table(site, decisive), decisive, seed) if open_nouns else None,
    )
